"""The outbox: what a block shows each counterparty, at most 256 entries; the rest waits for the next block."""

from collections.abc import Iterator
from itertools import islice

import msgspec

from hub.block import Batch, batch
from hub.ibc.identifiers import ClientId
from hub.proofs.merkle import MAX_BATCH_ENTRIES
from hub.quantities import Hash
from hub.state.branch import StateReader
from hub.state.collections import Records, Room, text, u64
from hub.state.context import Context


class _Waiting(msgspec.Struct, frozen=True, array_like=True):
    client: ClientId
    path: bytes
    commitment: Hash


_WAITING = Records(Room.OUTBOX, _Waiting)
"""Keys: the client, the height of the block that wrote the entry, its place there."""


def is_waiting(state: StateReader) -> bool:
    """Whether a block must be made to let out what waits."""
    return next(_waiting_clients(state), None) is not None


def take_batches(ctx: Context) -> tuple[Batch, ...]:
    """At a block's end: one batch for each client that has entries, in order; what finds no room waits in the state."""
    written: dict[ClientId, list[tuple[bytes, Hash]]] = {client: [] for client in _waiting_clients(ctx.state)}
    for entry in ctx.outbox:
        written.setdefault(entry.client, []).append((entry.path, entry.commitment))
    ctx.outbox.clear()
    return tuple(batch(client, _take(ctx, client, written[client])) for client in sorted(written))


def _take(ctx: Context, client: ClientId, written: list[tuple[bytes, Hash]]) -> tuple[tuple[bytes, Hash], ...]:
    """The longest waiting first. Whatever waits is older than what was written, so that order is kept."""
    taken = list(islice(_WAITING.scan(ctx.state, text(client)), MAX_BATCH_ENTRIES))
    for key, _ in taken:
        _WAITING.delete(ctx.state, key)
    room = MAX_BATCH_ENTRIES - len(taken)
    for place, (path, commitment) in enumerate(written[room:]):
        _WAITING.put(ctx.state, text(client) + u64(ctx.height) + u64(place), _Waiting(client, path, commitment))
    return (*((record.path, record.commitment) for _, record in taken), *written[:room])


def _waiting_clients(state: StateReader) -> Iterator[ClientId]:
    after: bytes | None = None
    while (found := next(_WAITING.scan(state, after=after), None)) is not None:
        yield found[1].client
        after = text(found[1].client) + b"\xff" * 16

"""Blocks: headers and their roots, what the state keeps of the past, the outbox, and what makes a block due."""

from hashlib import sha256
from typing import Any

import msgspec
import pytest

from hub import messages as m
from hub.accounts import money
from hub.accounts.errors import BlockOutOfOrder, TimeWentBackwards
from hub.app import App
from hub.block import BlockHeader, ResultCode, TransactionResult, event_root, result_root
from hub.clients.base import Claims
from hub.clients.quorum import BatchPath, BatchPaths, Proof, WholeBatch
from hub.errors import HubError
from hub.events import AcknowledgementWritten, ClientFrozen, Event, decode_event, encode_event
from hub.history import block_hash
from hub.ibc.commitment import Path as IbcPath
from hub.ibc.commitment import PathKind, acknowledgement_path, commitment_path
from hub.ibc.identifiers import ClientId
from hub.machine import BlockInProgress
from hub.messages import SignedTransaction
from hub.outbox import is_waiting, take_batches
from hub.proofs.errors import MalformedHeader, UnknownHeaderVersion
from hub.proofs.merkle import EMPTY_RECORD_ROOT, batch_path
from hub.quantities import Address, Amount, Hash, Height, UnixSeconds
from hub.quantities import Sequence as Number
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context
from tests.unit.hub_chain import CONSUMER, RELAYER, HubChain, genesis, tree_of
from tests.unit.hub_world import World, call
from tests.vectors.writing import label

TO = Address(b"\x77" * 20)


@pytest.fixture
def world() -> World:
    return World()


def begin(hub: HubChain, height: int = 1, time: int = 1) -> BlockInProgress[SignedTransaction]:
    return hub.app.begin(hub.state, Height(hub.header.height + height), UnixSeconds(hub.now + time), hub.header.hash())


# --- headers ---


def test_a_header_is_as_the_protocol_lays_it_out() -> None:
    hashes = [Hash(label(str(number))) for number in range(8)]
    header = BlockHeader(1, hashes[0], Height(7), UnixSeconds(9), *hashes[1:])
    encoded = header.encode()
    assert encoded == (b"\x00\x01" + hashes[0] + (7).to_bytes(8, "big") + (9).to_bytes(8, "big") + b"".join(hashes[1:]))
    assert len(encoded) == 274
    assert header.hash() == sha256(encoded).digest()
    assert BlockHeader.decode(encoded) == header
    for broken in (b"", encoded[:1], encoded[:2], encoded[:-1], encoded + b"\0"):
        with pytest.raises(MalformedHeader, match="its encoding has 274 bytes"):
            BlockHeader.decode(broken)
    for version, rest in ((0, encoded[2:]), (2, encoded[2:]), (256, encoded[2:]), (2, b"")):
        with pytest.raises(UnknownHeaderVersion) as unknown:
            BlockHeader.decode(version.to_bytes(2, "big") + rest)
        assert (unknown.value.version, unknown.value.known) == (version, 1)


def test_the_genesis_is_block_0() -> None:
    hub = HubChain()
    header = hub.app.genesis_header(hub.tree.root)
    assert (header.height, header.time, header.parent_hash) == (0, genesis().time, bytes(32))
    assert header.tx_root == header.result_root == header.event_root == EMPTY_RECORD_ROOT
    assert header.validator_set_hash == header.next_validator_set_hash == genesis().validators.hash()
    assert header.genesis_hash == genesis().hash()


def test_a_header_holds_the_roots_of_what_was_done() -> None:
    hub = HubChain()
    signed = [hub.sign(CONSUMER, m.Transfer(TO, Amount(1))), hub.sign(RELAYER, m.Transfer(TO, Amount(1)))]
    outcome = hub.block(*signed)
    leaves = [sha256(b"\0" + one_signed.hash).digest() for one_signed in signed]
    assert hub.header.tx_root == sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    leaf = sha256(encode_event(outcome.results[0].events[0])).digest()
    assert hub.header.event_root == sha256(b"\0" + leaf).digest()
    assert hub.header.result_root == result_root(outcome.results)
    assert hub.header.app_root == tree_of(hub.state).root
    assert [result.code for result in outcome.results] == [ResultCode.OK, ResultCode.REFUSED]


def test_every_part_of_a_result_but_its_events_is_in_the_result_root() -> None:
    result = TransactionResult(Hash(label("x")), ResultCode.REFUSED, 1, "REASON", "text", (("a", "b"),))
    others = [
        msgspec.structs.replace(result, **change)
        for change in (
            {"hash": Hash(label("y"))},
            {"code": ResultCode.OK},
            {"message": 2},
            {"reason": "OTHER"},
            {"text": "other"},
            {"values": ()},
        )
    ]
    assert len({result_root((one_result,)) for one_result in [result, *others]}) == 7
    assert result_root((msgspec.structs.replace(result, events=(ClientFrozen("x"),)),)) == result_root((result,))


def test_events_are_read_as_they_were_written(world: World) -> None:
    sequence, sent = world.forwarded()
    world.settle(sent, world.answer(sent))
    assert len(world.hub.events) > 10
    for event in world.hub.events:
        assert decode_event(encode_event(event)) == event
    assert event_root(tuple(world.hub.events)) != event_root(tuple(reversed(world.hub.events)))
    assert sequence == 1


# --- order and time ---


@pytest.mark.parametrize("height", [0, 2])
def test_blocks_follow_one_another(height: int) -> None:
    with pytest.raises(BlockOutOfOrder):
        begin(HubChain(), height=height)


def test_time_never_runs_backwards_but_may_stand_still() -> None:
    hub = HubChain()
    hub.block(advance=5)
    with pytest.raises(TimeWentBackwards):
        begin(hub, time=-1)
    hub.block(advance=0)


def test_the_state_keeps_every_earlier_blocks_hash() -> None:
    hub = HubChain()
    hashes = [hub.header.hash()]
    for _ in range(3):
        hub.block()
        hashes.append(hub.header.hash())
    assert [block_hash(hub.state, Height(height)) for height in range(3)] == hashes[:3]
    assert block_hash(hub.state, Height(3)) is None
    assert hub.header.parent_hash == hashes[2]


def test_a_fault_of_the_program_leaves_the_block_as_it_was(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    block = begin(world.hub)
    before = dict(block.state.scan(b"\0", b"\xff"))
    with monkeypatch.context() as patched:
        patched.setattr(money, "transfer", broken)
        with pytest.raises(ZeroDivisionError):
            block.apply(world.hub.sign(CONSUMER, m.Transfer(TO, Amount(1))))
    assert dict(block.state.scan(b"\0", b"\xff")) == before
    assert block.apply(world.hub.sign(CONSUMER, m.Transfer(TO, Amount(1)))).code is ResultCode.OK


# --- batches and the outbox ---


def claims_of(world: World, entries: tuple[tuple[bytes, Hash], ...]) -> Claims:
    """The entries of a batch for ``a``, as what a message would claim."""
    client = world.a.client
    kinds = {commitment_path: PathKind.COMMITMENT, acknowledgement_path: PathKind.ACKNOWLEDGEMENT}
    by_path = {
        make(client, Number(number)): IbcPath(kind, client, Number(number))
        for make, kind in kinds.items()
        for number in range(1, 600)
    }
    return Claims(present=tuple((by_path[path], value) for path, value in entries))


def test_a_batch_proves_itself_to_the_counterparty(world: World) -> None:
    for _ in range(3):
        world.a.send(b"not a call")
    world.hub.do(RELAYER, world.a.receive_message(1, 2, 3))
    assert world.hub.outcome is not None
    (batch,) = world.hub.outcome.batches
    assert batch.client == world.a.client
    assert [path for path, _ in batch.entries] == [acknowledgement_path(world.a.client, Number(n)) for n in (1, 2, 3)]
    claims, signed = claims_of(world, batch.entries), world.hub.checkpoint(world.a.client)
    places = tuple(BatchPath(n, tuple(map(Hash, batch_path(batch.entries, n)))) for n in range(3))
    for under in (WholeBatch(batch.entries), BatchPaths(3, places)):
        ctx = world.a.begin()
        world.a.clients.verify(ctx.state, world.a.hub_client, Proof(signed, under), claims, world.a.time)


def test_batches_are_for_each_counterparty_in_order(world: World) -> None:
    world.a.send(b"not a call")
    sequence = world.a.call(call())
    world.hub.do(RELAYER, world.a.receive_message(1, sequence))
    assert world.hub.outcome is not None
    assert [(batch.client, len(batch.entries)) for batch in world.hub.outcome.batches] == [
        (world.a.client, 1),
        (world.b.client, 1),
    ]


def test_a_dropped_branch_posts_nothing(world: World) -> None:
    sequence = world.a.send(b"not a call")
    message = world.a.receive_message(sequence)
    refused = m.Transfer(TO, Amount(1))
    world.hub.block(world.hub.sign(RELAYER, message, refused))
    assert world.hub.outcome is not None
    assert world.hub.outcome.results[0].code is ResultCode.REFUSED
    assert world.hub.outcome.batches == ()


def test_what_finds_no_room_in_a_batch_waits_in_order() -> None:
    state = MemoryState()
    posted = [
        (ClientId(client), b"%s %d" % (client.encode(), number), Hash(label(f"{client} {number}")))
        for number in range(900)
        for client in ("quorum-0", "quorum-1")
    ]
    taken: list[tuple[str, bytes]] = []
    sizes = []
    first, second = posted[0::2], posted[1::2]
    new_at = {1: first[:700] + second[:10], 2: first[700:] + second[10:]}
    for height in range(1, 7):
        ctx = Context(Branch(state), Height(height), UnixSeconds(height))
        for entry in new_at.get(height, []):
            ctx.post(*entry)
        batches = take_batches(ctx)
        sizes.append([(batch.client, len(batch.entries)) for batch in batches])
        taken += [(batch.client, path) for batch in batches for path, _ in batch.entries]
        state.apply(ctx.changes())
        assert is_waiting(state) == (height < 5)
    assert sizes == [
        [("quorum-0", 256), ("quorum-1", 10)],
        [("quorum-0", 256), ("quorum-1", 256)],
        [("quorum-0", 256), ("quorum-1", 256)],
        [("quorum-0", 132), ("quorum-1", 256)],
        [("quorum-1", 122)],
        [],
    ]
    for client in ("quorum-0", "quorum-1"):
        in_order = [path for of, path, _ in posted if of == client]
        assert [path for of, path in taken if of == client] == in_order
    assert not list(state.scan(b"\0", b"\xff"))


def test_a_block_is_due_at_once_while_entries_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.outbox.MAX_BATCH_ENTRIES", 2)
    sequences = [world.a.send(b"not a call") for _ in range(3)]
    world.hub.do(RELAYER, world.a.receive_message(*sequences))
    assert len(_entries(world)) == 2
    assert world.hub.app.next_due(world.hub.state) == 0
    world.hub.block()
    assert [path for path, _ in _entries(world)] == [acknowledgement_path(world.a.client, Number(3))]
    assert world.hub.app.next_due(world.hub.state) is None


def _entries(world: World) -> tuple[tuple[bytes, Hash], ...]:
    assert world.hub.outcome is not None
    (batch,) = world.hub.outcome.batches
    return batch.entries


# --- contexts ---


def test_the_lowest_context_cannot_be_kept() -> None:
    ctx = Context(Branch(MemoryState()), Height(1), UnixSeconds(1))
    with pytest.raises(TypeError):
        ctx.keep()


def test_a_context_that_is_not_kept_leaves_nothing() -> None:
    ctx = Context(Branch(MemoryState()), Height(1), UnixSeconds(1))
    for keep in (False, True):
        inner = ctx.branch()
        inner.state.put(b"k", b"v")
        inner.emit(ClientFrozen("x"))
        inner.post(_client(), b"path", Hash(bytes(32)))
        if keep:
            inner.keep()
        assert (len(ctx.changes()), len(ctx.events), len(ctx.outbox)) == ((1, 1, 1) if keep else (0, 0, 0))


def _client() -> Any:
    return "quorum-0"


def test_two_apps_of_one_genesis_agree(world: World) -> None:
    sequence, sent = world.forwarded()
    world.settle(sent, world.answer(sent))
    app, state = App(genesis()), MemoryState()
    state.apply(app.genesis_changes())
    parent = app.genesis_header(tree_of(state).root)
    events: list[Event] = []
    for header, transactions in world.hub.blocks:
        block = app.begin(state, header.height, header.time, parent.hash())
        for signed in transactions:
            block.apply(signed)
        outcome = block.finish()
        state.apply(outcome.changes)
        parent = app.header(outcome, tree_of(state).root)
        assert parent == header
        events += outcome.events
    assert events == world.hub.events
    assert sequence == 1
    assert any(isinstance(event, AcknowledgementWritten) for event in events)


def test_nothing_but_hub_errors_refuses(world: World) -> None:
    result = world.hub.try_(CONSUMER, m.Transfer(TO, Amount(2**70)))
    assert result.code is ResultCode.REFUSED
    assert issubclass(HubError, Exception)
    assert dict(result.values) == {"amount": str(2**70)}

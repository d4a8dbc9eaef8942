"""What the state keeps of the chain's past: every earlier block's hash, so that any root proves all history."""

import msgspec

from hub.quantities import Hash, Height, UnixSeconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, u64


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The block that made a state. Its own hash is not known there: it covers the state's root."""

    height: Height
    time: UnixSeconds


_HEAD = Records(Room.HEAD, Head)
_BLOCK_HASHES = Records(Room.BLOCK_HASHES, bytes)


def head(state: StateReader) -> Head:
    """Raises LookupError for a state that is not a chain's."""
    found = _HEAD.get(state, b"")
    if found is None:
        raise LookupError("a state without a head is not that of a chain")
    return found


def put_head(state: Branch, height: Height, time: UnixSeconds) -> None:
    _HEAD.put(state, b"", Head(height, time))


def block_hash(state: StateReader, height: Height) -> Hash | None:
    """The hash of an earlier block, None for one that is not in the past."""
    found = _BLOCK_HASHES.get(state, u64(height)) if 0 <= height < 1 << 64 else None
    return None if found is None else Hash(found)


def put_block_hash(state: Branch, height: Height, found: Hash) -> None:
    _BLOCK_HASHES.put(state, u64(height), found)

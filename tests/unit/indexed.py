"""The indexes of a ledger's state, worked out from its records alone (docs/adr/0019)."""

from msgspec import msgpack

from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.state.branch import StateReader
from hub.state.collections import Room


def indexes(state: StateReader) -> dict[bytes, bytes]:
    """What stands beside the tree."""
    return dict(state.scan(bytes((Room.INDEXES,)), bytes((Room.INDEXES + 1,))))


def indexes_by_records(state: StateReader) -> dict[bytes, bytes]:
    """What must stand there: every record's places, each with the record's key."""
    found = {}
    for key, value in state.scan(bytes((LedgerRoom.CONTRACT_DATA,)), bytes((LedgerRoom.CONTRACT_DATA + 1,))):
        contract = 2 + key[1]
        primary = contract + 1 + key[contract]
        for entry in msgpack.decode(value)[2]:
            found[bytes((Room.INDEXES,)) + key[:primary] + entry + key[primary:]] = key[primary:]
    return found

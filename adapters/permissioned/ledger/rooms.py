"""The ledger's own rooms in the state, beside those that it shares with the hub (hub/state/collections.Room)."""

from enum import IntEnum


class LedgerRoom(IntEnum):
    """The first byte of a key, 0x31 to 0x3F. A number is never used for a second thing."""

    ORGANISATIONS = 0x31
    AUTHORITIES = 0x32
    CERTIFICATES = 0x33
    MEMBERS = 0x34
    ISSUED_SERIALS = 0x35
    REVOCATION_LISTS = 0x36
    REVOKED_SERIALS = 0x37
    VALIDATOR_KEYS = 0x38
    PROPOSALS = 0x39
    PROPOSALS_DUE = 0x3A
    CONTRACTS = 0x3B
    CONTRACT_DATA = 0x3C
    CONTRACT_CALLS = 0x3D
    PRIVATE_HASHES = 0x3E
    PRIVATE_PURGES = 0x3F

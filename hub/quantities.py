"""Units as types: what a bare ``int`` means wherever two nodes must agree on it."""

from typing import NewType

Height = NewType("Height", int)
"""A block number of some chain, from 0 (genesis)."""

UnixSeconds = NewType("UnixSeconds", int)
"""Seconds since the Unix epoch, UTC, whole."""

Seconds = NewType("Seconds", int)
"""A duration."""

Sequence = NewType("Sequence", int)
"""A packet's number, from 1, per source client (ICS-4)."""

Amount = NewType("Amount", int)
"""Money at the hub, in its smallest unit; 0 to 2**128 - 1."""

Epoch = NewType("Epoch", int)
"""The number of a validator or attestor set, from 1; each rotation adds one."""

Power = NewType("Power", int)
"""Voting power of one member of a set."""

Gas = NewType("Gas", int)
"""Execution gas of an EVM chain."""

Hash = NewType("Hash", bytes)
"""32 bytes."""

Address = NewType("Address", bytes)
"""20 bytes, Ethereum style."""

MAX_U16 = 2**16 - 1
MAX_U32 = 2**32 - 1
MAX_U64 = 2**64 - 1
MAX_AMOUNT = Amount(2**128 - 1)

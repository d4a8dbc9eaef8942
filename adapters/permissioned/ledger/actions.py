"""What organisations decide by vote. A passed proposal is carried out in the transaction that decided it; there is no
other way to do any of this.
"""

from typing import TypeAlias

import msgspec

from adapters.permissioned.ledger.governance.actions import (
    AddAuthority,
    AddOrganisation,
    MembershipAction,
    RemoveAuthority,
    RemoveOrganisation,
)
from hub import messages as m
from hub.quantities import Address, Hash

__all__ = [
    "Action",
    "ActivateContract",
    "AddAuthority",
    "AddOrganisation",
    "ChangeParameters",
    "ChangePolicy",
    "Connect",
    "ConnectingMessage",
    "MembershipAction",
    "ParameterChange",
    "ProposeValidators",
    "RemoveAuthority",
    "RemoveOrganisation",
    "RetireContract",
    "UpgradeContract",
    "decode_action",
    "encode_action",
]


class ProposeValidators(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The next validators by the addresses of their bound keys, with their powers; they take over once every
    counterparty has been shown the way.
    """

    validators: tuple[tuple[Address, int], ...]


class ActivateContract(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Make an installed contract active, pinned by its package's hash, under an endorsement policy."""

    contract: str
    version: int
    package_hash: Hash
    policy: str


class UpgradeContract(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Put a newer version in an active contract's place; it migrates what is there."""

    contract: str
    version: int
    package_hash: Hash
    policy: str


class ChangePolicy(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Ask for other endorsements of a contract's transactions."""

    contract: str
    policy: str


class RetireContract(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Let nobody invoke a contract any more; its data stays."""

    contract: str


class ParameterChange(msgspec.Struct, frozen=True, array_like=True):
    """``name`` is a field of ``parameters.Parameters``."""

    name: str
    value: int


class ChangeParameters(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Set parameters, all of them at once: the threshold is two, and neither alone can be raised."""

    changes: tuple[ParameterChange, ...]


ConnectingMessage: TypeAlias = (
    m.CreateQuorumClient
    | m.RegisterCounterparty
    | m.RegisterLane
    | m.ScheduleQuorumReplacement
    | m.ApplyClientReplacement
    | m.CancelClientReplacement
    | m.ScheduleDomainChange
    | m.ApplyDomainChange
    | m.CancelDomainChange
    | m.WithdrawValidatorSet
)
"""What an operator does at a hub: whom this chain believes."""


class Connect(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Connect to a hub, or mend the connection."""

    message: ConnectingMessage


Action: TypeAlias = (
    MembershipAction
    | ProposeValidators
    | ActivateContract
    | UpgradeContract
    | ChangePolicy
    | RetireContract
    | ChangeParameters
    | Connect
)
"""All that a proposal may ask for."""

encode_action = msgspec.msgpack.Encoder().encode
"""Canonical: what is voted on is these bytes."""
decode_action = msgspec.msgpack.Decoder(Action).decode

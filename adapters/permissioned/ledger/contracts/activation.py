"""Which contracts are active, pinned by hash, under which endorsement policy: decided by votes alone."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import msgspec

from adapters.permissioned.ledger.contracts.errors import (
    CodeDiffers,
    CodeNotInstalled,
    ContractNotActive,
    PolicyUnsatisfiable,
)
from adapters.permissioned.ledger.contracts.packages import Installed, Package
from adapters.permissioned.ledger.contracts.policy import Policy, is_met, named_organisations, parse_policy
from adapters.permissioned.ledger.identities import ContractName, OrganisationId
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.quantities import Hash, Height
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, text


class Activation(msgspec.Struct, frozen=True, array_like=True):
    """A contract that was voted for. A retired one keeps its data, and may be activated again."""

    name: str
    version: int
    package_hash: Hash
    policy: str
    """The canonical text."""
    height: Height
    """Of the block of the last vote on it."""
    retired: bool


class Pin(msgspec.Struct, frozen=True, array_like=True):
    """What a vote pins: exactly this code, under this endorsement policy."""

    name: ContractName
    version: int
    package_hash: Hash
    policy: str


class ActivationStatus(NamedTuple):
    """An activation, and whether the organisations that there are now could meet its policy."""

    activation: Activation
    can_be_endorsed: bool
    missing: tuple[OrganisationId, ...]
    """Organisations that the policy names and that are not registered any more."""


_ACTIVATIONS = Records(LedgerRoom.CONTRACTS, Activation, remembered=64)


def activation(state: StateReader, name: str) -> Activation | None:
    """What was voted for last, retired or not; None where there was no vote."""
    return _ACTIVATIONS.get(state, text(name)) if len(name.encode("utf-8", "replace")) <= 255 else None


def active(state: StateReader, name: str) -> Activation:
    """Raises ContractNotActive."""
    found = activation(state, name)
    if found is None or found.retired:
        raise ContractNotActive(name)
    return found


def activations(state: StateReader, after: str = "") -> Iterator[Activation]:
    """All of them, by length of name and name, beyond the one named ``after``."""
    return (record for _, record in _ACTIVATIONS.scan(state, after=text(after) if after else None))


def statuses(state: StateReader, organisations: Collection[OrganisationId]) -> Iterator[ActivationStatus]:
    """All activations as they stand with these organisations registered."""
    for record in activations(state):
        policy = parse_policy(record.policy)
        yield ActivationStatus(record, is_met(policy, organisations), _missing(policy, organisations))


def put_activation(state: Branch, record: Activation) -> None:
    """Write what was voted for; the runtime alone does so."""
    _ACTIVATIONS.put(state, text(record.name), record)


def checked_policy(policy: str, organisations: Collection[OrganisationId]) -> str:
    """The canonical text of a policy that these organisations could meet, all of which it names are among them.

    Raises PolicyError.
    """
    parsed = parse_policy(policy)
    if missing := _missing(parsed, organisations):
        raise PolicyUnsatisfiable(str(parsed), ", ".join(missing))
    return str(parsed)


def pinned_package(installed: Installed, name: str, version: int, pinned: Hash) -> Package:
    """The installed package that the ledger pins; raises CodeNotInstalled, CodeDiffers."""
    here = [package for package in installed.values() if package.shape.name == name]
    for package in here:
        if package.hash == pinned:
            return package
    if not here:
        raise CodeNotInstalled(name, version, pinned)
    raise CodeDiffers(name, pinned, installed.get(name, here[0]).hash)


def verify_installed(state: StateReader, installed: Installed) -> None:
    """Whether this node can execute all that is active: to be asked at its start.

    Raises CodeNotInstalled, CodeDiffers.
    """
    for record in activations(state):
        if not record.retired:
            pinned_package(installed, record.name, record.version, record.package_hash)


def _missing(policy: Policy, organisations: Collection[OrganisationId]) -> tuple[OrganisationId, ...]:
    return tuple(each for each in named_organisations(policy) if each not in organisations)

"""All light clients of a chain under one roof: their identifiers and kinds, their counterparties, their replacement.

One line of wiring a kind: ``Kind`` and the ``match`` in each method.
"""

from enum import Enum
from typing import TypeAlias, assert_never

import msgspec

from hub.clients import attested_evm, quorum
from hub.clients.base import Claims, ClientStatus, ProvenPoint
from hub.clients.counterparty import Counterparty, counterparty_of, register_counterparty
from hub.clients.errors import (
    ClientKindMismatch,
    ClientNotFound,
    InvalidClientConfig,
    ReplacementNotRipe,
    ReplacementNotScheduled,
)
from hub.clients.host import Host
from hub.ibc.identifiers import ClientId, client_id
from hub.ibc.packet import MAX_VALUE_BYTES, MAX_VALUE_BYTES_EVM
from hub.quantities import MAX_U64, Seconds, UnixSeconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, text

Config: TypeAlias = attested_evm.Config | quorum.Config
Update: TypeAlias = attested_evm.Update | quorum.Update
Proof: TypeAlias = attested_evm.Proof | quorum.Proof
Evidence: TypeAlias = attested_evm.Evidence | quorum.Evidence


class Kind(Enum):
    """What a client verifies; the first part of its identifier."""

    ATTESTED = attested_evm.KIND
    QUORUM = quorum.KIND


class _Client(msgspec.Struct, frozen=True, array_like=True):
    kind: Kind


class _Counter(msgspec.Struct, frozen=True, array_like=True):
    next_number: int


class _Replacement(msgspec.Struct, frozen=True, array_like=True):
    ripe_at: UnixSeconds
    config: Config


_CLIENTS = Records(Room.CLIENTS, _Client, remembered=64)
_COUNTERS = Records(Room.CLIENT_COUNTERS, _Counter)
_REPLACEMENTS = Records(Room.CLIENT_REPLACEMENTS, _Replacement)


class Clients:
    """Every method raises ClientNotFound for an unknown client, ClientKindMismatch for what is for another kind."""

    def __init__(self, host: Host) -> None:
        self._attested = attested_evm.AttestedEvm(host)
        self._quorum = quorum.Quorum(host)

    def create(self, state: Branch, config: Config, now: UnixSeconds) -> ClientId:
        """Store a new client as ``{kind}-{n}``, n from 0 in each kind; raises InvalidClientConfig."""
        kind = _kind_of(config)
        counter = _COUNTERS.get(state, text(kind.value)) or _Counter(0)
        client = client_id(f"{kind.value}-{counter.next_number}")
        self._begin(state, client, config, now)
        _CLIENTS.put(state, text(client), _Client(kind))
        _COUNTERS.put(state, text(kind.value), _Counter(counter.next_number + 1))
        return client

    def kind(self, state: StateReader, client: ClientId) -> Kind:
        record = _CLIENTS.get(state, text(client))
        if record is None:
            raise ClientNotFound(client)
        return record.kind

    def all(self, state: StateReader) -> list[ClientId]:
        """Every client's identifier, in byte order of their keys."""
        return [ClientId(key[1:].decode()) for key, _ in _CLIENTS.scan(state)]

    def config(self, state: StateReader, client: ClientId) -> Config:
        """The configuration, with the set that is current."""
        match self.kind(state, client):
            case Kind.ATTESTED:
                return self._attested.config(state, client)
            case Kind.QUORUM:
                return self._quorum.config(state, client)

    def status(self, state: StateReader, client: ClientId, now: UnixSeconds) -> ClientStatus:
        match self.kind(state, client):
            case Kind.ATTESTED:
                return self._attested.status(state, client, now)
            case Kind.QUORUM:
                return self._quorum.status(state, client, now)

    def latest(self, state: StateReader, client: ClientId) -> ProvenPoint:
        """The newest point of the counterparty that was proven; height 0 at time 0 before the first."""
        match self.kind(state, client):
            case Kind.ATTESTED:
                return self._attested.latest(state, client)
            case Kind.QUORUM:
                return self._quorum.latest(state, client)

    def finality_time(self, state: StateReader, client: ClientId) -> Seconds:
        """How long the client's chain takes until what happened there can be proven here."""
        match self.kind(state, client):
            case Kind.ATTESTED:
                return self._attested.finality_time(state, client)
            case Kind.QUORUM:
                return self._quorum.finality_time(state, client)

    def max_value_bytes(self, state: StateReader, client: ClientId) -> int:
        """The longest packet value to or from the client's chain."""
        match self.kind(state, client):
            case Kind.ATTESTED:
                return MAX_VALUE_BYTES_EVM
            case Kind.QUORUM:
                return MAX_VALUE_BYTES

    def update(self, state: Branch, client: ClientId, update: Update, now: UnixSeconds) -> ProvenPoint:
        """Believe something newer; see ``base.LightClient.update``: look at the status afterwards."""
        match self.kind(state, client), update:
            case Kind.ATTESTED, attested_evm.SignedHeader() | attested_evm.SetChange():
                return self._attested.update(state, client, update, now)
            case Kind.QUORUM, quorum.Update():
                return self._quorum.update(state, client, update, now)
            case kind, _:
                raise ClientKindMismatch(client, kind.value, _kind_of(update).value)

    def verify(self, state: Branch, client: ClientId, proof: Proof, claims: Claims, now: UnixSeconds) -> ProvenPoint:
        """All claims hold at the proof's height; see ``base.LightClient.verify``."""
        match self.kind(state, client), proof:
            case Kind.ATTESTED, attested_evm.Proof():
                return self._attested.verify(state, client, proof, claims, now)
            case Kind.QUORUM, quorum.Proof():
                return self._quorum.verify(state, client, proof, claims, now)
            case kind, _:
                raise ClientKindMismatch(client, kind.value, _kind_of(proof).value)

    def freeze_on(self, state: Branch, client: ClientId, evidence: Evidence) -> None:
        """Freeze the client on misbehaviour that is shown; raises NoMisbehaviour and what a false proof raises."""
        match self.kind(state, client), evidence:
            case Kind.ATTESTED, attested_evm.Evidence():
                self._attested.freeze_on(state, client, evidence)
            case Kind.QUORUM, quorum.Evidence():
                self._quorum.freeze_on(state, client, evidence)
            case kind, _:
                raise ClientKindMismatch(client, kind.value, _kind_of(evidence).value)

    def register_counterparty(self, state: Branch, client: ClientId, counterparty: Counterparty) -> None:
        """Once a client; raises CounterpartyAlreadyRegistered, InvalidIdentifier."""
        self.kind(state, client)
        register_counterparty(state, client, counterparty)

    def counterparty(self, state: StateReader, client: ClientId) -> Counterparty:
        """Who stands at the other end; raises CounterpartyNotRegistered."""
        return counterparty_of(state, client)

    def schedule_replacement(
        self, state: Branch, client: ClientId, config: Config, now: UnixSeconds, delay: Seconds
    ) -> UnixSeconds:
        """Announce that the client shall begin anew with ``config``; a second announcement takes the first one's place.

        Gives the time from which it may be applied; raises InvalidClientConfig.
        """
        kind, given = self.kind(state, client), _kind_of(config)
        if kind is not given:
            raise ClientKindMismatch(client, kind.value, given.value)
        self._refuse_misfit(state, client, config)
        self._begin(state.branch(), client, config, now)
        ripe_at = UnixSeconds(min(now + delay, MAX_U64))
        _REPLACEMENTS.put(state, text(client), _Replacement(ripe_at, config))
        return ripe_at

    def replacement(self, state: StateReader, client: ClientId) -> UnixSeconds | None:
        """The time from which the scheduled replacement may be applied; None if there is none."""
        scheduled = _REPLACEMENTS.get(state, text(client))
        return None if scheduled is None else scheduled.ripe_at

    def apply_replacement(self, state: Branch, client: ClientId, now: UnixSeconds) -> None:
        """Begin anew under the same identifier; counterparty, packets and sequences stay as they are.

        Raises ReplacementNotScheduled, ReplacementNotRipe; InvalidClientConfig where it does not fit what the client is
        by now: its epoch was used meanwhile.
        """
        scheduled = _REPLACEMENTS.get(state, text(client))
        if scheduled is None:
            raise ReplacementNotScheduled(client)
        if now < scheduled.ripe_at:
            raise ReplacementNotRipe(client, scheduled.ripe_at, now)
        self._refuse_misfit(state, client, scheduled.config)
        self._begin(state, client, scheduled.config, now)
        _REPLACEMENTS.delete(state, text(client))

    def cancel_replacement(self, state: Branch, client: ClientId) -> None:
        """Take back what is scheduled; raises ReplacementNotScheduled."""
        if _REPLACEMENTS.get(state, text(client)) is None:
            raise ReplacementNotScheduled(client)
        _REPLACEMENTS.delete(state, text(client))

    def _refuse_misfit(self, state: StateReader, client: ClientId, config: Config) -> None:
        """Receipts and acknowledgements stay under the identifier. Another chain or router begins at sequence 1: its
        packets would be taken for received, and what stands acknowledged would be shown to it as answers to them.
        """
        before = self.config(state, client)
        match before, config:
            case attested_evm.Config(), attested_evm.Config():
                _refuse_another_router(client, before, config)
                _refuse_spent_epoch(before, config)
            case quorum.Config(), quorum.Config():
                _refuse_another_chain(client, before, config)

    def _begin(self, state: Branch, client: ClientId, config: Config, now: UnixSeconds) -> None:
        match config:
            case attested_evm.Config():
                self._attested.create(state, client, config, now)
            case quorum.Config():
                self._quorum.create(state, client, config, now)
            case _:
                assert_never(config)


def _kind_of(given: Config | Update | Proof | Evidence) -> Kind:
    match given:
        case attested_evm.Config() | attested_evm.Proof() | attested_evm.Evidence():
            return Kind.ATTESTED
        case attested_evm.SignedHeader() | attested_evm.SetChange():
            return Kind.ATTESTED
        case quorum.Config() | quorum.Proof() | quorum.Evidence() | quorum.Update():
            return Kind.QUORUM
        case _:
            assert_never(given)


def _refuse_another_router(client: ClientId, before: attested_evm.Config, after: attested_evm.Config) -> None:
    """No router is upgradeable: other code is another router."""
    pinned = (before.chain_id, before.router, before.router_code_hash)
    if (after.chain_id, after.router, after.router_code_hash) != pinned:
        raise InvalidClientConfig(
            f"{client} follows the router 0x{before.router.hex()} of code hash 0x{before.router_code_hash.hex()} on "
            f"EVM chain {before.chain_id}: another router gets a client of its own"
        )


def _refuse_spent_epoch(before: attested_evm.Config, after: attested_evm.Config) -> None:
    """Attestations name the client and the epoch: in an epoch that was used, all that was ever signed would count
    again, the history that was left behind and hand-overs to sets that are trusted no more.

    A chain of our own numbers its epochs itself; its checkpoints grow too old, and cannot be made to count again.
    """
    if after.attestors.epoch <= before.attestors.epoch:
        raise InvalidClientConfig(
            f"epoch {before.attestors.epoch} was used: begin anew in a later one, that nothing signed before counts"
        )


def _refuse_another_chain(client: ClientId, before: quorum.Config, after: quorum.Config) -> None:
    if (after.chain, after.genesis_hash) != (before.chain, before.genesis_hash):
        raise InvalidClientConfig(
            f"{client} follows {before.chain} of genesis 0x{before.genesis_hash.hex()}: another chain gets a "
            "client of its own"
        )

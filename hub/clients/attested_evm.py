"""The light client of an EVM chain whose headers m of n attestors sign (docs/protocol.md, sections 8 and 9).

It believes headers of its current epoch's set alone, keeps the newest of them so that later proofs can name a height
without signatures, and proves paths in the storage of one router, whose address and code hash are pinned.
"""

import re
from typing import Protocol, TypeAlias

import msgspec

from hub.clients.attestation import AttestationScope, AttestedHeader, set_change_digest
from hub.clients.base import Claims, ClientStatus, ProvenPoint
from hub.clients.errors import (
    BelowThreshold,
    ClientNotFound,
    ConflictingHeader,
    HeaderFromTheFuture,
    HeaderTooOld,
    HeightNotStored,
    InvalidClientConfig,
    NoMisbehaviour,
    NothingClaimed,
    TimeRunsBackwards,
    WrongEpoch,
    WrongNextSet,
)
from hub.clients.host import Host
from hub.clients.router_proof import AcknowledgementWindow, RouterProof, verify_router
from hub.clients.trust import require_active, status_of
from hub.ibc.identifiers import ClientId
from hub.proofs.keccak import keccak256
from hub.proofs.quorum import SignerSet, is_quorum, least_quorum, verify_quorum
from hub.quantities import MAX_U32, MAX_U64, Address, Hash, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, text, u64

__all__ = [
    "AcknowledgementWindow", "AttestedEvm", "Config", "Evidence", "Proof", "SetChange", "SignedHeader",
    "TrustedAttestors", "Update", "verify_header",
]  # fmt: skip

KIND = "attested"
MAX_FINALITY_TIME = Seconds(7 * 24 * 3600)
"""Longer than any chain takes to make a block final: beyond it stands a slip of the pen."""
MAX_POINTS = 256
"""Headers kept for later proofs."""
_PRUNED_AT_ONCE = 2
"""Points given up per new one: enough to shrink, and bounded work for a header."""
_FINALITY_RULE = re.compile(r"depth:(0|[1-9][0-9]{0,4})|safe|finalized")
_NO_CODE = keccak256(b"")


class Config(msgspec.Struct, frozen=True, array_like=True, tag="attested"):
    """What a client begins with. ``threshold`` is m: the attestors that must sign, each with power 1."""

    chain_id: int
    router: Address
    router_code_hash: Hash
    attestors: SignerSet
    threshold: int
    finality_rule: str
    trusting_period: Seconds
    max_clock_drift: Seconds
    finality_time: Seconds
    """How long a block of the chain takes to become final by the rule. The operator's word, measured when the chain is
    added: no attestor signs it, and nothing is believed by it."""


class TrustedAttestors(Protocol):
    """Whom one believes about an EVM chain, and under which rule: what verifying a header needs of a configuration."""

    @property
    def chain_id(self) -> int: ...

    @property
    def attestors(self) -> SignerSet: ...

    @property
    def threshold(self) -> int: ...

    @property
    def finality_rule(self) -> str: ...


class SignedHeader(msgspec.Struct, frozen=True, array_like=True, tag="header"):
    """A header and its quorum signature."""

    header: AttestedHeader
    signature: bytes


class SetChange(msgspec.Struct, frozen=True, array_like=True, tag="set_change"):
    """The next set, and the current set's signature over its hash."""

    next_set: SignerSet
    signature: bytes


Update: TypeAlias = SignedHeader | SetChange


class Proof(msgspec.Struct, frozen=True, array_like=True, tag="attested_evm"):
    """A signed header, or the number of one that is stored; and the router's storage under its state root."""

    basis: SignedHeader | Height
    storage: RouterProof


class Evidence(msgspec.Struct, frozen=True, array_like=True, tag="attested_evm"):
    """Two signed headers that cannot both be true."""

    first: SignedHeader
    second: SignedHeader


class _Record(msgspec.Struct, frozen=True, array_like=True):
    config: Config
    """With the current set, which rotation replaces."""
    created: UnixSeconds
    frozen: bool = False
    latest: ProvenPoint = ProvenPoint(Height(0), UnixSeconds(0))
    points: int = 0


class _Point(msgspec.Struct, frozen=True, array_like=True):
    block_hash: Hash
    state_root: Hash
    time: UnixSeconds


_RECORDS = Records(Room.CLIENT_STATES, _Record, remembered=64)
_POINTS = Records(Room.CONSENSUS_STATES, _Point)
replace = msgspec.structs.replace


class AttestedEvm:
    """``base.LightClient`` for chains whose headers are attested."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def create(self, state: Branch, client: ClientId, config: Config, now: UnixSeconds) -> None:
        """Begin, or begin anew under the same identifier with nothing believed; raises InvalidClientConfig."""
        self._validate(config)
        for key, _ in list(_POINTS.scan(state, text(client))):
            _POINTS.delete(state, key)
        _RECORDS.put(state, text(client), _Record(config, now))

    def config(self, state: StateReader, client: ClientId) -> Config:
        """The configuration, with the current set; raises ClientNotFound."""
        return _record(state, client).config

    def status(self, state: StateReader, client: ClientId, now: UnixSeconds) -> ClientStatus:
        return status_of(_record(state, client), now)

    def latest(self, state: StateReader, client: ClientId) -> ProvenPoint:
        """The newest point; height 0 at time 0 before the first header."""
        return _record(state, client).latest

    def finality_time(self, state: StateReader, client: ClientId) -> Seconds:
        """As it was configured."""
        return _record(state, client).config.finality_time

    def update(self, state: Branch, client: ClientId, update: Update, now: UnixSeconds) -> ProvenPoint:
        """Believe a signed header, or pass to the next set.

        A soundly signed header that contradicts one already believed freezes the client: it proves misbehaviour.
        """
        record = _active(state, client, now)
        if isinstance(update, SetChange):
            record = self._rotated(client, record, update)
            _RECORDS.put(state, text(client), record)
            return record.latest
        try:
            header = self._believed(state, client, record, update, now)
        except (ConflictingHeader, TimeRunsBackwards):
            _RECORDS.put(state, text(client), replace(record, frozen=True))
            return record.latest
        _store(state, client, record, header, now)
        return ProvenPoint(header.number, header.timestamp)

    def verify(self, state: Branch, client: ClientId, proof: Proof, claims: Claims, now: UnixSeconds) -> ProvenPoint:
        record = _active(state, client, now)
        if not claims.present and not claims.absent:
            raise NothingClaimed(client)
        config = record.config
        if isinstance(proof.basis, SignedHeader):
            header = self._believed(state, client, record, proof.basis, now)
            verify_router(header.state_root, config.router, config.router_code_hash, proof.storage, claims)
            _store(state, client, record, header, now)
            return ProvenPoint(header.number, header.timestamp)
        point = _stored_point(state, client, proof.basis)
        _refuse_too_old(client, config, point.time, now)
        verify_router(point.state_root, config.router, config.router_code_hash, proof.storage, claims)
        return ProvenPoint(proof.basis, point.time)

    def freeze_on(self, state: Branch, client: ClientId, evidence: Evidence) -> None:
        record = _record(state, client)
        for signed in (evidence.first, evidence.second):
            verify_header(self._host.genesis_hash, client, record.config, signed)
        lower, higher = sorted((evidence.first.header, evidence.second.header), key=lambda header: header.number)
        if lower == higher:
            raise NoMisbehaviour(client, "both headers are the same")
        if lower.number < higher.number and lower.timestamp <= higher.timestamp:
            raise NoMisbehaviour(client, "the numbers differ and time does not run backwards")
        _RECORDS.put(state, text(client), replace(record, frozen=True))

    def _believed(
        self, state: StateReader, client: ClientId, record: _Record, signed: SignedHeader, now: UnixSeconds
    ) -> AttestedHeader:
        """The header, if it may be believed now beside all that is believed already."""
        header, latest = signed.header, record.latest
        _refuse_too_old(client, record.config, header.timestamp, now)
        if header.timestamp > now + record.config.max_clock_drift:
            raise HeaderFromTheFuture(client, header.timestamp, UnixSeconds(now + record.config.max_clock_drift))
        verify_header(self._host.genesis_hash, client, record.config, signed)
        known = _POINTS.get(state, _point_key(client, header.number))
        if known is not None and known != _point(header):
            raise ConflictingHeader(client, header.number)
        forward = header.number > latest.height
        if header.timestamp < latest.time if forward else header.timestamp > latest.time:
            raise TimeRunsBackwards(client, header.number, header.timestamp, latest.height, latest.time)
        return header

    def _rotated(self, client: ClientId, record: _Record, change: SetChange) -> _Record:
        config, next_set = record.config, change.next_set
        if next_set == config.attestors:
            return record
        if next_set.epoch != config.attestors.epoch + 1:
            raise WrongNextSet(client, f"after epoch {config.attestors.epoch} comes {config.attestors.epoch + 1}")
        if any(member.power != 1 for member in next_set.members):
            raise WrongNextSet(client, "every attestor has power 1")
        if len(next_set.members) < config.threshold:
            raise WrongNextSet(client, f"it has fewer members than the threshold of {config.threshold}")
        digest = set_change_digest(
            _scope(self._host.genesis_hash, client, config), config.attestors.epoch, next_set.hash()
        )
        _verify_threshold(config, digest, change.signature)
        # The hash that was signed holds no threshold, so it can only rise, and only as far as the bound demands.
        threshold = max(config.threshold, least_quorum(len(next_set.members)))
        return replace(record, config=replace(config, attestors=next_set, threshold=threshold))

    def _validate(self, config: Config) -> None:
        members = len(config.attestors.members)
        for sound, rule in (
            (1 <= config.chain_id <= MAX_U64, "the chain ID is a number from 1 to 2**64 - 1"),
            (len(config.router) == 20 and any(config.router), "the router's address is missing"),
            (len(config.router_code_hash) == 32 and any(config.router_code_hash), "the router's code hash is missing"),
            (config.router_code_hash != _NO_CODE, "the router's code hash is that of an account without code"),
            (all(member.power == 1 for member in config.attestors.members), "every attestor has power 1"),
            (config.threshold <= members, "the threshold is more than there are attestors"),
            (is_quorum(config.threshold, members), "the threshold is not more than two thirds of the attestors"),
            (members > 1 or self._host.devnet, "a single attestor is accepted on a devnet only"),
            (_FINALITY_RULE.fullmatch(config.finality_rule), "the finality rule is depth:N, safe or finalized"),
            (config.finality_rule != "depth:0" or self._host.devnet, "depth:0 is accepted on a devnet only"),
            (1 <= config.trusting_period <= MAX_U32, "the trusting period is a number of seconds from 1 to 2**32 - 1"),
            (0 <= config.max_clock_drift < config.trusting_period, "the clock drift is less than the trusting period"),
            (0 <= config.finality_time <= MAX_FINALITY_TIME, "the finality time is 0 seconds to 7 days"),
            (config.finality_time < config.trusting_period, "the finality time is less than the trusting period"),
            (config.finality_time or self._host.devnet, "off a devnet the finality time is at least a second"),
        ):
            if not sound:
                raise InvalidClientConfig(rule)


def verify_header(hub_genesis_hash: Hash, client: ClientId, trusted: TrustedAttestors, signed: SignedHeader) -> None:
    """Enough attestors of the trusted set have signed just this header for just this client of this hub.

    Whether it is timely is another question. Raises WrongEpoch, BelowThreshold, SignatureError.
    """
    if signed.header.epoch != trusted.attestors.epoch:
        raise WrongEpoch(client, trusted.attestors.epoch, signed.header.epoch)
    digest = signed.header.digest(_scope(hub_genesis_hash, client, trusted))
    _verify_threshold(trusted, digest, signed.signature)


def _scope(hub_genesis_hash: Hash, client: ClientId, trusted: TrustedAttestors) -> AttestationScope:
    return AttestationScope(hub_genesis_hash, client, trusted.finality_rule, trusted.chain_id)


def _verify_threshold(config: TrustedAttestors, digest: Hash, signature: bytes) -> None:
    signed = verify_quorum(config.attestors, digest, signature)
    if signed < config.threshold:
        raise BelowThreshold(signed, config.threshold)


def _record(state: StateReader, client: ClientId) -> _Record:
    record = _RECORDS.get(state, text(client))
    if record is None:
        raise ClientNotFound(client)
    return record


def _active(state: StateReader, client: ClientId, now: UnixSeconds) -> _Record:
    record = _record(state, client)
    require_active(client, record, now)
    return record


def _refuse_too_old(client: ClientId, config: Config, time: UnixSeconds, now: UnixSeconds) -> None:
    if time + config.trusting_period <= now:
        raise HeaderTooOld(client, time, UnixSeconds(now - config.trusting_period))


def _point(header: AttestedHeader) -> _Point:
    return _Point(header.block_hash, header.state_root, header.timestamp)


def _point_key(client: ClientId, number: Height) -> bytes:
    return text(client) + u64(number)


def _stored_point(state: StateReader, client: ClientId, number: Height) -> _Point:
    point = _POINTS.get(state, _point_key(client, number)) if 0 <= number <= MAX_U64 else None
    if point is None:
        raise HeightNotStored(client, number)
    return point


def _store(state: Branch, client: ClientId, record: _Record, header: AttestedHeader, now: UnixSeconds) -> None:
    """Keep the header for later proofs and give up some of the lowest; a header that is stored changes nothing."""
    key = _point_key(client, header.number)
    if _POINTS.has(state, key):
        return
    _POINTS.put(state, key, _point(header))
    points = record.points + 1
    doomed: list[bytes] = []
    for old, point in _POINTS.scan(state, text(client)):
        expired = point.time + record.config.trusting_period <= now
        if len(doomed) == _PRUNED_AT_ONCE or not (expired or points - len(doomed) > MAX_POINTS):
            break
        doomed.append(old)
    for old in doomed:
        _POINTS.delete(state, old)
    latest = max(record.latest, ProvenPoint(header.number, header.timestamp), key=lambda point: point.height)
    _RECORDS.put(state, text(client), replace(record, latest=latest, points=points - len(doomed)))

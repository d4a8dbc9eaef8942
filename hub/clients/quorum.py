"""The light client of a chain of our own (docs/protocol.md, sections 3 to 6): the same rules as ``QuorumClient.sol``.

A checkpoint signed by more than two thirds of the current set's power is verified with each proof; only the latest
height and its time are kept. Everything that a checkpoint is for is in its digest, and compared here besides, so that a
refusal says what was wrong rather than that some signature is another's.
"""

from collections.abc import Iterable
from typing import Protocol, assert_never

import msgspec

from hub.clients.base import Claims, ClientStatus, ProvenPoint
from hub.clients.checkpoint import Checkpoint
from hub.clients.counterparty import counterparty_of
from hub.clients.errors import (
    ClientNotFound,
    HeaderFromTheFuture,
    HeaderTooOld,
    InvalidClientConfig,
    MembershipNotProven,
    NoMisbehaviour,
    NonMembershipNotProven,
    NothingClaimed,
    TimeRunsBackwards,
    WrongChain,
    WrongEpoch,
    WrongNextSet,
    WrongProofCount,
)
from hub.clients.host import Host
from hub.clients.trust import require_active, status_of
from hub.ibc.commitment import Path
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import Domain, SaltDomain
from hub.proofs.merkle import EMPTY_BATCH_ROOT, verify_batch, verify_batch_entry
from hub.proofs.quorum import SignerSet, verify_quorum
from hub.proofs.smt import verify_membership, verify_non_membership
from hub.quantities import MAX_U32, Hash, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room, text

KIND = "quorum"


class Config(msgspec.Struct, frozen=True, array_like=True, tag="quorum"):
    """What a client begins with. ``accept_single_operator``: believe a set of one off a devnet too, knowingly."""

    chain: str
    genesis_hash: Hash
    validators: SignerSet
    trusting_period: Seconds
    max_clock_drift: Seconds
    accept_single_operator: bool = False


class TrustedValidators(Protocol):
    """Whom one believes about a chain of our own: what verifying a checkpoint needs of a configuration."""

    @property
    def chain(self) -> str: ...

    @property
    def genesis_hash(self) -> Hash: ...

    @property
    def validators(self) -> SignerSet: ...


class SignedCheckpoint(msgspec.Struct, frozen=True, array_like=True):
    """A checkpoint and its quorum signature."""

    checkpoint: Checkpoint
    signature: bytes


class Update(msgspec.Struct, frozen=True, array_like=True, tag="quorum"):
    """A checkpoint; with ``next_set`` one that names just that set as the next, which is believed from then on."""

    signed: SignedCheckpoint
    next_set: SignerSet | None = None


class WholeBatch(msgspec.Struct, frozen=True, array_like=True, tag="whole_batch"):
    """All entries of the checkpoint's batch, in order: encoded path and commitment."""

    entries: tuple[tuple[bytes, Hash], ...]


class BatchPath(msgspec.Struct, frozen=True, array_like=True):
    """One entry's place in the batch and its siblings from the leaf up."""

    index: int
    siblings: tuple[Hash, ...]


class BatchPaths(msgspec.Struct, frozen=True, array_like=True, tag="batch_paths"):
    """For each claim, in order, its Merkle path in a batch of ``count`` entries."""

    count: int
    paths: tuple[BatchPath, ...]


class StateProofs(msgspec.Struct, frozen=True, array_like=True, tag="state_proofs"):
    """For each claim, in order (what is present, then what is absent), its direct proof under the app_root."""

    proofs: tuple[bytes, ...]


class Proof(msgspec.Struct, frozen=True, array_like=True, tag="quorum"):
    """A signed checkpoint and proofs under one of its roots."""

    signed: SignedCheckpoint
    under: WholeBatch | BatchPaths | StateProofs


class SignedElsewhere(msgspec.Struct, frozen=True, array_like=True):
    """A signed checkpoint and the domain for which it was signed: any counterparty's."""

    signed: SignedCheckpoint
    domain: Domain


class Evidence(msgspec.Struct, frozen=True, array_like=True, tag="quorum"):
    """Two signed checkpoints that cannot both be true, for whichever counterparties they were signed."""

    first: SignedElsewhere
    second: SignedElsewhere


class _Record(msgspec.Struct, frozen=True, array_like=True):
    config: Config
    """With the current set, which rotation replaces."""
    created: UnixSeconds
    frozen: bool = False
    latest: ProvenPoint = ProvenPoint(Height(0), UnixSeconds(0))


_RECORDS = Records(Room.CLIENT_STATES, _Record, remembered=64)
replace = msgspec.structs.replace


class Quorum:
    """``base.LightClient`` for chains of our own."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def create(self, state: Branch, client: ClientId, config: Config, now: UnixSeconds) -> None:
        """Begin, or begin anew under the same identifier with nothing believed; raises InvalidClientConfig."""
        self._validate(config)
        _RECORDS.put(state, text(client), _Record(config, now))

    def config(self, state: StateReader, client: ClientId) -> Config:
        """The configuration, with the current set; raises ClientNotFound."""
        return _record(state, client).config

    def status(self, state: StateReader, client: ClientId, now: UnixSeconds) -> ClientStatus:
        return status_of(_record(state, client), now)

    def latest(self, state: StateReader, client: ClientId) -> ProvenPoint:
        """The newest point; height 0 at time 0 before the first checkpoint."""
        return _record(state, client).latest

    def finality_time(self, state: StateReader, client: ClientId) -> Seconds:
        """None: what a quorum has signed is final."""
        _record(state, client)
        return Seconds(0)

    def update(self, state: Branch, client: ClientId, update: Update, now: UnixSeconds) -> ProvenPoint:
        """Believe a checkpoint, or pass to the next set; raises ClientError, SignatureError."""
        record = _active(state, client, now)
        if update.next_set is not None and update.next_set == record.config.validators:
            return record.latest
        point = self._believed(state, client, record, update.signed, now)
        if update.next_set is not None:
            validators = require_next_set(client, record.config, update.signed.checkpoint, update.next_set)
            self._refuse_single(record.config, validators)
            record = replace(record, config=replace(record.config, validators=validators))
            _RECORDS.put(state, text(client), record)
        _advance(state, client, record, point)
        return point

    def verify(self, state: Branch, client: ClientId, proof: Proof, claims: Claims, now: UnixSeconds) -> ProvenPoint:
        record = _active(state, client, now)
        if not claims.present and not claims.absent:
            raise NothingClaimed(client)
        point = self._believed(state, client, record, proof.signed, now)
        verify_claims(proof.signed.checkpoint, proof.under, claims)
        _advance(state, client, record, point)
        return point

    def freeze_on(self, state: Branch, client: ClientId, evidence: Evidence) -> None:
        record = _record(state, client)
        for elsewhere in (evidence.first, evidence.second):
            _refuse_other_chain(client, record.config, elsewhere.signed.checkpoint)
            verify_signatures(record.config, elsewhere.signed, elsewhere.domain)
        first, second = evidence.first.signed.checkpoint, evidence.second.signed.checkpoint
        lower, higher = sorted((first, second), key=lambda checkpoint: checkpoint.height)
        if lower.height == higher.height:
            if lower.block_hash == higher.block_hash:
                raise NoMisbehaviour(client, "both checkpoints show the same block")
        elif lower.timestamp <= higher.timestamp:
            raise NoMisbehaviour(client, "the heights differ and time does not run backwards")
        _RECORDS.put(state, text(client), replace(record, frozen=True))

    def _believed(
        self, state: StateReader, client: ClientId, record: _Record, signed: SignedCheckpoint, now: UnixSeconds
    ) -> ProvenPoint:
        """The checkpoint's point, if it was made for just this client and may be believed now."""
        checkpoint, config, latest = signed.checkpoint, record.config, record.latest
        refuse_misaddressed(client, counterparty_of(state, client).client, config, checkpoint)
        if checkpoint.timestamp + config.trusting_period <= now:
            raise HeaderTooOld(client, checkpoint.timestamp, UnixSeconds(now - config.trusting_period))
        if checkpoint.timestamp > now + config.max_clock_drift:
            raise HeaderFromTheFuture(client, checkpoint.timestamp, UnixSeconds(now + config.max_clock_drift))
        verify_signatures(config, signed, SaltDomain(self._host.genesis_hash))
        point = ProvenPoint(checkpoint.height, checkpoint.timestamp)
        if not _in_order(latest, point):
            raise TimeRunsBackwards(client, point.height, point.time, latest.height, latest.time)
        return point

    def _validate(self, config: Config) -> None:
        for sound, rule in (
            (1 <= len(config.chain) <= 64, "the chain's ID has 1 to 64 characters"),
            (len(config.genesis_hash) == 32 and any(config.genesis_hash), "the genesis hash is missing"),
            (config.genesis_hash != self._host.genesis_hash, "the genesis hash is that of this very chain"),
            (1 <= config.trusting_period <= MAX_U32, "the trusting period is a number of seconds from 1 to 2**32 - 1"),
            (0 <= config.max_clock_drift < config.trusting_period, "the clock drift is less than the trusting period"),
        ):
            if not sound:
                raise InvalidClientConfig(rule)
        self._refuse_single(config, config.validators)

    def _refuse_single(self, config: Config, validators: SignerSet) -> None:
        if len(validators.members) == 1 and not (self._host.devnet or config.accept_single_operator):
            raise InvalidClientConfig("a single validator is one operator: off a devnet, accept that expressly")


def refuse_misaddressed(
    client: ClientId, source_client: ClientId, trusted: TrustedValidators, checkpoint: Checkpoint
) -> None:
    """The checkpoint is the trusted chain's, of its set's epoch, and made for just this client.

    ``source_client``: that chain's client of the one on which ``client`` stands. Raises WrongChain, WrongEpoch.
    """
    _refuse_other_chain(client, trusted, checkpoint)
    for field, expected, given in (
        ("source client", source_client, checkpoint.source_client),
        ("destination client", client, checkpoint.destination_client),
    ):
        if expected != given:
            raise WrongChain(client, field, expected, given)


def verify_signatures(trusted: TrustedValidators, signed: SignedCheckpoint, domain: Domain) -> None:
    """More than two thirds of the trusted set's power signed it for the counterparty at ``domain``.

    Raises SignatureError.
    """
    verify_quorum(trusted.validators, signed.checkpoint.digest(domain), signed.signature)


def require_next_set(
    client: ClientId, trusted: TrustedValidators, checkpoint: Checkpoint, next_set: SignerSet
) -> SignerSet:
    """The set, if it is the next and the one that the checkpoint names; raises WrongNextSet."""
    if next_set.epoch != trusted.validators.epoch + 1:
        raise WrongNextSet(client, f"after epoch {trusted.validators.epoch} comes {trusted.validators.epoch + 1}")
    if next_set.hash() != checkpoint.next_validator_set_hash:
        raise WrongNextSet(client, "it is not the one whose hash the checkpoint names")
    return next_set


def verify_claims(checkpoint: Checkpoint, under: WholeBatch | BatchPaths | StateProofs, claims: Claims) -> None:
    """All claims hold under one of the checkpoint's roots; raises ClientError, ProofError."""
    match under:
        case WholeBatch(entries):
            _verify_in_whole_batch(checkpoint.batch_root, entries, claims)
        case BatchPaths():
            _verify_in_batch(checkpoint.batch_root, under, claims)
        case StateProofs(proofs):
            _verify_in_state(checkpoint.app_root, proofs, claims)
        case _:
            assert_never(under)


def _refuse_other_chain(client: ClientId, config: TrustedValidators, checkpoint: Checkpoint) -> None:
    if checkpoint.chain != config.chain:
        raise WrongChain(client, "chain", config.chain, checkpoint.chain)
    if checkpoint.genesis_hash != config.genesis_hash:
        raise WrongChain(client, "genesis", "0x" + config.genesis_hash.hex(), "0x" + checkpoint.genesis_hash.hex())
    if checkpoint.epoch != config.validators.epoch:
        raise WrongEpoch(client, config.validators.epoch, checkpoint.epoch)


def _in_order(latest: ProvenPoint, point: ProvenPoint) -> bool:
    """Time may stand still from block to block, and never runs backwards."""
    if point.height == latest.height:
        return point.time == latest.time
    return point.time >= latest.time if point.height > latest.height else point.time <= latest.time


def _advance(state: Branch, client: ClientId, record: _Record, point: ProvenPoint) -> None:
    if point.height > record.latest.height:
        _RECORDS.put(state, text(client), replace(record, latest=point))


def _verify_in_whole_batch(root: Hash, entries: tuple[tuple[bytes, Hash], ...], claims: Claims) -> None:
    _refuse_absent(claims.absent)
    verify_batch(root, entries)
    shown = set(entries)
    for path, value in claims.present:
        if (path.encode(), value) not in shown:
            raise MembershipNotProven(path.encode(), "no entry of the batch is it")


def _verify_in_batch(root: Hash, batch: BatchPaths, claims: Claims) -> None:
    _refuse_absent(claims.absent)
    if root == EMPTY_BATCH_ROOT:
        raise MembershipNotProven(claims.present[0][0].encode(), "the checkpoint's batch is empty")
    _refuse_count(claims, len(batch.paths))
    for (path, value), place in zip(claims.present, batch.paths, strict=True):
        verify_batch_entry(root, path.encode(), value, index=place.index, count=batch.count, siblings=place.siblings)


def _verify_in_state(app_root: Hash, proofs: tuple[bytes, ...], claims: Claims) -> None:
    _refuse_count(claims, len(proofs))
    for (path, value), proof in zip(claims.present, proofs, strict=False):
        verify_membership(app_root, path.encode(), value, proof)
    for path, proof in zip(claims.absent, proofs[len(claims.present) :], strict=True):
        verify_non_membership(app_root, path.encode(), proof)


def _refuse_absent(absent: Iterable[Path]) -> None:
    for path in absent:
        raise NonMembershipNotProven(path.encode(), "a batch shows what is there, only the state shows what is not")


def _refuse_count(claims: Claims, proofs: int) -> None:
    claimed = len(claims.present) + len(claims.absent)
    if proofs != claimed:
        raise WrongProofCount(claimed, proofs)


def _record(state: StateReader, client: ClientId) -> _Record:
    record = _RECORDS.get(state, text(client))
    if record is None:
        raise ClientNotFound(client)
    return record


def _active(state: StateReader, client: ClientId, now: UnixSeconds) -> _Record:
    record = _record(state, client)
    require_active(client, record, now)
    return record

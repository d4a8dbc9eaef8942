"""The client of a chain of our own: what it believes, and every lie that it is told, one at a time."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.clients.base import Claims, ClientStatus, ProvenPoint
from hub.clients.errors import (
    ClientHasExpired,
    ClientIsFrozen,
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
from hub.clients.quorum import BatchPath, BatchPaths, Config, Evidence, Proof, Quorum, SignedCheckpoint, StateProofs
from hub.errors import HubError
from hub.ibc.errors import CounterpartyNotRegistered
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import EvmDomain, SaltDomain
from hub.proofs.errors import (
    BatchIndexOutOfRange,
    BatchMismatch,
    EmptyBatch,
    MalformedBatchPath,
    MalformedCheckpoint,
    NotAMembershipProof,
    NotANonMembershipProof,
    ProofError,
    SignatureError,
    TooFewSignatures,
    TooLittlePower,
    TreeProofError,
    TreeRootMismatch,
    UnknownSigner,
    WrongSigner,
)
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.proofs.quorum import SignerSet, least_quorum
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, MemoryState
from tests.unit.quorum_chain import (
    CLIENT,
    CONFIG,
    ENTRIES,
    EVM_DOMAIN,
    FIVE,
    GENESIS,
    HOST,
    NOW,
    TREE,
    World,
    acknowledgement,
    checkpoint,
    commitment,
    elsewhere,
    encoded,
    in_batch,
    in_state,
    receipt,
    replace,
    sign,
    whole,
)
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label

DEVNET = Host(GENESIS, devnet=True)
ONE = SignerSet.of_equals(1, ADDRESSES[:1])
CLAIMED = Claims(present=(commitment(2), acknowledgement(8)))
SENT = Claims(present=(commitment(2), commitment(4)))
ABSENT = Claims(absent=(receipt(20), receipt(5000)))


def point(height: int, time: int) -> ProvenPoint:
    return ProvenPoint(Height(height), UnixSeconds(time))


@pytest.fixture
def world() -> World:
    return World()


def refused(world: World, error: type[HubError], step: Callable[[], Any]) -> None:
    """The step is refused by name and changes nothing."""
    before = world.written()
    with pytest.raises(error):
        step()
    assert world.written() == before


# --- creation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "config"),
    [
        ("no chain", replace(CONFIG, chain="")),
        ("a chain with an endless name", replace(CONFIG, chain="x" * 65)),
        ("no genesis", replace(CONFIG, genesis_hash=Hash(bytes(32)))),
        ("a genesis cut short", replace(CONFIG, genesis_hash=Hash(b"\x11" * 31))),
        ("our own genesis", replace(CONFIG, genesis_hash=GENESIS)),
        ("a single validator", replace(CONFIG, validators=ONE)),
        ("no trusting period", replace(CONFIG, trusting_period=Seconds(0))),
        ("a negative drift", replace(CONFIG, max_clock_drift=Seconds(-1))),
        ("a drift beyond the trusting period", replace(CONFIG, max_clock_drift=Seconds(86_400))),
    ],
)
def test_a_configuration_that_is_not_safe_is_refused(fault: str, config: Config) -> None:
    state = Branch(MemoryState())
    with pytest.raises(InvalidClientConfig):
        Quorum(HOST).create(state, CLIENT, config, NOW)
    assert not state.changes


def test_a_single_operator_is_accepted_on_a_devnet_or_when_expressly_accepted() -> None:
    assert World(replace(CONFIG, validators=ONE), DEVNET).update(sign(checkpoint(), ONE, 1))
    expressly = replace(CONFIG, validators=ONE, accept_single_operator=True)
    assert World(expressly).update(sign(checkpoint(), ONE, 1))


def test_an_unknown_client_is_refused(world: World) -> None:
    unknown = ClientId("quorum-1")
    for ask in (
        lambda: world.client.status(world.state, unknown, NOW),
        lambda: world.client.latest(world.state, unknown),
        lambda: world.client.finality_time(world.state, unknown),
        lambda: world.client.verify(world.state, unknown, whole(sign(checkpoint())), CLAIMED, NOW),
    ):
        refused(world, ClientNotFound, ask)


# --- checkpoints ------------------------------------------------------------------------------------------------------


def test_a_signed_checkpoint_is_believed(world: World) -> None:
    assert world.client.latest(world.state, CLIENT) == point(0, 0)
    assert world.update(sign(checkpoint())) == point(100, NOW - 10)
    assert world.client.latest(world.state, CLIENT) == point(100, NOW - 10)
    before = world.written()
    assert world.update(sign(checkpoint())) == point(100, NOW - 10)
    assert world.written() == before


def test_an_older_checkpoint_still_proves_and_is_not_the_latest(world: World) -> None:
    world.update(sign(checkpoint()))
    older = sign(checkpoint(height=50, timestamp=NOW - 200))
    assert world.verify(whole(older), CLAIMED) == point(50, NOW - 200)
    assert world.client.latest(world.state, CLIENT) == point(100, NOW - 10)


@pytest.mark.parametrize("members", range(1, 11))
def test_one_signature_too_few_moves_nothing(members: int) -> None:
    signers = SignerSet.of_equals(1, ADDRESSES[:members])
    least = least_quorum(members)
    assert 3 * least > 2 * members >= 3 * (least - 1)
    world = World(replace(CONFIG, validators=signers), DEVNET)
    refused(world, TooLittlePower, lambda: world.update(sign(checkpoint(), signers, least - 1)))
    assert world.update(sign(checkpoint(), signers, least)) == point(100, NOW - 10)


LIES: list[tuple[str, type[HubError], SignedCheckpoint]] = [
    ("of another chain", WrongChain, sign(checkpoint(chain="ledger-2"))),
    ("of another genesis", WrongChain, sign(checkpoint(genesis_hash=Hash(label("other"))))),
    ("from another client", WrongChain, sign(checkpoint(source_client=ClientId("quorum-8")))),
    ("for another client", WrongChain, sign(checkpoint(destination_client=ClientId("quorum-1")))),
    ("of the next epoch", WrongEpoch, sign(checkpoint(epoch=Epoch(2)))),
    ("for another hub", WrongSigner, sign(checkpoint(), domain=SaltDomain(Hash(label("other hub"))))),
    ("for an EVM chain", WrongSigner, sign(checkpoint(), domain=EVM_DOMAIN)),
    ("for another contract", WrongSigner, sign(checkpoint(), domain=EvmDomain(31337, Address(b"\x12" * 20)))),
    ("by a strange set", WrongSigner, sign(checkpoint(), SignerSet.of_equals(1, ADDRESSES[5:10]))),
    ("by a larger set", UnknownSigner, sign(checkpoint(), SignerSet.of_equals(1, ADDRESSES[:6]), 6)),
    ("by nobody", TooLittlePower, SignedCheckpoint(checkpoint(), bytes(8))),
    ("by nothing", TooFewSignatures, SignedCheckpoint(checkpoint(), b"")),
    ("too far ahead", HeaderFromTheFuture, sign(checkpoint(timestamp=NOW + 31))),
    ("outside the trusting period", HeaderTooOld, sign(checkpoint(timestamp=NOW - 86_400))),
    *(
        (f"altered in its {field}", WrongSigner, replace(sign(checkpoint()), checkpoint=checkpoint(**{field: value})))
        for field, value in {
            "height": 101,
            "timestamp": NOW - 11,
            "block_hash": Hash(label("x")),
            "app_root": Hash(label("x")),
            "batch_root": Hash(label("x")),
            "next_validator_set_hash": Hash(label("x")),
        }.items()
    ),
]


@pytest.mark.parametrize(("attack", "error", "signed"), LIES)
def test_a_checkpoint_that_lies_is_refused(
    world: World, attack: str, error: type[HubError], signed: SignedCheckpoint
) -> None:
    refused(world, error, lambda: world.update(signed))
    refused(world, error, lambda: world.verify(whole(signed), CLAIMED))


def test_without_a_counterparty_nothing_is_believed() -> None:
    client, state = Quorum(HOST), Branch(MemoryState())
    client.create(state, CLIENT, CONFIG, NOW)
    with pytest.raises(CounterpartyNotRegistered):
        client.verify(state, CLIENT, whole(sign(checkpoint())), CLAIMED, NOW)


@pytest.mark.parametrize(("height", "time"), [(101, NOW - 11), (99, NOW - 9), (100, NOW - 9), (100, NOW - 11)], ids=str)
def test_time_that_runs_backwards_is_refused(world: World, height: int, time: int) -> None:
    world.update(sign(checkpoint()))
    lie = sign(checkpoint(height=height, timestamp=time))
    refused(world, TimeRunsBackwards, lambda: world.update(lie))
    refused(world, TimeRunsBackwards, lambda: world.verify(whole(lie), CLAIMED))


@pytest.mark.parametrize("time", [NOW + 30, NOW - 86_399], ids=["drift", "trusting period"])
def test_the_edges_of_time_are_believed(world: World, time: int) -> None:
    """One second further, either way, is refused above."""
    assert world.update(sign(checkpoint(timestamp=time))) == point(100, time)


def test_time_may_stand_still_from_block_to_block(world: World) -> None:
    world.update(sign(checkpoint()))
    assert world.update(sign(checkpoint(height=101))) == point(101, NOW - 10)
    assert world.update(sign(checkpoint(height=99))) == point(99, NOW - 10)


@pytest.mark.parametrize("field", ["epoch", "height", "timestamp"])
@pytest.mark.parametrize("number", [0, -1, 2**64])
def test_a_checkpoint_without_its_numbers_is_refused(field: str, number: int) -> None:
    with pytest.raises(MalformedCheckpoint):
        checkpoint(**{field: number})


@pytest.mark.parametrize("field", ["genesis_hash", "block_hash", "app_root", "next_validator_set_hash"])
@pytest.mark.parametrize("value", [b"", bytes(32), b"\x11" * 31, b"\x11" * 33])
def test_a_zero_root_or_hash_is_refused(field: str, value: bytes) -> None:
    with pytest.raises(MalformedCheckpoint):
        checkpoint(**{field: value})


@pytest.mark.parametrize("field", ["chain", "source_client", "destination_client"])
@pytest.mark.parametrize("value", ["", "x" * 65])
def test_a_checkpoint_with_a_name_out_of_size_is_refused(field: str, value: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        checkpoint(**{field: value})


def test_each_byte_of_a_signature_matters(world: World) -> None:
    signed = sign(checkpoint())
    for place in range(len(signed.signature)):
        flipped = bytearray(signed.signature)
        flipped[place] ^= 0x01
        refused(world, SignatureError, lambda data=bytes(flipped): world.update(replace(signed, signature=data)))


# --- what a checkpoint proves -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "proof",
    [whole(sign(checkpoint())), in_batch(sign(checkpoint()), [1, 10])],
    ids=["whole batch", "two entries"],
)
def test_the_batch_proves_its_entries_and_moves_the_client(world: World, proof: Proof) -> None:
    assert world.verify(proof, CLAIMED) == point(100, NOW - 10)
    assert world.client.latest(world.state, CLIENT) == point(100, NOW - 10)


def test_the_state_proves_what_is_there_and_what_is_not(world: World) -> None:
    claims = Claims(present=(commitment(39), acknowledgement(1)), absent=ABSENT.absent)
    paths = [path for path, _ in claims.present] + list(claims.absent)
    assert world.verify(in_state(sign(checkpoint()), paths), claims) == point(100, NOW - 10)


def test_no_claim_at_all_is_refused(world: World) -> None:
    refused(world, NothingClaimed, lambda: world.verify(whole(sign(checkpoint())), Claims()))


def state_proof(*paths: Any) -> Proof:
    return in_state(sign(checkpoint()), paths)


def paths_in_batch(*places: tuple[int, tuple[bytes, ...]], count: int = len(ENTRIES)) -> Proof:
    return Proof(sign(checkpoint()), BatchPaths(count, tuple(BatchPath(i, tuple(map(Hash, s))) for i, s in places)))


FIRST, SECOND = commitment(2)[0], commitment(4)[0]
SIBLINGS = in_batch(sign(checkpoint()), [1]).under.paths[0].siblings  # type: ignore[union-attr]
EMPTY = sign(checkpoint(batch_root=EMPTY_BATCH_ROOT))
ONE_SENT = Claims(present=(commitment(2),))


@pytest.mark.parametrize(
    ("attack", "error", "claims", "proof"),
    [
        ("not in the batch", MembershipNotProven, Claims(present=(commitment(6),)), whole(sign(checkpoint()))),
        ("another value", MembershipNotProven, Claims(present=((FIRST, label("x")),)), whole(sign(checkpoint()))),
        ("an entry left out", BatchMismatch, SENT, whole(sign(checkpoint()), ENTRIES[:-1])),
        ("an entry made up", BatchMismatch, SENT, whole(sign(checkpoint()), (*ENTRIES, *encoded([commitment(9)])))),
        ("entries exchanged", BatchMismatch, SENT, whole(sign(checkpoint()), ENTRIES[::-1])),
        ("no entries", EmptyBatch, SENT, whole(sign(checkpoint()), ())),
        ("an empty batch, its entries made up", BatchMismatch, SENT, whole(EMPTY)),
        ("an empty batch", EmptyBatch, SENT, whole(EMPTY, ())),
        ("a path into an empty batch", MembershipNotProven, ONE_SENT, Proof(EMPTY, BatchPaths(1, (BatchPath(0, ()),)))),
        ("a batch of none", EmptyBatch, ONE_SENT, paths_in_batch((0, ()), count=0)),
        ("an index beyond the batch", BatchIndexOutOfRange, ONE_SENT, paths_in_batch((11, SIBLINGS))),
        ("an index below zero", BatchIndexOutOfRange, ONE_SENT, paths_in_batch((-1, SIBLINGS))),
        ("another index", BatchMismatch, ONE_SENT, paths_in_batch((0, SIBLINGS))),
        ("another count", BatchMismatch, ONE_SENT, paths_in_batch((1, SIBLINGS), count=12)),
        ("a sibling left out", MalformedBatchPath, ONE_SENT, paths_in_batch((1, SIBLINGS[:-1]))),
        ("a sibling too many", MalformedBatchPath, ONE_SENT, paths_in_batch((1, (*SIBLINGS, SIBLINGS[0])))),
        ("a sibling exchanged", BatchMismatch, ONE_SENT, paths_in_batch((1, SIBLINGS[::-1]))),
        ("one path for two", WrongProofCount, SENT, in_batch(sign(checkpoint()), [1])),
        ("two paths for one", WrongProofCount, ONE_SENT, in_batch(sign(checkpoint()), [1, 3])),
        ("paths exchanged", BatchMismatch, SENT, in_batch(sign(checkpoint()), [3, 1])),
        ("a batch shows nothing absent", NonMembershipNotProven, ABSENT, whole(sign(checkpoint()))),
        ("a path shows nothing absent", NonMembershipNotProven, ABSENT, in_batch(sign(checkpoint()), [1, 3])),
        ("no state proof", WrongProofCount, SENT, state_proof()),
        ("one state proof for two", WrongProofCount, SENT, state_proof(FIRST)),
        ("three state proofs for two", WrongProofCount, SENT, state_proof(FIRST, SECOND, SECOND)),
        ("state proofs exchanged", TreeRootMismatch, SENT, state_proof(SECOND, FIRST)),
        ("another value in the state", TreeRootMismatch, Claims(present=((FIRST, label("x")),)), state_proof(FIRST)),
        (
            "an absence shown as presence",
            NotAMembershipProof,
            Claims(present=(commitment(50),)),
            state_proof(receipt(50)),
        ),
        ("a receipt that is there", NotANonMembershipProof, Claims(absent=(receipt(7),)), state_proof(receipt(7))),
        ("another path's absence", TreeProofError, Claims(absent=(receipt(7),)), state_proof(receipt(5000))),
        ("an empty proof", TreeProofError, ABSENT, Proof(sign(checkpoint()), StateProofs((b"", b"")))),
    ],
)
def test_a_proof_that_lies_is_refused(
    world: World, attack: str, error: type[HubError], claims: Claims, proof: Proof
) -> None:
    refused(world, error, lambda: world.verify(proof, claims))


@pytest.mark.parametrize("path", [commitment(7)[0], receipt(20), receipt(5000)], ids=lambda path: path.kind.name)
def test_each_byte_of_a_state_proof_matters(world: World, path: Any) -> None:
    claims = Claims(present=(commitment(7),)) if path == commitment(7)[0] else Claims(absent=(path,))
    proof = TREE.proof(path.encode())
    signed = sign(checkpoint())
    for place in range(len(proof)):
        for mask in (0x01, 0x80):
            flipped = proof[:place] + bytes((proof[place] ^ mask,)) + proof[place + 1 :]
            with pytest.raises(ProofError):
                world.verify(Proof(signed, StateProofs((flipped,))), claims)
    world.verify(Proof(signed, StateProofs((proof,))), claims)


def test_each_byte_of_a_batch_path_matters(world: World) -> None:
    signed = sign(checkpoint())
    for at, sibling in enumerate(SIBLINGS):
        for place in range(32):
            flipped = Hash(sibling[:place] + bytes((sibling[place] ^ 0x01,)) + sibling[place + 1 :])
            altered = BatchPaths(len(ENTRIES), (BatchPath(1, (*SIBLINGS[:at], flipped, *SIBLINGS[at + 1 :])),))
            with pytest.raises(BatchMismatch):
                world.verify(Proof(signed, altered), ONE_SENT)


# --- expiry, misbehaviour, rotation -----------------------------------------------------------------------------------


def test_a_client_that_sees_nothing_new_expires(world: World) -> None:
    world.update(sign(checkpoint()))
    end = NOW - 10 + 86_400
    assert world.client.status(world.state, CLIENT, UnixSeconds(end - 1)) is ClientStatus.ACTIVE
    assert world.client.status(world.state, CLIENT, UnixSeconds(end)) is ClientStatus.EXPIRED
    fresh = sign(checkpoint(height=200, timestamp=end))
    refused(world, ClientHasExpired, lambda: world.update(fresh, now=end))
    refused(world, ClientHasExpired, lambda: world.verify(whole(fresh), CLAIMED, end))


OTHER_BLOCK = checkpoint(block_hash=Hash(label("another block 100")))
TO_ANOTHER_CHAIN = replace(OTHER_BLOCK, source_client=ClientId("attested-3"), destination_client=ClientId("quorum-0"))
BACKWARDS = replace(TO_ANOTHER_CHAIN, height=Height(101), timestamp=UnixSeconds(NOW - 11))


@pytest.mark.parametrize(
    ("shown", "evidence"),
    [
        (
            "two blocks shown to us",
            Evidence(elsewhere(checkpoint(), SaltDomain(GENESIS)), elsewhere(OTHER_BLOCK, SaltDomain(GENESIS))),
        ),
        (
            "two blocks shown to two different chains",
            Evidence(elsewhere(checkpoint(), SaltDomain(GENESIS)), elsewhere(TO_ANOTHER_CHAIN, EVM_DOMAIN)),
        ),
        (
            "two blocks, neither shown to us",
            Evidence(
                elsewhere(checkpoint(), SaltDomain(Hash(label("third")))), elsewhere(TO_ANOTHER_CHAIN, EVM_DOMAIN)
            ),
        ),
        (
            "time that runs backwards, shown to two chains",
            Evidence(elsewhere(BACKWARDS, EVM_DOMAIN), elsewhere(checkpoint(), SaltDomain(GENESIS))),
        ),
    ],
)
def test_equivocation_freezes_for_whomever_it_was_signed(world: World, shown: str, evidence: Evidence) -> None:
    world.client.freeze_on(world.state, CLIENT, evidence)
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.FROZEN
    refused(world, ClientIsFrozen, lambda: world.update(sign(checkpoint(height=101))))
    refused(world, ClientIsFrozen, lambda: world.verify(whole(sign(checkpoint())), CLAIMED))


@pytest.mark.parametrize(
    ("fault", "error", "first", "second"),
    [
        ("the same twice", NoMisbehaviour, elsewhere(checkpoint(), EVM_DOMAIN), elsewhere(checkpoint(), EVM_DOMAIN)),
        (
            "one block shown to two chains",
            NoMisbehaviour,
            elsewhere(checkpoint(), SaltDomain(GENESIS)),
            elsewhere(replace(TO_ANOTHER_CHAIN, block_hash=checkpoint().block_hash), EVM_DOMAIN),
        ),
        (
            "two heights in order",
            NoMisbehaviour,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, height=Height(101)), EVM_DOMAIN),
        ),
        (
            "too few signatures",
            TooLittlePower,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(OTHER_BLOCK, EVM_DOMAIN, count=3),
        ),
        (
            "another domain than was signed",
            WrongSigner,
            elsewhere(checkpoint(), EVM_DOMAIN),
            replace(elsewhere(OTHER_BLOCK, EVM_DOMAIN), domain=SaltDomain(GENESIS)),
        ),
        (
            "another chain's block",
            WrongChain,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, chain="ledger-2"), EVM_DOMAIN),
        ),
        (
            "another genesis",
            WrongChain,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, genesis_hash=Hash(label("other"))), EVM_DOMAIN),
        ),
        (
            "another epoch",
            WrongEpoch,
            elsewhere(checkpoint(), EVM_DOMAIN),
            elsewhere(replace(OTHER_BLOCK, epoch=Epoch(2)), EVM_DOMAIN),
        ),
    ],
)
def test_false_evidence_freezes_nothing(
    world: World, fault: str, error: type[HubError], first: Any, second: Any
) -> None:
    refused(world, error, lambda: world.client.freeze_on(world.state, CLIENT, Evidence(first, second)))
    refused(world, error, lambda: world.client.freeze_on(world.state, CLIENT, Evidence(second, first)))


NEXT = SignerSet.of_equals(2, ADDRESSES[3:9])
THIRD = replace(NEXT, epoch=Epoch(3))
LAST = checkpoint(height=110, next_validator_set_hash=NEXT.hash())


def test_the_old_quorum_hands_over_to_the_set_that_it_names(world: World) -> None:
    world.update(sign(checkpoint()))
    assert world.update(sign(LAST), NEXT) == point(110, NOW - 10)
    newer = checkpoint(epoch=Epoch(2), height=111, next_validator_set_hash=NEXT.hash())
    refused(world, WrongEpoch, lambda: world.update(sign(checkpoint(height=111))))
    refused(world, TooLittlePower, lambda: world.update(sign(newer, NEXT, 4)))
    assert world.verify(whole(sign(newer, NEXT, 5)), CLAIMED) == point(111, NOW - 10)


def test_a_repeated_hand_over_changes_nothing(world: World) -> None:
    world.update(sign(LAST), NEXT)
    before = world.written()
    assert world.update(sign(LAST), NEXT) == point(110, NOW - 10)
    assert world.written() == before


def test_a_client_that_lags_is_led_through_each_epoch(world: World) -> None:
    third = SignerSet.of_equals(3, ADDRESSES[10:14])
    world.update(sign(LAST), NEXT)
    last = checkpoint(epoch=Epoch(2), height=120, next_validator_set_hash=third.hash())
    world.update(sign(last, NEXT, 5), third)
    assert world.client.config(world.state, CLIENT).validators == third


@pytest.mark.parametrize(
    ("attack", "error", "signed", "next_set"),
    [
        ("a set that is not named", WrongNextSet, sign(checkpoint()), NEXT),
        ("another set than is named", WrongNextSet, sign(LAST), SignerSet.of_equals(2, ADDRESSES[4:9])),
        ("another epoch than is named", WrongNextSet, sign(LAST), replace(NEXT, epoch=Epoch(3))),
        ("an epoch left out", WrongNextSet, sign(checkpoint(next_validator_set_hash=THIRD.hash())), THIRD),
        ("one signature too few", TooLittlePower, sign(LAST, count=3), NEXT),
        ("named by the next set itself", WrongSigner, sign(LAST, SignerSet.of_equals(1, ADDRESSES[3:8])), NEXT),
        ("named for another chain", WrongSigner, sign(LAST, domain=EVM_DOMAIN), NEXT),
    ],
)
def test_a_hand_over_that_lies_is_refused(
    world: World, attack: str, error: type[HubError], signed: SignedCheckpoint, next_set: SignerSet
) -> None:
    refused(world, error, lambda: world.update(signed, next_set))


def test_no_rotation_leads_to_a_single_operator_unseen(world: World) -> None:
    single = SignerSet.of_equals(2, ADDRESSES[:1])
    signed = sign(checkpoint(next_validator_set_hash=single.hash()))
    refused(world, InvalidClientConfig, lambda: world.update(signed, single))
    assert World(host=DEVNET).update(signed, single)


def test_begun_anew_under_its_identifier_it_believes_nothing_of_before(world: World) -> None:
    world.update(sign(checkpoint()))
    world.client.freeze_on(
        world.state, CLIENT, Evidence(elsewhere(checkpoint(), EVM_DOMAIN), elsewhere(OTHER_BLOCK, EVM_DOMAIN))
    )
    world.client.create(world.state, CLIENT, replace(CONFIG, validators=NEXT), NOW)
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.ACTIVE
    assert world.client.latest(world.state, CLIENT) == point(0, 0)
    refused(world, WrongEpoch, lambda: world.update(sign(checkpoint())))
    assert FIVE.hash() != NEXT.hash()

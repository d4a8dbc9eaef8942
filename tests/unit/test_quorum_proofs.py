"""What a checkpoint of a chain of our own proves, by its batch and by its state; and every proof that lies."""

from typing import Any

import pytest

from hub.clients.base import Claims
from hub.clients.errors import MembershipNotProven, NonMembershipNotProven, NothingClaimed, WrongProofCount
from hub.clients.quorum import BatchPath, BatchPaths, Proof, StateProofs
from hub.errors import HubError
from hub.proofs.errors import (
    BatchIndexOutOfRange,
    BatchMismatch,
    EmptyBatch,
    MalformedBatchPath,
    NotAMembershipProof,
    NotANonMembershipProof,
    ProofError,
    TreeProofError,
    TreeRootMismatch,
)
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.quantities import Hash
from tests.unit.quorum_chain import (
    CLAIMED,
    CLIENT,
    ENTRIES,
    NOW,
    TREE,
    World,
    acknowledgement,
    checkpoint,
    commitment,
    encoded,
    in_batch,
    in_state,
    point,
    receipt,
    sign,
    whole,
)
from tests.unit.refusals import refused
from tests.vectors.writing import label

SENT = Claims(present=(commitment(2), commitment(4)))
ABSENT = Claims(absent=(receipt(20), receipt(5000)))


@pytest.fixture
def world() -> World:
    return World()


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

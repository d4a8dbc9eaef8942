"""What the attested client accepts of a router's storage, and each way in which a relayer may lie about it."""

from collections.abc import Sequence

import pytest

from hub.clients.attested_evm import Proof
from hub.clients.base import Claims
from hub.clients.errors import (
    InvalidAcknowledgementWindow,
    MembershipNotProven,
    NonMembershipNotProven,
    NothingClaimed,
    RouterNotProven,
)
from hub.clients.router_proof import AcknowledgementWindow, RouterProof
from hub.errors import HubError
from hub.ibc.commitment import RECEIPT, Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import MissingTrieNode, RepeatedTrieNode, TrieError, UnusedTrieNode
from hub.quantities import Address, Hash, Height
from hub.quantities import Sequence as Number
from tests.unit.attested_chain import (
    COMMITTED,
    FIRST_WINDOW,
    SECOND_WINDOW,
    STORAGE,
    Storage,
    World,
    acknowledgement,
    commitment,
    header,
    receipt,
    replace,
    sign,
    slot,
    window,
    words,
)
from tests.vectors.writing import label


def paths(claims: Claims) -> list[Path]:
    return [path for path, _ in claims.present] + list(claims.absent)


def proof_of(claims: Claims, windows: Sequence[AcknowledgementWindow] = (), storage: Storage = STORAGE) -> RouterProof:
    """The honest proof of these claims."""
    return storage.proof([slot(path) for path in paths(claims) if path.kind is not PathKind.ACKNOWLEDGEMENT], windows)


def verify(claims: Claims, proof: RouterProof, storage: Storage = STORAGE) -> None:
    World().verify(Proof(sign(header(state_root=storage.state.root)), proof), claims)


def refused(error: type[HubError], claims: Claims, proof: RouterProof, storage: Storage = STORAGE) -> None:
    """Refused by name; the client believes nothing that it did not believe before."""
    world = World()
    before = world.written()
    with pytest.raises(error):
        world.verify(Proof(sign(header(state_root=storage.state.root)), proof), claims)
    assert world.written() == before


COMMITMENTS = Claims(present=tuple(map(commitment, COMMITTED)))
ABSENT = Claims(absent=tuple(map(receipt, (3, 254, 257, 5000, 2**64 - 1))))
ACKNOWLEDGED = Claims(present=(acknowledgement(1), acknowledgement(256), acknowledgement(299)))
WINDOWS = (FIRST_WINDOW, SECOND_WINDOW)
OTHER_CLIENT = Path(PathKind.COMMITMENT, ClientId("quorum-1"), Number(7))


def test_a_batch_of_commitments() -> None:
    verify(COMMITMENTS, proof_of(COMMITMENTS))


def test_receipts_that_are_absent_in_a_word_that_is_set_and_in_words_that_are_not() -> None:
    verify(ABSENT, proof_of(ABSENT))


def test_receipts_that_are_present() -> None:
    claims = Claims(present=tuple((receipt(sequence), RECEIPT) for sequence in (1, 2, 255, 256)))
    verify(claims, proof_of(claims))


def test_acknowledgements_of_a_full_window_and_of_one_that_has_begun() -> None:
    verify(ACKNOWLEDGED, proof_of(ACKNOWLEDGED, WINDOWS))


def test_all_kinds_of_claims_in_one_message() -> None:
    claims = Claims(present=(*COMMITMENTS.present, *ACKNOWLEDGED.present), absent=ABSENT.absent)
    verify(claims, proof_of(claims, WINDOWS))


def test_a_claim_made_twice_is_proven_once() -> None:
    claims = Claims(present=(commitment(7), commitment(7)))
    verify(claims, proof_of(claims))


def test_nothing_is_absent_from_a_router_that_never_stored_anything_but_all_receipts() -> None:
    empty = Storage({})
    verify(ABSENT, proof_of(ABSENT, storage=empty), empty)
    refused(MembershipNotProven, COMMITMENTS, proof_of(COMMITMENTS, storage=empty), empty)


def test_no_claim_at_all_is_refused() -> None:
    refused(NothingClaimed, Claims(), proof_of(Claims()))


def lied(path: Path, value: bytes = b"") -> Claims:
    return Claims(present=((path, value),))


@pytest.mark.parametrize(
    ("attack", "claims"),
    [
        ("a packet that was never sent", lied(*commitment(30))),
        ("another packet's commitment", lied(commitment(7)[0], commitment(8)[1])),
        ("the same commitment under another sequence", lied(commitment(8)[0], commitment(7)[1])),
        ("a zero commitment where nothing stands", lied(commitment(30)[0], bytes(32))),
        ("an empty commitment", lied(commitment(7)[0])),
        ("a commitment cut short", lied(commitment(7)[0], commitment(7)[1][:31])),
        ("another client's packet", lied(OTHER_CLIENT, commitment(7)[1])),
        ("a receipt that is not there", lied(receipt(3), RECEIPT)),
        ("a receipt in a word that is empty", lied(receipt(5000), RECEIPT)),
        ("a receipt with another value", lied(receipt(1), b"\x02")),
    ],
)
def test_a_membership_that_is_not_true_is_refused(attack: str, claims: Claims) -> None:
    refused(MembershipNotProven, claims, proof_of(claims))


@pytest.mark.parametrize("sequence", [1, 2, 255, 256])
def test_a_packet_that_was_received_cannot_be_shown_absent(sequence: int) -> None:
    claims = Claims(absent=(receipt(3), receipt(sequence)))
    refused(NonMembershipNotProven, claims, proof_of(claims))


@pytest.mark.parametrize("path", [commitment(30)[0], acknowledgement(5000)[0]])
def test_only_receipts_are_ever_absent(path: Path) -> None:
    claims = Claims(absent=(path,))
    refused(NonMembershipNotProven, claims, STORAGE.proof([slot(path)]))


def test_a_proof_for_another_path_is_refused() -> None:
    """Sequence 30 was never sent: its way through the trie ends where nothing of sequence 7's is needed."""
    refused(TrieError, lied(*commitment(30)), proof_of(lied(*commitment(7))))
    refused(TrieError, Claims(absent=(receipt(5000),)), proof_of(Claims(absent=(receipt(1),))))


def test_an_empty_proof_is_refused() -> None:
    full = proof_of(COMMITMENTS)
    refused(MissingTrieNode, COMMITMENTS, RouterProof((), ()))
    refused(MissingTrieNode, COMMITMENTS, replace(full, storage_nodes=()))
    refused(MissingTrieNode, COMMITMENTS, replace(full, account_nodes=()))


def test_another_state_root_is_refused() -> None:
    other = Storage(words() | {Hash(label("a slot")): b"\x01"})
    refused(MissingTrieNode, COMMITMENTS, proof_of(COMMITMENTS), other)


def test_another_router_s_storage_is_refused() -> None:
    """A contract at another address with the same code and storage is not the router."""
    impostor = Storage(words(), router=Address(b"\xbb" * 20))
    refused(RouterNotProven, COMMITMENTS, proof_of(COMMITMENTS, storage=impostor), impostor)


def test_a_router_with_other_code_is_refused() -> None:
    upgraded = Storage(words(), code_hash=Hash(label("other code")))
    refused(RouterNotProven, COMMITMENTS, proof_of(COMMITMENTS, storage=upgraded), upgraded)


@pytest.mark.parametrize("part", ["account_nodes", "storage_nodes"])
def test_nodes_that_nothing_needs_are_refused(part: str) -> None:
    claims = lied(*commitment(7))
    honest, wider = proof_of(claims), proof_of(COMMITMENTS)
    extra = set(wider.storage_nodes) - set(honest.storage_nodes)
    nodes = (*getattr(honest, part), sorted(extra)[0])
    refused(UnusedTrieNode, claims, replace(honest, **{part: nodes}))


def test_nodes_that_only_a_no_op_needs_are_used() -> None:
    """Two honest relayers race: the claims name what is done already, so its nodes are needed still."""
    claims = Claims(present=(commitment(7), commitment(8)))
    verify(claims, proof_of(claims))


@pytest.mark.parametrize("part", ["account_nodes", "storage_nodes"])
def test_nodes_sent_twice_are_refused(part: str) -> None:
    honest = proof_of(COMMITMENTS)
    nodes = getattr(honest, part)
    refused(RepeatedTrieNode, COMMITMENTS, replace(honest, **{part: (*nodes, nodes[-1])}))


@pytest.mark.parametrize(("sequence", "kind"), [(7, "membership"), (5000, "non-membership")])
def test_each_byte_of_a_proof_matters(sequence: int, kind: str) -> None:
    """With one byte flipped, at any place, nothing is believed; the proof as it was is."""
    claims = lied(*commitment(sequence)) if kind == "membership" else Claims(absent=(receipt(sequence),))
    proof = proof_of(claims)
    world = World()
    world.update(sign(header()))
    before = world.written()
    for part in ("account_nodes", "storage_nodes"):
        nodes = getattr(proof, part)
        for at, node in enumerate(nodes):
            for place in range(len(node)):
                flipped = node[:place] + bytes((node[place] ^ 1 << place % 8,)) + node[place + 1 :]
                altered = replace(proof, **{part: (*nodes[:at], flipped, *nodes[at + 1 :])})
                with pytest.raises(TrieError):
                    world.verify(Proof(Height(100), altered), claims)
    assert world.written() == before
    world.verify(Proof(Height(100), proof), claims)


@pytest.mark.parametrize(
    ("attack", "claims"),
    [
        ("never acknowledged", lied(*acknowledgement(5000))),
        ("in another window", lied(*acknowledgement(300))),
        ("with another content", lied(acknowledgement(7)[0], label("ack 8"))),
        ("of another client", lied(Path(PathKind.ACKNOWLEDGEMENT, ClientId("quorum-1"), Number(7)), label("ack 7"))),
    ],
)
def test_an_acknowledgement_that_is_not_in_the_window_is_refused(attack: str, claims: Claims) -> None:
    refused(MembershipNotProven, claims, STORAGE.proof([], [FIRST_WINDOW]))


ONE_MORE = window(1, (300, 299, 301, 302))
ENTRIES = SECOND_WINDOW.entries


@pytest.mark.parametrize(
    ("attack", "windows"),
    [
        ("an entry made up", (ONE_MORE,)),
        ("an entry left out", (window(1, (300, 299)),)),
        ("the first entry left out", (window(1, (299, 301)),)),
        ("entries exchanged", (window(1, (299, 300, 301)),)),
        ("an entry altered", (replace(SECOND_WINDOW, entries=(*ENTRIES[:2], (ENTRIES[2][0], Hash(label("x"))))),)),
        ("another window's index", (replace(SECOND_WINDOW, index=0),)),
        ("a window that has not begun", (replace(SECOND_WINDOW, index=2),)),
        ("an index below zero", (replace(SECOND_WINDOW, index=-1),)),
        ("an index beyond 64 bits", (replace(SECOND_WINDOW, index=2**64),)),
        ("another client's", (replace(SECOND_WINDOW, client=ClientId("quorum-1")),)),
        ("no entry", (SECOND_WINDOW, replace(SECOND_WINDOW, index=2, entries=()))),
        ("257 entries", (window(0, range(1, 258)),)),
        ("an entry of 31 bytes", (replace(SECOND_WINDOW, entries=((Number(300), Hash(b"\x01" * 31)),)),)),
        ("an entry of a sequence below zero", (replace(SECOND_WINDOW, entries=((Number(-1), ENTRIES[0][1]),)),)),
        ("an entry beyond 64 bits", (replace(SECOND_WINDOW, entries=((Number(2**64), ENTRIES[0][1]),)),)),
        ("an entry of sequence 0", (replace(SECOND_WINDOW, entries=((Number(0), Hash(label("x"))), *ENTRIES)),)),
        ("given twice", (SECOND_WINDOW, SECOND_WINDOW)),
        ("that no claim needs", (SECOND_WINDOW, FIRST_WINDOW)),
    ],
)
def test_a_window_that_lies_is_refused(attack: str, windows: tuple[AcknowledgementWindow, ...]) -> None:
    claims = lied(*acknowledgement(300))
    sound = [one for one in windows if 0 <= one.index < 2**64]
    refused(InvalidAcknowledgementWindow, claims, replace(STORAGE.proof([], sound), windows=windows))


@pytest.mark.parametrize("entries", [0, 257])
def test_the_size_of_a_window_is_bounded_before_anything_is_hashed(entries: int) -> None:
    oversized = window(1, range(300, 300 + entries))
    proof = replace(STORAGE.proof([], [SECOND_WINDOW]), windows=(oversized,))
    with pytest.raises(InvalidAcknowledgementWindow, match="1 to 256 entries"):
        verify(lied(*acknowledgement(300)), proof)


def test_an_acknowledgement_without_its_window_is_refused() -> None:
    refused(TrieError, lied(*acknowledgement(300)), STORAGE.proof([slot(receipt(1))]))
    refused(MembershipNotProven, lied(*acknowledgement(300)), RouterProof(STORAGE.proof([]).account_nodes, ()))


def test_the_account_alone_shows_nothing_of_storage() -> None:
    refused(MissingTrieNode, COMMITMENTS, RouterProof(STORAGE.proof([]).account_nodes, ()))

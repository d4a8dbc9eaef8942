"""Receipts that lie: a changed byte anywhere, and each attack by its name, from a receipt that is sound."""

import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from console.packets import PacketName
from hub.clients.attestation import AttestationScope
from hub.clients.attested_evm import SignedHeader
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import BatchPaths, Proof, SignedCheckpoint
from hub.clients.router_storage import commitment_slot
from hub.events import AnyEvent, EscrowSettled, ServiceCalled, ServiceResulted, encode_event
from hub.ibc.commitment import commitment_path
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord
from hub.proofs.eip712 import SaltDomain
from hub.proofs.merkle import record_path, record_root
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.quantities import Amount, Epoch, Hash
from hub.quantities import Sequence as Number
from hub.receipts import trust as trusted
from hub.receipts.document import MAX_BYTES, read_document, write_document
from hub.receipts.errors import (
    AnchorMissing,
    ChainNotTrusted,
    ContradictoryParts,
    DocumentTooLarge,
    InvalidTrust,
    MalformedField,
    NotACall,
    NotADocument,
    NotCanonical,
    NothingProven,
    PartDoesNotFit,
    PartMissing,
    PartNotProven,
    ReceiptError,
    UnknownDocument,
)
from hub.receipts.receipt import FORMAT, Acknowledged, AttestedStorage, HubBlock, NotReceived, ProvenEvent, Receipt
from hub.receipts.statement import Statement
from hub.receipts.trust import Trust
from hub.receipts.verification import verify
from hub.services.payload import Result, ResultCode, caller_account
from tests.unit.attested_chain import FIVE, KEY_OF
from tests.unit.hub_chain import START
from tests.unit.hub_world import PROVIDER_CONTRACT, World, call
from tests.unit.receipt_world import HUB_SET, EvmWorld, HubAnswers, collected, refuse_each_change, trust_told_by
from tests.vectors.generate_quorum import ADDRESSES, KEYS

replace = msgspec.structs.replace
ATTESTORS_B = SignerSet.of_equals(1, ADDRESSES[5:10])


class Two:
    """Two calls of one network, each answered; and their receipts, the second one's answer another."""

    def __init__(self) -> None:
        self.world = EvmWorld()
        self.trust = self.world.trust()
        self.first = self.world.receipt(self.world.answered())
        other = Result(ResultCode.ANSWERED, b"\0" * 31 + b"\x20" + bytes(32), "").encode()
        self.second = self.world.receipt(self.world.answered(lambda _: other))


@cache
def two() -> Two:
    return Two()


def sound() -> bytes:
    return write_document(FORMAT, two().first)


@cache
def of_ledgers() -> tuple[World, Receipt, Trust]:
    """A call from a ledger to another that was answered."""
    world = World()
    sequence, sent = world.forwarded()
    world.settle(sent, world.answer(sent))
    answers = HubAnswers(world.hub, 1)
    return world, collected(answers, PacketName(world.a.client, True, sequence)), trust_told_by(answers)


# --- a changed byte ---


@pytest.mark.parametrize("between", ["EVM chains", "ledgers"])
def test_a_changed_byte_anywhere_is_found_and_named(between: str) -> None:
    receipt, trust = (two().first, two().trust) if between == "EVM chains" else of_ledgers()[1:]
    data = write_document(FORMAT, receipt)
    assert isinstance(verify(read_document(FORMAT, Receipt, data), trust), Statement)
    assert refuse_each_change(data, trust) > 1000


def test_a_file_that_is_cut_short_is_refused_wherever_it_ends() -> None:
    data = sound()
    for end in range(0, len(data) - 1, 97):
        with pytest.raises((NotADocument, UnknownDocument)):
            read_document(FORMAT, Receipt, data[:end])
    with pytest.raises(NotCanonical):
        read_document(FORMAT, Receipt, data[:-1])


Edit = Callable[[dict[str, Any]], object]
DOCUMENTS: dict[str, tuple[Edit, type[ReceiptError]]] = {
    "unknown version": (lambda d: d.update(version="2"), UnknownDocument),
    "a trust file": (lambda d: d.update(format="interchain-trust"), UnknownDocument),
    "an unknown field": (lambda d: d.update(note="paid in full"), MalformedField),
    "an unknown field within": (lambda d: d["call"]["packet"].update(memo="x"), MalformedField),
    "a missing field": (lambda d: d["call"]["packet"].pop("timeout"), MalformedField),
    "null for what is absent": (lambda d: d.update(answer=None), MalformedField),
    "a bare number": (lambda d: d["call"]["packet"].update(sequence=2), MalformedField),
    "a number with a point": (lambda d: d["call"]["packet"].update(sequence=2.5), NotADocument),
    "a number with a zero before": (lambda d: d["call"]["packet"].update(sequence="02"), MalformedField),
    "a number too large": (lambda d: d["call"]["packet"].update(sequence=str(2**64)), MalformedField),
    "a hash of 31 bytes": (lambda d: d["blocks"][0]["header"].update(app_root="0x" + "11" * 31), MalformedField),
    "half a byte": (lambda d: d["call"]["packet"]["payload"].update(value="0x0"), MalformedField),
    "upper-case hex": (lambda d: d["call"]["packet"]["payload"].update(value="0xAB"), MalformedField),
    "an unknown kind": (lambda d: d["call"]["proof"].update(kind="oracle"), MalformedField),
    "a kind of event that proves nothing": (
        lambda d: d["blocks"][0]["events"][0]["event"].update(kind="Minted"),
        MalformedField,
    ),
    "a list for an object": (lambda d: d.update(call=[]), MalformedField),
    "text that is no text": (lambda d: d["call"]["packet"].update(source_client="\ud800abcdefg-1"), NotADocument),
    "a header that cannot be": (lambda d: d["call"]["proof"]["signed"]["header"].update(epoch="0"), MalformedField),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_no_receipt_is_refused_by_name(name: str) -> None:
    edit, error = DOCUMENTS[name]
    content = json.loads(sound())
    edit(content)
    with pytest.raises(error):
        read_document(FORMAT, Receipt, json.dumps(content, indent=1).encode() + b"\n")


def test_other_spellings_of_the_same_are_refused() -> None:
    data = sound()
    content = json.loads(data)
    spelled = {
        "white space": json.dumps(content).encode() + b"\n",
        "another order": json.dumps(dict(reversed(content.items())), indent=1).encode() + b"\n",
        "something behind": data + b"\n",
        "escapes": data.replace(b'"hub-test"', b'"hub\\u002dtest"', 1),
    }
    for other in spelled.values():
        with pytest.raises(NotCanonical):
            read_document(FORMAT, Receipt, other)
    with pytest.raises(NotADocument, match="twice"):
        read_document(FORMAT, Receipt, data.replace(b'"version": "1",', b'"version": "1",\n "version": "1",', 1))


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"\xff", b"[" * 100_000, b'{"a":NaN}', b'{"format":{}}'])
def test_garbage_is_refused_by_name(data: bytes) -> None:
    with pytest.raises((NotADocument, UnknownDocument)):
        read_document(FORMAT, Receipt, data)


def test_an_oversized_file_is_not_even_parsed() -> None:
    with pytest.raises(DocumentTooLarge):
        read_document(FORMAT, Receipt, b" " * (MAX_BYTES + 1))


# --- forged signatures ---


def _call_header(receipt: Receipt) -> SignedHeader:
    assert receipt.call is not None
    assert isinstance(receipt.call.proof, AttestedStorage)
    return receipt.call.proof.signed


def _with_header(receipt: Receipt, signed: SignedHeader) -> Receipt:
    assert receipt.call is not None
    return replace(receipt, call=replace(receipt.call, proof=replace(receipt.call.proof, signed=signed)))


def _attested(signed: SignedHeader, signers: SignerSet, count: int, client: str = "attested-0") -> SignedHeader:
    scope = AttestationScope(two().world.hub.app.genesis_hash, ClientId(client), "finalized", 31337)
    keys = {member.address: KEY_OF[member.address] for member in signers.members[:count]}
    return replace(signed, signature=sign_quorum(signers, keys, signed.header.digest(scope)))


def _checkpointed(shown: Checkpoint, client: str, count: int) -> SignedCheckpoint:
    domain = two().trust.counterparty(ClientId(client)).domain
    keys = {member.address: KEY_OF[member.address] for member in HUB_SET.members[:count]}
    return SignedCheckpoint(shown, sign_quorum(HUB_SET, keys, shown.digest(domain)))


def refused(receipt: Receipt, trust: Trust | None = None) -> ReceiptError:
    with pytest.raises(ReceiptError) as refusal:
        verify(receipt, trust or two().trust)
    return refusal.value


def test_one_attestor_too_few() -> None:
    signed = _call_header(two().first)
    enough = _with_header(two().first, _attested(signed, FIVE, 4))
    assert verify(enough, two().trust)
    error = refused(_with_header(two().first, _attested(signed, FIVE, 3)))
    assert isinstance(error, PartNotProven)
    assert (error.part, error.rule) == ("the call", "TOO_LITTLE_POWER")


def test_more_than_two_thirds_and_less_than_the_threshold() -> None:
    strict = _anchored(lambda chain: replace(chain, threshold=5))
    error = refused(two().first, strict)
    assert isinstance(error, PartNotProven)
    assert error.rule == "BELOW_THRESHOLD"


def test_one_validator_too_few() -> None:
    block = two().first.blocks[1]
    client = block.signed.checkpoint.source_client
    fewer = replace(block, signed=_checkpointed(block.signed.checkpoint, client, 2))
    error = refused(replace(two().first, blocks=(two().first.blocks[0], fewer)))
    assert isinstance(error, PartNotProven)
    assert (error.part, error.rule) == (f"the hub's block {block.header.height}", "TOO_LITTLE_POWER")


def test_attestors_of_another_set() -> None:
    error = refused(_with_header(two().first, _attested(_call_header(two().first), ATTESTORS_B, 5)))
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_SIGNER"


def test_a_header_signed_for_another_client() -> None:
    error = refused(_with_header(two().first, _attested(_call_header(two().first), FIVE, 4, client="attested-1")))
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_SIGNER"


def test_signatures_of_another_epoch() -> None:
    signed = _call_header(two().first)
    later = replace(signed, header=replace(signed.header, epoch=Epoch(2)))
    error = refused(_with_header(two().first, _attested(later, FIVE, 5)))
    assert isinstance(error, AnchorMissing)
    assert (error.client, error.epoch) == ("attested-0", 2)


def test_a_checkpoint_of_another_epoch() -> None:
    block = two().first.blocks[0]
    shown = replace(block.signed.checkpoint, epoch=Epoch(2))
    later = replace(block, signed=_checkpointed(shown, shown.source_client, 4))
    assert isinstance(refused(replace(two().first, blocks=(later, *two().first.blocks[1:]))), AnchorMissing)


def test_a_checkpoint_for_another_counterparty() -> None:
    first = two().first
    assert first.result is not None
    assert first.request is not None
    theirs = replace(first.result.proof, signed=first.request.proof.signed)  # type: ignore[union-attr]
    error = refused(replace(first, result=replace(first.result, proof=theirs)))
    assert isinstance(error, PartNotProven)
    assert (error.part, error.rule) == ("the result", "WRONG_CHAIN")


FORGED: dict[str, tuple[dict[str, Any], int, str]] = {
    "another key": ({}, 12, "WRONG_SIGNER"),
    "for another client": ({"destination_client": "quorum-1"}, 11, "WRONG_CHAIN"),
    "from another client": ({"source_client": "quorum-0"}, 11, "WRONG_CHAIN"),
    "of another chain": ({"chain": "ledger-b"}, 11, "WRONG_CHAIN"),
    "of another genesis": ({"genesis_hash": Hash(b"\x01" * 32)}, 11, "WRONG_CHAIN"),
    "of another state": ({"app_root": Hash(b"\x01" * 32)}, 11, "TREE_ROOT_MISMATCH"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_ledgers_checkpoint_that_is_forged_or_for_another(name: str) -> None:
    change, key, rule = FORGED[name]
    world, receipt, trust = of_ledgers()
    assert receipt.call is not None
    assert isinstance(receipt.call.proof, Proof)
    shown = replace(receipt.call.proof.signed.checkpoint, **change)
    signers = SignerSet.of_equals(1, [ADDRESSES[key]])
    digest = shown.digest(SaltDomain(world.hub.app.genesis_hash))
    signed = SignedCheckpoint(shown, sign_quorum(signers, {ADDRESSES[key]: KEYS[key]}, digest))
    forged = replace(receipt.call, proof=replace(receipt.call.proof, signed=signed))
    error = refused(replace(receipt, call=forged), trust)
    assert isinstance(error, PartNotProven)
    assert (error.part, error.rule) == ("the call", rule)


def test_a_kind_of_proof_that_the_chain_does_not_have() -> None:
    _, receipt, trust = of_ledgers()
    anchors = tuple(replace(one, chain=two().trust.chains[0].chain) for one in trust.chains)
    error = refused(receipt, replace(trust, chains=anchors))
    assert isinstance(error, PartNotProven)
    assert error.rule == "CLIENT_KIND_MISMATCH"


# --- a hub that lies: its validators sign what never was ---


def _lying(block: HubBlock, *events: AnyEvent, **header: Any) -> HubBlock:
    """A block with other events, or another header, signed by all of the hub's validators."""
    hashes = [sha256(encode_event(event)).digest() for event in events]
    shown = replace(block.header, **({"event_root": record_root(hashes)} if events else {}), **header)
    checkpoint = replace(block.signed.checkpoint, block_hash=shown.hash())
    signed = _checkpointed(checkpoint, checkpoint.source_client, 4)
    proven = tuple(ProvenEvent(event, record_path(hashes, at)) for at, event in enumerate(events))  # type: ignore[arg-type]
    return HubBlock(signed, shown, proven or block.events)


ACCEPTED = ("the hub's acceptance", "PART_DOES_NOT_FIT")
LIES: dict[str, tuple[int, dict[str, Any], tuple[str, str]]] = {
    "another service": (0, {"service": "theirs"}, ACCEPTED),
    "another caller": (0, {"caller": b"\xcb" * 20}, ACCEPTED),
    "another caller's chain": (0, {"caller_client": "attested-1"}, ACCEPTED),
    "another packet": (0, {"call_sequence": 3}, ACCEPTED),
    "another deadline": (0, {"deadline": 1}, ACCEPTED),
    "another request": (0, {"request_id": b"\x01" * 32}, ACCEPTED),
    "an encoding that there is not": (0, {"input_encoding": 9}, ("the hub's acceptance", "PART_NOT_PROVEN")),
    "a fee beyond the caller's cap": (0, {"fee": 101}, ("the call", "CONTRADICTORY_PARTS")),
    "another input": (0, {"input": b"other"}, ("the call", "CONTRADICTORY_PARTS")),
    "another provider": (0, {"provider": b"\xbc" * 20}, ("the request", "PART_DOES_NOT_FIT")),
    "another provider's chain": (0, {"client": "attested-0"}, ("the request", "PART_DOES_NOT_FIT")),
    "another fee than was settled": (0, {"fee": 11}, ("the settlement", "PART_DOES_NOT_FIT")),
    "another result": (1, {"code": 500}, ("the hub's decision", "CONTRADICTORY_PARTS")),
    "another output": (1, {"output": b""}, ("the hub's decision", "CONTRADICTORY_PARTS")),
    "another message": (1, {"message": "well"}, ("the hub's decision", "CONTRADICTORY_PARTS")),
    "a code that there is not": (1, {"code": 201}, ("the hub's decision", "PART_NOT_PROVEN")),
    "another amount": (2, {"amount": 9}, ("the settlement", "PART_DOES_NOT_FIT")),
    "another recipient": (2, {"recipient": b"\x01" * 20}, ("the settlement", "PART_DOES_NOT_FIT")),
    "paid back, to the provider": (2, {"paid": False}, ("the settlement", "PART_DOES_NOT_FIT")),
}
"""By which of the three events lies, and how; the part that is named, and the error."""


@pytest.mark.parametrize("name", LIES)
def test_a_hub_that_lies_is_found_out_by_what_the_chains_have_signed(name: str) -> None:
    at, change, expected = LIES[name]
    accepted, decided = two().first.blocks
    events = [one.event for block in (accepted, decided) for one in block.events]
    kinds = (ServiceCalled, ServiceResulted, EscrowSettled)
    assert tuple(map(type, events)) == kinds
    told = [replace(event, **change) if isinstance(event, kinds[at]) else event for event in events]
    honest = replace(two().first, blocks=(_lying(accepted, events[0]), _lying(decided, *events[1:])))
    assert verify(honest, two().trust)
    error = refused(replace(honest, blocks=(_lying(accepted, told[0]), _lying(decided, *told[1:]))))
    assert (error.values().get("part") or error.values()["first"], error.reason()) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", 2), ("height", 4), ("time", START), ("validator_set_hash", Hash(b"\x01" * 32))],
)
def test_a_header_that_says_other_than_the_checkpoint_over_its_hash(field: str, value: Any) -> None:
    accepted, decided = two().first.blocks
    error = refused(replace(two().first, blocks=(_lying(accepted, **{field: value}), decided)))
    assert isinstance(error, PartDoesNotFit)
    assert error.field == field


def test_a_provider_that_was_paid_for_a_failure() -> None:
    world = EvmWorld()
    failure = Result(ResultCode.PROVIDER_FAILED, message="no").encode()
    receipt = world.receipt(world.answered(lambda _: failure))
    accepted, decided = receipt.blocks
    events = [one.event for one in decided.events]
    payee = caller_account(world.b.client, PROVIDER_CONTRACT)
    paid = [replace(one, paid=True, recipient=payee) if isinstance(one, EscrowSettled) else one for one in events]
    error = refused(replace(receipt, blocks=(accepted, _lying(decided, *paid))), world.trust())
    assert isinstance(error, ContradictoryParts)
    assert (error.first, error.second) == ("the provider's answer", "the settlement")


# --- proofs of something else ---


def test_the_proof_of_another_packet() -> None:
    first, second = two().first, two().second
    assert first.call is not None
    assert second.call is not None
    error = refused(replace(first, call=replace(first.call, proof=second.call.proof)))
    assert isinstance(error, PartNotProven)
    assert error.part == "the call"


@pytest.mark.parametrize(
    ("field", "part"),
    [("call", "the hub's acceptance"), ("request", "the request"), ("answer", "the provider's answer")],
)
def test_a_part_of_another_call(field: str, part: str) -> None:
    error = refused(replace(two().first, **{field: getattr(two().second, field)}))
    assert isinstance(error, PartDoesNotFit | PartNotProven)
    assert error.part == part


def test_the_result_of_another_call() -> None:
    error = refused(replace(two().first, result=two().second.result))
    assert isinstance(error, PartNotProven)
    assert error.part == "the result"


def test_the_blocks_of_another_call() -> None:
    error = refused(replace(two().first, blocks=two().second.blocks))
    assert isinstance(error, PartDoesNotFit)
    assert (error.part, error.field) == ("the hub's acceptance", "request_id")


def test_swapped_parts() -> None:
    first = two().first
    assert isinstance(refused(replace(first, call=first.request, request=first.call)), ReceiptError)
    assert isinstance(refused(replace(first, answer=first.result, result=first.answer)), ReceiptError)
    error = refused(replace(first, blocks=first.blocks[::-1]))
    assert isinstance(error, PartDoesNotFit)


def test_a_header_that_is_not_the_one_that_was_signed() -> None:
    accepted, decided = two().first.blocks
    error = refused(replace(two().first, blocks=(replace(accepted, header=decided.header), decided)))
    assert isinstance(error, PartDoesNotFit)
    assert error.field == "hash"


def test_an_event_that_never_happened() -> None:
    accepted, decided = two().first.blocks
    (one,) = accepted.events
    free = replace(one, event=replace(one.event, fee=Amount(0)))
    error = refused(replace(two().first, blocks=(replace(accepted, events=(free,)), decided)))
    assert isinstance(error, PartNotProven)
    assert error.rule == "RECORD_ROOT_MISMATCH"


def test_an_event_told_twice() -> None:
    accepted, decided = two().first.blocks
    error = refused(replace(two().first, blocks=(replace(accepted, events=accepted.events * 2), decided)))
    assert isinstance(error, ContradictoryParts)


def test_a_block_that_shows_nothing() -> None:
    accepted, decided = two().first.blocks
    error = refused(replace(two().first, blocks=(accepted, replace(decided, events=()))))
    assert isinstance(error, PartDoesNotFit)
    assert error.field == "place"


def test_an_entry_of_the_batch_that_is_not_there() -> None:
    first = two().first
    assert isinstance(first.result, Acknowledged)
    moved = replace(first.result.proof, under=BatchPaths(0, ()))
    error = refused(replace(first, result=replace(first.result, proof=moved)))
    assert isinstance(error, PartNotProven)


def test_a_result_that_was_never_given() -> None:
    first = two().first
    assert isinstance(first.result, Acknowledged)
    forged = Result(ResultCode.ANSWERED, b"forged").encode()
    error = refused(replace(first, result=replace(first.result, acknowledgement=forged)))
    assert isinstance(error, PartNotProven)
    assert error.rule == "BATCH_MISMATCH"


def test_an_answer_that_was_never_given() -> None:
    first = two().first
    assert isinstance(first.answer, Acknowledged)
    forged = Result(ResultCode.ANSWERED, b"forged").encode()
    error = refused(replace(first, answer=replace(first.answer, acknowledgement=forged)))
    assert isinstance(error, PartNotProven)
    assert error.rule == "MEMBERSHIP_NOT_PROVEN"


@pytest.mark.parametrize("absent", ["call", "request", "blocks"])
def test_parts_that_need_a_missing_one(absent: str) -> None:
    kept = {"result": two().first.result, "answer": two().first.answer, "request": two().first.request}
    kept |= {"call": two().first.call, "blocks": two().first.blocks}
    kept[absent] = () if absent == "blocks" else None
    if absent == "call":
        kept |= {"blocks": (), "request": None, "answer": None}
    error = refused(Receipt(**kept))  # type: ignore[arg-type]
    assert isinstance(error, PartMissing)


def test_nothing_at_all() -> None:
    assert isinstance(refused(Receipt()), NothingProven)


def test_a_packet_of_another_application_is_no_call() -> None:
    world = EvmWorld()
    ends = (PortId("transfer"), PortId("transfer"), "ics20-1", "application/json")
    world.a.inward = Lane(world.a.there, world.a.client, *ends)
    error = refused(Receipt(call=world.a.shown(world.a.call(call()))), world.trust())
    assert isinstance(error, PartDoesNotFit)
    assert (error.part, error.field) == ("the call", "route")


def test_a_packet_that_cannot_be_read_is_no_call() -> None:
    world = EvmWorld()
    sequence = world.a.call(call())
    unreadable = LaneRecord(1, sequence, world.a.sent[sequence].timeout, b"\x02")
    world.a.sent[sequence] = unreadable
    world.a.words[commitment_slot(commitment_path(world.a.there, sequence))] = world.a.inward.commitment(unreadable)
    assert isinstance(refused(Receipt(call=world.a.shown(sequence)), world.trust()), NotACall)


def test_a_call_sent_by_another_client_than_the_counterparty() -> None:
    def renamed(one: trusted.Anchor) -> trusted.Anchor:
        return replace(one, counterparty=replace(one.counterparty, client=ClientId("quorum-9")))

    error = refused(two().first, replace(two().trust, chains=tuple(map(renamed, two().trust.chains))))
    assert isinstance(error, PartDoesNotFit)
    assert (error.part, error.field) == ("the call", "source client")


# --- absence ---


def never_received(advance: int) -> tuple[EvmWorld, Receipt]:
    world = EvmWorld()
    sequence = world.a.call(call(), timeout=60)
    world.hub.block(advance=advance)
    return world, replace(world.receipt(sequence), call=world.a.shown(sequence))


def test_an_absence_before_the_timeout_proves_no_timeout() -> None:
    world, early = never_received(advance=10)
    error = refused(early, world.trust())
    assert isinstance(error, PartDoesNotFit)
    assert (error.part, error.field) == ("the result", "time")
    world, late = never_received(advance=60)
    assert verify(late, world.trust())


def test_the_absence_of_another_packet() -> None:
    world, receipt = never_received(advance=60)
    assert isinstance(receipt.result, NotReceived)
    other = replace(receipt, result=replace(receipt.result, sequence=Number(2)))
    error = refused(other, world.trust())
    assert isinstance(error, PartDoesNotFit)
    assert error.field == "sequence"
    elsewhere = refused(replace(other, call=None), world.trust())
    assert isinstance(elsewhere, PartNotProven)


def test_what_was_accepted_was_not_never_received() -> None:
    first = two().first
    assert first.result is not None
    absent = NotReceived(ClientId("attested-0"), Number(2), first.result.proof)
    assert isinstance(refused(replace(first, result=absent)), ContradictoryParts)


def test_hub_and_provider_that_contradict_each_other_are_shown_up() -> None:
    """A hub that gives another answer than the provider's chain: every part is soundly signed, the whole is refused."""
    world = EvmWorld()
    sequence, sent = world.accepted()
    honest = world.b.take_in(sent)
    other = Result(ResultCode.ANSWERED, Result.decode(honest).output, "with a message").encode()
    world.b.acknowledged.clear()
    again = world.b.take_in(sent, lambda _: other)
    world.hub.do(2, world.b.acknowledge_message([sent], [again]))
    receipt = world.receipt(sequence)
    assert verify(receipt, world.trust())
    world.b.acknowledged.clear()
    world.b.take_in(sent)
    proof = world.b.acknowledge_message([sent], [honest]).proof
    assert isinstance(proof.basis, SignedHeader)  # type: ignore[union-attr]
    shown = AttestedStorage(proof.basis, proof.storage)  # type: ignore[union-attr,arg-type]
    error = refused(replace(receipt, answer=Acknowledged(honest, shown)), world.trust())
    assert isinstance(error, ContradictoryParts)
    assert (error.first, error.second) == ("the provider's answer", "the result")


# --- trust files ---


def _anchored(change: Callable[[Any], Any]) -> Trust:
    trust = two().trust
    return replace(trust, chains=tuple(replace(one, chain=change(one.chain)) for one in trust.chains))


def test_the_trust_file_of_another_network() -> None:
    trust = two().trust
    other = replace(trust, hub=tuple(replace(one, genesis_hash=Hash(b"\x07" * 32)) for one in trust.hub))
    assert isinstance(refused(two().first, other), PartNotProven)
    renamed = replace(trust, hub=tuple(replace(one, chain="another-hub") for one in trust.hub))
    error = refused(two().first, renamed)
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_CHAIN"
    fewer = replace(trust, chains=trust.chains[1:])
    error = refused(two().first, fewer)
    assert isinstance(error, ChainNotTrusted)
    assert error.client == "attested-0"


CHANGED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "router": (lambda chain: replace(chain, router=b"\x01" * 20), "MISSING_TRIE_NODE"),
    "code": (lambda chain: replace(chain, router_code_hash=Hash(b"\x01" * 32)), "ROUTER_NOT_PROVEN"),
    "chain ID": (lambda chain: replace(chain, chain_id=1), "WRONG_SIGNER"),
    "finality rule": (lambda chain: replace(chain, finality_rule="depth:0"), "WRONG_SIGNER"),
    "attestors": (lambda chain: replace(chain, attestors=ATTESTORS_B), "WRONG_SIGNER"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_another_anchor(name: str) -> None:
    change, rule = CHANGED[name]
    error = refused(two().first, _anchored(change))
    assert isinstance(error, PartNotProven)
    assert error.rule == rule


def test_a_domain_of_another_contract() -> None:
    def moved(one: trusted.Anchor) -> trusted.Anchor:
        domain = replace(one.counterparty.domain, contract=b"\x01" * 20)
        return replace(one, counterparty=replace(one.counterparty, domain=domain))

    error = refused(two().first, replace(two().trust, chains=tuple(map(moved, two().trust.chains))))
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_SIGNER"


def test_an_older_set_stays_trusted_where_its_file_is_joined() -> None:
    old = two().trust
    later = SignerSet(Epoch(2), FIVE.members)
    new = _anchored(lambda chain: replace(chain, attestors=later))
    assert isinstance(refused(two().first, new), AnchorMissing)
    both = old.joined(new)
    assert verify(two().first, both)
    assert both == new.joined(old)
    assert read_document(trusted.FORMAT, Trust, write_document(trusted.FORMAT, both)) == both


def test_what_no_trust_file_can_say() -> None:
    trust = two().trust
    broken: list[Callable[[], object]] = [
        lambda: replace(trust, hub=()),
        lambda: replace(trust, hub=trust.hub * 2),
        lambda: replace(trust, hub=(*trust.hub, replace(trust.hub[0], chain="other"))),
        lambda: replace(trust, chains=trust.chains[::-1]),
        lambda: replace(trust, chains=trust.chains + trust.chains[-1:]),
    ]
    for build in broken:
        with pytest.raises(InvalidTrust):
            build()

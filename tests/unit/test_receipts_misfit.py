"""Receipts whose parts are each proven and do not fit: proofs of something else, absences that show nothing."""

from typing import Any

import pytest

from hub.clients.attested_evm import SignedHeader
from hub.clients.quorum import BatchPaths
from hub.clients.router_storage import commitment_slot
from hub.ibc.commitment import commitment_path
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord
from hub.quantities import Amount
from hub.quantities import Sequence as Number
from hub.receipts import trust as trusted
from hub.receipts.errors import (
    ContradictoryParts,
    NotACall,
    NothingProven,
    PartDoesNotFit,
    PartMissing,
    PartNotProven,
    ReceiptError,
)
from hub.receipts.receipt import Acknowledged, AttestedStorage, NotReceived, Receipt
from hub.receipts.verification import verify
from hub.services.payload import Result, ResultCode
from tests.unit.hub_world import call
from tests.unit.receipt_forgery import refused, replace, two
from tests.unit.receipt_world import EvmWorld

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
    kept: dict[str, Any] = {"result": two().first.result, "answer": two().first.answer, "request": two().first.request}
    kept |= {"call": two().first.call, "blocks": two().first.blocks}
    kept[absent] = () if absent == "blocks" else None
    if absent == "call":
        kept |= {"blocks": (), "request": None, "answer": None}
    error = refused(Receipt(**kept))
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
    shown = AttestedStorage(proof.basis, proof.storage)  # type: ignore[union-attr]
    error = refused(replace(receipt, answer=Acknowledged(honest, shown)), world.trust())
    assert isinstance(error, ContradictoryParts)
    assert (error.first, error.second) == ("the provider's answer", "the result")

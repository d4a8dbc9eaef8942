"""Receipts that lie: forged signatures, and a hub whose validators sign what never was; each from one that is sound."""

from typing import Any

import pytest

from hub.clients.quorum import Proof, SignedCheckpoint
from hub.events import EscrowSettled, ServiceCalled, ServiceResulted
from hub.proofs.eip712 import SaltDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.quantities import Epoch, Hash
from hub.receipts.errors import (
    AnchorMissing,
    ContradictoryParts,
    PartDoesNotFit,
    PartNotProven,
)
from hub.receipts.verification import verify
from hub.services.payload import Result, ResultCode, caller_account
from tests.unit.attested_chain import FIVE
from tests.unit.hub_chain import START
from tests.unit.hub_world import PROVIDER_CONTRACT
from tests.unit.receipt_forgery import (
    ATTESTORS_B,
    anchored,
    attested,
    call_header,
    checkpointed,
    lying,
    of_ledgers,
    refused,
    replace,
    two,
    with_header,
)
from tests.unit.receipt_world import EvmWorld
from tests.vectors.generate_quorum import ADDRESSES, KEYS

# --- forged signatures ---


def test_one_attestor_too_few() -> None:
    signed = call_header(two().first)
    enough = with_header(two().first, attested(signed, FIVE, 4))
    assert verify(enough, two().trust)
    error = refused(with_header(two().first, attested(signed, FIVE, 3)))
    assert isinstance(error, PartNotProven)
    assert (error.part, error.rule) == ("the call", "TOO_LITTLE_POWER")


def test_more_than_two_thirds_and_less_than_the_threshold() -> None:
    strict = anchored(lambda chain: replace(chain, threshold=5))
    error = refused(two().first, strict)
    assert isinstance(error, PartNotProven)
    assert error.rule == "BELOW_THRESHOLD"


def test_one_validator_too_few() -> None:
    block = two().first.blocks[1]
    client = block.signed.checkpoint.source_client
    fewer = replace(block, signed=checkpointed(block.signed.checkpoint, client, 2))
    error = refused(replace(two().first, blocks=(two().first.blocks[0], fewer)))
    assert isinstance(error, PartNotProven)
    assert (error.part, error.rule) == (f"the hub's block {block.header.height}", "TOO_LITTLE_POWER")


def test_attestors_of_another_set() -> None:
    error = refused(with_header(two().first, attested(call_header(two().first), ATTESTORS_B, 5)))
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_SIGNER"


def test_a_header_signed_for_another_client() -> None:
    error = refused(with_header(two().first, attested(call_header(two().first), FIVE, 4, client="attested-1")))
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_SIGNER"


def test_signatures_of_another_epoch() -> None:
    signed = call_header(two().first)
    later = replace(signed, header=replace(signed.header, epoch=Epoch(2)))
    error = refused(with_header(two().first, attested(later, FIVE, 5)))
    assert isinstance(error, AnchorMissing)
    assert (error.client, error.epoch) == ("attested-0", 2)


def test_a_checkpoint_of_another_epoch() -> None:
    block = two().first.blocks[0]
    shown = replace(block.signed.checkpoint, epoch=Epoch(2))
    later = replace(block, signed=checkpointed(shown, shown.source_client, 4))
    assert isinstance(refused(replace(two().first, blocks=(later, *two().first.blocks[1:]))), AnchorMissing)


def test_a_checkpoint_for_another_counterparty() -> None:
    first = two().first
    assert first.result is not None
    assert first.request is not None
    theirs = replace(first.result.proof, signed=first.request.proof.signed)
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
    honest = replace(two().first, blocks=(lying(accepted, events[0]), lying(decided, *events[1:])))
    assert verify(honest, two().trust)
    error = refused(replace(honest, blocks=(lying(accepted, told[0]), lying(decided, *told[1:]))))
    assert (error.values().get("part") or error.values()["first"], error.reason()) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", 2), ("height", 4), ("time", START), ("validator_set_hash", Hash(b"\x01" * 32))],
)
def test_a_header_that_says_other_than_the_checkpoint_over_its_hash(field: str, value: Any) -> None:
    accepted, decided = two().first.blocks
    error = refused(replace(two().first, blocks=(lying(accepted, **{field: value}), decided)))
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
    error = refused(replace(receipt, blocks=(accepted, lying(decided, *paid))), world.trust())
    assert isinstance(error, ContradictoryParts)
    assert (error.first, error.second) == ("the provider's answer", "the settlement")

"""Two calls and their sound receipts, and what forges one: changed parts, signed anew by whom the test says."""

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
from hub.clients.quorum import SignedCheckpoint
from hub.events import AnyEvent, encode_event
from hub.ibc.identifiers import ClientId
from hub.proofs.merkle import record_path, record_root
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.receipts.document import write_document
from hub.receipts.errors import (
    ReceiptError,
)
from hub.receipts.receipt import FORMAT, AttestedStorage, HubBlock, ProvenEvent, Receipt
from hub.receipts.trust import Trust
from hub.receipts.verification import verify
from hub.services.payload import Result, ResultCode
from tests.unit.attested_chain import KEY_OF
from tests.unit.hub_world import World
from tests.unit.receipt_world import HUB_SET, EvmWorld, HubAnswers, collected, trust_told_by
from tests.vectors.generate_quorum import ADDRESSES

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


def call_header(receipt: Receipt) -> SignedHeader:
    assert receipt.call is not None
    assert isinstance(receipt.call.proof, AttestedStorage)
    return receipt.call.proof.signed


def with_header(receipt: Receipt, signed: SignedHeader) -> Receipt:
    assert receipt.call is not None
    return replace(receipt, call=replace(receipt.call, proof=replace(receipt.call.proof, signed=signed)))


def attested(signed: SignedHeader, signers: SignerSet, count: int, client: str = "attested-0") -> SignedHeader:
    scope = AttestationScope(two().world.hub.app.genesis_hash, ClientId(client), "finalized", 31337)
    keys = {member.address: KEY_OF[member.address] for member in signers.members[:count]}
    return replace(signed, signature=sign_quorum(signers, keys, signed.header.digest(scope)))


def checkpointed(shown: Checkpoint, client: str, count: int) -> SignedCheckpoint:
    domain = two().trust.counterparty(ClientId(client)).domain
    keys = {member.address: KEY_OF[member.address] for member in HUB_SET.members[:count]}
    return SignedCheckpoint(shown, sign_quorum(HUB_SET, keys, shown.digest(domain)))


def refused(receipt: Receipt, trust: Trust | None = None) -> ReceiptError:
    with pytest.raises(ReceiptError) as refusal:
        verify(receipt, trust or two().trust)
    return refusal.value


def lying(block: HubBlock, *events: AnyEvent, **header: Any) -> HubBlock:
    """A block with other events, or another header, signed by all of the hub's validators."""
    hashes = [sha256(encode_event(event)).digest() for event in events]
    shown = replace(block.header, **({"event_root": record_root(hashes)} if events else {}), **header)
    checkpoint = replace(block.signed.checkpoint, block_hash=shown.hash())
    signed = checkpointed(checkpoint, checkpoint.source_client, 4)
    proven = tuple(ProvenEvent(event, record_path(hashes, at)) for at, event in enumerate(events))  # type: ignore[arg-type]
    return HubBlock(signed, shown, proven or block.events)


def anchored(change: Callable[[Any], Any]) -> Trust:
    trust = two().trust
    return replace(trust, chains=tuple(replace(one, chain=change(one.chain)) for one in trust.chains))

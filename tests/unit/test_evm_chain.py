"""The EVM adapter against the real contracts on a real Anvil: every way of delivering, proving and reading."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from adapters.chain import Acknowledge, Chain, Limits, Receive, TimeOut
from adapters.errors import ApplicationRefused, DeliveryRefused, NotProvable
from adapters.evm.delivery import AGAINST_STATE, SINGLE_ENTRIES, WHOLE_BATCH
from adapters.evm.proofs import distinct_nodes
from adapters.evm.words import hex_of
from console.chains import ChainFile
from console.failures import Failure, failures_on_evm_chain
from hub.clients.attested_evm import SignedHeader
from hub.clients.base import Claims, ClientStatus
from hub.events import AcknowledgementWritten, PacketAcknowledged, PacketSent, PacketTimedOut
from hub.ibc.commitment import Path, PathKind, acknowledgement_commitment, packet_commitment
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.proofs.keccak import keccak256
from hub.quantities import Epoch, Hash, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from tests.anvil_chain import AnvilChain, account, running_anvil
from tests.evm_hub import AT_HUB, HERE, JoinedChain, joined_chain


@pytest.fixture(scope="module")
def anvil() -> Iterator[AnvilChain]:
    with running_anvil() as chain:
        yield chain


@pytest.fixture
async def joined(anvil: AnvilChain) -> AsyncIterator[JoinedChain]:
    snapshot = await anvil.rpc("evm_snapshot")
    async with joined_chain(anvil) as chain:
        yield chain
    await anvil.rpc("evm_revert", snapshot)


def sent_packet(event: PacketSent) -> Packet:
    payload = Payload(
        PortId(event.source_port), PortId(event.destination_port), event.version, event.encoding, event.value
    )
    return Packet(
        event.sequence, ClientId(event.source_client), ClientId(event.destination_client), event.timeout, payload
    )


async def proof_kind(joined: JoinedChain, transaction: bytes) -> int:
    """The byte behind selector and client in the calldata of ``deliverProven``."""
    found = await joined.anvil.rpc("eth_getTransactionByHash", "0x" + transaction.hex())
    return bytes.fromhex(found["input"][2:])[4 + 2]


async def test_a_whole_batch_is_delivered_without_a_path(joined: JoinedChain) -> None:
    packets = [joined.hub.packet(sequence) for sequence in (1, 2, 3)]
    delivered = await joined.chain.deliver(joined.hub.by_batch([Receive(packet) for packet in packets]))
    assert await proof_kind(joined, delivered.transaction) == WHOLE_BATCH
    assert await joined.chain.received([PacketSequence(n) for n in (1, 2, 3, 4, 300)]) == {1, 2, 3}
    assert await joined.everything() == [
        AcknowledgementWritten(AT_HUB, HERE, PacketSequence(n), b"\x01") for n in (1, 2, 3)
    ]
    assert delivered.gas < 400_000


async def test_one_of_many_entries_is_delivered_by_its_path(joined: JoinedChain) -> None:
    others = [(b"path %d" % n, Hash(bytes([n]) * 32)) for n in range(40)]
    delivered = await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(7))], others))
    assert await proof_kind(joined, delivered.transaction) == SINGLE_ENTRIES
    assert await joined.chain.received([PacketSequence(7)]) == {7}


async def test_what_was_missed_is_delivered_against_a_later_state(joined: JoinedChain) -> None:
    steps = [Receive(joined.hub.packet(sequence)) for sequence in (1, 2, 900)]
    delivered = await joined.chain.deliver(joined.hub.by_state(steps))
    assert await proof_kind(joined, delivered.transaction) == AGAINST_STATE
    assert await joined.chain.received([PacketSequence(n) for n in (1, 2, 900)]) == {1, 2, 900}


async def test_a_chain_without_validators_of_its_own_never_hands_over(joined: JoinedChain) -> None:
    chain: Chain = joined.chain
    assert await chain.validators() is None
    assert await chain.request_block() is None
    for asked in (joined.chain.store_hand_over(), joined.chain.hand_over(Epoch(1))):
        with pytest.raises(NotProvable, match="no validators of its own"):
            await asked


async def test_a_packet_sent_is_read_proven_and_acknowledged(joined: JoinedChain) -> None:
    await joined.send(b"first")
    await joined.send(b"second")
    events = await joined.everything()
    first, second = (sent_packet(event) for event in events if isinstance(event, PacketSent))
    assert (first.sequence, first.payload.value, second.payload.value) == (1, b"first", b"second")
    assert await joined.chain.committed([first.sequence, second.sequence, PacketSequence(3)]) == {1, 2}

    head = (await joined.chain.finalised()).height
    claims = Claims(
        [(Path(PathKind.COMMITMENT, HERE, packet.sequence), packet_commitment(packet)) for packet in (first, second)]
    )
    proof = await joined.chain.prove(head, claims)  # it verifies before it answers
    assert isinstance(proof.basis, SignedHeader)
    assert proof.basis.header.number == head

    await joined.chain.deliver(joined.hub.by_state([Acknowledge(first, b"done")]))
    assert await joined.chain.committed([first.sequence, second.sequence]) == {2}
    assert PacketAcknowledged(HERE, AT_HUB, first.sequence) in await joined.everything()


async def test_a_timeout_is_proven_by_the_hub_s_state(joined: JoinedChain) -> None:
    await joined.send(until=joined.hub.time + 60)
    packet = sent_packet(next(event for event in await joined.everything() if isinstance(event, PacketSent)))
    with pytest.raises(DeliveryRefused, match="TimeoutNotReached"):
        await joined.chain.deliver(joined.hub.by_state([TimeOut(packet)]))
    joined.hub.time = UnixSeconds(packet.timeout)
    await joined.chain.deliver(joined.hub.by_state([TimeOut(packet)]))
    assert PacketTimedOut(HERE, AT_HUB, packet.sequence) in await joined.everything()


async def test_a_received_packet_cannot_be_timed_out(joined: JoinedChain) -> None:
    await joined.send(until=joined.hub.time + 60)
    packet = sent_packet(next(event for event in await joined.everything() if isinstance(event, PacketSent)))
    joined.hub.time = UnixSeconds(packet.timeout)
    joined.hub.receive(packet)
    with pytest.raises(DeliveryRefused, match="NotANonMembershipProof"):
        await joined.chain.deliver(joined.hub.by_state([TimeOut(packet)]))


@asynccontextmanager
async def refusing(joined: JoinedChain) -> AsyncIterator[None]:
    """The application reverts at everything, with a reason."""
    text = b"closed on Sundays"
    reason = b"".join((keccak256(b"Error(string)")[:4], word(32), word(len(text)), text.ljust(32, b"\x00")))
    size = len(reason)
    code = bytes((0x60, size, 0x60, 12, 0x60, 0, 0x39, 0x60, size, 0x60, 0, 0xFD)) + reason  # copy it, revert with it
    place = "0x" + joined.application.address.hex()
    before = await joined.anvil.rpc("eth_getCode", place, "latest")
    await joined.anvil.rpc("anvil_setCode", place, "0x" + code.hex())
    await joined.anvil.mine(1)  # the newest block's header does not say so yet
    yield
    await joined.anvil.rpc("anvil_setCode", place, before)
    await joined.anvil.mine(1)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


async def test_an_application_that_fails_costs_only_its_own_packet(joined: JoinedChain) -> None:
    await joined.send(b"first")
    await joined.send(b"second")
    events = await joined.everything()
    first, second = (sent_packet(event) for event in events if isinstance(event, PacketSent))
    both = joined.hub.by_batch([Receive(joined.hub.packet(1)), Acknowledge(first, b"done")])
    async with refusing(joined):
        delivered = await joined.chain.deliver(both)
        assert {number: error.cause for number, error in delivered.refused.items()} == {
            first.sequence: "Error(message: closed on Sundays)"
        }
        assert delivered.gas < 300_000
        assert await joined.chain.received([PacketSequence(1)]) == {1}
        assert await joined.chain.committed([first.sequence]) == {first.sequence}
        height = await joined.anvil.height()
        for steps in ([Acknowledge(first, b"done")], [Acknowledge(first, b"done"), Acknowledge(second, b"done")]):
            with pytest.raises((ApplicationRefused, DeliveryRefused), match="closed on Sundays"):
                await joined.chain.deliver(joined.hub.by_state(steps))
        with pytest.raises(ApplicationRefused, match="packet 2 from chain fails"):
            await joined.chain.deliver(joined.hub.by_state([Acknowledge(second, b"done")]))
        assert await joined.anvil.height() == height, "nothing was sent"
    (told,) = await failures(joined, first.sequence)
    assert told.what == "not settled, its application failed: Error(message: closed on Sundays)"
    assert (told.height, told.transaction) == (height, delivered.transaction)
    assert await failures(joined, second.sequence) == []
    delivered = await joined.chain.deliver(joined.hub.by_state([Acknowledge(first, b"done")]))
    assert not delivered.refused
    assert PacketAcknowledged(HERE, AT_HUB, first.sequence) in await joined.everything()
    assert await failures(joined, first.sequence) == [told]


async def failures(joined: JoinedChain, sequence: PacketSequence) -> list[Failure]:
    """What a packet's life tells of its application."""
    router = hex_of(joined.router)
    chain = ChainFile("a", 1, (joined.anvil.url,), "depth:0", AT_HUB, HERE, router, router, router, 0)
    steps = await joined.chain.scan(Height(1), (await joined.chain.latest()).height)
    return await failures_on_evm_chain(
        chain, sequence, [one for one in steps if getattr(one.event, "sequence", 0) == sequence]
    )


async def test_a_timeout_that_its_application_fails_waits(joined: JoinedChain) -> None:
    await joined.send(until=joined.hub.time + 60)
    packet = sent_packet(next(event for event in await joined.everything() if isinstance(event, PacketSent)))
    joined.hub.time = UnixSeconds(packet.timeout)
    async with refusing(joined):
        with pytest.raises(ApplicationRefused, match="closed on Sundays"):
            await joined.chain.deliver(joined.hub.by_state([TimeOut(packet)]))
    await joined.chain.deliver(joined.hub.by_state([TimeOut(packet)]))
    assert not await joined.chain.committed([packet.sequence])


async def test_no_transaction_asks_for_more_gas_than_the_chain_allows(anvil: AnvilChain) -> None:
    snapshot = await anvil.rpc("evm_snapshot")
    async with joined_chain(anvil, limits=Limits(50, 65536, gas=290_000)) as joined:
        packets = [joined.hub.packet(sequence) for sequence in range(1, 12)]
        with pytest.raises(DeliveryRefused, match="TooMuchGas"):
            await joined.chain.deliver(joined.hub.by_batch([Receive(packet) for packet in packets]))
        delivered = await joined.chain.deliver(joined.hub.by_batch([Receive(packets[0])]))
        found = await anvil.rpc("eth_getTransactionByHash", "0x" + delivered.transaction.hex())
        assert int(found["gas"], 16) <= 290_000
    await anvil.rpc("evm_revert", snapshot)


async def test_acknowledgements_and_missing_receipts_are_proven_to_the_hub(joined: JoinedChain) -> None:
    steps = [Receive(joined.hub.packet(sequence)) for sequence in range(1, 6)]
    await joined.chain.deliver(joined.hub.by_batch(steps))
    between = (await joined.chain.finalised()).height
    await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(6))]))
    acknowledged = Claims(
        present=[
            (Path(PathKind.ACKNOWLEDGEMENT, HERE, PacketSequence(n)), acknowledgement_commitment(b"\x01"))
            for n in (2, 5)
        ],
        absent=[Path(PathKind.RECEIPT, HERE, PacketSequence(n)) for n in (6, 7, 900)],
    )
    with pytest.raises(NotProvable, match="has not been read yet"):
        await joined.chain.prove(between, acknowledged)
    await joined.everything()
    proof = await joined.chain.prove(
        between, acknowledged
    )  # six was received later: the window and the word of then count
    assert [len(window.entries) for window in proof.storage.windows] == [5]


async def test_the_client_of_the_hub_is_seen_and_updated(joined: JoinedChain) -> None:
    before = await joined.chain.hub_client()
    assert (before.status, before.latest.height, before.trusting_period) == (ClientStatus.ACTIVE, 1, 86_400)
    joined.hub.time = UnixSeconds(joined.hub.time + 5)
    await joined.chain.update(joined.hub.checkpoint())
    after = await joined.chain.hub_client()
    assert (after.latest.height, after.latest.time) == (Height(2), joined.hub.time)


async def test_a_refusal_has_the_contract_s_name_and_costs_nothing(joined: JoinedChain) -> None:
    sender = account(1).address
    count = await joined.anvil.rpc("eth_getTransactionCount", sender, "latest")
    late = joined.hub.packet(1, timeout=joined.hub.time - 10)
    with pytest.raises(DeliveryRefused) as refused:
        await joined.chain.deliver(joined.hub.by_batch([Receive(late)]))
    assert refused.value.error == "TimeoutElapsed"
    assert refused.value.arguments["timeout"] == str(late.timeout)
    assert (
        await joined.anvil.rpc("eth_getTransactionCount", "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "latest")
        == count
    )


def test_nodes_are_sent_once_and_embedded_ones_within_their_parents() -> None:
    root, shared, leaf, embedded = b"\x01" * 40, b"\x02" * 32, b"\x03" * 50, b"\x04" * 31
    paths = [[root, shared, embedded], [root, shared, leaf], [b"\x80"]]
    assert distinct_nodes([["0x" + node.hex() for node in path] for path in paths]) == (root, shared, leaf, b"\x80")

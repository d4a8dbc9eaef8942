"""A ledger as a relayer sees it: its own proofs believed by a hub, and the hub's delivered to it."""

import asyncio
from dataclasses import replace
from typing import cast

import msgspec
import pytest

from adapters.chain import Acknowledge, Chain, Receive, TimeOut, Validators
from adapters.errors import DeliveryRefused, EndpointFault, NotProvable, SenderRefused
from adapters.permissioned.chain import LedgerChain, LedgerSettings
from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.service import calls
from adapters.permissioned.ledger.service.calls import CallState
from hub import messages as hub_messages
from hub.block import ResultCode
from hub.client import HubClient
from hub.clients.base import ClientStatus, ProvenPoint
from hub.clients.quorum import BatchPaths, Config, Proof, StateProofs, WholeBatch
from hub.engine.errors import CheckpointWithheld, RateLimited
from hub.errors import HubError
from hub.events import (
    AcknowledgementWritten,
    PacketReceived,
    PacketTimedOut,
    ServiceResulted,
    ValidatorSetChanged,
    ValidatorSetProposed,
)
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import Member, SignerSet
from hub.quantities import Epoch, Height, Power, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.rpc.errors import HubUnreachable
from hub.services import requests
from hub.signer import KeySigner
from hub.state.errors import HeightNotRetained
from relayers.courier import spoils_its_batch
from relayers.flow import packet_of
from relayers.hub_side import claims_of
from relayers.metrics import RelayerMetrics
from relayers.packets import PacketRelayer, Path, Rhythm
from relayers.plan import Kind, Task
from tests.unit import certificate_workshop as workshop
from tests.unit.desk import ANN
from tests.unit.hub_chain import PROVIDER, RELAYER, VALIDATOR
from tests.unit.hub_world import one
from tests.unit.ledger_adapter_world import CARRIER, World, prove_to_hub
from tests.unit.machine_node import answering, refused
from tests.unit.member_ledger import SIGNERS
from tests.vectors.generate_quorum import ADDRESSES, KEYS


@pytest.fixture(params=[0, 2], ids=["both clients are quorum-0", "the hub's client is quorum-2"])
def world(request: pytest.FixtureRequest) -> World:
    made = World(other_clients=request.param)
    assert (made.at_hub == made.of_hub) is (request.param == 0)
    return made


class TestReading:
    async def test_the_newest_block_is_final(self, world: World) -> None:
        header = world.ledger.header
        assert await world.chain.latest() == await world.chain.finalised() == ProvenPoint(header.height, header.time)

    async def test_scan_gives_each_packet_event_of_the_hub_once_and_in_order(self, world: World) -> None:
        first = Height(world.ledger.header.height + 1)
        _, out = world.member_calls()
        (inward,) = world.hub_calls("hi")
        await world.chain.deliver(world.delivery(Receive(packet_of(inward))))
        last = world.ledger.header.height
        observed = await world.chain.scan(first, last)
        assert [type(entry.event).__name__ for entry in observed] == [
            "PacketSent",
            "PacketReceived",
            "AcknowledgementWritten",
        ]
        assert observed[0].event == out
        assert [entry.height for entry in observed] == [first, last, last]
        assert observed[1].position < observed[2].position
        assert all(entry.transaction == world.ledger.outcomes[entry.height - 1].results[0].hash for entry in observed)
        assert await world.chain.scan(first, Height(last - 1)) == observed[:1]
        assert await world.chain.scan(last, last) == observed[1:]
        assert await world.chain.scan(Height(last + 1), last) == []

    async def test_packets_of_another_client_are_not_ours(self, world: World) -> None:
        world.member_calls()
        settings = LedgerSettings("other", ClientId("quorum-7"), world.at_hub)
        other = LedgerChain(settings, world.node)
        assert await other.scan(Height(1), world.ledger.header.height) == []

    async def test_what_is_committed_and_received(self, world: World) -> None:
        _, out = world.member_calls()
        (inward,) = world.hub_calls("hi")
        some = {out.sequence, PacketSequence(out.sequence + 5)}
        assert await world.chain.committed(some) == {out.sequence}
        assert await world.chain.received({inward.sequence}) == set()
        await world.chain.deliver(world.delivery(Receive(packet_of(inward))))
        assert await world.chain.received({inward.sequence, PacketSequence(9)}) == {inward.sequence}

    async def test_what_the_ledger_believes_of_the_hub(self, world: World) -> None:
        await world.chain.update(world.hub.checkpoint(world.at_hub))
        view = await world.chain.hub_client()
        assert (view.latest.height, view.latest.time) == (world.hub.header.height, world.hub.now)
        assert (view.epoch, view.status, view.trusting_period) == (1, ClientStatus.ACTIVE, 86_400)

    async def test_a_node_that_does_not_answer_is_a_fault_of_the_endpoint(self, world: World) -> None:
        world.node.status = refused(HubUnreachable("localhost:1", "gone"))  # type: ignore[method-assign]
        with pytest.raises(EndpointFault, match="gone"):
            await world.chain.latest()


class TestProvingToTheHub:
    async def test_what_stands_in_the_block_s_batch_is_proven_by_it(self, world: World) -> None:
        _, sent = world.member_calls()
        height = world.ledger.header.height
        claims = claims_of([Task(Kind.RECEIVE, packet_of(sent), sent.lane, height, False)])
        proof = await world.chain.prove(height, claims)
        assert isinstance(proof.under, WholeBatch | BatchPaths)
        accepted = await prove_to_hub(world, Kind.RECEIVE, sent)
        assert one(accepted, PacketReceived).sequence == sent.sequence

    async def test_what_is_older_is_proven_in_the_state(self, world: World) -> None:
        _, sent = world.member_calls()
        world.ledger.block()
        height = world.ledger.header.height
        claims = claims_of([Task(Kind.RECEIVE, packet_of(sent), sent.lane, height, False)])
        assert isinstance((await world.chain.prove(height, claims)).under, StateProofs)
        assert one(await prove_to_hub(world, Kind.RECEIVE, sent), PacketReceived).sequence == sent.sequence

    async def test_an_answer(self, world: World) -> None:
        (sent,) = world.hub_calls("hi")
        await world.chain.deliver(world.delivery(Receive(packet_of(sent))))
        answer = one(world.ledger.outcomes[-1].events, AcknowledgementWritten).acknowledgement
        events = await prove_to_hub(world, Kind.ACKNOWLEDGE, sent, answers=[answer])
        assert one(events, ServiceResulted).code == 200

    async def test_an_absence(self, world: World) -> None:
        (sent,) = world.hub_calls("hi")
        world.ledger.block(advance=sent.timeout - world.ledger.now)
        world.hub.block(advance=sent.timeout - world.hub.now)
        assert one(await prove_to_hub(world, Kind.TIME_OUT, sent), PacketTimedOut).sequence == sent.sequence

    async def test_the_hub_is_shown_a_block(self, world: World) -> None:
        height = world.ledger.header.height
        update = await world.chain.client_update(height)
        assert world.hub.do(RELAYER, update).code is ResultCode.OK
        shown = await world.hub_node.client(world.at_hub)
        assert (shown.height, shown.time) == (height, world.ledger.now)

    @pytest.mark.parametrize("error", [HeightNotRetained(Height(1), Height(9)), CheckpointWithheld(1, b"\x01" * 32)])
    async def test_what_cannot_be_shown_is_told_so(self, world: World, error: HubError) -> None:
        _, sent = world.member_calls()
        height = world.ledger.header.height
        claims = claims_of([Task(Kind.RECEIVE, packet_of(sent), sent.lane, height, False)])
        world.node.checkpoint = refused(error)  # type: ignore[method-assign]
        for asked in (world.chain.prove(height, claims), world.chain.client_update(height)):
            with pytest.raises(NotProvable):
                await asked


class TestDelivering:
    async def test_a_whole_batch_and_a_part_of_one(self, world: World) -> None:
        sent = world.hub_calls(*(f"n{number}" for number in range(9)))
        delivery = world.delivery(*(Receive(packet_of(one)) for one in sent), batch=True)
        part = world.delivery(Receive(packet_of(sent[4])), batch=True)
        await world.chain.deliver(part)
        delivered = await world.chain.deliver(delivery)
        assert (delivered.height, delivered.gas) == (world.ledger.header.height, 0)
        assert delivered.transaction == world.ledger.outcomes[-1].results[0].hash
        assert await world.chain.received({one.sequence for one in sent}) == {one.sequence for one in sent}
        assert [type(_proof(messages[0]).under) for messages in world.sent] == [BatchPaths, WholeBatch]

    async def test_steps_of_each_kind_go_in_one_transaction(self, world: World) -> None:
        call_id, out = world.member_calls()
        await prove_to_hub(world, Kind.RECEIVE, out)
        respond = hub_messages.RespondService(call_id, 200, b'{"text":"back"}', "")
        answer = one(world.hub.do(PROVIDER, respond).events, AcknowledgementWritten).acknowledgement
        (inward,) = world.hub_calls("hi")
        steps = (Receive(packet_of(inward)), Acknowledge(packet_of(out), answer))
        await world.chain.deliver(world.delivery(*steps))
        assert [type(message) for message in world.sent[-1]] == [m.AcknowledgePackets, m.ReceivePackets]
        record = calls.call(world.ledger.state, call_id)
        assert record is not None
        assert (record.state, record.output) == (CallState.RESULTED, b'{"text":"back"}')
        assert await world.chain.committed({out.sequence}) == set()

    async def test_a_timeout(self, world: World) -> None:
        call_id, out = world.member_calls()
        world.hub.block(advance=out.timeout - world.hub.now)
        world.ledger.block(advance=world.hub.now - world.ledger.now)
        await world.chain.deliver(world.delivery(TimeOut(packet_of(out))))
        assert await world.chain.committed({out.sequence}) == set()
        record = calls.call(world.ledger.state, call_id)
        assert record is not None
        assert record.state is CallState.TIMED_OUT

    async def test_a_refusal_names_the_rule_and_changes_nothing(self, world: World) -> None:
        (sent,) = world.hub_calls("hi")
        delivery = world.delivery(
            Receive(msgspec.structs.replace(packet_of(sent), timeout=UnixSeconds(sent.timeout + 1)))
        )
        before = world.ledger.header
        with pytest.raises(DeliveryRefused) as refusal:
            await world.chain.deliver(delivery)
        assert refusal.value.error == "TreeRootMismatch"
        assert world.ledger.header == before

    async def test_a_checkpoint_of_another_epoch(self, world: World) -> None:
        (sent,) = world.hub_calls("hi")
        delivery = world.delivery(Receive(packet_of(sent)))
        checkpoint = world.hub.checkpoint(world.at_hub, epoch=2)
        with pytest.raises(DeliveryRefused) as refusal:
            await world.chain.deliver(replace(delivery, checkpoint=checkpoint))
        assert refusal.value.error == "WrongEpoch"
        assert not spoils_its_batch(refusal.value)

    @pytest.mark.parametrize(("passed_s", "rule"), [(-90_000, "HeaderTooOld"), (4_000, "HeaderFromTheFuture")])
    async def test_a_checkpoint_of_another_time_is_refused_once(self, world: World, passed_s: int, rule: str) -> None:
        (sent,) = world.hub_calls("hi")
        delivery = world.delivery(Receive(packet_of(sent)))
        checkpoint = world.hub.checkpoint(world.at_hub, timestamp=world.hub.now + passed_s)
        with pytest.raises(DeliveryRefused) as refusal:
            await world.chain.deliver(replace(delivery, checkpoint=checkpoint))
        assert refusal.value.error == rule
        assert not spoils_its_batch(refusal.value)

    async def test_a_lane_that_the_ledger_does_not_know(self, world: World) -> None:
        (sent,) = world.hub_calls("hi")
        packet = packet_of(sent)
        other = msgspec.structs.replace(packet, payload=msgspec.structs.replace(packet.payload, version="another"))
        with pytest.raises(DeliveryRefused) as refusal:
            await world.chain.deliver(world.delivery(Receive(other)))
        assert refusal.value.error == "UnknownLane"

    async def test_a_revoked_relayer_is_no_fault_of_the_packets(self, world: World) -> None:
        (sent,) = world.hub_calls("hi")
        authority = world.ledger.roots[OrganisationId("port")]
        crl = workshop.revocations(authority, 1, world.ledger.members[CARRIER]).signed()
        world.ledger.do(ANN, m.UpdateRevocations(crl))
        with pytest.raises(SenderRefused, match="revoked") as refusal:
            await world.chain.deliver(world.delivery(Receive(packet_of(sent))))
        assert not spoils_its_batch(refusal.value)

    @pytest.mark.parametrize("error", [HubUnreachable("localhost:1", "gone"), RateLimited("you", "calls")])
    async def test_a_node_that_takes_nothing_now_is_asked_again_later(self, world: World, error: HubError) -> None:
        chain = LedgerChain(LedgerSettings("trade", world.of_hub, world.at_hub), world.node, refused(error))
        with pytest.raises(EndpointFault):
            await chain.update(world.hub.checkpoint(world.at_hub))

    async def test_without_a_member_nothing_is_sent(self, world: World) -> None:
        chain = LedgerChain(LedgerSettings("trade", world.of_hub, world.at_hub), world.node)
        with pytest.raises(SenderRefused):
            await chain.update(world.hub.checkpoint(world.at_hub))
        await chain.close()
        assert world.node.closed

    async def test_it_hands_over_to_the_hub_s_next_validators(self, world: World) -> None:
        next_set = SignerSet.of_equals(2, [ADDRESSES[VALIDATOR]])
        names_it = world.hub.checkpoint(world.at_hub, next_validator_set_hash=next_set.hash())
        await world.chain.rotate(names_it, next_set)
        assert (await world.chain.hub_client()).epoch == 2
        with pytest.raises(DeliveryRefused) as refusal:
            await world.chain.rotate(names_it, SignerSet.of_equals(3, [ADDRESSES[VALIDATOR]]))
        assert refusal.value.error == "WrongEpoch"


class TestItsOwnValidators:
    """They hand over by vote, once the ledger has what leads the hub's client on."""

    NEXT = a.ProposeValidators(tuple(sorted((ADDRESSES[key], 2) for key in SIGNERS[:3])))

    async def test_a_next_set_waits_for_the_hub_and_then_signs(self, world: World) -> None:
        first = world.ledger.header.height
        assert await world.chain.validators() == Validators(Epoch(1), Epoch(1), waits_for_hub=False)
        world.ledger.decide(self.NEXT)
        assert await world.chain.validators() == Validators(Epoch(1), Epoch(1), waits_for_hub=True)
        await world.chain.store_hand_over()
        assert await world.chain.validators() == Validators(Epoch(2), Epoch(1), waits_for_hub=False)
        made = await world.chain.request_block()
        assert made is not None
        assert made.height == world.ledger.header.height
        assert await world.chain.validators() == Validators(Epoch(2), Epoch(2), waits_for_hub=False)
        observed = await world.chain.scan(first, made.height)
        assert [type(entry.event) for entry in observed] == [ValidatorSetProposed, ValidatorSetChanged]
        assert [type(messages[0]) for messages in world.sent] == [m.StoreRotationCheckpoint]

    async def test_the_hub_s_client_is_handed_over_once(self, world: World) -> None:
        world.ledger.decide(self.NEXT)
        with pytest.raises(NotProvable, match="epoch 1"):
            await world.chain.hand_over(Epoch(1))
        await world.chain.store_hand_over()
        hand_over = await world.chain.hand_over(Epoch(1))
        assert [world.hub.do(RELAYER, hand_over).code for _ in range(2)] == [ResultCode.OK, ResultCode.NO_OP]
        believed = (await world.hub_node.client(world.at_hub)).config
        assert isinstance(believed, Config)
        assert (believed.validators.epoch, believed.validators.members) == (
            2,
            tuple(Member(address, Power(power)) for address, power in self.NEXT.validators),
        )

    async def test_what_the_ledger_does_not_wait_for_is_refused_by_name(self, world: World) -> None:
        with pytest.raises(DeliveryRefused) as refusal:
            await world.chain.store_hand_over()
        assert refusal.value.error == "NoRotationPending"
        early = world.ledger.checkpoint()
        world.ledger.decide(self.NEXT)
        world.node.checkpoint = answering(early)  # type: ignore[method-assign]
        with pytest.raises(DeliveryRefused) as refusal:
            await world.chain.store_hand_over()
        assert refusal.value.error == "WrongRotationCheckpoint"


async def test_the_relayer_carries_calls_both_ways(world: World) -> None:
    """The real relayer between both machines: each call has its result, proven by the other side's blocks."""
    call_id, out = world.member_calls()
    inward = world.hub_calls("old", "never")
    rhythm = Rhythm(poll_s=0.01, retry_s=0.01, hold_s=0.01)
    chain: Chain = world.chain
    path = Path(cast(HubClient, world.hub_node), KeySigner(KEYS[RELAYER]), chain, rhythm=rhythm)
    relaying = asyncio.create_task(PacketRelayer(path, RelayerMetrics()).run())
    try:
        async with asyncio.timeout(60):
            inward += world.hub_calls("new")
            while requests.request(world.hub.state, call_id) is None:  # noqa: ASYNC110  # a machine tells nobody
                await asyncio.sleep(0.01)
            world.hub.do(PROVIDER, hub_messages.RespondService(call_id, 200, b'{"text":"back"}', ""))
            open_here = {out.sequence}
            while await world.hub_node.commitments(world.at_hub) or await world.chain.committed(open_here):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)
    codes = [event.code for event in world.hub.events if isinstance(event, ServiceResulted)]
    assert sorted(codes) == [200, 200, 200, 400]
    record = calls.call(world.ledger.state, call_id)
    assert record is not None
    assert (record.state, record.output) == (CallState.RESULTED, b'{"text":"back"}')
    assert await world.chain.received({one.sequence for one in inward}) == {one.sequence for one in inward}


def _proof(message: m.AnyMessage) -> Proof:
    assert isinstance(message, m.ReceivePackets)
    assert isinstance(message.proof, Proof)
    return message.proof

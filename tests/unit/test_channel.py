"""The packet handlers that need a proof: one thing broken at a time, each refused by name; a repeat is a no-op."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hub import messages as m
from hub.block import ResultCode
from hub.clients.quorum import Proof, StateProofs
from hub.errors import HubError
from hub.events import (
    AcknowledgementWritten,
    ApplicationFailed,
    ClientUpdated,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
)
from hub.ibc import lane_registry
from hub.ibc.commitment import (
    ERROR_ACKNOWLEDGEMENT,
    Path,
    PathKind,
    acknowledgement_path,
    commitment_path,
    receipt_path,
)
from hub.ibc.errors import (
    InvalidPacket,
)
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord, decode_records, encode_records
from hub.ibc.packet import MAX_ACKNOWLEDGEMENT_BYTES, MAX_VALUE_BYTES, Packet
from hub.quantities import Hash, UnixSeconds
from hub.quantities import Sequence as Number
from hub.services.application import ENCODING, PORT, VERSION
from hub.state.context import Context
from tests.unit.hub_chain import OPERATOR, RELAYER, START, HubChain, kept
from tests.unit.hub_world import World, one
from tests.unit.ledger_chain import echo
from tests.vectors.writing import label

replace = msgspec.structs.replace


def refused(hub: HubChain, message: Any) -> str:
    """The reason for which the hub refuses a message; nothing has changed."""
    before = kept(hub.state)
    result = hub.try_(RELAYER, message)
    assert result.code is ResultCode.REFUSED
    assert not result.events
    assert kept(hub.state) == before
    return result.reason


@pytest.fixture
def world() -> World:
    return World()


# --- receive ---


def test_receive_writes_a_receipt_and_the_application_acts(world: World) -> None:
    sequence, events = world.accept()
    assert one(events, PacketReceived).sequence == sequence
    assert one(events, ClientUpdated) == ClientUpdated(world.a.client, world.a.height, world.a.time)
    assert world.hub.state.get(receipt_path(world.a.client, sequence)) == b"\x01"
    assert world.hub.state.get(acknowledgement_path(world.a.client, sequence)) is None


def test_receive_twice_is_a_no_op_even_with_a_broken_proof(world: World) -> None:
    sequence, _ = world.accept()
    before = kept(world.hub.state)
    message = world.a.receive_message(sequence)
    assert world.hub.do(RELAYER, message).code is ResultCode.NO_OP
    assert world.hub.do(RELAYER, replace(message, proof=world.a.proof([]))).code is ResultCode.NO_OP
    assert kept(world.hub.state) == before


def test_one_packet_named_twice_in_a_batch_takes_effect_once(world: World) -> None:
    sequence = world.a.send(b"call that cannot be read")
    message = world.a.receive_message(sequence, sequence)
    result = world.hub.do(RELAYER, message)
    assert len([event for event in result.events if isinstance(event, PacketReceived)]) == 1


def test_a_batch_with_some_received_before_brings_the_rest(world: World) -> None:
    sequences = [world.a.send(b"packet %d" % number) for number in range(3)]
    world.hub.do(RELAYER, world.a.receive_message(sequences[1]))
    result = world.hub.do(RELAYER, world.a.receive_message(*sequences))
    assert [event.sequence for event in result.events if isinstance(event, PacketReceived)] == [1, 3]


def with_record(message: Any, place: int = 0, **changes: Any) -> Any:
    """The message with one lane record changed."""
    records = decode_records(message.records)
    fields = {name: getattr(records[place], name) for name in ("lane", "sequence", "timeout", "value")}
    records[place] = LaneRecord(**(fields | changes))
    return replace(message, records=encode_records(records))


RECEIVE: list[tuple[str, Callable[[World, m.ReceivePackets], Any], str]] = [
    ("another value", lambda w, r: with_record(r, value=b"another"), "TREE_ROOT_MISMATCH"),
    ("another sequence", lambda w, r: with_record(r, sequence=7), "TREE_ROOT_MISMATCH"),
    ("a later timeout", lambda w, r: with_record(r, timeout=w.hub.now + 61), "TREE_ROOT_MISMATCH"),
    ("an elapsed timeout", lambda w, r: with_record(r, timeout=w.hub.now + 1), "TIMEOUT_ELAPSED"),
    ("a lane that is not there", lambda w, r: with_record(r, lane=99), "UNKNOWN_LANE"),
    ("the lane back", lambda w, r: with_record(r, lane=w.a.hub_outward), "LANE_OF_OTHER_CLIENT"),
    ("another chain's lane", lambda w, r: with_record(r, lane=w.b.hub_inward), "LANE_OF_OTHER_CLIENT"),
    ("another chain's client", lambda w, r: replace(r, client=w.b.client), "LANE_OF_OTHER_CLIENT"),
    ("a client that is not there", lambda w, r: replace(r, client="quorum-99"), "CLIENT_NOT_FOUND"),
    ("no identifier", lambda w, r: replace(r, client="Quorum 0"), "INVALID_IDENTIFIER"),
    ("no records", lambda w, r: replace(r, records=b""), "MALFORMED_LANE_RECORDS"),
    ("records cut short", lambda w, r: replace(r, records=r.records[:-1]), "MALFORMED_LANE_RECORDS"),
    ("an empty proof", lambda w, r: replace(r, proof=w.a.proof([])), "WRONG_PROOF_COUNT"),
    (
        "a proof too many",
        lambda w, r: replace(r, proof=w.a.proof([Path(PathKind.COMMITMENT, w.a.hub_client, Number(1))] * 2)),
        "WRONG_PROOF_COUNT",
    ),
    (
        "the same commitment under another path",
        lambda w, r: replace(r, proof=w.a.proof([Path(PathKind.COMMITMENT, w.a.hub_client, Number(2))])),
        "NOT_A_MEMBERSHIP_PROOF",
    ),
    ("a proof of another chain", lambda w, r: replace(r, proof=w.b.proof([])), "WRONG_CHAIN"),
    (
        "a checkpoint that names another root",
        lambda w, r: replace(r, proof=replace(r.proof, signed=w.a.checkpoint(app_root=Hash(label("x"))))),
        "TREE_ROOT_MISMATCH",
    ),
    (
        "a root without its signature",
        lambda w, r: replace(
            r,
            proof=Proof(
                replace(w.a.checkpoint(), checkpoint=w.a.checkpoint(app_root=Hash(label("x"))).checkpoint),
                StateProofs(()),
            ),
        ),
        "WRONG_SIGNER",
    ),
]


@pytest.mark.parametrize(("broken", "reason"), [pytest.param(b, r, id=n) for n, b, r in RECEIVE])
def test_receive_refuses(world: World, broken: Callable[[World, m.ReceivePackets], Any], reason: str) -> None:
    sequence = world.a.send(b"a packet")
    message = world.a.receive_message(sequence)
    assert refused(world.hub, broken(world, message)) == reason
    assert world.hub.do(RELAYER, message).code is ResultCode.OK


def test_a_lane_of_a_chain_whose_clients_have_the_same_names_as_ours_is_refused(world: World) -> None:
    """Our client ``quorum-5``, of a third chain, has the name of the ledgers' clients of us: their lanes end and begin
    in that name, but not at that chain's client of us.
    """
    hub, ledger, third = world.hub, world.a, ClientId("quorum-5")
    assert ledger.hub_client == third
    sequence, sent = world.forwarded()
    config = ledger.client_config(chain="third", genesis_hash=Hash(label("third")))
    hub.do(OPERATOR, *[m.CreateQuorumClient(config)] * 4)
    hub.do(OPERATOR, m.RegisterCounterparty(third, "quorum-9", 0, b"", config.genesis_hash))
    back = encode_records([replace(ledger.record(sequence), lane=ledger.hub_outward)])
    assert refused(hub, m.ReceivePackets(third, back, ledger.proof([]))) == "COUNTERPARTY_MISMATCH"
    there = encode_records([replace(ledger.hub_record(sent), lane=ledger.hub_inward)])
    assert refused(hub, m.AcknowledgePackets(third, there, (b"x",), ledger.proof([]))) == "COUNTERPARTY_MISMATCH"
    assert refused(hub, m.TimeOutPackets(third, there, ledger.proof([]))) == "COUNTERPARTY_MISMATCH"


def test_one_forged_packet_fails_its_whole_batch(world: World) -> None:
    sequences = [world.a.send(b"packet %d" % number) for number in range(3)]
    message = world.a.receive_message(*sequences)
    assert refused(world.hub, with_record(message, 2, value=b"forged")) == "TREE_ROOT_MISMATCH"


def test_a_value_over_the_limit_is_refused(world: World) -> None:
    with pytest.raises(InvalidPacket):
        world.a.send(b"x" * (MAX_VALUE_BYTES + 1))
    assert world.a.send(b"x" * MAX_VALUE_BYTES) == 1


def test_a_packet_longer_than_its_chain_may_send_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    message = world.a.receive_message(world.a.send(b"x" * 17))
    monkeypatch.setattr("hub.clients.registry.MAX_VALUE_BYTES", 16)
    assert refused(world.hub, message) == "INVALID_PACKET"
    monkeypatch.setattr("hub.clients.registry.MAX_VALUE_BYTES", 17)
    assert world.hub.do(RELAYER, message).code is ResultCode.OK


def test_service_accepts_only_service(world: World) -> None:
    lane = Lane(world.a.hub_client, world.a.client, PortId("transfer"), PORT, VERSION, ENCODING)
    unbound = Lane(world.a.hub_client, world.a.client, PORT, PortId("nothing"), VERSION, ENCODING)
    numbers = []
    for one_lane in (lane, unbound):
        fields = [getattr(one_lane, name) for name in m.RegisterLane.__struct_fields__]
        world.hub.do(OPERATOR, m.RegisterLane(*fields))
        numbers.append(lane_registry.number_of(world.hub.state, one_lane))
    message = world.a.receive_message(world.a.send(b"a packet"))
    assert refused(world.hub, with_record(message, lane=numbers[0])) == "SOURCE_PORT_REFUSED"
    assert refused(world.hub, with_record(message, lane=numbers[1])) == "PORT_NOT_REGISTERED"


def test_a_failing_application_fails_only_its_own_packet(world: World) -> None:
    good, bad = world.b, world.b.gateway
    first, second = (world.forwarded()[1] for _ in range(2))

    def behave(ctx: Context, packet: Packet) -> bytes:
        ctx.state.put(b"mark" + bytes((packet.sequence,)), b"\x01")
        if packet.sequence == first.sequence:
            raise InvalidPacket("the provider does not like it")
        return echo(packet)

    bad.behave = behave
    events = good.take_in(first, second)
    failed = one(events, ApplicationFailed)
    assert (failed.sequence, failed.reason) == (first.sequence, "INVALID_PACKET")
    answers = [event.acknowledgement for event in events if isinstance(event, AcknowledgementWritten)]
    assert answers[0] == ERROR_ACKNOWLEDGEMENT
    assert answers[1] != ERROR_ACKNOWLEDGEMENT
    assert good.state.get(b"mark\x01") is None
    assert good.state.get(b"mark\x02") == b"\x01"


@pytest.mark.parametrize("answer", [b"", b"x" * (MAX_ACKNOWLEDGEMENT_BYTES + 1), ERROR_ACKNOWLEDGEMENT])
def test_an_application_whose_answer_is_none_gets_the_error_acknowledgement(world: World, answer: bytes) -> None:
    world.b.gateway.behave = lambda ctx, packet: answer
    _, sent = world.forwarded()
    assert world.answer(sent) == ERROR_ACKNOWLEDGEMENT


def test_a_message_has_room_for_a_full_batch_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.relaying.MAX_PACKETS", 2)
    sequences = [world.a.send(b"packet %d" % number) for number in range(3)]
    assert refused(world.hub, world.a.receive_message(*sequences)) == "TOO_MANY_PACKETS"
    assert world.hub.do(RELAYER, world.a.receive_message(*sequences[:2])).code is ResultCode.OK


def test_256_packets_are_a_message_and_257_are_none(world: World) -> None:
    message = world.a.receive_message(world.a.send(b"a packet"))
    records = decode_records(message.records)
    assert refused(world.hub, replace(message, records=encode_records(records * 257))) == "TOO_MANY_PACKETS"
    assert world.hub.try_(RELAYER, replace(message, records=encode_records(records * 256))).reason != "TOO_MANY_PACKETS"


# --- acknowledge ---


def other_sequence(world: World, message: m.AcknowledgePackets) -> m.AcknowledgePackets:
    """The second packet's record under the first one's sequence."""
    altered: m.AcknowledgePackets = with_record(message, sequence=2)
    return altered


ACKNOWLEDGE: list[tuple[str, Callable[[World, m.AcknowledgePackets], Any], str]] = [
    ("another answer", lambda w, r: replace(r, acknowledgements=(b"another",)), "TREE_ROOT_MISMATCH"),
    (
        "the error acknowledgement",
        lambda w, r: replace(r, acknowledgements=(ERROR_ACKNOWLEDGEMENT,)),
        "TREE_ROOT_MISMATCH",
    ),
    ("no answer", lambda w, r: replace(r, acknowledgements=()), "INVALID_ACKNOWLEDGEMENT"),
    ("two answers", lambda w, r: replace(r, acknowledgements=r.acknowledgements * 2), "INVALID_ACKNOWLEDGEMENT"),
    ("another value", lambda w, r: with_record(r, value=b"another"), "COMMITMENT_MISMATCH"),
    ("another timeout", lambda w, r: with_record(r, timeout=START + 5), "COMMITMENT_MISMATCH"),
    ("another sequence", other_sequence, "COMMITMENT_MISMATCH"),
    ("the lane back", lambda w, r: with_record(r, lane=w.b.hub_inward), "LANE_OF_OTHER_CLIENT"),
    ("another chain's client", lambda w, r: replace(r, client=w.a.client), "LANE_OF_OTHER_CLIENT"),
    ("an empty proof", lambda w, r: replace(r, proof=w.b.proof([])), "WRONG_PROOF_COUNT"),
    (
        "a proof of the receipt",
        lambda w, r: replace(r, proof=w.b.proof([Path(PathKind.RECEIPT, w.b.hub_client, Number(1))])),
        "TREE_ROOT_MISMATCH",
    ),
]


@pytest.mark.parametrize(("broken", "reason"), [pytest.param(b, r, id=n) for n, b, r in ACKNOWLEDGE])
def test_acknowledge_refuses(world: World, broken: Callable[[World, Any], Any], reason: str) -> None:
    _, sent = world.forwarded()
    world.forwarded(input=world.a.sent[1].value[-96:-32] + b"other".ljust(32, b"\0"))
    message = world.b.acknowledge_message([sent], [world.answer(sent)])
    assert refused(world.hub, broken(world, message)) == reason
    assert world.hub.do(RELAYER, message).code is ResultCode.OK


def test_a_forged_packet_behind_a_sound_one_is_refused(world: World) -> None:
    pairs = [world.forwarded()[1] for _ in range(2)]
    answers = [event.acknowledgement for event in world.b.take_in(*pairs) if isinstance(event, AcknowledgementWritten)]
    message = world.b.acknowledge_message(pairs, answers)
    assert refused(world.hub, with_record(message, 1, value=b"forged")) == "COMMITMENT_MISMATCH"


def test_an_acknowledged_packet_is_gone_and_a_repeat_is_a_no_op(world: World) -> None:
    _, sent = world.forwarded()
    message = world.b.acknowledge_message([sent], [world.answer(sent)])
    world.hub.do(RELAYER, message)
    assert world.hub.state.get(commitment_path(world.b.client, sent.sequence)) is None
    before = kept(world.hub.state)
    assert world.hub.do(RELAYER, message).code is ResultCode.NO_OP
    assert world.hub.do(RELAYER, with_record(message, value=b"another")).code is ResultCode.NO_OP
    assert kept(world.hub.state) == before


# --- timeout ---


def late(world: World) -> tuple[PacketSent, m.TimeOutPackets]:
    """A packet to ``b`` that nobody carried, its time over on both chains."""
    _, sent = world.forwarded(deadline=UnixSeconds(world.hub.now + 60))
    world.hub.block(advance=int(sent.timeout - world.hub.now))
    world.b.block()
    return sent, world.b.timeout_message(sent)


TIMEOUT: list[tuple[str, Callable[[World, m.TimeOutPackets], Any], str]] = [
    ("an earlier timeout value", lambda w, r: with_record(r, timeout=START + 5), "COMMITMENT_MISMATCH"),
    ("another value", lambda w, r: with_record(r, value=b"another"), "COMMITMENT_MISMATCH"),
    ("another chain's client", lambda w, r: replace(r, client=w.a.client), "LANE_OF_OTHER_CLIENT"),
    ("an empty proof", lambda w, r: replace(r, proof=w.b.proof([])), "WRONG_PROOF_COUNT"),
    (
        "a proof of another receipt",
        lambda w, r: replace(r, proof=w.b.proof([Path(PathKind.RECEIPT, w.b.hub_client, Number(2))])),
        "TREE_ROOT_MISMATCH",
    ),
    (
        "a time before the timeout",
        lambda w, r: replace(
            r, proof=replace(r.proof, signed=w.b.checkpoint(timestamp=decode_records(r.records)[0].timeout - 1))
        ),
        "TIMEOUT_NOT_REACHED",
    ),
]


@pytest.mark.parametrize(("broken", "reason"), [pytest.param(b, r, id=n) for n, b, r in TIMEOUT])
def test_timeout_refuses(world: World, broken: Callable[[World, Any], Any], reason: str) -> None:
    world.b.block()
    world.b.state.apply({b"other": b"\x01"})  # so that a proof ends in another leaf
    _, message = late(world)
    assert refused(world.hub, broken(world, message)) == reason
    assert world.hub.do(RELAYER, message).code is ResultCode.OK


def test_a_timeout_at_its_very_second(world: World) -> None:
    sent, message = late(world)
    exact = replace(message, proof=replace(message.proof, signed=world.b.checkpoint(timestamp=sent.timeout)))
    result = world.hub.do(RELAYER, exact)
    assert one(result.events, PacketTimedOut).sequence == sent.sequence
    assert world.hub.do(RELAYER, exact).code is ResultCode.NO_OP


def test_a_received_packet_cannot_time_out(world: World) -> None:
    _, sent = world.forwarded(deadline=UnixSeconds(world.hub.now + 60))
    world.answer(sent)
    world.hub.block(advance=int(sent.timeout - world.hub.now))
    world.b.block()
    assert refused(world.hub, world.b.timeout_message(sent)) == "NOT_A_NON_MEMBERSHIP_PROOF"


def test_a_packet_is_received_until_its_timeout_and_not_at_it(world: World) -> None:
    first, second = world.a.send(b"first", timeout=60), world.a.send(b"second", timeout=60)
    world.hub.block(advance=int(world.a.sent[first].timeout - world.hub.now - 2))
    assert world.hub.try_(RELAYER, world.a.receive_message(first)).code is ResultCode.OK
    assert refused(world.hub, world.a.receive_message(second)) == "TIMEOUT_ELAPSED"
    world.a.block()
    world.a.give_up(second)
    assert world.a.gateway.timeouts == {second}
    with pytest.raises(HubError):
        world.a.give_up(first)

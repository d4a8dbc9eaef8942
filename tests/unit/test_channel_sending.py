"""The packet handlers where they begin: what may be sent, what is acknowledged later; ports and lanes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from hub import messages as m
from hub.block import ResultCode
from hub.clients.base import ClientStatus
from hub.clients.errors import ClientHasExpired, ClientIsFrozen
from hub.clients.quorum import Evidence, SignedElsewhere, Update
from hub.errors import HubError
from hub.events import (
    ApplicationFailed,
)
from hub.ibc import lane_registry
from hub.ibc.channel import Route
from hub.ibc.commitment import (
    ERROR_ACKNOWLEDGEMENT,
    acknowledgement_commitment,
    acknowledgement_path,
    commitment_path,
)
from hub.ibc.errors import (
    AcknowledgementExists,
    CounterpartyNotRegistered,
    CounterpartyTimeReached,
    InvalidAcknowledgement,
    InvalidLane,
    InvalidPacket,
    LaneAlreadyRegistered,
    NoPendingPacket,
    PacketError,
    PortNotOwned,
    PortNotRegistered,
    ReceiptMissing,
    TimeoutElapsed,
    TimeoutTooFar,
)
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane
from hub.ibc.packet import MAX_ACKNOWLEDGEMENT_BYTES, Packet
from hub.ibc.ports import Ports
from hub.proofs.eip712 import SaltDomain
from hub.quantities import Hash, UnixSeconds
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.errors import ServiceError
from hub.state.branch import Branch
from hub.state.context import Context
from tests.unit.hub_chain import RELAYER
from tests.unit.hub_world import World, one
from tests.unit.ledger_chain import Gateway, Ledger
from tests.vectors.writing import label


@pytest.fixture
def world() -> World:
    return World()


# --- send and acknowledge later, on a channel of our own ---


@dataclass
class Later:
    """An application that answers when it likes."""

    failing: bool = False
    told: list[str] = field(default_factory=list)

    def accepts(self, source_port: PortId) -> bool:
        return True

    def on_receive(self, ctx: Context, packet: Packet) -> bytes | None:
        return None

    def on_acknowledge(self, ctx: Context, packet: Packet, acknowledgement: bytes) -> None:
        ctx.state.put(b"told", b"\x01")
        if self.failing:
            raise ServiceError
        self.told.append("acknowledged")

    def on_timeout(self, ctx: Context, packet: Packet) -> None:
        raise AssertionError


def route(ledger: Ledger, **changes: Any) -> Route:
    fields: dict[str, Any] = {
        "source_client": ledger.hub_client,
        "source_port": PORT,
        "destination_port": PORT,
        "version": VERSION,
        "encoding": ENCODING,
    }
    return Route(**(fields | changes))


def context(ledger: Ledger) -> Context:
    return Context(Branch(ledger.state), ledger.height, ledger.time)


def test_send_refuses(world: World) -> None:
    ledger, ctx = world.a, context(world.a)
    now, send = ledger.time, ledger.channel.send
    stranger, gateway, good = Gateway(), ledger.gateway, route(ledger)
    unregistered = ledger.clients.all(ledger.state)[0]
    late_time, far = UnixSeconds(now), UnixSeconds(now + 24 * 3600 + 1)
    attempts: tuple[tuple[type[HubError], Callable[[], object]], ...] = (
        (PortNotOwned, lambda: send(ctx, stranger, good, UnixSeconds(now + 60), b"x")),
        (
            PortNotRegistered,
            lambda: send(ctx, gateway, route(ledger, source_port="nothing"), UnixSeconds(now + 60), b"x"),
        ),
        (
            CounterpartyNotRegistered,
            lambda: send(ctx, gateway, route(ledger, source_client=unregistered), UnixSeconds(now + 60), b"x"),
        ),
        (TimeoutElapsed, lambda: send(ctx, gateway, good, late_time, b"x")),
        (TimeoutTooFar, lambda: send(ctx, gateway, good, far, b"x")),
        (InvalidPacket, lambda: send(ctx, gateway, good, UnixSeconds(now + 60), b"")),
        (InvalidPacket, lambda: send(ctx, gateway, route(ledger, version=""), UnixSeconds(now + 60), b"x")),
    )
    for error, attempt in attempts:
        with pytest.raises(error):
            attempt()
    assert not ctx.changes()
    assert not ctx.events
    assert not ctx.outbox
    assert send(ctx, gateway, good, UnixSeconds(now + 24 * 3600), b"x") == 1


def test_send_refuses_what_the_counterparty_could_not_receive_in_time(world: World) -> None:
    world.b.block(advance=100)
    world.hub.do(RELAYER, m.UpdateQuorumClient(world.b.client, Update(world.b.checkpoint())))
    _, events = world.accept(deadline=world.b.time)
    assert "no provider of echo is available" in world.result(events).message
    ledger, ctx = world.a, context(world.a)
    world.hub.block(advance=50)
    ledger._transact(
        lambda inner: ledger.clients.update(
            inner.state, ledger.hub_client, Update(world.hub.checkpoint(world.a.client)), ledger.time
        )
    )
    ctx = Context(Branch(ledger.state), ledger.height, UnixSeconds(world.hub.now - 10))
    with pytest.raises(CounterpartyTimeReached):
        ledger.channel.send(ctx, ledger.gateway, route(ledger), world.hub.now, b"x")


def test_nothing_longer_is_sent_than_the_chain_it_goes_to_takes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.clients.registry.MAX_VALUE_BYTES", 16)
    with pytest.raises(InvalidPacket, match="17 bytes, 16 are allowed"):
        world.a.send(b"x" * 17)
    assert world.a.send(b"x" * 16) == 1


def test_a_frozen_or_expired_client_neither_sends_nor_receives(world: World) -> None:
    ledger = world.a
    sequence = ledger.send(b"a packet", timeout=20_000)
    message = ledger.receive_message(sequence)
    two = [ledger.checkpoint(block_hash=Hash(label(name))) for name in ("one", "two")]
    domain = SaltDomain(world.hub.app.genesis_hash)
    evidence = Evidence(*(SignedElsewhere(signed, domain) for signed in two))
    assert world.hub.do(RELAYER, m.ReportQuorumMisbehaviour(ledger.client, evidence)).code is ResultCode.OK
    assert world.hub.do(RELAYER, m.ReportQuorumMisbehaviour(ledger.client, evidence)).code is ResultCode.NO_OP
    assert world.hub.try_(RELAYER, message).reason == "CLIENT_IS_FROZEN"

    ctx = Context(Branch(ledger.state), ledger.height, UnixSeconds(ledger.time + 90_000))
    with pytest.raises(ClientHasExpired):
        ledger.channel.send(ctx, ledger.gateway, route(ledger), UnixSeconds(ctx.time + 60), b"x")
    assert ledger.clients.status(ledger.state, ledger.hub_client, ctx.time) is ClientStatus.EXPIRED
    hub_ctx = Context(Branch(world.hub.state), world.hub.header.height, world.hub.now)
    services = world.hub.app._execution.services
    with pytest.raises(ClientIsFrozen):
        services.send_request(hub_ctx, ledger.client, UnixSeconds(hub_ctx.time + 60), b"x")


def test_an_acknowledgement_written_later(world: World) -> None:
    world.b.gateway.behave = lambda ctx, packet: None
    _, sent = world.forwarded()
    ledger, client, sequence = world.b, world.b.hub_client, sent.sequence
    write = ledger.channel.write_acknowledgement
    with pytest.raises(ReceiptMissing):
        write(context(ledger), ledger.gateway, PORT, client, sequence, data=b"later")
    ledger.take_in(sent)
    for error, application, port, data in (
        (PortNotOwned, Gateway(), PORT, b"later"),
        (PortNotRegistered, ledger.gateway, PortId("nothing"), b"later"),
        (InvalidAcknowledgement, ledger.gateway, PORT, b""),
        (InvalidAcknowledgement, ledger.gateway, PORT, b"x" * (MAX_ACKNOWLEDGEMENT_BYTES + 1)),
        (InvalidAcknowledgement, ledger.gateway, PORT, ERROR_ACKNOWLEDGEMENT),
    ):
        ctx = context(ledger)
        with pytest.raises(error):
            write(ctx, application, port, client, sequence, data=data)
        assert not ctx.changes()
    ctx = context(ledger)
    write(ctx, ledger.gateway, PORT, client, sequence, data=b"x" * MAX_ACKNOWLEDGEMENT_BYTES)
    assert ctx.state.get(acknowledgement_path(client, sequence)) == acknowledgement_commitment(
        b"x" * MAX_ACKNOWLEDGEMENT_BYTES
    )
    assert ledger.channel.pending(ctx.state, client, sequence) is None
    with pytest.raises(AcknowledgementExists):
        write(ctx, ledger.gateway, PORT, client, sequence, data=b"again")


def test_only_the_packets_own_application_acknowledges_it_later(world: World) -> None:
    world.b.gateway.behave = lambda ctx, packet: None
    _, sent = world.forwarded()
    world.b.take_in(sent)
    other = Later()
    world.b.ports.register(PortId("other"), other)
    write = world.b.channel.write_acknowledgement
    with pytest.raises(PortNotOwned):
        write(context(world.b), other, PortId("other"), world.b.hub_client, sent.sequence, data=b"mine")


def test_a_packet_answered_at_once_waits_for_nothing(world: World) -> None:
    _, sent = world.forwarded()
    world.answer(sent)
    ctx = context(world.b)
    ctx.state.delete(acknowledgement_path(world.b.hub_client, sent.sequence))
    with pytest.raises(NoPendingPacket):
        world.b.channel.write_acknowledgement(ctx, world.b.gateway, PORT, world.b.hub_client, sent.sequence, data=b"x")


def test_an_application_that_fails_on_an_acknowledgement_leaves_its_packet_for_another_try(world: World) -> None:
    later = Later(failing=True)
    ledger = world.a
    ledger.ports._applications[PORT] = later
    ctx = ledger.begin()
    sequence = ledger.channel.send(ctx, later, route(ledger), UnixSeconds(world.hub.now + 60), b"not a call")
    ledger.end(ctx)
    world.hub.do(RELAYER, ledger.receive_message(sequence))
    events = ledger.learn([sequence], [ERROR_ACKNOWLEDGEMENT])
    assert one(events, ApplicationFailed).port == PORT
    assert ledger.state.get(commitment_path(ledger.hub_client, sequence)) is not None
    assert ledger.state.get(b"told") is None
    later.failing = False
    ledger.learn([sequence], [ERROR_ACKNOWLEDGEMENT])
    assert later.told == ["acknowledged"]
    assert ledger.state.get(commitment_path(ledger.hub_client, sequence)) is None


# --- lanes and ports ---


def test_a_port_has_one_application() -> None:
    ports, first = Ports(), Later()
    ports.register(PORT, first)
    ports.register(PORT, first)
    with pytest.raises(PortNotOwned):
        ports.register(PORT, Later())


def test_lanes_are_numbered_from_one_and_registered_once(world: World) -> None:
    numbers = [number for number, _ in lane_registry.lanes(world.hub.state)]
    assert numbers == [1, 2, 3, 4]
    outward, _ = world.a.lanes()
    ctx = Context(Branch(world.hub.state), world.hub.header.height, world.hub.now)
    with pytest.raises(LaneAlreadyRegistered):
        lane_registry.register(ctx, outward)
    for broken in (
        {"source_client": ClientId("quorum-77")},
        {"version": ""},
        {"encoding": "x" * 129},
        {"source_port": PortId("a b")},
    ):
        fields = {name: getattr(outward, name) for name in m.RegisterLane.__struct_fields__}
        with pytest.raises((InvalidLane, PacketError)):
            lane_registry.register(ctx, Lane(**(fields | broken)))
    assert not ctx.changes()


def test_lanes_have_room_for_as_many_as_a_record_can_name(world: World) -> None:
    outward, _ = world.a.lanes()
    ctx = Context(Branch(world.hub.state), world.hub.header.height, world.hub.now)
    lane_registry._NUMBERS.put(ctx.state, b"next", 65_534)
    assert lane_registry.register(ctx, replace(outward, version="last")) == 65_535
    with pytest.raises(InvalidLane, match="taken"):
        lane_registry.register(ctx, replace(outward, version="beyond"))

"""The packet handlers (ICS-4, IBC v2): send, receive, acknowledge, time out, and acknowledge later.

Each names what it is told of a counterparty, has the light client verify all of it at once, and then lets the
applications act. The cheap checks come first, so that a repeat costs next to nothing. A broken proof fails the whole
batch, a failing application only its own packet.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from hub.clients.base import Claims, ClientStatus
from hub.clients.errors import ClientHasExpired, ClientIsFrozen
from hub.errors import HubError
from hub.events import (
    AcknowledgementWritten,
    ApplicationFailed,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
)
from hub.ibc import lane_registry
from hub.ibc.commitment import (
    ERROR_ACKNOWLEDGEMENT,
    RECEIPT,
    Path,
    PathKind,
    acknowledgement_commitment,
    acknowledgement_path,
    commitment_path,
    receipt_path,
)
from hub.ibc.errors import (
    AcknowledgementExists,
    CommitmentMismatch,
    CounterpartyMismatch,
    CounterpartyTimeReached,
    InvalidAcknowledgement,
    InvalidPacket,
    LaneOfOtherClient,
    NoPendingPacket,
    PortNotOwned,
    ReceiptMissing,
    SequencesExhausted,
    SourcePortRefused,
    TimeoutElapsed,
    TimeoutNotReached,
    TimeoutTooFar,
)
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord
from hub.ibc.light_clients import LightClients
from hub.ibc.packet import MAX_ACKNOWLEDGEMENT_BYTES, MAX_TIMEOUT_SECONDS, validate_packet
from hub.ibc.ports import Application, Ports
from hub.quantities import MAX_U64, Hash, UnixSeconds
from hub.quantities import Sequence as Number
from hub.state.branch import StateReader
from hub.state.collections import Records, Room, text, u64
from hub.state.context import Context


class PendingPacket(msgspec.Struct, frozen=True, array_like=True):
    """A packet that was received and waits for its acknowledgement."""

    source_client: ClientId
    destination_port: PortId


@dataclass(frozen=True, slots=True)
class Route:
    """Where an application sends: our client of the other chain, both ports, and how the value is to be read."""

    source_client: ClientId
    source_port: PortId
    destination_port: PortId
    version: str
    encoding: str


class _Packet(msgspec.Struct, frozen=True):
    """A packet of a batch, its commitment worked out."""

    lane: Lane
    record: LaneRecord
    application: Application
    commitment: Hash


_PENDING = Records(Room.PENDING_PACKETS, PendingPacket)
_NEXT_SEQUENCES = Records(Room.NEXT_SEQUENCES, int)


class Channel:
    """The packet protocol of one chain. It holds nothing: all that it knows stands in the state."""

    def __init__(self, ports: Ports, clients: LightClients) -> None:
        self._ports = ports
        self._clients = clients

    def send(self, ctx: Context, sender: Application, route: Route, timeout: UnixSeconds, value: bytes) -> Number:
        """Commit a packet; its sequence.

        Raises PortNotOwned, CounterpartyNotRegistered, TimeoutElapsed, TimeoutTooFar, ClientIsFrozen, ClientHasExpired,
        CounterpartyTimeReached, InvalidPacket.
        """
        self._ports.require_owner(route.source_port, sender)
        other = self._clients.counterparty(ctx.state, route.source_client)
        _validate_timeout(timeout, ctx.time)
        self._require_active(ctx, route.source_client, timeout)
        sequence = self.next_sequence(ctx.state, route.source_client)
        if sequence == MAX_U64:
            raise SequencesExhausted(route.source_client)
        lane = _lane_of(route, other.client)
        record = LaneRecord(lane_registry.number_of(ctx.state, lane), sequence, timeout, value)
        validate_packet(lane.packet(record), self._clients.max_value_bytes(ctx.state, route.source_client))
        _NEXT_SEQUENCES.put(ctx.state, route.source_client.encode(), sequence + 1)
        path, commitment = commitment_path(route.source_client, sequence), lane.commitment(record)
        ctx.state.put(path, commitment)
        ctx.post(route.source_client, path, commitment)
        ctx.emit(_sent(lane, record))
        return sequence

    def receive(self, ctx: Context, client: ClientId, records: Sequence[LaneRecord], proof: object) -> bool:
        """Take in packets that the chain behind ``client`` has committed; False where all had been received before.

        Raises UnknownLane, LaneOfOtherClient, CounterpartyNotRegistered, CounterpartyMismatch, PortNotRegistered,
        SourcePortRefused, InvalidPacket, TimeoutElapsed, ClientError, ProofError.
        """
        packets, fresh = [], False
        for lane, record, application in self._arrivals(ctx, client, records):
            packets.append(_Packet(lane, record, application, lane.commitment(record)))
            fresh = fresh or ctx.state.get(receipt_path(client, record.sequence)) is None
        if not fresh:
            return False
        claims = Claims(present=tuple((_sent_path(p), p.commitment) for p in packets))
        self._clients.verify(ctx.state, client, proof, claims, ctx.time)
        for packet in packets:
            self._take_in(ctx, packet)
        return True

    def write_acknowledgement(
        self, ctx: Context, application: Application, port: PortId, client: ClientId, sequence: Number, *, data: bytes
    ) -> None:
        """Acknowledge a packet that was received earlier on ``client`` for ``port``.

        Raises PortNotOwned, ReceiptMissing, AcknowledgementExists, NoPendingPacket, InvalidAcknowledgement.
        """
        self._ports.require_owner(port, application)
        if ctx.state.get(receipt_path(client, sequence)) is None:
            raise ReceiptMissing(client, sequence)
        if ctx.state.get(acknowledgement_path(client, sequence)) is not None:
            raise AcknowledgementExists(client, sequence)
        pending = self.pending(ctx.state, client, sequence)
        if pending is None:
            raise NoPendingPacket(client, sequence)
        if pending.destination_port != port:
            raise PortNotOwned(pending.destination_port)
        _validate_acknowledgement(data)
        _PENDING.delete(ctx.state, _pending_key(client, sequence))
        _write(ctx, pending.source_client, client, sequence, data)

    def acknowledge(
        self, ctx: Context, client: ClientId, records: Sequence[LaneRecord], answers: Sequence[bytes], proof: object
    ) -> bool:
        """Learn what became of packets sent to the chain behind ``client``; False where all was known before.

        Raises InvalidAcknowledgement, UnknownLane, LaneOfOtherClient, CounterpartyMismatch, CommitmentMismatch,
        ClientError, ProofError.
        """
        if len(answers) != len(records):
            raise InvalidAcknowledgement(f"there are {len(records)} packets and {len(answers)} acknowledgements")
        packets, live = self._departures(ctx, client, records)
        if not live:
            return False
        claims = Claims(
            present=tuple(
                (_there(PathKind.ACKNOWLEDGEMENT, packet), acknowledgement_commitment(answer))
                for packet, answer in zip(packets, answers, strict=True)
            )
        )
        self._clients.verify(ctx.state, client, proof, claims, ctx.time)
        for packet, answer in zip(packets, answers, strict=True):
            self._close(ctx, packet, PacketAcknowledged, _acknowledged(answer))
        return True

    def time_out(self, ctx: Context, client: ClientId, records: Sequence[LaneRecord], proof: object) -> bool:
        """Learn that packets sent to the chain behind ``client`` were never received; False where that was known.

        Raises UnknownLane, LaneOfOtherClient, CounterpartyMismatch, CommitmentMismatch, ClientError, ProofError,
        TimeoutNotReached.
        """
        packets, live = self._departures(ctx, client, records)
        if not live:
            return False
        claims = Claims(absent=tuple(_there(PathKind.RECEIPT, packet) for packet in packets))
        point = self._clients.verify(ctx.state, client, proof, claims, ctx.time)
        for packet in packets:
            if point.time < packet.record.timeout:
                raise TimeoutNotReached(packet.record.timeout, point.time)
        for packet in packets:
            self._close(ctx, packet, PacketTimedOut, _timed_out)
        return True

    def next_sequence(self, state: StateReader, client: ClientId) -> Number:
        """The sequence that the next packet to the chain behind ``client`` gets."""
        return Number(_NEXT_SEQUENCES.get(state, client.encode()) or 1)

    def pending(self, state: StateReader, client: ClientId, sequence: Number) -> PendingPacket | None:
        """The packet from ``client`` that waits for its acknowledgement, if it does."""
        return _PENDING.get(state, _pending_key(client, sequence))

    def _require_active(self, ctx: Context, client: ClientId, timeout: UnixSeconds) -> None:
        status, latest = self._clients.status(ctx.state, client, ctx.time), self._clients.latest(ctx.state, client)
        if status is ClientStatus.FROZEN:
            raise ClientIsFrozen(client)
        if status is ClientStatus.EXPIRED:
            raise ClientHasExpired(client, latest.time)
        if latest.time >= timeout:
            raise CounterpartyTimeReached(timeout, latest.time)

    def _arrivals(
        self, ctx: Context, client: ClientId, records: Sequence[LaneRecord]
    ) -> Iterable[tuple[Lane, LaneRecord, Application]]:
        """The packets of a batch, if they may come in here at all; what is the same for a lane is checked once."""
        other = self._clients.counterparty(ctx.state, client)
        most = self._clients.max_value_bytes(ctx.state, client)
        known: dict[int, tuple[Lane, Application]] = {}
        for record in records:
            if record.lane not in known:
                lane = lane_registry.lane(ctx.state, record.lane)
                if lane.destination_client != client:
                    raise LaneOfOtherClient(record.lane, client)
                if lane.source_client != other.client:
                    raise CounterpartyMismatch(client, other.client, lane.source_client)
                application = self._ports.application(lane.destination_port)
                if not application.accepts(lane.source_port):
                    raise SourcePortRefused(lane.destination_port, lane.source_port)
                known[record.lane] = lane, application
            if len(record.value) > most:
                raise InvalidPacket(f"the payload's value has {len(record.value)} bytes, {most} are allowed")
            if ctx.time >= record.timeout:
                raise TimeoutElapsed(record.timeout, ctx.time)
            yield known[record.lane][0], record, known[record.lane][1]

    def _departures(self, ctx: Context, client: ClientId, records: Sequence[LaneRecord]) -> tuple[list[_Packet], bool]:
        """The packets of a batch, each the very one that was sent from here; and whether any waits for its end."""
        other = self._clients.counterparty(ctx.state, client)
        packets, live = [], False
        for record in records:
            lane = lane_registry.lane(ctx.state, record.lane)
            if lane.source_client != client:
                raise LaneOfOtherClient(record.lane, client)
            if lane.destination_client != other.client:
                raise CounterpartyMismatch(client, other.client, lane.destination_client)
            application, commitment = self._ports.application(lane.source_port), lane.commitment(record)
            sent = ctx.state.get(commitment_path(client, record.sequence))
            if sent is not None and sent != commitment:
                raise CommitmentMismatch(client, record.sequence)
            live = live or sent is not None
            packets.append(_Packet(lane, record, application, commitment))
        return packets, live

    def _take_in(self, ctx: Context, arrived: _Packet) -> None:
        client, sequence = arrived.lane.destination_client, arrived.record.sequence
        path = receipt_path(client, sequence)
        if ctx.state.get(path) is not None:
            return
        ctx.state.put(path, RECEIPT)
        ctx.emit(PacketReceived(arrived.lane.source_client, client, sequence))
        inner = ctx.branch()
        packet = arrived.lane.packet(arrived.record)
        try:
            answer = arrived.application.on_receive(inner, packet)
            if answer is not None:
                _validate_acknowledgement(answer)
        except HubError as error:
            ctx.emit(_failed(client, sequence, arrived.lane.destination_port, error))
            answer = ERROR_ACKNOWLEDGEMENT
        else:
            inner.keep()
        if answer is None:
            pending = PendingPacket(arrived.lane.source_client, arrived.lane.destination_port)
            _PENDING.put(ctx.state, _pending_key(client, sequence), pending)
        else:
            _write(ctx, arrived.lane.source_client, client, sequence, answer)

    def _close(
        self,
        ctx: Context,
        sent: _Packet,
        event: type[PacketAcknowledged] | type[PacketTimedOut],
        tell: Callable[[Context, _Packet], None],
    ) -> None:
        client, sequence = sent.lane.source_client, sent.record.sequence
        path = commitment_path(client, sequence)
        if ctx.state.get(path) is None:
            return
        inner = ctx.branch()
        inner.state.delete(path)
        inner.emit(event(client, sent.lane.destination_client, sequence))
        try:
            tell(inner, sent)
        except HubError as error:
            ctx.emit(_failed(client, sequence, sent.lane.source_port, error))
        else:
            inner.keep()


def _acknowledged(answer: bytes) -> Callable[[Context, _Packet], None]:
    def tell(ctx: Context, sent: _Packet) -> None:
        sent.application.on_acknowledge(ctx, sent.lane.packet(sent.record), answer)

    return tell


def _timed_out(ctx: Context, sent: _Packet) -> None:
    sent.application.on_timeout(ctx, sent.lane.packet(sent.record))


def _validate_timeout(timeout: UnixSeconds, now: UnixSeconds) -> None:
    if now >= timeout:
        raise TimeoutElapsed(timeout, now)
    if timeout > now + MAX_TIMEOUT_SECONDS:
        raise TimeoutTooFar(timeout, UnixSeconds(now + MAX_TIMEOUT_SECONDS))


def _validate_acknowledgement(data: bytes) -> None:
    if not 1 <= len(data) <= MAX_ACKNOWLEDGEMENT_BYTES:
        raise InvalidAcknowledgement(f"it has {len(data)} bytes, 1 to {MAX_ACKNOWLEDGEMENT_BYTES} are allowed")
    if data == ERROR_ACKNOWLEDGEMENT:
        raise InvalidAcknowledgement("the error acknowledgement is written for a failing application only")


def _write(ctx: Context, source: ClientId, client: ClientId, sequence: Number, data: bytes) -> None:
    path, commitment = acknowledgement_path(client, sequence), acknowledgement_commitment(data)
    ctx.state.put(path, commitment)
    ctx.post(client, path, commitment)
    ctx.emit(AcknowledgementWritten(source, client, sequence, data))


def _sent(lane: Lane, record: LaneRecord) -> PacketSent:
    return PacketSent(
        lane.source_client,
        lane.destination_client,
        record.sequence,
        record.timeout,
        lane.source_port,
        lane.destination_port,
        lane.version,
        lane.encoding,
        record.value,
        record.lane,
    )


def _failed(client: ClientId, sequence: Number, port: PortId, error: HubError) -> ApplicationFailed:
    return ApplicationFailed(client, sequence, port, error.reason(), str(error))


def _sent_path(packet: _Packet) -> Path:
    return Path(PathKind.COMMITMENT, packet.lane.source_client, packet.record.sequence)


def _there(kind: PathKind, packet: _Packet) -> Path:
    """A place in the counterparty's store, under its client of us."""
    return Path(kind, packet.lane.destination_client, packet.record.sequence)


def _pending_key(client: ClientId, sequence: Number) -> bytes:
    return text(client) + u64(sequence)


@lru_cache(maxsize=1024)
def _lane_of(route: Route, destination_client: ClientId) -> Lane:
    return Lane(
        route.source_client,
        destination_client,
        route.source_port,
        route.destination_port,
        route.version,
        route.encoding,
    )

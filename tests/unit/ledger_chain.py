"""A chain of our own beside the hub, with real proofs in both directions, and what a relayer carries between them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from hub import messages as m
from hub.clients.checkpoint import Checkpoint
from hub.clients.counterparty import Counterparty
from hub.clients.host import Host
from hub.clients.quorum import Config, Evidence, Proof, SignedCheckpoint, SignedElsewhere, StateProofs, Update
from hub.clients.registry import Clients
from hub.errors import HubError
from hub.events import Event, PacketSent
from hub.ibc import lane_registry
from hub.ibc.channel import Channel, Route
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import PortId
from hub.ibc.lanes import Lane, LaneRecord, encode_records
from hub.ibc.packet import Packet
from hub.ibc.ports import Ports
from hub.messages import AnyMessage
from hub.proofs.eip712 import SaltDomain
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.payload import Call, Request, Result
from hub.services.payload import ResultCode as Code
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context
from tests.unit.hub_chain import OPERATOR, VALIDATOR, HubChain, tree_of
from tests.vectors.generate_quorum import ADDRESSES, KEYS
from tests.vectors.writing import label

Behaviour = Callable[[Context, Packet], bytes | None]


@dataclass
class Gateway:
    """The application on port ``service`` of a ledger: consumers and providers at once, and it remembers all."""

    behave: Behaviour = lambda ctx, packet: echo(packet)
    received: list[Packet] = field(default_factory=list)
    results: dict[int, bytes] = field(default_factory=dict)
    timeouts: set[int] = field(default_factory=set)

    def accepts(self, source_port: PortId) -> bool:
        return source_port == PORT

    def on_receive(self, ctx: Context, packet: Packet) -> bytes | None:
        answer = self.behave(ctx, packet)
        self.received.append(packet)
        return answer

    def on_acknowledge(self, ctx: Context, packet: Packet, acknowledgement: bytes) -> None:
        assert packet.sequence not in self.results
        assert packet.sequence not in self.timeouts
        self.results[packet.sequence] = acknowledgement

    def on_timeout(self, ctx: Context, packet: Packet) -> None:
        assert packet.sequence not in self.results
        assert packet.sequence not in self.timeouts
        self.timeouts.add(packet.sequence)


def echo(packet: Packet) -> bytes:
    """Answer 200 with the input."""
    return Result(Code.ANSWERED, Request.decode(packet.payload.value).input).encode()


class Ledger:
    """A chain of our own with one validator, connected to the hub: the packet handlers over a state, block by block."""

    def __init__(self, hub: HubChain, name: str, validator: int) -> None:
        self.hub = hub
        self.name = name
        self.genesis_hash = Hash(label(name))
        self._key, self._signers = validator, SignerSet.of_equals(1, [ADDRESSES[validator]])
        self.state = MemoryState()
        self.clients = Clients(Host(self.genesis_hash, devnet=True))
        self.ports = Ports()
        self.channel = Channel(self.ports, self.clients)
        self.gateway = Gateway()
        self.ports.register(PORT, self.gateway)
        self.height, self.time = Height(1), hub.now
        self.tree = tree_of(self.state)
        self.sent: dict[int, PacketSent] = {}
        self._connect()

    def _connect(self) -> None:
        """Clients, counterparties and lanes, on both sides. Our client of the hub has another number than its of us."""
        hub, known = self.hub, set(self.hub.app.clients.all(self.hub.state))
        hub.do(OPERATOR, self.creation())
        (self.client,) = set(hub.app.clients.all(hub.state)) - known
        validators = SignerSet.of_equals(1, [ADDRESSES[VALIDATOR]])
        config = Config("hub-test", hub.app.genesis_hash, validators, Seconds(86_400), Seconds(3600))
        ctx = self.begin()
        for _ in range(6):
            self.hub_client = self.clients.create(ctx.state, config, self.time)
        salt = SaltDomain(hub.app.genesis_hash)
        self.clients.register_counterparty(ctx.state, self.hub_client, Counterparty(self.client, salt))
        outward, inward = self.lanes()
        self.outward, self.inward = lane_registry.register(ctx, outward), lane_registry.register(ctx, inward)
        self.end(ctx)
        hub.do(OPERATOR, self.registration())
        hub.do(OPERATOR, *(m.RegisterLane(*_lane_fields(lane)) for lane in (outward, inward)))
        self.hub_inward = lane_registry.number_of(hub.state, outward)
        self.hub_outward = lane_registry.number_of(hub.state, inward)

    def client_config(self, **changes: Any) -> Any:
        """What the hub's client of this ledger begins with: a configuration of its kind."""
        fields: dict[str, Any] = {
            "chain": self.name,
            "genesis_hash": self.genesis_hash,
            "validators": self._signers,
            "trusting_period": Seconds(86_400),
            "max_clock_drift": Seconds(3600),
        }
        return Config(**(fields | changes))

    def creation(self) -> AnyMessage:
        """By which the hub begins its client of this ledger."""
        return m.CreateQuorumClient(self.client_config())

    def registration(self) -> m.RegisterCounterparty:
        """By which the hub knows where its checkpoints for this ledger are read."""
        return m.RegisterCounterparty(self.client, self.hub_client, 0, Address(b""), self.genesis_hash)

    def lanes(self) -> tuple[Lane, Lane]:
        """To the hub, and from it."""
        ends = (PORT, PORT, VERSION, ENCODING)
        return Lane(self.hub_client, self.client, *ends), Lane(self.client, self.hub_client, *ends)

    def begin(self, advance: int = 1) -> Context:
        self.height, self.time = Height(self.height + 1), UnixSeconds(max(self.time + advance, self.hub.now))
        return Context(Branch(self.state), self.height, self.time)

    def end(self, ctx: Context) -> list[Event]:
        self.state.apply(ctx.state.changes)
        self.tree = tree_of(self.state)
        self.sent |= {event.sequence: event for event in ctx.events if isinstance(event, PacketSent)}
        return ctx.events

    def block(self, advance: int = 1) -> None:
        self.end(self.begin(advance))

    def call(self, call: Call, timeout: int = 60) -> Number:
        """A contract here calls a service."""
        return self.send(call.encode(), timeout)

    def send(self, value: bytes, timeout: int = 60) -> Number:
        """A packet to the hub that times out so many seconds after the hub's time."""
        ctx = self.begin(advance=0)
        route = Route(self.hub_client, PORT, PORT, VERSION, ENCODING)
        sequence = self.channel.send(ctx, self.gateway, route, UnixSeconds(self.hub.now + timeout), value)
        self.end(ctx)
        return sequence

    def checkpoint(self, **changes: Any) -> SignedCheckpoint:
        """The latest block as the validator signs it for the hub."""
        fields: dict[str, Any] = {
            "chain": self.name,
            "genesis_hash": self.genesis_hash,
            "source_client": self.hub_client,
            "destination_client": self.client,
            "epoch": Epoch(1),
            "height": self.height,
            "timestamp": self.time,
            "block_hash": Hash(label(f"{self.name} {self.height}")),
            "app_root": self.tree.root,
            "batch_root": EMPTY_BATCH_ROOT,
            "next_validator_set_hash": self._signers.hash(),
        }
        shown = Checkpoint(**(fields | changes))
        keys = {ADDRESSES[self._key]: KEYS[self._key]}
        return SignedCheckpoint(
            shown, sign_quorum(self._signers, keys, shown.digest(SaltDomain(self.hub.app.genesis_hash)))
        )

    def proof(self, paths: Iterable[Path]) -> Any:
        """What stands at these paths in the latest state: a proof of its client's kind."""
        return Proof(self.checkpoint(), StateProofs(tuple(self.tree.proof(path.encode()) for path in paths)))

    def news(self) -> AnyMessage:
        """The latest block, shown to the hub's client."""
        return m.UpdateQuorumClient(self.client, Update(self.checkpoint()))

    def dated(self, proof: Any, timestamp: UnixSeconds) -> Any:
        """A proof under the latest block, as if that had been signed with another time."""
        return replace(proof, signed=self.checkpoint(timestamp=timestamp))

    def forged(self, proof: Any) -> Any:
        """A proof under a root that was never signed."""
        root = self.checkpoint(app_root=Hash(b"\x01" * 32)).checkpoint
        return replace(proof, signed=replace(self.checkpoint(), checkpoint=root))

    def misbehaviour(self) -> AnyMessage:
        """The latest block and another one of its height, both signed as they should be."""
        domain = SaltDomain(self.hub.app.genesis_hash)
        one, another = (self.checkpoint(block_hash=Hash(label(name))) for name in ("one", "another"))
        evidence = Evidence(SignedElsewhere(one, domain), SignedElsewhere(another, domain))
        return m.ReportQuorumMisbehaviour(self.client, evidence)

    def replacement(self) -> AnyMessage:
        """By which the hub's client of this ledger is to begin anew."""
        return m.ScheduleQuorumReplacement(self.client, self.client_config())

    def begin_anew(self) -> None:
        """From now on sign for the client that has replaced the former one."""

    # --- what a relayer does ---

    def record(self, sequence: int) -> LaneRecord:
        """A packet sent from here, as it travels to the hub."""
        sent = self.sent[sequence]
        return LaneRecord(self.hub_inward, Number(sequence), sent.timeout, sent.value)

    def receive_message(self, *sequences: int) -> m.ReceivePackets:
        """Packets from here, proven to the hub."""
        paths = [Path(PathKind.COMMITMENT, self.hub_client, Number(sequence)) for sequence in sequences]
        records = encode_records(self.record(sequence) for sequence in sequences)
        return m.ReceivePackets(self.client, records, self.proof(paths))

    def hub_record(self, sent: PacketSent) -> LaneRecord:
        return LaneRecord(self.hub_outward, sent.sequence, sent.timeout, sent.value)

    def acknowledge_message(self, sent: Sequence[PacketSent], answers: Sequence[bytes]) -> m.AcknowledgePackets:
        """Acknowledgements of the hub's packets, proven to the hub."""
        paths = [Path(PathKind.ACKNOWLEDGEMENT, self.hub_client, one.sequence) for one in sent]
        records = encode_records(map(self.hub_record, sent))
        return m.AcknowledgePackets(self.client, records, tuple(answers), self.proof(paths))

    def timeout_message(self, *sent: PacketSent) -> m.TimeOutPackets:
        """The hub's packets were not received here, proven to the hub."""
        paths = [Path(PathKind.RECEIPT, self.hub_client, one.sequence) for one in sent]
        return m.TimeOutPackets(self.client, encode_records(map(self.hub_record, sent)), self.proof(paths))

    def take_in(self, *sent: PacketSent) -> list[Event]:
        """The hub's packets, proven to this ledger, in one transaction; raises HubError and changes nothing."""
        paths = [Path(PathKind.COMMITMENT, self.client, one.sequence) for one in sent]
        records = [LaneRecord(self.inward, one.sequence, one.timeout, one.value) for one in sent]
        proof = self.hub_proof(paths)
        return self._transact(lambda ctx: self.channel.receive(ctx, self.hub_client, records, proof))

    def learn(self, sequences: Sequence[int], answers: Sequence[bytes]) -> list[Event]:
        """Acknowledgements by the hub, proven to this ledger."""
        paths = [Path(PathKind.ACKNOWLEDGEMENT, self.client, Number(sequence)) for sequence in sequences]
        proof, records = self.hub_proof(paths), self._own_records(sequences)
        return self._transact(lambda ctx: self.channel.acknowledge(ctx, self.hub_client, records, answers, proof))

    def give_up(self, *sequences: int) -> list[Event]:
        """The hub has never received these, proven to this ledger."""
        paths = [Path(PathKind.RECEIPT, self.client, Number(sequence)) for sequence in sequences]
        proof, records = self.hub_proof(paths), self._own_records(sequences)
        return self._transact(lambda ctx: self.channel.time_out(ctx, self.hub_client, records, proof))

    def hub_proof(self, paths: Iterable[Path]) -> Proof:
        """What stands at these paths in the hub's latest state, as its validators sign it for this ledger."""
        return self.hub.proof(self.client, paths)

    def _own_records(self, sequences: Sequence[int]) -> list[LaneRecord]:
        return [
            LaneRecord(self.outward, Number(one), self.sent[one].timeout, self.sent[one].value) for one in sequences
        ]

    def _transact(self, act: Callable[[Context], object]) -> list[Event]:
        ctx = self.begin()
        inner = ctx.branch()
        try:
            act(inner)
        except HubError:
            self.end(ctx)
            raise
        inner.keep()
        return self.end(ctx)


def _lane_fields(lane: Lane) -> tuple[str, ...]:
    return (
        lane.source_client,
        lane.destination_client,
        lane.source_port,
        lane.destination_port,
        lane.version,
        lane.encoding,
    )

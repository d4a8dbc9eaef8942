"""A hub (the real App) and ledgers around it, with real proofs in both directions, for tests of the state machine."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hub import messages as m
from hub.accounts import money
from hub.accounts.accounts import account
from hub.accounts.transactions import sign_transaction, transaction_hash
from hub.app import App
from hub.block import BlockHeader, BlockOutcome, ResultCode, TransactionResult
from hub.clients.checkpoint import Checkpoint
from hub.clients.counterparty import Counterparty
from hub.clients.host import Host
from hub.clients.quorum import Config, Proof, SignedCheckpoint, StateProofs
from hub.clients.registry import Clients
from hub.errors import HubError
from hub.events import AcknowledgementWritten, AnyEvent, PacketSent
from hub.genesis import Genesis
from hub.ibc import lane_registry
from hub.ibc.channel import Channel, Route
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.lanes import Lane, LaneRecord, encode_records
from hub.ibc.packet import Packet
from hub.ibc.ports import Ports
from hub.messages import AnyMessage, Role, SignedTransaction, Transaction
from hub.parameters import Parameters
from hub.proofs.eip712 import SaltDomain
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.smt import tree_entry
from hub.quantities import Address, Amount, Epoch, Gas, Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from hub.services import requests
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.payload import Call, InputEncoding, Request, Result, caller_account
from hub.services.payload import ResultCode as Code
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context
from tests.unit.quorum_chain import ReferenceTree
from tests.vectors.generate_quorum import ADDRESSES, KEYS
from tests.vectors.writing import label

E = TypeVar("E")

START = UnixSeconds(1_760_000_000)
OPERATOR, MEMBER, RELAYER, CONSUMER, PROVIDER = range(5)
"""Numbers of keys: who they are."""
VALIDATOR = 10
PARAMETERS = Parameters(
    replacement_delay=Seconds(100),
    route_time=Seconds(10),
    least_grace=Seconds(20),
    settlement_time_limit=Seconds(500),
    rate_window=Seconds(1000),
    rate_cap=Amount(100_000),
)
SUPPLY = Amount(1_000_000)
JSON_SCHEMA = (
    '{"type":"object","properties":{"text":{"type":"string","maxLength":64}},'
    '"required":["text"],"additionalProperties":false}'
)
ABI = '[{"name":"text","type":"string"}]'


def genesis(**changes: Any) -> Genesis:
    """A devnet's genesis in which the consumer has all the money."""
    roles = {OPERATOR: (Role.OPERATOR, Role.CHAIN_OPERATOR), MEMBER: (Role.MEMBER,), PROVIDER: (Role.MEMBER,)}
    fields: dict[str, Any] = {
        "chain_id": "hub-test",
        "time": START,
        "devnet": True,
        "parameters": PARAMETERS,
        "balances": ((ADDRESSES[CONSUMER], SUPPLY),),
        "roles": tuple(sorted((ADDRESSES[number], role) for number, given in roles.items() for role in given)),
        "validators": SignerSet.of_equals(1, [ADDRESSES[VALIDATOR]]),
    }
    return Genesis(**(fields | changes))


def tree_of(state: MemoryState) -> ReferenceTree:
    return ReferenceTree(dict(tree_entry(key, value) for key, value in state.scan(b"\x00", b"\xff")))


class HubChain:
    """The hub as an engine would run it: every block executed, committed, its header made, its invariants looked at."""

    def __init__(self, **changes: Any) -> None:
        self.app = App(genesis(**changes))
        self.state = MemoryState()
        self.state.apply(self.app.genesis_changes())
        self.tree = tree_of(self.state)
        self.header = self.app.genesis_header(self.tree.root)
        self.outcome: BlockOutcome | None = None
        self.blocks: list[tuple[BlockHeader, tuple[SignedTransaction, ...]]] = []
        self.events: list[AnyEvent] = []

    @property
    def now(self) -> UnixSeconds:
        return self.header.time

    def sign(self, who: int, *messages: AnyMessage, **changes: Any) -> SignedTransaction:
        """A transaction of key ``who``, with its next nonce, some fields changed."""
        fields: dict[str, Any] = {
            "chain_id": self.app.genesis.chain_id,
            "account": ADDRESSES[who],
            "nonce": account(self.state, ADDRESSES[who]).nonce,
            "expiry": UnixSeconds(self.now + 3600),
            "fee": Amount(0),
            "gas_limit": Gas(0),
            "messages": messages,
        }
        transaction = Transaction(**(fields | changes))
        body = repr(transaction).encode()
        signature = sign_transaction(KEYS[who], self.app.genesis_hash, body)
        return SignedTransaction(body, signature, transaction_hash(body, signature), transaction)

    def block(self, *transactions: SignedTransaction, advance: int = 1) -> BlockOutcome:
        """Make a block ``advance`` seconds later."""
        height, time = Height(self.header.height + 1), UnixSeconds(self.now + advance)
        block = self.app.begin(self.state, height, time, self.header.hash())
        for signed in transactions:
            block.apply(signed)
        outcome = block.finish()
        self.state.apply(outcome.changes)
        self.tree = tree_of(self.state)
        self.header = self.app.header(outcome, self.tree.root)
        self.outcome = outcome
        self.blocks.append((self.header, transactions))
        self.events += outcome.events
        self.check_money()
        return outcome

    def try_(self, who: int, *messages: AnyMessage, advance: int = 1) -> TransactionResult:
        """One transaction in one block."""
        return self.block(self.sign(who, *messages), advance=advance).results[0]

    def do(self, who: int, *messages: AnyMessage, advance: int = 1) -> TransactionResult:
        """One transaction in one block, which must not be refused."""
        result = self.try_(who, *messages, advance=advance)
        assert result.code is not ResultCode.REFUSED, result.text
        return result

    def check_money(self) -> None:
        """Balances and escrows are the supply; the escrow is what open and unsettled requests hold."""
        held = sum(r.fee for r in requests.requests(self.state) if r.escrow is requests.Escrow.HELD)
        assert held == money.escrowed(self.state)
        assert money.balances_sum(self.state) + held == money.supply(self.state)

    def checkpoint(self, client: ClientId, signers: SignerSet | None = None, **changes: Any) -> SignedCheckpoint:
        """The latest block as its validators sign it for one counterparty."""
        other = self.app.clients.counterparty(self.state, client)
        batches = self.outcome.batches if self.outcome else ()
        roots = {batch.client: batch.root for batch in batches}
        fields: dict[str, Any] = {
            "chain": self.app.genesis.chain_id,
            "genesis_hash": self.app.genesis_hash,
            "source_client": client,
            "destination_client": other.client,
            "epoch": self.outcome.epoch if self.outcome else Epoch(1),
            "height": self.header.height,
            "timestamp": self.now,
            "block_hash": self.header.hash(),
            "app_root": self.header.app_root,
            "batch_root": roots.get(client, EMPTY_BATCH_ROOT),
            "next_validator_set_hash": self.header.next_validator_set_hash,
        }
        shown = Checkpoint(**(fields | changes))
        signing = signers or SignerSet.of_equals(1, [ADDRESSES[VALIDATOR]])
        keys = {one.address: KEYS[ADDRESSES.index(one.address)] for one in signing.members}
        return SignedCheckpoint(shown, sign_quorum(signing, keys, shown.digest(other.domain)))

    def proof(self, client: ClientId, paths: Iterable[Path]) -> Proof:
        """What stands at these paths in the latest state, for the counterparty of ``client``."""
        return Proof(self.checkpoint(client), StateProofs(tuple(self.tree.proof(path.encode()) for path in paths)))


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
        hub.do(OPERATOR, m.CreateQuorumClient(self.client_config()))
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
        hub.do(OPERATOR, m.RegisterCounterparty(self.client, self.hub_client, 0, Address(b""), self.genesis_hash))
        hub.do(OPERATOR, *(m.RegisterLane(*_lane_fields(lane)) for lane in (outward, inward)))
        self.hub_inward = lane_registry.number_of(hub.state, outward)
        self.hub_outward = lane_registry.number_of(hub.state, inward)

    def client_config(self, **changes: Any) -> Config:
        """What the hub's client of this ledger begins with."""
        fields: dict[str, Any] = {
            "chain": self.name,
            "genesis_hash": self.genesis_hash,
            "validators": self._signers,
            "trusting_period": Seconds(86_400),
            "max_clock_drift": Seconds(3600),
        }
        return Config(**(fields | changes))

    def lanes(self) -> tuple[Lane, Lane]:
        """To the hub, and from it."""
        ends = (PORT, PORT, VERSION, ENCODING)
        return Lane(self.hub_client, self.client, *ends), Lane(self.client, self.hub_client, *ends)

    def begin(self, advance: int = 1) -> Context:
        self.height, self.time = Height(self.height + 1), UnixSeconds(max(self.time + advance, self.hub.now))
        return Context(Branch(self.state), self.height, self.time)

    def end(self, ctx: Context) -> list[AnyEvent]:
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

    def proof(self, paths: Iterable[Path]) -> Proof:
        """What stands at these paths in the latest state."""
        return Proof(self.checkpoint(), StateProofs(tuple(self.tree.proof(path.encode()) for path in paths)))

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

    def take_in(self, *sent: PacketSent) -> list[AnyEvent]:
        """The hub's packets, proven to this ledger, in one transaction; raises HubError and changes nothing."""
        paths = [Path(PathKind.COMMITMENT, self.client, one.sequence) for one in sent]
        records = [LaneRecord(self.inward, one.sequence, one.timeout, one.value) for one in sent]
        proof = self.hub.proof(self.client, paths)
        return self._transact(lambda ctx: self.channel.receive(ctx, self.hub_client, records, proof))

    def learn(self, sequences: Sequence[int], answers: Sequence[bytes]) -> list[AnyEvent]:
        """Acknowledgements by the hub, proven to this ledger."""
        paths = [Path(PathKind.ACKNOWLEDGEMENT, self.client, Number(sequence)) for sequence in sequences]
        proof, records = self.hub.proof(self.client, paths), self._own_records(sequences)
        return self._transact(lambda ctx: self.channel.acknowledge(ctx, self.hub_client, records, answers, proof))

    def give_up(self, *sequences: int) -> list[AnyEvent]:
        """The hub has never received these, proven to this ledger."""
        paths = [Path(PathKind.RECEIPT, self.client, Number(sequence)) for sequence in sequences]
        proof, records = self.hub.proof(self.client, paths), self._own_records(sequences)
        return self._transact(lambda ctx: self.channel.time_out(ctx, self.hub_client, records, proof))

    def _own_records(self, sequences: Sequence[int]) -> list[LaneRecord]:
        return [
            LaneRecord(self.outward, Number(one), self.sent[one].timeout, self.sent[one].value) for one in sequences
        ]

    def _transact(self, act: Callable[[Context], object]) -> list[AnyEvent]:
        ctx = self.begin()
        inner = ctx.branch()
        try:
            act(inner)
        except HubError:
            self.end(ctx)
            raise
        inner.keep()
        return self.end(ctx)


CALLER = b"\xca" * 20
PROVIDER_CONTRACT = b"\xbb" * 20
PRICE = Amount(10)
FUNDS = Amount(500)


class World:
    """A hub with a consumer's ledger ``a`` and a provider's ledger ``b``, which offers ``echo``."""

    def __init__(self, **changes: Any) -> None:
        self.hub = HubChain(**changes)
        self.a, self.b = Ledger(self.hub, "ledger-a", 11), Ledger(self.hub, "ledger-b", 12)
        self.hub.do(MEMBER, define("echo"), bind(self.b.client))
        self.hub.do(CONSUMER, m.Transfer(self.caller_account, FUNDS))

    @property
    def caller_account(self) -> Address:
        return caller_account(self.a.client, CALLER)

    @property
    def payee(self) -> Address:
        return caller_account(self.b.client, PROVIDER_CONTRACT)

    def balance(self, address: Address) -> int:
        return account(self.hub.state, address).balance

    def accept(self, timeout: int = 60, **changes: Any) -> tuple[Number, list[AnyEvent]]:
        """A call from ``a``, carried to the hub: its sequence, and what happened."""
        sequence = self.a.call(call(**changes), timeout)
        return sequence, list(self.hub.do(RELAYER, self.a.receive_message(sequence)).events)

    def forwarded(self, **changes: Any) -> tuple[Number, PacketSent]:
        """A call from ``a`` that the hub has accepted, and the packet in which it went on to ``b``."""
        sequence, events = self.accept(**changes)
        return sequence, one(events, PacketSent)

    def answer(self, sent: PacketSent) -> bytes:
        """Let ``b`` take the request in; its acknowledgement."""
        return one(self.b.take_in(sent), AcknowledgementWritten).acknowledgement

    def settle(self, sent: PacketSent, answer: bytes) -> list[AnyEvent]:
        """Show the hub what ``b`` answered."""
        return list(self.hub.do(RELAYER, self.b.acknowledge_message([sent], [answer])).events)

    def result(self, events: Iterable[AnyEvent]) -> Result:
        """What the acknowledgement to ``a`` says."""
        written = one(events, AcknowledgementWritten)
        assert written.destination_client == self.a.client
        return Result.decode(written.acknowledgement)


def one(events: Iterable[AnyEvent], kind: type[E]) -> E:
    """The one event of its kind."""
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def define(service: str, **changes: str) -> m.DefineService:
    """A service that takes and answers one text, in ABI and JSON."""
    schemas = {"input_json_schema": JSON_SCHEMA, "output_json_schema": JSON_SCHEMA, "input_abi": ABI, "output_abi": ABI}
    return m.DefineService(service, "answers its input", ("test",), **(schemas | changes))


def bind(client: str, **changes: Any) -> m.BindService:
    """An offer of ``echo`` by a contract."""
    fields: dict[str, Any] = {
        "service": "echo",
        "client": client,
        "provider": PROVIDER_CONTRACT,
        "encoding": InputEncoding.ABI.value,
        "price": PRICE,
        "gas_limit": Gas(100_000),
        "max_response_seconds": 30,
        "grace_seconds": 20,
    }
    return m.BindService(**(fields | changes))


def hub_call(**changes: Any) -> m.CallService:
    """A call of ``echo`` from a hub account, in JSON."""
    fields: dict[str, Any] = {
        "service": "echo",
        "client": "",
        "provider": b"",
        "input_encoding": InputEncoding.JSON.value,
        "input": b'{"text":"hello"}',
        "fee_cap": Amount(100),
        "deadline": UnixSeconds(START + 1000),
    }
    return m.CallService(**(fields | changes))


def _lane_fields(lane: Lane) -> tuple[str, ...]:
    return (
        lane.source_client,
        lane.destination_client,
        lane.source_port,
        lane.destination_port,
        lane.version,
        lane.encoding,
    )


def call(**changes: Any) -> Call:
    """A call of the service ``echo`` in ABI."""
    fields: dict[str, Any] = {
        "service": "echo",
        "caller": CALLER,
        "deadline": UnixSeconds(START + 1000),
        "fee_cap": Amount(100),
        "gas_limit": Gas(100_000),
        "input_encoding": InputEncoding.ABI,
        "input": abi_text("hello"),
    }
    return Call(**(fields | changes))


def abi_text(text: str) -> bytes:
    """A tuple of one string in ABI."""
    data = text.encode()
    padded = data.ljust((len(data) + 31) // 32 * 32, b"\0")
    return (32).to_bytes(32, "big") + len(data).to_bytes(32, "big") + padded

"""Transactions and packets that no honest client sends: they are refused by name, and never a fault of the program."""

import random
from collections.abc import Callable
from typing import Any, get_args

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from interchain.hub.v1 import tx_pb2

from hub import messages as m
from hub.accounts.accounts import account
from hub.accounts.transactions import sign_transaction
from hub.block import ResultCode
from hub.errors import HubError
from hub.events import AcknowledgementWritten, AnyEvent, PacketSent
from hub.execution import REQUIRED_ROLES
from hub.ibc.commitment import ERROR_ACKNOWLEDGEMENT
from hub.messages import AnyMessage, Role, SignedTransaction
from hub.quantities import Amount, UnixSeconds
from hub.rpc.wire import decode_transaction
from hub.services.payload import InputEncoding, Result
from hub.services.payload import ResultCode as Code
from tests.unit.hub_chain import CONSUMER, MEMBER, OPERATOR, RELAYER, START
from tests.unit.hub_world import (
    World,
    abi_text,
    bind,
    call,
    define,
    hub_call,
    one,
)
from tests.vectors.generate_quorum import ADDRESSES, KEYS

KINDS = list(tx_pb2.Message.DESCRIPTOR.fields)
OPEN = {
    m.Transfer, m.Faucet, m.UpdateAttestedClient, m.UpdateQuorumClient, m.ReportAttestedMisbehaviour,
    m.ReportQuorumMisbehaviour, m.ReceivePackets, m.AcknowledgePackets, m.TimeOutPackets, m.CallService,
    m.RespondService, m.StoreRotationCheckpoint,
}  # fmt: skip
"""What anyone may send: it is proven, or about one's own."""


@pytest.fixture
def world() -> World:
    roles = tuple((ADDRESSES[OPERATOR], role) for role in Role)
    return World(roles=tuple(sorted((*roles, (ADDRESSES[MEMBER], Role.MEMBER)))))


# --- every field of every message at its extremes ---


class Fuzzer:
    """Messages by their descriptors: mostly what means something in the world, and every now and then an extreme."""

    def __init__(self, world: World, seed: int) -> None:
        self._random = random.Random(seed)
        self._names = (world.a.client, world.b.client, world.a.hub_client, "echo", "service", "ledger-a")
        record = world.a.record(world.a.send(b"a packet"))
        good = record.lane.to_bytes(2, "big") + record.sequence.to_bytes(8, "big") + record.timeout.to_bytes(8, "big")
        self._bytes = (
            b"", bytes(20), bytes(32), b"\xff" * 20, b"\xff" * 32, ADDRESSES[OPERATOR], world.a.genesis_hash,
            b"x" * 300, good + b"\x00\x01x", b"\x00" * 8, b"\xff" * 72, b"\x01" * 65,
            b'{"text":"hello"}', abi_text("hello"),
        )  # fmt: skip

    def message(self, descriptor: Descriptor, depth: int = 0) -> Any:
        built = GetMessageClass(descriptor)()
        chosen = {oneof.name: self._random.choice(list(oneof.fields)).name for oneof in descriptor.oneofs}
        for field in descriptor.fields:
            oneof = field.containing_oneof
            if (oneof is not None and chosen[oneof.name] != field.name) or self._random.random() < 0.03:
                continue
            if field.is_repeated:
                count = self._random.choice((0, 1, 1, 2, 3))
                getattr(built, field.name).extend([self._value(field, depth) for _ in range(count)])
            elif field.message_type is not None:
                getattr(built, field.name).CopyFrom(self._value(field, depth))
            else:
                setattr(built, field.name, self._value(field, depth))
        return built

    def _value(self, field: FieldDescriptor, depth: int) -> Any:  # noqa: PLR0911
        if field.message_type is not None:
            return self.message(field.message_type, depth + 1)
        if field.enum_type is not None:
            return self._random.choice([value.number for value in field.enum_type.values])
        match field.type:
            case FieldDescriptor.TYPE_STRING if field.name in {"amount", "price", "fee_cap", "fee"}:
                return self._random.choice(("0", "1", "10", str(2**64 - 1), str(2**128 - 1)))
            case FieldDescriptor.TYPE_STRING:
                if field.containing_type is not None and field.containing_type.name == "Checkpoint":
                    return self._random.choice(self._names)
                odd = (
                    "",
                    "x" * 300,
                    "é" * 70,
                    "\0",
                    "quorum-99999999999999999999",
                    "{",
                    "[" * 5000,
                    "depth:1",
                    '{"a":1e400}',
                )
                return self._random.choice(self._names if self._random.random() < 0.7 else odd)
            case FieldDescriptor.TYPE_BYTES:
                size = _sized(field.name)
                usual = [data for data in self._bytes if len(data) == size and any(data)]
                return self._random.choice(usual if usual and self._random.random() < 0.95 else self._bytes)
            case FieldDescriptor.TYPE_BOOL:
                return self._random.random() < 0.5
            case FieldDescriptor.TYPE_UINT32:
                return self._random.choice((0, 1, 2, 31337, 2**32 - 1))
            case _ if depth and self._random.random() < 0.9:
                return self._random.choice((1, 2, START))
            case _:
                return self._random.choice((0, 1, 2, 31337, START, START + 60, 2**32, 2**63, 2**64 - 1))


def _sized(name: str) -> int:
    """How long bytes of this name are in a message that means something."""
    if any(part in name for part in ("hash", "root", "salt", "request_id")):
        return 32
    return 20 if any(part in name for part in ("address", "router", "account", "recipient", "contract")) else 0


def message_of(field: FieldDescriptor) -> Descriptor:
    """What a field holds that is one of the kinds of messages."""
    assert field.message_type is not None
    return field.message_type


@pytest.mark.parametrize("kind", KINDS, ids=lambda field: message_of(field).name)
def test_no_field_of_a_message_is_a_fault_of_the_program(world: World, kind: FieldDescriptor) -> None:
    fuzzer, reached = Fuzzer(world, kind.number), 0
    for _ in range(80):
        message = tx_pb2.Message()
        getattr(message, kind.name).CopyFrom(fuzzer.message(message_of(kind)))
        try:
            signed = signed_bytes(world, message)
        except HubError:
            continue
        reached += 1
        world.hub.block(signed)
    assert reached > 5


def signed_bytes(world: World, message: Any) -> SignedTransaction:
    body = (
        b"\x01"
        + tx_pb2.TransactionBody(
            chain_id="hub-test",
            account=ADDRESSES[OPERATOR],
            nonce=account(world.hub.state, ADDRESSES[OPERATOR]).nonce,
            expiry_unix_seconds=world.hub.now + 3600,
            fee="0",
            messages=[message],
        ).SerializeToString()
    )
    return decode_transaction(body, sign_transaction(KEYS[OPERATOR], world.hub.app.genesis_hash, body))


# --- strangers ---


def test_every_message_needs_a_role_or_is_open_on_purpose() -> None:
    assert set(REQUIRED_ROLES) | OPEN == set(get_args(AnyMessage))
    assert not set(REQUIRED_ROLES) & OPEN


@pytest.mark.parametrize("kind", list(REQUIRED_ROLES), ids=lambda kind: kind.__name__)
def test_a_stranger_sends_no_message_that_needs_a_role(world: World, kind: type[m.Message]) -> None:
    field = next(field for field in KINDS if message_of(field).name == kind.__name__)
    fuzzer = Fuzzer(world, 1)
    tried = 0
    for who in (RELAYER, MEMBER):
        if who == MEMBER and REQUIRED_ROLES[kind] is Role.MEMBER:
            continue
        for _ in range(80):
            message = tx_pb2.Message()
            getattr(message, field.name).CopyFrom(fuzzer.message(message_of(field)))
            try:
                (decoded,) = signed_bytes(world, message).transaction.messages
            except HubError:
                continue
            tried += 1
            assert world.hub.try_(who, decoded).reason == "ROLE_MISSING"
            break
    assert tried


def test_a_stranger_moves_nobodys_money(world: World) -> None:
    before = world.balance(ADDRESSES[CONSUMER])
    victim = ADDRESSES[CONSUMER]
    nonce = account(world.hub.state, victim).nonce
    signed = world.hub.sign(RELAYER, m.Transfer(ADDRESSES[RELAYER], Amount(1)), account=victim, nonce=nonce)
    with pytest.raises(HubError) as refusal:
        world.hub.block(signed)
    assert refusal.value.reason() == "WRONG_SIGNATURE"
    assert world.hub.try_(RELAYER, hub_call()).reason == "FEE_NOT_COVERED"
    assert world.balance(ADDRESSES[CONSUMER]) == before


# --- replays of transactions ---


def test_a_transaction_is_replayed_nowhere(world: World) -> None:
    signed = world.hub.sign(CONSUMER, m.Transfer(ADDRESSES[RELAYER], Amount(5)))
    assert world.hub.block(signed).results[0].code is ResultCode.OK
    assert refusal_of(lambda: world.hub.block(signed)) == "NONCE_USED"
    twin = World(time=UnixSeconds(START - 1))
    assert twin.hub.app.genesis_hash != world.hub.app.genesis_hash
    twin.hub.block(twin.hub.sign(CONSUMER, m.Transfer(ADDRESSES[RELAYER], Amount(0))))
    replayed = world.hub.sign(CONSUMER, m.Transfer(ADDRESSES[RELAYER], Amount(5)))
    while account(twin.hub.state, ADDRESSES[CONSUMER]).nonce < replayed.transaction.nonce:
        twin.hub.do(CONSUMER, m.Transfer(ADDRESSES[RELAYER], Amount(0)))
    assert refusal_of(lambda: twin.hub.block(replayed)) == "WRONG_SIGNATURE"


def refusal_of(step: Callable[[], object]) -> str:
    with pytest.raises(HubError) as refusal:
        step()
    return refusal.value.reason()


# --- payloads ---

ROTTEN_JSON = [
    b"", b"{", b"[" * 60_000, b'{"a":' * 5_000, b'{"text":"\\ud800"}', b'{"text":"\xff"}', b'{"text":1e999}', b"NaN",
    b"9" * 6_000, b'{"text":"a","text":"b"}', b'{"text":' + b"1" * 5_000 + b"}", b'{"text":"' + b"x" * 15_000 + b'"}',
    b"[" + b"1," * 7_000 + b"1]", b"\x00" * 16_000, b'"' * 16_000, b"\\" * 16_000,
]  # fmt: skip
WORD = (2**256 - 1).to_bytes(32, "big")
ROTTEN_ABI = [
    b"", b"\x00" * 32, WORD, WORD * 500, (32).to_bytes(32, "big") + WORD, (32).to_bytes(32, "big") * 400,
    (0).to_bytes(32, "big") * 500, abi_text("hello")[:-1], abi_text("hello") + b"\0", abi_text("x" * 65),
    (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"\xff\xfe".ljust(32, b"\0"),
]  # fmt: skip


@pytest.mark.parametrize("rotten", [(InputEncoding.JSON, data) for data in ROTTEN_JSON], ids=range(len(ROTTEN_JSON)))
def test_a_rotten_json_input_gets_its_400(world: World, rotten: tuple[InputEncoding, bytes]) -> None:
    check_input(world, *rotten)


@pytest.mark.parametrize("rotten", [(InputEncoding.ABI, data) for data in ROTTEN_ABI], ids=range(len(ROTTEN_ABI)))
def test_a_rotten_abi_input_gets_its_400(world: World, rotten: tuple[InputEncoding, bytes]) -> None:
    check_input(world, *rotten)


def check_input(world: World, encoding: InputEncoding, data: bytes) -> None:
    sequence = world.a.call(call(input=data, input_encoding=encoding))
    events = world.hub.do(RELAYER, world.a.receive_message(sequence)).events
    assert world.result(events).code is Code.INPUT_REFUSED
    assert world.hub.try_(CONSUMER, hub_call(input=data, input_encoding=encoding.value)).reason == "INPUT_REFUSED"


def test_a_rotten_answer_is_a_500_and_blocks_nothing(world: World) -> None:
    """A provider's answer costs its own call only, and the next in the same batch is settled."""
    answers = [Result(Code.ANSWERED, data).encode() for data in ROTTEN_ABI]
    answers += [b"\x01", b"\xff" * 16_384, b"\x01\x00\xc8\xff\xff\xff\xff", ERROR_ACKNOWLEDGEMENT]
    waiting = [world.forwarded()[1] for _ in answers] + [world.forwarded()[1]]
    given = iter(answers)
    world.b.gateway.behave = lambda ctx, packet: next(given, Result(Code.ANSWERED, abi_text("good")).encode())
    written = [event for event in world.b.take_in(*waiting) if isinstance(event, AcknowledgementWritten)]
    shown = [event.acknowledgement for event in written]
    events = world.hub.do(RELAYER, world.b.acknowledge_message(waiting, shown)).events
    codes = [Result.decode(event.acknowledgement).code for event in of(events, AcknowledgementWritten)]
    assert codes == [Code.PROVIDER_FAILED] * len(answers) + [Code.ANSWERED]


def test_mutated_calls_each_get_one_acknowledgement(world: World) -> None:
    """Whatever a gateway might ever send: answered, forwarded, or the error acknowledgement; and nothing else stops."""
    sound, chance = call().encode(), random.Random(7)
    sequences = []
    for _ in range(150):
        mutated = bytearray(sound)
        for _ in range(chance.randint(1, 4)):
            mutated[chance.randrange(len(mutated))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        sequences.append(
            world.a.send(bytes(mutated[: chance.choice((len(mutated), chance.randrange(1, len(mutated))))]))
        )
    events = world.hub.do(RELAYER, world.a.receive_message(*sequences)).events
    ends = len(of(events, AcknowledgementWritten)) + len(of(events, PacketSent))
    assert ends == len(sequences)


def of(events: Any, kind: type[AnyEvent]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_a_service_with_a_hostile_schema_is_refused(world: World) -> None:
    hostile = (
        '{"type":"string","pattern":"(a+)+$"}' * 2, '{"$ref":"http://127.0.0.1:1/schema"}', '{"$ref":"#"}', "[" * 5_000,
        '{"$ref":"file:///etc/passwd"}', '{"type":"object"}', '{"const":' + "1" * 5_000 + "}",
        '{"type":"string","pattern":"a{99999}"}', '{"type":"string","pattern":"(?=a)b"}',
    )  # fmt: skip
    for number, schema in enumerate(hostile):
        message = define(
            f"hostile-{number}", input_json_schema=schema, output_json_schema=schema, input_abi="", output_abi=""
        )
        assert world.hub.try_(OPERATOR, message).code is ResultCode.REFUSED, schema[:40]
    bombs = (
        '[{"name":"a","type":"uint8[99999][99999][99999]"}]',
        '[{"name":"a","type":"tuple[]","components":[]}]',
        '[{"name":"a","type":"uint8[0]"}]',
        '[{"name":"a","type":"' + "uint8" + "[]" * 40 + '"}]',
    )
    for number, abi in enumerate(bombs):
        message = define(f"bomb-{number}", input_json_schema="", output_json_schema="", input_abi=abi, output_abi=abi)
        assert world.hub.try_(OPERATOR, message).code is ResultCode.REFUSED, abi[:40]


def test_one_offer_for_another_is_refused(world: World) -> None:
    """A member does not bind in another's name: neither over its offer nor for a hub account that is not its own."""
    assert world.hub.try_(OPERATOR, bind(world.b.client, price=Amount(1))).reason == "BINDING_NOT_OWNED"
    offer = bind("", provider=ADDRESSES[CONSUMER], encoding=2)
    assert world.hub.try_(OPERATOR, offer).reason == "INVALID_BINDING"
    assert one(world.forwarded()[1:], PacketSent).sequence == 1

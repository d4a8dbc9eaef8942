"""A hub between two ledgers: a consumer's and a provider's; and the messages with which they begin."""

from collections.abc import Iterable
from typing import Any, TypeVar

from hub import messages as m
from hub.accounts.accounts import account
from hub.events import AcknowledgementWritten, Event, PacketSent
from hub.quantities import Address, Amount, Gas, UnixSeconds
from hub.quantities import Sequence as Number
from hub.services import requests
from hub.services.payload import Call, InputEncoding, Result, caller_account, packet_request_id
from hub.services.requests import ServiceRequest
from tests.unit.hub_chain import CONSUMER, MEMBER, RELAYER, START, HubChain
from tests.unit.ledger_chain import Ledger

E = TypeVar("E")

JSON_SCHEMA = (
    '{"type":"object","properties":{"text":{"type":"string","maxLength":64}},'
    '"required":["text"],"additionalProperties":false}'
)
ABI = '[{"name":"text","type":"string"}]'
CALLER = b"\xca" * 20
PROVIDER_CONTRACT = b"\xbb" * 20
PRICE = Amount(10)
FUNDS = Amount(500)


class World:
    """A hub with a consumer's ledger ``a`` and a provider's ledger ``b``, which offers ``echo``."""

    def __init__(self, kind: type[Ledger] = Ledger, **changes: Any) -> None:
        self.hub = HubChain(**changes)
        self.a, self.b = kind(self.hub, "ledger-a", 11), kind(self.hub, "ledger-b", 12)
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

    def accept(self, timeout: int = 60, **changes: Any) -> tuple[Number, list[Event]]:
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

    def settle(self, sent: PacketSent, answer: bytes) -> list[Event]:
        """Show the hub what ``b`` answered."""
        return list(self.hub.do(RELAYER, self.b.acknowledge_message([sent], [answer])).events)

    def request(self, sequence: int = 1) -> ServiceRequest:
        """The hub's request for the call that ``a`` sent with this sequence."""
        found = requests.request(self.hub.state, packet_request_id(self.a.client, Number(sequence)))
        assert found is not None
        return found

    def pass_time(self, until: int) -> list[Event]:
        """One block at that time."""
        return list(self.hub.block(advance=until - self.hub.now).events)

    def result(self, events: Iterable[Event]) -> Result:
        """What the acknowledgement to ``a`` says."""
        written = one(events, AcknowledgementWritten)
        assert written.destination_client == self.a.client
        return Result.decode(written.acknowledgement)


def one(events: Iterable[Event], kind: type[E]) -> E:
    """The one event of its kind."""
    (found,) = [event for event in events if isinstance(event, kind)]
    return found


def none_of(events: Iterable[Event], kind: type[Any]) -> bool:
    """Whether there is no event of that kind."""
    return not any(isinstance(event, kind) for event in events)


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

"""How a kind of chain speaks over gRPC, so that one piece of code serves, and asks, chains of every kind.

The proto packages of two kinds name what both say alike (``Receipt``, ``SubmitRequest``, …); each has its own messages
and events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Generic, TypeVar, get_args

from google.protobuf.message import Message as Proto
from interchain.hub.v1 import (
    answer_pb2,
    block_service_pb2,
    checkpoint_service_pb2,
    query_service_pb2,
    transaction_service_pb2,
    tx_pb2,
)

from hub.answers import BlockEventsOf, PacketHistoryOf, ReceiptOf
from hub.engine.records import DecodeTransaction
from hub.events import AnyEvent, Event
from hub.rpc.wire import decode_transaction, value_from_proto, value_to_proto

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Dialect(Generic[E]):
    """``events``: the union of the chain's events. ``answer`` and the services: the modules of its proto package."""

    events: object
    answer: ModuleType
    transaction_service: ModuleType
    block_service: ModuleType
    checkpoint_service: ModuleType
    query_service: ModuleType
    decode_transaction: DecodeTransaction
    sent: Callable[[Any], tuple[bytes, bytes]]
    """Body and signatures of its ``SignedTransaction``."""
    tried: Callable[[Any], tuple[bytes, bytes]]
    """Body and signatures of its ``SimulateRequest``: what stands for signatures, for nobody has signed."""
    as_sent: Callable[[bytes, bytes], Any]
    """The ``SignedTransaction`` of them."""

    @property
    def kinds(self) -> frozenset[str]:
        """The names of its events."""
        return frozenset(kind.__name__ for kind in get_args(self.events))

    def receipt(self, receipt: ReceiptOf[Event]) -> Any:
        return self._write(receipt, self.answer.Receipt)

    def read_receipt(self, message: Proto) -> ReceiptOf[E]:
        answer: ReceiptOf[E] = self._read(message, ReceiptOf)
        return answer

    def block_events(self, block: BlockEventsOf[Event]) -> Any:
        return self._write(block, self.answer.BlockEvents)

    def read_block_events(self, message: Proto) -> BlockEventsOf[E]:
        answer: BlockEventsOf[E] = self._read(message, BlockEventsOf)
        return answer

    def packet_history(self, history: PacketHistoryOf[Event]) -> Any:
        return self._write(history, self.answer.PacketHistory)

    def read_packet_history(self, message: Proto) -> PacketHistoryOf[E]:
        answer: PacketHistoryOf[E] = self._read(message, PacketHistoryOf)
        return answer

    def _write(self, answer: object, proto: type[Proto]) -> Proto:
        generic: Any = type(answer)
        return value_to_proto(answer, generic[self.events], proto)

    def _read(self, message: Proto, generic: Any) -> Any:
        return value_from_proto(message, generic[self.events])


HUB: Dialect[AnyEvent] = Dialect(
    events=AnyEvent,
    answer=answer_pb2,
    transaction_service=transaction_service_pb2,
    block_service=block_service_pb2,
    checkpoint_service=checkpoint_service_pb2,
    query_service=query_service_pb2,
    decode_transaction=decode_transaction,
    sent=lambda message: (message.body, message.signature),
    tried=lambda request: (request.body, bytes(65)),
    as_sent=lambda body, signature: tx_pb2.SignedTransaction(body=body, signature=signature),
)

"""TransactionService: sent, tried out, looked up."""

# ruff: noqa: N802, ARG002  # gRPC gives the methods their names and arguments

import asyncio
from typing import Any

from hub.answers import ReceiptOf
from hub.block import ResultCode, TransactionResult
from hub.engine.engine import Engine, Inclusion
from hub.engine.ledger import Ledger
from hub.engine.records import PlacedEvent
from hub.engine.threads import HEAVY, in_thread
from hub.events import Event
from hub.quantities import Hash, Height, UnixSeconds
from hub.rpc.dialect import Dialect
from hub.rpc.errors import TransactionNotFound, WrongLength
from hub.rpc.status import rebuild
from hub.rpc.views import event_records
from hub.rpc.wire import refuse_unknown_fields


class Transactions:
    """The service of any chain of our own."""

    def __init__(self, dialect: Dialect[Any], ledger: Ledger, engine: Engine) -> None:
        self._dialect = dialect
        self._pb = dialect.transaction_service
        self._ledger = ledger
        self._engine = engine
        self._trying = asyncio.Semaphore(HEAVY)

    async def Submit(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        signed = self._dialect.decode_transaction(*self._dialect.sent(request.transaction))
        inclusion = await self._engine.submit(signed)
        receipt = self._receipt(inclusion)
        return self._pb.SubmitResponse(receipt=self._dialect.receipt(receipt))

    async def Simulate(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        signed = self._dialect.decode_transaction(*self._dialect.tried(request))
        async with self._trying:
            result = await in_thread(self._engine.simulate, signed)
        raise_refusal(result)
        head = self._ledger.head
        next_height = Height(head.height + 1)
        events = event_records(
            PlacedEvent(next_height, index, result.hash, event) for index, event in enumerate(result.events)
        )
        receipt = ReceiptOf(result.hash, next_height, UnixSeconds(head.time), 0, result.code, events)
        return self._pb.SimulateResponse(receipt=self._dialect.receipt(receipt))

    async def GetTransaction(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        if len(request.hash) != 32:
            raise WrongLength("hash", 32, len(request.hash))
        found = self._ledger.inclusion(Hash(request.hash))
        if found is None:
            raise TransactionNotFound(request.hash)
        inclusion = Inclusion(*found)
        body, signature = self._ledger.record(inclusion.height).transactions[inclusion.index]
        return self._pb.GetTransactionResponse(
            receipt=self._dialect.receipt(self._receipt(inclusion, allow_refused=True)),
            transaction=self._dialect.as_sent(body, signature),
        )

    def _receipt(self, inclusion: Inclusion, *, allow_refused: bool = False) -> ReceiptOf[Event]:
        """Raises what the transaction was refused for."""
        result = inclusion.result
        if not allow_refused:
            raise_refusal(result)
        events = event_records(self._ledger.record(inclusion.height).events_of(inclusion.index))
        code = ResultCode.NO_OP if inclusion.repeated and result.code is ResultCode.OK else result.code
        return ReceiptOf(
            result.hash, inclusion.height, inclusion.time, inclusion.index, code, events, result.reason, result.text
        )


def raise_refusal(result: TransactionResult) -> None:
    """Raises what a transaction was refused for, if it was."""
    if result.code is ResultCode.REFUSED:
        raise rebuild(result.reason, dict(result.values), result.text)

"""TransactionService of a ledger: what is tried out is tried out by its author."""

# ruff: noqa: N802  # gRPC gives the methods their names

from typing import Any

from adapters.permissioned.ledger.rpc.access import Access
from adapters.permissioned.ledger.rpc.dialect import LEDGER, decode_transaction
from hub.engine.engine import Engine
from hub.engine.ledger import Ledger
from hub.rpc.transactions import Transactions


class LedgerTransactions(Transactions):
    """Signatures say who sends a transaction; what is only tried out has none, and its author stands in it alone."""

    def __init__(self, ledger: Ledger, engine: Engine, access: Access) -> None:
        super().__init__(LEDGER, ledger, engine)
        self._access = access

    async def Simulate(self, request: Any, context: Any) -> Any:
        signed = decode_transaction(*LEDGER.tried(request))
        self._access.admit_author("TransactionService/Simulate", context, signed.transaction.author)
        return await super().Simulate(request, context)

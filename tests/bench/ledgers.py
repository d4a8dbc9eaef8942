"""A ledger under load: blocks of transactions from their bytes, and what their commits take."""

import time
from pathlib import Path

import msgspec

from hub.block import ResultCode
from hub.engine.ledger import Ledger
from hub.execution import Execution
from hub.messages import SignedTransaction
from hub.rpc.wire import decode_transaction

Sent = list[tuple[bytes, bytes]]
"""Bodies and signatures."""


def make_block(ledger: Ledger, sent: Sent) -> float:
    """Decode and commit, all of it OK; the seconds that decoding took. Raises RuntimeError for a refusal."""
    began = time.perf_counter()
    transactions = [decode_transaction(body, signature) for body, signature in sent]
    decoding = time.perf_counter() - began
    made = ledger.make_block(transactions, ledger.head.time)
    for _, error in made.left_out:
        raise RuntimeError(f"left out: {error}")
    for result in made.record.results:
        if result.code is not ResultCode.OK:
            raise RuntimeError(f"{result.code.name}: {result.text}")
    return decoding


def write_block(folder: Path, number: int, transactions: list[SignedTransaction]) -> None:
    """Keep a block's transactions for another process."""
    sent = [(signed.body, signed.signature) for signed in transactions]
    (folder / str(number)).write_bytes(msgspec.msgpack.encode(sent))


def read_block(folder: Path, number: int) -> Sent:
    return msgspec.msgpack.decode((folder / str(number)).read_bytes(), type=Sent)


def execution(ledger: Ledger) -> Execution:
    """Where the applications of a ledger's state machine are put together."""
    return ledger.app._execution


class CommitTimes:
    """Hears the steps of a store's commits, and keeps how long each took, from when it begins to when it is durable."""

    def __init__(self) -> None:
        self.milliseconds: list[float] = []
        self._began = 0.0

    def __call__(self, step: str) -> None:
        match step:
            case "begun":
                self._began = time.perf_counter()
            case "written":
                self.milliseconds.append((time.perf_counter() - self._began) * 1000)

    def forget(self) -> None:
        self.milliseconds.clear()

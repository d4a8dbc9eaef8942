"""A ledger under load: blocks of transactions from their bytes, and where their time goes."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Self

import msgspec
import rocksdict

from hub.app import App
from hub.block import ResultCode, TransactionResult
from hub.engine.ledger import Ledger
from hub.engine.records import BlockRecord
from hub.engine.store import Prepared, Store, StoreOptions
from hub.relaying import Relaying
from hub.transaction import SignedTransaction

Sent = list[tuple[bytes, bytes]]
"""Bodies and signatures."""


def make_block(ledger: Ledger, sent: Sent) -> float:
    """Decode and commit, all of it OK; the seconds that decoding took. Raises RuntimeError for a refusal."""
    began = time.perf_counter()
    decode = ledger._kind.decode_transaction
    transactions = [decode(body, signature) for body, signature in sent]
    decoding = time.perf_counter() - began
    made = ledger.make_block(transactions, ledger.head.time)
    for _, error in made.left_out:
        raise RuntimeError(f"left out: {error}")
    for result in made.record.results:
        require_ok(result)
    return decoding


def require_ok(result: TransactionResult) -> None:
    """Raises RuntimeError for anything else: it would be something else that is measured."""
    if result.code is not ResultCode.OK:
        raise RuntimeError(f"{result.code.name}: {result.text}")


def write_block(folder: Path, number: int, transactions: Iterable[SignedTransaction]) -> None:
    """Keep a block's transactions for another process."""
    sent = [(signed.body, signed.signature) for signed in transactions]
    (folder / str(number)).write_bytes(msgspec.msgpack.encode(sent))


def read_block(folder: Path, number: int) -> Sent:
    return msgspec.msgpack.decode((folder / str(number)).read_bytes(), type=Sent)


def relaying(ledger: Ledger) -> Relaying:
    """Where the applications of a hub are registered."""
    hub = ledger.machine
    assert isinstance(hub, App)
    return hub._execution.relaying


class TimedStore(Store):
    """A store that knows how long its blocks took it, in seconds: the tree, and each durable write."""

    def __init__(self, database: rocksdict.Rdict, options: StoreOptions) -> None:
        super().__init__(database, options)
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.preparing = 0.0
        self.commits: list[float] = []

    def prepare(self, changes: Mapping[bytes, bytes | None], *known: Mapping[bytes, bytes | None]) -> Prepared:
        began = time.perf_counter()
        prepared = super().prepare(changes, *known)
        self.preparing += time.perf_counter() - began
        return prepared

    def commit(self, prepared: Prepared, **block: Any) -> None:
        began = time.perf_counter()
        super().commit(prepared, **block)
        self.commits.append(time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Took:
    """Where the seconds of some blocks went. ``cpu``: of all threads, the store's own too."""

    total: float
    cpu: float
    decoding: float
    tree: float
    writing: float

    def __add__(self, other: Self) -> "Took":
        return Took(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))

    @property
    def executing(self) -> float:
        return self.total - self.decoding - self.tree - self.writing


class Stopwatch:
    """Makes blocks and counts their time."""

    def __init__(self, ledger: Ledger, store: TimedStore) -> None:
        self._ledger = ledger
        self._store = store
        self.forget()

    def forget(self) -> None:
        """Begin to count anew: the blocks so far were for warming."""
        self._store.forget()
        self._total = self._cpu = self._decoding = 0.0

    def make_block(self, sent: Sent) -> BlockRecord:
        """As ``make_block``; the block."""
        began, cpu_began = time.perf_counter(), time.process_time()
        self._decoding += make_block(self._ledger, sent)
        self._total += time.perf_counter() - began
        self._cpu += time.process_time() - cpu_began
        return self._ledger.record(self._ledger.head.height)

    def took(self) -> Took:
        """Since counting began."""
        return Took(self._total, self._cpu, self._decoding, self._store.preparing, sum(self._store.commits))

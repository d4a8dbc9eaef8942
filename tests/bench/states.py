"""States of a given size: a real store with a real tree, built in bulk, and copied by hard links for each use.

What fills them is what fills a hub's and any chain's of our own: receipts and acknowledgements of packets that came in
over some other client.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Self, TypeAlias, cast

from hub.engine.ledger import ChainKind, Ledger
from hub.engine.records import BlockRecord, encode_record
from hub.engine.store import Store
from hub.garbage import collect_seldom
from hub.ibc.commitment import RECEIPT, acknowledgement_path, receipt_path
from hub.ibc.identifiers import ClientId
from hub.node import hub_kind
from hub.quantities import Height
from hub.quantities import Sequence as Number
from hub.state.branch import Branch
from tests.bench.ledgers import TimedStore
from tests.bench.own_process import in_own_process
from tests.bench.showing import Screen
from tests.unit.node_world import genesis

FILLING = ClientId("attested-99")
"""The client whose packets fill the state: none that is used."""
_AT_ONCE = 1_000_000
"""Keys in a block: the tree is hashed once where it is written once."""


GENESIS = genesis()
SIZES = {"10k": 10_000, "1m": 1_000_000}

MakeKind: TypeAlias = Callable[[], ChainKind]
"""A chain with its genesis, made anew in each process: a function of a module, so that it can be named to one."""


def hub() -> ChainKind:
    """The hub at GENESIS."""
    return hub_kind(GENESIS)


class States:
    """Stores of chains, each built once, when it is first asked for. ``folder`` is gone at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="run-", dir=_roomy()))
        self._built: dict[tuple[str, int], Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def of(self, keys: int, screen: Screen, make: MakeKind = hub) -> Path:
        """A store of a chain whose state has ``keys`` keys besides the genesis's."""
        name = (make.__name__, keys)
        if name not in self._built:
            with screen.step(f"building a state of {keys:,} keys: {make.__name__}"):
                path = self.folder / f"{make.__name__}-{keys}"
                in_own_process(fill, path, keys, make)
                self._built[name] = path
        return self._built[name]


@contextmanager
def copied(path: Path, make: MakeKind = hub) -> Iterator[tuple[Ledger, TimedStore]]:
    """The ledger of a copy of a store, which can be written to, and that copy; gone afterwards.

    From here on the process collects garbage as a node does.
    """
    kind = make()
    copy = Path(tempfile.mkdtemp(prefix="copy-", dir=path.parent)) / "store"
    original = Store.open(path, kind.machine.genesis_hash)
    try:
        original.backup(copy)
    finally:
        original.close()
    store = TimedStore.open(copy, kind.machine.genesis_hash)
    collect_seldom()
    try:
        yield Ledger(kind, store), store
    finally:
        store.close()
        shutil.rmtree(copy.parent, ignore_errors=True)


def fill(path: Path, keys: int, make: MakeKind = hub) -> None:
    """Begin the chain as a node does, and make its first blocks as a node does, but without transactions."""
    kind = make()
    machine = kind.machine
    store = Store.create(path, machine.genesis_hash)
    try:
        head, height = Ledger(kind, store).head.hash, 0
        entries = _entries(keys)
        while part := list(islice(entries, _AT_ONCE)):
            height += 1
            block = machine.begin(store.view(), Height(height), machine.genesis_time, head)
            for key, value in part:
                cast(Branch, block.state).put(key, value)
            outcome = block.finish()
            prepared = store.prepare(outcome.changes)
            header = machine.header(outcome, prepared.app_root)
            record = BlockRecord.of(header, outcome, machine.genesis_validators)
            store.commit(prepared, height=record.header.height, block=encode_record(record))
            head = record.header.hash()
    finally:
        store.close()


def _entries(keys: int) -> Iterator[tuple[bytes, bytes]]:
    for number in range(1, keys // 2 + 1):
        yield receipt_path(FILLING, Number(number)), RECEIPT
        yield acknowledgement_path(FILLING, Number(number)), sha256(b"ack %d" % number).digest()


def _roomy() -> Path:
    """Beside what else is built: on the disk, where a synced write costs what it costs a node."""
    path = Path(__file__).parents[2] / "build" / "bench"
    path.mkdir(parents=True, exist_ok=True)
    return path

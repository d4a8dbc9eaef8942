"""Backups of a node's store, the hub's or a ledger's: taken while it runs, and put back where it does not.

A backup is a folder: ``store/`` (blocks and state), of a ledger ``private.db`` (private values), ``genesis.json``,
``config.toml``, and ``backup.json``, which says what it is. It holds no key, and not the signer's guard: an old guard
would let a validator sign a height twice.
"""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from adapters.permissioned.ledger.genesis import LedgerGenesis
from adapters.permissioned.ledger.private.store import PrivateStore, copy_values
from console.admin import ask_node
from console.exits import Misused
from console.home import NodeHome
from console.ledger_home import LedgerHome
from hub.chain_node import ChainGenesis
from hub.engine.store import Store
from hub.errors import HubError
from hub.genesis import Genesis
from hub.quantities import Hash
from hub.version import VERSION

FORMAT = 1
_PRIVATE = "private.db"


class BackupNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``backup.json``. ``kind``: of which kind of chain."""

    format: int
    chain_id: str
    genesis_hash: str
    height: int
    time: int
    version: str
    kind: str = "hub"


@dataclass(frozen=True, slots=True)
class Holdings:
    """What of a home is backed up; ``private`` is the file of a ledger's private values."""

    kind: str
    home: Path
    data: Path
    genesis_file: Path
    config_file: Path
    read_genesis: Callable[[bytes], ChainGenesis]
    private: Path | None = None

    def genesis(self, file: Path | None = None) -> ChainGenesis:
        """The home's, or that in ``file``; raises Misused."""
        path = file or self.genesis_file
        try:
            return self.read_genesis(path.read_bytes())
        except OSError as error:
            raise Misused(f"{path} cannot be read ({error.strerror}): copy it from another node") from error
        except HubError as error:
            raise Misused(f"{path}: {error}; copy it from another node of the same chain") from error

    def files(self) -> list[Path]:
        """What a restored backup takes the place of, as far as it is there."""
        begun = [self.data] if self.data.exists() and any(self.data.iterdir()) else []
        return begun + ([self.private] if self.private is not None and self.private.exists() else [])


def hub_holdings(home: NodeHome) -> Holdings:
    return Holdings("hub", home.path, home.data, home.genesis_file, home.config_file, Genesis.from_json)


def ledger_holdings(home: LedgerHome) -> Holdings:
    files = (home.genesis_file, home.config_file)
    return Holdings("ledger", home.path, home.data, *files, LedgerGenesis.from_json, home.private_values)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where what had stood there was moved."""

    note: BackupNote
    moved: tuple[Path, ...]


def make_backup(holdings: Holdings, destination: Path) -> BackupNote:
    """Copy a home's store, of a running node or of one that is stopped; raises Misused, Refused, HubError."""
    if destination.exists():
        raise Misused(f"there is something at {destination} already: name a new folder")
    genesis = holdings.genesis()
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    store = (partial / "store").resolve()
    answer = ask_node(holdings.home, "backup", str(store))
    height = _copy_stopped(holdings, genesis.hash(), store) if answer is None else int(answer["height"])
    if holdings.private is not None and holdings.private.exists():
        # After the store: a value is taken once its hash stands in a block, so that none of this store's is missing.
        copy_values(holdings.private, partial / _PRIVATE)
    shutil.copy(holdings.genesis_file, partial / "genesis.json")
    shutil.copy(holdings.config_file, partial / "config.toml")
    told = (genesis.chain_id, "0x" + genesis.hash().hex(), height, int(time.time()), VERSION, holdings.kind)
    note = BackupNote(FORMAT, *told)
    (partial / "backup.json").write_bytes(msgspec.json.format(msgspec.json.encode(note), indent=2) + b"\n")
    os.replace(partial, destination)
    return note


def restore_backup(holdings: Holdings, source: Path, *, replace: bool) -> Restored:
    """Put a backup's store into a home whose node is stopped; keys and guard stay as they are. A home that has no
    genesis gets that of the backup, and its configuration.

    Raises Misused where the home has a store already and ``replace`` is not wished, or is another chain's.
    """
    note = read_note(source)
    if note.kind != holdings.kind:
        command = "ichub ledger restore" if note.kind == "ledger" else "ichub restore"
        raise Misused(f"{source} is a backup of a {note.kind}, not of a {holdings.kind}: `{command}` puts it back")
    empty = not holdings.genesis_file.exists()
    genesis = holdings.genesis(source / "genesis.json" if empty else None)
    if "0x" + genesis.hash().hex() != note.genesis_hash:
        raise Misused(
            f"{source} is of the {note.kind} {note.chain_id} with another genesis than {holdings.home}: name the right "
            "home"
        )
    holdings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if ask_node(holdings.home, "ping", "") is not None:
        raise Misused(f"the node of {holdings.home} runs: stop it first", reason="NODE_RUNS")
    Store.open(source / "store", genesis.hash()).close()
    standing = holdings.files()
    if standing and not replace:
        names = " and ".join(map(str, standing))
        raise Misused(f"{names} would be replaced: --replace moves what is there aside", reason="STORE_EXISTS")
    if holdings.private in standing:
        PrivateStore(holdings.private).close()  # a journal that a killed node left would be taken for the new file's
    moved = tuple(_moved_aside(path) for path in standing)
    _put(source / "store", holdings.data)
    holdings.data.chmod(0o700)  # the backup's own folder kept others out
    if holdings.private is not None and (source / _PRIVATE).exists():
        _put(source / _PRIVATE, holdings.private)
    if empty:
        shutil.copy(source / "config.toml", holdings.config_file)
        shutil.copy(source / "genesis.json", holdings.genesis_file)
    return Restored(note, moved)


def read_note(source: Path) -> BackupNote:
    """Raises Misused for what is no backup, or one of a later format."""
    try:
        raw = json.loads((source / "backup.json").read_bytes())
        if isinstance(raw, dict) and raw.get("format") != FORMAT:
            raise Misused(f"{source} is a backup of format {raw.get('format')}, this knows {FORMAT}: use that version")
        return msgspec.convert(raw, BackupNote)
    except OSError as error:
        raise Misused(
            f"{source} is no backup (it has no backup.json): name the folder that `ichub backup` made"
        ) from error
    except (ValueError, msgspec.ValidationError) as error:
        raise Misused(f"{source}/backup.json is damaged ({error}): use another backup") from error


def _copy_stopped(holdings: Holdings, genesis: Hash, destination: Path) -> int:
    store = Store.open(holdings.data, genesis)
    try:
        store.backup(destination)
        return store.height or 0
    finally:
        store.close()


def _moved_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.replaced-{int(time.time())}")
    path.rename(aside)
    return aside


def _put(source: Path, destination: Path) -> None:
    """Whole or not at all, with its files' modes; nothing but an empty folder is there."""
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    if source.is_dir():
        shutil.copytree(source, partial)
        if destination.exists():
            destination.rmdir()
    else:
        shutil.copy2(source, partial)
    partial.rename(destination)

"""Backups of a node's store: taken while it runs, and put back where it does not.

A backup is a folder: ``store/`` (blocks and state), ``genesis.json``, ``config.toml``, and ``backup.json``, which says
what it is. It holds no key, and not the signer's guard: an old guard would let a validator sign a height twice.
"""

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from console.admin import ask_node
from console.exits import Misused
from console.home import NodeHome
from console.node import genesis_of, node_config
from hub.engine.store import Store
from hub.genesis import Genesis
from hub.version import VERSION

FORMAT = 1


class BackupNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``backup.json``."""

    format: int
    chain_id: str
    genesis_hash: str
    height: int
    time: int
    version: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where what had stood there was moved."""

    note: BackupNote
    moved: Path | None


def make_backup(home: NodeHome, destination: Path) -> BackupNote:
    """Copy a home's store, of a running node or of one that is stopped; raises Misused, Refused, HubError."""
    if destination.exists():
        raise Misused(f"there is something at {destination} already: name a new folder")
    genesis = genesis_of(home)
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    store = (partial / "store").resolve()
    answer = ask_node(home.path, "backup", str(store))
    height = _copy_stopped(home, genesis, store) if answer is None else int(answer["height"])
    shutil.copy(home.genesis_file, partial / "genesis.json")
    shutil.copy(home.config_file, partial / "config.toml")
    note = BackupNote(FORMAT, genesis.chain_id, "0x" + genesis.hash().hex(), height, int(time.time()), VERSION)
    (partial / "backup.json").write_bytes(msgspec.json.format(msgspec.json.encode(note), indent=2) + b"\n")
    os.replace(partial, destination)
    return note


def restore_backup(home: NodeHome, source: Path, *, replace: bool) -> Restored:
    """Put a backup's store into a home whose node is stopped; keys, configuration and guard stay as they are.

    Raises Misused where the home has a store already and ``replace`` is not wished, or is another hub's.
    """
    note = read_note(source)
    genesis = genesis_of(home)
    if "0x" + genesis.hash().hex() != note.genesis_hash:
        raise Misused(
            f"{source} is of the hub {note.chain_id} with another genesis than {home.path}: name the right home"
        )
    if ask_node(home.path, "ping", "") is not None:
        raise Misused(f"the node of {home.path} runs: stop it first", reason="NODE_RUNS")
    Store.open(source / "store", genesis.hash()).close()
    moved = None
    if home.data.exists() and any(home.data.iterdir()):
        if not replace:
            raise Misused(f"{home.data} holds a store already: --replace moves it aside", reason="STORE_EXISTS")
        moved = home.data.with_name(f"data.replaced-{int(time.time())}")
        home.data.rename(moved)
    partial = home.data.with_name("data.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source / "store", partial)
    if home.data.exists():
        home.data.rmdir()
    partial.rename(home.data)
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


def _copy_stopped(home: NodeHome, genesis: Genesis, destination: Path) -> int:
    store = Store.open(node_config(home).store, genesis.hash())
    try:
        store.backup(destination)
        return store.height or 0
    finally:
        store.close()

"""What a home knows of a chain besides what the hub knows: where it is reached, and where the contracts stand.

One TOML file a chain, ``HOME/chains/NAME.toml``, written by ``ichub chain add``. The hub never reads it. ``kind`` says
what stands in it: ``evm``, which may be left out, or ``ledger``.
"""

import re
from pathlib import Path
from typing import TypeAlias

import msgspec

from console.exits import Misused
from console.home import NodeHome
from console.toml import toml_text

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}\Z")


class ChainFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An EVM chain as the command line reaches it; addresses are EIP-55 text."""

    name: str
    chain_id: int
    endpoints: tuple[str, ...]
    finality: str
    client_at_hub: str
    client_of_hub: str
    router: str
    quorum_client: str
    gateway: str
    first_height: int
    """The block in which the router was deployed: nothing of ours stands before it."""


class LedgerFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permissioned ledger as the command line reaches it: one of its nodes, and the member as whom it is asked."""

    name: str
    chain_id: str
    target: str
    authorities: str
    """Whom the node's certificate is believed by; a path, as are the member's ``certificate`` and ``key``."""
    certificate: str
    key: str
    client_at_hub: str
    client_of_hub: str
    first_height: int = 1


KnownChain: TypeAlias = ChainFile | LedgerFile
_KINDS: dict[str, type[ChainFile] | type[LedgerFile]] = {"evm": ChainFile, "ledger": LedgerFile}


def chain_path(home: NodeHome, name: str) -> Path:
    """Raises Misused for what cannot name a chain."""
    if not _NAME.match(name):
        raise Misused(f"{name!r} cannot name a chain: use small letters, digits and -, at most 31")
    return home.path / "chains" / f"{name}.toml"


def known_chains(home: NodeHome) -> list[KnownChain]:
    """All chains of a home, by name; raises Misused for a file that is malformed."""
    return [_read(path) for path in sorted((home.path / "chains").glob("*.toml"))]


def evm_chains(home: NodeHome) -> list[ChainFile]:
    """Those that are EVM chains; raises Misused."""
    return [chain for chain in known_chains(home) if isinstance(chain, ChainFile)]


def find_evm_chain(home: NodeHome, name: str) -> ChainFile:
    """As ``find_chain``, where only an EVM chain will do; raises Misused."""
    chain = find_chain(home, name)
    if not isinstance(chain, ChainFile):
        raise Misused(
            f"{chain.name} is a permissioned ledger, and this is about EVM chains: a ledger decides by vote, "
            "`ichub ledger proposal --help`"
        )
    return chain


def find_chain(home: NodeHome, name: str) -> KnownChain:
    """A chain by its name here or by its client at the hub; raises Misused."""
    chains = known_chains(home)
    for chain in chains:
        if name in {chain.name, chain.client_at_hub}:
            return chain
    names = ", ".join(f"{chain.name} ({chain.client_at_hub})" for chain in chains) or "none yet"
    raise Misused(f"there is no chain {name!r} in {home.path}/chains (there are: {names}); `ichub chain add` adds one")


def write_chain(home: NodeHome, chain: KnownChain) -> Path:
    """Write or replace a chain's file."""
    path = chain_path(home, chain.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    fields = msgspec.structs.asdict(chain)
    kind: dict[str, object] = {"kind": "ledger"} if isinstance(chain, LedgerFile) else {}
    partial.write_text(toml_text(kind | fields, "Written by `ichub chain add`; where it is reached may be changed."))
    partial.replace(path)
    return path


def _read(path: Path) -> KnownChain:
    try:
        fields = msgspec.toml.decode(path.read_bytes(), type=dict[str, object])
        kind = str(fields.pop("kind", "evm"))
        if kind not in _KINDS:
            raise Misused(f"{path}: kind is {kind!r}: it is evm or ledger")
        return msgspec.convert(fields, _KINDS[kind])
    except (msgspec.MsgspecError, ValueError) as error:
        raise Misused(f"{path} is no chain's file: {error}; mend it, or add the chain again") from error

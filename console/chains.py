"""What a home knows of a chain besides what the hub knows: where it is reached, and where the contracts stand.

One TOML file a chain, ``HOME/chains/NAME.toml``, written by ``ichub chain add``. The hub never reads it.
"""

import re
from pathlib import Path

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


def chain_path(home: NodeHome, name: str) -> Path:
    """Raises Misused for what cannot name a chain."""
    if not _NAME.match(name):
        raise Misused(f"{name!r} cannot name a chain: use small letters, digits and -, at most 31")
    return home.path / "chains" / f"{name}.toml"


def known_chains(home: NodeHome) -> list[ChainFile]:
    """All chains of a home, by name; raises Misused for a file that is malformed."""
    return [_read(path) for path in sorted((home.path / "chains").glob("*.toml"))]


def find_chain(home: NodeHome, name: str) -> ChainFile:
    """A chain by its name here or by its client at the hub; raises Misused."""
    chains = known_chains(home)
    for chain in chains:
        if name in {chain.name, chain.client_at_hub}:
            return chain
    names = ", ".join(f"{chain.name} ({chain.client_at_hub})" for chain in chains) or "none yet"
    raise Misused(f"there is no chain {name!r} in {home.path}/chains (there are: {names}); `ichub chain add` adds one")


def write_chain(home: NodeHome, chain: ChainFile) -> Path:
    """Write or replace a chain's file."""
    path = chain_path(home, chain.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(
        toml_text(msgspec.structs.asdict(chain), "Written by `ichub chain add`; the endpoints may be changed.")
    )
    partial.replace(path)
    return path


def _read(path: Path) -> ChainFile:
    try:
        return msgspec.toml.decode(path.read_bytes(), type=ChainFile)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Misused(f"{path} is no chain's file: {error}; mend it, or add the chain again") from error

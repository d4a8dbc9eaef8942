"""Packages of contracts: what is installed, and the hash by which the ledger pins it.

The hash is of all Python sources of the package that holds the contract's module: sorted by path, each path and content
preceded by its length. Line ends count as one (a checkout may change them), all else counts. Other files cannot matter,
for a contract reads none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from adapters.permissioned.ledger.contracts.shape import Shape
from adapters.permissioned.ledger.identities import ContractName
from hub.quantities import Hash

INTERFACE_VERSION = 1
"""Raised when what contracts are written against changes its meaning: then all packages have new hashes."""

Sources: TypeAlias = Mapping[str, bytes]
"""A package's Python files by their path in it, with ``/``."""


@dataclass(frozen=True, slots=True)
class Package:
    """An installed contract."""

    shape: Shape
    hash: Hash


Installed: TypeAlias = Mapping[str, Package]
"""All contracts that are installed here: the current version by the contract's name, others by ``name.version``. A
ledger runs the version that it pins until a vote passes, and blocks of long ago are replayed with the one of then."""


def current(installed: Installed) -> dict[ContractName, Package]:
    """Of each contract the version that stands under its own name: which to found or to vote for."""
    return {package.shape.name: package for name, package in sorted(installed.items()) if name == package.shape.name}


def names_of(shape: Shape) -> tuple[str, str]:
    """What a contract may be installed as: the current version, and one beside it."""
    return shape.name, f"{shape.name}.{shape.version}"


def package_hash(sources: Sources) -> Hash:
    """What pins a package's code."""
    hashed = sha256(b"interchain-ledger-contract" + INTERFACE_VERSION.to_bytes(4, "big"))
    for path in sorted(sources):
        for part in (path.encode(), sources[path].replace(b"\r\n", b"\n")):
            hashed.update(len(part).to_bytes(8, "big") + part)
    return Hash(hashed.digest())

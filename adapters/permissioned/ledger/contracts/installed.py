"""Finds the contracts that are installed here: those that ship with the ledger, and those of installed packages.

A package offers its contracts as entry points (pyproject.toml):

    [project.entry-points."interchain_ledger.contracts"]
    meters = "waterworks.meters.contract:Meters"
    "meters.1" = "waterworks.meters_1.contract:Meters"      # the version before, which the ledger may still pin

The one part of the runtime that does I/O: it reads the sources once, when a node starts. What the linter refuses is not
installed.
"""

import sys
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

from adapters.permissioned.ledger.contracts.errors import InvalidContract
from adapters.permissioned.ledger.contracts.interface import Contract
from adapters.permissioned.ledger.contracts.linter import lint_package, refuse_findings
from adapters.permissioned.ledger.contracts.packages import Installed, Package, Sources, names_of, package_hash
from adapters.permissioned.ledger.contracts.shape import shape_of
from hub.quantities import Hash

ENTRY_POINTS = "interchain_ledger.contracts"

SHIPPED = {
    "documents": "adapters.permissioned.ledger.documents.contract:DocumentsContract",
    "receivables": "adapters.permissioned.ledger.receivables.contract:ReceivablesContract",
}
"""The ledger's own contracts, which a checkout that is not installed has, too; the same as in pyproject.toml."""

_NATIVE = {".so", ".pyd", ".dylib", ".dll"}


def find_installed() -> Installed:
    """All contracts that are installed here; raises InvalidContract, NotDeterministic."""
    places = dict(SHIPPED)
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        if places.setdefault(entry.name, entry.value) != entry.value:
            raise InvalidContract(entry.name, f"it is offered twice, as {places[entry.name]} and as {entry.value}")
    return {name: load_package(name, place) for name, place in sorted(places.items())}


def load_package(name: str, place: str) -> Package:
    """The contract at ``module:Class``, in a package; raises InvalidContract, NotDeterministic."""
    module_name, _, class_name = place.partition(":")
    package_name = module_name.rpartition(".")[0]
    if not package_name or not class_name:
        raise InvalidContract(name, f"{place} is not of the form package.module:Class")
    pinned = _linted(name, package_name)
    try:
        contract = getattr(import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise InvalidContract(name, f"{place} cannot be loaded: {error}") from error
    if not isinstance(contract, type) or not issubclass(contract, Contract):
        raise InvalidContract(name, f"{place} is no contract")
    shape = shape_of(contract)
    if name not in names_of(shape):
        raise InvalidContract(name, f"{place} calls itself {' or '.join(names_of(shape))}")
    return Package(shape, pinned)


def package_of(contract: type[Contract]) -> Package:
    """The package of a contract that is imported already, as a node would install it.

    Raises InvalidContract, NotDeterministic.
    """
    package_name = contract.__module__.rpartition(".")[0]
    if not package_name:
        raise InvalidContract(contract.name, "it stands in no package: put it into a folder that has an __init__.py")
    pinned = _linted(contract.name, package_name)
    return Package(shape_of(contract), pinned)


def _linted(name: str, package_name: str) -> Hash:
    """The hash of sources that the linter takes; raises InvalidContract, NotDeterministic."""
    sources = _sources(name, package_name)
    refuse_findings(name, lint_package(sources))
    return package_hash(sources)


def _sources(name: str, package_name: str) -> Sources:
    """The sources of a package, before any of it but its parents is run."""
    try:
        folder = _folder(package_name)
    except ImportError as error:
        raise InvalidContract(name, f"there is no package {package_name}: {error}") from error
    if folder is None:
        raise InvalidContract(name, f"{package_name} is not a folder of Python sources")
    return read_sources(folder)


def _folder(package_name: str) -> Path | None:
    above, _, last = package_name.rpartition(".")
    paths = _path(import_module(above)) if above else [path or "." for path in sys.path]
    return next((Path(path) / last for path in paths if (Path(path) / last / "__init__.py").is_file()), None)


def _path(module: ModuleType) -> list[str]:
    return list(getattr(module, "__path__", ()))


def read_sources(folder: Path) -> Sources:
    """The Python sources in a folder and below it; raises InvalidContract where there is code of another kind."""
    sources = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix in _NATIVE or (file.suffix == ".pyc" and file.parent.name != "__pycache__"):
            raise InvalidContract(folder.name, f"{file.name} is code that cannot be read")
        if file.is_symlink() and file.is_dir():
            raise InvalidContract(folder.name, f"{file.name} leads out of it: what stands there would not be pinned")
        if file.suffix == ".py":
            sources[file.relative_to(folder).as_posix()] = file.read_bytes()
    return sources

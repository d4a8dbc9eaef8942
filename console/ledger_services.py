"""Services that contracts of a permissioned ledger provide, as they are defined at a hub."""

from collections.abc import Iterator

from adapters.permissioned.ledger.contracts.installed import find_installed
from adapters.permissioned.ledger.contracts.packages import current
from adapters.permissioned.ledger.contracts.shape import ServiceDefinition
from console.exits import Misused
from hub.messages import DefineService


def served() -> Iterator[tuple[str, ServiceDefinition]]:
    """All services of the contracts that are installed here, each with the contract's name."""
    for name, package in current(find_installed()).items():
        for service in package.shape.services():
            yield name, service


def definition(contract: str, service: str, tags: tuple[str, ...] = (), description: str = "") -> DefineService:
    """Raises Misused where the contract is not installed here, or does not serve that."""
    for name, known in served():
        if (name, known.service) == (contract, service):
            return defined(known, tags, description)
    offers = ", ".join(f"{known.service} of {name}" for name, known in served()) or "none"
    raise Misused(f"no contract {contract!r} that serves {service!r} is installed here; there are: {offers}")


def defined(service: ServiceDefinition, tags: tuple[str, ...] = (), description: str = "") -> DefineService:
    """Its schemas, in JSON and in ABI, are those of the contract's records."""
    asked, answered = service.input, service.output
    return DefineService(
        service.service,
        description or service.description,
        tags,
        asked.json_schema or "",
        answered.json_schema or "",
        asked.abi or "",
        answered.abi or "",
    )

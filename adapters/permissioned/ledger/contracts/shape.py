"""What a contract's class offers: its methods with their types, its collections. Checked once, when it is loaded."""

import typing
from dataclasses import dataclass
from types import FunctionType, UnionType
from typing import Any, NamedTuple, TypeAlias

from adapters.permissioned.ledger.contracts.collections import Collection
from adapters.permissioned.ledger.contracts.errors import InvalidContract, MethodNotFound
from adapters.permissioned.ledger.contracts.interface import MARK, Contract, Kind, Later, Mark
from adapters.permissioned.ledger.contracts.plain_text import is_name
from adapters.permissioned.ledger.contracts.private import PrivateCollection
from adapters.permissioned.ledger.contracts.service_schemas import service_schema
from adapters.permissioned.ledger.contracts.values import Record, unsuitable
from adapters.permissioned.ledger.errors import InvalidContractName
from adapters.permissioned.ledger.identities import ContractName, contract_name
from hub.services.errors import ServiceError
from hub.services.schema import ServiceSchema, validate_definition

MAX_VERSION = 2**31 - 1


class ServiceDefinition(NamedTuple):
    """A service as it is defined at the hub (``ichub service define``)."""

    service: str
    description: str
    input: ServiceSchema
    output: ServiceSchema


@dataclass(frozen=True, slots=True)
class Method:
    """A method that can be called from outside; ``name`` is the service's where it serves one."""

    name: str
    kind: Kind
    function: FunctionType
    argument: type[Record]
    result: type[Record]
    definition: ServiceDefinition | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A contract as the runtime knows it."""

    name: ContractName
    version: int
    contract: type[Contract]
    methods: tuple[Method, ...]

    def method(self, kind: Kind, name: str) -> Method:
        """Raises MethodNotFound."""
        for method in self.methods:
            if method.kind is kind and method.name == name:
                return method
        raise MethodNotFound(self.name, kind, name)

    def services(self) -> tuple[ServiceDefinition, ...]:
        """What it serves to other chains."""
        return tuple(method.definition for method in self.methods if method.definition is not None)


ContractClass: TypeAlias = type[Contract]


def shape_of(contract: ContractClass) -> Shape:
    """The shape of a contract's class; raises InvalidContract."""
    label = contract.__name__
    try:
        name = contract_name(contract.name)
    except InvalidContractName as error:
        raise InvalidContract(label, str(error)) from None
    if not 1 <= contract.version <= MAX_VERSION:
        raise InvalidContract(label, "its version is a number from 1")
    if contract.__bases__ != (Contract,):
        raise InvalidContract(label, "it derives from Contract alone")
    methods: list[Method] = []
    collections: list[str] = []
    for attribute, value in vars(contract).items():
        if isinstance(value, Collection | PrivateCollection):
            collections.append(value.name)
        elif isinstance(value, FunctionType):
            if (mark := getattr(value, MARK, None)) is not None:
                methods.append(_method(label, value, mark))
        elif not _is_constant(value) and not attribute.startswith("__") and not isinstance(value, staticmethod):
            raise InvalidContract(label, f"{attribute} is neither a method, a collection nor a constant")
    if not methods:
        raise InvalidContract(label, "no method is marked as transaction, query or service")
    _refuse_twice(label, [f"{method.kind} {method.name}" for method in methods])
    _refuse_twice(label, [f"collection {each}" for each in collections])
    for each in collections:
        if not is_name(each):
            raise InvalidContract(label, f"{each!r} is not a collection's name: use letters, digits, _ and -")
    return Shape(name, contract.version, contract, tuple(methods))


def _is_constant(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_constant, value))
    return value is None or isinstance(value, str | int | bytes | bool)


def _refuse_twice(label: str, names: list[str]) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise InvalidContract(label, f"there are two of {name}")


def _method(label: str, function: FunctionType, mark: Mark) -> Method:
    place = function.__name__
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError) as error:
        raise InvalidContract(label, f"the types of {place} cannot be read: {error}") from None
    parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
    if len(parameters) != 3 or function.__code__.co_flags & 0x0C or function.__code__.co_kwonlyargcount:
        raise InvalidContract(label, f"{place} takes self, a context and one record")
    argument, result = hints.get(parameters[2]), _result(hints.get("return"), mark.kind)
    for kind in (argument, result):
        if not isinstance(kind, type) or not issubclass(kind, Record):
            raise InvalidContract(label, f"{place} takes and returns records, by its type hints")
        if fault := unsuitable(kind):
            raise InvalidContract(label, f"{place}: {fault}")
    takes, gives = typing.cast(type[Record], argument), typing.cast(type[Record], result)
    definition = _definition(label, mark, takes, gives) if mark.kind is Kind.SERVICE else None
    return Method(mark.service or function.__name__, mark.kind, function, takes, gives, definition)


def _result(hint: Any, kind: Kind) -> Any:
    """What a method returns; a service may also answer later."""
    if kind is Kind.SERVICE and isinstance(hint, UnionType):
        (hint,) = [each for each in typing.get_args(hint) if each is not Later] or [None]
    return hint


def _definition(label: str, mark: Mark, argument: type[Record], result: type[Record]) -> ServiceDefinition:
    try:
        takes, answers = service_schema(argument), service_schema(result)
        validate_definition(takes, answers)
    except (TypeError, ServiceError) as error:
        raise InvalidContract(label, f"service {mark.service}: {error}") from None
    return ServiceDefinition(mark.service, mark.description, takes, answers)

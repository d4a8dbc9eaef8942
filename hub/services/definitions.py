"""Service definitions: what is offered under a name. A definition is never changed, for calls rely on it."""

import re
from collections.abc import Iterator

import msgspec

from hub.events import ServiceDefined
from hub.messages import DefineService
from hub.quantities import Address
from hub.services.errors import InvalidDefinition, ServiceAlreadyDefined
from hub.services.schema import ServiceSchema, validate_definition
from hub.state.branch import StateReader
from hub.state.collections import Records, Room, text
from hub.state.context import Context

MAX_DESCRIPTION_CHARACTERS = 280
MAX_TAGS = 10
_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,69}")


class Definition(msgspec.Struct, frozen=True, array_like=True):
    """A service: who defined it, and what it takes and answers."""

    service: str
    author: Address
    description: str
    tags: tuple[str, ...]
    input: ServiceSchema
    output: ServiceSchema


_DEFINITIONS = Records(Room.SERVICE_DEFINITIONS, Definition, remembered=64)


def define(ctx: Context, author: Address, message: DefineService) -> None:
    """Define a service; raises InvalidDefinition, ServiceAlreadyDefined, and what its schemas are refused for."""
    if not _NAME.fullmatch(message.service):
        raise InvalidDefinition("a name is a letter and up to 69 letters, digits, - and _")
    if len(message.description) > MAX_DESCRIPTION_CHARACTERS:
        raise InvalidDefinition(f"a description has at most {MAX_DESCRIPTION_CHARACTERS} characters")
    if len(message.tags) > MAX_TAGS or not all(_NAME.fullmatch(tag) for tag in message.tags):
        raise InvalidDefinition(f"there are at most {MAX_TAGS} tags, each formed like a name")
    if _DEFINITIONS.has(ctx.state, text(message.service)):
        raise ServiceAlreadyDefined(message.service)
    takes = ServiceSchema.of(message.input_json_schema, message.input_abi)
    answers = ServiceSchema.of(message.output_json_schema, message.output_abi)
    validate_definition(takes, answers)
    found = Definition(message.service, author, message.description, message.tags, takes, answers)
    _DEFINITIONS.put(ctx.state, text(message.service), found)
    ctx.emit(ServiceDefined(message.service, author))


def definition(state: StateReader, service: str) -> Definition | None:
    """The definition of a service, if there is one."""
    return _DEFINITIONS.get(state, text(service)) if _NAME.fullmatch(service) else None


def definitions(state: StateReader, after: str = "") -> Iterator[Definition]:
    """All definitions by length of name and name, beyond the one named ``after``."""
    return (record for _, record in _DEFINITIONS.scan(state, after=text(after) if after else None))

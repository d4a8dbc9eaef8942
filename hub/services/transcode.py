"""Data of a service: checked against its schema, and carried between ABI and JSON where the service has both.

In ABI each value has one form. In JSON white space, the order of keys and escapes are the writer's; what the hub writes
is canonical (RFC 8785).
"""

from typing import assert_never

from hub.ibc.packet import MAX_VALUE_BYTES
from hub.services.abi import Tuple, parse_abi
from hub.services.abi_data import AbiValue, decode, encode, encoded_bytes
from hub.services.errors import DataTooLarge, EncodingNotOffered
from hub.services.json_schema import MAX_DATA_DEPTH, parse_json_schema
from hub.services.json_text import JsonValue, canonical, parse
from hub.services.mapping import components_from_json, components_to_json
from hub.services.payload import InputEncoding
from hub.services.schema import ServiceSchema


def check(schema: ServiceSchema, encoding: InputEncoding, data: bytes, max_bytes: int = MAX_VALUE_BYTES) -> None:
    """Refuse data that is not of the schema. Where the service has both, data in one encoding is checked against both.

    Raises DataTooLarge, EncodingNotOffered, MalformedAbi, InvalidJson, SchemaMismatch, NotTranslatable.
    """
    match encoding:
        case InputEncoding.ABI:
            _read_abi(schema, data, max_bytes)
        case InputEncoding.JSON:
            _read_json(schema, data, max_bytes)
        case _:
            assert_never(encoding)


def convert(
    schema: ServiceSchema,
    data: bytes,
    source: InputEncoding,
    target: InputEncoding,
    max_bytes: int = MAX_VALUE_BYTES,
) -> bytes:
    """The data in the other encoding, or as it is where both are the same; checked in either case.

    ``max_bytes`` is the room where it goes. Raises what ``check`` raises.
    """
    if target not in schema.encodings():
        raise EncodingNotOffered(target.name)
    match source:
        case InputEncoding.ABI:
            described = _read_abi(schema, data, MAX_VALUE_BYTES)
            converted = data if target is source else canonical(described)
        case InputEncoding.JSON:
            values = _read_json(schema, data, MAX_VALUE_BYTES)
            converted = data if target is source else _write_abi(_components(schema), values, max_bytes)
        case _:
            assert_never(source)
    _check_size(converted, max_bytes)
    return converted


def _read_abi(schema: ServiceSchema, data: bytes, max_bytes: int) -> JsonValue:
    """ABI data, checked against all that is given, as JSON; None where nothing needs it."""
    components = _components(schema)
    _check_size(data, max_bytes)
    values = decode(components, data)
    if schema.json_schema is None:
        return None
    value = components_to_json(components, values)
    parse_json_schema(schema.json_schema).check(value)
    return value


def _read_json(schema: ServiceSchema, data: bytes, max_bytes: int) -> tuple[AbiValue, ...]:
    """JSON data, checked against all that is given, as values of the ABI components; of none where there are none."""
    if schema.json_schema is None:
        raise EncodingNotOffered(InputEncoding.JSON.name)
    _check_size(data, max_bytes)
    value = parse(data, MAX_DATA_DEPTH)
    parse_json_schema(schema.json_schema).check(value)
    if schema.abi is None:
        return ()
    return components_from_json(parse_abi(schema.abi), value)


def _write_abi(components: Tuple, values: tuple[AbiValue, ...], max_bytes: int) -> bytes:
    """Not begun where it would be too long: 64 KiB of empty arrays in each other, 2 MB in ABI, took seconds."""
    size = encoded_bytes(components, values)
    if size > max_bytes:
        raise DataTooLarge(size, max_bytes)
    return encode(components, values)


def _components(schema: ServiceSchema) -> Tuple:
    if schema.abi is None:
        raise EncodingNotOffered(InputEncoding.ABI.name)
    return parse_abi(schema.abi)


def _check_size(data: bytes, max_bytes: int) -> None:
    if len(data) > max_bytes:
        raise DataTooLarge(len(data), max_bytes)

"""Small values of any type that travels, for showing that they come back as they went."""

import typing
from enum import Enum
from types import UnionType
from typing import Any

import msgspec
from google.protobuf.message import Message as Proto
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from hub.proofs.quorum import SignerSet
from hub.quantities import MAX_AMOUNT, Address, Amount, Hash

ADDRESS = Address(b"\x07" * 20)


def parts_of(hint: Any) -> tuple[Any, dict[str, Any]]:
    """A struct, perhaps of a generic one, and the types of its fields."""
    struct = typing.get_origin(hint) or hint
    given = dict(zip(getattr(struct, "__parameters__", ()), typing.get_args(hint), strict=True))
    hints = typing.get_type_hints(struct)
    for name, one in hints.items():
        if parameters := getattr(one, "__parameters__", ()):
            hints[name] = one[tuple(given[parameter] for parameter in parameters)]
        hints[name] = given.get(hints[name], hints[name])
    return struct, hints


def is_struct(hint: Any) -> bool:
    struct = typing.get_origin(hint) or hint
    return isinstance(struct, type) and issubclass(struct, msgspec.Struct)


def strategy(hint: Any, name: str = "", strict: bool = False) -> st.SearchStrategy[Any]:  # noqa: PLR0911
    """Small values of any type that a struct uses. ``strict``: such as a struct that checks itself takes."""
    if hint is SignerSet:
        powers = st.dictionaries(st.sampled_from([ADDRESS, b"\x08" * 20]), st.integers(1, 9), min_size=1)
        return st.builds(SignerSet.of, st.integers(1, 9), powers)
    if isinstance(hint, UnionType) or typing.get_origin(hint) is typing.Union:
        return st.one_of(*(strategy(member, name, strict) for member in typing.get_args(hint)))
    if typing.get_origin(hint) is tuple:
        parts = typing.get_args(hint)
        if parts[-1] is Ellipsis:
            return st.lists(strategy(parts[0]), max_size=2).map(tuple)
        return st.tuples(*map(strategy, parts))
    if is_struct(hint):
        struct, hints = parts_of(hint)
        strict = hasattr(struct, "__post_init__")
        return st.builds(struct, **{field: strategy(hints[field], field, strict) for field in struct.__struct_fields__})
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    return st.sampled_from(samples(hint, name, strict))


def samples(hint: Any, name: str, strict: bool) -> list[Any]:
    """Values of a scalar type, each bound among them."""
    sized = {Address: 20, Hash: 32}.get(hint)
    if sized is not None:
        return [bytes(range(sized)), b"\xff" * sized, *([] if strict else [b"\x00" * sized])]
    if hint is Amount:
        return [0, 1, MAX_AMOUNT]
    if name.endswith("encoding") and hint is int:
        return [1, 2]
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    if strict:
        valid: dict[Any, list[Any]] = {
            int: [1, 2**32 - 1],
            str: ["quorum-0"],
            bytes: [b"\x01" * 32],
            bool: [True, False],
        }
        return valid[hint]
    plain: dict[Any, list[Any]] = {
        int: [0, 1, 2**32 - 1],
        str: ["", "service", "übermut ✓"],
        bytes: [b"", b"\x00\xff"],
        bool: [True, False],
        type(None): [None],
    }
    return plain[hint]


def again(message: Proto) -> Proto:
    """As it is after it travelled."""
    copy = type(message)()
    copy.ParseFromString(message.SerializeToString())
    return copy


FEW = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

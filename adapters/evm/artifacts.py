"""The compiled contracts that stand in ``contracts/artifacts``: their ABIs, bytecode, and the errors they revert
with.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_utils.abi import collapse_if_tuple

from hub.proofs.keccak import keccak256

FOLDER = Path(__file__).parent / "contracts" / "artifacts"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One contract, compiled."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes


@cache
def artifact(name: str) -> Artifact:
    """Read a contract's artifact; raises FileNotFoundError."""
    content = json.loads((FOLDER / f"{name}.json").read_text())
    code = content["bytecode"]
    return Artifact(name, content["abi"], bytes.fromhex((code["object"] if isinstance(code, dict) else code)[2:]))


@dataclass(frozen=True, slots=True)
class RevertReason:
    """Why a contract said no: an error's name and its arguments as text."""

    error: str
    arguments: dict[str, str]

    def __str__(self) -> str:
        return f"{self.error}({', '.join(f'{name}: {value}' for name, value in self.arguments.items())})"


@dataclass(frozen=True, slots=True)
class _ErrorAbi:
    name: str
    types: tuple[str, ...]
    names: tuple[str, ...]


_PANICS = {
    0x01: "assertion failed", 0x11: "arithmetic overflow", 0x12: "division by zero", 0x21: "no such enum value",
    0x22: "damaged storage", 0x31: "pop of an empty array", 0x32: "index out of range", 0x41: "out of memory",
    0x51: "call of an empty function",
}  # fmt: skip


_REASON = "reason"
"""The argument of an error in which a contract tells what another one reverted with."""
_MOST_WITHIN = 4
"""Reasons within reasons that are read. The router passes on 256 bytes of one; what lies keeps to no such bound."""


def revert_reason(data: bytes) -> RevertReason:
    """Read what a contract reverted with, by the ABIs of all our contracts; never raises, whatever an endpoint sends.

    An error that brings another's reason, as ApplicationReverted, has it as text.
    """
    return _read(data, _MOST_WITHIN)


def _read(data: bytes, within: int) -> RevertReason:
    selector, body = data[:4], data[4:]
    known = _errors().get(selector)
    if known is None:
        return RevertReason("NoReason" if not data else "UnknownError", {"data": "0x" + data.hex()} if data else {})
    try:
        values = decode(known.types, body)
    except (DecodingError, ValueError, OverflowError):
        return RevertReason(known.name, {"data": "0x" + data.hex()})
    if known.name == "Panic":
        return RevertReason("Panic", {"code": _PANICS.get(values[0], hex(values[0]))})
    named = zip(known.names, values, strict=True)
    return RevertReason(
        known.name, {name: _reason(value, within) if name == _REASON else _text(value) for name, value in named}
    )


@cache
def _errors() -> dict[bytes, _ErrorAbi]:
    table = {
        _selector("Error", ("string",)): _ErrorAbi("Error", ("string",), ("message",)),
        _selector("Panic", ("uint256",)): _ErrorAbi("Panic", ("uint256",), ("code",)),
    }
    for path in sorted(FOLDER.glob("*.json")):
        for entry in json.loads(path.read_text()).get("abi", ()):
            if entry["type"] == "error":
                known = _error(entry["name"], entry["inputs"])
                table[_selector(known.name, known.types)] = known
    return table


def _error(name: str, inputs: Sequence[dict[str, Any]]) -> _ErrorAbi:
    types = tuple(collapse_if_tuple(field) for field in inputs)
    return _ErrorAbi(name, types, tuple(field["name"] or str(place) for place, field in enumerate(inputs)))


def _selector(name: str, types: Sequence[str]) -> bytes:
    return keccak256(f"{name}({','.join(types)})".encode())[:4]


def _reason(value: object, within: int) -> str:
    return str(_read(value, within - 1)) if within and isinstance(value, bytes) else _text(value)


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return str(value)

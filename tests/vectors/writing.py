"""How vectors are written: two spaces, bytes as 0x-hex, integers as decimal strings (JSON numbers end at 2**53)."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def plain(value: Any) -> Any:
    """Bytes and integers as text, everything else as it is."""
    match value:
        case bytes():
            return "0x" + value.hex()
        case bool() | str() | None:
            return value
        case int():
            return str(value)
        case dict():
            return {key: plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [plain(entry) for entry in value]
        case _:
            raise TypeError(f"no vector holds a {type(value).__name__}")


def write(name: str, vectors: dict[str, Any]) -> None:
    """Write ``name``.json beside this file."""
    (HERE / f"{name}.json").write_text(json.dumps(plain(vectors), indent=2) + "\n")


def read(name: str) -> dict[str, Any]:
    """Read ``name``.json."""
    vectors: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return vectors


def unhex(text: str) -> bytes:
    """Bytes from 0x-hex."""
    return bytes.fromhex(text.removeprefix("0x"))


def label(text: str) -> bytes:
    """32 bytes that stand for something named."""
    return sha256(text.encode()).digest()

"""Numbers and bytes as JSON-RPC writes them."""

from typing import Any

from eth_utils.address import to_checksum_address


def number_of(quantity: Any) -> int:
    """``0x1a`` -> 26; raises ValueError for what is no quantity."""
    if isinstance(quantity, str) and quantity.startswith("0x"):
        return int(quantity, 16)
    raise ValueError(f"{quantity!r} is not a JSON-RPC quantity")


def bytes_of(data: Any) -> bytes:
    """``0x1a2b`` -> bytes; raises ValueError for what is not hex data."""
    if isinstance(data, str) and data.startswith("0x"):
        return bytes.fromhex(data[2:])
    raise ValueError(f"{data!r} is not JSON-RPC data")


def hex_of(data: bytes) -> str:
    """Bytes as ``0x``-hex."""
    return "0x" + data.hex()


def block_tag(height: int) -> str:
    """A height as a block parameter."""
    return hex(height)


def hex_checksum(address: bytes) -> str:
    """An address as web3 wants it (EIP-55)."""
    return to_checksum_address(address)

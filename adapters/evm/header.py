"""An Ethereum block header, and its hash recomputed from its fields: whoever gives a header gives all of it (EIP-1559,
4399, 4895, 4844, 4788, 7685).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rlp

from adapters.evm.words import bytes_of, number_of
from hub.proofs.keccak import keccak256
from hub.quantities import MAX_U64, Hash, Height, UnixSeconds

_QUANTITIES = {
    "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas",
}  # fmt: skip
_LONDON_AND_BEFORE = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
    "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce",
)  # fmt: skip
_SINCE = ("baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash")
"""Fields that forks have added, each only with all before it."""


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What the hub must know of a block. ``hash`` is that of all fields, computed here."""

    number: Height
    hash: Hash
    parent_hash: Hash
    state_root: Hash
    timestamp: UnixSeconds
    base_fee_wei: int


def header_of(block: Mapping[str, Any]) -> BlockHeader:
    """Read a block as JSON-RPC gives it; raises ValueError where the fields do not hash to its hash, KeyError for a
    missing one.

    A fork with a field not known here makes every block fail, loudly, rather than be believed.
    """
    computed = Hash(keccak256(rlp.encode([_field(block, name) for name in _names(block)])))
    claimed = bytes_of(block["hash"])
    if claimed != computed:
        raise ValueError(f"its fields hash to 0x{computed.hex()}, it claims 0x{claimed.hex()}")
    number, timestamp = number_of(block["number"]), number_of(block["timestamp"])
    if max(number, timestamp) > MAX_U64:
        raise ValueError("its number or its time has more than 64 bits")
    return BlockHeader(
        Height(number),
        computed,
        Hash(bytes_of(block["parentHash"])),
        Hash(bytes_of(block["stateRoot"])),
        UnixSeconds(timestamp),
        number_of(block.get("baseFeePerGas", "0x0")),
    )


def _names(block: Mapping[str, Any]) -> list[str]:
    names = list(_LONDON_AND_BEFORE)
    for name in _SINCE:
        if block.get(name) is None:
            break
        names.append(name)
    return names


def _field(block: Mapping[str, Any], name: str) -> bytes:
    if name in _QUANTITIES:
        number = number_of(block[name])
        return number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes_of(block[name])

"""When a block counts as final: ``depth:N``, ``safe`` or ``finalized`` (docs/protocol.md, section 8).

The rule is part of what attestors sign, so that a header that was final by one rule is never taken for one by another.
"""

from dataclasses import dataclass
from typing import assert_never

from adapters.errors import CallRefused, EndpointFault
from adapters.evm.endpoints import Endpoint
from adapters.evm.header import BlockHeader, header_of
from adapters.evm.words import block_tag
from hub.quantities import Height, Seconds


@dataclass(frozen=True, slots=True)
class Depth:
    """Final once ``blocks`` more stand on it: for chains without finality, and for devnets."""

    blocks: int

    def __str__(self) -> str:
        return f"depth:{self.blocks}"


@dataclass(frozen=True, slots=True)
class Safe:
    """As the node's ``safe`` tag: justified, on a proof-of-stake chain."""

    def __str__(self) -> str:
        return "safe"


@dataclass(frozen=True, slots=True)
class Finalized:
    """As the node's ``finalized`` tag."""

    def __str__(self) -> str:
        return "finalized"


FinalityRule = Depth | Safe | Finalized


def finality_rule(text: str) -> FinalityRule:
    """Read a rule as it stands in a configuration; raises ValueError."""
    match text.split(":"):
        case ["safe"]:
            return Safe()
        case ["finalized"]:
            return Finalized()
        case ["depth", blocks] if blocks.isascii() and blocks.isdigit() and str(int(blocks)) == blocks:
            return Depth(int(blocks))
        case _:
            raise ValueError(f"{text!r} is no finality rule: use depth:N, safe or finalized")


async def final_height(endpoint: Endpoint, rule: FinalityRule) -> Height:
    """The highest final block that this endpoint knows; 0 where only the genesis is. Raises EndpointFault,
    CallRefused.
    """
    match rule:
        case Depth(blocks):
            return Height(max(0, await endpoint.quantity("eth_blockNumber") - blocks))
        case Safe():
            return (await block_header(endpoint, "safe")).number
        case Finalized():
            return (await block_header(endpoint, "finalized")).number
        case _:
            assert_never(rule)


@dataclass(frozen=True, slots=True)
class FinalityLag:
    """How far the highest final block is behind the head, ``seconds`` by the blocks' own times."""

    blocks: int
    seconds: Seconds


async def finality_lag(endpoint: Endpoint, rule: FinalityRule) -> FinalityLag | None:
    """As it is now; None while only the genesis is final, whose time says nothing.

    Raises EndpointFault, CallRefused.
    """
    head = await block_header(endpoint, "latest")
    height = await final_height(endpoint, rule)
    if not height:
        return None
    final = await block_header(endpoint, height)
    return FinalityLag(max(0, head.number - height), Seconds(max(0, head.timestamp - final.timestamp)))


async def block_header(endpoint: Endpoint, block: int | str) -> BlockHeader:
    """The header at a height or tag, its hash recomputed; raises EndpointFault where this endpoint has none such."""
    tag = block if isinstance(block, str) else block_tag(block)
    try:
        answer = await endpoint.call("eth_getBlockByNumber", tag, False)
    except CallRefused as refusal:
        raise EndpointFault(endpoint.url, str(refusal)) from refusal
    if answer is None:
        raise EndpointFault(endpoint.url, f"it has no block {tag}")
    try:
        header = header_of(answer)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise EndpointFault(endpoint.url, f"block {tag} is malformed: {error}") from error
    if isinstance(block, int) and header.number != block:
        raise EndpointFault(endpoint.url, f"it answered block {header.number} for {block}")
    return header

"""The figures by name, and the file they are written to."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that is measured. ``aim``: what was aimed at, as the table shows it."""

    name: str
    unit: str
    meaning: str
    aim: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure's value; ``n``: of how many measurements or pieces of work it was taken. ``note`` is shown only."""

    value: float
    n: int
    note: str = ""

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or self.n < 1:
            raise ValueError(f"{self.value} of {self.n} is no measurement")


EVM = (
    Figure("evm.recv.single.1of1.gas", "gas", "one packet delivered, one validator"),
    Figure("evm.recv.single.4of5.gas", "gas", "one packet delivered, 4 of 5 sign", "<= 82,000"),
    Figure("evm.recv.single.13of19.gas", "gas", "one packet delivered, 13 of 19 sign"),
    Figure("evm.recv.batch10.4of5.gas_per_packet", "gas", "each of ten delivered together, 4 of 5", "<= 22,000"),
    Figure("evm.recv.batch10.13of19.gas_per_packet", "gas", "each of ten delivered together, 13 of 19"),
    Figure("evm.send.gas", "gas", "one packet sent"),
    Figure("evm.ack.batch10.gas_per_packet", "gas", "each of ten acknowledged together, 4 of 5"),
    Figure("evm.timeout.gas", "gas", "one packet timed out, 4 of 5, against a state of 100,000 keys"),
)
RECEIVE = (
    Figure("hub.recv.packets_per_s.10k", "packets/s", "EVM packets proven and committed, ten thousand keys"),
    Figure("hub.recv.packets_per_s.1m", "packets/s", "EVM packets proven and committed, a million keys", ">= 2,000"),
    Figure("hub.recv.ledger.packets_per_s", "packets/s", "a ledger's packets, likewise, a million keys", ">= 2,000"),
    Figure("hub.rss_mb", "MB", "resident memory of the process that received them, a million keys"),
)
CALLS = (Figure("hub.calls_per_s", "calls/s", "whole service calls from an EVM chain to another, proven and settled"),)
TRANSACTIONS = (
    Figure("hub.tx_per_s", "tx/s", "transfers through the engine with group commit, a million keys"),
    Figure("hub.commit.p99_ms", "ms", "a block's durable commit, with 32 senders that wait for each answer"),
)
LEDGER = (
    Figure("ledger.tx_per_s", "tx/s", "documents notarised through the engine, a million keys", ">= 1,000"),
    Figure("ledger.commit.p99_ms", "ms", "a block's durable commit, with 32 members that wait for each answer"),
    Figure("ledger.query_per_s", "queries/s", "documents looked up over gRPC with mutual TLS"),
    Figure("ledger.verify_chain_us", "us", "a new certificate read and its path validated, an intermediate in it"),
)
END_TO_END = (
    Figure("e2e.call.p50_s", "s", "from a call's block to its result's block, on the devnet"),
    Figure("e2e.call.p99_s", "s", "from a call's block to its result's block, on the devnet"),
    Figure("e2e.call.p50_blocks", "blocks", "the same in blocks of the slower chain", "<= 6"),
    Figure("e2e.evm_to_ledger.p50_s", "s", "a call to a contract of the ledger, likewise"),
)

GROUPS: dict[str, tuple[Figure, ...]] = {
    "evm": EVM,
    "hub.recv": RECEIVE,
    "hub.calls": CALLS,
    "hub.tx": TRANSACTIONS,
    "ledger": LEDGER,
    "e2e": END_TO_END,
}
"""Measured together, in this order."""


def all_figures() -> Iterator[Figure]:
    for figures in GROUPS.values():
        yield from figures


def groups_named(names: list[str]) -> list[str]:
    """The groups that these names ask for: a group's name, or a figure's or its beginning; all for none.

    Raises LookupError with a name that asks for nothing.
    """
    wanted = set()
    for name in names:
        found = [
            group
            for group, figures in GROUPS.items()
            if group == name or any(figure.name == name or figure.name.startswith(name + ".") for figure in figures)
        ]
        if not found:
            raise LookupError(name)
        wanted.update(found)
    return [group for group in GROUPS if group in wanted or not names]


def write_json(path: Path, measured: Mapping[str, Measured], *, keep: bool) -> None:
    """Write ``{figure: {value, unit, n}}``; with ``keep``, what was not measured now stays as it is there."""
    units = {figure.name: figure.unit for figure in all_figures()}
    found: dict[str, Any] = msgspec.json.decode(path.read_bytes()) if keep and path.exists() else {}
    found |= {name: {"value": one.value, "unit": units[name], "n": one.n} for name, one in measured.items()}
    ordered = {name: found[name] for name in units if name in found}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n")

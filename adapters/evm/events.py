"""The router's packet events, as the hub names them (contracts/src/interfaces/IRouter.sol)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode

from adapters.chain import Observed, PacketEvent
from adapters.evm.artifacts import RevertReason, revert_reason
from adapters.evm.words import bytes_of, hex_of, number_of
from hub.events import AcknowledgementWritten, PacketAcknowledged, PacketReceived, PacketSent, PacketTimedOut
from hub.ibc.commitment import acknowledgement_commitment
from hub.ibc.identifiers import ClientId
from hub.ibc.lanes import Lane
from hub.proofs.keccak import keccak256
from hub.quantities import MAX_U64, Address, Hash, Height, Sequence, UnixSeconds

_SENT = keccak256(b"PacketSent(bytes32,uint64,uint16,uint64,bytes32,bytes)")
_PENDING = keccak256(b"AcknowledgementPending(bytes32,uint64,address)")
_WRITTEN = keccak256(b"AcknowledgementWritten(bytes32,bytes)")
_ACKNOWLEDGED = keccak256(b"PacketAcknowledged(bytes32,uint64)")
_TIMED_OUT = keccak256(b"PacketTimedOut(bytes32,uint64)")
_REFUSED = keccak256(b"ApplicationRefused(bytes32,uint64,bytes)")
TOPICS = (_SENT, _PENDING, _WRITTEN, _ACKNOWLEDGED, _TIMED_OUT)


@dataclass(frozen=True, slots=True)
class Ends:
    """The two client identifiers between this chain and the hub."""

    here: ClientId
    """This chain's client of the hub."""
    at_hub: ClientId
    """The hub's client of this chain."""


@dataclass(frozen=True, slots=True)
class AppendedAcknowledgement:
    """The n-th acknowledgement of a client's chain, counted from 0; ``height`` is that of its block."""

    n: int
    height: Height
    sequence: Sequence
    commitment: Hash


@dataclass(frozen=True, slots=True)
class RouterLog:
    """One event: what a relayer is told of it, and what the acknowledgement chain needs of it."""

    observed: Observed
    appended: AppendedAcknowledgement | None = None


def log_filter(router: Address, ends: Ends, first: Height, last: Height) -> dict[str, Any]:
    """The parameter of ``eth_getLogs`` for our packet events in these blocks."""
    return {
        "address": hex_of(router),
        "fromBlock": hex(first),
        "toBlock": hex(last),
        "topics": [[hex_of(topic) for topic in TOPICS], hex_of(keccak256(ends.here.encode()))],
    }


def read_log(entry: Mapping[str, Any], ends: Ends, lanes: Mapping[int, Lane]) -> RouterLog:
    """Read one log; raises ValueError, LookupError, TypeError, DecodingError for a malformed one or an unknown lane."""
    topics = [bytes_of(topic) for topic in entry["topics"]]
    event, appended = _event(topics, bytes_of(entry["data"]), ends, lanes, Height(number_of(entry["blockNumber"])))
    observed = Observed(
        Height(number_of(entry["blockNumber"])), number_of(entry["logIndex"]), bytes_of(entry["transactionHash"]), event
    )
    return RouterLog(observed, appended)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A packet that stays as it was, for its application reverted as it was told of its end."""

    height: Height
    position: int
    transaction: bytes
    sequence: Sequence
    reason: RevertReason


def refusal_filter(router: Address, client: ClientId, first: Height, last: Height) -> dict[str, Any]:
    """The parameter of ``eth_getLogs`` for what applications refused in these blocks, of packets over a client."""
    return {
        "address": hex_of(router),
        "fromBlock": hex(first),
        "toBlock": hex(last),
        "topics": [hex_of(_REFUSED), hex_of(keccak256(client.encode()))],
    }


def refusals(logs: Iterable[Mapping[str, Any]], router: Address, client: ClientId) -> list[Refusal]:
    """Those among any logs that the router told of packets over a client; raises as ``read_log``."""
    wanted = [_REFUSED, keccak256(client.encode())]
    return [
        _refusal(entry)
        for entry in logs
        if bytes_of(entry["address"]) == router and [bytes_of(topic) for topic in entry["topics"]] == wanted
    ]


def _refusal(entry: Mapping[str, Any]) -> Refusal:
    sequence, reason = decode(("uint64", "bytes"), bytes_of(entry["data"]))
    return Refusal(
        Height(number_of(entry["blockNumber"])),
        number_of(entry["logIndex"]),
        bytes_of(entry["transactionHash"]),
        Sequence(sequence),
        revert_reason(reason),
    )


def _event(
    topics: list[bytes], data: bytes, ends: Ends, lanes: Mapping[int, Lane], height: Height
) -> tuple[PacketEvent, AppendedAcknowledgement | None]:
    kind = topics[0]
    if kind == _SENT:
        number, timeout, _, value = decode(("uint16", "uint64", "bytes32", "bytes"), data)
        sequence = int.from_bytes(topics[2], "big")
        if sequence > MAX_U64:
            raise ValueError("a sequence has 64 bits")
        return _sent(Sequence(sequence), number, timeout, value, lanes[number]), None
    if kind == _PENDING:
        sequence, _ = decode(("uint64", "address"), data)
        return PacketReceived(ends.at_hub, ends.here, sequence), None
    if kind == _WRITTEN:
        (written,) = decode(("bytes",), data)
        n, sequence, acknowledgement = _written(written)
        appended = AppendedAcknowledgement(n, height, sequence, acknowledgement_commitment(acknowledgement))
        return AcknowledgementWritten(ends.at_hub, ends.here, sequence, acknowledgement), appended
    (sequence,) = decode(("uint64",), data)
    if kind == _ACKNOWLEDGED:
        return PacketAcknowledged(ends.here, ends.at_hub, sequence), None
    if kind == _TIMED_OUT:
        return PacketTimedOut(ends.here, ends.at_hub, sequence), None
    raise ValueError(f"unknown event 0x{kind.hex()}")


def _written(entry: bytes) -> tuple[int, Sequence, bytes]:
    """``n u64 ‖ sequence u64 ‖ acknowledgement``; raises ValueError where no acknowledgement follows."""
    if len(entry) <= 16:
        raise ValueError(f"0x{entry.hex()} holds no acknowledgement")
    return int.from_bytes(entry[:8], "big"), Sequence(int.from_bytes(entry[8:16], "big")), entry[16:]


def _sent(sequence: Sequence, number: int, timeout: int, value: bytes, lane: Lane) -> PacketSent:
    return PacketSent(
        lane.source_client,
        lane.destination_client,
        sequence,
        UnixSeconds(timeout),
        lane.source_port,
        lane.destination_port,
        lane.version,
        lane.encoding,
        value,
        number,
    )

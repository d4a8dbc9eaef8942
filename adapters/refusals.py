"""Applications on a chain of our own that fail when they are told what became of their packets."""

from collections.abc import Iterable

from adapters.errors import ApplicationRefused
from hub.events import ApplicationFailed, PacketAcknowledged, PacketTimedOut
from hub.ibc.identifiers import ClientId
from hub.quantities import Sequence


def refused_by_applications(
    chain: str, client: ClientId, events: Iterable[object]
) -> dict[Sequence, ApplicationRefused]:
    """Of a transaction's events: the packets sent over a client that it left unsettled, with the reason.

    A packet that was received may have the number of one that was sent: where its application failed, and nothing is
    told of the other, that one counts as refused, which costs it a wait.
    """
    settled, failed = set(), {}
    for event in events:
        match event:
            case PacketAcknowledged() | PacketTimedOut() if event.source_client == client:
                settled.add(event.sequence)
            case ApplicationFailed() if event.client == client:
                cause = f"{event.reason} ({event.message})"
                failed[event.sequence] = ApplicationRefused(chain, event.sequence, cause)
            case _:
                pass
    return {sequence: error for sequence, error in failed.items() if sequence not in settled}

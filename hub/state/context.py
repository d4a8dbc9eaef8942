"""What core code runs in: a branch of the state, the block's height and time, and what it makes known."""

from collections.abc import Mapping
from typing import NamedTuple

from hub.events import Event
from hub.ibc.identifiers import ClientId
from hub.quantities import Hash, Height, UnixSeconds
from hub.state.branch import Branch


class OutboxEntry(NamedTuple):
    """A commitment that the counterparty of ``client`` is to learn in a batch (docs/protocol.md, section 5)."""

    client: ClientId
    path: bytes
    commitment: Hash


class Context:
    """One moment of a block. What happens on a branch of it becomes true only when the branch is kept.

    ``time`` is the block's, in whole seconds. Events and outbox entries keep the order in which they were added.
    ``work`` is what the transaction has used of what is counted, by its name; a branch that is dropped used it, too.
    """

    __slots__ = ("_parent", "events", "height", "outbox", "state", "time", "work")

    def __init__(self, state: Branch, height: Height, time: UnixSeconds, parent: "Context | None" = None) -> None:
        self.state = state
        self.height = height
        self.time = time
        self.events: list[Event] = []
        self.outbox: list[OutboxEntry] = []
        self.work: dict[str, int] = {}
        self._parent = parent

    def emit(self, event: Event) -> None:
        """Make something known that has happened."""
        self.events.append(event)

    def post(self, client: ClientId, path: bytes, commitment: Hash) -> None:
        """Put a commitment into the outbox of the counterparty of ``client``."""
        self.outbox.append(OutboxEntry(client, path, commitment))

    def branch(self) -> "Context":
        """A context whose state, events and outbox are dropped with it, unless it is kept."""
        inner = self.transaction()
        inner.work = self.work
        return inner

    def transaction(self) -> "Context":
        """A branch for one transaction: what it uses is counted from nothing."""
        return Context(self.state.branch(), self.height, self.time, self)

    def keep(self) -> None:
        """Hand all to the context below and begin anew; the lowest context cannot be kept (TypeError)."""
        if self._parent is None:
            raise TypeError("the lowest context is committed by the engine")
        self.state.keep()
        self._parent.events += self.events
        self._parent.outbox += self.outbox
        self.events, self.outbox = [], []

    def changes(self) -> Mapping[bytes, bytes | None]:
        """All keys written so far, None for a deletion."""
        return self.state.changes

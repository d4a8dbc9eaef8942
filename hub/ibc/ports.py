"""Ports: which application a packet is for, and what the packet protocol asks of it (ICS-5, ICS-26)."""

from typing import Protocol

from hub.ibc.errors import PortNotOwned, PortNotRegistered
from hub.ibc.identifiers import PortId
from hub.ibc.packet import Packet
from hub.state.context import Context


class Application(Protocol):
    """What stands behind a port. Each call runs on a branch of its own: a HubError raised drops all that it did.

    A failing ``on_receive`` is answered with the error acknowledgement. A failing ``on_acknowledge`` or ``on_timeout``
    leaves the packet as it was, so that it can be tried again. No other packet notices either.
    """

    def accepts(self, source_port: PortId) -> bool:
        """Whether packets from this port of another chain may come in at all."""
        ...

    def on_receive(self, ctx: Context, packet: Packet) -> bytes | None:
        """Take in a proven packet; its acknowledgement, or None for ``Channel.write_acknowledgement`` later."""
        ...

    def on_acknowledge(self, ctx: Context, packet: Packet, acknowledgement: bytes) -> None:
        """A packet sent from here was received; this is what came back, proven."""
        ...

    def on_timeout(self, ctx: Context, packet: Packet) -> None:
        """A packet sent from here was never received, and never will be, proven."""
        ...


class Ports:
    """The applications of one chain, fixed when it is put together."""

    __slots__ = ("_applications",)

    def __init__(self) -> None:
        self._applications: dict[PortId, Application] = {}

    def register(self, port: PortId, application: Application) -> None:
        """Give a port to an application; raises PortNotOwned where another has it."""
        if self._applications.setdefault(port, application) is not application:
            raise PortNotOwned(port)

    def application(self, port: PortId) -> Application:
        """Raises PortNotRegistered."""
        found = self._applications.get(port)
        if found is None:
            raise PortNotRegistered(port)
        return found

    def require_owner(self, port: PortId, application: Application) -> None:
        """Raises PortNotRegistered, PortNotOwned."""
        if self.application(port) is not application:
            raise PortNotOwned(port)

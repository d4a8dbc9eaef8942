"""Identifiers of clients and ports (ICS-24, narrowed: see docs/protocol.md, section 1)."""

import re
from typing import NewType

from hub.ibc.errors import InvalidIdentifier

ClientId = NewType("ClientId", str)
"""A light client on the chain at hand, ``{kind}-{n}``: ``quorum-0``, ``attested-3``."""

PortId = NewType("PortId", str)
"""An application's name on a chain: ``service``."""

_CLIENT = re.compile(r"(?=.{8,64}\Z)[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*-(?:0|[1-9][0-9]*)\Z")
_IBC_CLIENT = re.compile(r"[a-zA-Z0-9._+\-#\[\]<>]{8,64}\Z")
_PORT = re.compile(r"[a-zA-Z0-9._+\-#\[\]<>]{2,128}\Z")


def client_id(text: str) -> ClientId:
    """Validate a client identifier of ours; raises InvalidIdentifier."""
    if not _CLIENT.match(text):
        raise InvalidIdentifier(text, "a client is KIND-N, 8 to 64 characters of a-z, 0-9 and -, as quorum-0")
    return ClientId(text)


def counterparty_client_id(text: str) -> ClientId:
    """Validate another chain's client identifier, which may use all that ICS-24 allows; raises InvalidIdentifier."""
    if not _IBC_CLIENT.match(text):
        raise InvalidIdentifier(text, "8 to 64 characters of letters, digits and ._+-#[]<>")
    return ClientId(text)


def port_id(text: str) -> PortId:
    """Validate a port identifier (ICS-24); raises InvalidIdentifier."""
    if not _PORT.match(text):
        raise InvalidIdentifier(text, "2 to 128 characters of letters, digits and ._+-#[]<>")
    return PortId(text)

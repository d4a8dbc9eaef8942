"""The root of every refusal.

    HubError
    ├── PacketError        hub/ibc/errors.py        what ICS-4 refuses
    ├── ClientError        hub/clients/errors.py    a light client refuses
    ├── ProofError         hub/proofs/errors.py     a proof or a signature does not hold
    ├── StateError         hub/state/errors.py      the store or the tree
    ├── AccountError       hub/accounts/errors.py   transactions, balances, roles
    ├── ServiceError       hub/services/errors.py   the interchain service model
    ├── ReceiptError       hub/receipts/errors.py   a receipt does not prove what it should
    └── EngineError        hub/engine/errors.py     the node

A concrete error is a dataclass (``@dataclass(eq=False)``) named after the broken rule. Its fields carry the values; its
``template`` says what happened and what to do, and is filled from them. ``hub/rpc/status.py`` has one row for each
of the hub's; a chain built on its kit, and an attestor, draw their own trees, whose errors name their ``status``.
"""

import re
from dataclasses import dataclass, fields
from typing import ClassVar, Literal, TypeAlias

StatusName: TypeAlias = Literal[
    "INVALID_ARGUMENT",
    "OUT_OF_RANGE",
    "FAILED_PRECONDITION",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "UNAUTHENTICATED",
    "ABORTED",
    "RESOURCE_EXHAUSTED",
    "UNAVAILABLE",
    "INTERNAL",
    "DATA_LOSS",
]
"""A name of ``grpc.StatusCode``; what each means stands in hub/rpc/status.py."""


@dataclass(eq=False)
class HubError(Exception):
    """A rule was broken. Nothing has been changed."""

    template: ClassVar[str] = "the request was refused"

    @classmethod
    def reason(cls) -> str:
        """The stable UPPER_SNAKE name (AIP-193 ``ErrorInfo.reason``): ``TimeoutElapsed`` -> ``TIMEOUT_ELAPSED``."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__).upper()

    def values(self) -> dict[str, str]:
        """The typed values as text, bytes as 0x-hex (AIP-193 ``ErrorInfo.metadata``)."""
        return {field.name: _text(getattr(self, field.name)) for field in fields(self)}

    def __str__(self) -> str:
        return self.template.format(**self.values())


class NodeFault(Exception):
    """What this node alone cannot do: no refusal, which all nodes would have to share. The transaction stands in no
    block of this node; ``told`` is what whoever sent it learns.
    """

    def __init__(self, told: HubError) -> None:
        super().__init__(str(told))
        self.told = told


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(_text, value))
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)

"""All that the author of a contract needs (docs/contracts.md).

    class Reading(Record, frozen=True):
        meter: str
        litres: int

    class Meters(Contract, name="meters", version=1):
        readings = Collection("readings", Reading, key=("meter",))

        @transaction
        def record(self, ctx: Context, reading: Reading) -> Reading:
            last = self.readings.find(reading.meter)
            if last is not None and reading.litres < last.litres:
                raise Refused("a meter does not run backwards")
            self.readings.put(reading)
            return reading

A contract is made anew for each invocation and forgotten after it: what it wants to keep stands in its collections.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Protocol, TypeVar

from msgspec import Meta
from msgspec.structs import replace

from adapters.permissioned.ledger.contracts.collections import Collection, Earlier, Found, Page, Records
from adapters.permissioned.ledger.contracts.errors import MembersOnly, RecordExists, RecordNotFound, Refused
from adapters.permissioned.ledger.contracts.ground import Ground
from adapters.permissioned.ledger.contracts.keys import KeyPart
from adapters.permissioned.ledger.contracts.plain_text import (
    canonical_text,
    day_number,
    is_name,
    is_one_line,
    letters_and_digits,
    read_decimal,
    upper_ascii,
)
from adapters.permissioned.ledger.contracts.private import PrivateCollection, PrivateHash, PrivateHashes
from adapters.permissioned.ledger.contracts.values import Record, read_json
from adapters.permissioned.ledger.identities import Caller, ContractName, Identity, OrganisationId, RemoteCaller
from hub.quantities import Amount, Hash, Height, Seconds, UnixSeconds

__all__ = [
    "LATER",
    "Amount",
    "Answer",
    "Bytes32",
    "Caller",
    "Collection",
    "Context",
    "Contract",
    "Earlier",
    "Found",
    "Hash",
    "Height",
    "Identity",
    "KeyPart",
    "Later",
    "Meta",
    "Nothing",
    "OrganisationId",
    "Page",
    "PrivateCollection",
    "PrivateHash",
    "PrivateHashes",
    "Record",
    "RecordExists",
    "RecordNotFound",
    "Records",
    "Refused",
    "RemoteCaller",
    "Seconds",
    "ServiceContext",
    "UnixSeconds",
    "View",
    "canonical_text",
    "day_number",
    "is_name",
    "is_one_line",
    "letters_and_digits",
    "query",
    "read_decimal",
    "replace",
    "service",
    "transaction",
    "upper_ascii",
]

T = TypeVar("T", bound=Record)

Bytes32 = Annotated[bytes, Meta(min_length=32, max_length=32)]
"""Such as a sha256; a ``bytes32`` on an EVM chain."""


class Nothing(Record, frozen=True):
    """The argument or the result of a method that has none."""


class Later(NamedTuple):
    """What a service returns that will answer in a later transaction."""


LATER: Final = Later()


class Answer:
    """The result of a service that was called (hub/services/payload.py: ResultCode)."""

    __slots__ = ("_output", "code", "message")

    def __init__(self, code: int, output: bytes, message: str) -> None:
        self.code = code
        self.message = message
        self._output = output

    @property
    def is_answered(self) -> bool:
        """Whether there is an output; else ``message`` says why not."""
        return self.code == 200

    def read(self, kind: type[T]) -> T:
        """The output; raises ArgumentsRefused where it is not of that type."""
        found: T = read_json(kind, self._output)
        return found


class World(Protocol):
    """What the runtime does for a contract beyond its own collections."""

    def emit(self, kind: str, data: Record) -> None: ...
    def call(self, service: str, data: Record, deadline: UnixSeconds, fee_cap: Amount) -> bytes: ...
    def answer(self, request_id: bytes, output: Record) -> None: ...
    def decline(self, request_id: bytes, reason: str) -> None: ...


class View:
    """What a query is told: who asks, and the block whose state it reads."""

    __slots__ = ("caller", "height", "time")

    def __init__(self, caller: Caller | None, height: Height, time: UnixSeconds) -> None:
        self.caller = caller
        """A member, or the proven caller of another chain; None where nobody calls: in callbacks and migrations."""
        self.height = height
        self.time = time
        """The block's, in whole seconds: the only clock there is."""

    def __repr__(self) -> str:
        return type(self).__name__  # not where it stands in memory, which differs from node to node

    @property
    def member(self) -> Identity:
        """The member who calls. Raises MembersOnly."""
        if not isinstance(self.caller, Identity):
            raise MembersOnly()
        return self.caller

    @property
    def organisation(self) -> OrganisationId:
        """The organisation of the member who calls. Raises MembersOnly."""
        return self.member.organisation


class Context(View):
    """What a transaction is told, and what it can do beyond its contract's own collections."""

    __slots__ = ("_world", "endorsers")

    def __init__(
        self,
        caller: Caller | None,
        height: Height,
        time: UnixSeconds,
        endorsers: tuple[OrganisationId, ...],
        world: World,
    ) -> None:
        super().__init__(caller, height, time)
        self.endorsers = endorsers
        """The organisations that signed the transaction, the caller's among them, in order."""
        self._world = world

    def emit(self, kind: str, data: Record) -> None:
        """Make known what has happened. Raises Refused for a kind that is no name, BoundExceeded."""
        self._world.emit(kind, data)

    def call(self, service: str, data: Record, *, deadline: UnixSeconds, fee_cap: Amount) -> bytes:
        """Call a service on another chain; the call's identifier, with which ``on_result`` or ``on_timeout`` follows.

        Raises what the channel to the hub refuses, BoundExceeded.
        """
        return self._world.call(service, data, deadline, fee_cap)

    def answer(self, request_id: bytes, output: Record) -> None:
        """Answer a request that this contract took LATER. Raises RequestNotPending, BoundExceeded."""
        self._world.answer(request_id, output)

    def decline(self, request_id: bytes, reason: str) -> None:
        """Refuse a request that this contract took LATER. Raises RequestNotPending, BoundExceeded."""
        self._world.decline(request_id, reason)


class ServiceContext(Context):
    """What a service is told besides: the request."""

    __slots__ = ("deadline", "request_id")

    def __init__(
        self,
        caller: Caller,
        height: Height,
        time: UnixSeconds,
        world: World,
        *,
        request_id: bytes,
        deadline: UnixSeconds,
    ) -> None:
        super().__init__(caller, height, time, (), world)
        self.request_id = request_id
        self.deadline = deadline
        """When the caller stops waiting."""


class Contract:
    """The root of all contracts: ``class Meters(Contract, name="meters", version=1)``."""

    __slots__ = ("ground",)

    name: ClassVar[ContractName]
    version: ClassVar[int]

    def __init__(self, ground: Ground) -> None:
        """Made by the runtime alone."""
        self.ground = ground

    def __repr__(self) -> str:
        return self.name

    def __init_subclass__(cls, *, name: str, version: int) -> None:
        cls.name = ContractName(name)
        cls.version = version

    def migrate(self, ctx: Context, from_version: int) -> None:
        """Make of what an earlier version kept what this one expects; called once, by the vote that upgrades."""

    def on_result(self, ctx: Context, call_id: bytes, answer: Answer) -> None:
        """A service that this contract called has its result."""

    def on_timeout(self, ctx: Context, call_id: bytes) -> None:
        """The hub never took a call of this contract: nothing has happened there."""


class Kind(StrEnum):
    """By what a method of a contract is called."""

    TRANSACTION = "transaction"
    QUERY = "query"
    SERVICE = "service"


class Mark(NamedTuple):
    """What a decorator says of a method."""

    kind: Kind
    service: str = ""
    description: str = ""


MARK: Final = "contract_mark"
"""The attribute of a method that holds its ``Mark``."""

Method = TypeVar("Method", bound=Callable[[Any, Any, Any], Any])


def transaction(method: Method) -> Method:
    """A method that members invoke by a transaction: ``(self, ctx: Context, argument: Record) -> Record``."""
    setattr(method, MARK, Mark(Kind.TRANSACTION))
    return method


def query(method: Method) -> Method:
    """A method that anyone who may read asks: ``(self, ctx: View, argument: Record) -> Record``. It writes nothing."""
    setattr(method, MARK, Mark(Kind.QUERY))
    return method


def service(name: str, description: str) -> Callable[[Method], Method]:
    """A method that serves callers of other chains: ``(self, ctx: ServiceContext, input: Record) -> Record | Later``.

    What it takes and answers makes the service's schemas, in JSON and in Solidity ABI. No endorsement is asked for.
    """

    def mark(method: Method) -> Method:
        setattr(method, MARK, Mark(Kind.SERVICE, name, description))
        return method

    return mark

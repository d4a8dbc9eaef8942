"""One invocation of one contract: its ground, what it is given and gives, and how what it raises becomes a refusal."""

from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType
from typing import NamedTuple, NoReturn, cast

from adapters.permissioned.ledger.contracts.activation import Activation
from adapters.permissioned.ledger.contracts.bounds import Meter
from adapters.permissioned.ledger.contracts.errors import (
    MAX_REASON_CHARACTERS,
    BoundExceeded,
    ContractFailed,
    Refused,
    WrongResultType,
)
from adapters.permissioned.ledger.contracts.events import ContractInvoked
from adapters.permissioned.ledger.contracts.ground import Ground
from adapters.permissioned.ledger.contracts.interface import Context as ContractContext
from adapters.permissioned.ledger.contracts.interface import Contract, Record, View
from adapters.permissioned.ledger.contracts.packages import Package
from adapters.permissioned.ledger.contracts.shape import Method
from adapters.permissioned.ledger.contracts.values import read_json, same_when_read, write_json
from adapters.permissioned.ledger.contracts.world import InvocationWorld, Services
from adapters.permissioned.ledger.identities import Caller, ContractName, OrganisationId
from hub.errors import HubError
from hub.quantities import UnixSeconds
from hub.state.branch import StateReader
from hub.state.context import Context

_TOLD = (str, int, bytes, NoneType)
"""What a contract's refusal may tell: the text of anything else is Python's own business."""


@dataclass(frozen=True, slots=True)
class Code:
    """A contract as it is active, and its code."""

    activation: Activation
    package: Package


class Reading(NamedTuple):
    """A state to be read alone, and the time of its block."""

    state: StateReader
    time: UnixSeconds


class Run:
    """One invocation of one contract."""

    def __init__(self, services: Services, code: Code, name: str, meter: Meter, where: Context | Reading) -> None:
        contract = ContractName(code.activation.name)
        self._code = code
        self._name = name
        self._ctx = where if isinstance(where, Context) else None
        self.meter = meter
        branch, tell = (where.state, where.emit) if isinstance(where, Context) else (None, _silent)
        self.ground = Ground(where.state, branch, contract, meter=meter, time=where.time, tell=tell)
        self.world = InvocationWorld(code.package.shape, self.ground, self._ctx, services)

    def context(self, caller: Caller | None, endorsers: tuple[OrganisationId, ...]) -> ContractContext:
        """What a method that writes is given."""
        if self._ctx is None:
            raise TypeError("a query has no context to write in")
        return ContractContext(caller, self._ctx.height, self._ctx.time, endorsers, self.world)

    def argument(self, method: Method, data: bytes) -> Record:
        """What the method is given; a record's own checks are the contract's code. Raises HubError."""
        self.meter.spend("argument_bytes", len(data))
        return cast(Record, self._guarded(lambda: read_json(method.argument, data)))

    def call(self, method: Method, context: View, argument: Record) -> object:
        """What the method returns. Raises HubError."""
        return self.guard(lambda instance: method.function(instance, context, argument))

    def guard(self, step: Callable[[Contract], object]) -> object:
        """Run the contract's code in an instance made for it; whatever it raises becomes a refusal by name."""
        return self._guarded(lambda: step(self._code.package.shape.contract(self.ground)))

    def _guarded(self, step: Callable[[], object]) -> object:
        try:
            returned = step()
        except (MemoryError, RecursionError):
            # How much a node has of these is its own: no refusal that others would share.
            raise
        except HubError as error:
            self.meter.check()
            self._refuse(error)
        except Exception as error:
            self.meter.check()
            raise self._failed(error) from error
        self.meter.check()
        return returned

    def result(self, method: Method, returned: object) -> bytes:
        """The result as JSON; raises WrongResultType, BoundExceeded."""
        is_sound = type(returned) is method.result and self._guarded(lambda: same_when_read(method.result, returned))
        if not is_sound:
            raise WrongResultType(
                self._code.activation.name, method.name, method.result.__name__, type(returned).__name__
            )
        data = write_json(returned)
        self.meter.spend("result_bytes", len(data))
        return data

    def invoked(self, method: str, caller: str, endorsers: tuple[OrganisationId, ...]) -> ContractInvoked:
        """What is made known of it."""
        record, used = self._code.activation, self.meter.used
        return ContractInvoked(
            contract=record.name,
            version=record.version,
            method=method,
            caller=caller,
            endorsers=endorsers,
            reads=used("reads"),
            read_bytes=used("read_bytes"),
            scanned=used("scanned"),
            writes=used("writes"),
            written_bytes=used("written_bytes"),
        )

    def _refuse(self, error: HubError) -> NoReturn:
        """Pass on a refusal, the contract's own or of what it called, whose text can stand in a block."""
        if isinstance(error, Refused) and not all(isinstance(value, _TOLD) for value in vars(error).values()):
            raise self._failed(TypeError())
        try:
            length = len(str(error))
        except Exception as fault:
            self.meter.check()
            raise self._failed(fault) from fault
        if length > MAX_REASON_CHARACTERS:
            raise BoundExceeded(self._code.activation.name, "reason_characters", MAX_REASON_CHARACTERS)
        raise error

    def _failed(self, error: Exception) -> ContractFailed:
        return ContractFailed(self._code.activation.name, self._name, type(error).__name__)


def _silent(_event: object) -> None:
    """A query makes nothing known."""

"""Runs contracts: finds the code that the ledger pins, checks the endorsement, counts what is used, drops what fails.

Whatever a contract raises becomes a refusal by name, and nothing of it is kept; except what is not the contract's but
this node's: no memory left, no stack left, a code that is not the pinned one. Nodes could differ on these, so they are
raised as they are, and the transaction stands in no block.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from adapters.permissioned.ledger.contracts import activation, private
from adapters.permissioned.ledger.contracts.activation import Activation, Pin
from adapters.permissioned.ledger.contracts.bounds import BOUNDS, TRANSACTION_BOUNDS, Allowance, Bounds, Meter
from adapters.permissioned.ledger.contracts.errors import (
    ArgumentsRefused,
    CodeError,
    ContractAlreadyActive,
    ContractFailed,
    EndorsementMissing,
    KeyRefused,
    NodeOutOfStep,
    PageTokenRefused,
    RecordExists,
    RecordNotFound,
    Refused,
    VersionDiffers,
    VersionNotNewer,
)
from adapters.permissioned.ledger.contracts.events import (
    ContractActivated,
    ContractRetired,
    ContractUpgraded,
    EndorsementPolicyChanged,
)
from adapters.permissioned.ledger.contracts.interface import Answer, Contract, Kind, Later, ServiceContext, View
from adapters.permissioned.ledger.contracts.interface import Context as ContractContext
from adapters.permissioned.ledger.contracts.packages import Installed, Package
from adapters.permissioned.ledger.contracts.policy import is_met, parse_policy
from adapters.permissioned.ledger.contracts.run import Code, Reading, Run
from adapters.permissioned.ledger.contracts.world import Services, forget_request, note_request, service_output
from adapters.permissioned.ledger.identities import Caller, ContractName, Identity, OrganisationId, RemoteCaller
from hub.errors import HubError
from hub.quantities import Height, UnixSeconds
from hub.services.errors import ServiceError
from hub.services.payload import InputEncoding, Request, Result, ResultCode
from hub.services.transcode import convert
from hub.state.branch import StateReader
from hub.state.context import Context

_REFUSALS = (Refused, ArgumentsRefused, RecordNotFound, RecordExists, KeyRefused, PageTokenRefused, ServiceError)
"""What a caller of another chain has to mend, not the contract's authors."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What a member's transaction asks of a contract."""

    contract: ContractName
    method: str
    arguments: bytes
    """JSON."""
    caller: Caller
    endorsers: tuple[OrganisationId, ...]
    """The organisations of the transaction's signatures, sorted; the caller's counts whether it is named or not."""


class Runtime:
    """Keeps nothing but what is installed here; all else stands in the state."""

    def __init__(
        self,
        installed: Installed,
        services: Services,
        bounds: Bounds = BOUNDS,
        query_bounds: Bounds = BOUNDS,
        transaction_bounds: Bounds = TRANSACTION_BOUNDS,
    ) -> None:
        self._installed = installed
        self.services = services
        self._bounds = bounds
        self._query_bounds = query_bounds
        self._transaction_bounds = transaction_bounds

    # --- what members ask ---

    def invoke(self, ctx: Context, invocation: Invocation) -> bytes:
        """Carry out a transaction's invocation: the method's result, as JSON.

        Raises LedgerError, or what a called service's channel refuses: then nothing of it is kept. Raises
        TransactionExhausted for the transaction; NodeOutOfStep, MemoryError, RecursionError where this node cannot know
        what comes of it.
        """
        code = self._code(ctx.state, invocation.contract)
        method = code.package.shape.method(Kind.TRANSACTION, invocation.method)
        endorsers = _endorsers(invocation)
        if not is_met(parse_policy(code.activation.policy), endorsers):
            raise EndorsementMissing(invocation.contract, code.activation.policy, ", ".join(endorsers))
        inner = ctx.branch()
        run = Run(self.services, code, method.name, self._meter(code, ctx), inner)
        argument = run.argument(method, invocation.arguments)
        result = run.call(method, run.context(invocation.caller, endorsers), argument)
        data = run.result(method, result)
        inner.emit(run.invoked(method.name, _caller_text(invocation.caller), endorsers))
        inner.keep()
        return data

    def query(
        self,
        state: StateReader,
        time: UnixSeconds,
        height: Height,
        *,
        contract: ContractName,
        method: str,
        arguments: bytes,
        caller: Caller | None,
    ) -> bytes:
        """Ask a contract without changing anything: the method's result, as JSON. Raises as ``invoke`` does."""
        code = self._code(state, contract)
        found = code.package.shape.method(Kind.QUERY, method)
        meter = Meter(contract, self._query_bounds)
        run = Run(self.services, code, method, meter, Reading(state, time))
        argument = run.argument(found, arguments)
        return run.result(found, run.call(found, View(caller, height, time), argument))

    # --- what other chains ask, and answer ---

    def provides(self, state: StateReader, name: str) -> bool:
        """Whether an active contract of that name is there to be asked."""
        found = activation.activation(state, name)
        return found is not None and not found.retired

    def serve(self, ctx: Context, request: Request) -> Result | None:
        """Give a request of another chain to the contract that provides the service; None: it answers later.

        A contract's fault is the result's, and nothing else of it is kept. Raises TransactionExhausted, NodeOutOfStep,
        MemoryError, RecursionError.
        """
        inner = ctx.branch()
        try:
            result = self._serve(inner, request)
        except _REFUSALS as error:
            return Result(ResultCode.INPUT_REFUSED, message=str(error))
        except HubError as error:
            return Result(ResultCode.PROVIDER_FAILED, message=str(error))
        inner.keep()
        return result

    def expire_request(self, ctx: Context, contract: ContractName, request_id: bytes) -> None:
        """Close a request that was left open: from now on it is none that the contract could answer."""
        forget_request(ctx.state, contract, request_id)

    def deliver_result(self, ctx: Context, contract: ContractName, call_id: bytes, result: Result) -> None:
        """Tell a contract the result of its call; raises HubError where it does not take it: then nothing is kept."""
        answer = Answer(result.code.value, result.output, result.message)
        self._deliver(
            ctx, contract, "on_result", lambda instance, context: instance.on_result(context, call_id, answer)
        )

    def deliver_timeout(self, ctx: Context, contract: ContractName, call_id: bytes) -> None:
        """Tell a contract that the hub never took its call; raises HubError where it does not take it."""
        self._deliver(ctx, contract, "on_timeout", lambda instance, context: instance.on_timeout(context, call_id))

    # --- what organisations vote on ---

    def activate(self, ctx: Context, pin: Pin, organisations: Collection[OrganisationId]) -> None:
        """Make a contract active, or a retired one again: with the code that it had, or a newer version's migration.

        ``organisations``: all that are registered. Raises ContractAlreadyActive, VersionNotNewer, PolicyError, what a
        migration raises; NodeOutOfStep.
        """
        before = activation.activation(ctx.state, pin.name)
        if before is not None and not before.retired:
            raise ContractAlreadyActive(pin.name, before.version)
        is_same_code = before is not None and pin.package_hash == before.package_hash
        if before is not None and not is_same_code and pin.version <= before.version:
            raise VersionNotNewer(pin.name, pin.version, before.version)
        policy = activation.checked_policy(pin.policy, organisations)
        self._install(ctx, pin, policy, before)
        ctx.emit(ContractActivated(pin.name, pin.version, pin.package_hash, policy))

    def upgrade(self, ctx: Context, pin: Pin, organisations: Collection[OrganisationId]) -> None:
        """Put a newer version in an active contract's place, and let it migrate what is there.

        ``organisations``: all that are registered. Raises ContractNotActive, VersionNotNewer, PolicyError, what the
        migration raises; NodeOutOfStep.
        """
        before = activation.active(ctx.state, pin.name)
        if pin.version <= before.version:
            raise VersionNotNewer(pin.name, pin.version, before.version)
        policy = activation.checked_policy(pin.policy, organisations)
        self._install(ctx, pin, policy, before)
        ctx.emit(ContractUpgraded(pin.name, before.version, pin.version, pin.package_hash, policy))

    def change_policy(
        self, ctx: Context, name: ContractName, policy: str, organisations: Collection[OrganisationId]
    ) -> None:
        """Ask for other endorsements from now on. Raises ContractNotActive, PolicyError."""
        found = activation.active(ctx.state, name)
        canonical = activation.checked_policy(policy, organisations)
        changed = Activation(name, found.version, found.package_hash, canonical, ctx.height, retired=False)
        activation.put_activation(ctx.state, changed)
        ctx.emit(EndorsementPolicyChanged(name, canonical))

    def retire(self, ctx: Context, name: ContractName) -> None:
        """Let nobody invoke it any more; its data stays. Raises ContractNotActive."""
        found = activation.active(ctx.state, name)
        retired = Activation(name, found.version, found.package_hash, found.policy, ctx.height, retired=True)
        activation.put_activation(ctx.state, retired)
        ctx.emit(ContractRetired(name, found.version))

    # --- blocks ---

    def end_block(self, ctx: Context) -> None:
        """Tell which private values fall due."""
        private.end_block(ctx)

    def next_due(self, state: StateReader) -> UnixSeconds | None:
        """When a block must be made for a private value that falls due."""
        return private.next_due(state)

    # --- inside ---

    def _code(self, state: StateReader, name: str) -> Code:
        record = activation.active(state, name)
        return Code(record, self._pinned(record))

    def _meter(self, code: Code, ctx: Context) -> Meter:
        return Meter(ContractName(code.activation.name), self._bounds, Allowance(ctx.work, self._transaction_bounds))

    def _pinned(self, record: Activation) -> Package:
        """The code that the ledger pins; raises NodeOutOfStep where it is not the installed one."""
        try:
            return activation.pinned_package(self._installed, record.name, record.version, record.package_hash)
        except CodeError as error:
            raise NodeOutOfStep(error) from error

    def _install(self, ctx: Context, pin: Pin, policy: str, before: Activation | None) -> None:
        record = Activation(pin.name, pin.version, pin.package_hash, policy, ctx.height, retired=False)
        package = self._pinned(record)
        if package.shape.version != pin.version:
            # Not NodeOutOfStep: all nodes that have the code see the same.
            raise VersionDiffers(pin.name, pin.version, package.shape.version)
        activation.put_activation(ctx.state, record)
        if before is None or before.version == pin.version:
            return
        inner = ctx.branch()
        code = Code(record, package)
        run = Run(self.services, code, "migrate", self._meter(code, ctx), inner)
        context, version = run.context(None, ()), before.version
        run.guard(lambda instance: instance.migrate(context, version))
        inner.emit(run.invoked("migrate", "", ()))
        inner.keep()

    def _serve(self, ctx: Context, request: Request) -> Result | None:
        code = self._code(ctx.state, request.provider.decode("ascii", "replace"))
        method = code.package.shape.method(Kind.SERVICE, request.service)
        definition = method.definition
        if definition is None:
            raise ContractFailed(code.activation.name, method.name, "LookupError")
        data = convert(definition.input, request.input, request.input_encoding, InputEncoding.JSON)
        caller = RemoteCaller(request.caller_client, request.caller)
        run = Run(self.services, code, method.name, self._meter(code, ctx), ctx)
        argument = run.argument(method, data)
        context = ServiceContext(
            caller, ctx.height, ctx.time, run.world, request_id=request.request_id, deadline=request.deadline
        )
        result = run.call(method, context, argument)
        is_later = isinstance(result, Later)
        ctx.emit(run.invoked(method.name, _caller_text(caller), ()))
        if is_later:
            note_request(run.ground, request)
            return None
        data = run.result(method, result)
        return Result(ResultCode.ANSWERED, service_output(run.ground.contract, method, data, request.input_encoding))

    def _deliver(
        self,
        ctx: Context,
        contract: ContractName,
        name: str,
        callback: Callable[[Contract, ContractContext], None],
    ) -> None:
        inner, code = ctx.branch(), self._code(ctx.state, contract)
        run = Run(self.services, code, name, self._meter(code, ctx), inner)
        context = run.context(None, ())
        run.guard(lambda instance: callback(instance, context))
        inner.emit(run.invoked(name, "", ()))
        inner.keep()


def _endorsers(invocation: Invocation) -> tuple[OrganisationId, ...]:
    """All organisations that signed, in order, the caller's among them."""
    own = (invocation.caller.organisation,) if isinstance(invocation.caller, Identity) else ()
    return tuple(sorted({*invocation.endorsers, *own}))


def _caller_text(caller: Caller) -> str:
    if isinstance(caller, Identity):
        return caller.member
    return f"{caller.client}:0x{caller.caller.hex()}"

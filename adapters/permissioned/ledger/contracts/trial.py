"""A ledger of nothing but contracts, in memory: for the tests of those who write them.

    trial = Trial(Meters)
    trial.invoke("meters", "record", Reading("cellar", 40), caller="waterworks/anna")
    assert trial.query("meters", "latest", Ask("cellar"), Reading) == Reading("cellar", 40)

Endorsement is by any member. A refused invocation raises, and changes nothing. The linter looks through the contracts'
packages first: what no node would install is not tried either.
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TypeVar

from adapters.permissioned.ledger.contracts.activation import Pin
from adapters.permissioned.ledger.contracts.bounds import BOUNDS, Bounds
from adapters.permissioned.ledger.contracts.installed import package_of
from adapters.permissioned.ledger.contracts.interface import Contract, Record
from adapters.permissioned.ledger.contracts.packages import Installed, Package
from adapters.permissioned.ledger.contracts.runtime import Invocation, Runtime
from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.identities import (
    Caller,
    ContractName,
    Identity,
    MemberRole,
    OrganisationId,
    fingerprint,
    member_name,
    organisation_id,
)
from hub.errors import HubError
from hub.events import Event
from hub.ibc.identifiers import ClientId
from hub.quantities import Amount, Gas, Hash, Height, UnixSeconds
from hub.services.payload import InputEncoding, Request, Result
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class SentCall:
    """A call of a service that a contract made."""

    call_id: bytes
    contract: str
    service: str
    data: bytes
    deadline: UnixSeconds
    fee_cap: Amount


class NotedServices:
    """Implements ``Services`` by noting what would go to other chains."""

    def __init__(self) -> None:
        self.calls: list[SentCall] = []
        self.answers: dict[bytes, Result] = {}

    def call(
        self,
        _ctx: Context,
        caller: bytes,
        service: str,
        *,
        encoding: InputEncoding,  # noqa: ARG002 - the interface names it
        data: bytes,
        deadline: UnixSeconds,
        fee_cap: Amount,
    ) -> bytes:
        call_id = sha256(b"call" + len(self.calls).to_bytes(8, "big")).digest()
        self.calls.append(SentCall(call_id, caller.decode(), service, data, deadline, fee_cap))
        return call_id

    def answer(self, _ctx: Context, _contract: ContractName, request_id: bytes, result: Result) -> None:
        self.answers[request_id] = result


class Trial:
    """Contracts, activated and ready; each step is a block of its own, at ``time``, which the test moves."""

    def __init__(self, *contracts: type[Contract], time: int = 1_800_000_000, bounds: Bounds = BOUNDS) -> None:
        """Raises InvalidContract, and NotDeterministic with what the linter found in a contract's package."""
        self.time = UnixSeconds(time)
        self.height = Height(0)
        self.state = MemoryState()
        self.events: tuple[Event, ...] = ()
        """What the last step made known."""
        self.services = NotedServices()
        self.installed: Installed = {contract.name: self.package(contract) for contract in contracts}
        self.runtime = Runtime(self.installed, self.services, bounds, bounds)
        for name, package in self.installed.items():
            ctx = self.begin()
            pin = Pin(ContractName(name), package.shape.version, package.hash, "any member")
            self.runtime.activate(ctx, pin, ())
            self.commit(ctx)

    @staticmethod
    def package(contract: type[Contract]) -> Package:
        """As a node would install it; raises InvalidContract, NotDeterministic."""
        return _package_of(contract)  # type: ignore[arg-type]  # a class can be hashed

    def begin(self) -> Context:
        """The next block's context."""
        return Context(Branch(self.state), Height(self.height + 1), self.time)

    def commit(self, ctx: Context) -> None:
        """Make true what happened in a context."""
        self.state.apply(ctx.changes())
        self.height = ctx.height
        self.events = tuple(ctx.events)

    def invoke(
        self, contract: str, method: str, argument: Record, *, caller: str | Caller, endorsers: tuple[str, ...] = ()
    ) -> bytes:
        """A member's transaction; ``caller``: ``organisation/name``. The result as JSON. Raises LedgerError."""
        ctx = self.begin()
        asked = Invocation(
            ContractName(contract),
            method,
            write_json(argument),
            as_caller(caller),
            tuple(map(OrganisationId, sorted(endorsers))),
        )
        result = self.runtime.invoke(ctx, asked)
        self.commit(ctx)
        return result

    def query(
        self, contract: str, method: str, argument: Record, result: type[R], *, caller: str | Caller | None = None
    ) -> R:
        """The record that a query gives. Raises LedgerError."""
        data = self.runtime.query(
            self.state,
            self.time,
            self.height,
            contract=ContractName(contract),
            method=method,
            arguments=write_json(argument),
            caller=None if caller is None else as_caller(caller),
        )
        found: R = read_json(result, data)
        return found

    def serve(
        self,
        contract: str,
        service: str,
        data: bytes,
        *,
        encoding: InputEncoding = InputEncoding.JSON,
        client: str = "attested-1",
        caller: bytes = b"\x11" * 20,
        request_id: bytes = b"\x01" * 32,
    ) -> Result | None:
        """A request of another chain; None: the contract answers later."""
        ctx = self.begin()
        request = Request(
            Hash(request_id),
            service,
            contract.encode(),
            ClientId(client),
            caller,
            UnixSeconds(self.time + 3600),
            Gas(0),
            encoding,
            data,
        )
        result = self.runtime.serve(ctx, request)
        self.commit(ctx)
        return result

    def refusal(
        self, contract: str, method: str, argument: Record, *, caller: str | Caller, endorsers: tuple[str, ...] = ()
    ) -> HubError | None:
        """What a member's transaction is refused with, None where it is not: then it has taken effect."""
        try:
            self.invoke(contract, method, argument, caller=caller, endorsers=endorsers)
        except HubError as error:
            return error
        return None


_package_of = cache(package_of)
"""A class is what it was when it was imported: its package is looked through once."""


def as_caller(caller: str | Caller, role: MemberRole = MemberRole.MEMBER) -> Caller:
    """A member by ``organisation/name``, with the fingerprint of no real certificate."""
    if not isinstance(caller, str):
        return caller
    organisation, name = caller.split("/")
    return Identity(organisation_id(organisation), member_name(name), role, fingerprint(caller.encode()))

"""Contracts activated and upgraded by vote: pinned by the ledger; a node whose code differs says so and stops."""

import pytest

from adapters.permissioned.ledger.contracts.activation import Pin, activation, activations, statuses, verify_installed
from adapters.permissioned.ledger.contracts.errors import (
    CodeDiffers,
    CodeNotInstalled,
    ContractAlreadyActive,
    ContractNotActive,
    NodeOutOfStep,
    PolicyUnsatisfiable,
    VersionDiffers,
    VersionNotNewer,
)
from adapters.permissioned.ledger.contracts.packages import Package, current, names_of
from adapters.permissioned.ledger.contracts.runtime import Invocation, Runtime
from adapters.permissioned.ledger.contracts.trial import NotedServices, Trial, as_caller
from adapters.permissioned.ledger.identities import ContractName, OrganisationId
from hub.quantities import Hash, Height
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context
from tests.unit.counters import VERSION_1, VERSION_2, Packages

pytest_plugins = ("tests.unit.contract_fixtures",)


class Ledger:
    """The runtime over one state, with what is installed at the moment."""

    def __init__(self, *packages: Package) -> None:
        self.state = MemoryState()
        self.height = Height(0)
        self.everyone = tuple(map(OrganisationId, ("bank-a", "bank-b", "customs")))
        self.install(*packages)

    def install(self, *packages: Package) -> None:
        self.installed: dict[str, Package] = {}
        for package in packages:
            own, beside = names_of(package.shape)
            self.installed[beside if own in self.installed else own] = package
        self.runtime = Runtime(self.installed, NotedServices())

    def vote(self, decided: str, pin: Pin) -> Context:
        """Carry out what was voted for; kept only if it is not refused."""
        ctx = Context(Branch(self.state), Height(self.height + 1), Trial().time)
        getattr(self.runtime, decided)(ctx, pin, self.everyone)
        self.state.apply(ctx.changes())
        self.height = ctx.height
        return ctx

    def retire(self) -> None:
        ctx = Context(Branch(self.state), Height(self.height + 1), Trial().time)
        self.runtime.retire(ctx, ContractName("counters"))
        self.state.apply(ctx.changes())

    def count(self, method: str = "read") -> bytes:
        return self.runtime.query(
            self.state,
            Trial().time,
            self.height,
            contract=ContractName("counters"),
            method=method,
            arguments=b'{"name":"a"}',
            caller=None,
        )

    def add(self, count: int) -> None:
        ctx = Context(Branch(self.state), Height(self.height + 1), Trial().time)
        arguments = b'{"name":"a","count":"%d"}' % count
        self.runtime.invoke(ctx, Invocation(ContractName("counters"), "add", arguments, as_caller("bank-a/anna"), ()))
        self.state.apply(ctx.changes())


def pin(package: Package, policy: str = "any member", **changes: object) -> Pin:
    fields = {"name": package.shape.name, "version": package.shape.version, "package_hash": package.hash}
    return Pin(**{**fields, "policy": policy, **changes})  # type: ignore[arg-type]  # fields, one of which is changed


class TestActivation:
    def test_activated(self, packages: Packages) -> None:
        package = packages.load(VERSION_1)
        ledger = Ledger(package)
        verify_installed(ledger.state, ledger.installed)
        ledger.vote("activate", pin(package, "(customs  or bank-a)"))
        found = activation(ledger.state, "counters")
        assert found is not None
        assert (found.package_hash, found.policy, found.height) == (package.hash, "bank-a or customs", 1)
        verify_installed(ledger.state, ledger.installed)
        with pytest.raises(ContractAlreadyActive):
            ledger.vote("activate", pin(package))

    def test_policies_that_nobody_could_meet(self, packages: Packages) -> None:
        package = packages.load(VERSION_1)
        ledger = Ledger(package)
        with pytest.raises(PolicyUnsatisfiable, match="bank-c are not registered"):
            ledger.vote("activate", pin(package, "bank-a and bank-c"))
        ledger.vote("activate", pin(package, "2 of (bank-a, bank-b, customs)"))
        left = ledger.everyone[:1]
        (status,) = statuses(ledger.state, left)
        assert (status.can_be_endorsed, status.missing) == (False, ("bank-b", "customs"))
        (status,) = statuses(ledger.state, ledger.everyone[:2])
        assert (status.can_be_endorsed, status.missing) == (True, ("customs",))

    def test_code_that_differs(self, packages: Packages) -> None:
        package, changed = packages.load(VERSION_1), packages.load(VERSION_1 + "\n# the same, but for this line\n")
        ledger = Ledger(package)
        ledger.vote("activate", pin(package))
        ledger.add(1)
        with pytest.raises(CodeDiffers) as told:
            verify_installed(ledger.state, {"counters": changed})
        assert told.value.values() == {
            "contract": "counters",
            "pinned": "0x" + package.hash.hex(),
            "installed": "0x" + changed.hash.hex(),
        }
        with pytest.raises(CodeNotInstalled, match="contract counters version 1, which is not installed here"):
            verify_installed(ledger.state, {})
        ledger.install(changed)
        with pytest.raises(NodeOutOfStep):
            ledger.add(2)
        with pytest.raises(NodeOutOfStep):
            ledger.count()
        ledger.install()
        with pytest.raises(NodeOutOfStep):
            ledger.count()

    def test_a_vote_for_code_that_is_not_here_is_no_refusal(self, packages: Packages) -> None:
        package = packages.load(VERSION_1)
        ledger = Ledger(package)
        with pytest.raises(NodeOutOfStep):
            ledger.vote("activate", pin(package, package_hash=Hash(bytes(32))))
        ledger.install()
        with pytest.raises(NodeOutOfStep):
            ledger.vote("activate", pin(package))
        assert list(activations(ledger.state)) == []

    def test_other_code_of_the_same_version_does_not_come_back(self, packages: Packages) -> None:
        """It would find the records of the first as they are: without a newer version nothing migrates them."""
        package, changed = packages.load(VERSION_1), packages.load(VERSION_1 + "\n# the same, but for this line\n")
        ledger = Ledger(package)
        ledger.vote("activate", pin(package))
        ledger.retire()
        ledger.install(changed)
        with pytest.raises(VersionNotNewer, match="has version 1: 1 is not newer"):
            ledger.vote("activate", pin(changed))
        ledger.install(package)
        ledger.vote("activate", pin(package))

    def test_a_version_that_the_code_does_not_have(self, packages: Packages) -> None:
        package = packages.load(VERSION_1)
        with pytest.raises(VersionDiffers):
            Ledger(package).vote("activate", pin(package, version=2))


class TestUpgrade:
    @pytest.fixture
    def ledger(self, packages: Packages) -> Ledger:
        package = packages.load(VERSION_1)
        ledger = Ledger(package)
        ledger.vote("activate", pin(package))
        ledger.add(7)
        return ledger

    def test_migrates_what_is_there(self, ledger: Ledger, packages: Packages) -> None:
        assert ledger.count() == b'{"count":"7","name":"a"}'
        newer = packages.load(VERSION_2)
        ledger.install(newer)
        ctx = ledger.vote("upgrade", pin(newer, "bank-a"))
        told = ["RecordWritten", "ContractEvent", "ContractInvoked", "ContractUpgraded"]
        assert [type(event).__name__ for event in ctx.events] == told
        assert ledger.count() == b'{"count":"7","name":"a","unit":"m3"}'
        assert ledger.count("in_cubic_metres") == b'{"count":"1","name":""}'
        verify_installed(ledger.state, ledger.installed)

    def test_a_node_has_both_versions_before_the_vote_and_after_it(self, packages: Packages) -> None:
        """With one alone it could run only what comes before the vote, or only what comes after: neither carry it out,
        nor start again in between, nor replay what was."""
        older, newer = packages.load(VERSION_1, "counters.1"), packages.load(VERSION_2)
        ledger = Ledger(newer, older)
        assert current(ledger.installed) == {"counters": newer}
        ledger.vote("activate", pin(older))
        verify_installed(ledger.state, ledger.installed)
        ledger.add(7)
        assert ledger.count() == b'{"count":"7","name":"a"}'
        ledger.vote("upgrade", pin(newer))
        verify_installed(ledger.state, ledger.installed)
        assert ledger.count() == b'{"count":"7","name":"a","unit":"m3"}'

    def test_a_migration_that_is_refused_keeps_nothing(self, ledger: Ledger, packages: Packages) -> None:
        ledger.add(13)
        older = ledger.installed["counters"]
        newer = packages.load(VERSION_2)
        ledger.install(newer)
        with pytest.raises(Exception, match="13 cannot be migrated"):
            ledger.vote("upgrade", pin(newer))
        ledger.install(older)
        assert ledger.count() == b'{"count":"13","name":"a"}'

    def test_only_to_what_is_newer_and_of_what_is_active(self, ledger: Ledger, packages: Packages) -> None:
        older = ledger.installed["counters"]
        with pytest.raises(VersionNotNewer):
            ledger.vote("upgrade", pin(older))
        newer = packages.load(VERSION_2)
        with pytest.raises(NodeOutOfStep):
            ledger.vote("upgrade", pin(newer))
        ledger.retire()
        with pytest.raises(ContractNotActive):
            ledger.vote("upgrade", pin(newer))
        verify_installed(ledger.state, {})
        ledger.install(newer)
        ledger.vote("activate", pin(newer))
        assert ledger.count("in_cubic_metres") == b'{"count":"1","name":""}'

"""Installed contracts: found, hashed and linted; pinned by the ledger; a node whose code differs says so and stops."""

import sys
import tomllib
from collections.abc import Iterator
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.permissioned.ledger.contracts import installed
from adapters.permissioned.ledger.contracts.activation import (
    Pin,
    activation,
    activations,
    statuses,
    verify_installed,
)
from adapters.permissioned.ledger.contracts.errors import (
    CodeDiffers,
    CodeNotInstalled,
    ContractAlreadyActive,
    ContractNotActive,
    InvalidContract,
    NodeOutOfStep,
    NotDeterministic,
    PolicyUnsatisfiable,
    VersionDiffers,
    VersionNotNewer,
)
from adapters.permissioned.ledger.contracts.installed import SHIPPED, find_installed, load_package
from adapters.permissioned.ledger.contracts.interface import Contract
from adapters.permissioned.ledger.contracts.packages import Package, current, names_of, package_hash
from adapters.permissioned.ledger.contracts.runtime import Invocation, Runtime
from adapters.permissioned.ledger.contracts.trial import NotedServices, Trial, as_caller
from adapters.permissioned.ledger.identities import ContractName, OrganisationId
from hub.quantities import Hash, Height
from hub.state.branch import Branch, MemoryState
from hub.state.context import Context

ROOT = Path(__file__).parents[2]

VERSION_1 = """
from adapters.permissioned.ledger.contracts.interface import (
    Collection, Context, Contract, Record, View, query, transaction)

class Count(Record, frozen=True):
    name: str
    count: int = 0

class Counters(Contract, name="counters", version=1):
    counts = Collection("counts", Count, key=("name",))

    @transaction
    def add(self, ctx: Context, asked: Count) -> Count:
        self.counts.put(asked)
        return asked

    @query
    def read(self, ctx: View, asked: Count) -> Count:
        return self.counts.get(asked.name)
"""

VERSION_2 = """
from adapters.permissioned.ledger.contracts.interface import (
    Collection, Context, Contract, Earlier, Record, Refused, View, query, replace, transaction)

class Old(Record, frozen=True):
    name: str
    count: int = 0

class Count(Record, frozen=True):
    name: str
    unit: str
    count: int

def modern(old: Old) -> Count:
    return Count(old.name, "l", old.count)

class Counters(Contract, name="counters", version=2):
    counts = Collection("counts", Count, key=("name",), indexes={"unit": ("unit",)}, version=2,
                        earlier={1: Earlier(Old, modern)})

    def migrate(self, ctx: Context, from_version: int) -> None:
        if from_version != 1:
            raise Refused("only version 1 is known")
        for count in self.counts.range().records:
            if count.count == 13:
                raise Refused("13 cannot be migrated")
            self.counts.put(replace(count, unit="m3"))
        ctx.emit("migrated", Old("all"))

    @query
    def read(self, ctx: View, asked: Old) -> Count:
        return self.counts.get(asked.name)

    @query
    def in_cubic_metres(self, ctx: View, asked: Old) -> Old:
        return Old("", len(self.counts.by("unit", "m3").records))
"""


class Packages:
    """A folder that Python finds packages in; each has a name of its own, for modules are loaded once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def write(self, source: str, **more: bytes) -> str:
        self.count += 1
        name = f"counters_{self.folder.name}_{self.count}".replace("-", "_")
        package = self.folder / name
        package.mkdir()
        (package / "__init__.py").write_text("")
        (package / "contract.py").write_text(source)
        for file, data in more.items():
            (package / file.replace("__", ".")).write_bytes(data)
        return f"{name}.contract:Counters"

    def load(self, source: str, name: str = "counters") -> Package:
        return load_package(name, self.write(source))


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Packages(tmp_path)
    for name in set(sys.modules) - before:
        if name.startswith("counters_"):
            del sys.modules[name]


class TestFinding:
    def test_the_shipped_ones_without_installation(self) -> None:
        found = find_installed()
        assert set(SHIPPED) <= set(found)
        assert all(name == package.shape.name for name, package in found.items())
        assert current(found) == found

    def test_the_shipped_ones_are_entry_points_as_well(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert project["entry-points"][installed.ENTRY_POINTS] == SHIPPED

    def test_another_package(self, packages: Packages) -> None:
        package = packages.load(VERSION_1)
        assert (package.shape.name, package.shape.version) == ("counters", 1)

    def test_what_the_linter_refuses_is_not_even_run(self, packages: Packages) -> None:
        place = packages.write("import time\nraise ValueError('it was run')\n" + VERSION_1)
        with pytest.raises(NotDeterministic, match=r"contract.py:1 import"):
            load_package("counters", place)

    def test_files_beside_it_are_linted_too(self, packages: Packages) -> None:
        with pytest.raises(NotDeterministic, match=r"more.py:1 float"):
            load_package("counters", packages.write(VERSION_1, more__py=b"x = 0.5\n"))

    def test_a_trial_looks_through_the_package_first(self, packages: Packages) -> None:
        sound = contract_at(packages.write(VERSION_1))
        assert Trial(sound).installed["counters"].hash == load_package("counters", place_of(sound)).hash
        rotten = contract_at(packages.write("import time\n" + VERSION_1, more__py=b"x = 0.5\n"))
        with pytest.raises(NotDeterministic, match=r"counters: contract.py:1 import: .*; more.py:1 float: "):
            Trial(sound, rotten)

    def test_a_trial_refuses_what_could_not_be_installed(self, packages: Packages) -> None:
        (packages.folder / "counters_alone.py").write_text(VERSION_1)
        for place, rule in (("counters_alone:Counters", "in no package"), (f"{__name__}:Bare", "not a folder")):
            with pytest.raises(InvalidContract, match=rule):
                Trial(contract_at(place))

    @pytest.mark.parametrize("file", ["native__so", "native__pyd", "hidden__pyc"])
    def test_code_that_cannot_be_read(self, packages: Packages, file: str) -> None:
        with pytest.raises(InvalidContract, match="cannot be read"):
            load_package("counters", packages.write(VERSION_1, **{file: b"\x00"}))

    @pytest.mark.parametrize(
        "place",
        ["contract:Counters", "no_such_package.contract:Counters", "x", "json.decoder:JSONDecoder", ":", "os:x"],
    )
    def test_no_such_place(self, place: str) -> None:
        with pytest.raises((InvalidContract, NotDeterministic)):
            load_package("counters", place)

    def test_another_name(self, packages: Packages) -> None:
        with pytest.raises(InvalidContract, match="calls itself counters"):
            load_package("tolls", packages.write(VERSION_1))
        for name in ("counters.2", "counters.01", "counters.", "counters.1.1", "tolls.1"):
            with pytest.raises(InvalidContract, match=r"calls itself counters or counters\.1"):
                packages.load(VERSION_1, name)
        with pytest.raises(InvalidContract, match="is no contract"):
            load_package("counters", packages.write(VERSION_1).replace("Counters", "Count"))


class TestHash:
    SOURCES: ClassVar = {"a.py": b"x = 1\n", "b/c.py": b"y = 2\n"}

    def test_order_and_line_ends_do_not_matter(self) -> None:
        turned = dict(reversed(list(self.SOURCES.items())))
        windows = {path: data.replace(b"\n", b"\r\n") for path, data in self.SOURCES.items()}
        assert package_hash(self.SOURCES) == package_hash(turned) == package_hash(windows)

    def test_what_is_hashed(self) -> None:
        assert package_hash(self.SOURCES).hex() == (
            sha256(
                b"interchain-ledger-contract\x00\x00\x00\x01"
                b"\x00\x00\x00\x00\x00\x00\x00\x04a.py\x00\x00\x00\x00\x00\x00\x00\x06x = 1\n"
                b"\x00\x00\x00\x00\x00\x00\x00\x06b/c.py\x00\x00\x00\x00\x00\x00\x00\x06y = 2\n"
            ).hexdigest()
        )

    @pytest.mark.parametrize(
        "other",
        [
            {"a.py": b"x = 1\n"},
            {"a.py": b"x = 1 \n", "b/c.py": b"y = 2\n"},
            {"a.py": b"x = 2\n", "b/c.py": b"y = 2\n"},
            {"A.py": b"x = 1\n", "b/c.py": b"y = 2\n"},
            {"a.py": b"x = 1\n", "b/c.py": b"y = 2\n", "d.py": b""},
            {"a.pyx = 1": b"\n", "b/c.py": b"y = 2\n"},
        ],
    )
    def test_all_else_does(self, other: dict[str, bytes]) -> None:
        assert package_hash(other) != package_hash(self.SOURCES)


class Bare(Contract, name="bare", version=1):
    """It stands among tests, which are no package."""


def contract_at(place: str) -> type[Contract]:
    """As a test of its author's imports it."""
    module, _, name = place.partition(":")
    contract: type[Contract] = getattr(import_module(module), name)
    return contract


def place_of(contract: type[Contract]) -> str:
    return f"{contract.__module__}:{contract.__name__}"


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

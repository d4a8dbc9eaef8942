"""Installed contracts: found, hashed and linted."""

import tomllib
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import pytest

from adapters.permissioned.ledger.contracts import installed
from adapters.permissioned.ledger.contracts.errors import InvalidContract, NotDeterministic
from adapters.permissioned.ledger.contracts.installed import SHIPPED, find_installed, load_package
from adapters.permissioned.ledger.contracts.interface import Contract
from adapters.permissioned.ledger.contracts.packages import current, package_hash
from adapters.permissioned.ledger.contracts.trial import Trial
from tests.unit.counters import VERSION_1, Packages

pytest_plugins = ("tests.unit.contract_fixtures",)

ROOT = Path(__file__).parents[2]


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

    def test_a_folder_that_leads_elsewhere(self, packages: Packages) -> None:
        """Python would import what stands there; the hash would not be of it."""
        place = packages.write("from .more import SURPRISE\n" + VERSION_1)
        elsewhere = packages.folder / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "__init__.py").write_text("import time\nSURPRISE = time.time()\n")
        (packages.folder / place.partition(".")[0] / "more").symlink_to(elsewhere)
        with pytest.raises(InvalidContract, match="more leads out of it"):
            load_package("counters", place)

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

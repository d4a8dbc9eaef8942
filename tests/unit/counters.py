"""Two versions of a contract that counts, as packages that Python finds."""

from pathlib import Path

from adapters.permissioned.ledger.contracts.installed import load_package
from adapters.permissioned.ledger.contracts.packages import Package

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

"""docs/contracts.md says what is so: its contract is taken by the linter and runs, its lists are those of the code."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from adapters.permissioned.ledger.contracts import trial as trial_module
from adapters.permissioned.ledger.contracts.errors import InvalidContract
from adapters.permissioned.ledger.contracts.installed import ENTRY_POINTS, SHIPPED, load_package
from adapters.permissioned.ledger.contracts.interface import Contract, Kind
from adapters.permissioned.ledger.contracts.policy import parse_policy
from adapters.permissioned.ledger.documents.contract import DocumentsContract
from adapters.permissioned.ledger.receivables.contract import (
    MAX_CANDIDATES,
    WINDOW_DAYS,
    ReceivablesContract,
)
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import MAX_ACKNOWLEDGED
from hub.services.abi import parse_abi

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/contracts.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL))
CODE = ROOT / "adapters/permissioned/ledger/contracts"
RULES = {
    *re.findall(r'Rule\(\s*"([a-z-]+)"', (CODE / "lint_rules.py").read_text(encoding="utf-8")),
    *re.findall(r'_find\(\s*[a-z_]+, "([a-z-]+)"', (CODE / "linter.py").read_text(encoding="utf-8")),
}


def shape(contract: type[Contract]) -> dict[Kind, list[str]]:
    methods = trial_module.Trial(contract).installed[contract.name].shape.methods
    return {kind: [method.name for method in methods if method.kind is kind] for kind in Kind}


def test_twenty_lines() -> None:
    assert len([line for line in FILES["contract.py"].splitlines() if line.strip()]) <= 20


def test_the_contract_of_the_page_is_installed_and_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "waterworks" / "meters"
    package.mkdir(parents=True)
    (tmp_path / "waterworks" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "contract.py").write_text(FILES["contract.py"])
    monkeypatch.syspath_prepend(tmp_path)
    offered = tomllib.loads(FILES["pyproject.toml"])["project"]["entry-points"][ENTRY_POINTS]
    (name, place), (earlier, _) = offered.items()
    assert earlier == f"{name}.1"
    assert load_package(name, place).shape.services()[0].service == "meter-reading"
    module = sys.modules[place.partition(":")[0]]
    exec(FILES["trial.py"], {"Trial": trial_module.Trial, **vars(module)})  # noqa: S102 - the page's own example


def test_the_page_shows_how_a_package_is_offered() -> None:
    with pytest.raises(InvalidContract):
        load_package("meters", "waterworks.nothing.contract:Meters")


def test_the_rules_are_all_there() -> None:
    (table,) = re.findall(r"\| rule \| refuses \|\n\|---\|---\|\n(.*?)\n\n", PAGE, re.DOTALL)
    told = {rule for line in table.splitlines() for rule in re.findall(r"`([a-z-]+)`", line.split("|")[1])}
    assert told == RULES | {"syntax", "recursion"}


def test_policies() -> None:
    written = FILES["policies.txt"].splitlines()
    assert [str(parse_policy(text)) for text in written] == written


def test_document_verify() -> None:
    (definition,) = trial_module.Trial(DocumentsContract).installed["documents"].shape.services()
    names = [line.split()[1] for line in FILES["document-verify.txt"].splitlines()]
    kinds = [line.split()[0] for line in FILES["document-verify.txt"].splitlines()]
    written = ", ".join(f'{{"name": "{name}", "type": "{kind}"}}' for kind, name in zip(kinds, names, strict=True))
    assert definition.output.abi is not None
    assert parse_abi(definition.output.abi) == parse_abi(f"[{written}]")


def test_every_method_is_named() -> None:
    for contract in (DocumentsContract, ReceivablesContract):
        offered = shape(contract)
        missing = [
            name
            for name in (*offered[Kind.TRANSACTION], *offered[Kind.SERVICE], *offered[Kind.QUERY])
            if f"`{name}`" not in PAGE and f"**`{name}`**" not in PAGE
        ]
        assert missing == []
    assert all(f"`{name}`" in PAGE for name in SHIPPED)


def test_the_receivables_identifier() -> None:
    fields, identifier = FILES["receivable.txt"].splitlines()
    seller, buyer, number, amount, currency, issued_on = fields.split(" | ")
    receivable = Receivable(seller, buyer, number, int(amount), currency, issued_on)
    assert identify(receivable).receivable_id.hex() == identifier


def test_the_numbers() -> None:
    for text in (
        f"within {WINDOW_DAYS} days",
        f"more than {MAX_CANDIDATES} that are financed",
        f"more than {MAX_ACKNOWLEDGED} are alike",
    ):
        assert text in PAGE


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#]+)\)", PAGE))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / "docs" / link).exists()


@pytest.mark.parametrize("anchor", re.findall(r"\]\(#([^)]+)\)", PAGE))
def test_anchors_are_headings(anchor: str) -> None:
    headings = re.findall(r"^##+ (.*)$", PAGE, re.MULTILINE)
    assert anchor in [re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings]

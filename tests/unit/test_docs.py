"""What the pages name is there: files, reasons, types, targets of make; and what they say of numbers is the code's."""

import ast
import inspect
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts import private
from adapters.permissioned.ledger.governance.proposals import MAX_EXPIRING
from adapters.permissioned.ledger.service import gateway
from adapters.permissioned.ledger.service.calls import ANSWER_TIME_LIMIT
from adapters.permissioned.ledger.transactions import MAX_SIGNATURES
from console.main import app
from hub.accounts import transactions
from hub.ibc import packet
from hub.proofs import merkle, quorum
from hub.relaying import MAX_PACKETS
from hub.services import application
from hub.services.payload import MAX_MESSAGE_BYTES
from relayers.config import LedgerTarget, load_relayer_config
from tests.bench.figures import all_figures

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "adapters/evm/contracts/README.md"]
ROOMS = ("adapters", "console", "docs", "examples", "hub", "protos", "relayers", "tests", "tools")
SPAN = re.compile(r"`([^`\n]+)`")
REASON = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
ELSEWHERE = {"OTEL_EXPORTER_OTLP_ENDPOINT"}
"""Others' names."""
TYPE = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]+)+")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def spans(page: Path) -> list[str]:
    """What stands between backticks, blocks left out."""
    return SPAN.findall(
        re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    )


@cache
def words() -> frozenset[str]:
    """Every word of the sources, and every class's name as a reason."""
    found: set[str] = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.suffix in {".py", ".sol", ".proto"} and path != Path(__file__):
                found.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    found.update(re.findall(r"\w+", text("Makefile")))
    return frozenset(found | {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).upper() for word in found})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    files = [span for span in spans(page) if re.fullmatch(rf"(?:{'|'.join(ROOMS)})/[\w./-]+", span)]
    names = [span for span in spans(page) if REASON.fullmatch(span) or TYPE.fullmatch(span)]
    assert [name for name in files if not (ROOT / name).exists()] == []
    assert [name for name in names if name not in words() | ELSEWHERE] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_targets_of_make_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z][a-z-]*)\b", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert not set(named) - targets


def commands(page: Path) -> Iterator[list[str]]:
    """The words of every ``ichub`` line in a page's blocks of shell, but for lines that leave some out (``…``)."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    for line in "".join(blocks).replace("&&", "\n").splitlines():
        if found := re.match(r"\s*(?:\$ )?(?:\./)?ichub (.*)", line):
            words = shlex.split(found[1], comments=True)
            if "…" not in words:
                yield words


def test_every_line_of_shell_is_a_command_that_could_be_run() -> None:
    lines = [words for page in PAGES for words in commands(page)]
    assert len(lines) > 50
    whole: Any = get_command(app)
    for words in lines:
        command, left = whole, list(words)
        while isinstance(command, TyperGroup):
            command = command.get_command(None, left.pop(0))  # type: ignore[arg-type]  # they ask nothing of a context
            assert command is not None, words
        command.make_context(" ".join(words), left)


def test_every_room_of_the_hub_is_on_the_map() -> None:
    page = text("docs/architecture.md")
    rooms = sorted(path.parent.name for path in (ROOT / "hub").glob("*/__init__.py"))
    assert [room for room in rooms if f"| `hub/{room}` |" not in page] == []
    assert [room for room in ROOMS if f"`{room}" not in page and room not in {"docs", "tools"}] == []


@pytest.mark.parametrize(
    "said",
    [
        f"to and from an EVM chain, else 1 to {packet.MAX_VALUE_BYTES:,}",
        f"A value has 1 to {packet.MAX_VALUE_BYTES_EVM:,} bytes to and from",
        f"an acknowledgement 1 to {packet.MAX_ACKNOWLEDGEMENT_BYTES:,}",
        f"timeout ≤ now + {packet.MAX_TIMEOUT_SECONDS:,}",
        f"≤ {MAX_MESSAGE_BYTES})",
        f"1 to {quorum.MAX_MEMBERS} members",
        f"in which they were written, at most {merkle.MAX_BATCH_ENTRIES}:",
        f"{transactions.MAX_TRANSACTION_BYTES // 1024**2} MiB at most, with 1 to {transactions.MAX_MESSAGES} messages",
        f"{transactions.MAX_EXPIRY_SECONDS:,} seconds of it. A message carries at most {MAX_PACKETS} packets",
        f"by time and identifier, {application.MAX_DUE} at most",
        f"{MAX_SIGNATURES} at most, each another member's",
        f"Of proposals and requests a block decides {MAX_EXPIRING} each at most, of private values {private.MAX_DUE};",
        f"acknowledged with a 504 once {ANSWER_TIME_LIMIT // 86_400} days",
    ],
)
def test_the_protocol_s_numbers_are_the_code_s(said: str) -> None:
    assert said in text("docs/protocol.md")
    assert MAX_EXPIRING == gateway.MAX_DUE


def test_what_the_signatures_cover_is_spelled_as_it_is_signed() -> None:
    page = re.sub(r"\n *", "", text("docs/protocol.md"))
    for name in ("hub/clients/checkpoint.py", "hub/clients/attestation.py"):
        for spelled in re.findall(r"_TYPE = (\(.*?\n\)|\".*?\")", text(name), re.DOTALL):
            assert ast.literal_eval(spelled) in page


def test_performance_names_each_figure_once() -> None:
    rows = re.findall(r"^\| `([a-z0-9_.]+)` \|", text("docs/performance.md"), re.MULTILINE)
    assert sorted(rows) == sorted(figure.name for figure in all_figures())


def test_the_changelog_s_gas_is_what_was_measured() -> None:
    sentences = re.findall(r"[^.]*\bgas\b[^.]*", text("CHANGELOG.md"))
    figures = re.findall(r"\b\d\d,\d{3}\b", "".join(sentences))
    assert figures
    assert [figure for figure in figures if figure not in text("docs/performance.md")] == []


def test_the_relayer_s_table_of_a_ledger_is_read(tmp_path: Path) -> None:
    (table,) = re.findall(r"```toml\n(\[chains\.trade\]\n.*?)```", text("docs/operating.md"), re.DOTALL)
    file = tmp_path / "config.toml"
    file.write_text(
        'monitor = "127.0.0.1:0"\nkeystore = "key.json"\npassword_file = "password"\n\n'
        f'[hub]\ntarget = "localhost:1"\ninsecure = true\n\n{table}'
    )
    (tmp_path / "password").write_text("secret")
    target = load_relayer_config(file).chains["trade"]
    assert isinstance(target, LedgerTarget)
    assert (target.client, target.target) == ("quorum-0", "localhost:18600")


def test_the_ledger_s_client_can_be_called_as_the_page_does() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", text("docs/members.md"), re.DOTALL)
    calls = [node for node in ast.walk(ast.parse(block)) if isinstance(node, ast.Call)]
    methods = [(call.func.attr, call) for call in calls if isinstance(call.func, ast.Attribute)]
    assert {name for name, _ in methods} == {"connect", "enrol", "submit", "history"}
    for name, call in methods:
        method = getattr(LedgerClient, name)
        own = [] if inspect.ismethod(method) else [None]
        given = {str(keyword.arg): None for keyword in call.keywords}
        inspect.signature(method).bind(*own, *call.args, **given)

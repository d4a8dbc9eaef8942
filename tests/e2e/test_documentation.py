"""The README's first steps, taken as they are written, against a devnet; and that what the pages name is there."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from console.devnet.processes import ROOT
from console.main import app
from tests.e2e.devnet_world import Devnet, left_behind, wait_for

pytestmark = pytest.mark.timeout(400)

PAGES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "adapters/evm/contracts/README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
)
TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
README = TEXTS["README.md"]
DOCUMENTED_PORT_BASE = 18500
CHECKOUT = (".venv", "hub", "ichub", "node_modules", "protos")
"""What the README's lines name of the checkout, seen from its root."""


def marked(kind: str, name: str) -> str:
    """The one block under ``<!-- kind: name -->``."""
    (block,) = re.findall(rf"<!-- {kind}: {re.escape(name)} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    return str(block)


class Newcomer:
    """Someone at the root of a checkout, in which the devnet's files are where they are by default."""

    def __init__(self, devnet: Devnet, place: Path) -> None:
        self._devnet = devnet
        self._place = place
        for name in CHECKOUT:
            (place / name).symlink_to(ROOT / name)
        (place / "build").mkdir()
        (place / "build/devnet").symlink_to(devnet.folder)

    def write(self, name: str, text: str) -> None:
        (self._place / name).write_text(self.moved(text))

    def moved(self, text: str) -> str:
        """With this devnet's ports for the usual ones."""
        shift = self._devnet.base - DOCUMENTED_PORT_BASE
        return re.sub(r"\b185\d\d\b", lambda port: str(int(port[0]) + shift), text)

    def type(self, line: str) -> str:
        """What a line of shell prints; fails the test where it fails."""
        line = re.sub(r"^\./ichub devnet [^#]*", rf"\g<0> --folder {shlex.quote(str(self._devnet.folder))} ", line)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("ICHUB", "PYTHON"))}
        done = subprocess.run(
            ["sh", "-c", self.moved(line)],
            cwd=self._place,
            env={**environment, **self._devnet.homes},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    devnet = Devnet(tmp_path_factory.mktemp("documentation"))
    try:
        yield Newcomer(devnet, tmp_path_factory.mktemp("a checkout"))
    finally:
        devnet.hang_up()
    assert left_behind(devnet.base) == [], "closing the terminal left it behind"


def test_the_first_call_is_answered(newcomer: Newcomer) -> None:
    """Every line does what its comment says: prints the address, prints 21 some time later."""
    newcomer.write("MyConsumer.sol", marked("file", "MyConsumer.sol"))
    address, seen = "ADDRESS", []
    for line in marked("run", "first call").splitlines():
        command, _, comment = line.replace("ADDRESS", address).partition("#")
        if expected := re.match(r"\s*(\d+)", comment):
            wait_for(lambda: newcomer.type(command).split()[0] == expected[1], 90)  # noqa: B023  # within this turn
            seen.append(expected[1])
            continue
        told = newcomer.type(command)
        if "prints the address" in comment:
            (address,) = set(re.findall(r"0x[0-9a-fA-F]{40}\b", told))
    assert seen == ["21"]


def test_the_first_document_is_valid_for_the_hub_too_and_the_call_has_a_receipt(newcomer: Newcomer) -> None:
    document_hash, seen = "HASH", 0
    for line in marked("run", "first document").splitlines():
        told = newcomer.type(line.replace("HASH", document_hash))
        if "valid" in line.partition("#")[2]:
            assert re.search(r"\bvalid\b", told), told
            seen += 1
        if "its document_hash" in line:
            (document_hash,) = set(re.findall(r"0x[0-9a-f]{64}\b", told))
    assert seen == 2
    (request_id,) = re.findall(r"^request id +(0x[0-9a-f]{64})\b", told, re.MULTILINE)
    for line in marked("run", "first receipt").splitlines():
        told = newcomer.type(line.replace("REQUEST", request_id))
    assert "the hub settled the escrow" in told
    assert request_id in told
    for line in marked("run", "first call from the ledger").splitlines():
        told = newcomer.type(line)
    assert re.search(rf"^output +0x0*{21:x}\b", told, re.MULTILINE), told


def test_the_first_grpc_call_lists_the_services(newcomer: Newcomer) -> None:
    newcomer.write("first.py", marked("run", "first gRPC call"))
    (line,) = re.findall(r"Run it with `([^`]+)`", README)
    told = newcomer.type(line.replace("FILE", "first.py"))
    services = ["document-verify", "quote-a", "quote-b", "receivable-status"]
    assert sorted(row.split()[0] for row in told.splitlines()) == services
    assert '"name":"item"' in told.replace(" ", "")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", TEXTS[page], flags=re.DOTALL))
    inside = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in inside if not ((ROOT / page).parent / link).exists()] == []


def whole_command() -> TyperGroup:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    return command


def written_commands(text: str) -> Iterator[str]:
    """Every ``ichub …`` in a block of shell or in a span of code, alternatives (``grant|revoke``) apart."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    for line in [*(line for block in blocks for line in block.splitlines()), *spans]:
        if not (found := re.match(r"(?:\$ )?(?:\./)?ichub (.*)", line.partition(" # ")[0].strip())):
            continue
        words = found[1].split()
        bars = [word for word in words if re.fullmatch(r"[a-z]+(\|[a-z]+)+", word)]
        for choice in bars[0].split("|") if bars else [""]:
            yield " ".join(choice if word in bars[:1] else word for word in words)


def unknown_in(line: str, root: TyperGroup) -> str:
    """The first word of a command line that the command does not know; "" for none."""
    command: Any = root
    options = {"--help", "-h"} | {name for parameter in root.params for name in parameter.opts}
    for word in line.split():
        if word.isupper() or word == "…":
            return ""
        if isinstance(command, TyperGroup) and not word.startswith("-"):
            found = command.get_command(None, word)  # type: ignore[arg-type]  # they ask nothing of a context
            if found is None:
                return word
            command = found
            options |= {name for parameter in command.params for name in parameter.opts}
        elif word.startswith("--") and word.partition("=")[0] not in options:
            return word
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_their_options_exist(page: str) -> None:
    root = whole_command()
    unknown = {line: word for line in written_commands(TEXTS[page]) if (word := unknown_in(line, root))}
    assert unknown == {}


def test_a_command_that_is_not_there_is_noticed() -> None:
    root = whole_command()
    text = "`ichub account grant|enthrone`\n```sh\n./ichub chain list --jsno   # see\n```\n`ichub packet trace ID`"
    assert [unknown_in(line, root) for line in written_commands(text)] == ["--jsno", "", "enthrone", ""]
    assert any(True for _ in written_commands(README))

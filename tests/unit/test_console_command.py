"""The command as a person meets it: the ``ichub`` file itself, its exit codes, its words."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer

from console.chains import ChainFile, write_chain
from console.devnet.processes import ROOT
from console.exits import ExitCode
from console.home import NodeHome
from console.keystore import DEVNET_SCRYPT_ROUNDS, Keystore
from console.ledger_home import LedgerHome
from console.main import main

ICHUB = ROOT / "ichub"


def run(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("ICHUB", "PYTHONPATH"))}
    return subprocess.run(
        [str(ICHUB), *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**plain, **environment},
        timeout=120,
        check=False,
    )


def test_it_works_from_anywhere_and_by_a_link(tmp_path: Path) -> None:
    link = tmp_path / "a link"
    link.symlink_to(ICHUB)
    found = subprocess.run(
        [str(link), "--version"], capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False
    )
    assert found.returncode == 0
    assert found.stdout.startswith("ichub 0.")


def test_without_an_environment_it_says_what_to_do(tmp_path: Path) -> None:
    shutil.copy(ICHUB, tmp_path / "ichub")
    found = subprocess.run([str(tmp_path / "ichub")], capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 2
    assert "make setup" in found.stderr


def test_help_lists_every_command(tmp_path: Path) -> None:
    found = run("--help", cwd=tmp_path)
    assert found.returncode == 0
    for name in [
        "init",
        "start",
        "doctor",
        "backup",
        "restore",
        "keys",
        "chain",
        "client",
        "validators",
        "service",
        "call",
        "packet",
        "receipt",
        "attestor",
        "relayer",
        "devnet",
    ]:
        assert f"\n  {name} " in found.stdout
    assert "Exit codes" in found.stdout


COMPLETE = """
eval "$(ichub --show-completion bash)"
for line in "ichub pack" "ichub --version --show-completion bash pack" "ichub packet tr" "ichub ledger recei"; do
    COMP_WORDS=($line)
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _ichub_completion ichub
    echo "${COMPREPLY[@]}"
done
"""


def test_bash_completes_commands_and_those_below_them(tmp_path: Path) -> None:
    found = subprocess.run(
        ["bash", "-c", COMPLETE],
        env={**os.environ, "PATH": f"{ROOT}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert found.stdout.splitlines() == ["packet", "packet", "trace", "receivable"], found.stderr


@pytest.mark.parametrize(
    ("shell", "mark", "asked", "answer"),
    [
        ("zsh", "compdef _ichub_completion ichub", {}, '"trace":"Show the whole life'),
        ("fish", "complete --command ichub", {"_TYPER_COMPLETE_FISH_ACTION": "get-args"}, "trace\tShow the whole life"),
    ],
)
def test_other_shells_have_a_script_and_are_answered_as_it_asks(
    tmp_path: Path, shell: str, mark: str, asked: dict[str, str], answer: str
) -> None:
    """Neither shell need be on this machine."""
    script = run("--show-completion", shell, cwd=tmp_path).stdout
    assert mark in script
    assert f"_ICHUB_COMPLETE=complete_{shell}" in script
    typed = {"_ICHUB_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "ichub packet tr", **asked}
    assert answer in run(cwd=tmp_path, **typed).stdout


def test_a_shell_that_is_not_known_is_named_with_those_that_are(tmp_path: Path) -> None:
    refused = run("--show-completion", "ksh", cwd=tmp_path)
    assert refused.returncode == 2
    assert "'bash', 'zsh', 'fish'" in refused.stderr


def test_a_home_is_made_once(tmp_path: Path) -> None:
    home = str(tmp_path / "my home")
    made = run("init", "--devnet", "--home", home, "--json", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert len(json.loads(made.stdout)["genesis_hash"]) == 66
    again = run("init", "--devnet", cwd=tmp_path, ICHUB_HOME=home)
    assert again.returncode == 2
    assert "is a home already" in again.stderr
    assert [
        entry["name"] for entry in json.loads(run("keys", "list", "--json", "--home", home, cwd=tmp_path).stdout)
    ] == [
        "operator",
        "validator",
    ]


def test_a_relayer_s_address_is_told_where_it_is_made_for_it_is_to_be_funded(tmp_path: Path) -> None:
    home, folder = str(tmp_path / "hub"), tmp_path / "relayer"
    run("init", "--devnet", "--home", home, cwd=tmp_path)
    made = json.loads(run("relayer", "init", str(folder), "--home", home, "--json", cwd=tmp_path).stdout)
    assert made["address"] in made["done"]
    kept = json.loads((folder / "relayer.json").read_text())["address"]
    assert made["address"].lower() == "0x" + kept.removeprefix("0x").lower()


def test_an_error_is_one_sentence_or_json_on_stderr(tmp_path: Path) -> None:
    plain = run("client", "list", "--home", str(tmp_path / "none"), cwd=tmp_path)
    assert (plain.returncode, plain.stdout) == (2, "")
    assert plain.stderr.startswith("error: ")
    assert plain.stderr.count("\n") == 1
    as_json = run("client", "list", "--json", "--home", str(tmp_path / "none"), cwd=tmp_path)
    assert as_json.returncode == 2
    error = json.loads(as_json.stderr)["error"]
    assert error["reason"] == "NO_HOME"
    assert error["exit_code"] == 2


def test_a_hub_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    run("init", "--devnet", "--home", str(tmp_path / "h"), cwd=tmp_path)
    found = run("client", "list", "--hub", "localhost:9", "--home", str(tmp_path / "h"), cwd=tmp_path)
    assert found.returncode == 3, found.stderr
    assert "cannot be reached" in found.stderr


@pytest.mark.parametrize("words", [["nonsense"], ["keys", "nonsense"], ["keys", "show"], ["init", "--nonsense"]])
def test_what_cannot_be_meant_is_usage(tmp_path: Path, words: list[str]) -> None:
    found = run(*words, cwd=tmp_path)
    assert found.returncode == 2
    assert "Usage: ichub" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("words", [["keys", "show", "--json"], ["packet", "list", "--blocks", "0", "--json"]])
def test_what_cannot_be_meant_is_json_as_every_error_where_that_is_wished(tmp_path: Path, words: list[str]) -> None:
    found = run(*words, cwd=tmp_path)
    error = json.loads(found.stderr)["error"]
    assert (found.returncode, found.stdout, error["reason"], error["exit_code"]) == (2, "", "USAGE", 2)
    assert error["message"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """On a terminal where Ctrl-C is pressed when a password is asked for: of each, whether it was to be typed twice."""
    seen = []

    def interrupted(*_: object, confirmation_prompt: bool, **__: object) -> None:
        seen.append(confirmation_prompt)
        raise typer.Abort  # as it turns Ctrl-C into

    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(typer, "prompt", interrupted)
    monkeypatch.delenv("ICHUB_KEYSTORE_PASSWORD", raising=False)
    return seen


@pytest.mark.parametrize(
    ("words", "twice"),
    [
        (["init"], True),
        (["keys", "new", "treasury"], True),
        (["ledger", "init", "--organisation", "bank-a"], True),
        (["ledger", "validators", "prove", "second", "--chain-id", "t-1", "--as", "bank-a/node", "--out", "x"], True),
        (["keys", "show", "operator", "--private"], False),
    ],
)
def test_a_new_key_s_password_is_asked_for_twice_and_ctrl_c_is_an_interruption(
    tmp_path: Path, asked: list[bool], words: list[str], twice: bool
) -> None:
    if "show" in words:
        Keystore(tmp_path / "keys").create("operator", "secret", DEVNET_SCRYPT_ROUNDS)
    if "prove" in words:
        LedgerHome(tmp_path).organisation("bank-a").make_authority()
    with pytest.raises(SystemExit) as ended:
        main([*words, "--home", str(tmp_path)])
    assert (ended.value.code, asked) == (ExitCode.INTERRUPTED, [twice])


WARNS = """
import structlog
from console.session import run

async def work():
    structlog.get_logger("x").warning("endpoint rests")
    structlog.get_logger("x").info("fees raised")

run(work())
"""


def test_what_rooms_below_warn_of_is_not_among_the_result() -> None:
    found = subprocess.run(
        [sys.executable, "-c", WARNS], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout == ""
    assert "endpoint rests" in found.stderr
    assert "fees raised" not in found.stderr


def test_a_devnet_that_does_not_run_is_told_where_it_is_asked_for_ether(tmp_path: Path) -> None:
    home = tmp_path / "hub"
    run("init", "--devnet", "--home", str(home), cwd=tmp_path)
    address = "0x" + "11" * 20
    silent = ChainFile(
        "a", 31337, ("http://127.0.0.1:9",), "safe", "attested-0", "quorum-0", address, address, address, 1
    )
    write_chain(NodeHome(home), silent)
    found = run("devnet", "fund", address, "--folder", str(tmp_path), "--json", cwd=tmp_path)
    error = json.loads(found.stderr)["error"]
    assert (found.returncode, found.stdout, error["reason"]) == (3, "", "NO_DEVNET")

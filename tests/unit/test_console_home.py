"""A node's home: what ``ichub init`` makes, what a wrong configuration is answered with."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.commands.init import DEVNET_PARAMETERS, HomePlan, make_home
from console.config import Config, ConfigValues, config_text, read_config
from console.exits import Misused
from console.home import NodeHome, find_home, read_password
from console.ledger_home import find_ledger_home
from console.main import app
from hub.genesis import Genesis
from hub.messages import Role
from hub.quantities import Amount


def _make(path: Path, *, devnet: bool = True) -> NodeHome:
    home = NodeHome(path)
    make_home(home, HomePlan("hub-1", devnet, ["localhost"], ConfigValues(), Amount(1000)), "secret")
    return home


def test_a_new_home_is_complete_and_consistent(tmp_path: Path) -> None:
    home = _make(tmp_path / "with space")
    genesis = Genesis.from_json(home.genesis_file.read_bytes())
    operator, validator = (home.keystore.entry(name) for name in ("operator", "validator"))
    assert [member.address.hex() for member in genesis.validators.members] == [validator.address[2:].lower()]
    assert dict(genesis.balances) == {bytes.fromhex(operator.address[2:]): 1000}
    assert {role for _, role in genesis.roles} == {Role.OPERATOR, Role.CHAIN_OPERATOR, Role.MEMBER}
    assert genesis.devnet
    assert home.config().keys.password_file == "keys/password"
    assert read_password(home, None) == "secret"
    assert len(home.keystore.open("validator", "secret")) == 32
    assert not home.guard.is_relative_to(home.data)


def test_parameters_are_chosen_in_the_genesis(tmp_path: Path) -> None:
    home = NodeHome(tmp_path / "home")
    words = ["--devnet", "--supply", "5000", "--parameter", "grace_margin=900", "--parameter", "rate_window=60"]
    done = CliRunner().invoke(app, ["init", "--home", str(home.path), *words])
    assert done.exit_code == 0, done.output
    found = Genesis.from_json(home.genesis_file.read_bytes()).parameters
    assert (found.grace_margin, found.rate_window, found.rate_cap) == (900, 60, 50)
    assert found.route_margin == DEVNET_PARAMETERS.route_margin


@pytest.mark.parametrize(
    "word", ["grace=1", "rate_cap", "rate_cap=-1", "rate_window=0", f"rate_cap={2**64}", "rate_cap=1.5"]
)
def test_a_parameter_that_is_none_makes_no_home(tmp_path: Path, word: str) -> None:
    home = tmp_path / "home"
    done = CliRunner().invoke(app, ["init", "--home", str(home), "--devnet", "--parameter", word])
    assert isinstance(done.exception, Misused)
    assert not home.exists()


def test_the_commented_file_says_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(config_text(ConfigValues(), password_file=""))
    assert read_config(path) == Config()
    assert all("#" in line or "=" in line or line.startswith("[") for line in path.read_text().splitlines() if line)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[node]\nlisten = 5", "node.listen"),
        ("[node]\nlissen = 'x'", "lissen"),
        ("[nod]\n", "nod"),
        ("[node", "not TOML"),
        ("[tls]\nenabled = 'yes'", "tls.enabled"),
    ],
)
def test_a_wrong_configuration_names_the_place(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(Misused, match=named) as caught:
        read_config(path)
    assert caught.value.reason == "BAD_CONFIG"


def test_no_home_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(Misused, match="ichub init"):
        find_home(tmp_path).config()


def test_a_password_comes_from_the_file_given_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = _make(tmp_path / "home")
    monkeypatch.setenv("ICHUB_KEYSTORE_PASSWORD", "from the environment")
    assert read_password(home, None) == "from the environment"
    given = tmp_path / "given"
    given.write_text("from the file\n")
    assert read_password(home, given) == "from the file"
    given.write_text("")
    with pytest.raises(Misused, match="empty"):
        read_password(home, given)


def test_a_home_is_made_in_its_own_place_though_a_devnet_s_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other commands take the devnet's where a person has none."""
    devnet = _make(tmp_path / "devnet").path
    monkeypatch.setattr("console.home.DEFAULT_HOME", tmp_path / ".ichub")
    monkeypatch.setattr("console.home.DEVNET_HOME", devnet)
    monkeypatch.setattr("console.commands.init.DEFAULT_HOME", tmp_path / ".ichub", raising=False)
    assert find_home(None).path == devnet
    assert CliRunner().invoke(app, ["init", "--devnet"]).exit_code == 0
    assert find_home(None).path == tmp_path / ".ichub"


def test_so_is_a_ledger_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, devnet = tmp_path / ".ichub-ledger", tmp_path / "devnet"
    devnet.mkdir()
    (devnet / "config.toml").touch()
    monkeypatch.setattr("console.ledger_home.DEFAULT_LEDGER_HOME", own)
    monkeypatch.setattr("console.ledger_home.DEVNET_LEDGER_HOME", devnet)
    monkeypatch.setattr("console.commands.ledger.node.DEFAULT_LEDGER_HOME", own, raising=False)
    assert find_ledger_home(None).path == devnet
    assert CliRunner().invoke(app, ["ledger", "init", "--organisation", "bank-a", "--devnet"]).exit_code == 0
    assert find_ledger_home(None).path == own

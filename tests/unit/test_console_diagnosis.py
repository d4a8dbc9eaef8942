"""The doctor: a sound home is found sound, and each fault is found by its name with what to do."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from adapters.evm.finality import FinalityLag
from console import output
from console.certificates import make_certificates
from console.chains import ChainFile, LedgerFile, write_chain
from console.checks import CLOCK_TOLERANCE_SECONDS, Check, told
from console.commands.init import HomePlan, make_home
from console.config import ConfigValues
from console.devnet.ports import Ports, is_free
from console.diagnosis import finality, local_checks, remote_checks
from console.exits import CheckFailed
from console.home import NodeHome
from console.keystore import DEVNET_SCRYPT_ROUNDS, Keystore
from console.output import Output
from hub.quantities import Amount, Seconds


@pytest.fixture
def home(tmp_path: Path) -> NodeHome:
    made = NodeHome(tmp_path / "hub")
    port = next(base for base in range(25000, 60000, 137) if is_free(Ports.from_base(base).hub))
    values = ConfigValues(listen=f"127.0.0.1:{port}")
    make_home(made, HomePlan("hub-1", True, ["localhost"], values, Amount(1000)), "secret")
    return made


def _ill(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.ok}


def test_a_sound_home_is_found_sound(home: NodeHome) -> None:
    checks = list(local_checks(home))
    assert _ill(checks) == {}
    assert {"python", "configuration", "genesis", "keys", "certificates", "signer's guard", "API port"} <= {
        check.name for check in checks
    }


def _open_key(home: NodeHome) -> None:
    (home.path / "keys" / "validator.json").chmod(0o644)


def _old_certificates(home: NodeHome) -> None:
    make_certificates(home.tls, ["localhost"], datetime(2020, 1, 1, tzinfo=UTC))


def _no_certificate(home: NodeHome) -> None:
    (home.tls / "server.pem").unlink()


def _no_guard(home: NodeHome) -> None:
    home.guard.rmdir()


def _other_validator(home: NodeHome) -> None:
    (home.path / "keys" / "validator.json").unlink()
    Keystore(home.path / "keys").create("validator", "secret", DEVNET_SCRYPT_ROUNDS)


def _bad_genesis(home: NodeHome) -> None:
    home.genesis_file.write_text("{}")


def _bad_config(home: NodeHome) -> None:
    home.config_file.write_text("[node]\nlissen = 1\n")


def _open_password(home: NodeHome) -> None:
    home.password_file.chmod(0o640)


@pytest.mark.parametrize(
    ("spoil", "name", "fix"),
    [
        (_open_key, "keys", "chmod 600"),
        (_open_password, "keys", "chmod 600"),
        (_old_certificates, "certificates", "--renew-certificates"),
        (_no_certificate, "certificates", "--renew-certificates"),
        (_no_guard, "signer's guard", "outside"),
        (_other_validator, "genesis", "keys.validator"),
        (_bad_genesis, "genesis", "restore genesis.json"),
        (_bad_config, "configuration", "ichub init"),
    ],
)
def test_a_fault_is_found(home: NodeHome, spoil: Callable[[NodeHome], None], name: str, fix: str) -> None:
    spoil(home)
    ill = _ill(list(local_checks(home)))
    assert list(ill) == [name]
    assert fix in ill[name].fix


CHAIN = ChainFile(
    name="a",
    chain_id=1,
    endpoints=("http://127.0.0.1:9",),
    finality="safe",
    client_at_hub="attested-0",
    client_of_hub="quorum-0",
    router="0x" + "11" * 20,
    quorum_client="0x" + "22" * 20,
    gateway="0x" + "33" * 20,
    first_height=0,
)


@pytest.mark.parametrize(("seconds", "well"), [(0, True), (900 + CLOCK_TOLERANCE_SECONDS, True), (916, False)])
def test_a_chain_that_became_slower_than_the_hub_reckons_with_is_told(seconds: int, well: bool) -> None:
    check = finality(CHAIN, Seconds(900), FinalityLag(76, Seconds(seconds)))
    assert (check.name, check.ok) == ("finality of a", well)
    assert f"{seconds} s behind the head; the hub reckons with 900 s" in check.found
    assert well or "client replace attested-0 --finality-time 1374" in check.fix


async def test_who_does_not_answer_is_named(home: NodeHome) -> None:
    write_chain(home, CHAIN)
    nowhere = str(home.path / "none.pem")
    write_chain(
        home,
        LedgerFile(
            name="trade",
            chain_id="trade-1",
            target="localhost:9",
            authorities=nowhere,
            certificate=nowhere,
            key=nowhere,
            client_at_hub="quorum-0",
            client_of_hub="quorum-0",
        ),
    )
    ill = _ill([check async for check in remote_checks(home, None)])
    assert set(ill) == {"hub", "endpoint of a", "node of trade"}
    assert "chains/trade.toml" in ill["node of trade"].fix
    assert "ichub start" in ill["hub"].fix
    assert "chains/a.toml" in ill["endpoint of a"].fix


def test_on_80_columns_what_is_well_stands_by_its_name_and_what_is_not_below(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = StringIO()
    monkeypatch.setattr(output, "_stdout", Console(width=80, file=shown, highlight=False))
    genesis = "0x" + "ab" * 32
    well = [
        Check("certificates", True, "ca.pem"),
        Check("hub", False, "silent", "start it"),
        Check("genesis", True, genesis),
    ]
    with pytest.raises(CheckFailed, match="1 of 4 checks did not hold, first hub: start it"):
        told([*well, Check("certificates", True, "server.pem")], Output(False))
    assert [line.split() for line in shown.getvalue().splitlines() if line.strip()] == [
        ["Well"],
        ["certificates", "ca.pem"],
        ["server.pem"],
        ["genesis", genesis],
        ["Not", "well"],
        ["check", "found", "do"],
        ["hub", "silent", "start", "it"],
    ]
    told(well[:1], Output(False))
    assert shown.getvalue().rstrip().endswith("All is well.")

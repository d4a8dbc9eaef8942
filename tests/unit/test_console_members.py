"""The files of attestors and relayers: what is written is what the daemons read, and people's comments stay."""

import tomllib
from pathlib import Path

import pytest

from console.chains import ChainFile, LedgerFile, evm_chains, find_chain, find_evm_chain, known_chains, write_chain
from console.exits import Misused
from console.home import NodeHome
from console.members import (
    CONFIG,
    make_attestor,
    make_relayer,
    read_attestor_file,
    tell_attestor,
    tell_relayer,
    tell_relayer_of_ledger,
)
from console.toml import toml_text
from hub.quantities import Hash
from hub.signer import signer_from_keystore
from relayers.attestor_config import load_attestor_config, load_chains
from relayers.config import EvmTarget, LedgerTarget, load_relayer_config
from relayers.fields import KeyPair

GENESIS = Hash(bytes(range(32)))
CHAIN = ChainFile(
    name="a",
    chain_id=31337,
    endpoints=("http://127.0.0.1:8545",),
    finality="safe",
    client_at_hub="attested-0",
    client_of_hub="quorum-0",
    router="0x" + "11" * 20,
    quorum_client="0x" + "22" * 20,
    gateway="0x" + "33" * 20,
    first_height=5,
)
LEDGER = LedgerFile(
    name="trade",
    chain_id="trade-1",
    target="localhost:18600",
    authorities="/srv/ledger/tls/authorities.pem",
    certificate="/srv/ledger/ann.pem",
    key="/srv/ledger/ann.key",
    client_at_hub="quorum-0",
    client_of_hub="quorum-0",
)


def test_an_attestor_that_is_made_can_be_started_and_told(tmp_path: Path) -> None:
    made = make_attestor(tmp_path / "one", "127.0.0.1:9401", "127.0.0.1:9402", GENESIS, devnet=True)
    config = load_attestor_config(made.path)
    assert signer_from_keystore(config.keystore, config.password).address == made.attestor.address
    assert load_chains(config.chains, devnet=True).chains == {}
    config.chains.write_text("# mine\n" + config.chains.read_text())
    tell_attestor(made.path, CHAIN)
    chains = load_chains(config.chains, devnet=True)
    assert chains.hub_genesis_hash == GENESIS
    assert chains.chains["attested-0"].chain_id == 31337
    assert str(chains.chains["attested-0"].finality) == "safe"
    assert config.chains.read_text().startswith("# mine\n")
    with pytest.raises(Misused, match="already"):
        tell_attestor(made.path, CHAIN)


def test_off_a_devnet_an_attestor_gets_certificates(tmp_path: Path) -> None:
    made = make_attestor(tmp_path / "one", "127.0.0.1:9401", "127.0.0.1:9402", GENESIS, devnet=False)
    config = load_attestor_config(made.path)
    assert config.certificate is not None
    assert config.certificate.exists()


def test_two_attestors_have_two_keys_and_none_is_overwritten(tmp_path: Path) -> None:
    first, second = (
        make_attestor(tmp_path / name, "127.0.0.1:1", "127.0.0.1:2", GENESIS, devnet=True) for name in ("1", "2")
    )
    assert first.attestor.address != second.attestor.address
    with pytest.raises(Misused, match="already"):
        make_attestor(tmp_path / "1", "127.0.0.1:1", "127.0.0.1:2", GENESIS, devnet=True)
    assert read_attestor_file(first.path) == first


def test_a_relayer_that_is_made_can_be_started_and_told(tmp_path: Path) -> None:
    path = make_relayer(tmp_path, "127.0.0.1:9501", "localhost:18500", tmp_path / "ca.pem", bytes(31) + b"\x07")
    assert path.name == CONFIG
    assert load_relayer_config(path).chains == {}
    for name, client in (("a", "attested-0"), ("b", "attested-1")):
        chain = ChainFile(
            **{field: getattr(CHAIN, field) for field in CHAIN.__struct_fields__}
            | {"name": name, "client_at_hub": client}
        )
        tell_relayer(path, chain, ["127.0.0.1:9401"])
    secured = ChainFile(**{field: getattr(CHAIN, field) for field in CHAIN.__struct_fields__} | {"name": "tls"})
    tell_relayer(path, secured, ["127.0.0.1:9401"], tmp_path / "ca.pem")
    tell_relayer_of_ledger(path, LEDGER, tmp_path / "carrier.pem", tmp_path / "carrier.key")
    config = load_relayer_config(path)
    ledger = config.chains.pop("trade")
    assert isinstance(ledger, LedgerTarget)
    assert (ledger.client, ledger.target, ledger.authorities) == ("quorum-0", LEDGER.target, Path(LEDGER.authorities))
    assert ledger.identity == KeyPair(tmp_path / "carrier.pem", tmp_path / "carrier.key")
    tls, plain = config.chains.pop("tls"), config.chains["a"]
    assert isinstance(tls, EvmTarget)
    assert isinstance(plain, EvmTarget)
    assert (tls.attestor_certificate, plain.attestor_certificate) == (tmp_path / "ca.pem", None)
    assert [target.client for target in config.chains.values()] == ["attested-0", "attested-1"]
    assert config.chains["a"].first_height == 5
    assert config.hub.root_certificate == tmp_path / "ca.pem"
    with pytest.raises(Misused, match="already"):
        tell_relayer(path, CHAIN, ["127.0.0.1:9401"])
    with pytest.raises(Misused, match="already"):
        tell_relayer_of_ledger(path, LEDGER, tmp_path / "carrier.pem", tmp_path / "carrier.key")


def test_chains_are_found_by_name_and_by_client(tmp_path: Path) -> None:
    home = NodeHome(tmp_path)
    assert known_chains(home) == []
    write_chain(home, CHAIN)
    assert known_chains(home) == [CHAIN]
    assert find_chain(home, "a") == find_chain(home, "attested-0") == CHAIN
    with pytest.raises(Misused, match=r"a \(attested-0\)"):
        find_chain(home, "b")
    (tmp_path / "chains" / "b.toml").write_text("name = 5")
    with pytest.raises(Misused, match=r"b\.toml"):
        known_chains(home)


def test_a_ledger_stands_beside_the_evm_chains(tmp_path: Path) -> None:
    home = NodeHome(tmp_path)
    write_chain(home, CHAIN)
    path = write_chain(home, LEDGER)
    assert known_chains(home) == [CHAIN, LEDGER]
    assert evm_chains(home) == [CHAIN]
    assert find_chain(home, "quorum-0") == LEDGER
    assert find_evm_chain(home, "a") == CHAIN
    with pytest.raises(Misused, match="trade is a permissioned ledger"):
        find_evm_chain(home, "trade")
    path.write_text(path.read_text().replace('"ledger"', '"cosmos"'))
    with pytest.raises(Misused, match="kind is 'cosmos'"):
        known_chains(home)


@pytest.mark.parametrize("name", ["", "A", "../x", "a/b", "x" * 32])
def test_a_name_that_is_no_plain_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Misused, match="cannot name a chain"):
        write_chain(
            NodeHome(tmp_path), ChainFile(**{f: getattr(CHAIN, f) for f in CHAIN.__struct_fields__} | {"name": name})
        )


def test_toml_that_is_written_reads_the_same() -> None:
    content = {
        "text": 'quotes " and \\ and ünïcode\n',
        "number": 5,
        "half": 0.5,
        "yes": True,
        "list": ["a", "b"],
        "nothing": [],
        "table": {"a": 1, "inner": {"b": 2}},
        "tables": [{"x": 1}, {"x": 2}],
    }
    text = toml_text(content, "a\ncomment")
    assert tomllib.loads(text) == content
    assert text.startswith("# a\n# comment\n")

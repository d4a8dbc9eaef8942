"""The daemons' files: what is wrong is told with file and field, what is misspelt is refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.evm.finality import Depth
from hub.ibc.identifiers import ClientId
from hub.quantities import Height
from hub.signer import write_keystore
from relayers.attestor_config import load_attestor_config, load_chains
from relayers.config import EvmTarget, LedgerTarget, load_relayer_config
from relayers.errors import InvalidConfiguration
from relayers.fields import PASSWORD_VARIABLE, KeyPair
from relayers.run import run_relayer

GENESIS = f'hub_genesis_hash = "0x{"11" * 32}"\n'
CHAIN = """
[attested-0]
chain_id = 31337
finality = "depth:2"
endpoints = ["http://a", "http://b", "http://c", "http://d"]
"""
ATTESTOR = """
listen = "127.0.0.1:9401"
monitor = "127.0.0.1:9402"
keystore = "key.json"
password_file = "password"
guard = "guard"
chains = "chains.toml"
devnet = true
"""
RELAYER = """
monitor = "127.0.0.1:9501"
keystore = "key.json"
password_file = "password"
[hub]
target = "localhost:9090"
[chains.alpha]
client = "attested-0"
endpoints = ["http://a"]
attestors = ["localhost:9401"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "file.toml"
    path.write_text(text)
    (folder / "password").write_text("secret\n")
    return path


@pytest.mark.parametrize("password", ["another", ""])
async def test_a_keystore_that_the_password_does_not_open_is_said_to_be(tmp_path: Path, password: str) -> None:
    config = load_relayer_config(written(tmp_path, RELAYER))
    write_keystore(config.keystore, b"\x11" * 32, "secret", iterations=2)
    with pytest.raises(InvalidConfiguration, match="its password is another"):
        await run_relayer(replace(config, password=password))
    config.keystore.write_text("[]")
    with pytest.raises(InvalidConfiguration, match="or it is no keystore"):
        await run_relayer(config)


def test_the_chains_file_is_read(tmp_path: Path) -> None:
    chains = load_chains(written(tmp_path, GENESIS + CHAIN), devnet=False)
    chain = chains.chains["attested-0"]
    assert chains.hub_genesis_hash == b"\x11" * 32
    assert (chain.chain_id, chain.finality, chain.quorum, chain.epoch) == (31337, Depth(2), 3, 1)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"depth:2"', '"latest"', "attested-0.finality is refused"),
        ("chain_id = 31337", "chain_id = -1", "attested-0.chain_id is no whole number"),
        ("chain_id = 31337", "", "attested-0.chain_id is missing"),
        ("chain_id = 31337", "chain_id = 31337\nchian = 1", "attested-0.chian is unknown"),
        ("chain_id = 31337", "chain_id = 31337\nquorum = 2", "attested-0.quorum of 2 is no majority of 4"),
        ("chain_id = 31337", "chain_id = 31337\nquorum = 5", "attested-0.quorum of 5 is no majority of 4"),
        ('"http://b"', '"http://a"', "attested-0.endpoints are repeated"),
        ('"http://a", "http://b", ', "", "attested-0.endpoints are 2: give 3 or more"),
        ("[attested-0]", "[Attested]", "is no client of the hub"),
        (GENESIS, "", "hub_genesis_hash is missing"),
        ("0x1111", "0x11", "hub_genesis_hash is not 0x and 32 bytes"),
        ("chain_id", "chain_id =", "is no TOML"),
    ],
)
def test_what_is_wrong_in_the_chains_file_is_told(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = written(tmp_path, (GENESIS + CHAIN).replace(old, new))
    with pytest.raises(InvalidConfiguration, match=complaint) as refused:
        load_chains(path, devnet=False)
    assert str(path) in str(refused.value)


def test_a_devnet_may_have_one_endpoint(tmp_path: Path) -> None:
    path = written(tmp_path, GENESIS + CHAIN.replace(', "http://b", "http://c", "http://d"', ""))
    assert load_chains(path, devnet=True).chains["attested-0"].quorum == 1
    with pytest.raises(InvalidConfiguration, match="endpoints are 1"):
        load_chains(path, devnet=False)


def test_the_attestor_s_file_is_read_and_its_paths_are_relative_to_it(tmp_path: Path) -> None:
    config = load_attestor_config(written(tmp_path, ATTESTOR))
    assert (config.guard, config.password, config.devnet) == (tmp_path / "guard", "secret", True)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("devnet = true", "devnet = false", "certificate is missing: only a devnet"),
        ("devnet = true", 'devnet = true\nkey = "k"', "certificate and key belong together"),
        ("devnet = true", "devnet = 1", "devnet is neither true nor false"),
        ("devnet = true", 'devnet = true\nauthority = "ca"', "authority needs certificate and key"),
        ("devnet = true", "devnet = true\nrequests_per_second = 0", "requests_per_second is 0"),
        ('listen = "127.0.0.1:9401"', "listen = 9401", "listen is no text"),
    ],
)
def test_what_is_wrong_in_the_attestor_s_file_is_told(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(InvalidConfiguration, match=complaint):
        load_attestor_config(written(tmp_path, ATTESTOR.replace(old, new)))


def test_the_password_comes_from_a_file_or_the_environment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, RELAYER.replace('password_file = "password"\n', ""))
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    with pytest.raises(InvalidConfiguration, match=PASSWORD_VARIABLE):
        load_relayer_config(path)
    monkeypatch.setenv(PASSWORD_VARIABLE, "from the environment")
    assert load_relayer_config(path).password == "from the environment"


def test_the_relayer_s_file_is_read(tmp_path: Path) -> None:
    config = load_relayer_config(written(tmp_path, RELAYER))
    chain = config.chains["alpha"]
    assert isinstance(chain, EvmTarget)
    assert (chain.client, chain.endpoints, chain.poll_s) == ("attested-0", ("http://a",), 1.0)
    assert (config.hub.target, config.hub.insecure, config.hub.identity) == ("localhost:9090", False, None)
    more = RELAYER.replace('"localhost:9090"', '"localhost:9090"\ncertificate = "c.pem"\nkey = "c.key"')
    more += 'attestor_client_certificate = "d.pem"\nattestor_client_key = "d.key"\n'
    config = load_relayer_config(written(tmp_path, more))
    assert config.hub.identity == KeyPair(tmp_path / "c.pem", tmp_path / "c.key")
    chain = config.chains["alpha"]
    assert isinstance(chain, EvmTarget)
    assert chain.attestor_identity == KeyPair(tmp_path / "d.pem", tmp_path / "d.key")


LEDGER = """
[chains.trade]
kind = "ledger"
client = "quorum-0"
target = "localhost:18600"
authorities = "ca.pem"
certificate = "relayer.pem"
key = "relayer.key"
"""


def test_a_ledger_is_read_beside_an_evm_chain(tmp_path: Path) -> None:
    config = load_relayer_config(written(tmp_path, RELAYER + LEDGER))
    identity = KeyPair(tmp_path / "relayer.pem", tmp_path / "relayer.key")
    assert config.chains["trade"] == LedgerTarget(
        "trade", ClientId("quorum-0"), "localhost:18600", tmp_path / "ca.pem", identity, Height(1), 0.5
    )
    assert isinstance(config.chains["alpha"], EvmTarget)
    explicit = RELAYER.replace("[chains.alpha]", '[chains.alpha]\nkind = "evm"')
    assert load_relayer_config(written(tmp_path, explicit)).chains["alpha"] == config.chains["alpha"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('kind = "ledger"', 'kind = "cosmos"', "chains.trade.kind 'cosmos' is unknown: it is evm or ledger"),
        ('kind = "ledger"', "", "chains.trade.endpoints is missing"),
        ('target = "localhost:18600"', "", "chains.trade.target is missing"),
        ('authorities = "ca.pem"', "", "chains.trade.authorities is missing"),
        ('key = "relayer.key"', "", "chains.trade.key is missing"),
        ('key = "relayer.key"', 'key = "relayer.key"\nendpoints = ["http://a"]', "chains.trade.endpoints is unknown"),
    ],
)
def test_what_is_wrong_of_a_ledger_is_told(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(InvalidConfiguration, match=complaint):
        load_relayer_config(written(tmp_path, RELAYER + LEDGER.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('client = "attested-0"', 'client = "x"', "chains.alpha.client is refused"),
        ('endpoints = ["http://a"]', "endpoints = []", "chains.alpha.endpoints or attestors are none"),
        ('endpoints = ["http://a"]', 'endpoints = "http://a"', "chains.alpha.endpoints is no list"),
        ('target = "localhost:9090"', "", "hub.target is missing"),
        ('"localhost:9090"', '"localhost:9090"\ncertificate = "c.pem"', "hub.certificate and key belong together"),
        ('"localhost:9090"', '"localhost:9090"\nkey = "c.key"', "hub.certificate and key belong together"),
        ("[chains.alpha]", '[chains.alpha]\nattestor_client_key = "c"', "attestor_client_certificate and attestor_cl"),
        ('target = "localhost:9090"', 'target = "localhost:9090"\nport = 1', "hub.port is unknown"),
        ("[chains.alpha]", "[chains.alpha]\npoll_seconds = 0", "chains.alpha.poll_seconds is no positive number"),
    ],
)
def test_what_is_wrong_in_the_relayer_s_file_is_told(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(InvalidConfiguration, match=complaint):
        load_relayer_config(written(tmp_path, RELAYER.replace(old, new)))

"""The files of attestors and relayers on this machine: made here, and told of a new chain; daemons read them again.

Their formats are relayers/attestor_config.py and relayers/config.py. Files that people edit are appended to, so
that their comments stay; every change replaces the file at once, so that no daemon reads half of it.
"""

import json
import secrets
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from console.certificates import make_certificates
from console.chains import ChainFile, LedgerFile
from console.exits import Misused
from console.joining import Attestor, Target
from console.keystore import DEVNET_SCRYPT_ROUNDS, SCRYPT_ROUNDS, Keystore, write_private
from console.toml import toml_text
from hub.quantities import Address, Hash
from relayers.attestor_config import load_attestor_config
from relayers.attestor_guard import AttestorGuard
from relayers.config import load_relayer_config

CONFIG = "config.toml"


@dataclass(frozen=True, slots=True)
class AttestorFile:
    """An attestor on this machine, as its configuration says."""

    path: Path
    chains: Path
    attestor: Attestor


def make_attestor(folder: Path, listen: str, monitor: str, hub_genesis_hash: Hash, *, devnet: bool) -> AttestorFile:
    """Write an attestor's home: a key, an empty chains file, its configuration. Raises Misused where there is one."""
    path = folder / CONFIG
    if path.exists():
        raise Misused(f"{folder} is an attestor's home already: choose another, or remove it first")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = secrets.token_hex(16)
    Keystore(folder).create("attestor", password, DEVNET_SCRYPT_ROUNDS if devnet else SCRYPT_ROUNDS)
    write_private(folder / "password", password.encode())
    AttestorGuard(folder / "guard").close()
    genesis = {"hub_genesis_hash": "0x" + hub_genesis_hash.hex()}
    _replace(
        folder / "chains.toml", toml_text(genesis, "Chains that are attested, one table each; read again when changed.")
    )
    content: dict[str, object] = {
        "listen": listen,
        "monitor": monitor,
        "keystore": "attestor.json",
        "password_file": "password",
        "guard": "guard",
        "chains": "chains.toml",
        "devnet": devnet,
    }
    if not devnet:
        tls = make_certificates(folder / "tls", ["localhost", "127.0.0.1", listen.rpartition(":")[0]])
        content |= {"certificate": str(tls.server.relative_to(folder)), "key": str(tls.server_key.relative_to(folder))}
    _replace(
        path,
        toml_text(content, "An attestor. `ichub attestor start` reads this once, and chains.toml whenever it changes."),
    )
    return read_attestor_file(path)


def read_attestor_file(path: Path) -> AttestorFile:
    """Raises InvalidConfiguration, Misused."""
    config = load_attestor_config(path)
    try:
        address = Address(bytes.fromhex(json.loads(config.keystore.read_text())["address"].removeprefix("0x")))
    except (ValueError, KeyError, TypeError) as error:
        raise Misused(f"{config.keystore} is not a V3 keystore: name the attestor's key in {path}") from error
    return AttestorFile(path, config.chains, Attestor(address, Target(config.listen)))


def tell_attestor(path: Path, chain: ChainFile) -> None:
    """Add a chain to an attestor's chains file; raises Misused where it stands there already."""
    chains = read_attestor_file(path).chains
    table = {
        chain.client_at_hub: {
            "chain_id": chain.chain_id,
            "finality": chain.finality,
            "epoch": 1,
            "endpoints": list(chain.endpoints),
        }
    }
    _append(chains, chain.client_at_hub, toml_text(table))


def make_relayer(
    folder: Path, monitor: str, hub: str, authority: Path | None, private_key: bytes | None = None
) -> Path:
    """Write a relayer's home: its key, its configuration with no chains yet. Raises Misused where there is one."""
    path = folder / CONFIG
    if path.exists():
        raise Misused(f"{folder} is a relayer's home already: choose another, or remove it first")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    password = secrets.token_hex(16)
    rounds = SCRYPT_ROUNDS if private_key is None else DEVNET_SCRYPT_ROUNDS
    Keystore(folder).add("relayer", private_key or secrets.token_bytes(32), password, rounds)
    write_private(folder / "password", password.encode())
    target: dict[str, object] = {"target": hub}
    if authority is not None:
        target["root_certificate"] = str(authority)
        certificate, key = authority.with_name("client.pem"), authority.with_name("client.key")
        if certificate.exists() and key.exists():  # shown to a hub that requires one
            target |= {"certificate": str(certificate), "key": str(key)}
    content = {"monitor": monitor, "keystore": "relayer.json", "password_file": "password", "hub": target}
    _replace(path, toml_text(content, "A relayer. Read again whenever it changes: a chain added here is relayed."))
    return path


def tell_relayer(
    path: Path, chain: ChainFile, attestors: Sequence[str], attestor_certificate: Path | None = None
) -> None:
    """Add a chain to a relayer's configuration; raises Misused where it stands there already.

    ``attestor_certificate``: who signed the attestors' certificates, in one file; without it they are asked in plain
    text, as on a devnet.
    """
    table: dict[str, object] = {
        "client": chain.client_at_hub,
        "endpoints": list(chain.endpoints),
        "attestors": list(attestors),
        "first_height": chain.first_height,
        "poll_seconds": 0.5,
    }
    if attestor_certificate is not None:
        table["attestor_certificate"] = str(attestor_certificate.absolute())
    _tell_relayer(path, chain.name, table)


def tell_relayer_of_ledger(path: Path, chain: LedgerFile, certificate: Path, key: Path) -> None:
    """As ``tell_relayer``; the certificate and key are of the member as whom the relayer writes on the ledger."""
    table: dict[str, object] = {
        "kind": "ledger",
        "client": chain.client_at_hub,
        "target": chain.target,
        "authorities": chain.authorities,
        "certificate": str(certificate.absolute()),
        "key": str(key.absolute()),
        "first_height": chain.first_height,
        "poll_seconds": 0.5,
    }
    _tell_relayer(path, chain.name, table)


def _tell_relayer(path: Path, name: str, table: dict[str, object]) -> None:
    if name in load_relayer_config(path).chains:
        raise Misused(f"{name} stands in {path} already: remove that table first")
    _replace(path, path.read_text().rstrip("\n") + "\n\n" + toml_text({"chains": {name: table}}).lstrip())


def _append(path: Path, name: str, text: str) -> None:
    known = path.read_text()
    if name in tomllib.loads(known):
        raise Misused(f"{name} stands in {path} already: remove that table first")
    _replace(path, known.rstrip("\n") + "\n\n" + text)


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    partial.replace(path)

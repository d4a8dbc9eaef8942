"""A node from its home: configuration, key and certificates put together for ``hub.node``."""

from pathlib import Path

from console.admin import serve_owner
from console.exits import Misused
from console.home import NodeHome, read_genesis, read_password
from console.output import Output
from console.session import open_key
from hub.engine.embedded import EngineOptions
from hub.genesis import Genesis
from hub.node import NodeConfig, run_node
from hub.rpc.serving import TlsFiles
from hub.signer import KeySigner, Signer

GUARD_FILE = "signatures.sqlite"


def genesis_of(home: NodeHome) -> Genesis:
    """Raises Misused."""
    return read_genesis(home.genesis_file, Genesis.from_json, "hub")


def node_config(home: NodeHome) -> NodeConfig:
    """What the home says; raises Misused."""
    config = home.config()
    genesis = genesis_of(home)
    if not config.tls.enabled and not genesis.devnet:
        raise Misused(f"tls.enabled is false in {home.config_file}, and this is no devnet: set it to true")
    authority = home.resolve(config.tls.authority) if config.tls.require_client_certificate else None
    tls = TlsFiles(home.resolve(config.tls.certificate), home.resolve(config.tls.key), authority)
    return NodeConfig(
        genesis=genesis,
        store=home.data,
        guard=home.guard / GUARD_FILE,
        listen=config.node.listen,
        tls=tls if config.tls.enabled else None,
        metrics=config.node.metrics,
        engine=EngineOptions(heartbeat=float(config.node.heartbeat_seconds)),
    )


def validator_signers(output: Output, home: NodeHome, password_file: Path | None) -> tuple[Signer, Signer | None]:
    """The validator's key, and the one that it hands over to if the configuration names one; raises Misused."""
    keys, password = home.config().keys, read_password(home, password_file)
    present = KeySigner(open_key(output, home.keystore, keys.validator, password))
    if not keys.next_validator:
        return present, None
    return present, KeySigner(open_key(output, home.keystore, keys.next_validator, password))


async def run_home(home: NodeHome, signer: Signer, next_signer: Signer | None) -> None:
    """Run the node until it is told to stop; its owner may ask for backups meanwhile."""
    await run_node(node_config(home), signer, serve_owner(home.path), next_signer=next_signer)

"""A ledger's node from its home: configuration, key and certificates put together for ``adapters.permissioned``."""

from collections.abc import Sequence
from pathlib import Path

from adapters.permissioned.ledger.contracts.installed import find_installed
from adapters.permissioned.ledger.identities import organisation_id
from adapters.permissioned.ledger.node import NodeConfig, PrivateConfig, run_ledger
from console.admin import serve_owner
from console.ledger_home import LedgerHome
from console.node import GUARD_FILE
from console.output import Output
from console.session import open_key
from hub.chain_node import NodeConfigOf
from hub.engine.embedded import EngineOptions
from hub.rpc.serving import TlsFiles
from hub.signer import KeySigner, Signer


def ledger_node_config(home: LedgerHome) -> NodeConfig:
    """What the home says; raises Misused."""
    config = home.config()
    return NodeConfigOf(
        home.genesis(),
        home.data,
        home.guard / GUARD_FILE,
        listen=config.listen,
        tls=TlsFiles(*home.server),
        metrics=config.metrics,
        engine=EngineOptions(heartbeat=float(config.heartbeat_seconds)),
    )


def ledger_signers(output: Output, home: LedgerHome, password_file: Path | None) -> list[Signer]:
    """The validator's checkpoint key, and the one that it hands over to; raises Misused."""
    config, password = home.config(), home.password(password_file)
    names = [name for name in (config.validator, config.next_validator) if name]
    return [KeySigner(open_key(output, home.keystore, name, password)) for name in names]


async def run_ledger_home(home: LedgerHome, signers: Sequence[Signer]) -> None:
    """Run the node until it is told to stop; its owner may ask for backups meanwhile."""
    config = home.config()
    private = PrivateConfig(home.private_values, tuple(map(organisation_id, config.keeps_private_values_for)))
    owner = serve_owner(home.path)
    await run_ledger(
        ledger_node_config(home), private, find_installed(), signers, owner, open_listen=config.open_listen
    )

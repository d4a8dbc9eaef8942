"""A permissioned ledger as the hub describes it, reached as the configuration says, by a member of it."""

from adapters.permissioned.chain import LedgerChain, LedgerSettings
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.membership.errors import CertificateError
from hub.client import HubClient
from hub.clients import quorum
from hub.ibc.identifiers import ClientId
from relayers.config import LedgerTarget
from relayers.errors import InvalidConfiguration


async def ledger_chain(hub: HubClient, target: LedgerTarget) -> LedgerChain:
    """Raises InvalidConfiguration where it is not the ledger that the hub believes, HubError."""
    info = await hub.client(target.client)
    config = info.config
    if not isinstance(config, quorum.Config):
        raise InvalidConfiguration(target.name, "client", f"{target.client} is no client of a ledger")
    if not info.counterparty_client:
        raise InvalidConfiguration(target.name, "client", f"{target.client} has no counterparty yet: register one")
    ledger = await _connect(target)
    if (ledger.chain_id, ledger.genesis_hash) != (config.chain, config.genesis_hash):
        await ledger.close()
        believed = f"{config.chain} of genesis 0x{config.genesis_hash.hex()}"
        found = f"{ledger.chain_id} of genesis 0x{ledger.genesis_hash.hex()}"
        raise InvalidConfiguration(
            target.name, "target", f"is a node of {found}, and {target.client} believes {believed}"
        )
    settings = LedgerSettings(target.name, ClientId(info.counterparty_client), target.client, target.first_height)
    return LedgerChain(settings, ledger, ledger.submit)


async def _connect(target: LedgerTarget) -> LedgerClient:
    mine = target.identity
    try:
        return await LedgerClient.connect(
            target.target, authorities=target.authorities, certificate=mine.certificate, key=mine.key
        )
    except (CertificateError, OSError, ValueError, TypeError) as error:
        raise InvalidConfiguration(target.name, "certificate", f"or key cannot be used: {error}") from error

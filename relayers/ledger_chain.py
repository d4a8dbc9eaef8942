"""A permissioned ledger as the hub describes it, reached as the configuration says, by a member of it."""

import structlog

from adapters.permissioned.chain import LedgerChain, LedgerSettings
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.membership.errors import CertificateError
from hub.client import HubClient
from hub.clients import quorum
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.rpc.calling import BUSY, OUT_OF_REACH
from relayers.config import LedgerTarget
from relayers.errors import EnrolmentRefused, InvalidConfiguration

log = structlog.get_logger(__name__)


async def ledger_chain(hub: HubClient, target: LedgerTarget) -> LedgerChain:
    """The member is enrolled there from then on. Raises InvalidConfiguration where it is not the ledger that the hub
    believes, EnrolmentRefused, HubError.
    """
    info = await hub.client(target.client)
    config = info.config
    if not isinstance(config, quorum.Config):
        raise InvalidConfiguration(target.name, "client", f"{target.client} is no client of a ledger")
    if not info.counterparty_client:
        raise InvalidConfiguration(target.name, "client", f"{target.client} has no counterparty yet: register one")
    ledger = await _connect(target)
    try:
        _refuse_another(target, config, ledger)
        await _enrol(target, ledger)
    except BaseException:
        await ledger.close()
        raise
    settings = LedgerSettings(target.name, ClientId(info.counterparty_client), target.client, target.first_height)
    return LedgerChain(settings, ledger, ledger.submit)


def _refuse_another(target: LedgerTarget, config: quorum.Config, ledger: LedgerClient) -> None:
    if (ledger.chain_id, ledger.genesis_hash) != (config.chain, config.genesis_hash):
        believed = f"{config.chain} of genesis 0x{config.genesis_hash.hex()}"
        found = f"{ledger.chain_id} of genesis 0x{ledger.genesis_hash.hex()}"
        raise InvalidConfiguration(
            target.name, "target", f"is a node of {found}, and {target.client} believes {believed}"
        )


async def _enrol(target: LedgerTarget, ledger: LedgerClient) -> None:
    """Enrol the member unless it acts with its certificate already; raises EnrolmentRefused."""
    try:
        acting = [known.fingerprint for known in (await ledger.whoami()).certificates if not known.refused_for]
        if ledger.fingerprint not in acting:
            await ledger.enrol()
            log.info("enrolled", path=target.name, member=ledger.member)
    except (*OUT_OF_REACH, *BUSY):
        raise
    except HubError as error:
        raise EnrolmentRefused(target.name, ledger.member, str(error)) from error


async def _connect(target: LedgerTarget) -> LedgerClient:
    mine = target.identity
    try:
        return await LedgerClient.connect(
            target.target, authorities=target.authorities, certificate=mine.certificate, key=mine.key
        )
    except (CertificateError, OSError, ValueError, TypeError) as error:
        raise InvalidConfiguration(target.name, "certificate", f"or key cannot be used: {error}") from error

"""An EVM chain as the hub describes it, reached as the configuration says."""

from collections import defaultdict

from eth_account.signers.local import LocalAccount

from adapters.chain import Limits
from adapters.evm.attestation import Attestors, Electorate
from adapters.evm.chain import EvmChain, EvmSettings
from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.finality import finality_rule
from adapters.evm.sender import Nonces, Pace, Sender
from hub.client import HubClient
from hub.clients import attested_evm
from hub.clients.attestation import AttestationScope
from hub.ibc.identifiers import ClientId
from hub.quantities import Hash
from relayers.config import EvmTarget
from relayers.errors import InvalidConfiguration

_MAX_PACKETS = 50
_MAX_BYTES = 64 * 1024
"""Of one delivery."""


class Wallet:
    """One key on every chain, whichever paths lead there: the one owner of its nonces."""

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self._nonces: defaultdict[int, Nonces] = defaultdict(Nonces)

    def sender(self, endpoints: Endpoints, chain_id: int, fees: FeePolicy, pace: Pace) -> Sender:
        return Sender(endpoints, self._account, chain_id, fees, pace, nonces=self._nonces[chain_id])


async def evm_chain(hub: HubClient, target: EvmTarget, wallet: Wallet) -> EvmChain:
    """A chain as the hub describes it, reached as the configuration says; raises InvalidConfiguration, HubError."""
    info, status = await hub.client(target.client), await hub.status()
    config = info.config
    if not isinstance(config, attested_evm.Config):
        raise InvalidConfiguration(target.name, "client", f"{target.client} is no client of an EVM chain")
    endpoints = Endpoints(target.name, target.endpoints)
    scope = AttestationScope(Hash(status.genesis_hash), target.client, config.finality_rule, config.chain_id)
    electorate = Electorate(scope, config.attestors, config.threshold)
    settings = EvmSettings(
        name=target.name,
        chain_id=config.chain_id,
        router=config.router,
        router_code_hash=config.router_code_hash,
        client=ClientId(info.counterparty_client),
        client_at_hub=target.client,
        finality=finality_rule(config.finality_rule),
        first_height=target.first_height,
        limits=Limits(_MAX_PACKETS, _MAX_BYTES, target.transaction_gas),
    )
    fees = FeePolicy(ceiling_wei=target.fee_ceiling_gwei * 10**9)
    pace = Pace(poll_s=min(0.5, target.poll_s), stuck_s=target.stuck_s)
    sender = wallet.sender(endpoints, config.chain_id, fees, pace)
    return EvmChain(settings, endpoints, Attestors(target.name, electorate, target.attestor_targets), sender)

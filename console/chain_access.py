"""A connected chain as the adapter sees it, opened from its file here and its client at the hub."""

from collections.abc import Sequence

from eth_account.signers.base import BaseAccount

from adapters.evm.attestation import Attestors, AttestorTarget, Electorate
from adapters.evm.chain import EvmChain, EvmSettings
from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.finality import finality_rule
from adapters.evm.sender import Pace, Sender
from console.chains import ChainFile
from console.exits import Misused
from hub.answers import ClientInfo, NodeStatus
from hub.clients import attested_evm
from hub.clients.attestation import AttestationScope
from hub.ibc.identifiers import ClientId
from hub.quantities import Height


def open_chain(
    chain: ChainFile,
    info: ClientInfo,
    status: NodeStatus,
    *,
    attestors: Sequence[str] = (),
    payer: BaseAccount | None = None,
    pace: Pace | None = None,
) -> EvmChain:
    """To be closed by the caller. Without attestors nothing can be proven, without a payer nothing written.

    Raises Misused where the client is not one of an EVM chain.
    """
    config = info.config
    if not isinstance(config, attested_evm.Config):
        raise Misused(f"{info.client} is no client of an EVM chain: name one of `ichub chain list`")
    endpoints = Endpoints(chain.name, chain.endpoints)
    scope = AttestationScope(status.genesis_hash, ClientId(info.client), config.finality_rule, config.chain_id)
    electorate = Electorate(scope, config.attestors, config.threshold)
    settings = EvmSettings(
        name=chain.name,
        chain_id=config.chain_id,
        router=config.router,
        router_code_hash=config.router_code_hash,
        client=ClientId(chain.client_of_hub),
        client_at_hub=ClientId(info.client),
        finality=finality_rule(config.finality_rule),
        first_height=Height(chain.first_height),
    )
    headers = Attestors(chain.name, electorate, [AttestorTarget(target) for target in attestors])
    sender = Sender(endpoints, payer, config.chain_id, FeePolicy(), pace) if payer is not None else None
    return EvmChain(settings, endpoints, headers, sender)

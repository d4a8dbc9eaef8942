"""A connected chain as the adapter sees it, opened from its file here and its client at the hub."""

from collections.abc import Sequence

from eth_account.signers.local import LocalAccount

from adapters.evm.chain import EvmChain
from console.chains import ChainFile
from hub.client import HubClient
from hub.ibc.identifiers import ClientId
from hub.quantities import Height
from relayers.config import EvmTarget
from relayers.evm_chain import evm_chain

_POLL_SECONDS = 0.5
_STUCK_SECONDS = 30.0
_FEE_CEILING_GWEI = 500


async def open_chain(chain: ChainFile, hub: HubClient, payer: LocalAccount, attestors: Sequence[str] = ()) -> EvmChain:
    """To be closed by the caller. Without attestors nothing can be proven to the hub.

    Raises InvalidConfiguration where the client is not one of an EVM chain, HubError.
    """
    target = EvmTarget(
        name=chain.name,
        client=ClientId(chain.client_at_hub),
        endpoints=tuple(chain.endpoints),
        attestors=tuple(attestors),
        attestor_certificate=None,
        first_height=Height(chain.first_height),
        poll_s=_POLL_SECONDS,
        stuck_s=_STUCK_SECONDS,
        fee_ceiling_gwei=_FEE_CEILING_GWEI,
    )
    return await evm_chain(hub, target, payer)

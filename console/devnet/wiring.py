"""Connecting a chain of the devnet, with the command line's own code, and telling its attestors and its relayer."""

from adapters.evm.sender import Pace
from console.chains import ChainFile, LedgerFile, write_chain
from console.devnet.accounts import Holder, dev_account
from console.devnet.anvil import url_of
from console.devnet.network import LEDGER, RELAYER_MEMBER, THRESHOLD, Network
from console.joining import NewChain, Report, add_chain
from console.members import CONFIG, tell_attestor, tell_relayer
from console.orders import LedgerOrder, carry_out_ledger
from hub.client import HubClient
from hub.quantities import Seconds
from hub.signer import Signer

FINALITY = "finalized"
_REPLACEMENT_DELAY = Seconds(60)
_FINALITY_TIME = Seconds(2)
"""A block a second, and two until one is final."""
_TRUSTING_PERIOD = 14 * 24 * 3600
_PACE = Pace(poll_s=0.2)


def _silent(_: str) -> None:
    """Nobody is told."""


async def connect(network: Network, name: str, hub: HubClient, operator: Signer, report: Report = _silent) -> ChainFile:
    """Put the contracts on a chain that runs, register it, and write it into every file that must know it."""
    attestors = [file.attestor for file in network.attestors]
    plan = NewChain(
        name=name,
        endpoints=[url_of(network.chain_port(name))],
        finality=FINALITY,
        attestors=attestors,
        threshold=THRESHOLD,
        replacement_delay=_REPLACEMENT_DELAY,
        finality_time=_FINALITY_TIME,
    )
    chain = await add_chain(plan, hub, operator, dev_account(Holder.CHAIN_OPERATOR), report=report, pace=_PACE)
    write_chain(network.layout.hub, chain)
    for file in network.attestors:
        tell_attestor(file.path, chain)
    tell_relayer(network.layout.relayer / CONFIG, chain, [attestor.target for attestor in attestors])
    return chain


async def connect_ledger(network: Network, hub: HubClient, operator: Signer, report: Report = _silent) -> LedgerFile:
    """The same for the ledger: its organisations vote, and the relayer writes there as a member."""
    place = network.layout.ledger
    order = LedgerOrder(
        name=LEDGER,
        place=place,
        member=place.config().member,
        relayer_files=[network.layout.relayer / CONFIG],
        relayer_member=RELAYER_MEMBER,
        trusting_period=_TRUSTING_PERIOD,
        accept_single_operator=False,
    )
    return await carry_out_ledger(order, network.layout.hub, hub, operator=operator, report=report)

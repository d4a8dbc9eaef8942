"""A chain as it is ordered on the command line, and the order carried out: contracts, hub, files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account

from console.amounts import parse_address
from console.chains import ChainFile, write_chain
from console.exits import Misused
from console.home import NodeHome
from console.joining import Attestor, NewChain, Target, add_chain
from console.members import read_attestor_file, tell_attestor, tell_relayer
from console.session import hub_of
from hub.quantities import Seconds
from hub.signer import Signer


@dataclass(frozen=True, slots=True)
class ChainOrder:
    """Durations in seconds. ``attestors``: ADDRESS@HOST:PORT each; the files are of this machine's daemons."""

    name: str
    endpoints: Sequence[str]
    finality: str
    attestors: Sequence[str]
    attestor_files: Sequence[Path]
    relayer_files: Sequence[Path]
    attestor_certificate: Path | None
    threshold: int
    trusting_period: int
    replacement_delay: int
    accept_single_operator: bool

    def plan(self) -> NewChain:
        """Raises Misused, InvalidConfiguration."""
        local = [read_attestor_file(path).attestor for path in self.attestor_files]
        return NewChain(
            name=self.name,
            endpoints=self.endpoints,
            finality=self.finality,
            attestors=[*(read_attestor(text) for text in self.attestors), *local],
            threshold=self.threshold,
            trusting_period=Seconds(self.trusting_period),
            replacement_delay=Seconds(self.replacement_delay),
            accept_single_operator=self.accept_single_operator,
        )


async def carry_out(
    order: ChainOrder, home: NodeHome, hub: str | None, *, operator: Signer, payer: bytes, report: Callable[[str], None]
) -> ChainFile:
    """Connect the chain and tell every file; ``payer`` is the private key that pays on the chain."""
    plan = order.plan()
    async with hub_of(home, hub) as connection:
        chain = await add_chain(plan, connection, operator, Account.from_key(payer), report=report)
    write_chain(home, chain)
    for path in order.attestor_files:
        tell_attestor(path, chain)
    for path in order.relayer_files:
        tell_relayer(path, chain, [attestor.target for attestor in plan.attestors], order.attestor_certificate)
    return chain


def read_attestor(text: str) -> Attestor:
    """``ADDRESS@HOST:PORT``; raises Misused."""
    address, at, target = text.partition("@")
    if not at or ":" not in target:
        raise Misused(f"{text!r} is no attestor: give ADDRESS@HOST:PORT")
    return Attestor(parse_address(address), Target(target))

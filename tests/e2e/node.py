"""A devnet's hub node inside the test's own process; at its end what must always hold is looked at."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hub.genesis import Genesis
from hub.messages import Role
from hub.node import Node, NodeConfig, running_node
from hub.parameters import Parameters
from hub.proofs.quorum import SignerSet
from hub.proofs.signatures import address_of
from hub.quantities import Amount, Seconds, UnixSeconds
from hub.signer import KeySigner
from tests.invariants import Past, hold_at_hub, hold_between

OPERATOR_KEY = b"\x21" * 32
VALIDATOR_KEY = b"\x22" * 32


@dataclass(frozen=True, slots=True)
class RunningNode:
    """Where it serves, and what it is made of."""

    target: str
    node: Node
    others: list[Past] = field(default_factory=list)
    """What the chains say that are connected to it, from whoever has stopped them."""


def genesis(**parameters: int) -> Genesis:
    """One validator; one operator with every role and some money. Short times, so that nobody waits."""
    operator = address_of(OPERATOR_KEY)
    chosen: dict[str, int] = {"route_margin": 3, "grace_margin": 3, **parameters}
    return Genesis(
        chain_id="hub-test",
        time=UnixSeconds(int(time.time()) - 60),
        devnet=True,
        parameters=Parameters(**{name: Seconds(value) for name, value in chosen.items()}),  # type: ignore[arg-type]
        balances=((operator, Amount(10**12)),),
        roles=tuple((operator, role) for role in sorted(Role)),
        validators=SignerSet.of_equals(1, [address_of(VALIDATOR_KEY)]),
    )


@asynccontextmanager
async def devnet_node(folder: Path, *, next_key: bytes | None = None, **parameters: int) -> AsyncIterator[RunningNode]:
    """A node with a store of its own; ``next_key`` signs after a rotation to it."""
    config = NodeConfig(genesis(**parameters), folder / "store", folder / "guard", listen="127.0.0.1:0")
    next_signer = KeySigner(next_key) if next_key else None
    async with running_node(config, KeySigner(VALIDATOR_KEY), next_signer=next_signer) as node:
        running = RunningNode(f"127.0.0.1:{node.port}", node)
        yield running
    past = await asyncio.to_thread(hold_at_hub, config)
    for other in running.others:
        hold_between(past, other)

"""A hub node as a process of its own, to be killed. Arguments: store, guard, port, and where to die by itself.

``DIE_AT`` is ``STEP:N``: kill -9 of itself at the Nth time that a commit comes to STEP (hub/engine/store.py).
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from hub.engine.embedded import EngineOptions
from hub.engine.store import StoreOptions
from hub.node import Node, NodeConfig, run_node
from tests.unit.node_world import SIGNERS, VALIDATOR, genesis


def suicide(die_at: str) -> Callable[[str], None]:
    wanted, _, number = die_at.partition(":")
    left = int(number or 0)

    def at_step(step: str) -> None:
        nonlocal left
        if step == wanted:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return at_step


def main() -> None:
    store, guard, port, began, die_at = sys.argv[1:]

    def ready(node: Node) -> None:
        print(node.port, flush=True)

    config = NodeConfig(
        genesis(int(began)),
        Path(store),
        Path(guard),
        listen=f"127.0.0.1:{port}",
        engine=EngineOptions(gather=0.001, heartbeat=0.5, request_interval=0.0),
        disk=StoreOptions(at_step=suicide(die_at)),
    )
    asyncio.run(run_node(config, SIGNERS[VALIDATOR], ready))


if __name__ == "__main__":
    main()

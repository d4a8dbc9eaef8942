"""A ledger's node as a process of its own, to be killed. Arguments: the folder of its files, port, where to die.

The folder holds ``genesis.json``, ``node.pem`` and ``node.key``; the node keeps what it has in ``node/``. Where to die
is ``STEP:N``: kill -9 of itself at the Nth time that a commit comes to STEP of its store (hub/engine/store.py), or a
change of a private value to STEP of theirs (adapters/permissioned/ledger/private/store.py).
"""

import asyncio
import sys
from pathlib import Path

from adapters.permissioned.ledger.genesis import LedgerGenesis
from adapters.permissioned.ledger.node import NodeConfig, PrivateConfig, run_ledger
from hub.chain_node import Node, NodeConfigOf
from hub.engine.embedded import EngineOptions
from hub.engine.store import StoreOptions
from hub.rpc.serving import TlsFiles
from tests.faults.node_process import suicide
from tests.unit.ledger_node_world import ORGANISATIONS, Board, installed_with
from tests.unit.node_world import SIGNERS


def node_config(folder: Path, port: int = 0, die_at: str = "") -> NodeConfig:
    return NodeConfigOf(
        LedgerGenesis.from_json((folder / "genesis.json").read_bytes()),
        folder / "node" / "store",
        folder / "node" / "guard",
        listen=f"localhost:{port}",
        tls=TlsFiles(folder / "node.pem", folder / "node.key"),
        engine=EngineOptions(gather=0.001, heartbeat=0.5, request_interval=0.0),
        disk=StoreOptions(at_step=suicide(die_at)),
    )


def main() -> None:
    folder, port, die_at = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

    def ready(node: Node) -> None:
        print(node.port, flush=True)

    private = PrivateConfig(folder / "node" / "private.db", ORGANISATIONS, suicide(die_at))
    asyncio.run(run_ledger(node_config(folder, port, die_at), private, installed_with(Board), SIGNERS[:1], ready))


if __name__ == "__main__":
    main()

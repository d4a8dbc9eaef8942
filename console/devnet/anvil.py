"""Anvil, a real EVM node for one machine: where its binary stands, and how the devnet starts it."""

import json
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from console.devnet.processes import ROOT
from console.exits import Misused

FIRST_DEV_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""Of Anvil's first account, known to everyone: it holds 10,000 ether on every Anvil and nothing anywhere else."""

_TIMEOUT_SECONDS = 5


def find_anvil() -> Path:
    """The binary itself, not npm's launcher: a signal must reach the node. Raises Misused."""
    for path in sorted((ROOT / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil*")):
        if os.access(path, os.X_OK):
            return path
    if found := shutil.which("anvil"):
        return Path(found)
    raise Misused("anvil is missing: run `make setup`", reason="ANVIL_MISSING")


def anvil_command(port: int, chain_id: int) -> Sequence[str]:
    """A chain with a block a second, whose `safe` and `finalized` follow one and two blocks behind."""
    return [
        str(find_anvil()),
        "--host=127.0.0.1",
        f"--port={port}",
        f"--chain-id={chain_id}",
        "--block-time=1",
        "--slots-in-an-epoch=1",
        "--accounts=20",
    ]


def url_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def rpc(url: str, method: str, *params: Any) -> Any:
    """One JSON-RPC call; raises OSError where nobody answers, ValueError for a refusal."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"content-type": "application/json"})  # noqa: S310 our own http URL
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
        answer = json.loads(response.read())
    if "error" in answer:
        raise ValueError(f"{method}: {answer['error'].get('message', answer['error'])}")
    return answer["result"]


def is_ready(url: str, chain_id: int) -> bool:
    """Whether the chain answers, is the one that is meant, and has final blocks."""
    try:
        if int(rpc(url, "eth_chainId"), 16) != chain_id:
            return False
        finalized = rpc(url, "eth_getBlockByNumber", "finalized", False)
    except (OSError, urllib.error.URLError, ValueError):
        return False
    return finalized is not None and int(finalized["number"], 16) > 0

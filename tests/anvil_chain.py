"""Real Anvil chains for tests, mined by hand so that nothing waits, and proxies in front of them that lie."""

import asyncio
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import aiohttp
from aiohttp import web
from eth_account import Account
from eth_account.signers.local import LocalAccount

ROOT = Path(__file__).parent.parent
_KEYS = (
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
)


def account(index: int) -> LocalAccount:
    """One of Anvil's rich accounts, known to everyone."""
    made: LocalAccount = Account.from_key(bytes.fromhex(_KEYS[index]))
    return made


class AnvilChain:
    """A running Anvil. Blocks are made by ``mine`` alone, unless it was started otherwise."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, chain_id: int) -> None:
        self.process = process
        self.url = url
        self.chain_id = chain_id

    async def rpc(self, method: str, *params: Any) -> Any:
        async with aiohttp.ClientSession() as session:
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
            async with session.post(self.url, json=body) as response:
                answer = await response.json()
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    async def mine(self, blocks: int = 1) -> None:
        await self.rpc("anvil_mine", hex(blocks))

    async def height(self) -> int:
        return int(await self.rpc("eth_blockNumber"), 16)


def _binary() -> Path:
    found = sorted((ROOT / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil*"))
    return next(path for path in found if os.access(path, os.X_OK))


@contextmanager
def running_anvil(chain_id: int = 31337, *options: str) -> Iterator[AnvilChain]:
    """Start Anvil on a free port that it chooses itself. A block for every transaction, unless options say
    otherwise.
    """
    command = [str(_binary()), "--port=0", f"--chain-id={chain_id}", "--slots-in-an-epoch=1", "--accounts=4", *options]
    with tempfile.TemporaryFile("w+") as output:  # no pipe: Anvil writes of every request, and would wait for a reader
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield AnvilChain(process, _url(process, output), chain_id)
        finally:
            process.kill()
            process.wait()


def _url(process: "subprocess.Popen[bytes]", output: IO[str]) -> str:
    """Where it listens, as soon as it says so."""
    while process.poll() is None:
        output.seek(0)
        if found := re.search(r"Listening on (\S+)", output.read()):
            return f"http://{found[1]}"
        time.sleep(0.01)
    raise AssertionError(f"anvil ended: {output.read()}")


Lie = Callable[[str, list[Any], Any], Any]
"""From method, parameters and the true result to what is answered."""


class Proxy:
    """A JSON-RPC endpoint in front of another, which lies, hangs, or breaks off as told."""

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.lie: Lie | None = None
        self.silent = False
        self.garbage = False
        self.calls: list[str] = []
        self.url = ""
        self._stopped = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None
        application = web.Application()
        application.add_routes([web.post("/", self._answer)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)

    async def __aenter__(self) -> "Proxy":
        self._session = aiohttp.ClientSession()
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopped.set()
        await self._runner.cleanup()
        assert self._session is not None
        await self._session.close()

    async def _answer(self, request: web.Request) -> web.Response:
        asked = await request.json()
        self.calls.append(asked["method"])
        if self.silent:
            await self._stopped.wait()
        if self.garbage:
            return web.Response(text="<html>too many requests</html>")
        assert self._session is not None
        async with self._session.post(self.upstream, json=asked) as response:
            answer = await response.json()
        if self.lie is not None and "result" in answer:
            answer["result"] = self.lie(asked["method"], asked["params"], answer["result"])
        return web.json_response(answer)


def only_for(wanted: str, change: Any) -> Any:
    """A lie of a ``Proxy`` about one method's results."""
    return lambda method, _, result: change(result) if method == wanted else result

"""What is asked of a node that runs by whoever owns its home: a local socket in the home, one JSON line each way.

The socket is readable by the home's owner only; the network never sees it.
"""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from console.exits import Misused, Refused
from hub.chain_node import Node

SOCKET = "admin.sock"
_TIMEOUT_SECONDS = 600
_MOST_BYTES = 64 * 1024

Work = Callable[[str], Awaitable[Mapping[str, Any]]]
"""Does one kind of request, on its one argument."""

log = structlog.get_logger("admin")


async def serve_admin(home: Path, work: Mapping[str, Work]) -> asyncio.Server:
    """Serve ``work`` by its names. The process works in the home from now on: a socket's path must be short."""
    os.chdir(home)
    with suppress(FileNotFoundError):
        os.unlink(SOCKET)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            reply: dict[str, Any] = {"done": dict(await work[request["do"]](request["with"]))}
        except Exception as error:  # whatever it is, the one who asked shall read it, and the node goes on
            log.exception("a request of the owner failed")
            reply = {"failed": f"{error}"}
        writer.write(json.dumps(reply).encode() + b"\n")
        await writer.drain()
        writer.close()

    mask = os.umask(0o077)
    try:
        return await asyncio.start_unix_server(answer, SOCKET, limit=_MOST_BYTES)
    finally:
        os.umask(mask)


def serve_owner(home: Path) -> Callable[[Node], None]:
    """What a node of any kind is given when it is ready: from then on it makes backups for its owner."""
    serving: list[asyncio.Task[asyncio.Server]] = []

    def ready(node: Node) -> None:
        async def backup(destination: str) -> Mapping[str, Any]:
            height = node.ledger.head.height
            await asyncio.to_thread(node.store.backup, Path(destination))
            return {"height": height}

        async def ping(_: str) -> Mapping[str, Any]:
            return {"height": node.ledger.head.height}

        serving.append(asyncio.create_task(serve_admin(home, {"backup": backup, "ping": ping})))

    return ready


def ask_node(home: Path, do: str, argument: str) -> Mapping[str, Any] | None:
    """What the running node of a home answers; None where none runs. Raises Refused, Misused."""
    before = Path.cwd()
    try:
        os.chdir(home)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_SECONDS)
            connection.connect(SOCKET)
            connection.sendall(json.dumps({"do": do, "with": argument}).encode() + b"\n")
            with connection.makefile() as answers:
                reply = json.loads(answers.readline() or "{}")
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except PermissionError as error:
        raise Misused(f"only the owner of {home} may do this: become that user") from error
    finally:
        os.chdir(before)
    if "done" not in reply:
        raise Refused(f"the node did not do it: {reply.get('failed', 'it broke off')}", "NODE_FAILED")
    done: Mapping[str, Any] = reply["done"]
    return done

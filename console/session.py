"""What most commands begin with: the home, a connection to its hub, and the key that signs."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from console.config import Config
from console.home import NodeHome, read_password
from console.keystore import Keystore
from console.output import Output
from hub.answers import NodeStatus
from hub.chain_client import ChainClient
from hub.client import HubClient
from hub.signer import KeySigner

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part to its end."""
    if "structlog" in sys.modules:  # it takes long to import, and nothing is warned of where no room has
        from console.logs import warn_on_stderr  # noqa: PLC0415

        warn_on_stderr()
    return asyncio.run(work)


async def status_of_now(chain: ChainClient[Any]) -> NodeStatus:
    """A chain's status, with the validators who sign from the next block on: those of the newest may have handed over
    in it, and a client that began with them could not be led on.
    """
    status, validators = await chain.status(), (await chain.rotation()).validators
    return msgspec.structs.replace(status, epoch=validators.epoch, validators=validators.members)


@asynccontextmanager
async def hub_of(home: NodeHome, target: str | None = None) -> AsyncIterator[HubClient]:
    """A connection to the hub that the home names, or to ``target``; raises HubUnreachable, Misused."""
    config = Config() if target and not home.config_file.exists() else home.config()
    authority = home.resolve(config.tls.authority)
    certificate = authority.parent / "client.pem"
    key = authority.parent / "client.key"
    mutual = certificate.exists() and key.exists()
    client = await HubClient.connect(
        target or config.client.hub,
        root_certificate=authority if authority.exists() else None,
        certificate=certificate if mutual else None,
        key=key if mutual else None,
        insecure=not config.tls.enabled,
    )
    async with client:
        yield client


def signer_of(output: Output, home: NodeHome, key: str | None, password_file: Path | None) -> KeySigner:
    """The key that signs: the one named, else the configuration's; raises Misused."""
    name = key or (home.config().client.key if home.config_file.exists() else "operator")
    entry = home.keystore.entry(name)
    return KeySigner(open_key(output, home.keystore, entry.name, read_password(home, password_file)))


def open_key(output: Output, keystore: Keystore, name: str, password: str) -> bytes:
    """A private key, with a word about the second that it takes; raises Misused."""
    with output.progress("opening the key"):
        return keystore.open(name, password)

"""How far a path has read its chain with nothing left open behind: what spares a relayer that starts again the old
blocks.

It is a hint, and never believed. It counts only for the same hub, the same two clients, and while the chain has the
block that it names, by the word of those whom the hub believes about the chain. Where it is missing, or anything is
wrong with it, the chain is read from the beginning.
"""

import os
from pathlib import Path

import msgspec
import structlog

from adapters.chain import Chain
from adapters.errors import NotProvable
from hub.ibc.identifiers import ClientId
from hub.quantities import Hash, Height

log = structlog.get_logger(__name__)


class Cursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that happened up to ``height`` is settled. Hashes in hex."""

    hub_genesis_hash: str
    client_at_hub: ClientId
    client_of_hub: ClientId
    height: int
    block_hash: str


class CursorFile:
    """One path's cursor on the disk: written anew as a whole, so that a killed process leaves the one before."""

    def __init__(self, file: Path, hub_genesis_hash: Hash) -> None:
        self._file = file
        self._genesis = hub_genesis_hash

    async def resume(self, chain: Chain) -> Height:
        """The lowest block that must be read; raises ChainError where the chain cannot be asked."""
        cursor = self._read(chain)
        if cursor is None or cursor.height < chain.first_height:
            return chain.first_height
        try:
            found = await chain.certified(Height(cursor.height))
        except NotProvable as error:  # acknowledgements and timeouts of old packets need none who sign for the chain
            self._say(chain, str(error))
            return chain.first_height
        if found.hex() != cursor.block_hash:
            self._say(chain, f"its block {cursor.height} is not the chain's")
            return chain.first_height
        return Height(cursor.height + 1)

    def save(self, chain: Chain, height: Height, block_hash: Hash) -> None:
        """Raises OSError."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(self._cursor(chain, height, block_hash)) + b"\n")
        os.replace(partial, self._file)

    def _cursor(self, chain: Chain, height: Height, block_hash: Hash) -> Cursor:
        return Cursor(self._genesis.hex(), chain.client_at_hub, chain.client_of_hub, height, block_hash.hex())

    def _read(self, chain: Chain) -> Cursor | None:
        """What is kept for just this path."""
        try:
            cursor = msgspec.json.decode(self._file.read_bytes(), type=Cursor)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._say(chain, str(error))
            return None
        if self._cursor(chain, Height(cursor.height), Hash(b"")) != msgspec.structs.replace(cursor, block_hash=""):
            self._say(chain, "it is another path's")
            return None
        return cursor

    def _say(self, chain: Chain, reason: str) -> None:
        log.warning("cursor not used, all is read again", path=chain.name, file=str(self._file), reason=reason)

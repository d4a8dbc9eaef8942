"""An attestor of one chain, the file that tells it of the chain, and the keys of five."""

import os
from pathlib import Path

from hub.clients.attestation import AttestationScope
from hub.ibc.identifiers import ClientId
from hub.quantities import Hash
from hub.signer import KeySigner
from relayers.attestor import Attestor
from relayers.attestor_guard import AttestorGuard

GENESIS = Hash(b"\x11" * 32)
CLIENT = "attested-0"
SCOPE = AttestationScope(GENESIS, ClientId(CLIENT), "depth:2", 31337)
KEYS = [bytes([number]) * 32 for number in range(1, 6)]


def write_chains(path: Path, urls: list[str], **more: object) -> None:
    quorum = len(urls) // 2 + 1
    fields = {"chain_id": 31337, "finality": "depth:2", "endpoints": urls, "quorum": quorum, **more}
    lines = [f"{name} = {value!r}" for name, value in fields.items()]
    path.write_text("\n".join([f'hub_genesis_hash = "0x{GENESIS.hex()}"', f"[{CLIENT}]", *lines]).replace("'", '"'))
    os.utime(path, ns=(0, (path.stat().st_mtime_ns or 0) + 1_000_000))


def an_attestor(
    folder: Path, urls: list[str], key: bytes = KEYS[0], timeout_s: float = 2.0, **more: object
) -> Attestor:
    write_chains(folder / "chains.toml", urls, **more)
    return Attestor(
        KeySigner(key),
        AttestorGuard(folder / "guard"),
        folder / "chains.toml",
        devnet=True,
        endpoint_timeout_s=timeout_s,
        fresh_s=0.0,
    )

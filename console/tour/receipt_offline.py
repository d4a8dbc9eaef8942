"""The receipt of the consignee's call to the ledger: one file, verified by another process that knows no hub; and once
more with one digit changed, which is found and named.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import NamedTuple

from console.devnet.processes import ROOT
from console.exits import ExitCode
from console.packets import PacketName
from console.receipts import Collector, trust_of
from console.tour.outcome import StepFailed, require
from console.tour.stage import Stage
from hub.receipts import receipt as receipts
from hub.receipts import trust as trusted
from hub.receipts.document import write_document
from hub.receipts.statement import Part

_RECEIPT, _TRUST, _CHANGED = "receipt.json", "trust.json", "changed.json"


class Verified(NamedTuple):
    """How `ichub receipt verify` ended, and what it said."""

    code: int
    out: str
    err: str


async def receipt_offline(stage: Stage) -> str:
    call = stage.trade.verified
    if call is None:
        raise StepFailed("document_verify left no call that was answered")
    await stage.until("the call is settled", lambda: stage.settled(call.request_id), 60)
    folder = stage.network.layout.root / "receipt"
    folder.mkdir()
    packet = PacketName(stage.a.chain.client_at_hub, True, call.sequence)
    collected = await Collector(stage.hub).collect(packet, await stage.hub.request(call.request_id))
    data = write_document(receipts.FORMAT, collected)
    (folder / _RECEIPT).write_bytes(data)
    (folder / _TRUST).write_bytes(write_document(trusted.FORMAT, await trust_of(stage.hub)))
    (folder / _CHANGED).write_bytes(_changed(data))
    honest, changed = await asyncio.gather(_verify(folder, _RECEIPT), _verify(folder, _CHANGED))
    require(honest.code == ExitCode.OK, f"the receipt was refused: {honest.err}")
    _require_all_parts(stage, json.loads(honest.out))
    require(changed.code == ExitCode.CHECK_FAILED, f"a changed digit was not found: {changed.out}{changed.err}")
    fault = json.loads(changed.err)["error"]
    require(fault["part"] == Part.ANSWER.value, f"another part was named: {fault}")
    named = f"{fault['reason']}: {fault['part']} ({fault['rule']})"
    return f"{len(Part)} parts in {len(data) // 1000} kB, verified with no hub; one digit changed: {named}"


def _require_all_parts(stage: Stage, told: dict[str, object]) -> None:
    proven = told["proven"]
    parts = [row["part"] for row in proven] if isinstance(proven, list) else []
    require(parts == [part.value for part in Part], f"only {parts} is proven")
    provider = {"client": stage.trade.chain.client_at_hub, "identity": "documents"}
    require(told["provider"] == provider, f"{told['provider']} is said to have answered")


def _changed(data: bytes) -> bytes:
    """One hex digit of the ledger's answer is another."""
    answer = json.loads(data)["answer"]["acknowledgement"].encode()
    other = answer[:-1] + (b"1" if answer.endswith(b"0") else b"0")
    return data.replace(answer, other, 1)


async def _verify(folder: Path, file: str) -> Verified:
    """Where there is no home, no hub and no chain to ask."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "console", "receipt", "verify", file, "--trust", _TRUST, "--json"),
        cwd=folder,
        env={"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"},
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return Verified(process.returncode or 0, out.decode(), err.decode())

"""Runs the tour: each step, a line with its time, and build/tour.json."""

import asyncio
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from console.errors import as_console_error
from console.tour.burst_50 import burst_50
from console.tour.call_ab import call_ab
from console.tour.call_ba import call_ba
from console.tour.document_verify import document_verify
from console.tour.double_pledge import double_pledge
from console.tour.forged import forged
from console.tour.forged_checkpoint import forged_checkpoint
from console.tour.late_relayer import late_relayer
from console.tour.ledger_calls_evm import ledger_calls_evm
from console.tour.member_revoked import member_revoked
from console.tour.outcome import Outcome, StepFailed
from console.tour.provider_reverts import provider_reverts
from console.tour.receipt_offline import receipt_offline
from console.tour.silent_chain import silent_chain
from console.tour.stage import Stage
from console.tour.third_chain import third_chain
from console.tour.timeout import timeout

Step = Callable[[Stage], Awaitable[str]]

STEPS: tuple[Step, ...] = (
    call_ab,
    call_ba,
    burst_50,
    provider_reverts,
    timeout,
    silent_chain,
    late_relayer,
    forged,
    third_chain,
    document_verify,
    ledger_calls_evm,
    double_pledge,
    member_revoked,
    receipt_offline,
    forged_checkpoint,
)


async def run_tour(
    stage: Stage, show: Callable[[Outcome], None], progress: Callable[[str], AbstractContextManager[None]]
) -> list[Outcome]:
    """All steps in order; one that fails does not stop the rest, but the first, on which all rest."""
    outcomes: list[Outcome] = []
    for step in STEPS:
        if outcomes and not outcomes[0].ok:
            outcome = Outcome(step.__name__, False, 0.0, f"not tried, because {outcomes[0].name} failed")
        else:
            with progress(step.__name__):
                outcome = await run_step(step, stage)
        show(outcome)
        outcomes.append(outcome)
    return outcomes


async def run_step(step: Step, stage: Stage) -> Outcome:
    """One step, timed; what it raises is its detail."""
    began = time.monotonic()
    try:
        detail = await step(stage)
        ok = True
    except StepFailed as failed:
        detail, ok = str(failed), False
    except Exception as error:
        detail, ok = str(as_console_error(error) or repr(error)), False
        if faults := await asyncio.to_thread(stage.network.relayer_faults):
            detail += f"; the relayer says: {faults}"
        with (stage.network.layout.root / "tour.log").open("a") as log:
            log.write(f"{step.__name__}:\n{traceback.format_exc()}\n")
    return Outcome(step.__name__, ok, round(time.monotonic() - began, 2), detail)


def write_outcomes(path: Path, outcomes: list[Outcome]) -> None:
    """A list of {name, ok, seconds, detail}."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(outcomes), indent=2) + b"\n")

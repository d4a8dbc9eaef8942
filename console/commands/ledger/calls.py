"""``ichub ledger call``: a member calls a service on another chain."""

import asyncio
import time
from typing import Annotated

import typer

from adapters.permissioned.ledger.answers import CallInfo
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.messages import CallService
from adapters.permissioned.ledger.service.calls import CallState
from adapters.permissioned.ledger.service.events import CallSent
from console.amounts import parse_amount, parse_hex, read_input
from console.call_data import require_input
from console.commands.call import ANSWERED, NO_ANSWER
from console.commands.encodings import Encoding
from console.commands.ledger.options import As, Home
from console.exits import Refused, TimedOut
from console.ledger_session import ledger_of
from console.options import Json, Timeout
from console.output import Output
from console.session import run
from hub.quantities import UnixSeconds

_POLL_SECONDS = 0.5


def call(
    service: Annotated[str, typer.Argument(help="The service's name at the hub.")],
    input_: Annotated[
        str, typer.Argument(metavar="INPUT", help="JSON, or ABI bytes as 0x-hex; @FILE reads a file, - standard input.")
    ],
    fee_cap: Annotated[str, typer.Option(help="The most that it may cost, in the hub's smallest unit.")] = "0",
    deadline: Annotated[int, typer.Option(min=1, help="Seconds from now by which the answer is wanted.")] = 120,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the outcome, and end with it.")] = False,
    timeout: Timeout = 600,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Call a service on another chain, or at the hub, as a member. The member's account at the hub pays:
    `ichub account transfer ORG/NAME AMOUNT --client CLIENT` fills it. With --wait the outcome is printed: exit code 0
    for 200, 4 where no answer came in time, 1 for every other code.

    Example: ichub ledger call price '{"pair": "ETH/USD"}' --fee-cap 100 --wait --as bank-a/ann
    """
    output = Output(json)
    text = read_input(input_).strip()
    require_input(text)
    encoding = Encoding.ABI if text.startswith("0x") else Encoding.JSON
    data = parse_hex(text, "ABI bytes") if encoding is Encoding.ABI else text.encode()
    most = parse_amount(fee_cap)

    async def work() -> CallInfo | None:
        async with ledger_of(home, member) as ledger:
            now = max((await ledger.status()).time, int(time.time()))
            message = CallService(service, encoding.number, data, most, UnixSeconds(now + deadline))
            receipt = await ledger.submit([message])
            call_id = next(one.event.call_id for one in receipt.events if isinstance(one.event, CallSent))
            if not wait:
                done = f"called {service}: 0x{call_id.hex()}; `ichub ledger query calls` shows its outcome"
                output.done(done, call=call_id)
                return None
            with output.progress(f"waiting for the answer of {service}"):
                return await _ended(ledger, call_id, timeout)

    if (ended := run(work())) is not None:
        output.record("", call_row(ended))
        _end_with(ended)


async def _ended(ledger: LedgerClient, call_id: bytes, patience: float) -> CallInfo:
    deadline = time.monotonic() + patience
    while (found := await ledger.call(call_id)).state is CallState.WAITING:
        if time.monotonic() > deadline:
            raise TimedOut(
                f"0x{call_id.hex()} has no outcome after {patience:.0f} s: look again with `ichub ledger query calls`"
            )
        await asyncio.sleep(_POLL_SECONDS)
    return found


def call_row(one: CallInfo) -> dict[str, object]:
    """A call, and its outcome: JSON as its text, ABI as hex."""
    readable = one.encoding == Encoding.JSON.number
    return {
        "call": one.call_id,
        "service": one.service,
        "state": one.state.name.lower().replace("_", " "),
        "code": one.code,
        "output": one.output.decode("utf-8", "replace") if readable else one.output,
        "message": one.message,
    }


def _end_with(ended: CallInfo) -> None:
    if ended.state is CallState.TIMED_OUT or ended.code == NO_ANSWER:
        raise TimedOut(f"{ended.service} gave no answer in time ({ended.message})", "NO_ANSWER")
    if ended.code != ANSWERED:
        raise Refused(f"{ended.service} answered {ended.code}: {ended.message}", f"RESULT_{ended.code}")

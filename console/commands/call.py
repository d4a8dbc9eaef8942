"""``ichub call``: call a service from a hub account."""

import asyncio
import time
from typing import Annotated

import typer

from console.amounts import parse_amount, parse_identity, read_input
from console.call_data import CallData, require_input
from console.exits import Refused, TimedOut
from console.home import find_home
from console.options import Home, Hub, Json, Key, PasswordFile, Timeout
from console.output import Output
from console.session import hub_of, run, signer_of
from hub.answers import RequestState, ServiceRequest
from hub.client import HubClient
from hub.events import ServiceCalled
from hub.messages import CallService
from hub.quantities import UnixSeconds
from hub.signer import Signer

_POLL_SECONDS = 0.5
ANSWERED = 200
NO_ANSWER = 504


def call(
    service: Annotated[str, typer.Argument(help="The service's name.")],
    input_: Annotated[
        str, typer.Argument(metavar="INPUT", help="JSON, or ABI bytes as 0x-hex; @FILE reads a file, - standard input.")
    ],
    client: Annotated[str, typer.Option(help="Only a provider of the chain behind this client.")] = "",
    provider: Annotated[str, typer.Option(help="Only this provider.")] = "",
    fee_cap: Annotated[str, typer.Option(help="The most that it may cost, in the hub's smallest unit.")] = "0",
    deadline: Annotated[int, typer.Option(min=1, help="Seconds from now by which the answer is wanted.")] = 120,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the result, and end with it.")] = False,
    timeout: Timeout = 600,
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Call a service from a hub account; JSON is written as ABI where the service takes that alone. With --wait the
    result is printed: exit code 0 for 200, 4 for 504 (no answer in time), 1 for every other code.

    Example, on a devnet: ichub call quote-b '{"item": "apple", "pieces": "3"}' --fee-cap 100 --wait
    """

    output = Output(json)
    place = find_home(home)
    text = read_input(input_)
    require_input(text)
    wanted = parse_identity(client, provider) if provider else b""
    most = parse_amount(fee_cap)
    signer = signer_of(output, place, key, password_file)

    async def work() -> tuple[ServiceRequest, CallData] | None:
        async with hub_of(place, hub) as connection:
            now = max((await connection.status()).time, int(time.time()))
            given = CallData.of(text, await connection.definition(service))
            message = CallService(
                service, client, wanted, given.encoding.number, given.data, most, UnixSeconds(now + deadline)
            )
            request_id = await _send(connection, message, signer)
            if not wait:
                done = f"called {service}: request 0x{request_id.hex()}; `ichub packet trace` follows it"
                output.done(done, request_id=request_id)
                return None
            with output.progress(f"waiting for the answer of {service}"):
                return await _result(connection, request_id, timeout), given

    if (answered := run(work())) is not None:
        _show(output, *answered)


async def _send(connection: HubClient, message: CallService, signer: Signer) -> bytes:
    """The identifier of the request that the call has become."""
    receipt = await connection.submit([message], signer)
    return next(record.event.request_id for record in receipt.events if isinstance(record.event, ServiceCalled))


async def _result(connection: HubClient, request_id: bytes, patience: float) -> ServiceRequest:
    deadline = time.monotonic() + patience
    while (request := await connection.request(request_id)).state is RequestState.PENDING:
        if time.monotonic() > deadline:
            raise TimedOut(
                f"request 0x{request_id.hex()} has no result after {patience:.0f} s: "
                "follow it with `ichub packet trace`, or wait longer with --timeout"
            )
        await asyncio.sleep(_POLL_SECONDS)
    return request


def _show(output: Output, request: ServiceRequest, given: CallData) -> None:
    output.record(
        "",
        {
            "request_id": "0x" + request.request_id.hex(),
            "code": request.code,
            "output": given.shown(request.output) if request.code == ANSWERED else request.output,
            "message": request.message,
            "fee": str(request.fee),
        },
    )
    if request.code == NO_ANSWER:
        raise TimedOut(f"{request.service} gave no answer in time ({request.message})", "NO_ANSWER")
    if request.code != ANSWERED:
        raise Refused(f"{request.service} answered {request.code}: {request.message}", f"RESULT_{request.code}")

"""``ichub service``: what services there are, and who offers them."""

from pathlib import Path
from typing import Annotated

import typer

from console.amounts import (
    address_text,
    identity_text,
    moment,
    parse_amount,
    parse_hex,
    parse_identity,
    read_input,
    read_text,
)
from console.commands.encodings import Encoding
from console.exits import Misused
from console.home import find_home
from console.options import Home, Hub, Json, Key, PasswordFile
from console.output import Output
from console.session import hub_of, run, signer_of
from hub.answers import RequestState, ServiceBinding, ServiceRequest
from hub.client import HubClient
from hub.messages import BindService, DefineService, RespondService
from hub.quantities import Gas

app = typer.Typer(help="Services: what they accept and answer, who offers them, at what price.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The service's name: letters, digits, _ and -, at most 70.")]
_Schema = Path | None
_GRACE_OF_ACCOUNTS = 30
"""Usually: the hub takes any."""


@app.command()
def define(
    service: Name,
    description: Annotated[str, typer.Option(help="What it does, for people.")] = "",
    tag: Annotated[
        list[str] | None, typer.Option(metavar="WORD", help="To find it by; may be given several times.")
    ] = None,
    input_json: Annotated[_Schema, typer.Option(help="File: closed JSON Schema 2020-12 of the input.")] = None,
    output_json: Annotated[_Schema, typer.Option(help="File: closed JSON Schema 2020-12 of the output.")] = None,
    input_abi: Annotated[_Schema, typer.Option(help="File: JSON ABI components of the input.")] = None,
    output_abi: Annotated[_Schema, typer.Option(help="File: JSON ABI components of the output.")] = None,
    of_contract: Annotated[
        str, typer.Option(help="A ledger's contract that is installed here, which serves it: its schemas are taken.")
    ] = "",
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Define a service. With both kinds of schema the hub translates between JSON and ABI, so that contracts and JSON
    providers serve each other.

    Example: ichub service define price --input-abi in.json --output-abi out.json

    Example: ichub service define document-verify --of-contract documents
    """
    if bool(input_json or input_abi) == bool(of_contract):
        raise Misused(
            "a service needs a schema: give --input-abi and --output-abi, or --input-json and --output-json, or "
            "--of-contract alone"
        )
    if of_contract:
        from console.ledger_services import definition  # noqa: PLC0415  # it reads the contracts' sources

        message = definition(of_contract, service, tuple(tag or ()), description)
    else:
        message = DefineService(
            service,
            description,
            tuple(tag or ()),
            _content(input_json),
            _content(output_json),
            _content(input_abi),
            _content(output_abi),
        )

    async def work() -> None:
        place = find_home(home)
        signer = signer_of(output, place, key, password_file)
        async with hub_of(place, hub) as connection:
            receipt = await connection.submit([message], signer)
        output.done(f"defined {service} in block {receipt.height}", service=service, height=receipt.height)

    output = Output(json)
    run(work())


@app.command()
def bind(
    service: Name,
    price: Annotated[str, typer.Option(help="What a call costs, in the hub's smallest unit.")] = "0",
    client: Annotated[str, typer.Option(help="The hub's client of the provider's chain; none: a hub account.")] = "",
    provider: Annotated[
        str, typer.Option(help="The provider's contract, on a ledger its name; none: this account.")
    ] = "",
    encoding: Annotated[Encoding, typer.Option(help="What the provider reads and answers.")] = Encoding.ABI,
    gas_limit: Annotated[int, typer.Option(min=0, help="Gas for the provider's code.")] = 500_000,
    max_response_seconds: Annotated[int, typer.Option(min=1, help="How long the provider may take.")] = 60,
    grace_seconds: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="What the hub waits beyond a deadline. Default: the provider's chain's least; for an account 30.",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Offer a service: by a contract on a connected chain, or by a hub account that answers by transaction.

    Example: ichub service bind price --client attested-1 --provider 0x5FbD… --price 100

    Example: ichub service bind document-verify --client quorum-0 --provider documents --gas-limit 1
    """

    async def work() -> None:
        place = find_home(home)
        signer = signer_of(output, place, key, password_file)
        if bool(client) != bool(provider):
            raise Misused("a contract is named by --client and --provider together; a hub account by neither")
        identity, cost = parse_identity(client, provider) if provider else signer.address, parse_amount(price)
        async with hub_of(place, hub) as connection:
            grace = await _usual_grace(connection, client) if grace_seconds is None else grace_seconds
            message = BindService(
                service, client, identity, encoding.number, cost, Gas(gas_limit), max_response_seconds, grace
            )
            receipt = await connection.submit([message], signer)
        where = f"{identity_text(client, message.provider)} on {client or 'the hub'}"
        output.done(f"bound {service} to {where} in block {receipt.height}", service=service, height=receipt.height)

    output = Output(json)
    run(work())


@app.command("list")
def list_(home: Home = None, hub: Hub = None, json: Json = False) -> None:
    """List the services and how many offer them.

    Example: ichub service list
    """

    async def work() -> None:
        async with hub_of(find_home(home), hub) as connection:
            services, bindings = await connection.services(), await connection.bindings()
        rows = [
            {
                "service": one.service,
                "description": one.description,
                "tags": ", ".join(one.tags),
                "abi": bool(one.input_abi),
                "json": bool(one.input_json_schema),
                "bindings": sum(binding.service == one.service for binding in bindings),
            }
            for one in services
        ]
        output.rows("services", rows, "No services yet: `ichub service define NAME` makes one.")

    output = Output(json)
    run(work())


@app.command()
def show(service: Name, home: Home = None, hub: Hub = None, json: Json = False) -> None:
    """Show a service's schemas and who offers it.

    Example: ichub service show price
    """

    async def work() -> None:
        async with hub_of(find_home(home), hub) as connection:
            one = await connection.definition(service)
            bindings = [_binding_row(binding) for binding in await connection.bindings(service)]
        row = {
            "service": one.service,
            "author": address_text(one.author),
            "description": one.description,
            "tags": list(one.tags),
            "input_abi": one.input_abi,
            "output_abi": one.output_abi,
            "input_json_schema": one.input_json_schema,
            "output_json_schema": one.output_json_schema,
        }
        if json:
            output.record("", {**row, "bindings": bindings})
            return
        output.record("", row)
        output.rows("bindings", bindings, "Nobody offers it yet: `ichub service bind` does.")

    output = Output(json)
    run(work())


@app.command()
def requests(
    service: Annotated[str, typer.Argument(help="Only of this service.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="Also those that have their result.")] = False,
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """List the calls that wait for an answer: what a provider that is a hub account has to do.

    Example: ichub service requests price
    """
    output = Output(json)

    async def work() -> list[ServiceRequest]:
        async with hub_of(find_home(home), hub) as connection:
            found = list((page := await connection.requests(service)).items)
            while page.next_token:
                page = await connection.requests(service, token=page.next_token)
                found += page.items
            return found

    found = [one for one in run(work()) if all_ or one.state is RequestState.PENDING]
    output.rows("requests", [_request_row(one) for one in found], "No calls wait. --all lists those that are done.")


@app.command()
def respond(
    request: Annotated[str, typer.Argument(metavar="REQUEST", help="The request's identifier, 0x and 64 hex digits.")],
    answer: Annotated[
        str,
        typer.Argument(metavar="OUTPUT", help="JSON, or ABI bytes as 0x-hex; @FILE reads a file, - standard input."),
    ] = "",
    code: Annotated[int, typer.Option(help="200 answered, 400 the input is refused, 500 failed.")] = 200,
    message: Annotated[str, typer.Option(help="The reason, where it is not 200.")] = "",
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Answer a call as its provider, a hub account.

    Example: ichub service respond 0x12ab… '{"total": "42"}'
    """
    output = Output(json)
    place = find_home(home)
    text = read_input(answer).strip()
    data = parse_hex(text, "ABI bytes") if text.startswith("0x") else text.encode()
    response = RespondService(parse_hex(request, "a request's identifier"), code, data, message)
    signer = signer_of(output, place, key, password_file)

    async def work() -> int:
        async with hub_of(place, hub) as connection:
            return (await connection.submit([response], signer)).height

    height = run(work())
    output.done(f"answered {code} in block {height}", height=height)


def _request_row(one: ServiceRequest) -> dict[str, object]:
    readable = one.provider_encoding == Encoding.JSON.number
    return {
        "request": one.request_id,
        "service": one.service,
        "caller": f"{one.caller_client or 'the hub'} {identity_text(one.caller_client, one.caller)}",
        "provider": f"{one.client or 'the hub'} {identity_text(one.client, one.provider)}",
        "state": one.state.value,
        "code": one.code,
        "deadline": moment(one.deadline),
        "input": one.input.decode(errors="replace") if readable else one.input,
    }


def _binding_row(binding: ServiceBinding) -> dict[str, object]:
    return {
        "client": binding.client,
        "provider": identity_text(binding.client, binding.provider),
        "encoding": Encoding.of(binding.encoding).value,
        "price": str(binding.price),
        "gas_limit": binding.gas_limit,
        "max_response_seconds": binding.max_response_seconds,
        "grace_seconds": binding.grace_seconds,
        "available": binding.available,
    }


async def _usual_grace(hub: HubClient, client: str) -> int:
    """The least that the hub takes for a contract behind this client now, in seconds."""
    if not client:
        return _GRACE_OF_ACCOUNTS
    parameters, info = await hub.parameters(), await hub.client(client)
    return int(info.finality_time) + int(parameters["grace_margin"])


def _content(path: Path | None) -> str:
    return read_text(path) if path is not None else ""

"""``ichub devnet``: a whole network on this machine."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.sender import Sender
from console.amounts import address_text, parse_address, parse_amount
from console.chains import ChainFile, evm_chains, find_evm_chain
from console.devnet.accounts import Holder, dev_account
from console.devnet.anvil import rpc
from console.devnet.contracts import deploy as deploy_contract
from console.devnet.ports import port_base as default_port_base
from console.devnet.run import DEVNET, Wish, require_all, run_devnet
from console.exits import ExitCode, Misused, Unreachable
from console.home import NodeHome
from console.options import Json
from console.output import Output, plain_console
from console.session import hub_of, run, signer_of
from console.solidity import Compiled, compile_file
from hub.messages import Faucet
from hub.quantities import Address

app = typer.Typer(
    help="A network on this machine: two Anvil chains, a ledger, a hub, attestors, a relayer, and a tour. Without a "
    "command it is started, as by `ichub devnet up`."
)

Folder = Annotated[Path, typer.Option(help="Where the devnet's files stand.", show_default="build/devnet")]

_WEI_PER_ETHER = 10**18


@app.callback(invoke_without_command=True)
def devnet(context: typer.Context) -> None:
    """Without a command: `ichub devnet up`."""
    if context.invoked_subcommand is None:
        _up(Wish(default_port_base(), once=False, tour=True, stop_with_parent=True), as_json=False)


@app.command()
def up(
    once: Annotated[bool, typer.Option("--once", help="End after the tour; exit code 5 where a step failed.")] = False,
    tour: Annotated[bool, typer.Option("--tour/--no-tour", help="Show what the network does, step by step.")] = True,
    port_base: Annotated[
        int | None, typer.Option(envvar="PORT_BASE", help="The first of the ports used.", show_default="18500")
    ] = None,
    outlive_parent: Annotated[
        bool, typer.Option("--outlive-parent", help="Go on when the program that started this ends (for nohup).")
    ] = False,
    folder: Folder = DEVNET,
    json: Json = False,
) -> None:
    """Start everything, give the tour, and stay up with a live table until Ctrl-C, which stops everything.

    Logs are in build/devnet/*.log, the tour's outcomes in build/tour.json.

    Example: ichub devnet up --once
    """
    base = default_port_base() if port_base is None else port_base
    _up(Wish(base, once=once, tour=tour, stop_with_parent=not outlive_parent, folder=folder.resolve()), json)


def _up(wish: Wish, as_json: bool) -> None:
    output = Output(as_json)
    try:
        outcomes = run(run_devnet(wish, output, plain_console(stderr=as_json)))
    except asyncio.CancelledError:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    if as_json:
        print(wish.tour_file.read_text() if wish.tour else "[]")
    if wish.once:
        require_all(outcomes, wish)


@app.command()
def deploy(
    file: Annotated[Path, typer.Argument(help="A Solidity file; its last contract is deployed.")],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(help="The constructor's arguments; a parameter called `gateway` is filled in where left out."),
    ] = None,
    chain: Annotated[str, typer.Option(help="The chain, by its name.")] = "a",
    contract: Annotated[str, typer.Option(help="Another contract of the file than its last one.")] = "",
    folder: Folder = DEVNET,
    json: Json = False,
) -> None:
    """Compile a contract with npm's solc and deploy it on a chain of the running devnet. Imports from @interchain/ (our
    contracts), @openzeppelin/ and solady/ are found by themselves.

    Example: ichub devnet deploy examples/GreetingConsumer.sol --chain a
    """
    output = Output(json)
    home = _devnet_home(folder)
    where = find_evm_chain(home, chain)
    with output.progress(f"compiling {file}"):
        compiled = compile_file(file, contract)
    given = constructor_arguments(compiled, arguments or [], where.gateway)

    async def work() -> Address:
        endpoints = Endpoints(where.name, where.endpoints)
        sender = Sender(endpoints, dev_account(Holder.VISITOR), where.chain_id, FeePolicy())
        try:
            deployed, _ = await deploy_contract(endpoints, sender, compiled, *given)
        finally:
            await endpoints.close()
        return deployed.address

    with output.progress(f"deploying {compiled.name} on {where.name}"):
        address = address_text(run(work()))
    output.done(
        f"{compiled.name} stands on {where.name} at {address}; `ichub devnet fund {address}` lets it pay for calls",
        contract=compiled.name,
        chain=where.name,
        address=address,
    )


@app.command()
def fund(
    address: Annotated[str, typer.Argument(help="An account or a contract.")],
    ether: Annotated[int, typer.Option(min=0, help="What it shall hold on each chain.")] = 100,
    amount: Annotated[str, typer.Option(help="Money at the hub, in the smallest unit.")] = "1000000",
    folder: Folder = DEVNET,
    json: Json = False,
) -> None:
    """Give an address ether on every chain of the running devnet, and money at the hub: to the hub account of the same
    address, and to the accounts under which the hub knows it as a caller from each chain.

    Example: ichub devnet fund 0x5FbDB2315678afecb367f032d93F642f64180aa3
    """
    output = Output(json)
    home = _devnet_home(folder)
    owner = parse_address(address)
    money = parse_amount(amount)
    chains = evm_chains(home)

    async def work() -> dict[str, str]:
        async with hub_of(home) as hub:
            accounts = {"the hub itself": owner}
            for chain in chains:
                accounts[chain.name] = (await hub.caller_account(chain.client_at_hub, owner)).address
            operator = signer_of(output, home, None, None)
            await hub.submit([Faucet(account, money) for account in accounts.values()], operator)
        return {name: address_text(account) for name, account in accounts.items()}

    for chain in chains:
        _give_ether(chain, owner, ether)
    accounts = run(work())
    output.done(
        f"{address_text(owner)} holds {ether} ether on {', '.join(chain.name for chain in chains)}, "
        f"and {money} more at the hub as each of: {', '.join(accounts)}",
        hub_accounts=accounts,
    )


def constructor_arguments(compiled: Compiled, given: list[str], gateway: str) -> list[object]:
    """Words as the constructor's types; a parameter named gateway (or _gateway) is filled in where there are too few
    words. Raises Misused.
    """
    parameters = compiled.constructor
    words = list(given)
    if len(words) < len(parameters):
        for place, parameter in enumerate(parameters):
            if parameter["name"].strip("_") == "gateway":
                words.insert(place, gateway)
    if len(words) != len(parameters):
        wanted = ", ".join(f"{parameter['type']} {parameter['name']}" for parameter in parameters) or "nothing"
        raise Misused(f"the constructor of {compiled.name} takes {wanted}; {len(given)} arguments were given")
    return [_argument(word, parameter["type"]) for word, parameter in zip(words, parameters, strict=True)]


def _argument(word: str, kind: str) -> object:
    if kind.startswith(("uint", "int")) and not kind.endswith("]"):
        try:
            return int(word, 0)
        except ValueError as error:
            raise Misused(f"{word!r} is no {kind}: give a whole number") from error
    if kind == "bool":
        if word not in {"true", "false"}:
            raise Misused(f"{word!r} is no bool: give true or false")
        return word == "true"
    if kind == "address":
        return address_text(parse_address(word))
    if kind == "string" or kind.startswith("bytes"):
        return word
    raise Misused(f"a constructor with {kind} cannot be served from the command line: write a small factory contract")


def _give_ether(chain: ChainFile, owner: Address, ether: int) -> None:
    """Raises Unreachable."""
    url = chain.endpoints[0]
    try:
        rpc(url, "anvil_setBalance", address_text(owner), hex(ether * _WEI_PER_ETHER))
    except OSError as error:
        raise Unreachable(
            f"chain {chain.name} does not answer at {url} ({error}): start the devnet with `ichub devnet` in another "
            "terminal",
            reason="NO_DEVNET",
        ) from error


def _devnet_home(folder: Path) -> NodeHome:
    home = NodeHome(folder / "hub")
    if not home.config_file.exists():
        raise Misused("there is no devnet: start one with `ichub devnet` in another terminal", reason="NO_DEVNET")
    return home

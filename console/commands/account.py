"""``ichub account``: money and roles at the hub."""

from typing import Annotated

import typer

from console.amounts import address_text, is_of_ledger, parse_address, parse_amount, parse_identity
from console.exits import Misused
from console.home import NodeHome, find_home
from console.options import Home, Hub, Json, Key, PasswordFile
from console.output import Output
from console.session import hub_of, run, signer_of
from hub.answers import Account
from hub.messages import AnyMessage, GrantRole, RevokeRole, Role, Transfer
from hub.quantities import Address

app = typer.Typer(help="Accounts at the hub: what they hold, and what they may do.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="An address, or the name of a key of the home.")]
RoleName = Annotated[str, typer.Argument(help="operator, chain-operator, member or relayer.")]


@app.command()
def show(
    who: Annotated[
        str, typer.Argument(help="An address, or the name of a key of the home. Default: the key that signs.")
    ] = "",
    client: Annotated[
        str, typer.Option(help="The account of this address as a caller on the chain behind this client of the hub.")
    ] = "",
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Show an account's money, next nonce and roles. With --client: of a contract that calls services from that chain,
    or of a ledger's member or contract.

    Example: ichub account show operator

    Example: ichub account show bank-a/ann --client quorum-0
    """
    output = Output(json)
    place = find_home(home)
    address = _identity(place, client, who or place.config().client.key)

    async def work() -> Account:
        async with hub_of(place, hub) as connection:
            return await (
                connection.caller_account(client, address) if client else connection.account(Address(address))
            )

    account = run(work())
    output.record(
        "",
        {
            "account": address_text(account.address),
            "balance": str(account.balance),
            "next_nonce": account.nonce,
            "roles": [role.name.lower().replace("_", "-") for role in account.roles],
        },
    )


@app.command()
def transfer(
    recipient: Who,
    amount: Annotated[str, typer.Argument(help="How much, in the hub's smallest unit.")],
    client: Annotated[
        str, typer.Option(help="To the recipient's account as a caller on the chain behind this client.")
    ] = "",
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Move money of the signing account to another. With --client it pays a contract's calls from that chain.

    Example: ichub account transfer 0x5FbD… 1000 --client attested-0
    """
    output = Output(json)
    place = find_home(home)
    address = _identity(place, client, recipient)
    money = parse_amount(amount)
    signer = signer_of(output, place, key, password_file)

    async def work() -> tuple[Address, int]:
        async with hub_of(place, hub) as connection:
            to = (await connection.caller_account(client, address)).address if client else Address(address)
            return to, (await connection.submit([Transfer(to, money)], signer)).height

    to, height = run(work())
    output.done(f"moved {money} to {address_text(to)} in block {height}", account=address_text(to), height=height)


@app.command()
def grant(
    who: Who,
    role: RoleName,
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Give an account a role; an operator may.

    Example: ichub account grant 0x5FbD… member
    """
    output, place = Output(json), find_home(home)
    message = GrantRole(_address(place, who), _role(role))
    height = _submit(output, place, hub, key, password_file, message)
    output.done(f"{who} is {role} from block {height} on", height=height)


@app.command()
def revoke(
    who: Who,
    role: RoleName,
    home: Home = None,
    hub: Hub = None,
    key: Key = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Take a role from an account; an operator may.

    Example: ichub account revoke 0x5FbD… member
    """
    output, place = Output(json), find_home(home)
    message = RevokeRole(_address(place, who), _role(role))
    height = _submit(output, place, hub, key, password_file, message)
    output.done(f"{who} is {role} no more from block {height} on", height=height)


def _submit(
    output: Output, place: NodeHome, hub: Hub, key: Key, password_file: PasswordFile, message: AnyMessage
) -> int:
    signer = signer_of(output, place, key, password_file)

    async def work() -> int:
        async with hub_of(place, hub) as connection:
            return (await connection.submit([message], signer)).height

    return run(work())


def _identity(place: NodeHome, client: str, text: str) -> bytes:
    """Who calls from a chain: a member or contract of a ledger has a name there. Raises Misused."""
    return parse_identity(client, text) if is_of_ledger(client) else _address(place, text)


def _address(home: NodeHome, who: str) -> Address:
    if who.startswith("0x"):
        return parse_address(who)
    return parse_address(home.keystore.entry(who).address)


def _role(text: str) -> Role:
    try:
        return Role[text.upper().replace("-", "_")]
    except KeyError as error:
        names = ", ".join(role.name.lower().replace("_", "-") for role in Role)
        raise Misused(f"there is no role {text!r}: choose one of {names}") from error

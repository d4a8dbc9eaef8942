"""``ichub ledger validators``: who signs a ledger's blocks, and how organisations hand over to others."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.identities import MemberRole, member_name
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.certificates import read_member
from adapters.permissioned.ledger.membership.validator_keys import binding_digest
from adapters.permissioned.ledger.messages import BindValidatorKey, StoreRotationCheckpoint
from console.amounts import address_text
from console.commands.ledger.options import As, Home
from console.commands.ledger.proposing import DAY, ValidFor, propose
from console.exits import Misused
from console.home import password_of
from console.ledger_home import LedgerHome, find_ledger_home, parts_of
from console.ledger_session import ledger_of
from console.options import Json, PasswordFile
from console.output import Output
from console.replacing import next_members, rotation_summary
from console.session import open_key, run
from hub.accounts.errors import NoRotationPending
from hub.messages import WithdrawValidatorSet
from hub.signer import KeySigner

app = typer.Typer(
    help="The validators that sign the ledger's blocks. A next set is voted for; it takes over once the old one's "
    "hand-over for the hub is stored, and relayers then lead the hub's client of the ledger on.",
    no_args_is_help=True,
)


@app.command()
def show(home: Home = None, member: As = None, json: Json = False) -> None:
    """Show the validators and whose keys they are, a set that was voted for, and which hand-overs it waits for.

    Example: ichub ledger validators show
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            rotation, signers = await ledger.rotation(), await ledger.validators()
        keys = [f"{one.organisation}/{one.name}: {address_text(one.address)}" for one in signers]
        row = rotation_summary(rotation) | {"keys": keys, "waits_for": list(rotation.missing)}
        Output(json).record("Validators", row)

    run(work())


@app.command()
def bind(
    key: Annotated[str, typer.Argument(help="A key of the home; it is made where there is none of the name.")],
    home: Home = None,
    member: As = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Bind a checkpoint key to the member who acts, of role validator: only such a key can be voted for.

    Keep a copy of its file and of the password, and let the node hold it (`next_validator` in config.toml, and a
    restart) before it is voted for: once it takes over, nobody else signs.

    Example: ichub ledger validators bind validator-2 --as bank-a/node
    """
    output, place = Output(json), find_ledger_home(home)
    signer = _signer(output, place, key, place.password(password_file, new=_is_new(place, key)))

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            possession = signer.sign(binding_digest(ledger.genesis_hash, ledger.member))
            receipt = await ledger.submit([BindValidatorKey(signer.address, possession)])
            output.done(
                f"{address_text(signer.address)} is {ledger.member}'s: name it in next_validator, restart the node, "
                f"then `ichub ledger validators propose {key}`",
                address=address_text(signer.address),
                member=ledger.member,
                height=receipt.height,
            )

    run(work())


@app.command()
def prove(
    key: Annotated[str, typer.Argument(help="A key of the home; it is made where there is none of the name.")],
    chain_id: Annotated[str, typer.Option(help="The ledger to be, as its genesis will name it.")],
    member: Annotated[
        str, typer.Option("--as", metavar="ORG/NAME", help="Whose checkpoint key it is: a member of role validator.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it.")],
    home: Home = None,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Prove, for the genesis of a ledger to be, that a checkpoint key is a member's: signed by both. Whoever makes the
    genesis takes the file with `ichub ledger init --validator FILE`. Needs no node.

    The member's certificate is in the home (organisations/ORG/members/NAME.pem and .key), or made where its authority
    is kept.

    Example: ichub ledger validators prove validator --chain-id trade-1 --as customs/node --out customs-node.json
    """
    output, place = Output(json), find_ledger_home(home)
    organisation, name = parts_of(member)
    folder, wanted = place.organisation(organisation), member_name(name)
    if not folder.member(wanted)[0].exists():
        folder.certify(wanted, MemberRole.VALIDATOR)
    mine = MemberKey.read(*place.member_files(member))
    if (role := read_member(mine.certificate)[1].role) is not MemberRole.VALIDATOR:
        raise Misused(
            f"{member}'s certificate says {role}, and only a validator's binds a checkpoint key: name another"
        )
    password = password_of(password_file, place.password_file, new=_is_new(place, key))
    signer = _signer(output, place, key, password)
    out.write_bytes(mine.found(chain_id, signer, 1).to_json())
    output.done(
        f"wrote {out}: {address_text(signer.address)} is {member}'s on {chain_id}; give it to whoever makes the "
        f"genesis, with `ichub ledger init --validator {out}`",
        address=address_text(signer.address),
        member=member,
        file=str(out),
    )


@app.command("propose")
def propose_validators(
    validator: Annotated[
        list[str], typer.Argument(help="ADDRESS or ADDRESS=POWER of a bound key, or the name of a key of the home.")
    ],
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose the whole next set. More than two thirds of its power must be on nodes that hold their keys.

    Example: ichub ledger validators propose validator-2 0xA1c2…=2
    """
    members = next_members(find_ledger_home(home).keystore, validator)
    propose(a.ProposeValidators(members), valid_for, home, member, json)


@app.command()
def withdraw(valid_for: ValidFor = DAY, home: Home = None, member: As = None, json: Json = False) -> None:
    """Propose that the set which was voted for, and has not taken over, is taken back.

    Example: ichub ledger validators withdraw
    """
    propose(a.Connect(WithdrawValidatorSet()), valid_for, home, member, json)


@app.command()
def store(home: Home = None, member: As = None, json: Json = False) -> None:
    """Bring the ledger the hand-over that a rotation waits for, as relayers do. Any member that may write may.

    Example: ichub ledger validators store
    """
    output = Output(json)

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            before = await ledger.rotation()
            if before.next_validators is None:
                raise NoRotationPending
            for client in before.missing:
                await ledger.submit([StoreRotationCheckpoint(client, await ledger.checkpoint(client))])
                output.note(f"stored for {client}")
            rotation = await ledger.rotation()
        output.done(f"epoch {rotation.validators.epoch} signs", **rotation_summary(rotation))

    run(work())


def _is_new(place: LedgerHome, key: str) -> bool:
    return all(one.name != key for one in place.keystore.entries())


def _signer(output: Output, place: LedgerHome, key: str, password: str) -> KeySigner:
    """A key of the home, made where there is none of the name; raises Misused."""
    if _is_new(place, key):
        with output.progress("making the key"):
            place.keystore.create(key, password)
    return KeySigner(open_key(output, place.keystore, key, password))

"""``ichub ledger enrol``, ``org``, ``member`` and ``ca``: who belongs to a ledger."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger.identities import MemberRole, fingerprint, member_name
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.certificates import read_member
from adapters.permissioned.ledger.messages import UpdateRevocations
from console.amounts import moment
from console.commands.ledger.options import As, Home
from console.config import require_endpoint
from console.exits import Misused
from console.ledger_home import find_ledger_home, parts_of
from console.ledger_session import connect, ledger_of, who
from console.options import Json
from console.output import Output
from console.session import run
from hub.block import ResultCode

organisations = typer.Typer(help="Organisations of the ledger; they join and leave by vote.", no_args_is_help=True)
members = typer.Typer(help="Members, known by their certificates.", no_args_is_help=True)
authorities = typer.Typer(help="Certificate authorities and their revocation lists.", no_args_is_help=True)


def enrol(
    member: Annotated[str, typer.Argument(metavar="ORG/NAME", help="The member to be.")],
    role: Annotated[MemberRole, typer.Option(help="What it may do; a part of its certificate.")] = MemberRole.MEMBER,
    request: Annotated[
        Path | None,
        typer.Option(help="Only sign this certificate signing request (PEM); the key stays with its owner."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --request: in the place of the certificate that is there.")
    ] = False,
    home: Home = None,
    json: Json = False,
) -> None:
    """Enrol a member: issue its certificate where the organisation's authority is kept, and make it known.

    A certificate that is there already (organisations/ORG/members/NAME.pem and .key) is enrolled as it is. With
    --request nothing is enrolled: its owner does that, with the certificate that comes out. An auditor writes nothing,
    and hence need not enrol: its certificate is all it needs.

    Example: ichub ledger enrol bank-a/ann
    """
    output, place = Output(json), find_ledger_home(home)
    organisation, name = parts_of(member)
    folder, wanted = place.organisation(organisation), member_name(name)
    if force and request is None:
        raise Misused("--force is for --request: without it a certificate that is there is enrolled as it is")
    if request is not None:
        certificate = folder.sign_request(request, wanted, role, replace=force)
        output.done(f"signed {certificate}: give it to {member}, who enrols with it", certificate=str(certificate))
        return
    if not folder.member(name)[0].exists():
        folder.certify(wanted, role)
    certificate, key = place.member_files(member)
    if not read_member(MemberKey.read(certificate, key).certificate)[1].role.writes:
        text = f"{member} need not enrol: an auditor reads and writes nothing; it connects with {certificate}"
        output.done(text, member=member, certificate=str(certificate))
        return

    async def work() -> None:
        async with await connect(place, member) as ledger:
            receipt = await ledger.enrol()
            mine = (await ledger.whoami()).certificates
        if receipt.result is ResultCode.NO_OP:
            output.done(f"{member} was enrolled before", member=member, height=receipt.height)
        else:
            roles = ", ".join(sorted({one.role.value for one in mine}))
            output.done(
                f"{member} is enrolled as {roles}, in block {receipt.height}", member=member, height=receipt.height
            )

    run(work())


@organisations.command("list")
def list_organisations(home: Home = None, member: As = None, json: Json = False) -> None:
    """List the organisations, those that left too.

    Example: ichub ledger org list
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.organisations()
        rows = [
            {"organisation": one.organisation, "name": one.display_name, "joined": moment(one.joined_at),
             "authorities": one.authorities, "removed": one.removed}
            for one in found
        ]  # fmt: skip
        Output(json).rows("Organisations", rows, "no organisations")

    run(work())


@members.command("list")
def list_members(
    organisation: Annotated[str, typer.Argument(help="Whose members.")],
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """List the certificates of an organisation that were ever enrolled, and why one is refused now.

    Example: ichub ledger member list bank-a
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.certificates(organisation)
        rows = [
            {"member": f"{one.organisation}/{one.name}", "role": one.role.value, "until": moment(one.valid_until),
             "enrolled_in": one.enrolled_in, "certificate": one.fingerprint, "refused_for": one.refused_for}
            for one in found
        ]  # fmt: skip
        Output(json).rows(
            "Members", rows, f"{organisation} has no members yet: `ichub ledger enrol {organisation}/NAME`"
        )

    run(work())


@members.command("show")
def show_member(
    who: Annotated[str, typer.Argument(metavar="ORG/NAME", help="The member.")],
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Show a member: its account, its next nonce, its certificates.

    Example: ichub ledger member show bank-a/ann
    """
    organisation, name = parts_of(who)

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.member_info(organisation, name)
        row = {
            "member": found.member,
            "account": found.account,
            "nonce": found.nonce,
            "certificates": [
                f"{one.role.value} 0x{one.fingerprint.hex()} {one.refused_for}" for one in found.certificates
            ],
        }
        Output(json).record("Member", row)

    run(work())


@members.command("revoke")
def revoke_member(
    who: Annotated[str, typer.Argument(metavar="ORG/NAME", help="Whose certificate in the home is revoked.")],
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Revoke a member where its organisation's authority is kept: writes a newer revocation list, and brings it to the
    ledger. From the next transaction on that member is refused; what it did before stands.

    Example: ichub ledger member revoke bank-a/ann
    """
    output, place = Output(json), find_ledger_home(home)
    organisation, name = parts_of(who)
    folder = place.organisation(organisation)
    written = folder.revoke(folder.member(member_name(name))[0])

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            receipt = await ledger.submit([UpdateRevocations(written.read_bytes())])
        text = f"{who} is refused from block {receipt.height} on; the list is {written}"
        output.done(text, member=who, height=receipt.height, revocation_list=str(written))

    run(work())


@authorities.command("list")
def list_authorities(home: Home = None, member: As = None, json: Json = False) -> None:
    """List the authorities, by their identifiers, their newest revocation lists, and whether these are stale.

    Example: ichub ledger ca list
    """

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            found = await ledger.authorities()
        rows = [
            {"organisation": one.organisation, "authority": one.authority, "standing": one.standing.name.lower(),
             "root": one.root,
             "certificate": fingerprint(one.certificate),
             "revocations": "" if (known := one.revocations) is None
             else f"number {known.number}, {known.revoked} revoked{', stale' if known.stale else ''}"}
            for one in found
        ]  # fmt: skip
        Output(json).rows("Authorities", rows, "no authorities")

    run(work())


@authorities.command("publish-crl")
def publish_crl(
    revocation_list: Annotated[
        Path, typer.Argument(metavar="CRL", help="The authority's newer revocation list, DER or PEM.")
    ],
    at: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT", help="An address of a node that is open to all, and no certificate is shown there."
        ),
    ] = "",
    believe: Annotated[
        Path | None,
        typer.Option(
            metavar="PEM",
            help="By whom the node's certificate is believed. Default: the home's tls/authorities.pem.",
            show_default=False,
        ),
    ] = None,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Bring the ledger an authority's newer revocation list. Anyone may, for the authority's signature is what counts:
    an auditor, whoever was revoked, and with --at whoever has no certificate at all. The node puts it into a block.

    Example: ichub ledger ca publish-crl bank-a.crl

    Example: ichub ledger ca publish-crl bank-a.crl --at ledger.example:18601 --believe authorities.pem
    """
    from adapters.permissioned.ledger.publishing import publish_revocation_list  # noqa: PLC0415 -- see _der

    data, place = _der(revocation_list), find_ledger_home(home)
    certificate, key = (None, None) if at else place.member_files(who(place, member))
    target = require_endpoint(at) if at else place.config().ledger

    async def work() -> None:
        done = await publish_revocation_list(
            target, data, authorities=believe or place.authorities, certificate=certificate, key=key
        )
        text = "that list was known" if done.already_known else f"in force from block {done.height} on"
        Output(json).done(text, height=done.height, already_known=done.already_known)

    run(work())


def _der(path: Path) -> bytes:
    from cryptography import x509  # noqa: PLC0415 -- a quarter of a second that the other commands save
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    data = path.read_bytes()
    if not data.startswith(b"-----"):
        return data
    try:
        return x509.load_pem_x509_crl(data).public_bytes(serialization.Encoding.DER)
    except ValueError as error:
        raise Misused(f"{path} holds no revocation list ({error}): give the authority's CRL") from error

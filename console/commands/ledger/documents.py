"""``ichub ledger document``: notarise, countersign, revoke and verify documents."""

import re
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.documents.contract import status_at
from adapters.permissioned.ledger.documents.records import (
    ByHash,
    Document,
    Documents,
    DocumentType,
    Listing,
    Notarise,
    Revoke,
    Supersede,
    Verification,
)
from console.amounts import moment, parse_hex, parse_moment
from console.commands.ledger.invoking import invoke_and_tell, query_and_show, query_pages
from console.commands.ledger.options import As, DraftFile, Endorse, Home, Signing
from console.exits import Misused
from console.ledger_session import ledger_of
from console.options import Json
from console.output import Output
from console.session import run
from hub.quantities import UnixSeconds

app = typer.Typer(help="Documents: notarised by their hash, countersigned, verified.", no_args_is_help=True)

WHEN = "DATE|SECONDS"
Which = Annotated[str, typer.Argument(metavar="FILE|0xHASH", help="The document, or the sha256 of its bytes.")]


@app.command()
def notarise(
    document: Which,
    number: Annotated[str, typer.Option(help="The document's own number.")],
    type_: Annotated[
        DocumentType | None,
        typer.Option("--type", help="What it is. Default: as what it supersedes, else other.", show_default=False),
    ] = None,
    party: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="An organisation of the ledger, which may countersign, or anyone else; several times."
        ),
    ] = None,
    valid_from: Annotated[
        str, typer.Option(metavar=WHEN, help="Valid from then on. Default: from now on.", show_default=False)
    ] = "0",
    valid_until: Annotated[
        str, typer.Option(metavar=WHEN, help="And not any more from then. Default: no end.", show_default=False)
    ] = "0",
    supersedes: Annotated[
        str | None, typer.Option(metavar="FILE|0xHASH", help="An earlier version of it.", show_default=False)
    ] = None,
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Notarise a document: its hash goes onto the ledger.

    Never its content. Its issuer is the organisation of who acts. With --supersedes it takes the place of an earlier
    one of the same type and issuer.

    Times are dates of UTC (2026-12-31, 2026-12-31T18:00) or Unix seconds.

    Example: ichub ledger document notarise bl-4711.pdf --type bill-of-lading --number 4711 --party customs
    """
    previous = None if supersedes is None else hash_of(supersedes)
    kind = type_ or (DocumentType.OTHER if previous is None else _type_of(previous, Signing(home, member)))
    lasts = parse_moment(valid_from), parse_moment(valid_until)
    asked = Notarise(hash_of(document), kind, number, tuple(party or ()), *lasts)
    if previous is None:
        invoke_and_tell("documents", "notarise", write_json(asked), Signing(home, member, endorse, draft), json)
    else:
        replaced = Supersede(previous, asked)
        invoke_and_tell("documents", "supersede", write_json(replaced), Signing(home, member, endorse, draft), json)


@app.command()
def countersign(
    document: Which,
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Countersign a document as one of its parties.

    Example: ichub ledger document countersign bl-4711.pdf --as customs/admin
    """
    invoke_and_tell(
        "documents", "countersign", write_json(ByHash(hash_of(document))), Signing(home, member, endorse, draft), json
    )


@app.command()
def revoke(
    document: Which,
    reason: Annotated[str, typer.Option(help="Why, for all to read.")],
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    draft: DraftFile = None,
    json: Json = False,
) -> None:
    """Take a document back for good; its issuer may.

    Example: ichub ledger document revoke bl-4711.pdf --reason "goods returned"
    """
    invoke_and_tell(
        "documents",
        "revoke",
        write_json(Revoke(hash_of(document), reason)),
        Signing(home, member, endorse, draft),
        json,
    )


@app.command()
def verify(document: Which, home: Home = None, member: As = None, json: Json = False) -> None:
    """Is it notarised, by whom, and is it still valid?

    Example: ichub ledger document verify bl-4711.pdf
    """
    query_and_show("documents", "verify", write_json(ByHash(hash_of(document))), Signing(home, member), json)


@app.command("list")
def list_documents(
    issuer: Annotated[str | None, typer.Option(metavar="ORG", help="Those that it notarised.")] = None,
    type_: Annotated[DocumentType | None, typer.Option("--type", help="Those of a type.")] = None,
    party: Annotated[str | None, typer.Option(help="Those in which it is named.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """List documents: of an issuer, of a type, or with a party.

    In the order in which they were notarised. Without any of these: what one's own organisation notarised.

    Example: ichub ledger document list --party customs
    """
    asked = [("by_issuer", issuer), ("by_type", type_), ("by_party", party)]
    chosen = [(method, str(name)) for method, name in asked if name is not None]
    if len(chosen) > 1:
        raise Misused("documents are listed by one of --issuer, --type and --party: choose one")

    async def work() -> tuple[list[Document], UnixSeconds]:
        found: list[Document] = []
        async with ledger_of(home, member) as ledger:
            method, name = chosen[0] if chosen else ("by_issuer", ledger.member.partition("/")[0])
            async for page in query_pages(
                ledger, "documents", method, lambda size, token: Listing(name, size, token), Documents
            ):
                found += page.documents
                if len(found) >= limit:
                    break
            return found[:limit], (await ledger.status()).time

    found, now = run(work())
    rows = [
        {"number": one.number, "type": one.document_type.value, "issuer": one.issuer,
         "notarised": moment(one.notarised_at), "status": status_at(one, now).value, "document_hash": one.document_hash}
        for one in found
    ]  # fmt: skip
    Output(json).rows("Documents", rows, "none: `ichub ledger document notarise FILE --number NUMBER` notarises one")


def _type_of(document_hash: bytes, signing: Signing) -> DocumentType:
    """Of a document on the ledger; of one that is not there, any."""

    async def work() -> Verification:
        async with ledger_of(signing.home, signing.member) as ledger:
            answer = await ledger.query("documents", "verify", write_json(ByHash(document_hash)))
        found: Verification = read_json(Verification, answer)
        return found

    found = run(work()).document
    return DocumentType.OTHER if found is None else found.document_type


def hash_of(document: str) -> bytes:
    """The sha256 of a file, or the hash itself; raises Misused, OSError."""
    found = find_hash(document)
    return sha256(Path(document).read_bytes()).digest() if found is None else found


def find_hash(document: str) -> bytes | None:
    """The sha256 of a file, or the hash, with 0x or as `sha256sum` writes it; None where it is none. Raises Misused."""
    path = Path(document)
    if path.is_file():
        return sha256(path.read_bytes()).digest()
    if document.startswith("0x"):
        found = parse_hex(document, "a sha256")
        if len(found) != 32:
            raise Misused(f"{document} is no sha256: it has 32 bytes")
        return found
    return bytes.fromhex(document) if re.fullmatch(r"[0-9a-fA-F]{64}", document) else None

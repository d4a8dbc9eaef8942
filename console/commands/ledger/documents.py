"""``ichub ledger document``: notarise, countersign, revoke and verify documents."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.documents.records import ByHash, DocumentType, Notarise, Revoke, Supersede
from console.amounts import parse_hex
from console.commands.ledger.invoking import invoke_and_tell, query_and_show
from console.commands.ledger.options import As, Endorse, Home
from console.exits import Misused
from console.options import Json

app = typer.Typer(help="Documents: notarised by their hash, countersigned, verified.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="FILE|0xHASH", help="The document, or the sha256 of its bytes.")]


@app.command()
def notarise(
    document: Which,
    number: Annotated[str, typer.Option(help="The document's own number.")],
    type_: Annotated[DocumentType, typer.Option("--type", help="What it is.")] = DocumentType.OTHER,
    party: Annotated[list[str] | None, typer.Option(help="An organisation or another party; several times.")] = None,
    valid_until: Annotated[int, typer.Option(help="Unix seconds; 0: without end.")] = 0,
    supersedes: Annotated[str | None, typer.Option(help="An earlier version of it: FILE or 0xHASH.")] = None,
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    json: Json = False,
) -> None:
    """Notarise a document: its hash, never its content, goes onto the ledger.

    Example: ichub ledger document notarise bl-4711.pdf --type bill-of-lading --number 4711 --party customs
    """
    asked = Notarise(hash_of(document), type_, number, tuple(party or ()), 0, valid_until)
    if supersedes is None:
        invoke_and_tell("documents", "notarise", write_json(asked), home, member, json, endorse)
    else:
        replaced = Supersede(hash_of(supersedes), asked)
        invoke_and_tell("documents", "supersede", write_json(replaced), home, member, json, endorse)


@app.command()
def countersign(
    document: Which, home: Home = None, member: As = None, endorse: Endorse = None, json: Json = False
) -> None:
    """Countersign a document as one of its parties.

    Example: ichub ledger document countersign bl-4711.pdf --as customs/admin
    """
    invoke_and_tell("documents", "countersign", write_json(ByHash(hash_of(document))), home, member, json, endorse)


@app.command()
def revoke(
    document: Which,
    reason: Annotated[str, typer.Option(help="Why, for all to read.")],
    home: Home = None,
    member: As = None,
    endorse: Endorse = None,
    json: Json = False,
) -> None:
    """Take a document back for good; its issuer may.

    Example: ichub ledger document revoke bl-4711.pdf --reason "goods returned"
    """
    invoke_and_tell("documents", "revoke", write_json(Revoke(hash_of(document), reason)), home, member, json, endorse)


@app.command()
def verify(document: Which, home: Home = None, member: As = None, json: Json = False) -> None:
    """Is it notarised, by whom, and is it still valid?

    Example: ichub ledger document verify bl-4711.pdf
    """
    query_and_show("documents", "verify", write_json(ByHash(hash_of(document))), home, member, json)


def hash_of(document: str) -> bytes:
    """The sha256 of a file, or the hash itself; raises Misused."""
    if document.startswith("0x"):
        found = parse_hex(document, "a sha256")
        if len(found) != 32:
            raise Misused(f"{document} is no sha256: it has 32 bytes")
        return found
    return sha256(Path(document).read_bytes()).digest()

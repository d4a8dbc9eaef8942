"""``ichub ledger history``: who changed a record, under which certificate, in which block, endorsed by whom."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from adapters.permissioned.ledger.answers import RecordChange
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.rpc.errors import RecordHasNoHistory
from console.amounts import moment
from console.commands.ledger.documents import find_hash
from console.commands.ledger.options import As, Home
from console.exits import Misused, Refused
from console.ledger_session import ledger_of
from console.options import Json
from console.output import Output
from console.session import run


class Record(NamedTuple):
    """Where a record stands: its key as events tell it, parts joined by ``/``."""

    contract: str
    collection: str
    key: str

    def __str__(self) -> str:
        return "/".join(self)


def history(
    key: Annotated[
        list[str],
        typer.Argument(
            metavar="KEY",
            help="A document (FILE or its 0xHASH), a receivable's 0xID, or any record as CONTRACT/COLLECTION/KEY.",
        ),
    ],
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Show every change of a record, the oldest first: who made it, under which certificate, in which block, endorsed
    by whom.

    A record of a contract of your own is named whole, CONTRACT/COLLECTION/KEY or in three words; the parts of a key
    that has several are joined by /.

    Example: ichub ledger history bl-4711.pdf
    """
    named = records_named(key)

    async def work() -> dict[Record, tuple[RecordChange, ...]]:
        async with ledger_of(home, member) as ledger:
            return await _histories(ledger, named)

    found = run(work())
    output = Output(json)
    if json:
        output.rows("", [row for record, changes in found.items() for row in _rows(record, changes)], "")
        return
    for record, changes in found.items():
        output.record("", {"record": f"{record.contract}/{record.collection}", "key": record.key})
        for change in changes:
            output.record(f"\nBlock {change.height}, {moment(change.time)} UTC", _told(change))


def records_named(words: Sequence[str]) -> tuple[Record, ...]:
    """The records that may be meant, of which there will hardly be two: a hash is a document's or a receivable's.

    Raises Misused.
    """
    match words:
        case (contract, collection, key):
            return (Record(contract, collection, key),)
        case (word,) if (found := find_hash(word)) is not None:
            text = "0x" + found.hex()
            return Record("documents", "documents", text), Record("receivables", "receivables", text)
        case (word,) if len(parts := word.split("/", 2)) == 3 and all(parts):
            return (Record(*parts),)
    raise Misused(
        f"{' '.join(words)!r} names no record: give a document's file or 0xHASH, a receivable's 0xID, or "
        "CONTRACT/COLLECTION/KEY"
    )


async def _histories(ledger: LedgerClient, named: Sequence[Record]) -> dict[Record, tuple[RecordChange, ...]]:
    """Of those to which anything happened; raises Refused where that is none, RecordHasNoHistory."""
    found, missing = {}, []
    for record in named:
        try:
            found[record] = await ledger.history(*record)
        except RecordHasNoHistory as error:
            missing.append(error)
    if found:
        return found
    if len(missing) == 1:
        raise missing[0]
    text = f"nothing ever happened to {named[0].key}: it is neither a document nor a receivable of this ledger"
    raise Refused(text, missing[0].reason(), key=named[0].key)


def _rows(record: Record, changes: Sequence[RecordChange]) -> list[dict[str, object]]:
    return [
        {"record": str(record), "block": one.height, "time": moment(one.time), "change": one.kind.name.lower(),
         "by": one.caller, "method": one.method,
         "signed_by": [f"{each.member} 0x{each.certificate.hex()}" for each in one.signers],
         "value_hash": one.value_hash, "transaction": one.transaction_hash}
        for one in changes
    ]  # fmt: skip


def _told(change: RecordChange) -> dict[str, object]:
    """What fits on 80 columns: a certificate below whose it is."""
    author, *endorsers = change.signers or (None,)
    told: dict[str, object] = {"change": change.kind.name.lower().replace("_", " ")}
    if change.method:
        told["change"] = f"{change.method}: {told['change']}"
    told["by"] = change.caller
    if author is not None:
        carried = change.caller != author.member  # a relayer brought what another chain asked for
        told |= {"sent_by": author.member} if carried else {}
        told["certificate"] = author.certificate
    if endorsers:
        told["endorsed_by"] = [part for one in endorsers for part in (one.member, one.certificate)]
    return {**told, "value_hash": change.value_hash, "transaction": change.transaction_hash}

"""``ichub receipt``: a call's life in one file, which anyone can verify offline."""

from collections.abc import Sequence
from itertools import pairwise
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs

from console.chains import LedgerFile, find_chain, known_chains
from console.exits import CheckFailed, Misused
from console.home import NodeHome, find_home
from console.options import Home, Hub, Json
from console.output import Output
from console.session import hub_of, run
from console.statements import ASSUMED, anchor_rows, statement_row, step_rows, trust_rows
from hub.errors import HubError
from hub.receipts import receipt as receipts
from hub.receipts import trust as trusted
from hub.receipts.document import MAX_BYTES, document_hash, read_document, write_document
from hub.receipts.errors import AnchorMissing, ReceiptError
from hub.receipts.receipt import Receipt
from hub.receipts.statement import Statement
from hub.receipts.trust import Anchor, OwnChain, Trust
from hub.receipts.verification import verify as verify_receipt
from hub.rpc.errors import HubUnreachable
from relayers.fields import KeyPair

if TYPE_CHECKING:
    from console.earlier_sets import Followed
    from hub.client import HubClient

app = typer.Typer(
    help="""Receipts: what became of a call, in one file with every proof and signature, which anyone verifies offline.

    Write down once whom you trust (`ichub receipt trust`) and check that by other means; then `ichub receipt export` a
    call, hand the file on, and whoever has your trust file runs `ichub receipt verify` with no network at all.
    """,
    no_args_is_help=True,
)

_TRUST_ADVICE = (
    "the hub told this of itself: before you rest on it, compare genesis hash, routers, code hashes and signers with "
    "what their operators publish"
)


@app.command()
def export(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A packet (attested-0/in/5), or a request's or call's 0x identifier.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("receipt.json"),
    attestor: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST:PORT",
            help="Ask these for the header of an EVM chain's call that no message at the hub shows, for it never got "
            "there or came without its header; several times.",
        ),
    ] = None,
    attestor_certificate: Annotated[
        Path | None, typer.Option(help="Who signed the attestors' certificates, in one file. None: plain text.")
    ] = None,
    attestor_identity: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="CERT.pem KEY", help="What they are shown, where they require certificates."),
    ] = None,
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Write the receipt of a call: each packet, answer and event of it that the hub can still prove, and no other's.

    What is written has been verified as `ichub receipt verify` will. A call that is still on its way has a receipt as
    well; export it again when it is done.

    Example: ichub receipt export attested-0/in/1 --out receipt.json
    """
    output = Output(json)
    place = find_home(home)
    _refuse_existing(out)

    from console.chain_access import Attestors  # noqa: PLC0415  # as what follows
    from console.receipts import Collector, sent_by_chain, trust_of  # noqa: PLC0415  # it takes long to import
    from console.trace import Tracer  # noqa: PLC0415

    identity = None if attestor_identity is None else KeyPair(*attestor_identity)
    attestors = Attestors(attestor or (), attestor_certificate, identity)

    async def work(connection: "HubClient") -> tuple[Receipt, Trust]:
        packets, request = await Tracer(connection, known_chains(place)).resolve(name)
        call = next((packet for packet in packets if packet.inward), None)
        receipt = await Collector(connection, lambda what: output.note(f"collects {what}")).collect(call, request)
        if receipt.call is None and call is not None:
            ledgers = {one.client_at_hub: one for one in known_chains(place) if isinstance(one, LedgerFile)}
            chain = find_chain(place, call.client) if attestor else ledgers.get(call.client)
            if chain is not None:
                sent = await sent_by_chain(connection, chain, call, attestors)
                receipt = structs.replace(receipt, call=sent)
        return receipt, await trust_of(connection)

    async def connected() -> tuple[Receipt, Trust]:
        async with hub_of(place, hub) as connection:
            return await work(connection)

    with output.progress("collecting what proves the call"):
        receipt, trust = run(connected())
    data = write_document(receipts.FORMAT, receipt)
    try:
        told = verify_receipt(receipt, trust)
    except AnchorMissing as error:
        output.warn(f"{error}; the receipt is written, and can be verified with the trust file of that time")
        told = None
    out.write_bytes(data)
    if told is None:
        output.done(f"wrote {out}", file=str(out), receipt_hash=document_hash(data))
    else:
        _show(output, told, data)
        output.note(f"wrote {out}; `ichub receipt verify {out} --trust TRUST.json` needs no network")


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt.")],
    trust: Annotated[Path, typer.Option(metavar="TRUST.json", help="Whom you trust: `ichub receipt trust` wrote it.")],
    json: Json = False,
) -> None:
    """Verify a receipt with no network, and say what it proves, when, under whose signatures, and what that rests on.

    Exit code 0: all of it is proven. 5: it is not, and the part or field that does not hold is named. 2: the trust file
    is none.

    Example: ichub receipt verify receipt.json --trust trust.json
    """
    output = Output(json)
    anchors = _read_trust(trust)
    data = _read(file)
    try:
        told = verify_receipt(read_document(receipts.FORMAT, Receipt, data), anchors)
    except ReceiptError as error:
        raise CheckFailed(f"{file} is refused: {error}", error.reason(), **error.values()) from error
    _show(output, told, data)


@app.command()
def trust(
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = Path("trust.json"),
    join: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="TRUST.json", help="Keep what this older trust file says of earlier epochs; several times."
        ),
    ] = None,
    genesis: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="GENESIS.json",
            help="Of the hub, or of a ledger that `ichub chain add --ledger` connected: its validators of earlier "
            "epochs are then proven, each by the ones before; several times. The home's is looked at always.",
        ),
    ] = None,
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Write down who signs for the hub and for each chain now, as the hub tells it: what receipts will rest on.

    The hub is not believed for having said so: compare what is shown with what the operators of the hub, the attestors
    and the chains publish, before you rely on the file or give it to others. Validators of earlier epochs, the hub's
    and ledgers', are collected as well, where a genesis or an older trust file says who the first of them were. Of EVM
    chains the hub keeps the present attestors only: after these have changed, write a new file and --join the old, so
    that receipts of both times can be verified.

    Example: ichub receipt trust --out trust.json
    """
    output = Output(json)
    place = find_home(home)
    _refuse_existing(out)
    older = [_read_trust(path) for path in join or []]

    from console.earlier_sets import with_hub_sets  # noqa: PLC0415  # it takes long to import
    from console.receipts import trust_of  # noqa: PLC0415

    given = [_founders(file) for file in genesis or ()]
    at_home = [_founders(place.genesis_file)] if place.genesis_file.exists() else []
    firsts = [*given, *at_home, *(one for other in older for one in _own_chains(other))]

    unproven: list[str] = []

    async def work() -> Trust:
        async with hub_of(place, hub) as connection:
            told = await trust_of(connection)
            _refuse_others(given, told)
            if (first := _earliest(told.hub[-1], firsts)) is not None:
                present = told.hub[-1].epoch
                told, reached = await with_hub_sets(connection, told, first)
                unproven.extend(_unproven("the hub", reached, present))
        for anchor in told.chains:
            if isinstance(anchor.chain, OwnChain) and (first := _earliest(anchor.chain, firsts)) is not None:
                told, reached = await _with_ledger(place, told, anchor, first, output)
                unproven.extend(_unproven(anchor.client, reached, anchor.chain.epoch))
        return told

    with output.progress("reading the hub's clients"):
        found = run(work())
    for other in older:
        found = other.joined(found)
    data, missing = write_document(trusted.FORMAT, found), _missing(found)
    out.write_bytes(data)
    if json:
        done = {"file": str(out), "trust_hash": document_hash(data), "anchors": trust_rows(found), "missing": missing}
        output.record("", {**done, "unproven": unproven, "advice": _TRUST_ADVICE})
        return
    output.rows("", trust_rows(found), "")
    output.done(f"wrote {out}; its hash is 0x{document_hash(data).hex()}")
    for warning in filter(None, (missing, *unproven)):
        output.warn(warning)
    output.warn(_TRUST_ADVICE)


def _show(output: Output, told: Statement, data: bytes) -> None:
    call = statement_row(told, document_hash(data))
    proven, rests_on = step_rows(told.steps), anchor_rows(told)
    if output.as_json:
        rest = {"proven": proven, "rests_on": rests_on, "assumes": ASSUMED, "not_proven": told.not_proven}
        output.record("", {**call, **rest})
        return
    output.record("The call", {name: readable(value) for name, value in call.items()})
    output.rows("\nWhat is proven", [_shorter(row) for row in proven], "")
    output.rows("\nWhat it rests on", rests_on, "")
    output.rows("", [{"and_on_this": sentence} for sentence in ASSUMED], "")
    output.rows("\nWhat is not proven", [{"": sentence} for sentence in told.not_proven], "")


def readable(value: object) -> object:
    """JSON as its text: a hub account's answer is told as bytes by the statement, for how it reads is not proven."""
    match value:
        case dict():
            return {name: readable(one) for name, one in value.items()}
        case str() if value.startswith("0x7b"):  # {
            try:
                text = bytes.fromhex(value[2:]).decode()
                loads(text)
            except (ValueError, RecursionError):  # not JSON, or nested to mislead
                return value
            return text
        case _:
            return value


def _shorter(row: dict[str, object]) -> dict[str, object]:
    """Without what programs compare, and people read in the table of anchors."""
    return {name: value for name, value in row.items() if name not in {"block_hash", "signers"}}


async def _with_ledger(place: NodeHome, told: Trust, anchor: Anchor, first: OwnChain, output: Output) -> "Followed":
    """With the earlier sets of the ledger behind an anchor, where a node of it that shows them is known."""
    from console.chain_access import ledger_client  # noqa: PLC0415  # it takes long to import
    from console.earlier_sets import Followed, with_ledger_sets  # noqa: PLC0415

    known = {one.client_at_hub: one for one in known_chains(place) if isinstance(one, LedgerFile)}
    if anchor.client not in known or first.epoch == anchor.chain.epoch:
        return Followed(told, first.epoch)
    try:
        async with await ledger_client(known[anchor.client]) as ledger:
            return await with_ledger_sets(ledger, told, anchor, first)
    except HubUnreachable as error:
        output.warn(f"{error}; its validators of earlier epochs are not looked for")
        return Followed(told, first.epoch)


def _founders(file: Path) -> OwnChain:
    """The hub or a ledger in its first epoch, as its genesis says; raises Misused."""
    from console.earlier_sets import founders  # noqa: PLC0415  # it takes long to import

    try:
        return founders(file.read_bytes())
    except HubError as error:
        raise Misused(f"{file} is no genesis of a hub or a ledger: {error}", error.reason()) from error


def _refuse_others(given: Sequence[OwnChain], told: Trust) -> None:
    """Raises Misused for a genesis that is of no chain here."""
    here = {one.genesis_hash for one in _own_chains(told)}
    for one in given:
        if one.genesis_hash not in here:
            raise Misused(f"the genesis of {one.chain}, 0x{one.genesis_hash.hex()}, is of no chain of this hub")


def _own_chains(trust: Trust) -> list[OwnChain]:
    return [*trust.hub, *(one.chain for one in trust.chains if isinstance(one.chain, OwnChain))]


def _earliest(present: OwnChain, known: Sequence[OwnChain]) -> OwnChain | None:
    """The earliest that is known of the same chain."""
    same = [one for one in known if (one.chain, one.genesis_hash) == (present.chain, present.genesis_hash)]
    return min(same, key=lambda one: one.epoch, default=None)


def _missing(found: Trust) -> str:
    """Which epochs the file does not know; empty where it knows them all."""
    known: dict[str, set[int]] = {"the hub": {one.epoch for one in found.hub}}
    for anchor in found.chains:
        known.setdefault(anchor.client, set()).add(anchor.chain.epoch)
    missing = [
        f"{whose} of epoch {', '.join(gaps)}" for whose, epochs in known.items() if (gaps := _gaps(sorted(epochs)))
    ]
    if not missing:
        return ""
    return (
        f"who signed then is not in the file: {'; '.join(missing)}. Give the genesis of the hub or the ledger with "
        "--genesis, or --join a trust file of that time"
    )


def _gaps(epochs: Sequence[int]) -> list[str]:
    """What is left out from the first epoch on; never counted up, for who told the last may lie."""
    around = ((below + 1, above - 1) for below, above in pairwise((0, *epochs)) if above > below + 1)
    return [f"{first}" if first == last else f"{first} to {last}" for first, last in around]


def _unproven(whose: str, reached: int, present: int) -> list[str]:
    """What is said of present validators to which no hand-over leads from those of epoch ``reached``."""
    said = (
        f"no hand-over was shown from the validators of {whose} of epoch {reached} to those of epoch {present}: that "
        "these sign now is what the hub told, and nothing that the earlier ones proved"
    )
    return [] if reached == present else [said]


def _read_trust(path: Path) -> Trust:
    try:
        return read_document(trusted.FORMAT, Trust, _read(path))
    except ReceiptError as error:
        raise Misused(f"{path} is no trust file: {error}", error.reason(), **error.values()) from error


def _read(path: Path) -> bytes:
    """Not more than may be a document."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise Misused(f"{path} is there already: name another with --out, or remove it first")

"""``ichub ledger endorse`` and ``submit``: what members sign where their keys are, before one of them sends it."""

import json as json_text
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger.answers import CertificateInfo
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.values import MAX_DEPTH
from adapters.permissioned.ledger.draft_errors import DraftExpired, DraftMalformed
from adapters.permissioned.ledger.drafts import (
    Draft,
    check,
    invocations,
    joined,
    member_of,
    read_draft,
    read_transaction,
    send,
    write_draft,
)
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.certificates import read_member
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.refusals import AuditorWrites, SignedTwice
from console.amounts import LATEST_MOMENT, moment
from console.commands.ledger.invoking import endorsement_explained
from console.commands.ledger.options import As, Home
from console.exits import Misused, Refused
from console.keystore import write_private
from console.ledger_home import find_ledger_home
from console.ledger_session import connect, ledger_of, who
from console.options import Json
from console.output import Output
from console.session import run
from hub.errors import HubError
from hub.quantities import UnixSeconds
from hub.receipts.document import MAX_BYTES
from hub.services.errors import InvalidJson
from hub.services.json_text import JsonValue, parse


def endorse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The draft, as its author sent it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Sign without being asked, having looked at it before.")] = False,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Show what a draft asks for, and who has signed it; then sign it as a member whose key is in the home. The
    signature is added to FILE, which goes back to the author or on to whoever signs next.

    A command with `--draft FILE` writes a draft. What is signed is just what is shown: a draft that holds anything
    else, was changed after its author signed, is of another ledger, or cannot be sent any more is refused.

    Example: ichub ledger endorse release.json --as bank-b/ann
    """
    output, place = Output(json), find_ledger_home(home)
    me, draft = who(place, member), _read(file)
    key = MemberKey.read(*place.member_files(me))
    if not read_member(key.certificate)[1].role.writes:
        raise AuditorWrites(me)

    async def look() -> tuple[CertificateInfo, ...]:
        async with await connect(place, me) as ledger:
            signers = await _check(draft, ledger)
            await ledger.certificate(key.fingerprint)  # who is not enrolled signs nothing that the ledger takes
        if me in map(member_of, signers):
            raise SignedTwice(me)
        return signers

    signers = run(look())
    told = shown(draft, signers)
    if not (json and yes):
        output.record("", told)
    if not yes:
        _ask(file, me, json)

    signed = draft.signed_also(key.sign(draft.genesis_hash, draft.body))
    write_private(file, write_draft(signed))
    output.done(f"signed {file} as {me}: send it back, or on to who signs next", file=str(file), signed_as=me, **told)


def submit(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="The draft; or the copies that came back, each signed.")
    ],
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Send a draft that all have signed. Copies of one draft that were signed at the same time are put together. Any
    member may send it: it counts as its author's.

    Example: ichub ledger submit release.json release-of-bank-b.json
    """
    draft = joined([_read(file) for file in files])

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            signers = await _check(draft, ledger)
            first, *more = invocations(draft)
            with endorsement_explained(
                {one.fingerprint: member_of(one) for one in signers}, "let them `ichub ledger endorse` the draft"
            ):
                receipt = await send(draft, signers, ledger)
        named = f"{first.contract}.{first.method}"
        done = f"{named} and {len(more)} more stand" if more else f"{named} stands"
        Output(json).done(f"done: {done} in block {receipt.height}", height=receipt.height, transaction=receipt.hash)

    run(work())


def _read(file: Path) -> Draft:
    """Not more than may be one; raises Refused, which names the file."""
    with file.open("rb") as opened:
        data = opened.read(MAX_BYTES + 1)
    try:
        return read_draft(data)
    except HubError as error:
        raise Refused(f"{file}: {error}", error.reason(), **error.values()) from error


async def _check(draft: Draft, ledger: LedgerClient) -> tuple[CertificateInfo, ...]:
    now = UnixSeconds(max((await ledger.status()).time, int(time.time())))
    try:
        return await check(draft, ledger, now)
    except DraftExpired as error:
        text = f"the draft could be sent until {moment(error.expiry)} UTC: ask its author for a new one"
        raise Refused(text, error.reason(), **error.values()) from error


def _ask(file: Path, member: str, as_json: bool) -> None:
    if as_json or not sys.stdin.isatty():
        raise Misused(f"{file} is not signed: nobody can be asked here. Add --yes, once you have looked at it")
    if not typer.confirm(f"Sign this as {member}?", err=True):
        raise Misused(f"{file} is not signed", "NOT_SIGNED")


def shown(draft: Draft, signers: Sequence[CertificateInfo]) -> dict[str, object]:
    """All that is signed, for a person to read; raises DraftMalformed."""
    transaction = read_transaction(draft)
    what = [line for message in invocations(draft) for line in _invocation(message)]
    return {
        "author": transaction.author,
        "ledger": plain(transaction.chain_id),
        "genesis_hash": draft.genesis_hash,
        "until": f"{moment(transaction.expiry)} UTC",
        "nonce": transaction.nonce,
        "asks_for": what,
        "signed_by": [f"{member_of(one)}, {one.role.value}" for one in signers],
    }


def _invocation(message: InvokeContract) -> Iterator[str]:
    """``contract.method``, then its arguments, one a line."""
    yield f"{plain(message.contract)}.{plain(message.method)}"
    try:
        arguments = parse(message.arguments, MAX_DEPTH)
    except InvalidJson as error:
        raise DraftMalformed(f"the arguments of {plain(message.method)} are no JSON: {error.rule}") from error
    yield from (f"  {line}" for line in _lines("", arguments))


def _lines(name: str, value: JsonValue) -> Iterator[str]:
    match value:
        case dict() if value:
            for field, one in value.items():
                part = field if _NAME.fullmatch(field) else json_text.dumps(field)
                yield from _lines(f"{name}.{part}" if name else part, one)
        case list() if value:
            for at, one in enumerate(value, 1):
                yield from _lines(f"{name} {at}", one)
        case _:
            yield f"{name} {_scalar(name, value)}".strip()


def _scalar(name: str, value: JsonValue) -> str:
    match value:
        case str() if _NUMBER.fullmatch(value):
            is_moment = name.endswith(("_at", "_from", "_until")) and len(value) <= _MOMENT_DIGITS
            return f"{moment(int(value))} UTC ({value})" if is_moment and 0 < int(value) <= LATEST_MOMENT else value
        case str() if value and not _AMBIGUOUS.search(value):
            return plain(value)
        case _:
            return json_text.dumps(value)


def plain(text: str) -> str:
    """Text of others that can neither move a terminal's cursor nor look like a line of ours: what does not print is
    escaped.
    """
    return text if text.isprintable() else json_text.dumps(text)


_NAME = re.compile("[A-Za-z0-9_-]+")
_NUMBER = re.compile("[0-9]+")
_AMBIGUOUS = re.compile(r'^(?:null|true|false|\[\]|\{\})$|^[" ]| $| UTC \(\d+\)$')
"""Text that, without its quotes, would read as something else."""
_MOMENT_DIGITS = 12

"""What commands do that invoke a contract or ask one: sign with all who endorse, send, tell; ask and show."""

from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from adapters.permissioned.ledger.client import Endorse as Endorsing
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.errors import BoundExceeded, EndorsementMissing
from adapters.permissioned.ledger.contracts.policy import named_organisations, parse_policy
from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.drafts import VALID_SECONDS, Draft, read_transaction, write_draft
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.errors import CertificateUnknown
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.transactions import MemberSignature
from console.amounts import moment
from console.commands.ledger.options import Signing
from console.exits import Misused, Refused
from console.keystore import write_private
from console.ledger_home import find_ledger_home
from console.ledger_session import ledger_of
from console.output import Output
from console.session import run
from hub.errors import HubError
from hub.quantities import Hash


class Paged(Protocol):
    """A page of what a contract lists."""

    @property
    def next_token(self) -> bytes: ...


Page = TypeVar("Page", bound=Paged)

_MOST_ON_A_PAGE = 100
"""As the contracts that ship with the ledger have it."""


def invoke_and_tell(
    contract: str, method: str, arguments: bytes, signing: Signing, as_json: bool, *, then: str = ""
) -> None:
    """Have it signed by all who endorse it, invoke, and say where it stands; or write all that into a draft.

    ``then``: the query of the same arguments whose answer is told besides.
    """
    output, message = Output(as_json), InvokeContract(contract, method, arguments)
    place = find_ledger_home(signing.home)
    endorsers = [MemberKey.read(*place.member_files(name)) for name in signing.endorse or ()]
    if signing.draft is not None:
        _draft_and_tell(message, signing, endorsers, signing.draft, output)
        return

    async def work() -> None:
        async with ledger_of(signing.home, signing.member) as ledger:
            asked = [(one.fingerprint, _endorsing(one, ledger.genesis_hash)) for one in endorsers]
            with endorsement_explained({one.fingerprint: one.member for one in endorsers}):
                receipt = await ledger.submit([message], endorse=asked)
            told = await _asked(ledger, contract, then, arguments) if then else {}
        text = f"done: {contract}.{method} stands in block {receipt.height}"
        output.done(text, height=receipt.height, transaction=receipt.hash, **told)
        if told and not as_json:
            output.record("", for_people(told))

    run(work())


def _draft_and_tell(
    message: InvokeContract, signing: Signing, endorsers: Sequence[MemberKey], file: Path, output: Output
) -> None:
    """What it would be refused for as it is signed now is said, and no hindrance: others are yet to sign."""
    if file.exists():
        raise Misused(f"{file} is there already: name another with --draft, or remove it first")

    async def work() -> Draft:
        async with ledger_of(signing.home, signing.member) as ledger:
            body = await ledger.draft([message], valid_seconds=VALID_SECONDS)
            try:
                await ledger.simulate([message], endorsers=[one.fingerprint for one in endorsers])
            except HubError as error:
                output.note(f"signed by these alone it would be refused: {error}")
            others = [one.sign(ledger.genesis_hash, body) for one in endorsers]
            return Draft(ledger.genesis_hash, body, (ledger.endorse(body), *others))

    draft = run(work())
    write_private(file, write_draft(draft))
    expiry = read_transaction(draft).expiry
    text = (
        f"wrote {file}, signed: whoever else must sign does so with `ichub ledger endorse {file}`; then any member "
        f"sends it with `ichub ledger submit {file}`, until {moment(expiry)} UTC"
    )
    output.done(text, file=str(file), expires=expiry)
    output.note(f"whatever {read_transaction(draft).author} sends before uses it up: it has that member's next nonce")


def _endorsing(key: MemberKey, genesis_hash: Hash) -> Endorsing:
    async def sign(body: bytes) -> MemberSignature:
        return key.sign(genesis_hash, body)

    return sign


@contextmanager
def endorsement_explained(
    endorsers: Mapping[bytes, str], how: str = "add --endorse ORG/NAME for each that must sign"
) -> Iterator[None]:
    """Says whose signatures a policy could still count, and which endorser is not enrolled; raises Refused."""
    try:
        yield
    except EndorsementMissing as error:
        signed = error.endorsers.split(", ")
        missing = [name for name in named_organisations(parse_policy(error.policy)) if name not in signed]
        text = f"{error}, not of {', '.join(missing)}: {how}"
        raise Refused(text, error.reason(), **error.values()) from error
    except CertificateUnknown as error:
        member = endorsers.get(error.fingerprint)
        if member is None:
            raise
        text = f"{member} cannot endorse before it is enrolled: `ichub ledger enrol {member}`"
        raise Refused(text, error.reason(), **error.values()) from error


def query_and_show(contract: str, method: str, arguments: bytes, signing: Signing, as_json: bool) -> None:
    """Ask, and show the answer field by field."""

    async def work() -> None:
        async with ledger_of(signing.home, signing.member) as ledger:
            told = await _asked(ledger, contract, method, arguments)
        Output(as_json).record(f"{contract}.{method}", told if as_json else for_people(told))

    run(work())


async def _asked(ledger: LedgerClient, contract: str, method: str, arguments: bytes) -> dict[str, Any]:
    answer: Any = msgspec.json.decode(await ledger.query(contract, method, arguments))
    return answer if isinstance(answer, dict) else {"answer": answer}


async def query_pages(
    ledger: LedgerClient, contract: str, method: str, listing: Callable[[int, bytes], object], page: type[Page]
) -> AsyncGenerator[Page, None]:
    """All pages of a list, each as long as an answer's bound lets it be. ``listing``: what asks for so many records,
    from a token on.
    """
    size, token = _MOST_ON_A_PAGE, b""
    while True:
        try:
            data = await ledger.query(contract, method, write_json(listing(size, token)))
        except BoundExceeded:  # whoever wrote much into a few records would keep all from reading the others
            if size == 1:
                raise
            size //= 2
            continue
        answer: Page = read_json(page, data)
        yield answer
        token = answer.next_token
        if not token:
            return


def for_people(answer: dict[str, Any]) -> dict[str, Any]:
    """Times as dates, no bytes as nothing; a record within it field by field, after what stands beside it, and of
    records within records what says nothing is left out.
    """
    told = {name: _readable(name, value) for name, value in answer.items()}
    plain = {name: value for name, value in told.items() if not isinstance(value, dict)}
    return plain | {name: one for value in told.values() if isinstance(value, dict) for name, one in value.items()}


def _readable(name: str, value: Any) -> Any:
    match value:
        case dict():
            inner = {field: _readable(field, one) for field, one in value.items()}
            return {field: one for field, one in inner.items() if one not in ("", [], {}) and one is not None}
        case list():
            return [_readable(name, one) for one in value]
        case "0x":
            return ""
        case str() if len(value) <= _DIGITS and value.isascii() and value.isdecimal() and name.endswith(_MOMENTS):
            return moment(int(value))
        case _:
            return value


_MOMENTS = ("_at", "_from", "_until", "_since", "since", "at")
"""How fields of Unix seconds are called."""
_DIGITS = 20
"""Of 2^64 - 1: a longer text is no number of seconds, whatever its field is called."""

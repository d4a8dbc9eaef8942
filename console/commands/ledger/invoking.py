"""What commands do that invoke a contract or ask one: sign with all who endorse, send, tell; ask and show."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from adapters.permissioned.ledger.client import Endorse as Endorsing
from adapters.permissioned.ledger.contracts.errors import EndorsementMissing
from adapters.permissioned.ledger.contracts.policy import named_organisations, parse_policy
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.errors import CertificateUnknown
from adapters.permissioned.ledger.messages import InvokeContract
from adapters.permissioned.ledger.transactions import MemberSignature
from console.amounts import moment
from console.exits import Refused
from console.ledger_home import find_ledger_home
from console.ledger_session import connect, ledger_of, who
from console.output import Output
from console.session import run
from hub.quantities import Hash


def invoke_and_tell(
    contract: str,
    method: str,
    arguments: bytes,
    home: Path | None,
    member: str | None,
    as_json: bool,
    endorse: list[str] | None,
) -> None:
    """Have it signed by all who endorse it, invoke, and say where it stands."""

    async def work() -> None:
        place = find_ledger_home(home)
        endorsers = [MemberKey.read(*place.member_files(name)) for name in endorse or ()]
        async with await connect(place, who(place, member)) as ledger:
            asked = [(one.fingerprint, _endorsing(one, ledger.genesis_hash)) for one in endorsers]
            with _endorsement_explained(endorsers):
                receipt = await ledger.submit([InvokeContract(contract, method, arguments)], endorse=asked)
        text = f"done: {contract}.{method} stands in block {receipt.height}"
        Output(as_json).done(text, height=receipt.height, transaction=receipt.hash)

    run(work())


def _endorsing(key: MemberKey, genesis_hash: Hash) -> Endorsing:
    async def sign(body: bytes) -> MemberSignature:
        return key.sign(genesis_hash, body)

    return sign


@contextmanager
def _endorsement_explained(endorsers: Sequence[MemberKey]) -> Iterator[None]:
    """Says whose signatures a policy could still count, and which endorser is not enrolled; raises Refused."""
    try:
        yield
    except EndorsementMissing as error:
        signed = error.endorsers.split(", ")
        missing = [name for name in named_organisations(parse_policy(error.policy)) if name not in signed]
        text = f"{error}, not of {', '.join(missing)}: add --endorse ORG/NAME for each that must sign"
        raise Refused(text, error.reason(), **error.values()) from error
    except CertificateUnknown as error:
        for one in endorsers:
            if one.fingerprint == error.fingerprint:
                text = f"{one.member} cannot endorse before it is enrolled: `ichub ledger enrol {one.member}`"
                raise Refused(text, error.reason(), **error.values()) from error
        raise


def query_and_show(
    contract: str, method: str, arguments: bytes, home: Path | None, member: str | None, as_json: bool
) -> None:
    """Ask, and show the answer field by field."""

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            answer: Any = msgspec.json.decode(await ledger.query(contract, method, arguments))
        told = answer if isinstance(answer, dict) else {"answer": answer}
        Output(as_json).record(f"{contract}.{method}", told if as_json else _for_people(told))

    run(work())


def _for_people(answer: dict[str, Any]) -> dict[str, Any]:
    """Times as dates, no bytes as nothing; within records what says nothing is left out."""
    return {name: _readable(name, value) for name, value in answer.items()}


def _readable(name: str, value: Any) -> Any:
    match value:
        case dict():
            inner = {field: _readable(field, one) for field, one in value.items()}
            return {field: one for field, one in inner.items() if one not in ("", [], {}) and one is not None}
        case list():
            return [_readable(name, one) for one in value]
        case "0x":
            return ""
        case str() if value.isdigit() and name.endswith(("_at", "_from", "_until")):
            return moment(int(value))
        case _:
            return value

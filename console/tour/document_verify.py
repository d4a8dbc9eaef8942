"""A contract on chain a asks the ledger what a bill of lading is worth: valid, and by whom; revoked, once it is."""

from typing import NamedTuple

from adapters.permissioned.ledger.documents.records import Revoke
from console.devnet.contracts import Deployed
from console.tour.market import FEE, Call
from console.tour.outcome import require
from console.tour.stage import Stage
from console.tour.trade import bill_of_lading, invoke, open_consignee

ISSUER = "carrier/ann"
_REASON = "the goods were released to another"
_ANSWER_WITHIN = 120


class Answer(NamedTuple):
    """What the consignee kept of a call."""

    times: int
    code: int
    valid: bool
    status: str
    issuer: str
    notarised_by: str
    reason: str


async def document_verify(stage: Stage) -> str:
    issuer = await stage.trade.member(ISSUER)
    consignee = await open_consignee(stage.a, stage.hub, stage.operator)
    bill = bill_of_lading("HLCU-4711")
    await invoke(issuer, "documents", "notarise", bill)
    call, valid = await _ask(stage, consignee, bill.document_hash)
    require(valid.valid and valid.status == "valid", f"{valid.status!r} came before the revocation")
    by = f"{valid.issuer}/{valid.notarised_by}"
    require(by == ISSUER, f"{by} is named as the issuer, not {ISSUER}")
    stage.trade.verified = call
    await invoke(issuer, "documents", "revoke", Revoke(bill.document_hash, _REASON))
    _, revoked = await _ask(stage, consignee, bill.document_hash)
    require(not revoked.valid and revoked.status == "revoked", f"{revoked.status!r} came after the revocation")
    require(revoked.reason == _REASON, f"{revoked.reason!r} came as the reason")
    asked = f"a contract on {stage.a.chain.name} asked"
    return f"{asked}: valid, by {by}; after the revocation: revoked ({revoked.reason})"


async def _ask(stage: Stage, consignee: Deployed, document_hash: bytes) -> tuple[Call, Answer]:
    (call,) = stage.a.calls_in(await consignee.send("ask", document_hash, _ANSWER_WITHIN, FEE))

    async def answer() -> Answer:
        return Answer(*await consignee.read("outcome", call.call_id))

    async def answered() -> bool:
        return (await answer()).times > 0

    await stage.until("the consignee has its answer", answered, _ANSWER_WITHIN)
    found = await answer()
    require(found.times == 1 and found.code == 200, f"{found.times} outcomes came, {found.code} {found.reason!r}")
    return call, found

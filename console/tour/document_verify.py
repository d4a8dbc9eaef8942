"""A contract on chain a asks the ledger what a bill of lading is worth: valid, and by whom; revoked, once it is."""

from typing import NamedTuple

from adapters.permissioned.ledger.documents.records import Revoke
from console.tour.asking import ask_ledger
from console.tour.outcome import require
from console.tour.stage import Stage
from console.tour.trade import bill_of_lading, invoke, open_asker

ISSUER = "carrier/ann"
_REASON = "the goods were released to another"


class Verified(NamedTuple):
    """What the consignee kept of an answer."""

    valid: bool
    status: str
    issuer: str
    notarised_by: str
    reason: str


async def document_verify(stage: Stage) -> str:
    issuer = await stage.trade.member(ISSUER)
    consignee = await open_asker("Consignee", stage.a, stage.hub, stage.operator)
    bill = bill_of_lading("HLCU-4711")
    await invoke(issuer, "documents", "notarise", bill)
    call, told = await ask_ledger(stage, consignee, bill.document_hash)
    valid = Verified(*told)
    require(valid.valid and valid.status == "valid", f"{valid.status!r} came before the revocation")
    by = f"{valid.issuer}/{valid.notarised_by}"
    require(by == ISSUER, f"{by} is named as the issuer, not {ISSUER}")
    stage.trade.verified = call
    await invoke(issuer, "documents", "revoke", Revoke(bill.document_hash, _REASON))
    _, told = await ask_ledger(stage, consignee, bill.document_hash)
    revoked = Verified(*told)
    require(not revoked.valid and revoked.status == "revoked", f"{revoked.status!r} came after the revocation")
    require(revoked.reason == _REASON, f"{revoked.reason!r} came as the reason")
    asked = f"a contract on {stage.a.chain.name} asked"
    return f"{asked}: valid, by {by}; after the revocation: revoked ({revoked.reason})"

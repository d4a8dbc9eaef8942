"""A member is revoked by its organisation's authority: the next transaction is refused, though it was signed before.
What the member did earlier still stands, with its history.
"""

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.documents.records import ByHash, Notarise, Status, Verification
from adapters.permissioned.ledger.membership.errors import CertificateRevoked
from adapters.permissioned.ledger.messages import InvokeContract, UpdateRevocations
from console.tour.hostile import refused
from console.tour.outcome import require
from console.tour.stage import Stage
from console.tour.trade import bill_of_lading, invoke

_MEMBER = "carrier/ben"
_OTHER = "bank-b/bea"
"""Of another organisation: whoever has a newer list may bring it."""


async def member_revoked(stage: Stage) -> str:
    ben, other = await stage.trade.member(_MEMBER), await stage.trade.member(_OTHER)
    bill, late = bill_of_lading("HLCU-4712"), bill_of_lading("HLCU-4713")
    await invoke(ben, "documents", "notarise", bill)
    signed = await ben.draft([InvokeContract("documents", "notarise", write_json(late))])
    organisation, _, name = _MEMBER.partition("/")
    folder = stage.network.layout.ledger.organisation(organisation)
    revocations = folder.revoke(folder.member(name)[0])
    receipt = await other.submit([UpdateRevocations(revocations.read_bytes())])
    refusal = await refused("a revoked member's transaction", ben.submit_endorsed(signed, []), CertificateRevoked)
    require((await _verified(other, late)).status is Status.UNKNOWN, "the refused document was notarised")
    found = await _verified(other, bill)
    require(found.status is Status.VALID, f"the earlier document is {found.status}")
    history = await other.history("documents", "documents", "0x" + bill.document_hash.hex())
    made = [(change.caller, change.method, change.height < receipt.height) for change in history]
    require(made == [(_MEMBER, "notarise", True)], f"its history is {made}")
    return f"{_MEMBER} revoked in block {receipt.height}: refused ({refusal}); what was notarised before is still valid"


async def _verified(member: LedgerClient, bill: Notarise) -> Verification:
    asked = write_json(ByHash(bill.document_hash))
    found: Verification = read_json(Verification, await member.query("documents", "verify", asked))
    return found

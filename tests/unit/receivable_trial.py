"""The contract ``receivables`` on trial: an invoice, and what two banks do with it."""

from adapters.permissioned.ledger.contracts.trial import Trial, as_caller
from adapters.permissioned.ledger.contracts.values import read_json
from adapters.permissioned.ledger.identities import MemberRole
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import ById, Registration, Standing

A, B = "bank-a/ben", "bank-b/bea"


def invoice(**changes: object) -> Receivable:
    fields: dict[str, object] = {
        "seller": "DE 811 128 135",
        "buyer": "91310000MA1FL1X00X",
        "number": "INV-2026/0042",
        "amount": 1_250_000,
        "currency": "EUR",
        "issued_on": "2026-11-02",
    }
    return Receivable(**{**fields, **changes})  # type: ignore[arg-type]  # a table of fields, some of which are changed


def identifier(**changes: object) -> bytes:
    return identify(invoice(**changes)).receivable_id


def register(trial: Trial, caller: str = A, **changes: object) -> Registration:
    found: Registration = read_json(
        Registration, trial.invoke("receivables", "register", invoice(**changes), caller=caller)
    )
    return found


def status(trial: Trial, receivable_id: bytes, caller: str = A, role: MemberRole = MemberRole.MEMBER) -> Standing:
    return trial.query("receivables", "status", ById(receivable_id), Standing, caller=as_caller(caller, role))

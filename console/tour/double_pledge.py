"""Two banks want to finance one receivable at the same moment: one of them does. The same one written otherwise is
found out, and so is one that is much like it. A contract on chain a that might lend on it asks the ledger first.
"""

import asyncio
from typing import TypeVar

import msgspec

from adapters.permissioned.ledger.answers import Receipt
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.values import Record, read_json, write_json
from adapters.permissioned.ledger.receivables.errors import AlreadyFinanced, AlreadyRegistered, NearDuplicatesPledged
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import ById, Likeness, Pledge, Registration, Standing, State
from console.tour.asking import ask_ledger
from console.tour.hostile import refused
from console.tour.outcome import StepFailed, require
from console.tour.stage import Stage
from console.tour.trade import invoke, open_asker

R = TypeVar("R", bound=Record)

_BANKS = ("bank-a/bo", "bank-b/bea")
_INVOICE = Receivable("9131000X", "9144000Y", "INV-2026/0042", 125_000_00, "CNY", "2026-03-01")
_WRITTEN_OTHERWISE = msgspec.structs.replace(_INVOICE, number="inv 2026 0042")
_ALMOST_THE_SAME = msgspec.structs.replace(_INVOICE, number="INV-2026/0042-B", issued_on="2026-03-02")


async def double_pledge(stage: Stage) -> str:
    one, other = [await stage.trade.member(name) for name in _BANKS]
    financier = await open_asker("Financier", stage.a, stage.hub, stage.operator)
    await invoke(one, "receivables", "register", _INVOICE)
    receivable_id = (await _checked(one, _INVOICE)).receivable_id
    winner, loser = await _race(one, other, receivable_id)
    (_, told), (_, unknown) = await asyncio.gather(
        ask_ledger(stage, financier, receivable_id),
        ask_ledger(stage, financier, identify(_ALMOST_THE_SAME).receivable_id),
    )
    require(told[:4] == (True, True, False, State.PLEDGED.value), f"the financier was told {told}")
    require(unknown[:4] == (False, False, False, State.UNKNOWN.value), f"of what is not registered: {unknown}")
    again = await refused("the second pledge", _pledge(loser, receivable_id), AlreadyFinanced)
    same = await refused(
        "the same receivable", invoke(loser, "receivables", "register", _WRITTEN_OTHERWISE), AlreadyRegistered
    )
    near = await _near_duplicate(loser, receivable_id)
    held = await _answer(winner, "status", ById(receivable_id), Standing)
    holder = winner.member.partition("/")[0]
    require((held.state, held.holder) == (State.PLEDGED, holder), f"it is {held.state}, held by {held.holder!r}")
    asked = f"a contract on {stage.a.chain.name} asked: {told[3]}"
    return f"both pledged at once: {holder} has it; refused: {again}, {same} of it written otherwise; {near}; {asked}"


async def _race(one: LedgerClient, other: LedgerClient, receivable_id: bytes) -> tuple[LedgerClient, LedgerClient]:
    """Both send, and neither asks first whether it would be taken; who got it, and who did not."""
    banks = (one, other)
    outcomes = await asyncio.gather(
        *(_pledge(bank, receivable_id, simulate=False) for bank in banks), return_exceptions=True
    )
    won = [bank for bank, outcome in zip(banks, outcomes, strict=True) if not isinstance(outcome, BaseException)]
    lost = [bank for bank, outcome in zip(banks, outcomes, strict=True) if isinstance(outcome, AlreadyFinanced)]
    if len(won) != 1 or len(lost) != 1:
        raise StepFailed(f"two banks pledged it at once, and this came of it: {outcomes}")
    return won[0], lost[0]


async def _near_duplicate(bank: LedgerClient, receivable_id: bytes) -> str:
    """Registering it tells what it is like; financing it is refused as long as nobody has looked at that."""
    await invoke(bank, "receivables", "register", _ALMOST_THE_SAME)
    found = await _checked(bank, _ALMOST_THE_SAME)
    told = [(each.receivable_id, each.likeness, each.state) for each in found.near_duplicates]
    require(
        told == [(receivable_id, Likeness.SAME_DIGITS, State.PLEDGED)], f"its near-duplicates are said to be {told}"
    )
    name = await refused("a near-duplicate", _pledge(bank, found.receivable_id), NearDuplicatesPledged)
    return f"{name} of one much like it"


async def _pledge(bank: LedgerClient, receivable_id: bytes, *, simulate: bool = True) -> Receipt:
    return await invoke(bank, "receivables", "pledge", Pledge(receivable_id), simulate=simulate)


async def _checked(bank: LedgerClient, receivable: Receivable) -> Registration:
    return await _answer(bank, "check", receivable, Registration)


async def _answer(bank: LedgerClient, method: str, asked: Record, kind: type[R]) -> R:
    answer: R = read_json(kind, await bank.query("receivables", method, write_json(asked)))
    return answer

"""Two banks race for receivables, some of which are alike, in any order: no identity ever has two live pledges, no
pledge stands beside an alike one that its bank had not before it, and what is financed adds up.

The model knows the invoices and nothing of hashes and indexes: likeness is worked out anew, pair by pair.
"""

from dataclasses import dataclass, field
from itertools import combinations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from adapters.permissioned.ledger.contracts.errors import RecordNotFound, Refused
from adapters.permissioned.ledger.contracts.trial import Trial, as_caller
from adapters.permissioned.ledger.contracts.values import read_json
from adapters.permissioned.ledger.identities import MemberRole
from adapters.permissioned.ledger.receivables.contract import WINDOW_DAYS, ReceivablesContract
from adapters.permissioned.ledger.receivables.errors import AlreadyFinanced, AlreadyRegistered, NearDuplicatesPledged
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import (
    ById,
    Listing,
    Pledge,
    Registration,
    Standing,
    Standings,
    State,
    Transfer,
)

BANKS = ("bank-a", "bank-b")
DAYS = ("2026-01-01", "2026-01-31", "2026-02-01", "2026-03-15")
INVOICES = st.builds(
    Receivable,
    seller=st.sampled_from(["S1", "s 1", "S2"]),
    buyer=st.just("B1"),
    number=st.sampled_from(["A-12", "a 12", "A-13", "A-132", "A-21", "B-12", "77", "A-9"]),
    amount=st.sampled_from([100, 200]),
    currency=st.sampled_from(["EUR", "eur", "USD"]),
    issued_on=st.sampled_from(DAYS),
)


@dataclass
class Known:
    """A receivable as the model knows it."""

    invoice: Receivable
    registrar: str
    state: State = State.FREE
    holder: str = ""
    acknowledged: set[bytes] = field(default_factory=set)


def plain(text: str) -> str:
    return "".join(each for each in text.lower() if each.isalnum())


def near_numbers(one: str, other: str) -> bool:
    """Whether they become the same when at most one character is left out of each."""
    return any(a == b for a in shortened(one) for b in shortened(other))


def shortened(number: str) -> set[str]:
    return {number} | {number[:at] + number[at + 1 :] for at in range(len(number))}


def alike(one: Receivable, other: Receivable) -> bool:
    if plain(one.seller) != plain(other.seller):
        return False
    a, b = plain(one.number), plain(other.number)
    same_terms = one.amount == other.amount and one.currency.upper() == other.currency.upper()
    days = [identify(each).day for each in (one, other)]
    digits = ["".join(filter(str.isdigit, each)) for each in (a, b)]
    return (
        a == b
        or digits[0] == digits[1]
        or (same_terms and abs(days[0] - days[1]) <= WINDOW_DAYS)
        or (near_numbers(a, b) and (same_terms or days[0] == days[1]))
    )


class Race(RuleBasedStateMachine):
    """Each rule is a transaction of one of the banks; the ledger's answer is held against the model's."""

    @initialize()
    def start(self) -> None:
        self.trial = Trial(ReceivablesContract)
        self.known: dict[bytes, Known] = {}

    def member(self, bank: str) -> str:
        return f"{bank}/m"

    def pledged_near(self, receivable_id: bytes) -> set[bytes]:
        mine = self.known[receivable_id].invoice
        return {
            other
            for other, known in self.known.items()
            if other != receivable_id and known.state is State.PLEDGED and alike(mine, known.invoice)
        }

    @rule(bank=st.sampled_from(BANKS), invoice=INVOICES)
    def register(self, bank: str, invoice: Receivable) -> None:
        receivable_id = identify(invoice).receivable_id
        expected = {other for other, known in self.known.items() if alike(invoice, known.invoice)} - {receivable_id}
        refusal = None
        try:
            data = self.trial.invoke("receivables", "register", invoice, caller=self.member(bank))
        except Refused as error:
            refusal = error
        if receivable_id in self.known:
            assert isinstance(refusal, AlreadyRegistered)
            return
        assert refusal is None
        self.known[receivable_id] = Known(invoice, bank)
        found: Registration = read_json(Registration, data)
        told = {each.receivable_id for each in found.near_duplicates}
        assert told == expected if found.complete else told <= expected

    @rule(bank=st.sampled_from(BANKS), invoice=INVOICES, looks=st.sampled_from(["no", "all", "all but one"]))
    def pledge(self, bank: str, invoice: Receivable, looks: str) -> None:
        receivable_id = identify(invoice).receivable_id
        near = sorted(self.pledged_near(receivable_id)) if receivable_id in self.known else []
        acknowledged = {"no": [], "all": near, "all but one": near[1:]}[looks]
        asked = Pledge(receivable_id, tuple(acknowledged))
        refusal = self.trial.refusal("receivables", "pledge", asked, caller=self.member(bank))
        if receivable_id not in self.known:
            assert isinstance(refusal, RecordNotFound)
        elif self.known[receivable_id].state is not State.FREE:
            assert isinstance(refusal, AlreadyFinanced)
        elif len(acknowledged) < len(near):
            assert isinstance(refusal, NearDuplicatesPledged)
        else:
            assert refusal is None
            known = self.known[receivable_id]
            known.state, known.holder, known.acknowledged = State.PLEDGED, bank, set(near)

    @rule(bank=st.sampled_from(BANKS), invoice=INVOICES)
    def release(self, bank: str, invoice: Receivable) -> None:
        self.end(bank, invoice, "release", State.FREE)

    @rule(bank=st.sampled_from(BANKS), invoice=INVOICES)
    def discharge(self, bank: str, invoice: Receivable) -> None:
        self.end(bank, invoice, "discharge", State.DISCHARGED)

    def end(self, bank: str, invoice: Receivable, method: str, state: State) -> None:
        receivable_id = identify(invoice).receivable_id
        refusal = self.trial.refusal("receivables", method, ById(receivable_id), caller=self.member(bank))
        known = self.known.get(receivable_id)
        is_held = known is not None and known.state is State.PLEDGED and known.holder == bank
        is_settled = known is not None and known.state is State.FREE and known.registrar == bank
        if known is not None and (is_held or (is_settled and method == "discharge")):
            assert refusal is None
            known.state, known.holder = state, ""
        else:
            assert refusal is not None

    @rule(bank=st.sampled_from(BANKS), to=st.sampled_from(BANKS), invoice=INVOICES, endorsed=st.booleans())
    def transfer(self, bank: str, to: str, invoice: Receivable, endorsed: bool) -> None:
        receivable_id = identify(invoice).receivable_id
        refusal = self.trial.refusal(
            "receivables",
            "transfer",
            Transfer(receivable_id, to),
            caller=self.member(bank),
            endorsers=(to,) if endorsed else (),
        )
        known = self.known.get(receivable_id)
        if known is not None and known.state is State.PLEDGED and known.holder == bank != to and endorsed:
            assert refusal is None
            known.holder = to
        else:
            assert refusal is not None

    @invariant()
    def the_ledger_says_what_the_model_knows(self) -> None:
        auditor = as_caller("customs/dora", MemberRole.AUDITOR)
        for receivable_id, known in self.known.items():
            found = self.trial.query("receivables", "status", ById(receivable_id), Standing, caller=auditor)
            assert (found.state, found.holder) == (known.state, known.holder)
            if known.state is State.PLEDGED:
                assert set(found.acknowledged) == known.acknowledged

    @invariant()
    def one_live_pledge_an_identity_and_the_sums_add_up(self) -> None:
        held: list[bytes] = []
        for bank in BANKS:
            page = self.trial.query("receivables", "held", Listing(100), Standings, caller=self.member(bank))
            held += [each.receivable_id for each in page.receivables]
        assert len(held) == len(set(held))
        financed = sum(self.known[each].invoice.amount for each in held)
        by_state = dict.fromkeys(State, 0)
        for known in self.known.values():
            by_state[known.state] += known.invoice.amount
        assert financed == by_state[State.PLEDGED]
        assert sum(by_state.values()) == sum(known.invoice.amount for known in self.known.values())

    @invariant()
    def alike_pledges_knew_of_each_other(self) -> None:
        live = {each: known for each, known in self.known.items() if known.state is State.PLEDGED}
        for (one, first), (other, second) in combinations(live.items(), 2):
            if alike(first.invoice, second.invoice):
                assert other in first.acknowledged or one in second.acknowledged


TestRace = Race.TestCase
TestRace.settings = settings(max_examples=25, stateful_step_count=40)

"""Banks race for receivables with real signed transactions, in one block and across blocks, in any order.

Whatever the order, exactly one pledge of a receivable stands; who comes later is refused by name and leaves nothing;
and a near-duplicate of what is pledged is refused until its bank has had it before it.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.interface import Record
from adapters.permissioned.ledger.contracts.trial import as_caller
from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.identities import ContractName, MemberRole
from adapters.permissioned.ledger.messages import SignedTransaction
from adapters.permissioned.ledger.receivables.contract import ReceivablesContract
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import ById, Pledge, Standing, State
from hub.block import ResultCode, TransactionResult
from hub.quantities import Height, UnixSeconds
from hub.state.branch import MemoryState
from tests.unit.member_ledger import MemberLedger

BANKERS = ("bank-a/ann", "bank-b/ben", "customs/cy", "port/pat")
INVOICE = Receivable("DE 811 128 135", "91310000MA1FL1X00X", "INV-2026/0042", 1_250_000, "EUR", "2026-11-02")
ALIKE = tuple(
    Receivable(INVOICE.seller, INVOICE.buyer, number, INVOICE.amount, INVOICE.currency, INVOICE.issued_on)
    for number in ("INV-2026/0042", "INV-2026/042", "INV-2026-0042A", "2026/0042")
)
"""One invoice in four spellings that no canonical form makes one."""


def message(method: str, argument: Record) -> m.InvokeContract:
    return m.InvokeContract("receivables", method, write_json(argument))


def pledge(invoice: Receivable, *acknowledged: Receivable) -> m.InvokeContract:
    known = tuple(identify(one).receivable_id for one in acknowledged)
    return message("pledge", Pledge(identify(invoice).receivable_id, known))


@pytest.fixture(scope="module")
def ledger() -> MemberLedger:
    """Shared by orders that are tried out on it: none of them is committed."""
    return MemberLedger(ReceivablesContract, enrolled=BANKERS)


class Attempt:
    """What blocks on top of the ledger would give; the ledger stays as it is."""

    def __init__(self, ledger: MemberLedger) -> None:
        self.ledger, self.state = ledger, MemoryState()
        self.state.apply(dict(ledger.state.scan(b"\x00", b"\xff")))
        self.height = ledger.header.height
        self.results: list[TransactionResult] = []

    @property
    def time(self) -> UnixSeconds:
        return UnixSeconds(self.ledger.now + self.height - self.ledger.header.height)

    def block(self, *transactions: SignedTransaction) -> list[TransactionResult]:
        self.height = Height(self.height + 1)
        block = self.ledger.machine.begin(self.state, self.height, self.time, self.ledger.header.hash())
        results = [block.apply(signed) for signed in transactions]
        self.state.apply(block.finish().changes)
        self.results += results
        return results

    def standing(self, invoice: Receivable) -> Standing:
        """As an auditor is told."""
        found = self.ledger.machine.runtime.query(
            self.state,
            self.time,
            self.height,
            contract=ContractName("receivables"),
            method="status",
            arguments=write_json(ById(identify(invoice).receivable_id)),
            caller=as_caller("customs/dora", MemberRole.AUDITOR),
        )
        standing: Standing = read_json(Standing, found)
        return standing


def tried(ledger: MemberLedger, blocks: Sequence[Sequence[SignedTransaction]]) -> Attempt:
    attempt = Attempt(ledger)
    for transactions in blocks:
        attempt.block(*transactions)
    return attempt


def splits(order: Sequence[Any]) -> Iterator[list[Sequence[Any]]]:
    """All ways to make blocks of an order, from one block to a block for each."""
    gaps = range(1, len(order))
    for count in range(len(order)):
        for cuts in combinations(gaps, count):
            yield [order[a:b] for a, b in zip((0, *cuts), (*cuts, len(order)), strict=True)]


def test_exactly_one_of_four_banks_wins_in_every_order_and_however_blocks_are_cut(ledger: MemberLedger) -> None:
    """24 orders, 8 ways to cut each into blocks: the first pledge stands, the other three are refused by name."""
    registered = ledger.sign(BANKERS[0], message("register", INVOICE), nonce=1)
    pledges = {banker: ledger.sign(banker, pledge(INVOICE), nonce=1 + (banker == BANKERS[0])) for banker in BANKERS}
    for order in permutations(BANKERS):
        for blocks in splits([pledges[banker] for banker in order]):
            attempt = tried(ledger, [[registered], *blocks])
            _, *results = attempt.results
            assert [one.code for one in results] == [ResultCode.OK, *[ResultCode.REFUSED] * 3]
            assert {one.reason for one in results[1:]} == {"ALREADY_FINANCED"}
            assert not [one for one in results[1:] if one.events]
            found = attempt.standing(INVOICE)
            assert (found.state, found.holder) == (State.PLEDGED, order[0].partition("/")[0])


def test_a_refused_pledge_leaves_its_nonce_and_nothing_else(ledger: MemberLedger) -> None:
    """The block with the three that lose gives the state of the block without them, but for their nonces."""
    registered = ledger.sign(BANKERS[0], message("register", INVOICE), nonce=1)
    first, *others = (ledger.sign(one, pledge(INVOICE), nonce=1 + (one == BANKERS[0])) for one in BANKERS)
    attempts = tried(ledger, [[registered, first]]), tried(ledger, [[registered, first, *others]])
    before, after = (dict(attempt.state.scan(b"\x00", b"\xff")) for attempt in attempts)
    assert len(before.items() ^ after.items()) == 2 * len(others)


def test_the_same_receivable_is_registered_once_in_every_order_and_spelling(ledger: MemberLedger) -> None:
    spelt = [
        Receivable(seller, INVOICE.buyer.lower(), number, INVOICE.amount, currency, INVOICE.issued_on)
        for seller, number, currency in (
            ("DE811128135", "inv 2026 0042", "eur"),
            ("de 811-128-135", "INV20260042", "EUR"),
            ("DE.811.128.135", "Inv/2026/0042", "Eur"),
            (INVOICE.seller, INVOICE.number, INVOICE.currency),
        )
    ]
    assert {identify(one).receivable_id for one in spelt} == {identify(INVOICE).receivable_id}
    both = [
        ledger.sign(banker, message("register", one), pledge(one))
        for banker, one in zip(BANKERS, spelt, strict=True)
    ]  # fmt: skip
    for order in permutations(both):
        for blocks in ([order], [order[:1], order[1:]], [order[:2], order[2:]]):
            attempt = tried(ledger, blocks)
            results = attempt.results
            assert [one.code for one in results] == [ResultCode.OK, *[ResultCode.REFUSED] * 3]
            assert {one.reason for one in results[1:]} == {"ALREADY_REGISTERED"}
            assert attempt.standing(INVOICE).holder == order[0].transaction.author.partition("/")[0]


def test_of_near_duplicates_the_first_is_financed_and_the_others_reported(ledger: MemberLedger) -> None:
    """Each bank registers and pledges its own spelling, at once; the next block's banks name what they were told."""
    both = {
        banker: ledger.sign(banker, message("register", one), pledge(one))
        for banker, one in zip(BANKERS, ALIKE, strict=True)
    }
    for order in permutations(BANKERS):
        attempt = tried(ledger, [[both[banker] for banker in order]])
        results = attempt.results
        assert [one.code for one in results] == [ResultCode.OK, *[ResultCode.REFUSED] * 3]
        first = ALIKE[BANKERS.index(order[0])]
        told = "0x" + identify(first).receivable_id.hex()
        for one in results[1:]:
            assert (one.reason, one.message) == ("NEAR_DUPLICATES_PLEDGED", 1)
            assert told in one.text
        assert attempt.standing(first).state is State.PLEDGED


# --- and any plan at all, held against what banks know ---

INVOICES = (INVOICE, *ALIKE[1:3], Receivable("DE 811 128 135", "91310000MA1FL1X00X", "77", 5, "EUR", "2024-01-01"))
deeds = st.tuples(
    st.sampled_from(BANKERS),
    st.sampled_from(("register", "pledge", "pledge", "look and pledge", "release", "discharge")),
    st.integers(0, len(INVOICES) - 1),
)
plans = st.lists(st.lists(deeds, min_size=1, max_size=8), min_size=1, max_size=5)


def alike(one: int, other: int) -> bool:
    """The first three are alike; the fourth is like none."""
    return one != other and one < 3 and other < 3


class Model:
    """Which of the invoices are registered, by whom they are financed, and what each bank had before it."""

    def __init__(self) -> None:
        self.registrar: dict[int, str] = {}
        self.holder: dict[int, str] = {}
        self.settled: set[int] = set()

    def expects(self, bank: str, deed: str, number: int) -> str:
        """The reason for which it is refused, empty where it is not; done where it is not."""
        if deed == "register":
            if number in self.registrar:
                return "ALREADY_REGISTERED"
            self.registrar[number] = bank
            return ""
        if number not in self.registrar:
            return "RECORD_NOT_FOUND"
        return self._pledged(bank, deed, number) if deed.endswith("pledge") else self._ended(bank, deed, number)

    def _pledged(self, bank: str, deed: str, number: int) -> str:
        if number in self.holder or number in self.settled:
            return "ALREADY_FINANCED"
        if deed == "pledge" and any(alike(number, other) for other in self.holder):
            return "NEAR_DUPLICATES_PLEDGED"
        self.holder[number] = bank
        return ""

    def _ended(self, bank: str, deed: str, number: int) -> str:
        if deed == "discharge" and number in self.settled:
            return "REFUSED"
        if number in self.holder or deed == "release":
            if self.holder.get(number) != bank:
                return "NOT_THE_HOLDER"
            del self.holder[number]
        elif self.registrar[number] != bank:
            return "REFUSED"
        if deed == "discharge":
            self.settled.add(number)
        return ""


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(plans)
def test_whatever_is_tried_in_whatever_blocks_nothing_is_financed_twice(
    ledger: MemberLedger, plan: list[list[Any]]
) -> None:
    attempt, model = Attempt(ledger), Model()
    nonces = dict.fromkeys(BANKERS, 1)
    for deeds_of_block in plan:
        signed = []
        for banker, deed, number in deeds_of_block:
            others = tuple(one for one in INVOICES if one is not INVOICES[number])
            asked = {
                "register": message("register", INVOICES[number]),
                "pledge": pledge(INVOICES[number]),
                "look and pledge": pledge(INVOICES[number], *others),
            }.get(deed) or message(deed, ById(identify(INVOICES[number]).receivable_id))
            signed.append(ledger.sign(banker, asked, nonce=nonces[banker]))
            nonces[banker] += 1
        results = attempt.block(*signed)
        for (banker, deed, number), result in zip(deeds_of_block, results, strict=True):
            assert result.reason == model.expects(banker.partition("/")[0], deed, number)
            assert bool(result.events) == (not result.reason)
    for number in model.registrar:
        found = attempt.standing(INVOICES[number])
        assert found.holder == model.holder.get(number, "")
        assert (found.state is State.PLEDGED) == (number in model.holder)

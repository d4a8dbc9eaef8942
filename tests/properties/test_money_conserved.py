"""Money is conserved after every block: balances and escrows are the supply, whatever transactions come together."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import messages as m
from hub.accounts import money
from hub.accounts.accounts import account
from hub.block import ResultCode
from hub.events import EscrowSettled, Minted, ServiceCalled, Transferred
from hub.quantities import Address, Amount, Hash, UnixSeconds
from hub.services import requests
from tests.unit.hub_chain import CONSUMER, MEMBER, PROVIDER, RELAYER, SUPPLY, HubChain
from tests.unit.hub_world import bind, define, hub_call
from tests.vectors.generate_quorum import ADDRESSES

PEOPLE = (MEMBER, RELAYER, CONSUMER, PROVIDER)
PRICE = 7
amounts = st.sampled_from((0, 1, PRICE, 1000, SUPPLY - 1, SUPPLY, SUPPLY + 1, 2**64 - 1, 2**64, -1))
transfers = st.builds(m.Transfer, st.sampled_from([ADDRESSES[who] for who in PEOPLE]), amounts)
faucets = st.builds(m.Faucet, st.sampled_from([ADDRESSES[MEMBER], Address(b"x")]), st.sampled_from((1, 50, 2**64 - 1)))
deadlines = st.sampled_from((1, 60, 200))
calls = st.builds(lambda cap, after: ("call", cap, after), st.sampled_from((PRICE - 1, PRICE, 100)), deadlines)
answers = st.builds(lambda place, code: ("answer", place, code), st.integers(0, 5), st.sampled_from((200, 400, 500)))
deeds = st.tuples(st.sampled_from(PEOPLE), st.lists(transfers | faucets | calls | answers, min_size=1, max_size=4))
blocks = st.lists(
    st.tuples(st.lists(deeds, max_size=4, unique_by=lambda deed: deed[0]), st.sampled_from((0, 1, 70, 300))),
    min_size=1,
    max_size=12,
)


def market(**changes: Any) -> HubChain:
    """A hub on which one account offers ``echo`` for money."""
    hub = HubChain(**changes)
    hub.do(MEMBER, define("echo"))
    hub.do(PROVIDER, bind("", provider=ADDRESSES[PROVIDER], encoding=2, price=Amount(PRICE), grace_seconds=0))
    return hub


def message(hub: HubChain, deed: Any) -> m.AnyMessage:
    """A deed as a message, in the light of what the hub knows."""
    match deed:
        case ("call", cap, after):
            return hub_call(fee_cap=Amount(cap), deadline=UnixSeconds(hub.now + after))
        case ("answer", place, code):
            known = [record.request_id for record in requests.requests(hub.state)] or [Hash(bytes(32))]
            return m.RespondService(known[place % len(known)], code, b'{"text":"x"}' if code == 200 else b"", "")
        case _:
            return deed  # type: ignore[no-any-return]


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(blocks)
def test_money_is_conserved(plan: list[Any]) -> None:
    hub = market()
    for deeds_of_block, advance in plan:
        signed = [hub.sign(who, *(message(hub, deed) for deed in todo)) for who, todo in deeds_of_block]
        before = {address: balance(hub, address) for address in ADDRESSES}
        outcome = hub.block(*signed, advance=advance)  # checks balances, escrows and supply
        expected = dict(before)
        for event in outcome.events:
            match event:
                case Transferred():
                    expected[event.sender] -= event.amount
                    expected[event.recipient] += event.amount
                case Minted():
                    expected[event.recipient] += event.amount
                case ServiceCalled():
                    expected[Address(event.caller)] -= event.fee
                case EscrowSettled():
                    expected[event.recipient] += event.amount
        assert {address: balance(hub, address) for address in ADDRESSES} == expected
        for result in outcome.results:
            assert result.code is not ResultCode.REFUSED or not result.events
    minted = sum(event.amount for event in hub.events if isinstance(event, Minted))
    assert money.supply(hub.state) == SUPPLY + minted
    for record in requests.requests(hub.state):
        settled = [e for e in hub.events if isinstance(e, EscrowSettled) and e.request_id == record.request_id]
        assert len(settled) == (record.escrow is not requests.Escrow.HELD)
        assert all(event.paid == (record.code == 200) for event in settled)


def balance(hub: HubChain, address: Address) -> int:
    return account(hub.state, address).balance

"""Accounts, money, roles, and which transactions may stand in a block."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import messages as m
from hub.accounts import money, roles
from hub.accounts.accounts import account
from hub.accounts.errors import (
    ExpiryTooFar,
    InsufficientFunds,
    InvalidAmount,
    MalformedTransaction,
    NonceTooHigh,
    NonceUsed,
    RoleMissing,
    SupplyExceeded,
    TransactionExpired,
    TransactionTooLarge,
    WrongChainId,
    WrongSignature,
)
from hub.accounts.transactions import (
    MAX_EXPIRY_SECONDS,
    MAX_MESSAGES,
    MAX_NONCE_LEAD,
    MAX_TRANSACTION_BYTES,
    recover_signer,
    sign_transaction,
    transaction_digest,
    transaction_hash,
)
from hub.block import ResultCode
from hub.clients.host import Host
from hub.errors import HubError
from hub.events import Minted, Transferred
from hub.machine import RefusedMessage
from hub.messages import Role, SignedTransaction
from hub.proofs.errors import HighS, UnrecoverableSignature
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Amount, Gas, Hash, Height, UnixSeconds
from hub.rpc.status import rebuild
from hub.state.branch import Branch, MemoryState
from tests.unit.hub_chain import CONSUMER, MEMBER, OPERATOR, RELAYER, SUPPLY, HubChain, genesis
from tests.vectors.generate_quorum import ADDRESSES, KEYS, ORDER
from tests.vectors.writing import label

replace = msgspec.structs.replace
TO = Address(b"\x77" * 20)


@pytest.fixture
def hub() -> HubChain:
    return HubChain()


# --- which transactions may stand in a block ---


def other_body(signed: SignedTransaction) -> SignedTransaction:
    """Another body under the old signature, with its proper hash."""
    body = signed.body + b" "
    return replace(signed, body=body, hash=transaction_hash(body, signed.signature))


def with_signature(signed: SignedTransaction, signature: bytes) -> SignedTransaction:
    return replace(signed, signature=signature, hash=transaction_hash(signed.body, signature))


def high_s(signed: SignedTransaction) -> SignedTransaction:
    s = ORDER - int.from_bytes(signed.signature[32:64], "big")
    return with_signature(signed, signed.signature[:32] + s.to_bytes(32, "big") + bytes((signed.signature[64] ^ 1,)))


def by_another_key(hub: HubChain) -> SignedTransaction:
    signed = hub.sign(CONSUMER, m.Transfer(TO, Amount(1)))
    return with_signature(signed, sign_transaction(KEYS[RELAYER], hub.app.genesis_hash, signed.body))


def for_another_genesis(hub: HubChain) -> SignedTransaction:
    signed = hub.sign(CONSUMER, m.Transfer(TO, Amount(1)))
    return with_signature(signed, sign_transaction(KEYS[CONSUMER], Hash(label("other")), signed.body))


def transfer(hub: HubChain, **changes: Any) -> SignedTransaction:
    return hub.sign(CONSUMER, m.Transfer(TO, Amount(1)), **changes)


def with_the_nonce_of_another(hub: HubChain) -> SignedTransaction:
    hub.do(CONSUMER, m.Transfer(TO, Amount(1)))
    return transfer(hub, nonce=0)


INADMISSIBLE: list[tuple[str, Callable[[HubChain], SignedTransaction], type[HubError]]] = [
    ("another chain's ID", lambda h: transfer(h, chain_id="hub-tesu"), WrongChainId),
    ("signed by another key", by_another_key, WrongSignature),
    ("signed for another genesis", for_another_genesis, WrongSignature),
    ("another body", lambda h: other_body(transfer(h)), WrongSignature),
    ("another hash", lambda h: replace(transfer(h), hash=label("x")), MalformedTransaction),
    ("a high s", lambda h: high_s(transfer(h)), HighS),
    ("a signature cut short", lambda h: with_signature(transfer(h), transfer(h).signature[:-1]), MalformedTransaction),
    ("v of 27", lambda h: with_signature(transfer(h), transfer(h).signature[:64] + b"\x1b"), MalformedTransaction),
    ("a signature of nothing", lambda h: with_signature(transfer(h), bytes(65)), UnrecoverableSignature),
    ("a used nonce", with_the_nonce_of_another, NonceUsed),
    ("a nonce too high", lambda h: transfer(h, nonce=1), NonceTooHigh),
    ("a nonce of 64 bits", lambda h: transfer(h, nonce=2**64 - 1), MalformedTransaction),
    ("expired by a second", lambda h: transfer(h, expiry=h.now + 1), TransactionExpired),
    ("an expiry too far", lambda h: transfer(h, expiry=h.now + MAX_EXPIRY_SECONDS + 2), ExpiryTooFar),
    ("no messages", lambda h: h.sign(CONSUMER), MalformedTransaction),
    ("too many messages", lambda h: h.sign(CONSUMER, *[m.Transfer(TO, Amount(0))] * 65), MalformedTransaction),
    ("a fee", lambda h: transfer(h, fee=Amount(1)), MalformedTransaction),
    ("a gas limit", lambda h: transfer(h, gas_limit=Gas(1)), MalformedTransaction),
    ("an account that is none", lambda h: transfer(h, account=Address(b"x")), MalformedTransaction),
    (
        "too large",
        lambda h: h.sign(CONSUMER, m.Transfer(Address(bytes(MAX_TRANSACTION_BYTES)), Amount(1))),
        TransactionTooLarge,
    ),
]


@pytest.mark.parametrize(("make", "error"), [pytest.param(b, e, id=n) for n, b, e in INADMISSIBLE])
def test_a_transaction_that_may_not_stand_in_a_block_leaves_nothing(
    hub: HubChain, make: Callable[[HubChain], SignedTransaction], error: type[HubError]
) -> None:
    signed = make(hub)
    block = hub.app.begin(hub.state, Height(hub.header.height + 1), UnixSeconds(hub.now + 1), hub.header.hash())
    before = dict(block.state.scan(b"\0", b"\xff"))
    with pytest.raises(error):
        block.apply(signed)
    assert dict(block.state.scan(b"\0", b"\xff")) == before
    outcome = block.finish()
    assert not outcome.results
    assert not outcome.transactions


def test_the_limits_themselves_are_allowed(hub: HubChain) -> None:
    expiry = UnixSeconds(hub.now + 1 + MAX_EXPIRY_SECONDS)
    assert hub.block(transfer(hub, expiry=expiry)).results[0].code is ResultCode.OK
    assert hub.block(transfer(hub, expiry=hub.now + 2)).results[0].code is ResultCode.OK
    many = hub.sign(CONSUMER, *[m.Transfer(TO, Amount(1))] * MAX_MESSAGES)
    assert hub.block(many).results[0].code is ResultCode.OK


def test_check_lets_nonces_run_ahead_and_asks_for_roles(hub: HubChain) -> None:
    check, now = hub.app.check, hub.now
    check(hub.state, transfer(hub, nonce=MAX_NONCE_LEAD), now)
    with pytest.raises(NonceTooHigh):
        check(hub.state, transfer(hub, nonce=MAX_NONCE_LEAD + 1), now)
    with pytest.raises(RoleMissing):
        check(hub.state, hub.sign(MEMBER, m.GrantRole(TO, Role.RELAYER)), now)
    with pytest.raises(WrongSignature):
        check(hub.state, by_another_key(hub), now)
    check(hub.state, hub.sign(OPERATOR, m.GrantRole(TO, Role.RELAYER)), now)


def test_a_refused_transaction_leaves_its_nonce_alone(hub: HubChain) -> None:
    refused = hub.sign(RELAYER, m.Transfer(TO, Amount(1)))
    outcome = hub.block(refused)
    result = outcome.results[0]
    assert (result.code, result.reason, result.message, result.events) == (
        ResultCode.REFUSED,
        "INSUFFICIENT_FUNDS",
        0,
        (),
    )
    hub.do(CONSUMER, m.Transfer(ADDRESSES[RELAYER], Amount(5)))
    block = hub.app.begin(hub.state, Height(hub.header.height + 1), hub.now, hub.header.hash())
    with pytest.raises(NonceUsed):
        block.apply(refused)


@pytest.mark.parametrize(
    "message", [m.RespondService(b"\x01" * 100_000, 200, b"", ""), m.ApplyDomainChange("x" * 100_000)]
)
def test_what_was_refused_is_not_kept_again_at_length(hub: HubChain, message: m.AnyMessage) -> None:
    result = hub.try_(OPERATOR, message)
    assert result.code is ResultCode.REFUSED
    assert len(result.text) == 1_024
    assert len(result.encode()) < 2_500
    told = rebuild(result.reason, dict(result.values), result.text)
    assert told.reason() == result.reason
    assert len(str(told)) < 1_200


def test_messages_take_effect_all_or_none(hub: HubChain) -> None:
    result = hub.try_(CONSUMER, m.Transfer(TO, Amount(5)), m.Transfer(TO, SUPPLY), m.Transfer(TO, Amount(5)))
    assert (result.code, result.message) == (ResultCode.REFUSED, 1)
    assert account(hub.state, TO).balance == 0
    hub.do(CONSUMER, m.Transfer(TO, Amount(5)), m.Transfer(TO, Amount(SUPPLY - 5)))
    assert account(hub.state, TO).balance == SUPPLY


def test_an_attempt_leaves_a_refused_transaction_out(hub: HubChain) -> None:
    block = hub.app.begin(hub.state, Height(hub.header.height + 1), hub.now, hub.header.hash())
    before = dict(block.state.scan(b"\0", b"\xff"))
    with pytest.raises(RefusedMessage) as refused:
        block.attempt(hub.sign(RELAYER, m.Transfer(TO, Amount(1))))
    assert isinstance(refused.value.error, InsufficientFunds)
    assert dict(block.state.scan(b"\0", b"\xff")) == before
    assert not block.finish().transactions


def test_simulate_changes_nothing_and_needs_no_signature(hub: HubChain) -> None:
    before = dict(hub.state.scan(b"\0", b"\xff"))
    unsigned = with_signature(transfer(hub, nonce=77), b"")
    result = hub.app.simulate(hub.state, unsigned, hub.now, hub.header.hash())
    assert result.code is ResultCode.OK
    assert isinstance(result.events[0], Transferred)
    refused = hub.app.simulate(hub.state, hub.sign(RELAYER, m.Transfer(TO, Amount(1))), hub.now, hub.header.hash())
    assert refused.reason == "INSUFFICIENT_FUNDS"
    assert dict(hub.state.scan(b"\0", b"\xff")) == before


@pytest.mark.parametrize("what", ["no messages", "too many messages", "too large", "a fee", "a gas limit"])
def test_what_no_block_would_take_is_not_tried_out(hub: HubChain, what: str) -> None:
    """Anyone may ask for a simulation, without a signature: the work for it is bounded like a block's."""
    make, error = next((make, error) for name, make, error in INADMISSIBLE if name == what)
    with pytest.raises(error):
        hub.app.simulate(hub.state, make(hub), hub.now, hub.header.hash())


@given(st.binary(max_size=200), st.integers(0, 64), st.integers(0, 7))
def test_a_signature_is_of_all_its_bytes(body: bytes, place: int, bit: int) -> None:
    genesis_hash = Hash(label("genesis"))
    signature = sign_transaction(KEYS[0], genesis_hash, body)
    assert recover_signer(genesis_hash, body, signature) == ADDRESSES[0]
    flipped = bytearray(signature)
    flipped[place] ^= 1 << bit
    try:
        recovered = recover_signer(genesis_hash, body, bytes(flipped))
    except HubError:
        return
    assert recovered != ADDRESSES[0]


def test_the_digest_is_that_of_the_protocol() -> None:
    body, genesis_hash = b"body", Hash(label("genesis"))
    expected = keccak256(b"\x19Interchain Hub Transaction:\n" + genesis_hash + sha256(body).digest())
    assert transaction_digest(genesis_hash, body) == expected
    assert transaction_hash(b"body", b"signature") == sha256(b"bodysignature").digest()


# --- money ---


def test_a_transfer_moves_money(hub: HubChain) -> None:
    result = hub.do(CONSUMER, m.Transfer(TO, Amount(40)))
    assert result.events == (Transferred(ADDRESSES[CONSUMER], TO, Amount(40)),)
    assert account(hub.state, TO).balance == 40
    assert account(hub.state, ADDRESSES[CONSUMER]).balance == SUPPLY - 40


def test_a_transfer_to_oneself_and_of_nothing(hub: HubChain) -> None:
    hub.do(CONSUMER, m.Transfer(ADDRESSES[CONSUMER], SUPPLY))
    assert account(hub.state, ADDRESSES[CONSUMER]).balance == SUPPLY
    hub.do(RELAYER, m.Transfer(TO, Amount(0)))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (m.Transfer(TO, Amount(SUPPLY + 1)), "INSUFFICIENT_FUNDS"),
        (m.Transfer(TO, Amount(-1)), "INVALID_AMOUNT"),
        (m.Transfer(TO, Amount(2**64)), "INVALID_AMOUNT"),
        (m.Transfer(Address(b"\x77" * 19), Amount(1)), "INVALID_ADDRESS"),
        (m.Transfer(Address(b"\x77" * 21), Amount(1)), "INVALID_ADDRESS"),
        (m.Faucet(TO, Amount(-1)), "INVALID_AMOUNT"),
        (m.Faucet(TO, Amount(2**64 - SUPPLY)), "SUPPLY_EXCEEDED"),
        (m.Faucet(Address(b""), Amount(1)), "INVALID_ADDRESS"),
    ],
)
def test_money_refuses(hub: HubChain, message: m.AnyMessage, reason: str) -> None:
    assert hub.try_(CONSUMER, message).reason == reason
    assert money.supply(hub.state) == SUPPLY


def test_the_faucet_of_a_devnet_raises_the_supply(hub: HubChain) -> None:
    result = hub.do(RELAYER, m.Faucet(TO, Amount(7)))
    assert result.events == (Minted(TO, Amount(7)),)
    assert money.supply(hub.state) == SUPPLY + 7
    hub.do(RELAYER, m.Faucet(TO, Amount(2**64 - 1 - SUPPLY - 7)))
    assert money.supply(hub.state) == 2**64 - 1


def test_there_is_no_faucet_off_a_devnet() -> None:
    hub = HubChain(devnet=False)
    assert hub.try_(OPERATOR, m.Faucet(TO, Amount(7))).reason == "FAUCET_CLOSED"


def test_escrow_never_gives_more_than_it_holds() -> None:
    state = Branch(MemoryState())
    money.mint(state, TO, Amount(10))
    money.hold(state, TO, Amount(4))
    with pytest.raises(InsufficientFunds):
        money.hold(state, TO, Amount(7))
    with pytest.raises(InsufficientFunds):
        money.release(state, TO, Amount(5))
    with pytest.raises(InvalidAmount):
        money.mint(state, TO, Amount(-1))
    with pytest.raises(SupplyExceeded):
        money.mint(state, TO, Amount(2**64 - 10))
    money.release(state, TO, Amount(4))
    assert (money.balances_sum(state), money.escrowed(state), money.supply(state)) == (10, 0, 10)


# --- roles ---


def test_roles_are_granted_and_revoked_by_operators(hub: HubChain) -> None:
    grant, revoke = m.GrantRole(TO, Role.OPERATOR), m.RevokeRole(TO, Role.OPERATOR)
    assert hub.try_(MEMBER, grant).reason == "ROLE_MISSING"
    assert hub.do(OPERATOR, grant).code is ResultCode.OK
    assert hub.do(OPERATOR, grant).code is ResultCode.NO_OP
    assert roles.roles(hub.state, TO) == (Role.OPERATOR,)
    assert hub.do(OPERATOR, revoke).code is ResultCode.OK
    assert hub.do(OPERATOR, revoke).code is ResultCode.NO_OP
    assert roles.roles(hub.state, TO) == ()


def test_the_last_operator_stays(hub: HubChain) -> None:
    mine = m.RevokeRole(ADDRESSES[OPERATOR], Role.OPERATOR)
    assert hub.try_(OPERATOR, mine).reason == "LAST_OPERATOR"
    hub.do(OPERATOR, m.GrantRole(TO, Role.OPERATOR))
    hub.do(OPERATOR, mine)
    assert hub.try_(OPERATOR, m.GrantRole(TO, Role.MEMBER)).reason == "ROLE_MISSING"


@pytest.mark.parametrize("who", [MEMBER, RELAYER])
def test_nobody_without_the_role_connects_chains(hub: HubChain, who: int) -> None:
    lane = m.RegisterLane("quorum-0", "quorum-5", "service", "service", "1", "x")
    for message in (
        lane,
        m.RegisterCounterparty("quorum-0", "quorum-5", 1, TO, b""),
        m.ApplyClientReplacement("quorum-0"),
        m.CancelClientReplacement("quorum-0"),
        m.ScheduleDomainChange("quorum-0", 1, TO, b""),
        m.ApplyDomainChange("quorum-0"),
        m.CancelDomainChange("quorum-0"),
        m.ProposeValidatorSet(((TO, 1),)),
        m.WithdrawValidatorSet(),
        m.GrantRole(TO, Role.OPERATOR),
    ):
        assert hub.try_(who, message).reason == "ROLE_MISSING"


def test_the_host_is_what_the_genesis_says() -> None:
    made = genesis(devnet=False)
    assert Host(made.hash(), devnet=False).genesis_hash == made.hash()

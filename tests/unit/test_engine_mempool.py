"""What may wait for a block, and in which order it comes out."""

from collections import defaultdict

import pytest

from hub.engine.errors import AccountQueueFull, MempoolFull, NoncePending, RateLimited
from hub.engine.mempool import Mempool, MempoolLimits
from hub.messages import SignedTransaction, Transaction
from hub.quantities import Address, Amount, Gas, UnixSeconds

ALICE, BOB = Address(b"a" * 20), Address(b"b" * 20)


def sent(account: Address, nonce: int, size: int = 100, expiry: int = 1_000) -> SignedTransaction:
    body = Transaction("hub-1", account, nonce, UnixSeconds(expiry), Amount(0), Gas(0), ())
    return SignedTransaction(b"\x00" * (size - 65), b"\x00" * 65, account + nonce.to_bytes(8, "big"), body)


def fill(mempool: Mempool, *transactions: SignedTransaction) -> None:
    for transaction in transactions:
        mempool.add(transaction, 0.0)


def taken(mempool: Mempool, count: int = 100, size: int = 10**6, **nonces: int) -> list[tuple[Address, int]]:
    known: dict[Address, int] = defaultdict(int, {ALICE: nonces.get("alice", 0), BOB: nonces.get("bob", 0)})
    return [(t.transaction.account, t.transaction.nonce) for t in mempool.take(known.__getitem__, count, size)]


def test_accounts_take_turns_and_each_keeps_the_order_of_its_nonces() -> None:
    mempool = Mempool(MempoolLimits())
    fill(mempool, sent(ALICE, 2), sent(ALICE, 0), sent(ALICE, 1), sent(BOB, 0))
    assert taken(mempool) == [(ALICE, 0), (BOB, 0), (ALICE, 1), (ALICE, 2)]
    assert (len(mempool), mempool.size) == (0, 0)


def test_a_nonce_that_is_not_next_waits_and_keeps_nobody_else_waiting() -> None:
    mempool = Mempool(MempoolLimits())
    fill(mempool, sent(ALICE, 1), sent(BOB, 0))
    assert taken(mempool) == [(BOB, 0)]
    assert not mempool.ready(lambda account: 0)
    fill(mempool, sent(ALICE, 0))
    assert mempool.ready(lambda account: 0)
    assert taken(mempool) == [(ALICE, 0), (ALICE, 1)]


def test_takes_no_more_than_a_block_holds() -> None:
    mempool = Mempool(MempoolLimits())
    fill(mempool, *(sent(ALICE, nonce) for nonce in range(5)))
    assert taken(mempool, count=2) == [(ALICE, 0), (ALICE, 1)]
    assert taken(mempool, size=250, alice=2) == [(ALICE, 2), (ALICE, 3)]
    assert (len(mempool), mempool.size) == (1, 100)


@pytest.mark.parametrize(("count", "size"), [(2, 10**6), (10**6, 250)])
def test_accounts_that_always_have_more_do_not_keep_those_behind_them_out(count: int, size: int) -> None:
    mempool, busy = Mempool(MempoolLimits()), [Address(bytes((one,)) * 20) for one in range(4)]
    fill(mempool, *(sent(account, nonce) for account in busy for nonce in range(3)), sent(BOB, 0))
    used: dict[Address, int] = defaultdict(int)
    blocks = []
    for _ in range(3):
        block = [one.transaction for one in mempool.take(used.__getitem__, count, size)]
        for transaction in block:
            used[transaction.account] = transaction.nonce + 1
        blocks.append([transaction.account for transaction in block])
    assert blocks == [busy[:2], busy[2:], [BOB, busy[0]]]


def test_one_that_is_larger_than_a_block_goes_alone() -> None:
    mempool = Mempool(MempoolLimits())
    fill(mempool, sent(ALICE, 0, size=500), sent(BOB, 0))
    assert taken(mempool, size=300) == [(ALICE, 0)]
    assert taken(mempool, size=300) == [(BOB, 0)]


@pytest.mark.parametrize(
    ("limits", "more", "error"),
    [
        (MempoolLimits(transactions=2), sent(BOB, 0), MempoolFull),
        (MempoolLimits(size=299), sent(BOB, 0), MempoolFull),
        (MempoolLimits(per_account=2), sent(ALICE, 2), AccountQueueFull),
        (MempoolLimits(), sent(ALICE, 1), NoncePending),
        (MempoolLimits(account_rate=1, account_burst=2), sent(ALICE, 2), RateLimited),
    ],
)
def test_refuses_and_keeps_what_it_holds(
    limits: MempoolLimits, more: SignedTransaction, error: type[Exception]
) -> None:
    mempool = Mempool(limits)
    fill(mempool, sent(ALICE, 0), sent(ALICE, 1))
    with pytest.raises(error):
        mempool.add(more, 0.0)
    assert (len(mempool), mempool.size) == (2, 200)
    assert taken(mempool) == [(ALICE, 0), (ALICE, 1)]


def test_at_each_bound_the_last_one_is_let_in() -> None:
    mempool = Mempool(MempoolLimits(transactions=3, size=300, per_account=2))
    fill(mempool, sent(ALICE, 0), sent(ALICE, 1), sent(BOB, 0))
    assert len(mempool) == 3


def test_an_allowance_comes_back_with_time_and_belongs_to_one_account() -> None:
    mempool = Mempool(MempoolLimits(account_rate=2, account_burst=1))
    mempool.add(sent(ALICE, 0), 10.0)
    mempool.add(sent(BOB, 0), 10.0)
    with pytest.raises(RateLimited):
        mempool.add(sent(ALICE, 1), 10.4)
    mempool.add(sent(ALICE, 1), 10.6)


def test_nobody_is_rid_of_a_limit_by_being_idle_for_a_moment() -> None:
    mempool = Mempool(MempoolLimits(account_rate=1, account_burst=2))
    mempool.add(sent(ALICE, 0), 0.0)
    mempool.add(sent(ALICE, 1), 0.0)
    taken(mempool)
    mempool.forget_idle(0.5)
    with pytest.raises(RateLimited):
        mempool.add(sent(ALICE, 2), 0.5)
    mempool.forget_idle(2.0)
    mempool.add(sent(ALICE, 2), 2.0)


def test_drops_what_waits_behind_a_gap_and_nothing_else() -> None:
    mempool = Mempool(MempoolLimits())
    fill(mempool, sent(ALICE, 0), sent(ALICE, 1), sent(ALICE, 3), sent(BOB, 1), sent(BOB, 2))
    assert mempool.follows(sent(ALICE, 2), lambda account: 0)
    assert not mempool.follows(sent(ALICE, 4), lambda account: 0)
    assert mempool.follows(sent(BOB, 0), lambda account: 0)
    assert not mempool.follows(sent(BOB, 3), lambda account: 0)
    dropped = [(t.transaction.account, t.transaction.nonce) for t in mempool.drop_stranded(lambda account: 0)]
    assert dropped == [(ALICE, 3), (BOB, 1), (BOB, 2)]
    assert taken(mempool) == [(ALICE, 0), (ALICE, 1)]


def test_drops_what_can_never_be_carried_out() -> None:
    mempool = Mempool(MempoolLimits())
    fill(mempool, sent(ALICE, 0), sent(ALICE, 1), sent(BOB, 5, expiry=50), sent(BOB, 6, expiry=51))
    dropped = [t.transaction.nonce for t in mempool.drop_stale(lambda account: 1, UnixSeconds(50))]
    assert sorted(dropped) == [0, 5]
    assert (len(mempool), mempool.size) == (2, 200)

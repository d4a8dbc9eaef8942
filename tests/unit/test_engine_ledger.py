"""The chain of one node: blocks made and kept, found again after a restart, executed again with the same outcome."""

from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from hub.accounts import money
from hub.accounts.errors import NonceTooHigh, NonceUsed, WrongSignature
from hub.block import ResultCode
from hub.engine.errors import AnotherGenesis, ExecutionFault, ReplayDiffers
from hub.engine.ledger import Ledger
from hub.engine.records import BlockRecord, RecordDecoder, encode_record
from hub.engine.store import Store
from hub.events import Transferred, decode_event
from hub.messages import Transfer
from hub.node import hub_kind
from hub.quantities import Amount, Hash, Height, UnixSeconds
from hub.rpc.wire import decode_transaction
from hub.state.context import Context
from hub.state.errors import BlockNotFound
from tests.unit.node_world import ADDRESSES, BALANCE, OPERATOR, SOMEONE, START, VALIDATOR, genesis, opened, sign

LATER = UnixSeconds(START + 1)


def pay(amount: int = 5) -> Transfer:
    return Transfer(ADDRESSES[VALIDATOR], Amount(amount))


def test_begins_with_the_genesis_and_finds_it_again(tmp_path: Path) -> None:
    with opened(tmp_path / "store") as ledger:
        head = ledger.head
        assert (head.height, head.time) == (0, START)
        assert ledger.state.app_root == head.app_root
    with opened(tmp_path / "store") as ledger:
        assert ledger.head == head


def test_a_store_of_another_genesis_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "store"):
        pass
    with pytest.raises(AnotherGenesis), opened(tmp_path / "store", genesis(START + 1)):
        pass


def test_a_block_is_kept_with_all_that_happened_in_it(tmp_path: Path) -> None:
    first, second = sign(OPERATOR, 0, pay(5)), sign(OPERATOR, 1, pay(7))
    with opened(tmp_path / "store") as ledger:
        made = ledger.make_block([first, second], LATER)
        assert made.left_out == ()
    with opened(tmp_path / "store") as ledger:
        assert ledger.head == made.head
        record = ledger.record(Height(1))
        assert record == made.record
        assert [(e.height, e.index, e.transaction_hash) for e in record.events()] == [
            (1, 0, first.hash),
            (1, 1, second.hash),
        ]
        assert [e.event for e in record.events()] == [
            Transferred(ADDRESSES[OPERATOR], ADDRESSES[VALIDATOR], Amount(amount)) for amount in (5, 7)
        ]
        assert record.events_of(0) + record.events_of(1) == tuple(record.events())
        assert ledger.inclusion(Hash(second.hash)) == (1, LATER, 1, record.results[1])
        assert ledger.inclusion(Hash(bytes(32))) is None
        with pytest.raises(BlockNotFound):
            ledger.record(Height(2))


def test_what_is_refused_stands_in_the_block_and_uses_its_nonce_alone(tmp_path: Path) -> None:
    with opened(tmp_path / "store") as ledger:
        made = ledger.make_block([sign(SOMEONE, 0, pay(1), pay(BALANCE)), sign(SOMEONE, 1, pay(2))], LATER)
        refused, paid = made.record.results
        assert (refused.code, refused.reason, refused.message) == (ResultCode.REFUSED, "INSUFFICIENT_FUNDS", 1)
        assert paid.code is ResultCode.OK
        assert [e.event for e in made.record.events()] == [
            Transferred(ADDRESSES[SOMEONE], ADDRESSES[VALIDATOR], Amount(2))
        ]


def test_what_may_not_stand_in_a_block_is_left_out_by_name(tmp_path: Path) -> None:
    good = sign(OPERATOR, 0, pay())
    forged = decode_transaction(good.body, good.signature[:40] + b"\x01" + good.signature[41:])
    with opened(tmp_path / "store") as ledger:
        made = ledger.make_block([forged, good, good, sign(OPERATOR, 2, pay())], LATER)
        assert [result.hash for result in made.record.results] == [good.hash]
        assert [type(error) for _, error in made.left_out] == [WrongSignature, NonceUsed, NonceTooHigh]


def test_a_fault_of_the_program_costs_one_transaction_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = money.transfer

    def faulty(ctx: Context, sender: Any, recipient: Any, amount: Amount) -> None:
        sound(ctx, sender, recipient, amount)
        if amount == 13:
            raise ZeroDivisionError

    monkeypatch.setattr(money, "transfer", faulty)
    with opened(tmp_path / "store") as ledger:
        made = ledger.make_block([sign(OPERATOR, 0, pay(13)), sign(SOMEONE, 0, pay(2))], LATER)
        assert [type(error) for _, error in made.left_out] == [ExecutionFault]
        assert [e.event.amount for e in made.record.events() if isinstance(e.event, Transferred)] == [2]


def busy(ledger: Ledger) -> None:
    """Some blocks of each sort: with transactions, with a refused one, with none."""
    for height in range(1, 6):
        transactions = [sign(OPERATOR, height - 1, pay(height))]
        if height == 3:
            transactions.append(sign(SOMEONE, 0, pay(BALANCE + 1)))
        ledger.make_block([*transactions], UnixSeconds(START + height))
    ledger.make_block([], UnixSeconds(START + 6))


def replayed(ledger: Ledger, path: Path) -> list[int]:
    again = Store.create(path, ledger.machine.genesis_hash)
    try:
        return [int(height) for height in ledger.replay(again)]
    finally:
        again.close()


def test_replay_gives_the_same_roots_and_events(tmp_path: Path) -> None:
    with opened(tmp_path / "store") as ledger:
        busy(ledger)
        ledger.verify_last(100)
        assert replayed(ledger, tmp_path / "again") == list(range(7))
    with opened(tmp_path / "again") as again, opened(tmp_path / "store") as ledger:
        assert again.head == ledger.head


def test_replay_finds_a_program_that_is_another_than_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(tmp_path / "store") as ledger:
        busy(ledger)
        sound = money.transfer
        monkeypatch.setattr(
            money, "transfer", lambda ctx, a, b, amount: sound(ctx, a, b, Amount(amount + (amount == 4)))
        )
        with pytest.raises(ReplayDiffers) as refusal:
            replayed(ledger, tmp_path / "again")
        assert (refusal.value.height, refusal.value.field) == (4, "event_root")


class Tampered(Store):
    """A store in which someone changed block 3."""

    change: ClassVar[dict[str, Any]] = {}

    def block(self, height: Height) -> bytes:
        data = super().block(height)
        if height != 3:
            return data
        record: BlockRecord = RecordDecoder(decode_event)(data)
        if "header" in self.change:
            return encode_record(msgspec.structs.replace(record, header=self.change["header"](record.header)))
        return encode_record(msgspec.structs.replace(record, **self.change))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"end_events": (Transferred(ADDRESSES[0], ADDRESSES[1], Amount(1)),)}, "event_root"),
        ({"results": ()}, "result_root"),
        ({"transactions": ()}, "tx_root"),
        ({"header": lambda header: msgspec.structs.replace(header, time=UnixSeconds(START + 9))}, "parent_hash"),
        ({"header": lambda header: msgspec.structs.replace(header, parent_hash=bytes(32))}, "parent_hash"),
    ],
)
def test_a_changed_block_is_found_at_the_start(
    tmp_path: Path, change: dict[str, Any], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "store") as ledger:
        busy(ledger)
    store = Tampered.open(tmp_path / "store", genesis().hash())
    monkeypatch.setattr(Tampered, "change", change)
    ledger = Ledger(hub_kind(genesis()), store)
    with pytest.raises(ReplayDiffers) as refusal:
        ledger.verify_last(10)
    assert refusal.value.field == field
    with pytest.raises(ReplayDiffers):
        replayed(ledger, tmp_path / "again")
    store.close()

"""A ledger's genesis: what is written is read, and one thing wrong at a time is refused."""

import json

import pytest

from adapters.permissioned.ledger.genesis import LedgerGenesis
from adapters.permissioned.ledger.refusals import InvalidLedgerGenesis
from tests.unit.desk import ANN, BEN, Desk
from tests.unit.member_ledger import MemberLedger


@pytest.fixture
def ledger() -> MemberLedger:
    return MemberLedger(Desk, enrolled=[ANN, BEN])


class TestGenesis:
    def test_what_is_written_is_read(self, ledger: MemberLedger) -> None:
        genesis = ledger.machine.genesis
        assert LedgerGenesis.from_json(genesis.to_json()) == genesis

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b'"chain_id":"trade-test"', b'"chain_id":""'),
            (b'"devnet":true', b'"devnet":1'),
            (b'"votes_denominator":"2"', b'"votes_denominator":"1"'),
            (b'"votes_denominator":"2"', b'"no_such":"2"'),
            (b'["bank-a","BANK-A"', b'["bank-b","BANK-A"'),
            (b'"validators":[["0x', b'"validators":[["1x'),
            (b'"time"', b'"tme"'),
            (b'"0x', b'"0y'),
        ],
    )
    def test_one_thing_wrong(self, ledger: MemberLedger, old: bytes, new: bytes) -> None:
        text = ledger.machine.genesis.to_json()
        assert old in text
        with pytest.raises(InvalidLedgerGenesis):
            LedgerGenesis.from_json(text.replace(old, new, 1))

    @pytest.mark.parametrize(
        ("list_of", "rule"),
        [("organisations", "each once"), ("validators", "each once"), ("contracts", "each once"), ("", "a key stands")],
    )
    def test_nothing_stands_twice(self, ledger: MemberLedger, list_of: str, rule: str) -> None:
        text = ledger.machine.genesis.to_json()
        if list_of:
            raw = json.loads(text)
            raw[list_of].append(raw[list_of][0])
            text = json.dumps(raw).encode()
        else:
            text = text.replace(b'"devnet":', b'"devnet":false,"devnet":', 1)
        with pytest.raises(InvalidLedgerGenesis, match=rule):
            LedgerGenesis.from_json(text)

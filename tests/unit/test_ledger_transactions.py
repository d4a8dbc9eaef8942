"""Transactions of a ledger's members: who may send what, and what may not stand in a block."""

from hashlib import sha256
from typing import Any

import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.interface import UnixSeconds
from adapters.permissioned.ledger.identities import fingerprint
from adapters.permissioned.ledger.machine import LedgerMachine
from adapters.permissioned.ledger.membership.errors import CertificateExpired
from adapters.permissioned.ledger.messages import SignedTransaction
from adapters.permissioned.ledger.refusals import NotTheAuthor, SignedTwice
from adapters.permissioned.ledger.transactions import MemberSignature, decode_signatures, encode_signatures
from hub.block import ResultCode
from hub.errors import HubError
from hub.quantities import Hash
from hub.state.branch import MemoryState
from tests.unit import certificate_workshop as workshop
from tests.unit.desk import ANN, BEN, Desk, Note, note
from tests.unit.hub_chain import tree_of
from tests.unit.member_ledger import ORGANISATIONS, MemberLedger


@pytest.fixture
def ledger() -> MemberLedger:
    return MemberLedger(Desk, enrolled=[ANN, BEN])


class TestTransactions:
    def test_a_member_writes_and_all_read(self, ledger: MemberLedger) -> None:
        assert ledger.invoke(ANN, "desk", "write", Note("hello")).code is ResultCode.OK
        assert note(ledger, "hello") == b'{"by":"bank-a/ann","text":"hello"}'

    def test_the_same_certificate_enrolled_again_changes_nothing(self, ledger: MemberLedger) -> None:
        der = ledger.members[ANN].der
        assert ledger.do(ANN, m.EnrolMember(der, ())).code is ResultCode.NO_OP

    def test_an_auditor_writes_nothing(self, ledger: MemberLedger) -> None:
        ledger.issue("customs/eve", "auditor")
        with pytest.raises(HubError) as refused:
            ledger.enrol("customs/eve", "auditor")
        assert refused.value.reason() == "AUDITOR_WRITES"

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"chain_id": "another"}, "WRONG_CHAIN_ID"),
            ({"nonce": 0}, "NONCE_USED"),
            ({"nonce": 7}, "NONCE_TOO_HIGH"),
            ({"expiry": workshop.NOW}, "TRANSACTION_EXPIRED"),
            ({"expiry": workshop.NOW + 10**6}, "EXPIRY_TOO_FAR"),
            ({"messages": ()}, "MALFORMED_TRANSACTION"),
            ({"fee": 1}, "MALFORMED_TRANSACTION"),
            ({"gas_limit": 1}, "MALFORMED_TRANSACTION"),
        ],
    )
    def test_what_may_not_stand_in_a_block(self, ledger: MemberLedger, changes: dict[str, Any], reason: str) -> None:
        before = dict(ledger.state.scan(b"", b"\xff" * 40))
        with pytest.raises(HubError) as refused:
            ledger.block(ledger.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'), **changes))
        assert refused.value.reason() == reason
        assert dict(ledger.state.scan(b"", b"\xff" * 40)) == before

    def test_only_the_author_signs_first(self, ledger: MemberLedger) -> None:
        signed = ledger.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'))
        with pytest.raises(NotTheAuthor):
            ledger.block(ledger.signed(signed.transaction, [BEN, ANN]))
        with pytest.raises(SignedTwice):
            ledger.block(ledger.signed(signed.transaction, [ANN, ANN]))

    def test_each_byte_of_the_signatures_counts(self, ledger: MemberLedger) -> None:
        signed = ledger.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'), endorsers=[BEN])
        for at in range(0, len(signed.signature), 7):
            flipped = bytearray(signed.signature)
            flipped[at] ^= 1
            with pytest.raises(HubError):
                ledger.block(_again(signed, bytes(flipped)))
        assert decode_signatures(signed.signature)[0] == MemberSignature(
            fingerprint(ledger.members[ANN].der), decode_signatures(signed.signature)[0].signature
        )

    def test_a_signature_for_another_ledger(self, ledger: MemberLedger) -> None:
        other = MemberLedger(Desk, enrolled=[ANN], chain_id="trade-test", time=workshop.NOW - 1)
        signed = other.sign(ANN, m.InvokeContract("desk", "write", b'{"text":"x"}'), nonce=1)
        with pytest.raises(HubError) as refused:
            ledger.block(signed)
        assert refused.value.reason() == "WRONG_MEMBER_SIGNATURE"

    def test_a_stranger_may_enrol_with_a_valid_certificate_alone(self, ledger: MemberLedger) -> None:
        stranger = workshop.root("a stranger's root").signed()
        ledger.members["port/dan"] = workshop.leaf(stranger, "port", "dan").signed()
        with pytest.raises(HubError):
            ledger.do("port/dan", m.EnrolMember(ledger.members["port/dan"].der, ()))
        ledger.enrol("port/dan")
        joined = m.InvokeContract("desk", "write", b'{"text":"x"}')
        assert ledger.try_("port/dan", m.EnrolMember(ledger.members["port/dan"].der, ()), joined).reason == (
            "ENROLMENT_NOT_ALONE"
        )

    def test_a_revoked_member_acts_no_more(self, ledger: MemberLedger) -> None:
        crl = workshop.revocations(ledger.roots[ORGANISATIONS[0]], 1, ledger.members[ANN]).signed()
        ledger.do(BEN, m.UpdateRevocations(crl))
        with pytest.raises(HubError) as refused:
            ledger.invoke(ANN, "desk", "write", Note("x"))
        assert refused.value.reason() == "CERTIFICATE_REVOKED"
        assert ledger.do(BEN, m.UpdateRevocations(crl)).code is ResultCode.NO_OP

    def test_a_member_whose_certificate_has_ended_acts_no_more(self, ledger: MemberLedger) -> None:
        """Neither as an author nor as an endorser, from the very second on, whatever was signed before."""
        ends = UnixSeconds(ledger.now + 100)
        ledger.enrol("customs/cy", not_after=ends)
        write = m.InvokeContract("desk", "write", b'{"text":"x"}')
        alone, endorsed = ledger.sign("customs/cy", write), ledger.sign(ANN, write, endorsers=["customs/cy"])
        before = dict(ledger.state.scan(b"", b"\xff" * 40))
        for signed in (alone, endorsed):
            with pytest.raises(CertificateExpired):
                ledger.block(signed, advance=ends - ledger.now)
            assert dict(ledger.state.scan(b"", b"\xff" * 40)) == before
        (result,) = ledger.block(alone, advance=ends - ledger.now - 1).results
        assert result.code is ResultCode.OK

    def test_replay_gives_the_same_blocks(self, ledger: MemberLedger) -> None:
        ledger.invoke(ANN, "desk", "write", Note("hello"))
        ledger.decide(a.ChangePolicy("desk", "bank-a and bank-b"))
        machine = LedgerMachine(ledger.machine.genesis, ledger.installed)
        state, parent = MemoryState(), Hash(bytes(32))
        state.apply(machine.genesis_changes())
        parent = machine.genesis_header(tree_of(state).root).hash()
        for header, transactions in ledger.blocks:
            block = machine.begin(state, header.height, header.time, parent)
            for signed in transactions:
                block.apply(signed)
            outcome = block.finish()
            state.apply(outcome.changes)
            assert machine.header(outcome, tree_of(state).root) == header
            parent = header.hash()


def _again(signed: SignedTransaction, signature: bytes) -> SignedTransaction:
    return SignedTransaction(signed.body, signature, sha256(signed.body + signature).digest(), signed.transaction)


def test_signatures_travel_as_they_are() -> None:
    given = (MemberSignature(fingerprint(b"a"), b"x" * 64), MemberSignature(fingerprint(b"b"), b""))
    assert decode_signatures(encode_signatures(given)) == given
    for data in (b"", encode_signatures(given)[:-1], encode_signatures(given) + b"x"):
        with pytest.raises(HubError):
            decode_signatures(data)

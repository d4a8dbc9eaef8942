"""The ledger's messages, events and answers: there and back, one oneof a union, signatures one by one."""

import typing
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from interchain.ledger.v1 import answer_pb2, event_pb2, transaction_service_pb2, tx_pb2

from adapters.permissioned.ledger import answers
from adapters.permissioned.ledger.actions import Action
from adapters.permissioned.ledger.every_event import LedgerEvent
from adapters.permissioned.ledger.identities import Fingerprint
from adapters.permissioned.ledger.messages import AnyMessage, Propose, Transaction, Vote
from adapters.permissioned.ledger.rpc.dialect import LEDGER, decode_transaction, encode_transaction
from adapters.permissioned.ledger.transactions import MAX_SIGNATURES, MemberSignature, encode_signatures
from hub.accounts.errors import MalformedTransaction, UnknownTransactionFormat
from hub.events import Event
from hub.messages import Message
from hub.quantities import Amount, Gas, Hash, Seconds, UnixSeconds
from hub.rpc import errors, wire
from tests.unit.travelling import FEW, again, is_struct, strategy

SIGNED = [MemberSignature(Fingerprint(Hash(bytes([n]) * 32)), bytes([n]) * size) for n, size in ((1, 64), (2, 96))]
ANSWERS = {
    name: kind
    for name, kind in vars(answers).items()
    if is_struct(kind) and hasattr(answer_pb2, name) and not getattr(kind, "__parameters__", ())
}


def body(*messages: AnyMessage) -> Transaction:
    return Transaction("ledger-1", "bank-a/ann", 1, UnixSeconds(2), Amount(0), Gas(0), messages)


@pytest.mark.parametrize("kind", typing.get_args(AnyMessage), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_every_message_comes_back_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    message: AnyMessage = data.draw(strategy(kind))
    assert decode_transaction(encode_transaction(body(message)), b"").transaction == body(message)


@pytest.mark.parametrize("kind", typing.get_args(Action), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_every_action_comes_back_as_it_was(kind: type[Action], data: st.DataObject) -> None:
    proposed = body(Propose(data.draw(strategy(kind)), Seconds(60)))
    assert decode_transaction(encode_transaction(proposed), b"").transaction == proposed


@pytest.mark.parametrize("kind", typing.get_args(LedgerEvent), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(strategy(kind))
    sent = again(wire.value_to_proto(event, LedgerEvent, event_pb2.Event))
    assert wire.value_from_proto(sent, LedgerEvent) == event


@pytest.mark.parametrize("name", ANSWERS)
@FEW
@given(data=st.data())
def test_every_answer_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    answer = data.draw(strategy(ANSWERS[name]))
    sent = again(wire.value_to_proto(answer, ANSWERS[name], getattr(answer_pb2, name)))
    assert wire.value_from_proto(sent, ANSWERS[name]) == answer


def test_every_answer_of_the_protos_has_its_struct() -> None:
    assert set(ANSWERS) == set(answer_pb2.DESCRIPTOR.message_types_by_name) - {"KeyPart"}


def test_the_unions_and_the_oneofs_hold_the_same_kinds() -> None:
    for union, message in (
        (AnyMessage, tx_pb2.Message),
        (Action, tx_pb2.Action),
        (LedgerEvent, event_pb2.Event),
    ):
        assert {kind.__name__ for kind in typing.get_args(union)} == {
            getattr(field.message_type, "name", None) for field in message.DESCRIPTOR.fields
        }


def test_signatures_travel_one_by_one_and_are_hashed_as_one() -> None:
    encoded = encode_transaction(body(Vote(1, True)))
    sent = LEDGER.as_sent(encoded, encode_signatures(SIGNED))
    assert [len(one.signature) for one in sent.signatures] == [64, 96]
    signed = LEDGER.decode_transaction(*LEDGER.sent(again(sent)))
    assert signed.signature == encode_signatures(SIGNED)
    assert signed.hash == sha256(encoded + encode_signatures(SIGNED)).digest()


@pytest.mark.parametrize(
    ("certificate", "signature"), [(b"\x01" * 31, b""), (b"\x01" * 33, b""), (b"", b""), (b"\x01" * 32, b"\x02" * 97)]
)
def test_signatures_of_no_form_are_refused(certificate: bytes, signature: bytes) -> None:
    sent = tx_pb2.SignedTransaction(signatures=[tx_pb2.MemberSignature(certificate=certificate, signature=signature)])
    with pytest.raises(MalformedTransaction):
        LEDGER.sent(sent)


def test_who_would_sign_is_told_for_a_simulation() -> None:
    request = transaction_service_pb2.SimulateRequest(body=b"x", signers=[one.certificate for one in SIGNED])
    assert LEDGER.tried(request) == (
        b"x",
        encode_signatures([MemberSignature(one.certificate, b"") for one in SIGNED]),
    )
    assert MAX_SIGNATURES < 256


@pytest.mark.parametrize("data", [b"\x01\x00", b"\x01\x12\x01\xff", b"\x01\xa2\x01\x00", b"\x01"])
def test_bytes_that_are_no_body_are_refused(data: bytes) -> None:
    with pytest.raises(errors.RpcError):
        decode_transaction(data, b"")


def test_a_transaction_of_another_format_is_refused() -> None:
    signed = encode_transaction(body(Vote(1, True)))
    assert signed[0] == 1
    for other in (signed[1:], b"\x00" + signed[1:], b"\x02" + signed[1:], b"\x00", b"\x02"):
        with pytest.raises(UnknownTransactionFormat) as refusal:
            decode_transaction(other, b"")
        assert (refusal.value.format, refusal.value.known) == (other[0], 1)
    with pytest.raises(MalformedTransaction):
        decode_transaction(b"", b"")


def test_a_proposal_of_nothing_is_refused() -> None:
    empty = tx_pb2.TransactionBody(fee="0", messages=[tx_pb2.Message(propose=tx_pb2.Propose(action=tx_pb2.Action()))])
    with pytest.raises(errors.MissingField, match=r"propose\.action\.action is missing"):
        decode_transaction(b"\x01" + empty.SerializeToString(), b"")

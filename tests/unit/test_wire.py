"""Protobuf and core: every message, event and answer there and back, and every way of saying too little or too much."""

import typing
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message as Proto
from hypothesis import given
from hypothesis import strategies as st
from interchain.hub.v1 import answer_pb2, event_pb2, light_client_pb2, tx_pb2

from hub import answers
from hub.accounts.errors import MalformedTransaction, UnknownTransactionFormat
from hub.errors import HubError
from hub.events import AnyEvent, Event
from hub.messages import AnyMessage, CallService, Message, ReceivePackets, Role, Transaction, Transfer
from hub.quantities import Amount, Gas, UnixSeconds
from hub.rpc import errors, wire
from tests.unit.travelling import ADDRESS, FEW, again, is_struct, strategy

FORMAT = b"\x01"
"""What every body begins with."""
ANSWERS = {
    name: kind
    for name, kind in vars(answers).items()
    if is_struct(kind) and kind is not Event and not getattr(kind, "__parameters__", ())
}
"""By the name of their proto message; the generic ones as they are for a hub."""
PROTOS = {**vars(light_client_pb2), **vars(answer_pb2)}


@pytest.mark.parametrize("kind", typing.get_args(AnyMessage), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_every_message_comes_back_as_it_was(kind: type[Message], data: st.DataObject) -> None:
    message = data.draw(strategy(kind))
    body = Transaction("hub-1", ADDRESS, 1, UnixSeconds(2), Amount(0), Gas(0), (message,))
    signed = wire.decode_transaction(wire.encode_transaction(body), b"\x01" * 65)
    assert signed.transaction == body


@pytest.mark.parametrize("kind", typing.get_args(AnyEvent), ids=lambda kind: kind.__name__)
@FEW
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind: type[Event], data: st.DataObject) -> None:
    event = data.draw(strategy(kind))
    sent = again(wire.value_to_proto(event, AnyEvent, event_pb2.Event))
    assert wire.value_from_proto(sent, AnyEvent) == event


@pytest.mark.parametrize("name", ANSWERS)
@FEW
@given(data=st.data())
def test_every_answer_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    answer = data.draw(strategy(ANSWERS[name]))
    sent = again(wire.value_to_proto(answer, ANSWERS[name], PROTOS[name]))
    assert wire.value_from_proto(sent, ANSWERS[name]) == answer


def test_the_unions_and_the_oneofs_hold_the_same_kinds() -> None:
    assert len(tx_pb2.Message.DESCRIPTOR.fields) == len(typing.get_args(AnyMessage))
    assert len(event_pb2.Event.DESCRIPTOR.fields) == len(typing.get_args(AnyEvent))
    assert {kind.__name__ for kind in typing.get_args(AnyMessage)} == {
        getattr(field.message_type, "name", None) for field in tx_pb2.Message.DESCRIPTOR.fields
    }


def transfer(**changes: Any) -> tx_pb2.TransactionBody:
    """A sound body, of one transfer."""
    body = tx_pb2.TransactionBody(chain_id="hub-1", account=ADDRESS, nonce=1, expiry_unix_seconds=2, fee="0")
    values = {"recipient": ADDRESS, "amount": "5"} | changes
    body.messages.append(tx_pb2.Message(transfer=tx_pb2.Transfer(**values)))
    return body


def decoded(body: Proto) -> Transaction:
    return wire.decode_transaction(FORMAT + body.SerializeToString(), b"").transaction


def test_the_sound_body_is_sound() -> None:
    assert decoded(transfer()).messages == (Transfer(ADDRESS, Amount(5)),)


@pytest.mark.parametrize(
    ("amount", "good"),
    [
        ("0", True),
        (str(2**128 - 1), True),
        (str(2**128), False),
        ("", False),
        ("-1", False),
        ("+1", False),
        ("05", False),
        ("5 ", False),
        ("5\n", False),
        ("1e3", False),
        ("1_000", False),
        ("٥", False),
        ("9" * 5000, False),
    ],
)
def test_amounts_are_decimal_and_written_in_one_way(amount: str, good: bool) -> None:
    if good:
        assert decoded(transfer(amount=amount)).messages[0] == Transfer(ADDRESS, Amount(int(amount)))
        return
    with pytest.raises(errors.MalformedAmount) as refusal:
        decoded(transfer(amount=amount))
    assert refusal.value.field == "messages.transfer.amount"


@pytest.mark.parametrize("length", [0, 19, 21, 32])
def test_an_address_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(errors.WrongLength) as refusal:
        decoded(transfer(recipient=b"\x01" * length))
    assert refusal.value.values() == {"field": "messages.transfer.recipient", "expected": "20", "given": str(length)}


def test_a_message_of_no_kind_is_refused() -> None:
    body = transfer()
    body.messages.append(tx_pb2.Message())
    with pytest.raises(errors.MissingField, match=r"messages\.message is missing"):
        decoded(body)


def test_a_missing_struct_is_refused() -> None:
    body = tx_pb2.TransactionBody(chain_id="hub-1", account=ADDRESS, fee="0")
    body.messages.append(tx_pb2.Message(create_quorum_client=tx_pb2.CreateQuorumClient()))
    with pytest.raises(errors.MissingField, match=r"create_quorum_client\.config is missing"):
        decoded(body)


def test_a_proof_of_no_kind_is_refused() -> None:
    body = transfer()
    body.messages.append(
        tx_pb2.Message(receive_packets=tx_pb2.ReceivePackets(client="quorum-0", proof=light_client_pb2.Proof()))
    )
    with pytest.raises(errors.MissingField, match=r"receive_packets\.proof\.proof is missing"):
        decoded(body)


@pytest.mark.parametrize("number", [0, 5, 99])
def test_an_unspecified_or_unknown_role_is_refused(number: int) -> None:
    body = transfer()
    body.messages.append(tx_pb2.Message(grant_role=tx_pb2.GrantRole(account=ADDRESS, role=number)))  # type: ignore[arg-type]
    with pytest.raises(errors.UnspecifiedEnum) as refusal:
        decoded(body)
    assert refusal.value.number == number


@pytest.mark.parametrize("number", [0, 3])
def test_an_unspecified_or_unknown_encoding_is_refused(number: int) -> None:
    call = CallService("echo", "", b"", 1, b"x", Amount(1), UnixSeconds(9))
    message = wire.to_proto(call, tx_pb2.CallService)
    assert wire.from_proto(message, CallService) == call
    message.input_encoding = number  # type: ignore[assignment]
    with pytest.raises(errors.UnspecifiedEnum):
        wire.from_proto(message, CallService)


def test_roles_travel_by_name_and_not_by_chance_of_number() -> None:
    assert {role.name: role.value for role in Role} == {
        name.removeprefix("ROLE_"): number for name, number in tx_pb2.Role.items() if number
    }


@pytest.mark.parametrize("tail", [b"\x98\x06\x01", b"\xa2\x06\x01x"], ids=["a number", "bytes"])
def test_a_field_that_nobody_knows_is_refused_wherever_it_stands(tail: bytes) -> None:
    with pytest.raises(errors.UnknownFields):
        wire.decode_transaction(FORMAT + transfer().SerializeToString() + tail, b"")
    inner = transfer().messages[0].transfer.SerializeToString() + tail
    message = b"\x0a" + bytes((len(inner),)) + inner
    body = tx_pb2.TransactionBody(chain_id="hub-1", account=ADDRESS, fee="0").SerializeToString()
    with pytest.raises(errors.UnknownFields):
        wire.decode_transaction(FORMAT + body + b"\x3a" + bytes((len(message),)) + message, b"")


@pytest.mark.parametrize("cut", [1, 8, 15, 22])
def test_a_body_that_is_cut_short_is_refused(cut: int) -> None:
    whole = transfer().SerializeToString()
    with pytest.raises(HubError):
        wire.decode_transaction(FORMAT + whole[:-cut], b"")


def test_the_hash_is_over_the_bytes_as_they_were_sent() -> None:
    straight = transfer().SerializeToString()
    first_field = straight[: 2 + straight[1]]
    other_order = FORMAT + straight[len(first_field) :] + first_field
    straight = FORMAT + straight
    assert wire.decode_transaction(other_order, b"s").transaction == wire.decode_transaction(straight, b"s").transaction
    hashes = {wire.decode_transaction(body, sig).hash for body in (straight, other_order) for sig in (b"s", b"t")}
    assert len(hashes) == 4
    assert wire.decode_transaction(other_order, b"s").body == other_order


@pytest.mark.parametrize("nonce", [-1, 2**64])
def test_a_number_that_does_not_fit_is_refused_before_it_is_sent(nonce: int) -> None:
    with pytest.raises(errors.NumberOutOfRange):
        wire.encode_transaction(Transaction("hub-1", ADDRESS, nonce, UnixSeconds(2), Amount(0), Gas(0), ()))


def test_an_amount_that_does_not_fit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(errors.NumberOutOfRange):
        wire.to_proto(Transfer(ADDRESS, Amount(2**128)), tx_pb2.Transfer)


def test_a_struct_and_a_message_of_other_fields_do_not_belong_together() -> None:
    with pytest.raises(TypeError, match="do not belong together"):
        wire.to_proto(Transfer(ADDRESS, Amount(1)), tx_pb2.GrantRole)


def test_bytes_that_are_no_protobuf_are_refused() -> None:
    with pytest.raises(errors.UndecodableMessage):
        wire.decode_transaction(FORMAT + b"\xff\xff\xff", b"")


@pytest.mark.parametrize("other", [b"", b"\x00", b"\x02", b"\xff"], ids=["absent", "0", "2", "255"])
def test_a_transaction_of_another_format_is_refused(other: bytes) -> None:
    body = other + transfer().SerializeToString()
    with pytest.raises(UnknownTransactionFormat, match="sign the format byte") as refusal:
        wire.decode_transaction(body, b"")
    assert (refusal.value.format, refusal.value.known) == (body[0], 1)


def test_a_body_of_its_format_alone_or_of_nothing_is_refused() -> None:
    with pytest.raises(errors.WrongLength):
        wire.decode_transaction(FORMAT, b"")
    with pytest.raises(UnknownTransactionFormat):
        wire.decode_transaction(b"\x02", b"")
    with pytest.raises(MalformedTransaction):
        wire.decode_transaction(b"", b"")


def test_generated_code_is_that_of_the_protos() -> None:
    """The fields' names in the committed Python are those that the struct fields give: a renamed field shows here."""
    names = {field.name for field in tx_pb2.TransactionBody.DESCRIPTOR.fields}
    assert names == {"chain_id", "account", "nonce", "expiry_unix_seconds", "fee", "gas_limit", "messages"}
    assert ReceivePackets.__struct_fields__ == tuple(f.name for f in tx_pb2.ReceivePackets.DESCRIPTOR.fields)
    assert Path(tx_pb2.__file__ or "").name == "tx_pb2.py"

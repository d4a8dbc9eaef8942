"""The payloads of port ``service`` against the shared vectors, and what their readers refuse."""

import pytest

from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Amount, Gas, Hash, Sequence, UnixSeconds
from hub.services.errors import MalformedPayload, ServiceError
from hub.services.payload import (
    Call,
    InputEncoding,
    Request,
    Result,
    ResultCode,
    account_request_id,
    caller_account,
    cut_message,
    packet_request_id,
)
from tests.vectors import generate_service_payloads
from tests.vectors.writing import plain, read, unhex

PAYLOADS = read("service_payloads")
READERS = {"call": Call.decode, "request": Request.decode, "result": Result.decode}

CALL = Call("price", b"\x01" * 20, UnixSeconds(9), Amount(5), Gas(7), InputEncoding.JSON, b"{}")
REQUEST = Request(
    Hash(b"\x07" * 32),
    "price",
    b"\x02" * 20,
    ClientId("attested-0"),
    b"\x01" * 20,
    UnixSeconds(9),
    Gas(7),
    InputEncoding.ABI,
    b"",
)
RESULT = Result(ResultCode.ANSWERED, b"\x2a", "fine")


def name(row: dict[str, str]) -> str:
    return row["name"]


def test_the_vectors_are_what_their_generator_writes() -> None:
    assert plain(generate_service_payloads.vectors()) == PAYLOADS


@pytest.mark.parametrize("row", PAYLOADS["calls"], ids=name)
def test_call(row: dict[str, str]) -> None:
    call = Call(
        row["service"],
        unhex(row["caller"]),
        UnixSeconds(int(row["deadline"])),
        Amount(int(row["fee_cap"])),
        Gas(int(row["gas_limit"])),
        InputEncoding(int(row["input_encoding"])),
        unhex(row["input"]),
    )
    assert call.encode() == unhex(row["encoded"])
    assert Call.decode(unhex(row["encoded"])) == call


@pytest.mark.parametrize("row", PAYLOADS["requests"], ids=name)
def test_request(row: dict[str, str]) -> None:
    request = Request(
        Hash(unhex(row["request_id"])),
        row["service"],
        unhex(row["provider"]),
        ClientId(row["caller_client"]),
        unhex(row["caller"]),
        UnixSeconds(int(row["deadline"])),
        Gas(int(row["gas_limit"])),
        InputEncoding(int(row["input_encoding"])),
        unhex(row["input"]),
    )
    assert request.encode() == unhex(row["encoded"])
    assert Request.decode(unhex(row["encoded"])) == request


@pytest.mark.parametrize("row", PAYLOADS["results"], ids=name)
def test_result(row: dict[str, str]) -> None:
    result = Result(ResultCode(int(row["code"])), unhex(row["output"]), row["message"])
    assert result.encode() == unhex(row["encoded"])
    assert Result.decode(unhex(row["encoded"])) == result


@pytest.mark.parametrize("row", PAYLOADS["hostile"], ids=lambda row: f"{row['kind']}: {row['name']}")
def test_hostile_payloads_are_refused_by_name(row: dict[str, str]) -> None:
    with pytest.raises(ServiceError) as refusal:
        READERS[row["kind"]](unhex(row["encoded"]))
    assert refusal.value.reason() == row["error"]
    assert str(refusal.value)


@pytest.mark.parametrize("payload", [CALL, REQUEST, RESULT], ids=["call", "request", "result"])
def test_no_beginning_of_the_fixed_part_is_a_payload(payload: Call | Request | Result) -> None:
    whole = payload.encode()
    free = len(CALL.input) if payload is CALL else len(RESULT.message) if payload is RESULT else 0
    for end in range(len(whole) - free):
        with pytest.raises(MalformedPayload):
            READERS[payload.kind](whole[:end])


@pytest.mark.parametrize(
    "payload",
    [
        Call("", CALL.caller, CALL.deadline, CALL.fee_cap, CALL.gas_limit, CALL.input_encoding, b""),
        Call("s" * 256, CALL.caller, CALL.deadline, CALL.fee_cap, CALL.gas_limit, CALL.input_encoding, b""),
        Call("s", b"", CALL.deadline, CALL.fee_cap, CALL.gas_limit, CALL.input_encoding, b""),
        Call("s", b"\x01" * 256, CALL.deadline, CALL.fee_cap, CALL.gas_limit, CALL.input_encoding, b""),
        Call("s", b"\x01", UnixSeconds(2**64), CALL.fee_cap, CALL.gas_limit, CALL.input_encoding, b""),
        Call("s", b"\x01", UnixSeconds(-1), CALL.fee_cap, CALL.gas_limit, CALL.input_encoding, b""),
        Call("s", b"\x01", CALL.deadline, Amount(2**128), CALL.gas_limit, CALL.input_encoding, b""),
        Call("s", b"\x01", CALL.deadline, CALL.fee_cap, Gas(2**32), CALL.input_encoding, b""),
        Request(Hash(b"\x07" * 31), *(getattr(REQUEST, field) for field in REQUEST.__slots__[1:])),
    ],
)
def test_what_does_not_fit_is_not_written(payload: Call | Request) -> None:
    with pytest.raises(MalformedPayload):
        payload.encode()


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("m" * 1024, "m" * 1024),
        ("m" * 1025, "m" * 1024),
        ("é" * 513, "é" * 512),
        ("m" + "é" * 512, "m" + "é" * 511),
        ("€" * 400, "€" * 341),
        ("😀" * 257, "😀" * 256),
        ("mmm" + "😀" * 256, "mmm" + "😀" * 255),
        ("\ud800 lone", "? lone"),
    ],
)
def test_a_long_message_is_cut_at_a_whole_character(message: str, kept: str) -> None:
    result = Result(ResultCode.PROVIDER_FAILED, b"", message)
    assert result.message == kept == cut_message(message)
    assert Result.decode(result.encode()) == result


@pytest.mark.parametrize("row", PAYLOADS["packet_request_ids"])
def test_request_id_of_a_packet(row: dict[str, str]) -> None:
    assert packet_request_id(ClientId(row["destination_client"]), Sequence(int(row["sequence"]))) == unhex(
        row["request_id"]
    )


@pytest.mark.parametrize("row", PAYLOADS["account_request_ids"])
def test_request_id_of_a_transaction(row: dict[str, str]) -> None:
    assert account_request_id(Address(unhex(row["account"])), int(row["nonce"]), int(row["message_index"])) == unhex(
        row["request_id"]
    )


@pytest.mark.parametrize("row", PAYLOADS["caller_accounts"])
def test_account_of_a_proven_caller(row: dict[str, str]) -> None:
    assert caller_account(ClientId(row["client"]), unhex(row["caller"])) == unhex(row["account"])

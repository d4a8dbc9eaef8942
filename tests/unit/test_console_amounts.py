"""What people type: read strictly, and addresses shown as all wallets show them."""

import secrets
from pathlib import Path

import pytest
from eth_utils.address import to_checksum_address

from console.amounts import (
    LATEST_MOMENT,
    address_text,
    identity_text,
    moment,
    parse_address,
    parse_amount,
    parse_hex,
    parse_identity,
    parse_moment,
    read_input,
)
from console.commands.ledger.invoking import for_people
from console.exits import Misused

MIXED = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


def test_addresses_are_shown_as_eip_55_says() -> None:
    for _ in range(50):
        address = secrets.token_bytes(20)
        assert address_text(address) == to_checksum_address(address)
        assert parse_address(address_text(address)) == address
    assert address_text(b"\x01\x02") == "0x0102"


@pytest.mark.parametrize("text", [MIXED, MIXED.lower(), "0x" + MIXED[2:].upper(), MIXED[2:]])
def test_an_address_is_read_in_any_right_spelling(text: str) -> None:
    assert parse_address(text) == bytes.fromhex(MIXED[2:])


@pytest.mark.parametrize("text", ["", "0x", MIXED + "00", MIXED[:-2], "0x" + "g" * 40, MIXED.replace("F", "f", 1)])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Misused):
        parse_address(text)


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1e3", "١", str(2**128), "0x10", " 5"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(Misused, match="no amount"):
        parse_amount(text)


def test_amounts_and_hex_are_read() -> None:
    assert parse_amount("0") == 0
    assert parse_amount(str(2**128 - 1)) == 2**128 - 1
    assert parse_hex("0x0a", "x") == parse_hex("0a", "x") == b"\n"
    with pytest.raises(Misused, match="is not a thing"):
        parse_hex("0xz", "a thing")


def test_an_input_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\xd0\x00")
    with pytest.raises(Misused, match="program is no text in UTF-8"):
        read_input(f"@{tmp_path / 'program'}")


def test_an_input_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("{}")
    assert read_input(f"@{tmp_path}/input") == "{}"
    assert read_input("{}") == "{}"


def test_moments_are_utc() -> None:
    assert moment(0) == ""
    assert moment(1_700_000_000) == "2023-11-14 22:13:20"
    assert moment(LATEST_MOMENT) == "9999-12-31 23:59:59"


def test_a_time_that_others_wrote_and_no_calendar_has_keeps_nobody_from_the_rest() -> None:
    for beyond in (LATEST_MOMENT + 1, 2**64 - 1):
        assert moment(beyond) == str(beyond)
    odd = {"valid_until": str(2**64 - 1), "signed_at": "9" * 5000, "seen_at": "\u00b2", "since": "60"}
    assert for_people(odd) == odd | {"since": "1970-01-01 00:01:00"}


def test_on_a_ledger_people_and_contracts_have_names() -> None:
    assert identity_text("quorum-0", parse_identity("quorum-0", "bank-a/ann")) == "bank-a/ann"
    assert identity_text("quorum-0", b"a contract\n") == "0x" + b"a contract\n".hex()
    for client in ("attested-0", ""):
        assert identity_text(client, parse_identity(client, MIXED)) == MIXED
        with pytest.raises(Misused, match="no address"):
            parse_identity(client, "bank-a/ann")
    with pytest.raises(Misused, match="names nobody"):
        parse_identity("quorum-0", "two words")


def test_times_are_seconds_or_dates_of_utc() -> None:
    for text, seconds in (
        ("0", 0),
        ("1767225600", 1_767_225_600),
        ("2026-01-01", 1_767_225_600),
        ("2026-01-01T08:30", 1_767_256_200),
        ("2026-01-01T08:30:00+08:00", 1_767_227_400),
    ):
        assert parse_moment(text) == seconds
    for nonsense in ("", "tomorrow", "-1", "1.5", "٣", "2026-13-01", "1969-12-31", "9" * 19):
        with pytest.raises(Misused):
            parse_moment(nonsense)

"""What a contract reverted with, read from bytes that an endpoint gave: nothing in them stops whoever reads."""

import pytest
from eth_abi.abi import encode

from adapters.evm.artifacts import RevertReason, revert_reason
from hub.proofs.keccak import keccak256

_WRAPPED = keccak256(b"ApplicationReverted(address,bytes)")[:4]
_EXPIRED = keccak256(b"Error(string)")[:4] + encode(("string",), ("closed",))
APPLICATION = "0x" + "11" * 20


def wrapped(times: int, innermost: bytes = _EXPIRED) -> bytes:
    data = innermost
    for _ in range(times):
        data = _WRAPPED + encode(("address", "bytes"), (APPLICATION, data))
    return data


def test_the_application_s_own_reason_is_told() -> None:
    assert revert_reason(wrapped(1)) == RevertReason(
        "ApplicationReverted", {"application": APPLICATION, "reason": "Error(message: closed)"}
    )


@pytest.mark.parametrize("times", [2, 4, 5, 400, 2000])
def test_reasons_within_reasons_are_read_as_deep_as_contracts_nest_them(times: int) -> None:
    reason = revert_reason(wrapped(times))
    assert reason.error == "ApplicationReverted"
    assert ("closed" in str(reason)) == (times <= 4), "deeper ones are told as bytes"


@pytest.mark.parametrize("size", [0, 3, 4, 35, 36, 100])
def test_a_reason_cut_short_is_told_as_bytes(size: int) -> None:
    data = wrapped(1)[:size]
    assert revert_reason(data).arguments == ({"data": "0x" + data.hex()} if data else {})

"""Writes service_payloads.json from docs/protocol.md, section 2, field by field, without the code that it pins."""

from hashlib import sha256
from typing import Any

from sha3 import keccak_256

from tests.vectors.writing import write

ALICE = bytes.fromhex("00112233445566778899aabbccddeeff00112233")
BOB = bytes.fromhex("b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0")
UNIX_2026 = 1767225600


def u(count: int, number: int) -> bytes:
    return number.to_bytes(count, "big")


def short(data: bytes) -> bytes:
    return u(1, len(data)) + data


def call(
    service: str, caller: bytes, deadline: int, *, fee_cap: int, gas_limit: int, encoding: int, data: bytes
) -> bytes:
    return (
        b"\x01"
        + short(service.encode())
        + short(caller)
        + u(8, deadline)
        + u(16, fee_cap)
        + u(4, gas_limit)
        + u(16, 0)
        + u(1, 0)
        + u(1, encoding)
        + data
    )


def request(
    identifier: bytes,
    service: str,
    provider: bytes,
    client: str,
    *,
    caller: bytes,
    deadline: int,
    gas_limit: int,
    encoding: int,
    data: bytes,
) -> bytes:
    return (
        b"\x01"
        + identifier
        + short(service.encode())
        + short(provider)
        + short(client.encode())
        + short(caller)
        + u(8, deadline)
        + u(4, gas_limit)
        + u(1, encoding)
        + data
    )


def result(code: int, output: bytes, message: bytes) -> bytes:
    return b"\x01" + u(2, code) + u(4, len(output)) + output + message


def packet_id(client: str, sequence: int) -> bytes:
    return sha256(b"request" + client.encode() + u(8, sequence)).digest()


def calls() -> list[dict[str, Any]]:
    rows = [
        ("plain", "price", ALICE, UNIX_2026, 10**18, 200_000, 1, u(32, 7)),
        ("json", "eur-usd", ALICE, UNIX_2026 + 3600, 5, 100_000, 2, b'{"pair":"EUR/USD"}'),
        ("no input", "ping", BOB, 1, 0, 0, 1, b""),
        ("every field at its largest", "s" * 255, b"\xff" * 20, 2**64 - 1, 2**128 - 1, 2**32 - 1, 2, b"\xff"),
    ]
    return [
        {
            "name": name,
            "service": service,
            "caller": caller,
            "deadline": deadline,
            "fee_cap": cap,
            "gas_limit": gas,
            "input_encoding": encoding,
            "input": data,
            "encoded": call(service, caller, deadline, fee_cap=cap, gas_limit=gas, encoding=encoding, data=data),
        }
        for name, service, caller, deadline, cap, gas, encoding, data in rows
    ]


def requests() -> list[dict[str, Any]]:
    rows = [
        ("contract to contract", packet_id("attested-0", 1), "price", BOB, "attested-0", ALICE, UNIX_2026, 300_000, 1),
        ("a hub account calls", packet_id("attested-1", 2), "price", BOB, "", ALICE, UNIX_2026, 300_000, 2),
        ("largest numbers", b"\xff" * 32, "s" * 255, b"\xff" * 20, "attested-9", BOB, 2**64 - 1, 2**32 - 1, 1),
    ]
    data = b"\x00\x01\x02"
    return [
        {
            "name": name,
            "request_id": identifier,
            "service": service,
            "provider": provider,
            "caller_client": client,
            "caller": caller,
            "deadline": deadline,
            "gas_limit": gas,
            "input_encoding": encoding,
            "input": data,
            "encoded": request(
                identifier,
                service,
                provider,
                client,
                caller=caller,
                deadline=deadline,
                gas_limit=gas,
                encoding=encoding,
                data=data,
            ),
        }
        for name, identifier, service, provider, client, caller, deadline, gas, encoding in rows
    ]


def results() -> list[dict[str, Any]]:
    rows = [
        ("answered", 200, u(32, 42), ""),
        ("input refused", 400, b"", "the input is refused"),
        ("fee not covered", 402, b"", "the fee is 5, the cap 4"),
        ("no binding", 404, b"", "no such service"),
        ("provider failed", 500, b"", "Panic(0x11)"),
        ("no answer", 504, b"", ""),
        ("output and message", 200, b"\x00" * 33, "größer als €5"),
        ("longest message", 500, b"", "€" * 341),
    ]
    return [
        {
            "name": name,
            "code": code,
            "output": output,
            "message": message,
            "encoded": (result(code, output, message.encode())),
        }
        for name, code, output, message in rows
    ]


def hostile() -> list[dict[str, Any]]:
    good_call = call("price", ALICE, UNIX_2026, fee_cap=5, gas_limit=6, encoding=1, data=b"")
    good_request = request(
        packet_id("attested-0", 1),
        "price",
        BOB,
        "attested-0",
        caller=ALICE,
        deadline=UNIX_2026,
        gas_limit=5,
        encoding=1,
        data=b"",
    )
    good_result = result(200, b"\x2a", b"ok")
    middle = len(good_call)
    rows = [
        ("nothing at all", "call", b"", "MALFORMED_PAYLOAD"),
        ("another format", "call", b"\x02" + good_call[1:], "UNKNOWN_PAYLOAD_FORMAT"),
        ("one byte short", "call", good_call[:-1], "MALFORMED_PAYLOAD"),
        ("cut in the service", "call", good_call[:4], "MALFORMED_PAYLOAD"),
        ("the service is empty", "call", b"\x01\x00" + good_call[7:], "MALFORMED_PAYLOAD"),
        ("the service is not UTF-8", "call", good_call[:2] + b"\xff" + good_call[3:], "MALFORMED_PAYLOAD"),
        ("the caller is empty", "call", good_call[:7] + b"\x00" + good_call[28:], "MALFORMED_PAYLOAD"),
        ("a relayer fee", "call", good_call[: middle - 3] + b"\x01" + good_call[middle - 2 :], "RESERVED_FIELD"),
        ("an encrypted body", "call", good_call[: middle - 2] + b"\x01\x01", "RESERVED_FIELD"),
        ("input encoding 0", "call", good_call[:-1] + b"\x00", "UNKNOWN_INPUT_ENCODING"),
        ("input encoding 3", "call", good_call[:-1] + b"\x03", "UNKNOWN_INPUT_ENCODING"),
        ("nothing at all", "request", b"", "MALFORMED_PAYLOAD"),
        ("another format", "request", b"\x00" + good_request[1:], "UNKNOWN_PAYLOAD_FORMAT"),
        ("one byte short", "request", good_request[:-1], "MALFORMED_PAYLOAD"),
        ("cut in the identifier", "request", good_request[:32], "MALFORMED_PAYLOAD"),
        ("input encoding 9", "request", good_request[:-1] + b"\x09", "UNKNOWN_INPUT_ENCODING"),
        ("nothing at all", "result", b"", "MALFORMED_PAYLOAD"),
        ("another format", "result", b"\x09" + good_result[1:], "UNKNOWN_PAYLOAD_FORMAT"),
        ("code 201", "result", b"\x01" + u(2, 201) + good_result[3:], "UNKNOWN_RESULT_CODE"),
        ("code 0", "result", b"\x01" + u(2, 0) + good_result[3:], "UNKNOWN_RESULT_CODE"),
        ("cut before the length ends", "result", good_result[:6], "MALFORMED_PAYLOAD"),
        ("a length beyond the end", "result", good_result[:3] + u(4, 4) + good_result[7:], "MALFORMED_PAYLOAD"),
        ("a huge length", "result", good_result[:3] + b"\xff" * 4 + good_result[7:], "MALFORMED_PAYLOAD"),
        ("a message of 1025 bytes", "result", result(500, b"", b"m" * 1025), "MALFORMED_PAYLOAD"),
        ("a message cut in a character", "result", result(500, b"", "€".encode()[:2]), "MALFORMED_PAYLOAD"),
    ]
    return [{"name": name, "kind": kind, "encoded": data, "error": error} for name, kind, data, error in rows]


def vectors() -> dict[str, Any]:
    packet_ids = [("attested-0", 1), ("quorum-12", 2**64 - 1)]
    account_ids = [(ALICE, 0, 0), (BOB, 2**64 - 1, 2**16 - 1)]
    callers = [("attested-0", ALICE), ("attested-1", ALICE), ("attested-0", BOB)]
    return {
        "calls": calls(),
        "requests": requests(),
        "results": results(),
        "packet_request_ids": [
            {"destination_client": client, "sequence": number, "request_id": (packet_id(client, number))}
            for client, number in packet_ids
        ],
        "account_request_ids": [
            {
                "account": account,
                "nonce": nonce,
                "message_index": index,
                "request_id": (sha256(b"request" + account + u(8, nonce) + u(2, index)).digest()),
            }
            for account, nonce, index in account_ids
        ],
        "caller_accounts": [
            {
                "client": client,
                "caller": caller,
                "account": (keccak_256(b"interchain-caller" + short(client.encode()) + caller).digest()[12:]),
            }
            for client, caller in callers
        ],
        "hostile": hostile(),
    }


if __name__ == "__main__":
    write("service_payloads", vectors())

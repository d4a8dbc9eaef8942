"""What an endpoint may answer at all: JSON of bounded size and depth, looked at before a parser sees it."""

import re

from aiohttp import StreamReader

MAX_ANSWER_BYTES = 64 * 2**20
MAX_ANSWER_DEPTH = 32
"""JSON-RPC needs fewer than ten levels. Python's parser recurses, and a library that web3 brings (py_ecc) raises the
limit of recursion beyond what the stack holds: an answer of brackets alone would end the process, not the request.
"""

_MARKS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[{]|[\]}]', re.DOTALL)


async def read_answer(content: StreamReader) -> bytes:
    """The whole body; raises ValueError for one that is too long or too deep."""
    answer = bytearray()
    async for part in content.iter_any():
        answer += part
        if len(answer) > MAX_ANSWER_BYTES:
            raise ValueError(f"an answer of more than {MAX_ANSWER_BYTES} bytes")
    refuse_deep(answer)
    return bytes(answer)


def refuse_deep(answer: bytes | bytearray) -> None:
    """Raises ValueError where arrays and objects stand too deep inside each other."""
    if answer.count(b"[") + answer.count(b"{") <= MAX_ANSWER_DEPTH:
        return
    depth = 0
    for mark in _MARKS.finditer(answer):
        match mark[0]:
            case b"[" | b"{":
                depth += 1
                if depth > MAX_ANSWER_DEPTH:
                    raise ValueError(f"an answer of more than {MAX_ANSWER_DEPTH} levels")
            case b"]" | b"}":
                depth -= 1
            case _:
                pass

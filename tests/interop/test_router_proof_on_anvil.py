"""What a real Anvil's eth_getProof shows of a router's storage is just what the attested client verifies."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from hub.clients.base import Claims
from hub.clients.errors import MembershipNotProven, NonMembershipNotProven, RouterNotProven
from hub.clients.router_proof import RouterProof, verify_router
from hub.clients.router_storage import acknowledgement_slot
from hub.ibc.commitment import RECEIPT
from hub.proofs.errors import TrieError
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Hash
from tests.anvil_chain import AnvilChain, running_anvil
from tests.unit.attested_chain import (
    FIRST_WINDOW,
    ROUTER,
    SECOND_WINDOW,
    THERE,
    acknowledgement,
    commitment,
    receipt,
    slot,
    words,
)

CODE = bytes.fromhex("60203560003555")
"""Stores the second word of its input in the slot that the first one names."""
CODE_HASH = Hash(keccak256(CODE))
WINDOWS = (FIRST_WINDOW, SECOND_WINDOW)
PRESENT = (*map(commitment, (1, 7, 29)), (receipt(255), RECEIPT), acknowledgement(256), acknowledgement(301))
ABSENT = tuple(map(receipt, (3, 254, 257, 5000)))


def text(data: bytes) -> str:
    return "0x" + data.hex()


def data(text: str) -> bytes:
    return bytes.fromhex(text[2:])


@pytest.fixture(scope="module")
def chain() -> Iterator[AnvilChain]:
    with running_anvil() as running:
        asyncio.run(plant(running))
        yield running


async def plant(chain: AnvilChain) -> None:
    """Put a router's words into the storage of a contract."""
    await chain.rpc("anvil_setCode", text(ROUTER), text(CODE))
    for place, word in words().items():
        await chain.rpc("anvil_setStorageAt", text(ROUTER), text(place), text(word))
    await chain.mine()


def once(paths: Iterable[Iterable[str]]) -> tuple[bytes, ...]:
    """Every node once; one below 32 bytes that is not a root stands inside its parent."""
    nodes = {data(node): place for path in paths for place, node in enumerate(path)}
    return tuple(node for node, place in nodes.items() if place == 0 or len(node) >= 32)


async def shown(chain: AnvilChain, slots: list[Hash], block: str = "latest") -> tuple[Hash, Any]:
    header = await chain.rpc("eth_getBlockByNumber", block, False)
    answer = await chain.rpc("eth_getProof", text(ROUTER), [text(one) for one in slots], header["number"])
    return Hash(data(header["stateRoot"])), answer


def proof_in(answer: Any, windows: tuple[Any, ...] = ()) -> RouterProof:
    return RouterProof(once([answer["accountProof"]]), once(p["proof"] for p in answer["storageProof"]), windows)


def slots_of(claims: Claims) -> list[Hash]:
    paths = [path for path, _ in claims.present if path.kind != 3] + list(claims.absent)
    return [slot(path) for path in paths]


async def test_all_kinds_of_claims(chain: AnvilChain) -> None:
    claims = Claims(PRESENT, ABSENT)
    chains = [acknowledgement_slot(THERE, window.index) for window in WINDOWS]
    root, answer = await shown(chain, [*slots_of(claims), *chains])
    verify_router(root, ROUTER, CODE_HASH, proof_in(answer, WINDOWS), claims)


async def test_what_is_not_so_is_refused(chain: AnvilChain) -> None:
    for claims, error in (
        (Claims(present=(commitment(30),)), MembershipNotProven),
        (Claims(present=((commitment(7)[0], commitment(8)[1]),)), MembershipNotProven),
        (Claims(absent=(receipt(255),)), NonMembershipNotProven),
    ):
        root, answer = await shown(chain, slots_of(claims))
        with pytest.raises(error):
            verify_router(root, ROUTER, CODE_HASH, proof_in(answer), claims)


async def test_other_code_and_an_account_that_does_not_exist_are_refused(chain: AnvilChain) -> None:
    claims = Claims(present=(commitment(7),))
    root, answer = await shown(chain, slots_of(claims))
    with pytest.raises(RouterNotProven):
        verify_router(root, ROUTER, Hash(keccak256(b"other")), proof_in(answer), claims)
    nobody = Address(b"\xcc" * 20)
    empty = await chain.rpc("eth_getProof", text(nobody), [], "latest")
    with pytest.raises(RouterNotProven):
        verify_router(root, nobody, CODE_HASH, RouterProof(once([empty["accountProof"]]), ()), claims)


async def test_a_proof_of_a_past_height_holds_there_and_nowhere_else(chain: AnvilChain) -> None:
    claims = Claims(absent=(receipt(700),))
    before, answer = await shown(chain, slots_of(claims))
    height = await chain.height()
    sender = (await chain.rpc("eth_accounts"))[0]
    stored = slot(receipt(700)) + b"\xff" * 32
    await chain.rpc("eth_sendTransaction", {"from": sender, "to": text(ROUTER), "data": text(stored)})
    await chain.mine()
    after, _ = await shown(chain, [])
    past, again = await shown(chain, slots_of(claims), hex(height))
    assert past == before != after
    verify_router(before, ROUTER, CODE_HASH, proof_in(again), claims)
    with pytest.raises(TrieError):
        verify_router(after, ROUTER, CODE_HASH, proof_in(answer), claims)
    now, present = await shown(chain, slots_of(claims))
    with pytest.raises(NonMembershipNotProven):
        verify_router(now, ROUTER, CODE_HASH, proof_in(present), claims)

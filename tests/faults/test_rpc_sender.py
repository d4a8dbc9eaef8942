"""One owner of a key's nonces: races, restarts, stuck transactions, reverts."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from adapters.errors import DeliveryRefused, TransactionLost
from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy, Fees
from adapters.evm.sender import Pace, Sender
from hub.quantities import Address, Gas
from relayers.evm_chain import Wallet
from tests.anvil_chain import AnvilChain, account, running_anvil

NOBODY = Address(b"\x42" * 20)
QUICK = Pace(poll_s=0.02, stuck_s=0.2, give_up_s=5.0)
GAS = Gas(21_000)
PATIENCE_S = 20.0


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with running_anvil(31337, "--no-mining") as chain:
        yield chain


@pytest.fixture
async def endpoints(anvil: AnvilChain) -> AsyncIterator[Endpoints]:
    reached = Endpoints("chain", [anvil.url])
    yield reached
    await reached.close()


def a_sender(endpoints: Endpoints, policy: FeePolicy | None = None, pace: Pace = QUICK) -> Sender:
    return Sender(endpoints, account(0), 31337, policy or FeePolicy(), pace)


async def pooled(anvil: AnvilChain, count: int) -> list[dict[str, str]]:
    """Wait until so many transactions wait to be mined."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            content = await anvil.rpc("txpool_content")
            found = [one for by_nonce in content["pending"].values() for one in by_nonce.values()]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.01)


async def pooled_but(anvil: AnvilChain, field: str, value: str) -> dict[str, str]:
    """Wait until the one transaction that waits to be mined is another."""
    async with asyncio.timeout(PATIENCE_S):
        while (found := (await pooled(anvil, 1))[0])[field] == value:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        return found


async def test_many_at_once_take_consecutive_nonces(anvil: AnvilChain, endpoints: Endpoints) -> None:
    sender = a_sender(endpoints)
    sending = [asyncio.create_task(sender.send(NOBODY, b"", GAS, value)) for value in range(1, 9)]
    assert sorted(int(one["nonce"], 16) for one in await pooled(anvil, 8)) == list(range(8))
    await anvil.mine()
    delivered = await asyncio.gather(*sending)
    assert {one.height for one in delivered} == {1}
    assert int(await anvil.rpc("eth_getBalance", "0x" + NOBODY.hex(), "latest"), 16) == sum(range(1, 9))


async def test_a_stuck_transaction_is_replaced_with_higher_fees(anvil: AnvilChain, endpoints: Endpoints) -> None:
    sending = asyncio.create_task(a_sender(endpoints).send(NOBODY, b"", GAS, 1))
    first = (await pooled(anvil, 1))[0]
    second = await pooled_but(anvil, "hash", first["hash"])
    assert second["nonce"] == first["nonce"]
    assert int(second["maxFeePerGas"], 16) >= int(first["maxFeePerGas"], 16) * 5 // 4
    await anvil.mine()
    await sending
    assert int(await anvil.rpc("eth_getBalance", "0x" + NOBODY.hex(), "latest"), 16) == 1


async def test_a_restarted_sender_replaces_what_it_left_behind(anvil: AnvilChain, endpoints: Endpoints) -> None:
    killed = asyncio.create_task(a_sender(endpoints).send(NOBODY, b"", GAS, 5))
    await pooled(anvil, 1)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    sending = asyncio.create_task(a_sender(endpoints).send(NOBODY, b"", GAS, 7))
    await pooled_but(anvil, "value", "0x5")
    await anvil.mine()
    await sending
    assert int(await anvil.rpc("eth_getBalance", "0x" + NOBODY.hex(), "latest"), 16) == 7


async def test_paths_to_one_chain_take_turns_with_its_nonces(anvil: AnvilChain, endpoints: Endpoints) -> None:
    wallet = Wallet(account(0))
    senders = [wallet.sender(endpoints, 31337, FeePolicy(), QUICK) for _ in range(2)]
    sending = [asyncio.create_task(senders[value % 2].send(NOBODY, b"", GAS, value)) for value in range(1, 7)]
    assert sorted(int(one["nonce"], 16) for one in await pooled(anvil, 6)) == list(range(6))
    await anvil.mine()
    await asyncio.gather(*sending)
    assert int(await anvil.rpc("eth_getBalance", "0x" + NOBODY.hex(), "latest"), 16) == sum(range(1, 7))


async def test_two_owners_of_one_key_lose_nothing_silently(anvil: AnvilChain, endpoints: Endpoints) -> None:
    """Against the rule, but it happens: the one whose nonce was taken is told."""
    one, other = a_sender(endpoints), a_sender(endpoints)
    first = asyncio.create_task(one.send(NOBODY, b"", GAS, 1))
    await pooled(anvil, 1)
    second = asyncio.create_task(other.send(NOBODY, b"", GAS, 2))
    await pooled_but(anvil, "value", "0x1")
    await anvil.mine()
    results = await asyncio.gather(first, second, return_exceptions=True)
    lost = [result for result in results if isinstance(result, TransactionLost)]
    balance = int(await anvil.rpc("eth_getBalance", "0x" + NOBODY.hex(), "latest"), 16)
    assert (len(lost), balance) in {(1, 1), (1, 2)}


async def test_what_would_revert_is_not_sent(anvil: AnvilChain, endpoints: Endpoints) -> None:
    await anvil.rpc("anvil_setCode", "0x" + NOBODY.hex(), "0x60006000fd")  # reverts with nothing
    with pytest.raises(DeliveryRefused, match="NoReason"):
        await a_sender(endpoints).send(NOBODY, b"\x01")
    assert (await anvil.rpc("txpool_status"))["pending"] == "0x0"


async def test_what_reverts_although_it_was_sent_is_told(anvil: AnvilChain, endpoints: Endpoints) -> None:
    await anvil.rpc("anvil_setCode", "0x" + NOBODY.hex(), "0x60006000fd")
    sending = asyncio.create_task(a_sender(endpoints).send(NOBODY, b"", Gas(60_000)))
    await pooled(anvil, 1)
    await anvil.mine()
    with pytest.raises(DeliveryRefused):
        await sending
    after = asyncio.create_task(a_sender(endpoints).send(Address(b"\x43" * 20), b"", GAS, 1))
    assert (await pooled(anvil, 1))[0]["nonce"] == "0x1"  # the chain says so, not a memory
    await anvil.mine()
    await after


async def test_a_transaction_that_is_never_mined_is_given_up(anvil: AnvilChain, endpoints: Endpoints) -> None:
    sender = a_sender(endpoints, pace=Pace(poll_s=0.02, stuck_s=10.0, give_up_s=0.2))
    with pytest.raises(TransactionLost, match="not mined"):
        await sender.send(NOBODY, b"", GAS, 1)


def test_a_bump_satisfies_replacement_and_never_passes_the_ceiling() -> None:
    policy = FeePolicy(ceiling_wei=1000, bump_percent=10)
    assert policy.bump(Fees(100, 10), Fees(50, 5)) == Fees(110, 11)
    assert policy.bump(Fees(100, 10), Fees(400, 50)) == Fees(400, 50)
    assert policy.bump(Fees(101, 1), Fees(1, 1)) == Fees(112, 2)  # rounded up: at least ten in a hundred more
    assert policy.bump(Fees(100, 10), Fees(5000, 9999)) == Fees(1000, 1000)
    assert policy.bump(Fees(950, 10), Fees(1, 1)) is None


async def test_an_offer_stays_below_the_ceiling(endpoints: Endpoints) -> None:
    offer = await endpoints.attempt(FeePolicy(ceiling_wei=10).offer)
    assert offer.max_fee_wei <= 10
    assert offer.priority_fee_wei <= 10

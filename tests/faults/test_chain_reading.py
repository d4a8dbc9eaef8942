"""What a chain's endpoints tell of its events is held against the chain itself, and its history may change."""

from contextlib import suppress
from typing import Any

import pytest
import rlp

from adapters.chain import Acknowledge, Receive
from adapters.errors import EndpointsFailed, NotProvable, ReadingDoubted, Reorganised
from adapters.evm import header, scan
from adapters.evm.events import TOPICS
from adapters.evm.words import hex_of
from hub.clients.base import Claims
from hub.events import AcknowledgementWritten, PacketAcknowledged, PacketSent
from hub.ibc.commitment import Path, PathKind
from hub.proofs.keccak import keccak256
from hub.quantities import Height
from hub.quantities import Sequence as PacketSequence
from relayers.flow import packet_of
from tests.anvil_chain import Proxy, only_for
from tests.evm_hub import HERE, JoinedChain

pytest_plugins = ("tests.faults.two_endpoints",)


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("eth_getLogs", lambda logs: logs[:-1]),
        ("eth_getLogs", lambda logs: logs[1:]),
        ("eth_getLogs", lambda logs: []),
        ("eth_getLogs", lambda logs: [*logs, logs[-1]]),
        ("eth_getLogs", lambda logs: [{**log, "data": "0x"} for log in logs]),
        ("eth_getLogs", lambda logs: [{**log, "blockNumber": "0x3b9aca00"} for log in logs]),
        ("eth_getLogs", lambda logs: "none"),
        ("eth_getBlockByNumber", lambda block: {**block, "stateRoot": "0x" + "ab" * 32}),
        ("eth_getBlockByNumber", lambda block: None),
    ],
    ids=[
        "last omitted",
        "first omitted",
        "all omitted",
        "repeated",
        "damaged",
        "elsewhere",
        "no list",
        "header",
        "behind",
    ],
)
async def test_logs_that_cannot_be_are_asked_of_another(
    joined: JoinedChain, proxies: list[Proxy], method: str, change: Any
) -> None:
    await joined.send(b"first")
    await joined.send(b"second")
    await joined.chain.deliver(joined.hub.by_batch([Receive(joined.hub.packet(1))]))
    head = (await joined.chain.latest()).height
    proxies[0].lie = only_for(method, change)
    events = [entry.event for entry in await joined.chain.scan(Height(1), head)]
    assert [type(event) for event in events] == [PacketSent, PacketSent, AcknowledgementWritten]


ACKNOWLEDGED, TIMED_OUT = map(hex_of, TOPICS[3:])


def settling(kind: str, sequence: int) -> Any:
    """Where a packet was sent, it was settled in the same block, too."""

    def add(logs: Any) -> Any:
        forged = {
            **logs[-1],
            "logIndex": hex(99),
            "topics": [kind, logs[-1]["topics"][1]],
            "data": hex_of(sequence.to_bytes(32, "big")),
        }
        return [*logs, forged]

    return only_for("eth_getLogs", lambda logs: add(logs) if logs else logs)


@pytest.mark.parametrize("kind", [ACKNOWLEDGED, TIMED_OUT], ids=["acknowledged", "timed out"])
@pytest.mark.parametrize("sequence", [1, 2, 3, 2**64 - 1])
async def test_what_is_said_to_be_settled_and_is_not_is_asked_of_another(
    joined: JoinedChain, proxies: list[Proxy], kind: str, sequence: int
) -> None:
    """A packet that stands, or was never sent, would be carried by nobody if it counted as settled."""
    await joined.send(b"first")
    await joined.send(b"second")
    head = (await joined.chain.latest()).height
    proxies[0].lie = settling(kind, sequence)
    assert [type(entry.event) for entry in await joined.chain.scan(Height(1), head)] == [PacketSent, PacketSent]
    proxies[1].lie = proxies[0].lie
    joined.chain.forget()
    with pytest.raises(EndpointsFailed, match=rf"packet {sequence} is settled"):
        await joined.chain.scan(Height(1), head)


async def test_what_is_said_to_be_settled_is_proven_and_not_told(joined: JoinedChain, proxies: list[Proxy]) -> None:
    """An endpoint that invents a log invents the storage to it, too."""
    await joined.send(b"first")
    head = (await joined.chain.latest()).height
    says = settling(ACKNOWLEDGED, 1)

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        match method:
            case "eth_getStorageAt":
                return "0x" + "00" * 32
            case "eth_getProof":
                return without_words(result)
        return says(method, parameters, result)

    proxies[0].lie = lie
    assert [type(entry.event) for entry in await joined.chain.scan(Height(1), head)] == [PacketSent]
    assert "eth_getProof" in proxies[0].calls


def without_words(result: Any) -> Any:
    """A storage proof that shows nothing."""
    return {**result, "storageProof": [{**one, "value": "0x0", "proof": []} for one in result["storageProof"]]}


async def test_who_hides_a_packet_and_its_count_is_found_out(joined: JoinedChain, proxies: list[Proxy]) -> None:
    await joined.send(b"first")
    head = (await joined.chain.latest()).height
    lies = {"eth_getLogs": lambda _: [], "eth_getProof": without_words}
    proxies[0].lie = lambda method, _, result: lies.get(method, lambda told: told)(result)
    assert [type(entry.event) for entry in await joined.chain.scan(Height(1), head)] == [PacketSent]
    assert "eth_getProof" in proxies[0].calls


async def test_what_views_of_the_router_say_is_worth_its_proof(joined: JoinedChain, proxies: list[Proxy]) -> None:
    """Whoever lies about lanes or clients is passed over, and what he said is not kept."""
    await joined.send(b"first")
    head = (await joined.chain.latest()).height
    for lie in ("0x" + "00" * 640, "0x" + "00" * 31 + "07"):
        proxies[0].lie = only_for("eth_call", lambda _, lie=lie: lie)
        assert [type(entry.event) for entry in await joined.chain.scan(Height(1), head)] == [PacketSent]
        joined.chain.forget()


async def test_a_lane_is_known_by_its_proof(joined: JoinedChain, proxies: list[Proxy]) -> None:
    """Else its packets would be other packets, which nobody could prove."""
    await joined.send(b"first")
    head = (await joined.chain.latest()).height
    told, other = (word.ljust(32, b"\x00").hex() for word in (b"bytes", b"bites"))
    proxies[0].lie = only_for("eth_call", lambda result: result.replace(told, other))
    (entry,) = await joined.chain.scan(Height(1), head)
    assert isinstance(entry.event, PacketSent)
    assert entry.event.encoding == "bytes"
    assert "eth_getLogs" in proxies[1].calls


def sealed(block: dict[str, Any]) -> dict[str, Any]:
    """A block that hashes to its hash, whatever stands in it."""
    fields = [header._field(block, name) for name in header._names(block)]
    return {**block, "hash": hex_of(keccak256(rlp.encode(fields)))}


async def test_the_block_before_a_range_must_be_the_one_it_joins(joined: JoinedChain, proxies: list[Proxy]) -> None:
    """Else an older state could be shown in its place, by whose count what is hidden is not missed."""
    await joined.anvil.mine(3)
    head = (await joined.chain.latest()).height

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        if method == "eth_getBlockByNumber" and parameters[0] == hex(head - 1):
            return sealed({**result, "extraData": "0x01"})
        return result

    proxies[0].lie = lie
    await joined.chain.scan(head, head)
    assert "eth_getLogs" in proxies[1].calls


async def test_the_router_s_number_of_a_client_is_proven_too(joined: JoinedChain, proxies: list[Proxy]) -> None:
    """Else the honest would be taken for liars, who show another record than is asked for."""
    await joined.send(b"first")
    head = (await joined.chain.latest()).height

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        numbered = method == "eth_call" and len(result) == 66
        return hex_of((7).to_bytes(32, "big")) if numbered and int(result, 16) == 1 else result

    proxies[0].lie = lie
    for _ in range(2):
        with suppress(EndpointsFailed):
            await joined.chain.scan(Height(1), head)
    joined.chain.forget()
    proxies[0].silent = True
    assert [type(entry.event) for entry in await joined.chain.scan(Height(1), head)] == [PacketSent]


def pruned_below(height: Height, logs: Any = None) -> Any:
    """No states of older blocks, as most nodes; ``logs`` is what becomes of events."""

    def lie(method: str, parameters: list[Any], result: Any) -> Any:
        if method == "eth_getProof" and int(parameters[2], 16) < height:
            return None
        return logs(result) if method == "eth_getLogs" and logs else result

    return lie


def without_the_first(logs: Any) -> Any:
    return [log for log in logs if int(log["data"][2:66], 16) != 1]


@pytest.mark.parametrize("downwards", [True, False])
async def test_what_is_hidden_in_blocks_without_a_state_is_missed_where_they_join_others(
    joined: JoinedChain, proxies: list[Proxy], monkeypatch: pytest.MonkeyPatch, downwards: bool
) -> None:
    """Old blocks are held against what follows from the newer ones, down to where nothing had happened yet."""
    await joined.send(b"first")
    await joined.anvil.mine(7)
    await joined.send(b"second")
    await joined.anvil.mine(20)
    head = (await joined.chain.latest()).height
    monkeypatch.setattr(scan, "LONGEST_RANGE", 5)
    proxies[0].lie, proxies[1].lie = pruned_below(head, without_the_first), pruned_below(head)

    async def everything() -> list[Any]:
        if not downwards:
            return await joined.chain.scan(Height(1), head)  # type: ignore[return-value]
        await joined.chain.scan(head, head)
        firsts = range(head - 5, -4, -5)
        return [e for first in firsts for e in await joined.chain.scan(Height(max(1, first)), Height(first + 4))]

    with pytest.raises(ReadingDoubted, match=r"packets 1 to \d were sent|packets 1 to 0 were sent"):
        await everything()
    joined.chain.forget()
    sent = [entry.event.sequence for entry in await everything() if isinstance(entry.event, PacketSent)]
    assert sorted(sent) == [1, 2]


async def test_a_new_block_s_state_must_be_served(joined: JoinedChain, proxies: list[Proxy]) -> None:
    """Else whoever hides a packet would only have to say that it does not know."""
    await joined.send(b"first")
    head = (await joined.chain.latest()).height
    proxies[0].lie = pruned_below(Height(head + 1), lambda _: [])
    assert [type(entry.event) for entry in await joined.chain.scan(Height(1), head)] == [PacketSent]


async def test_what_was_read_is_held_against_what_attestors_sign(joined: JoinedChain) -> None:
    """An endpoint that is asked first may invent a whole chain, as long as nobody compares."""
    head = (await joined.chain.latest()).height
    await joined.chain.scan(Height(1), head)
    assert await joined.chain.certified(head) == joined.chain._scanner.hash_of(head)
    joined.chain._headers.forget()
    await joined.anvil.rpc("anvil_reorg", 1, [])
    with pytest.raises(ReadingDoubted, match="attestors sign"):
        await joined.chain.certified(head)
    with pytest.raises(ReadingDoubted):
        await joined.chain.scan(Height(head + 1), Height(head + 1))
    joined.chain.forget()
    assert await joined.chain.certified(head)


async def settle_the_first(joined: JoinedChain) -> Height:
    """Send two packets, have the first acknowledged; the block in which it was."""
    await joined.send(b"first")
    await joined.send(b"second")
    sent = [event for event in await joined.everything() if isinstance(event, PacketSent)]
    delivered = await joined.chain.deliver(joined.hub.by_state([Acknowledge(packet_of(sent[0]), b"done")]))
    joined.chain.forget()
    return delivered.height


async def test_what_was_settled_is_looked_up_at_once_and_only_then(joined: JoinedChain, proxies: list[Proxy]) -> None:
    height = await settle_the_first(joined)
    proxies[0].calls.clear()
    await joined.chain.scan(Height(1), Height(height - 1))
    assert proxies[0].calls.count("eth_getProof") == 2, "the lane and the counters"
    events = [entry.event for entry in await joined.chain.scan(height, height)]
    assert [type(event) for event in events] == [PacketAcknowledged]
    assert proxies[0].calls.count("eth_getProof") == 4, "the counters, and what was settled"


@pytest.mark.parametrize("whole", [True, False], ids=["in one scan", "behind a newer one"])
async def test_old_blocks_are_held_against_the_newest_state_that_is_known(
    joined: JoinedChain, proxies: list[Proxy], monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    """Few endpoints keep the states of old blocks; what is settled once is settled in all later ones."""
    height = await settle_the_first(joined)
    await joined.anvil.mine(20)
    head = Height(height + 20)
    monkeypatch.setattr(scan, "LONGEST_RANGE", 5)

    for proxy in proxies:
        proxy.lie = pruned_below(head)
    if not whole:
        await joined.chain.scan(head, head)
    events = [entry.event for entry in await joined.chain.scan(Height(1), head if whole else height)]
    assert [type(event) for event in events] == [PacketSent, PacketSent, PacketAcknowledged]


async def test_changed_history_is_noticed_and_forgotten_on_demand(joined: JoinedChain) -> None:
    await joined.send(b"first")
    head = (await joined.chain.latest()).height
    await joined.chain.scan(Height(1), head)
    await joined.anvil.rpc("anvil_reorg", 1, [])
    await joined.anvil.mine(2)
    with pytest.raises(Reorganised):
        await joined.chain.scan(Height(head + 1), Height(head + 2))
    joined.chain.forget()
    events = await joined.chain.scan(Height(1), Height(head + 2))
    assert events == []  # the packet went with its block


async def test_changed_history_is_noticed_whatever_the_new_one_counts(joined: JoinedChain) -> None:
    await joined.send(b"first")
    head = (await joined.chain.latest()).height
    await joined.chain.scan(Height(1), head)
    await joined.anvil.rpc("anvil_reorg", 1, [])
    await joined.send(b"another")  # by the counter that was read before, the second
    with pytest.raises(Reorganised):
        await joined.chain.scan(Height(head + 1), (await joined.chain.latest()).height)


async def test_an_acknowledgement_that_was_not_read_cannot_be_proven(joined: JoinedChain) -> None:
    head = (await joined.chain.latest()).height
    claims = Claims(present=[(Path(PathKind.ACKNOWLEDGEMENT, HERE, PacketSequence(1)), bytes(32))])
    with pytest.raises(NotProvable):
        await joined.chain.prove(head, claims)

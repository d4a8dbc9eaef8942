"""A call's whole life as the hub tells it, however long ago it was."""

from pathlib import Path

import pytest

from console.exits import Misused
from console.trace import Tracer, sequence_in
from hub import messages as m
from hub.client import HubClient
from hub.engine.embedded import EngineOptions
from hub.engine.store import StoreOptions
from hub.node import NodeConfig, running_node
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Amount, Height
from hub.state.errors import HeightNotRetained
from tests.unit.counting_service import call, connected
from tests.unit.node_world import ADDRESSES, OPERATOR, SIGNERS, SOMEONE, VALIDATOR, StillClock, genesis

BY_HAND = ADDRESSES[OPERATOR]
ROUTER, CALL = Address(b"\x0a" * 20), b"\x0c" * 32
SENT = keccak256(b"PacketSent(bytes32,uint64,uint16,uint64,bytes32,bytes)")


async def test_what_befell_a_call_alone_is_told_when_its_blocks_are_long_gone_by(tmp_path: Path) -> None:
    """A result by deadline, a settlement and a refund stand in no packet's history."""
    clock = StillClock()
    config = NodeConfig(
        genesis(),
        tmp_path / "store",
        tmp_path / "guard",
        listen="127.0.0.1:0",
        engine=EngineOptions(gather=0.0, request_interval=0.0),
        disk=StoreOptions(retained=1),
    )
    async with (
        running_node(config, SIGNERS[VALIDATOR], clock) as node,
        await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub,
    ):
        await connected(hub)
        await hub.submit([call(client="", provider=BY_HAND)], SIGNERS[SOMEONE])
        (by_hand,) = (await hub.requests()).items
        clock.advance(100)
        await hub.submit([m.RespondService(by_hand.request_id, 200, b"2", "")], SIGNERS[OPERATOR])
        await hub.submit([call()], SIGNERS[SOMEONE])
        (forwarded,) = [one for one in (await hub.requests()).items if one.request_id != by_hand.request_id]
        for seconds in (1_000, 10_000):
            clock.advance(seconds)
            await hub.request_block()
        for _ in range(40):
            await hub.submit([m.Transfer(BY_HAND, Amount(1))], SIGNERS[SOMEONE])
        with pytest.raises(HeightNotRetained):
            await hub.prove(Height(3), [b"quorum-0\x01" + bytes(8)])

        tracer = Tracer(hub, ())
        life = await tracer.trace("0x" + by_hand.request_id.hex())
        assert [(step.height, step.what) for step in life.steps] == [
            (2, "call of count accepted, 9 into escrow"),
            (3, "result 200"),
            (3, "9 paid to the provider"),
        ]
        assert [step.time - life.steps[0].time for step in life.steps] == [0, 100, 100]
        assert [bool(step.transaction) for step in life.steps] == [True] * 3
        life = await tracer.trace("0x" + forwarded.request_id.hex())
        assert [(step.height, step.packet, step.what) for step in life.steps] == [
            (4, "quorum-0/out/1", "packet sent"),
            (4, "", "call of count accepted, 3 into escrow"),
            (4, "", "request forwarded to quorum-0"),
            (5, "", "result 504: no answer in time; the fee waits for proof"),
            (6, "", "3 refunded to the caller"),
        ]
        assert not life.steps[-1].transaction
        assert (await tracer.trace("quorum-0/out/1")).steps == life.steps


def sent_by(emitter: bytes, sequence: int, path_key: bytes = CALL) -> dict[str, object]:
    data = bytes(64) + path_key + bytes(64)
    topics = [SENT, bytes(32), sequence.to_bytes(32, "big")]
    return {
        "address": "0x" + emitter.hex(),
        "topics": ["0x" + topic.hex() for topic in topics],
        "data": "0x" + data.hex(),
    }


def test_only_the_router_says_which_packet_a_call_is() -> None:
    """A consumer's contract may log what it likes in the transaction of its call."""
    forged = sent_by(b"\x0b" * 20, 6)
    bare = {"address": "0x" + ROUTER.hex(), "topics": [], "data": "0x"}
    other = sent_by(ROUTER, 4, bytes(32))
    assert sequence_in([bare, forged, other, sent_by(ROUTER, 5)], ROUTER, CALL) == 5
    with pytest.raises(Misused, match="no packet of it"):
        sequence_in([bare, forged, other], ROUTER, CALL)

"""What the tour is played with: on every chain a buyer and a shop, at the hub a service for each shop.

A buyer asks for quotes of 1, 2, … pieces; a shop answers 7 a piece, but has no unicorns.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from eth_abi.abi import decode

from adapters.evm.endpoints import Endpoints
from adapters.evm.fees import FeePolicy
from adapters.evm.finality import block_header
from adapters.evm.header import BlockHeader
from adapters.evm.sender import Pace, Sender
from adapters.evm.words import bytes_of, hex_of, number_of
from console.amounts import address_text
from console.chains import ChainFile
from console.devnet.accounts import Holder, dev_account
from console.devnet.contracts import Deployed, Mined, deploy
from console.exits import TimedOut
from console.solidity import compile_file
from hub.client import HubClient
from hub.ibc.identifiers import ClientId
from hub.messages import BindService, DefineService, Faucet
from hub.proofs.keccak import keccak256
from hub.quantities import Address, Amount, Gas, Height
from hub.quantities import Sequence as PacketSequence
from hub.services.payload import InputEncoding, packet_request_id
from hub.signer import Signer

CONTRACTS = Path(__file__).parent / "contracts"
INPUT_ABI = json.dumps([{"name": "item", "type": "string"}, {"name": "pieces", "type": "uint256"}])
OUTPUT_ABI = json.dumps([{"name": "total", "type": "uint256"}])
PRICE_A_PIECE = 7
FEE = Amount(100)
POCKET_MONEY = Amount(1_000_000)
ITEM = "apple"
UNICORN = "unicorn"
MAX_RESPONSE_SECONDS = 5
GRACE_SECONDS = 10
POLL_SECONDS = 0.25
PACE = Pace(poll_s=0.2)
_QUOTED = b"Quoted(bytes32,string,bytes,uint256)"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that a buyer made: the packet's key and number on its chain, and its name at the hub."""

    call_id: bytes
    sequence: PacketSequence
    request_id: bytes
    pieces: int
    height: Height


class Kept(NamedTuple):
    """What came of a call, as every asking contract of the tour keeps it; ``times`` 0 for nothing yet."""

    times: int
    code: int
    timed_out: bool
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a buyer kept of a call."""

    times: int
    code: int
    timed_out: bool
    message: str
    total: int


@dataclass(frozen=True, slots=True)
class Site:
    """One chain with its buyer and its shop."""

    chain: ChainFile
    endpoints: Endpoints
    sender: Sender
    buyer: Deployed
    shop: Deployed

    @property
    def service(self) -> str:
        """The service that this chain's shop provides."""
        return f"quote-{self.chain.name}"

    async def ask(
        self,
        service: str,
        item: str = ITEM,
        count: int = 1,
        *,
        answer_within: int = 60,
        accept_within: int = 60,
    ) -> list[Call]:
        """Ask for ``count`` quotes in one transaction. Durations in seconds."""
        mined = await self.buyer.send("ask", service, item, count, answer_within, accept_within, FEE)
        return self.calls_in(mined)

    def calls_in(self, mined: Mined) -> list[Call]:
        """The calls that a transaction made, numbered as pieces from 1 on."""
        asked = [log.topics[1] for log in mined.named("Asked(bytes32)")]
        sent = mined.named("PacketSent(bytes32,uint64,uint16,uint64,bytes32,bytes)")
        sequences = [PacketSequence(int.from_bytes(log.topics[2], "big")) for log in sent]
        client = ClientId(self.chain.client_at_hub)
        return [
            Call(call_id, sequence, packet_request_id(client, sequence), pieces, mined.height)
            for pieces, (call_id, sequence) in enumerate(zip(asked, sequences, strict=True), start=1)
        ]

    async def logs(
        self, contract: Deployed, signature: str, since: Height, *topics: bytes
    ) -> list[tuple[Height, bytes]]:
        """Height and transaction of the events of one signature (and first topics) from a height on."""
        wanted = [hex_of(keccak256(signature.encode())), *(hex_of(topic) for topic in topics)]
        query = {"address": hex_of(contract.address), "fromBlock": hex(since), "toBlock": "latest", "topics": wanted}
        found = await self.endpoints.call("eth_getLogs", query)
        return [(Height(number_of(log["blockNumber"])), bytes_of(log["transactionHash"])) for log in found]

    async def quoted(self, request_id: bytes, since: Height) -> list[tuple[str, bytes]]:
        """Who asked the shop with a request: client at the hub and caller, each time that it was asked."""
        query = {
            "address": hex_of(self.shop.address),
            "fromBlock": hex(since),
            "topics": [hex_of(keccak256(_QUOTED)), hex_of(request_id)],
        }
        found = await self.endpoints.call("eth_getLogs", query)
        told = [decode(["string", "bytes", "uint256"], bytes_of(log["data"])) for log in found]
        return [(client, caller) for client, caller, _ in told]

    async def blocks_taken(self, call: Call) -> int:
        """From the block of a call to the block of its outcome."""
        ((height, _),) = await self.logs(self.buyer, "Settled(bytes32,uint16,bool)", call.height, call.call_id)
        return height - call.height

    async def outcome(self, call: Call) -> Outcome:
        """What has come of a call so far; ``times`` 0 for nothing yet."""
        kept = await kept_of(self.buyer, call)
        return Outcome(*kept, total=await self.buyer.read("total", call.call_id) if kept.times else 0)

    async def outcomes(self, calls: Sequence[Call], patience: float) -> list[Outcome]:
        """Wait until every call has its outcome; raises TimedOut."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            found = await asyncio.gather(*(self.outcome(call) for call in calls))
            missing = sum(outcome.times == 0 for outcome in found)
            if not missing:
                return list(found)
            if asyncio.get_running_loop().time() > deadline:
                raise TimedOut(f"{missing} of {len(calls)} calls have no outcome after {patience:.0f} s", "NO_OUTCOME")
            await asyncio.sleep(POLL_SECONDS)

    async def latest(self) -> BlockHeader:
        """The chain's newest block."""
        return await self.endpoints.attempt(lambda endpoint: block_header(endpoint, "latest"))

    async def close(self) -> None:
        await self.endpoints.close()


async def kept_of(asker: Deployed, call: Call) -> Kept:
    """What has come of a call so far at the contract that made it."""
    return Kept(*await asker.read("outcome", call.call_id))


def compile_all() -> None:
    """Compile the tour's contracts, all of which are remembered, so that nobody waits for the compiler later."""
    for path in sorted(CONTRACTS.glob("*.sol")):
        compile_file(path)


async def open_site(chain: ChainFile, hub: HubClient, operator: Signer) -> Site:
    """Put buyer and shop on a chain, define and bind its service, and give the buyer money at the hub."""
    endpoints = Endpoints(chain.name, chain.endpoints)
    sender = Sender(endpoints, dev_account(Holder.VISITOR), chain.chain_id, FeePolicy(), PACE)
    compiled = [compile_file(CONTRACTS / f"{name}.sol") for name in ("Buyer", "Shop")]
    (buyer, _), (shop, _) = await asyncio.gather(*(deploy(endpoints, sender, one, chain.gateway) for one in compiled))
    site = Site(chain, endpoints, sender, buyer, shop)
    pocket = await hub.caller_account(chain.client_at_hub, buyer.address)
    await hub.submit([*_offer(site, shop.address), Faucet(pocket.address, POCKET_MONEY)], operator)
    return site


def _offer(site: Site, shop: Address) -> tuple[DefineService, BindService]:
    description = f"Quotes {PRICE_A_PIECE} a piece, by {address_text(shop)} on chain {site.chain.name}"
    define = DefineService(site.service, description, ("tour",), "", "", INPUT_ABI, OUTPUT_ABI)
    bind = BindService(
        site.service,
        site.chain.client_at_hub,
        shop,
        InputEncoding.ABI,
        FEE,
        Gas(300_000),
        MAX_RESPONSE_SECONDS,
        GRACE_SECONDS,
    )
    return define, bind

"""What a client of any chain of our own does alike; ``HubClient`` and the ledger's add what is their chain's.

Every refusal of a node is raised as the very ``HubError`` that the node raised, rebuilt from the status details; what
the network does is raised as ``HubUnreachable`` or ``DeadlineExceeded`` (hub/rpc/errors.py).
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Sequence
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar

import grpc

from hub.accounts.errors import ExpiryTooFar, NonceTooHigh, NonceUsed, TransactionExpired
from hub.accounts.transactions import MAX_EXPIRY_SECONDS
from hub.answers import (
    Batch,
    BlockEventsOf,
    BlockInfo,
    ClientInfo,
    Ics23StateProof,
    LaneInfo,
    NodeStatus,
    PacketHistoryOf,
    ReceiptOf,
    Rotation,
    RotationCheckpoint,
    StateProof,
)
from hub.clients.quorum import SignedCheckpoint
from hub.engine.errors import NoncePending
from hub.events import Event
from hub.quantities import Address, Epoch, Hash, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.rpc.calling import OUT_OF_REACH, Patience, answered, streamed
from hub.rpc.dialect import Dialect
from hub.rpc.errors import HubUnreachable
from hub.rpc.wire import from_proto

T = TypeVar("T")
E = TypeVar("E", bound=Event)

PAGE_SIZE = 1_000

IDLE_SECONDS = 120.0
"""A Watch stream that says nothing for so long is dead: a node tells of each block at least at its heartbeat."""
_ATTEMPTS = 5
_MAX_CALLS = 500
"""At the same time: a node resets the streams of a connection that opens far more."""


class Stubs(NamedTuple):
    """What gRPC generated for the four services that every chain of our own has."""

    transactions: Any
    blocks: Any
    checkpoints: Any
    queries: Any


class Writing(NamedTuple):
    """How one account's transaction is made, as often as it takes. ``try_out``: its simulation, None to go without.
    ``sign`` gives all signatures of a body.
    """

    next_nonce: Callable[[], Awaitable[int]]
    body: Callable[[int], bytes]
    try_out: Callable[[bytes], Awaitable[object]] | None
    sign: Callable[[bytes], Awaitable[bytes]]


class ChainClient(Generic[E]):
    """One connection to one node. Safe for many tasks at once; not for several event loops."""

    def __init__(
        self, target: str, channel: grpc.aio.Channel, timeout_seconds: float, dialect: Dialect[E], stubs: Stubs
    ) -> None:
        self._target = target
        self._channel = channel
        self._timeout = timeout_seconds
        self._dialect = dialect
        self._stubs = stubs
        self._owners: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._calls = asyncio.Semaphore(_MAX_CALLS)
        self._chain_id = ""
        self._genesis_hash = Hash(b"")
        self._behind = 0
        """Seconds that this machine's clock is behind the node's, as far as a refusal has shown."""

    @property
    def chain_id(self) -> str:
        """The chain's name for itself."""
        return self._chain_id

    @property
    def genesis_hash(self) -> Hash:
        return self._genesis_hash

    @property
    def target(self) -> str:
        """The node's ``host:port``."""
        return self._target

    async def close(self) -> None:
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- transactions ---

    async def send(self, body: bytes, signature: bytes, *, patience_seconds: float = 60.0) -> ReceiptOf[E]:
        """Send a signed transaction until an answer comes: the same bytes, as often as it takes; idempotent.

        ``signature``: all signatures, as the chain encodes them. Raises what the chain refuses it for;
        HubUnreachable, DeadlineExceeded and the like when patience is at its end.
        """
        sent = self._dialect.as_sent(body, signature)
        request = self._dialect.transaction_service.SubmitRequest(transaction=sent)
        answer = await Patience(patience_seconds).with_(lambda: self._ask(self._stubs.transactions.Submit, request))
        return self._dialect.read_receipt(answer.receipt)

    # --- the node and its blocks ---

    async def status(self) -> NodeStatus:
        """Height, time, roots and validators of the node, its chain ID and genesis hash."""
        answer = await self._ask(self._stubs.queries.GetStatus, self._dialect.query_service.GetStatusRequest())
        return from_proto(answer.status, NodeStatus)

    async def block(self, height: Height | None = None) -> BlockInfo:
        """A block, the latest by default; raises BlockNotFound."""
        answer = await self._ask(
            self._stubs.blocks.GetBlock, self._dialect.block_service.GetBlockRequest(height=height or 0)
        )
        return from_proto(answer.block, BlockInfo)

    async def request_block(self) -> Height:
        """Ask for a block that shows the time, and wait for it; raises RateLimited. Returns its height."""
        answer = await self._ask(self._stubs.blocks.RequestBlock, self._dialect.block_service.RequestBlockRequest())
        return Height(answer.height)

    async def watch(
        self, from_height: Height, kinds: Collection[type[Event]] = (), *, patient: bool = True
    ) -> AsyncGenerator[BlockEventsOf[E], None]:
        """The events of every block from ``from_height`` on, block by block, whole and in order; no kind: all kinds.

        Never skips and never repeats a block; reconnects by itself from the block after the last one given, and ends
        only when it is closed or cancelled, or on a refusal. A block without events is given now and then, so that
        ``block.height`` can be kept as a cursor: resume with ``block.height + 1``. 0: from the next block on.

        Not ``patient``: raises HubUnreachable and the like where the node goes away, instead of connecting again.
        """
        next_height = from_height or Height((await self.status()).height + 1)
        names = sorted(kind.__name__ for kind in kinds)
        pause = 0.1
        while True:
            request = self._dialect.block_service.WatchRequest(from_height=next_height, kinds=names)
            stream = self._stubs.blocks.Watch(request, wait_for_ready=patient)
            try:
                async for answer in streamed(self._target, stream, IDLE_SECONDS):
                    block = self._dialect.read_block_events(answer.block)
                    next_height, pause = Height(block.height + 1), 0.1
                    yield block
                if not patient:
                    raise HubUnreachable(self._target, "it tells of no more blocks")
            except OUT_OF_REACH:
                if not patient:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    async def events_between(
        self, first: Height, last: Height, kinds: Collection[type[Event]] = ()
    ) -> AsyncGenerator[BlockEventsOf[E], None]:
        """As ``watch``, of blocks that stand already, and without its patience.

        Raises HubUnreachable where the node goes away meanwhile, or has nothing more to say.
        """
        names = sorted(kind.__name__ for kind in kinds)
        stream = self._stubs.blocks.Watch(self._dialect.block_service.WatchRequest(from_height=first, kinds=names))
        async for answer in streamed(self._target, stream, self._timeout):
            block = self._dialect.read_block_events(answer.block)
            if block.height <= last:
                yield block
            if block.height >= last:
                return
        raise HubUnreachable(self._target, f"it ended before block {last}")

    # --- clients, lanes, packets ---

    async def clients(self) -> tuple[ClientInfo, ...]:
        """All light clients of the chain."""
        pages = self._pages(self._stubs.queries.ListClients, self._dialect.query_service.ListClientsRequest())
        return tuple([from_proto(client, ClientInfo) async for answer in pages for client in answer.clients])

    async def client(self, client: str) -> ClientInfo:
        """Configuration, status, latest believed point and counterparty; raises ClientNotFound."""
        answer = await self._ask(
            self._stubs.queries.GetClient, self._dialect.query_service.GetClientRequest(client=client)
        )
        return from_proto(answer.client, ClientInfo)

    async def lanes(self) -> tuple[LaneInfo, ...]:
        """All registered routes of the chain, by number."""
        pages = self._pages(self._stubs.queries.ListLanes, self._dialect.query_service.ListLanesRequest())
        return tuple([from_proto(lane, LaneInfo) async for answer in pages for lane in answer.lanes])

    async def commitments(self, client: str) -> tuple[PacketSequence, ...]:
        """Packets sent to the chain behind ``client`` that are neither acknowledged nor timed out yet, rising."""
        request = self._dialect.query_service.ListPacketCommitmentsRequest(client=client)
        pages = self._pages(self._stubs.queries.ListPacketCommitments, request)
        return tuple([PacketSequence(sequence) async for answer in pages for sequence in answer.sequences])

    async def unreceived(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        """Which of these packets from the chain behind ``client`` have not been received here, rising."""
        found: list[PacketSequence] = []
        for some in _chunks(sequences):
            request = self._dialect.query_service.ListUnreceivedPacketsRequest(client=client, sequences=some)
            answer = await self._ask(self._stubs.queries.ListUnreceivedPackets, request)
            found += map(PacketSequence, answer.sequences)
        return tuple(found)

    async def unacknowledged(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        """Which of these packets to the chain behind ``client`` still have their commitment here, rising."""
        found: list[PacketSequence] = []
        for some in _chunks(sequences):
            request = self._dialect.query_service.ListUnacknowledgedPacketsRequest(client=client, sequences=some)
            answer = await self._ask(self._stubs.queries.ListUnacknowledgedPackets, request)
            found += map(PacketSequence, answer.sequences)
        return tuple(found)

    async def acknowledgements(self, client: str, after: PacketSequence | None = None) -> tuple[PacketSequence, ...]:
        """Packets from the chain behind ``client`` acknowledged here, rising, beyond ``after``."""
        request = self._dialect.query_service.ListAcknowledgementsRequest(client=client, after_sequence=after or 0)
        pages = self._pages(self._stubs.queries.ListAcknowledgements, request)
        return tuple([PacketSequence(sequence) async for answer in pages for sequence in answer.sequences])

    async def packet(self, source_client: str, destination_client: str, sequence: PacketSequence) -> PacketHistoryOf[E]:
        """All that happened here to one packet, with its events; raises PacketNotFound. One end is this chain's."""
        request = self._dialect.query_service.GetPacketRequest(
            source_client=source_client, destination_client=destination_client, sequence=sequence
        )
        return self._dialect.read_packet_history((await self._ask(self._stubs.queries.GetPacket, request)).packet)

    # --- what proves the chain ---

    async def checkpoint(self, client: str, height: Height | None = None) -> SignedCheckpoint:
        """This validator's signature over a committed block for the counterparty of ``client``; the latest by default.

        Raises BlockNotFound, CounterpartyNotRegistered, NotAValidator, CheckpointWithheld (the guard).
        """
        request = self._dialect.checkpoint_service.GetCheckpointRequest(client=client, height=height or 0)
        return from_proto(
            (await self._ask(self._stubs.checkpoints.GetCheckpoint, request)).checkpoint, SignedCheckpoint
        )

    async def batch(self, client: str, height: Height | None = None) -> Batch:
        """The entries that the block shows the counterparty of ``client``; raises BlockNotFound."""
        request = self._dialect.checkpoint_service.GetBatchRequest(client=client, height=height or 0)
        return from_proto((await self._ask(self._stubs.checkpoints.GetBatch, request)).batch, Batch)

    async def prove(self, height: Height | None, paths: Sequence[bytes]) -> StateProof:
        """Direct proofs of encoded IBC paths, present or absent, all at one height; the latest by default.

        At most 1024; raises BlockNotFound, HeightNotRetained.
        """
        request = self._dialect.checkpoint_service.GetProofRequest(height=height or 0, paths=paths)
        return from_proto((await self._ask(self._stubs.checkpoints.GetProof, request)).state_proof, StateProof)

    async def prove_ics23(self, height: Height | None, paths: Sequence[bytes]) -> Ics23StateProof:
        """As ``prove``, for those who verify with ICS-23 (``SmtSpec``) under the app root."""
        request = self._dialect.checkpoint_service.GetIcs23ProofRequest(height=height or 0, paths=paths)
        answer = await self._ask(self._stubs.checkpoints.GetIcs23Proof, request)
        return from_proto(answer.state_proof, Ics23StateProof)

    async def rotation(self) -> Rotation:
        """The set that signs, the one that is proposed, and which counterparties' checkpoints are waited for."""
        answer = await self._ask(self._stubs.queries.GetRotation, self._dialect.query_service.GetRotationRequest())
        return from_proto(answer.rotation, Rotation)

    async def rotation_checkpoint(self, client: str, epoch: Epoch) -> RotationCheckpoint:
        """What takes the counterparty of ``client`` from an epoch to the next; raises RotationCheckpointNotFound."""
        request = self._dialect.query_service.GetRotationCheckpointRequest(client=client, epoch=epoch)
        answer = await self._ask(self._stubs.queries.GetRotationCheckpoint, request)
        return from_proto(answer.rotation_checkpoint, RotationCheckpoint)

    # --- how ---

    async def _greet(self) -> Self:
        """Learn which chain this is; closes the connection where that fails."""
        try:
            status = await self.status()
        except BaseException:
            await self.close()
            raise
        self._chain_id, self._genesis_hash = status.chain_id, status.genesis_hash
        return self

    async def _write(self, account: Address, valid_seconds: int, writing: Writing) -> ReceiptOf[E]:
        """Make a transaction of an account, and make it anew where its nonce or its expiry was overtaken."""
        patience = Patience(valid_seconds)
        async with self._owners[account]:
            for attempt in range(_ATTEMPTS):
                body = writing.body(await patience.with_(writing.next_nonce))
                try:
                    if (try_out := writing.try_out) is not None:
                        await patience.with_(lambda: try_out(body))  # noqa: B023 -- awaited at once
                    return await self.send(body, await writing.sign(body), patience_seconds=valid_seconds)
                except (NonceUsed, NonceTooHigh, NoncePending):
                    if attempt == _ATTEMPTS - 1:
                        raise
                    await asyncio.sleep(0.05 * 2**attempt)  # another program signs with this key
                except (TransactionExpired, ExpiryTooFar) as error:
                    if attempt == _ATTEMPTS - 1 or not self._learn_time(error):
                        raise
        raise AssertionError("the last attempt returns or raises")

    async def _try_out(self, request: Any) -> ReceiptOf[E]:
        answer = await self._ask(self._stubs.transactions.Simulate, request)
        return self._dialect.read_receipt(answer.receipt)

    async def _transaction(self, transaction_hash: bytes) -> tuple[ReceiptOf[E], Any]:
        """A receipt, and what the dialect decodes the transaction to; raises TransactionNotFound."""
        request = self._dialect.transaction_service.GetTransactionRequest(hash=transaction_hash)
        answer = await self._ask(self._stubs.transactions.GetTransaction, request)
        sent = self._dialect.decode_transaction(*self._dialect.sent(answer.transaction))
        return self._dialect.read_receipt(answer.receipt), sent

    async def _ask(self, method: Callable[..., Awaitable[T]], request: Any) -> T:
        async with self._calls:
            return await answered(self._target, method(request, timeout=self._timeout))

    async def _pages(self, method: Callable[..., Awaitable[Any]], request: Any) -> AsyncIterator[Any]:
        request.page_size = PAGE_SIZE
        while True:
            answer = await self._ask(method, request)
            yield answer
            if not answer.next_page_token:
                return
            request.page_token = answer.next_page_token

    def _expiry(self, valid_seconds: int) -> UnixSeconds:
        """By the node's clock, as far as it is known."""
        return UnixSeconds(int(time.time()) + self._behind + valid_seconds)

    def _learn_time(self, error: TransactionExpired | ExpiryTooFar) -> bool:
        """What a refusal says of the node's clock; whether that is news."""
        now = error.now if isinstance(error, TransactionExpired) else error.latest - MAX_EXPIRY_SECONDS
        before, self._behind = self._behind, now - int(time.time())
        return abs(self._behind - before) > 1


def _chunks(sequences: Collection[PacketSequence], size: int = 1_000) -> list[list[PacketSequence]]:
    ordered = sorted(set(sequences))
    return [ordered[at : at + size] for at in range(0, len(ordered), size)]

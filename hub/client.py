"""``HubClient``: the Python SDK of a hub. It speaks core types; gRPC and protobuf stay behind it.

Every refusal of the hub is raised as the very ``HubError`` that the hub raised (``TimeoutElapsed``, ``UnknownLane``,
…), rebuilt from the status details; what the network does is raised as ``HubUnreachable`` or ``DeadlineExceeded``
(hub/rpc/errors.py).

    async with await HubClient.connect("localhost:9090", root_certificate=Path("ca.pem")) as hub:
        receipt = await hub.submit([Transfer(recipient, Amount(5))], signer)
        async for block in hub.watch(receipt.height + 1, kinds=[PacketSent]):
            ...
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import grpc
from interchain.hub.v1 import (
    block_service_pb2,
    block_service_pb2_grpc,
    checkpoint_service_pb2,
    checkpoint_service_pb2_grpc,
    query_service_pb2,
    query_service_pb2_grpc,
    transaction_service_pb2,
    transaction_service_pb2_grpc,
    tx_pb2,
)

from hub.accounts.errors import ExpiryTooFar, NonceTooHigh, NonceUsed, TransactionExpired
from hub.accounts.transactions import MAX_EXPIRY_SECONDS, transaction_digest
from hub.answers import (
    Account,
    Batch,
    BlockEvents,
    BlockInfo,
    ClientInfo,
    LaneInfo,
    NodeStatus,
    PacketHistory,
    Page,
    Receipt,
    Rotation,
    RotationCheckpoint,
    ServiceBinding,
    ServiceDefinition,
    ServiceRequest,
    StateProof,
)
from hub.clients.quorum import SignedCheckpoint
from hub.engine.errors import NoncePending
from hub.events import Event
from hub.messages import AnyMessage, SignedTransaction, Transaction
from hub.quantities import Address, Amount, Epoch, Gas, Hash, Height, UnixSeconds
from hub.quantities import Sequence as PacketSequence
from hub.rpc.calling import OUT_OF_REACH, Patience, answered, open_channel, streamed
from hub.rpc.wire import decode_transaction, encode_transaction, from_proto
from hub.signer import Signer

T = TypeVar("T")

PAGE_SIZE = 1_000

IDLE_SECONDS = 120.0
"""A Watch stream that says nothing for so long is dead: a hub tells of each block at least at its heartbeat."""
_ATTEMPTS = 5
_MAX_CALLS = 500
"""At the same time: a hub resets the streams of a connection that opens far more."""


class HubClient:
    """One connection to one hub node. Safe for many tasks at once; not for several event loops."""

    def __init__(self, target: str, channel: grpc.aio.Channel, timeout_seconds: float) -> None:
        """Use ``connect``."""
        self._target = target
        self._channel = channel
        self._timeout = timeout_seconds
        self._transactions = transaction_service_pb2_grpc.TransactionServiceStub(channel)
        self._blocks = block_service_pb2_grpc.BlockServiceStub(channel)
        self._checkpoints = checkpoint_service_pb2_grpc.CheckpointServiceStub(channel)
        self._queries = query_service_pb2_grpc.QueryServiceStub(channel)
        self._owners: defaultdict[Address, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._calls = asyncio.Semaphore(_MAX_CALLS)
        self._chain_id = ""
        self._genesis_hash = Hash(b"")
        self._behind = 0
        """Seconds that this machine's clock is behind the hub's, as far as a refusal has shown."""

    @classmethod
    async def connect(
        cls,
        target: str,
        *,
        root_certificate: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        insecure: bool = False,
        timeout_seconds: float = 30.0,
    ) -> "HubClient":
        """Connect to ``host:port`` and ask for its status; raises HubUnreachable, OSError for a file.

        TLS by ``root_certificate`` (None: the system's roots), mutual with ``certificate`` and ``key``. ``insecure``
        speaks plain text, which a node accepts on a devnet only. ``timeout_seconds`` is the deadline of each call.
        """
        channel = open_channel(target, root_certificate, certificate, key, insecure=insecure)
        client = cls(target, channel, timeout_seconds)
        try:
            status = await client.status()
        except BaseException:
            await client.close()
            raise
        client._chain_id, client._genesis_hash = status.chain_id, status.genesis_hash
        return client

    @property
    def chain_id(self) -> str:
        """The hub's name for itself."""
        return self._chain_id

    @property
    def genesis_hash(self) -> Hash:
        return self._genesis_hash

    async def close(self) -> None:
        await self._channel.close()

    async def __aenter__(self) -> "HubClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # --- transactions ---

    async def submit(
        self, messages: Sequence[AnyMessage], signer: Signer, *, valid_seconds: int = 60, simulate: bool = True
    ) -> Receipt:
        """Sign the messages as one transaction and wait until it stands in a block, durably.

        Simulated first, so that a refusal costs nothing and is raised as it is. One owner a key: calls for the same
        account wait for one another here, and the nonce is read from the hub each time. A connection that breaks is no
        reason to sign anew: the same bytes are sent again until an answer comes or the transaction has expired
        (``TransactionExpired``), or the hub stays away beyond that (``HubUnreachable``). Messages are carried out in
        order, all or none. ``receipt.result`` is NO_OP where nothing was left to do. Two programs with one key get
        along, but where they send the very same messages in the same second, they have sent one transaction.
        """
        patience = Patience(valid_seconds)
        async with self._owners[signer.address]:
            for attempt in range(_ATTEMPTS):
                nonce = (await patience.with_(lambda: self.account(signer.address))).nonce
                body = self._body(messages, signer.address, nonce, valid_seconds)
                try:
                    if simulate:
                        await patience.with_(lambda: self._simulate(body))  # noqa: B023 -- awaited at once
                    compact = signer.sign(transaction_digest(self._genesis_hash, body))
                    return await self.send(body, _signature(compact), patience_seconds=valid_seconds)
                except (NonceUsed, NonceTooHigh, NoncePending):
                    if attempt == _ATTEMPTS - 1:
                        raise
                    await asyncio.sleep(0.05 * 2**attempt)  # another program signs with this key
                except (TransactionExpired, ExpiryTooFar) as error:
                    if attempt == _ATTEMPTS - 1 or not self._learn_time(error):
                        raise
        raise AssertionError("the last attempt returns or raises")

    async def send(self, body: bytes, signature: bytes, *, patience_seconds: float = 60.0) -> Receipt:
        """Send a signed transaction until an answer comes: the same bytes, as often as it takes; idempotent.

        Raises what the hub refuses it for; HubUnreachable, DeadlineExceeded and the like when patience is at its end.
        """
        request = transaction_service_pb2.SubmitRequest(
            transaction=tx_pb2.SignedTransaction(body=body, signature=signature)
        )
        answer = await Patience(patience_seconds).with_(lambda: self._ask(self._transactions.Submit, request))
        return from_proto(answer.receipt, Receipt)

    async def simulate(self, messages: Sequence[AnyMessage], account: Address) -> Receipt:
        """What ``submit`` would do now; raises what it would raise."""
        return await self._simulate(self._body(messages, account, 0, 60))

    async def transaction(self, transaction_hash: bytes) -> tuple[Receipt, SignedTransaction]:
        """A transaction that stands in a block, perhaps REFUSED there; raises TransactionNotFound."""
        request = transaction_service_pb2.GetTransactionRequest(hash=transaction_hash)
        answer = await self._ask(self._transactions.GetTransaction, request)
        sent = decode_transaction(answer.transaction.body, answer.transaction.signature)
        return from_proto(answer.receipt, Receipt), sent

    # --- the node and its blocks ---

    async def status(self) -> NodeStatus:
        """Height, time, roots and validators of the node, its chain ID and genesis hash."""
        answer = await self._ask(self._queries.GetStatus, query_service_pb2.GetStatusRequest())
        return from_proto(answer.status, NodeStatus)

    async def block(self, height: Height | None = None) -> BlockInfo:
        """A block, the latest by default; raises BlockNotFound."""
        answer = await self._ask(self._blocks.GetBlock, block_service_pb2.GetBlockRequest(height=height or 0))
        return from_proto(answer.block, BlockInfo)

    async def request_block(self) -> Height:
        """Ask for a block that shows the time, and wait for it; raises RateLimited. Returns its height."""
        answer = await self._ask(self._blocks.RequestBlock, block_service_pb2.RequestBlockRequest())
        return Height(answer.height)

    async def watch(self, from_height: Height, kinds: Collection[type[Event]] = ()) -> AsyncIterator[BlockEvents]:
        """The events of every block from ``from_height`` on, block by block, whole and in order; no kind: all kinds.

        Never skips and never repeats a block; reconnects by itself from the block after the last one given, and ends
        only when it is closed or cancelled, or on a refusal. A block without events is given now and then, so that
        ``block.height`` can be kept as a cursor: resume with ``block.height + 1``. 0: from the next block on.
        """
        next_height = from_height or Height((await self.status()).height + 1)
        names = sorted(kind.__name__ for kind in kinds)
        pause = 0.1
        while True:
            request = block_service_pb2.WatchRequest(from_height=next_height, kinds=names)
            stream = self._blocks.Watch(request, wait_for_ready=True)
            try:
                async for answer in streamed(self._target, stream, IDLE_SECONDS):
                    block = from_proto(answer.block, BlockEvents)
                    next_height, pause = Height(block.height + 1), 0.1
                    yield block
            except OUT_OF_REACH:
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    # --- accounts and parameters ---

    async def account(self, address: Address) -> Account:
        """Balance, next nonce and roles; of an address that nobody used: nothing, 0 and none."""
        answer = await self._ask(self._queries.GetAccount, query_service_pb2.GetAccountRequest(address=address))
        return from_proto(answer.account, Account)

    async def caller_account(self, client: str, caller: bytes) -> Account:
        """The hub account of a caller on the chain behind ``client``, proven by its packets; anyone may fund it."""
        request = query_service_pb2.GetCallerAccountRequest(client=client, caller=caller)
        return from_proto((await self._ask(self._queries.GetCallerAccount, request)).account, Account)

    async def balance(self, client: str, caller: bytes) -> Amount:
        """What the caller's hub account holds."""
        return (await self.caller_account(client, caller)).balance

    async def parameters(self) -> dict[str, str]:
        """The chain's parameters by name, as text; durations in seconds."""
        answer = await self._ask(self._queries.ListParameters, query_service_pb2.ListParametersRequest())
        return {parameter.name: parameter.value for parameter in answer.parameters}

    # --- clients, lanes, packets ---

    async def clients(self) -> tuple[ClientInfo, ...]:
        """All light clients of the hub."""
        pages = self._pages(self._queries.ListClients, query_service_pb2.ListClientsRequest())
        return tuple([from_proto(client, ClientInfo) async for answer in pages for client in answer.clients])

    async def client(self, client: str) -> ClientInfo:
        """Configuration, status, latest believed point and counterparty; raises ClientNotFound."""
        answer = await self._ask(self._queries.GetClient, query_service_pb2.GetClientRequest(client=client))
        return from_proto(answer.client, ClientInfo)

    async def lanes(self) -> tuple[LaneInfo, ...]:
        """All registered routes of the hub, by number."""
        pages = self._pages(self._queries.ListLanes, query_service_pb2.ListLanesRequest())
        return tuple([from_proto(lane, LaneInfo) async for answer in pages for lane in answer.lanes])

    async def commitments(self, client: str) -> tuple[PacketSequence, ...]:
        """Packets sent to the chain behind ``client`` that are neither acknowledged nor timed out yet, rising."""
        request = query_service_pb2.ListPacketCommitmentsRequest(client=client)
        pages = self._pages(self._queries.ListPacketCommitments, request)
        return tuple([PacketSequence(sequence) async for answer in pages for sequence in answer.sequences])

    async def unreceived(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        """Which of these packets from the chain behind ``client`` have not been received at the hub, rising."""
        found: list[PacketSequence] = []
        for some in _chunks(sequences):
            request = query_service_pb2.ListUnreceivedPacketsRequest(client=client, sequences=some)
            answer = await self._ask(self._queries.ListUnreceivedPackets, request)
            found += map(PacketSequence, answer.sequences)
        return tuple(found)

    async def unacknowledged(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        """Which of these packets to the chain behind ``client`` still have their commitment at the hub, rising."""
        found: list[PacketSequence] = []
        for some in _chunks(sequences):
            request = query_service_pb2.ListUnacknowledgedPacketsRequest(client=client, sequences=some)
            answer = await self._ask(self._queries.ListUnacknowledgedPackets, request)
            found += map(PacketSequence, answer.sequences)
        return tuple(found)

    async def acknowledgements(self, client: str, after: PacketSequence | None = None) -> tuple[PacketSequence, ...]:
        """Packets from the chain behind ``client`` acknowledged at the hub, rising, beyond ``after``."""
        request = query_service_pb2.ListAcknowledgementsRequest(client=client, after_sequence=after or 0)
        pages = self._pages(self._queries.ListAcknowledgements, request)
        return tuple([PacketSequence(sequence) async for answer in pages for sequence in answer.sequences])

    async def packet(self, source_client: str, destination_client: str, sequence: PacketSequence) -> PacketHistory:
        """All that happened at the hub to one packet, with its events; raises PacketNotFound. One end is the hub's."""
        request = query_service_pb2.GetPacketRequest(
            source_client=source_client, destination_client=destination_client, sequence=sequence
        )
        return from_proto((await self._ask(self._queries.GetPacket, request)).packet, PacketHistory)

    # --- what proves the hub ---

    async def checkpoint(self, client: str, height: Height | None = None) -> SignedCheckpoint:
        """This validator's signature over a committed block for the counterparty of ``client``; the latest by default.

        Raises BlockNotFound, CounterpartyNotRegistered, NotAValidator, CheckpointWithheld (the guard).
        """
        request = checkpoint_service_pb2.GetCheckpointRequest(client=client, height=height or 0)
        return from_proto((await self._ask(self._checkpoints.GetCheckpoint, request)).checkpoint, SignedCheckpoint)

    async def batch(self, client: str, height: Height | None = None) -> Batch:
        """The entries that the block shows the counterparty of ``client``; raises BlockNotFound."""
        request = checkpoint_service_pb2.GetBatchRequest(client=client, height=height or 0)
        return from_proto((await self._ask(self._checkpoints.GetBatch, request)).batch, Batch)

    async def prove(self, height: Height | None, paths: Sequence[bytes]) -> StateProof:
        """Direct proofs of encoded IBC paths, present or absent, all at one height; the latest by default.

        At most 1024; raises BlockNotFound, HeightNotRetained.
        """
        request = checkpoint_service_pb2.GetProofRequest(height=height or 0, paths=paths)
        return from_proto((await self._ask(self._checkpoints.GetProof, request)).state_proof, StateProof)

    async def rotation(self) -> Rotation:
        """The set that signs, the one that is proposed, and which counterparties' checkpoints are waited for."""
        answer = await self._ask(self._queries.GetRotation, query_service_pb2.GetRotationRequest())
        return from_proto(answer.rotation, Rotation)

    async def rotation_checkpoint(self, client: str, epoch: Epoch) -> RotationCheckpoint:
        """What takes the counterparty of ``client`` from an epoch to the next; raises RotationCheckpointNotFound."""
        request = query_service_pb2.GetRotationCheckpointRequest(client=client, epoch=epoch)
        answer = await self._ask(self._queries.GetRotationCheckpoint, request)
        return from_proto(answer.rotation_checkpoint, RotationCheckpoint)

    # --- services ---

    async def services(self) -> tuple[ServiceDefinition, ...]:
        """All service definitions."""
        pages = self._pages(self._queries.ListServices, query_service_pb2.ListServicesRequest())
        return tuple([from_proto(service, ServiceDefinition) async for answer in pages for service in answer.services])

    async def definition(self, service: str) -> ServiceDefinition:
        """Raises ServiceNotFound."""
        answer = await self._ask(self._queries.GetService, query_service_pb2.GetServiceRequest(service=service))
        return from_proto(answer.service, ServiceDefinition)

    async def bindings(self, service: str = "") -> tuple[ServiceBinding, ...]:
        """Who offers a service, or any."""
        pages = self._pages(self._queries.ListBindings, query_service_pb2.ListBindingsRequest(service=service))
        return tuple([from_proto(offer, ServiceBinding) async for answer in pages for offer in answer.bindings])

    async def requests(self, service: str = "", *, page_size: int = 100, token: str = "") -> Page[ServiceRequest]:
        """Calls that the hub accepted, in order of their identifiers.

        ``page_size`` requests are looked at, those of the service given: a page may be short, or empty, before the end.
        """
        request = query_service_pb2.ListRequestsRequest(service=service, page_size=page_size, page_token=token)
        answer = await self._ask(self._queries.ListRequests, request)
        return Page(tuple(from_proto(one, ServiceRequest) for one in answer.requests), answer.next_page_token)

    async def request(self, request_id: bytes) -> ServiceRequest:
        """Raises RequestNotFound."""
        answer = await self._ask(self._queries.GetRequest, query_service_pb2.GetRequestRequest(request_id=request_id))
        return from_proto(answer.request, ServiceRequest)

    # --- how ---

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

    async def _simulate(self, body: bytes) -> Receipt:
        answer = await self._ask(self._transactions.Simulate, transaction_service_pb2.SimulateRequest(body=body))
        return from_proto(answer.receipt, Receipt)

    def _body(self, messages: Sequence[AnyMessage], account: Address, nonce: int, valid_seconds: int) -> bytes:
        expiry = UnixSeconds(int(time.time()) + self._behind + valid_seconds)
        return encode_transaction(
            Transaction(self._chain_id, account, nonce, expiry, Amount(0), Gas(0), tuple(messages))
        )

    def _learn_time(self, error: TransactionExpired | ExpiryTooFar) -> bool:
        """What a refusal says of the hub's clock; whether that is news."""
        now = error.now if isinstance(error, TransactionExpired) else error.latest - MAX_EXPIRY_SECONDS
        before, self._behind = self._behind, now - int(time.time())
        return abs(self._behind - before) > 1


def _signature(compact: bytes) -> bytes:
    """``r ‖ s ‖ v`` of a compact signature (EIP-2098)."""
    return compact[:32] + bytes((compact[32] & 0x7F,)) + compact[33:] + bytes((compact[32] >> 7,))


def _chunks(sequences: Collection[PacketSequence], size: int = 1_000) -> list[list[PacketSequence]]:
    ordered = sorted(set(sequences))
    return [ordered[at : at + size] for at in range(0, len(ordered), size)]

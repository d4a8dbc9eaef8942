"""A chain of our own as a relayer sees it: ``adapters.chain.Chain`` over one of its nodes, and one of its members.

A block that is committed is final: there is no newer one that could be replaced, and nothing to forget.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

from adapters.chain import (
    Acknowledge,
    ClientView,
    Delivered,
    Delivery,
    Limits,
    Observed,
    PacketEvent,
    Receive,
    RotationEvent,
    SenderEvent,
    Step,
    TimeOut,
    Validators,
    path_of,
)
from adapters.errors import ChainError, DeliveryRefused, EndpointFault, NotProvable, SenderRefused
from adapters.lanes import LaneNumbers
from adapters.permissioned.ledger.contracts.errors import ContractError
from adapters.permissioned.ledger.messages import AnyMessage
from adapters.permissioned.ledger.service.errors import GatewayError
from adapters.refusals import refused_by_applications
from hub.accounts.errors import (
    NoRotationPending,
    RotationCheckpointNotFound,
    TransactionTooLarge,
    WrongRotationCheckpoint,
)
from hub.answers import (
    Batch,
    BlockEventsOf,
    BlockInfo,
    ClientInfo,
    LaneInfo,
    NodeStatus,
    ReceiptOf,
    Rotation,
    RotationCheckpoint,
    StateProof,
)
from hub.clients import quorum
from hub.clients.base import Claims, ProvenPoint
from hub.clients.batch_proof import shortest_proof
from hub.clients.errors import ClientError
from hub.clients.quorum import BatchPaths, Proof, SignedCheckpoint, StateProofs, Update, WholeBatch
from hub.engine.errors import CheckpointWithheld, NotAValidator, NoValidatorKey, RateLimited
from hub.errors import HubError
from hub.events import (
    AcknowledgementWritten,
    Event,
    PacketAcknowledged,
    PacketReceived,
    PacketSent,
    PacketTimedOut,
    ValidatorSetChanged,
    ValidatorSetProposed,
)
from hub.ibc.errors import PacketError
from hub.ibc.identifiers import ClientId
from hub.messages import (
    AcknowledgePackets,
    ReceivePackets,
    StoreRotationCheckpoint,
    TimeOutPackets,
    UpdateQuorumClient,
)
from hub.proofs.errors import ProofError
from hub.proofs.quorum import SignerSet
from hub.quantities import Epoch, Gas, Hash, Height
from hub.quantities import Sequence as PacketSequence
from hub.relaying import MAX_PACKETS
from hub.rpc.calling import BUSY, OUT_OF_REACH
from hub.services.errors import ServiceError
from hub.state.errors import BlockNotFound, HeightNotRetained

LIMITS = Limits(packets=MAX_PACKETS, bytes=1024 * 1024)
"""A transaction has at most 2 MiB: the values and acknowledgements of a delivery, and as much again for its proofs."""

_KINDS = (
    PacketSent,
    PacketReceived,
    AcknowledgementWritten,
    PacketAcknowledged,
    PacketTimedOut,
    ValidatorSetProposed,
    ValidatorSetChanged,
)
_NOT_SHOWN = (
    BlockNotFound,
    HeightNotRetained,
    CheckpointWithheld,
    NotAValidator,
    NoValidatorKey,
    RotationCheckpointNotFound,
)
_OF_A_STEP = (
    PacketError,
    ProofError,
    ClientError,
    ServiceError,
    ContractError,
    GatewayError,
    TransactionTooLarge,
    NoRotationPending,
    WrongRotationCheckpoint,
)
"""What a message is refused for; all else is against the member that sends it."""


class Node(Protocol):
    """What is asked of a node of the ledger: ``LedgerClient`` has it all."""

    async def status(self) -> NodeStatus: ...

    async def request_block(self) -> Height: ...

    async def block(self, height: Height | None = None) -> BlockInfo: ...

    def events_between(
        self, first: Height, last: Height, kinds: Collection[type[Event]] = ()
    ) -> AsyncGenerator[BlockEventsOf[Any], None]: ...

    async def client(self, client: str) -> ClientInfo: ...

    async def lanes(self) -> tuple[LaneInfo, ...]: ...

    async def unreceived(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]: ...

    async def unacknowledged(
        self, client: str, sequences: Collection[PacketSequence]
    ) -> tuple[PacketSequence, ...]: ...

    async def checkpoint(self, client: str, height: Height | None = None) -> SignedCheckpoint: ...

    async def batch(self, client: str, height: Height | None = None) -> Batch: ...

    async def prove(self, height: Height | None, paths: Sequence[bytes]) -> StateProof: ...

    async def rotation(self) -> Rotation: ...

    async def rotation_checkpoint(self, client: str, epoch: Epoch) -> RotationCheckpoint: ...

    async def close(self) -> None: ...


Submit = Callable[[Sequence[AnyMessage]], Awaitable[ReceiptOf[Any]]]
"""Sends messages as one transaction of a member, and waits until it stands in a block; raises its refusal."""


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """What stands between the ledger and the hub."""

    name: str
    client: ClientId
    """The ledger's client of the hub."""
    client_at_hub: ClientId
    """The hub's client of the ledger; the two may have the same name."""
    first_height: Height = Height(1)  # noqa: RUF009  # a number
    limits: Limits = LIMITS


class LedgerChain:
    """One ledger, one pair of clients, one member that relays. ``submit`` None: for reading only."""

    def __init__(self, settings: LedgerSettings, node: Node, submit: Submit | None = None) -> None:
        self._settings = settings
        self._node = node
        self._submit = submit
        self._lanes = LaneNumbers(node.lanes)

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def client_at_hub(self) -> ClientId:
        return self._settings.client_at_hub

    @property
    def client_of_hub(self) -> ClientId:
        return self._settings.client

    @property
    def limits(self) -> Limits:
        return self._settings.limits

    @property
    def first_height(self) -> Height:
        return self._settings.first_height

    async def latest(self) -> ProvenPoint:
        with self._reading():
            status = await self._node.status()
        return ProvenPoint(status.height, status.time)

    async def finalised(self) -> ProvenPoint:
        return await self.latest()

    async def request_block(self) -> ProvenPoint | None:
        with self._reading(), suppress(RateLimited):  # another asked a moment ago, and got it
            await self._node.request_block()
        return await self.latest()

    async def scan(self, first: Height, last: Height) -> Sequence[Observed]:
        observed: list[Observed] = []
        if first > last:
            return observed
        with self._reading():
            async with aclosing(self._node.events_between(first, last, _KINDS)) as blocks:
                async for block in blocks:
                    observed += self._observed(block)
        return observed

    async def certified(self, height: Height) -> Hash:
        """By the node itself: which block stands there does not change."""
        with self._proving(height):
            return (await self._node.block(height)).hash

    def settled(self, still_open: Collection[PacketSequence], up_to: PacketSequence) -> None:
        """Nothing is kept to prove packets by: the ledger's nodes prove them."""

    def forget(self) -> None:
        """Nothing is kept of what was scanned: what is final here does not change."""

    async def committed(self, sequences: Collection[PacketSequence]) -> set[PacketSequence]:
        with self._reading():
            return set(await self._node.unacknowledged(self._settings.client, sequences))

    async def received(self, sequences: Collection[PacketSequence]) -> set[PacketSequence]:
        with self._reading():
            return set(sequences) - set(await self._node.unreceived(self._settings.client, sequences))

    async def prove(self, height: Height, claims: Claims) -> Proof:
        with self._proving(height):
            signed = await self._node.checkpoint(self._settings.client, height)
            return Proof(signed, await self._in_batch(height, claims) or await self._in_state(height, claims))

    async def client_update(self, height: Height) -> UpdateQuorumClient:
        with self._proving(height):
            signed = await self._node.checkpoint(self._settings.client, height)
        return UpdateQuorumClient(self._settings.client_at_hub, Update(signed))

    async def hub_client(self) -> ClientView:
        with self._reading():
            info = await self._node.client(self._settings.client)
        if not isinstance(info.config, quorum.Config):
            raise EndpointFault(self.name, f"its client {self._settings.client} is no client of a hub")
        point = ProvenPoint(info.height, info.time)
        return ClientView(point, info.config.validators.epoch, info.status, info.config.trusting_period)

    async def deliver(self, delivery: Delivery) -> Delivered:
        """As ``Chain.deliver``; raises SenderRefused where it is the member that is refused."""
        with self._writing():
            kinds: list[list[Step]] = [
                [step for step in delivery.steps if isinstance(step, kind)] for kind in (Acknowledge, Receive, TimeOut)
            ]
            return await self._transact([await self._message(delivery, steps) for steps in kinds if steps])

    async def update(self, checkpoint: SignedCheckpoint) -> Delivered:
        with self._writing():
            return await self._transact([UpdateQuorumClient(self._settings.client, Update(checkpoint))])

    async def rotate(self, checkpoint: SignedCheckpoint, next_set: SignerSet) -> Delivered:
        with self._writing():
            return await self._transact([UpdateQuorumClient(self._settings.client, Update(checkpoint, next_set))])

    async def validators(self) -> Validators:
        with self._reading():
            shown, now = await self._node.status(), await self._node.rotation()
        return Validators(now.validators.epoch, shown.epoch, self._settings.client in now.missing)

    async def store_hand_over(self) -> Delivered:
        with self._proving(Height(0)):
            signed = await self._node.checkpoint(self._settings.client)
        with self._writing():
            return await self._transact([StoreRotationCheckpoint(self._settings.client, signed)])

    async def hand_over(self, epoch: Epoch) -> UpdateQuorumClient:
        with self._proving(Height(0)):
            found = await self._node.rotation_checkpoint(self._settings.client, epoch)
        return UpdateQuorumClient(self._settings.client_at_hub, Update(found.signed, found.next_set))

    async def close(self) -> None:
        await self._node.close()

    # --- reading ---

    def _observed(self, block: BlockEventsOf[Any]) -> Iterator[Observed]:
        """Of the packets between the two clients; another chain's hub client may bear the same name as ours. And of the
        validators.
        """
        here, there = self._settings.client, self._settings.client_at_hub
        for record in block.events:
            event = record.event
            if isinstance(event, PacketEvent):
                ends = (here, there) if isinstance(event, SenderEvent) else (there, here)
                if (event.source_client, event.destination_client) != ends:
                    continue
            if isinstance(event, PacketEvent | RotationEvent):
                yield Observed(record.height, record.index, record.transaction_hash, event)

    async def _in_batch(self, height: Height, claims: Claims) -> WholeBatch | BatchPaths | None:
        """None where the block's batch does not hold all that is claimed, or something is claimed to be absent."""
        if claims.absent:
            return None
        batch = await self._node.batch(self._settings.client, height)
        entries = tuple((entry.path, entry.commitment) for entry in batch.entries)
        claimed = {(path.encode(), value) for path, value in claims.present}
        return shortest_proof(entries, _encoded(claims)) if claimed and claimed <= set(entries) else None

    async def _in_state(self, height: Height, claims: Claims) -> StateProofs:
        shown = await self._node.prove(height, _encoded(claims))
        return StateProofs(tuple(found.proof for found in shown.proofs))

    # --- writing ---

    async def _message(self, delivery: Delivery, steps: Sequence[Step]) -> AnyMessage:
        """Steps of one kind; raises KeyError for one without a proof, UnknownLane."""
        client, proof = self._settings.client, Proof(delivery.checkpoint, _shown(delivery, steps))
        records = await self._lanes.records(step.packet for step in steps)
        match steps[0]:
            case Receive():
                return ReceivePackets(client, records, proof)
            case Acknowledge():
                answers = tuple(step.acknowledgement for step in steps if isinstance(step, Acknowledge))
                return AcknowledgePackets(client, records, answers, proof)
            case TimeOut():
                return TimeOutPackets(client, records, proof)
            case _:
                assert_never(steps[0])

    async def _transact(self, messages: Sequence[AnyMessage]) -> Delivered:
        if self._submit is None:
            raise SenderRefused(self.name, "no member was given to send with")
        receipt = await self._submit(messages)
        refused = refused_by_applications(self.name, self._settings.client, (record.event for record in receipt.events))
        return Delivered(receipt.hash, receipt.height, Gas(0), refused)

    # --- what goes wrong ---

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except ChainError:
            raise
        except HubError as error:
            raise EndpointFault(self.name, str(error)) from error

    @contextmanager
    def _proving(self, height: Height) -> Iterator[None]:
        with self._reading():
            try:
                yield
            except _NOT_SHOWN as error:
                raise NotProvable(self.name, height, str(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except ChainError:
            raise
        except (*OUT_OF_REACH, *BUSY) as error:
            raise EndpointFault(self.name, str(error)) from error
        except _OF_A_STEP as error:
            raise DeliveryRefused(self.name, type(error).__name__, error.values()) from error
        except HubError as error:
            raise SenderRefused(self.name, str(error)) from error


def _encoded(claims: Claims) -> list[bytes]:
    """All paths, what is present before what is absent."""
    return [path.encode() for path, _ in claims.present] + [path.encode() for path in claims.absent]


def _shown(delivery: Delivery, steps: Sequence[Step]) -> WholeBatch | BatchPaths | StateProofs:
    """By the batch where it holds all of these steps, else by the proofs in the state; raises KeyError."""
    paths = [path_of(step) for step in steps]
    encoded = [path.encode() for path in paths]
    if isinstance(steps[0], TimeOut) or not set(encoded) <= {path for path, _ in delivery.batch}:
        return StateProofs(tuple(delivery.state_proofs[path] for path in paths))
    return shortest_proof(delivery.batch, encoded)

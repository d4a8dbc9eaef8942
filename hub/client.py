"""``HubClient``: the Python SDK of a hub. It speaks core types; gRPC and protobuf stay behind it.

Every refusal of the hub is raised as the very ``HubError`` that the hub raised (``TimeoutElapsed``, ``UnknownLane``,
…), rebuilt from the status details; what the network does is raised as ``HubUnreachable`` or ``DeadlineExceeded``
(hub/rpc/errors.py).

    async with await HubClient.connect("localhost:9090", root_certificate=Path("ca.pem")) as hub:
        receipt = await hub.submit([Transfer(recipient, Amount(5))], signer)
        async for block in hub.watch(receipt.height + 1, kinds=[PacketSent]):
            ...
"""

from collections.abc import AsyncIterator, Collection, Sequence
from pathlib import Path
from types import TracebackType

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
    ServiceBinding,
    ServiceDefinition,
    ServiceRequest,
    StateProof,
)
from hub.clients.quorum import SignedCheckpoint
from hub.events import Event
from hub.messages import AnyMessage, SignedTransaction
from hub.quantities import Address, Amount, Height
from hub.quantities import Sequence as PacketSequence
from hub.signer import Signer


class HubClient:
    """One connection to one hub node. Safe for many tasks at once; not for several event loops."""

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
        """Connect to ``host:port`` and ask for its status; raises HubUnreachable.

        TLS by ``root_certificate`` (None: the system's roots), mutual with ``certificate`` and ``key``. ``insecure``
        speaks plain text, which a node accepts on a devnet only. ``timeout_seconds`` is the deadline of each call.
        """
        raise NotImplementedError

    async def close(self) -> None: ...

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
        account wait for one another here, and the nonce is re-read from the hub after any refusal. A connection that
        breaks is no reason to sign anew: the same bytes are sent again until an answer comes or the transaction has
        expired (``DeadlineExceeded``). Messages are carried out in order, all or none. ``receipt.result`` is NO_OP
        where nothing was left to do.
        """
        raise NotImplementedError

    async def simulate(self, messages: Sequence[AnyMessage], account: Address) -> Receipt:
        """What ``submit`` would do now; raises what it would raise."""
        raise NotImplementedError

    async def transaction(self, transaction_hash: bytes) -> tuple[Receipt, SignedTransaction]:
        """A transaction that stands in a block; raises TransactionNotFound."""
        raise NotImplementedError

    # --- the node and its blocks ---

    async def status(self) -> NodeStatus:
        """Height, time, roots and validators of the node, its chain ID and genesis hash."""
        raise NotImplementedError

    async def block(self, height: Height | None = None) -> BlockInfo:
        """A block, the latest by default; raises BlockNotFound."""
        raise NotImplementedError

    async def request_block(self) -> Height:
        """Ask for a block that shows the time, and wait for it; raises RateLimited. Returns its height."""
        raise NotImplementedError

    def watch(self, from_height: Height, kinds: Collection[type[Event]] = ()) -> AsyncIterator[BlockEvents]:
        """The events of every block from ``from_height`` on, block by block, whole and in order; all kinds if none is
        named.

        Never skips and never repeats a block that has events; reconnects by itself from the block after the last one
        given, and ends only when it is closed or cancelled, or on a refusal. A block without events is given now and
        then, so that ``block.height`` can be kept as a cursor: resume with ``block.height + 1``.
        """
        raise NotImplementedError

    # --- accounts and parameters ---

    async def account(self, address: Address) -> Account:
        """Balance, next nonce and roles; of an address that nobody used: nothing, 0 and none."""
        raise NotImplementedError

    async def caller_account(self, client: str, caller: bytes) -> Account:
        """The hub account of a caller on the chain behind ``client``, proven by its packets; anyone may fund it."""
        raise NotImplementedError

    async def balance(self, client: str, caller: bytes) -> Amount:
        """What the caller's hub account holds."""
        return (await self.caller_account(client, caller)).balance

    async def parameters(self) -> dict[str, str]: ...

    # --- clients, lanes, packets ---

    async def clients(self) -> tuple[ClientInfo, ...]: ...

    async def client(self, client: str) -> ClientInfo:
        """Configuration, status, latest believed point and counterparty; raises ClientNotFound."""
        raise NotImplementedError

    async def lanes(self) -> tuple[LaneInfo, ...]: ...

    async def commitments(self, client: str) -> tuple[PacketSequence, ...]:
        """Packets sent to the chain behind ``client`` that are neither acknowledged nor timed out yet, rising."""
        raise NotImplementedError

    async def unreceived(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        """Which of these packets from the chain behind ``client`` have not been received at the hub, rising."""
        raise NotImplementedError

    async def unacknowledged(self, client: str, sequences: Collection[PacketSequence]) -> tuple[PacketSequence, ...]:
        """Which of these packets to the chain behind ``client`` still have their commitment at the hub, rising."""
        raise NotImplementedError

    async def acknowledgements(self, client: str, after: PacketSequence | None = None) -> tuple[PacketSequence, ...]:
        """Packets from the chain behind ``client`` acknowledged at the hub, rising, beyond ``after``."""
        raise NotImplementedError

    async def packet(self, source_client: str, destination_client: str, sequence: PacketSequence) -> PacketHistory:
        """All that happened at the hub to one packet, with its events; raises PacketNotFound. One end is the hub's."""
        raise NotImplementedError

    # --- what proves the hub ---

    async def checkpoint(self, client: str, height: Height | None = None) -> SignedCheckpoint:
        """This validator's signature over a committed block for the counterparty of ``client``; the latest by default.

        Raises BlockNotFound, HeightNotRetained, CounterpartyNotRegistered, CheckpointWithheld (the guard).
        """
        raise NotImplementedError

    async def batch(self, client: str, height: Height | None = None) -> Batch:
        """The entries that the block shows the counterparty of ``client``; raises BlockNotFound, HeightNotRetained."""
        raise NotImplementedError

    async def prove(self, height: Height | None, paths: Sequence[bytes]) -> StateProof:
        """Direct proofs of encoded IBC paths, present or absent, all at one height; the latest by default."""
        raise NotImplementedError

    # --- services ---

    async def services(self) -> tuple[ServiceDefinition, ...]: ...

    async def definition(self, service: str) -> ServiceDefinition:
        """Raises ServiceNotFound or as hub/services/errors.py names it."""
        raise NotImplementedError

    async def bindings(self, service: str = "") -> tuple[ServiceBinding, ...]:
        """Who offers a service, or any."""
        raise NotImplementedError

    async def requests(self, service: str = "", *, page_size: int = 100, token: str = "") -> Page[ServiceRequest]:
        """Calls that the hub accepted, in order of their identifiers."""
        raise NotImplementedError

    async def request(self, request_id: bytes) -> ServiceRequest: ...

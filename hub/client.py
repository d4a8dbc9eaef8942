"""``HubClient``: the Python SDK of a hub. It speaks core types; gRPC and protobuf stay behind it.

Every refusal of the hub is raised as the very ``HubError`` that the hub raised (``TimeoutElapsed``, ``UnknownLane``,
…), rebuilt from the status details; what the network does is raised as ``HubUnreachable`` or ``DeadlineExceeded``
(hub/rpc/errors.py).

    async with await HubClient.connect("localhost:9090", root_certificate=Path("ca.pem")) as hub:
        receipt = await hub.submit([Transfer(recipient, Amount(5))], signer)
        async for block in hub.watch(receipt.height + 1, kinds=[PacketSent]):
            ...
"""

from collections.abc import Sequence
from pathlib import Path

import grpc
from interchain.hub.v1 import query_service_pb2, transaction_service_pb2
from interchain.hub.v1.block_service_pb2_grpc import BlockServiceStub
from interchain.hub.v1.checkpoint_service_pb2_grpc import CheckpointServiceStub
from interchain.hub.v1.query_service_pb2_grpc import QueryServiceStub
from interchain.hub.v1.transaction_service_pb2_grpc import TransactionServiceStub

from hub.accounts.transactions import transaction_digest
from hub.answers import Account, Page, Receipt, RequestHistory, ServiceBinding, ServiceDefinition, ServiceRequest
from hub.chain_client import ChainClient, Stubs, Writing
from hub.events import AnyEvent
from hub.messages import AnyMessage, SignedTransaction, Transaction
from hub.quantities import Address, Amount, Gas
from hub.rpc.calling import open_channel
from hub.rpc.dialect import HUB
from hub.rpc.wire import encode_transaction, from_proto
from hub.signer import Signer


class HubClient(ChainClient[AnyEvent]):
    """One connection to one hub node. Safe for many tasks at once; not for several event loops."""

    def __init__(self, target: str, channel: grpc.aio.Channel, timeout_seconds: float) -> None:
        """Use ``connect``."""
        stubs = Stubs(
            TransactionServiceStub(channel),
            BlockServiceStub(channel),
            CheckpointServiceStub(channel),
            QueryServiceStub(channel),
        )
        super().__init__(target, channel, timeout_seconds, HUB, stubs)

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
        return await cls(target, channel, timeout_seconds)._greet()

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

        async def next_nonce() -> int:
            return (await self.account(signer.address)).nonce

        async def sign(body: bytes) -> bytes:
            return _signature(signer.sign(transaction_digest(self._genesis_hash, body)))

        writing = Writing(
            next_nonce=next_nonce,
            body=lambda nonce: self._body(messages, signer.address, nonce, valid_seconds),
            try_out=self._simulate if simulate else None,
            sign=sign,
        )
        return await self._write(signer.address, valid_seconds, writing)

    async def simulate(self, messages: Sequence[AnyMessage], account: Address) -> Receipt:
        """What ``submit`` would do now; raises what it would raise."""
        return await self._simulate(self._body(messages, account, 0, 60))

    async def transaction(self, transaction_hash: bytes) -> tuple[Receipt, SignedTransaction]:
        """A transaction that stands in a block, perhaps REFUSED there; raises TransactionNotFound."""
        return await self._transaction(transaction_hash)

    # --- accounts and parameters ---

    async def account(self, address: Address) -> Account:
        """Balance, next nonce and roles; of an address that nobody used: nothing, 0 and none."""
        answer = await self._ask(self._stubs.queries.GetAccount, query_service_pb2.GetAccountRequest(address=address))
        return from_proto(answer.account, Account)

    async def caller_account(self, client: str, caller: bytes) -> Account:
        """The hub account of a caller on the chain behind ``client``, proven by its packets; anyone may fund it."""
        request = query_service_pb2.GetCallerAccountRequest(client=client, caller=caller)
        return from_proto((await self._ask(self._stubs.queries.GetCallerAccount, request)).account, Account)

    async def balance(self, client: str, caller: bytes) -> Amount:
        """What the caller's hub account holds."""
        return (await self.caller_account(client, caller)).balance

    async def parameters(self) -> dict[str, str]:
        """The chain's parameters by name, as text; durations in seconds."""
        answer = await self._ask(self._stubs.queries.ListParameters, query_service_pb2.ListParametersRequest())
        return {parameter.name: parameter.value for parameter in answer.parameters}

    # --- services ---

    async def services(self) -> tuple[ServiceDefinition, ...]:
        """All service definitions."""
        pages = self._pages(self._stubs.queries.ListServices, query_service_pb2.ListServicesRequest())
        return tuple([from_proto(service, ServiceDefinition) async for answer in pages for service in answer.services])

    async def definition(self, service: str) -> ServiceDefinition:
        """Raises ServiceNotFound."""
        answer = await self._ask(self._stubs.queries.GetService, query_service_pb2.GetServiceRequest(service=service))
        return from_proto(answer.service, ServiceDefinition)

    async def bindings(self, service: str = "") -> tuple[ServiceBinding, ...]:
        """Who offers a service, or any."""
        pages = self._pages(self._stubs.queries.ListBindings, query_service_pb2.ListBindingsRequest(service=service))
        return tuple([from_proto(offer, ServiceBinding) async for answer in pages for offer in answer.bindings])

    async def requests(self, service: str = "", *, page_size: int = 100, token: str = "") -> Page[ServiceRequest]:
        """Calls that the hub accepted, in order of their identifiers.

        ``page_size`` requests are looked at, those of the service given: a page may be short, or empty, before the end.
        """
        request = query_service_pb2.ListRequestsRequest(service=service, page_size=page_size, page_token=token)
        answer = await self._ask(self._stubs.queries.ListRequests, request)
        return Page(tuple(from_proto(one, ServiceRequest) for one in answer.requests), answer.next_page_token)

    async def request(self, request_id: bytes) -> ServiceRequest:
        """Raises RequestNotFound."""
        answer = await self._ask(
            self._stubs.queries.GetRequest, query_service_pb2.GetRequestRequest(request_id=request_id)
        )
        return from_proto(answer.request, ServiceRequest)

    async def request_history(self, request_id: bytes) -> RequestHistory:
        """All that happened to a call, however long ago, with its events; raises RequestNotFound."""
        request = query_service_pb2.GetRequestHistoryRequest(request_id=request_id)
        answer = await self._ask(self._stubs.queries.GetRequestHistory, request)
        return from_proto(answer.history, RequestHistory)

    # --- how ---

    async def _simulate(self, body: bytes) -> Receipt:
        return await self._try_out(transaction_service_pb2.SimulateRequest(body=body))

    def _body(self, messages: Sequence[AnyMessage], account: Address, nonce: int, valid_seconds: int) -> bytes:
        expiry = self._expiry(valid_seconds)
        return encode_transaction(
            Transaction(self._chain_id, account, nonce, expiry, Amount(0), Gas(0), tuple(messages))
        )


def _signature(compact: bytes) -> bytes:
    """``r ‖ s ‖ v`` of a compact signature (EIP-2098)."""
    return compact[:32] + bytes((compact[32] & 0x7F,)) + compact[33:] + bytes((compact[32] >> 7,))

"""``LedgerClient``: the Python SDK of a ledger, for one member. It speaks core types; gRPC stays behind it.

Who the member is, is told by the certificate with which it connects, and by nothing else. Refusals are raised as the
very errors that the ledger raised (hub/chain_client.py).

    async with await LedgerClient.connect("localhost:18600", authorities=ca, certificate=mine, key=my_key) as ledger:
        await ledger.enrol()
        receipt = await ledger.submit([InvokeContract("documents", "notarise", arguments)])

A transaction that others endorse is drafted, signed by each of them, and sent:

    body = await ledger.draft([InvokeContract(…)])
    endorsement = other.endorse(body)              # at the other member's, who has looked at other.read_draft(body)
    receipt = await ledger.submit_endorsed(body, [endorsement])
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import grpc
from interchain.ledger.v1 import answer_pb2
from interchain.ledger.v1 import private_data_service_pb2 as private_pb
from interchain.ledger.v1 import query_service_pb2 as pb
from interchain.ledger.v1 import transaction_service_pb2 as transaction_pb
from interchain.ledger.v1.block_service_pb2_grpc import BlockServiceStub
from interchain.ledger.v1.checkpoint_service_pb2_grpc import CheckpointServiceStub
from interchain.ledger.v1.private_data_service_pb2_grpc import PrivateDataServiceStub
from interchain.ledger.v1.query_service_pb2_grpc import QueryServiceStub
from interchain.ledger.v1.transaction_service_pb2_grpc import TransactionServiceStub

from adapters.permissioned.ledger import every_error  # noqa: F401 - a refusal is raised as what it is
from adapters.permissioned.ledger.answers import (
    AuthorityInfo,
    CallInfo,
    CertificateInfo,
    ContractInfo,
    MemberInfo,
    OrganisationInfo,
    PrivateValue,
    ProposalInfo,
    Receipt,
    RecordChange,
    RequestInfo,
    ValidatorInfo,
)
from adapters.permissioned.ledger.contracts.keys import KeyPart
from adapters.permissioned.ledger.every_event import LedgerEvent
from adapters.permissioned.ledger.identities import (
    Fingerprint,
    MemberId,
    MemberName,
    OrganisationId,
    fingerprint,
    member_account,
)
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.errors import CertificateUnknown
from adapters.permissioned.ledger.messages import AnyMessage, EnrolMember, SignedTransaction, Transaction
from adapters.permissioned.ledger.private.errors import NotANodeOf
from adapters.permissioned.ledger.rpc.dialect import LEDGER, decode_transaction, encode_transaction
from adapters.permissioned.ledger.shown_certificate import shown_certificate
from adapters.permissioned.ledger.transactions import MemberSignature, encode_signatures
from hub.chain_client import ChainClient, Stubs, Writing
from hub.errors import HubError
from hub.quantities import Address, Amount, Gas, UnixSeconds
from hub.rpc.calling import Patience, answered, open_channel
from hub.rpc.wire import from_proto

Endorse = Callable[[bytes], Awaitable[MemberSignature]]
"""Has a body signed by another member, wherever that one is."""


class LedgerClient(ChainClient[LedgerEvent]):
    """One member's connection to one node of a ledger. Safe for many tasks at once; not for several event loops."""

    def __init__(
        self,
        target: str,
        channel: grpc.aio.Channel,
        timeout_seconds: float,
        key: MemberKey,
        files: tuple[Path, Path],
    ) -> None:
        """Use ``connect``."""
        stubs = Stubs(
            TransactionServiceStub(channel),
            BlockServiceStub(channel),
            CheckpointServiceStub(channel),
            QueryServiceStub(channel),
        )
        super().__init__(target, channel, timeout_seconds, LEDGER, stubs)
        self._private = PrivateDataServiceStub(channel)
        self._key = key
        self._files = files

    @classmethod
    async def connect(
        cls, target: str, *, authorities: Path, certificate: Path, key: Path, timeout_seconds: float = 30.0
    ) -> "LedgerClient":
        """Connect to ``host:port`` and ask for its status, as the member whose certificate and key are given.

        All are PEM files. ``authorities``: whom the node's certificate is believed by. ``certificate``: the member's,
        then its intermediates. Raises HubUnreachable (also where TLS fails: the node knows no authority of the
        certificate), AccessRefused, CertificateError, MembershipError, OSError for a file.
        """
        member = MemberKey.read(certificate, key)
        channel = open_channel(target, authorities, certificate, key, insecure=False)
        return await cls(target, channel, timeout_seconds, member, (certificate, key))._greet()

    @property
    def member(self) -> MemberId:
        """Who this is: ``organisation/name``."""
        return self._key.member

    @property
    def fingerprint(self) -> Fingerprint:
        """Of the certificate that it connects and signs with."""
        return self._key.fingerprint

    # --- transactions ---

    async def submit(
        self,
        messages: Sequence[AnyMessage],
        *,
        endorse: Sequence[tuple[Fingerprint, Endorse]] = (),
        valid_seconds: int = 60,
        simulate: bool = True,
    ) -> Receipt:
        """Sign the messages as one transaction and wait until it stands in a block, durably.

        ``endorse``: who else signs, by the fingerprint of their certificates, each asked for every body. As
        ``HubClient.submit`` in all else.
        """
        signers = (self._key.fingerprint, *(certificate for certificate, _ in endorse))

        async def next_nonce() -> int:
            return (await self.whoami()).nonce

        async def sign(body: bytes) -> bytes:
            others = [await ask(body) for _, ask in endorse]
            return encode_signatures([self.endorse(body), *others])

        writing = Writing(
            next_nonce=next_nonce,
            body=lambda nonce: self._body(messages, nonce, valid_seconds),
            try_out=(lambda body: self._simulate(body, signers)) if simulate else None,
            sign=sign,
        )
        return await self._write(self._account, valid_seconds, writing)

    async def enrol(self, *, valid_seconds: int = 60) -> Receipt:
        """Make this member's certificate known to the ledger; NO_OP where it is."""
        return await self.submit(
            [EnrolMember(self._key.certificate, self._key.intermediates)], valid_seconds=valid_seconds
        )

    async def simulate(self, messages: Sequence[AnyMessage], *, endorsers: Sequence[Fingerprint] = ()) -> Receipt:
        """What ``submit`` would do now; raises what it would raise."""
        body = self._body(messages, (await self.whoami()).nonce, 60)
        return await self._simulate(body, (self._key.fingerprint, *endorsers))

    async def draft(self, messages: Sequence[AnyMessage], *, valid_seconds: int = 3600) -> bytes:
        """A body with this member's next nonce, for others to endorse. Only the next one sent can use that nonce."""
        return self._body(messages, (await self.whoami()).nonce, valid_seconds)

    @staticmethod
    def read_draft(body: bytes) -> Transaction:
        """What a body asks for, to be looked at before it is endorsed; raises RpcError."""
        return decode_transaction(body, b"").transaction

    def endorse(self, body: bytes) -> MemberSignature:
        """This member's signature over a body, another's or its own."""
        return self._key.sign(self.genesis_hash, body)

    async def submit_endorsed(
        self, body: bytes, endorsements: Sequence[MemberSignature], *, patience_seconds: float = 60.0
    ) -> Receipt:
        """Send a drafted body, signed by this member and by those who endorsed it."""
        signature = encode_signatures([self.endorse(body), *endorsements])
        return await self.send(body, signature, patience_seconds=patience_seconds)

    async def transaction(self, transaction_hash: bytes) -> tuple[Receipt, SignedTransaction]:
        """A transaction that stands in a block, perhaps REFUSED there; raises TransactionNotFound."""
        return await self._transaction(transaction_hash)

    # --- members and what they decide ---

    async def whoami(self) -> MemberInfo:
        """This member, its next nonce and its certificates."""
        organisation, _, name = self.member.partition("/")
        return await self.member_info(organisation, name)

    async def member_info(self, organisation: str, name: str) -> MemberInfo:
        """A member, its next nonce and its certificates; of one that nobody enrolled: 0 and none."""
        request = pb.GetMemberRequest(organisation=organisation, name=name)
        return from_proto((await self._ask(self._stubs.queries.GetMember, request)).member, MemberInfo)

    async def organisations(self) -> tuple[OrganisationInfo, ...]:
        """All that ever joined."""
        pages = self._pages(self._stubs.queries.ListOrganisations, pb.ListOrganisationsRequest())
        return tuple([from_proto(one, OrganisationInfo) async for answer in pages for one in answer.organisations])

    async def authorities(self, organisation: str = "") -> tuple[AuthorityInfo, ...]:
        """Of one organisation, or of all, with their newest revocation lists."""
        request = pb.ListAuthoritiesRequest(organisation=organisation)
        answer = await self._ask(self._stubs.queries.ListAuthorities, request)
        return tuple(from_proto(one, AuthorityInfo) for one in answer.authorities)

    async def certificates(self, organisation: str) -> tuple[CertificateInfo, ...]:
        """All that were ever enrolled of an organisation."""
        request = pb.ListCertificatesRequest(organisation=organisation)
        pages = self._pages(self._stubs.queries.ListCertificates, request)
        return tuple([from_proto(one, CertificateInfo) async for answer in pages for one in answer.certificates])

    async def certificate(self, fingerprint: bytes) -> CertificateInfo:
        """Raises CertificateUnknown."""
        request = pb.GetCertificateRequest(fingerprint=fingerprint)
        answer = await self._ask(self._stubs.queries.GetCertificate, request)
        return from_proto(answer.certificate, CertificateInfo)

    async def validators(self) -> tuple[ValidatorInfo, ...]:
        """Who signs the blocks, and whose keys these are."""
        answer = await self._ask(self._stubs.queries.ListValidators, pb.ListValidatorsRequest())
        return tuple(from_proto(one, ValidatorInfo) for one in answer.validators)

    async def proposals(self) -> tuple[ProposalInfo, ...]:
        """All that were ever made, by number, with their votes."""
        pages = self._pages(self._stubs.queries.ListProposals, pb.ListProposalsRequest())
        return tuple([from_proto(one, ProposalInfo) async for answer in pages for one in answer.proposals])

    async def proposal(self, number: int) -> ProposalInfo:
        """Raises ProposalUnknown."""
        answer = await self._ask(self._stubs.queries.GetProposal, pb.GetProposalRequest(number=number))
        return from_proto(answer.proposal, ProposalInfo)

    async def parameters(self) -> dict[str, str]:
        """The ledger's parameters by name, as text; durations in seconds."""
        answer = await self._ask(self._stubs.queries.ListParameters, pb.ListParametersRequest())
        return {parameter.name: parameter.value for parameter in answer.parameters}

    # --- contracts ---

    async def contracts(self) -> tuple[ContractInfo, ...]:
        """All that were ever voted for."""
        answer = await self._ask(self._stubs.queries.ListContracts, pb.ListContractsRequest())
        return tuple(from_proto(one, ContractInfo) for one in answer.contracts)

    async def query(self, contract: str, method: str, arguments: bytes = b"{}") -> bytes:
        """Ask a contract, as JSON, without changing anything; raises ContractError."""
        request = pb.QueryContractRequest(contract=contract, method=method, arguments=arguments)
        result: bytes = (await self._ask(self._stubs.queries.QueryContract, request)).result
        return result

    async def history(self, contract: str, collection: str, key: str) -> tuple[RecordChange, ...]:
        """All changes of one record and who made them, the oldest first; raises RecordHasNoHistory.

        ``key``: as events tell it, its parts joined by ``/``.
        """
        request = pb.GetHistoryRequest(contract=contract, collection=collection, key=key)
        pages = self._pages(self._stubs.queries.GetHistory, request)
        return tuple([from_proto(one, RecordChange) async for answer in pages for one in answer.changes])

    # --- calls across chains ---

    async def call(self, call_id: bytes) -> CallInfo:
        """A call that went out, with its result once it has one; raises CallNotFound."""
        answer = await self._ask(self._stubs.queries.GetCall, pb.GetCallRequest(call_id=call_id))
        return from_proto(answer.call, CallInfo)

    async def calls(self, caller: str = "") -> tuple[CallInfo, ...]:
        """Of a member or a contract, this member by default."""
        request = pb.ListCallsRequest(caller=caller or self.member)
        pages = self._pages(self._stubs.queries.ListCalls, request)
        return tuple([from_proto(one, CallInfo) async for answer in pages for one in answer.calls])

    async def pending_requests(self) -> tuple[RequestInfo, ...]:
        """Requests of other chains that contracts answer later."""
        pages = self._pages(self._stubs.queries.ListPendingRequests, pb.ListPendingRequestsRequest())
        return tuple([from_proto(one, RequestInfo) async for answer in pages for one in answer.requests])

    # --- private values ---

    async def put_private(
        self, contract: str, collection: str, key: Sequence[KeyPart], *, value: bytes, salt: bytes
    ) -> UnixSeconds:
        """Give this node a value whose salted hash stands on the ledger; when it deletes it again.

        Raises PrivateError, AccessRefused.
        """
        request = private_pb.PutPrivateValueRequest(
            contract=contract, collection=collection, key=_key(key), value=value, salt=salt
        )
        answer = await self._ask(self._private.PutPrivateValue, request)
        return UnixSeconds(answer.purge_at_unix_seconds)

    async def get_private(self, contract: str, collection: str, key: Sequence[KeyPart]) -> PrivateValue:
        """A value that this node keeps, with its salt; raises PrivateError, AccessRefused."""
        request = private_pb.GetPrivateValueRequest(contract=contract, collection=collection, key=_key(key))
        return from_proto((await self._ask(self._private.GetPrivateValue, request)).value, PrivateValue)

    async def prove_private(
        self, contract: str, collection: str, key: Sequence[KeyPart], *, value: bytes, salt: bytes
    ) -> bool:
        """Whether a value and its salt are what stands on the ledger; raises PrivateValueUnknown."""
        request = private_pb.ProvePrivateValueRequest(
            contract=contract, collection=collection, key=_key(key), value=value, salt=salt
        )
        proven: bool = (await self._ask(self._private.ProvePrivateValue, request)).proven
        return proven

    async def share_private(
        self,
        targets: Mapping[OrganisationId, str],
        contract: str,
        collection: str,
        key: Sequence[KeyPart],
        *,
        value: bytes,
        salt: bytes,
        patience_seconds: float = 30.0,
    ) -> dict[OrganisationId, UnixSeconds | HubError]:
        """Give a value to a node of each organisation that keeps it, at ``host:port``; what came of each.

        A target is given nothing unless the certificate that it shows is enrolled for just that organisation and acts
        now: not revoked, not ended, its authority not removed. One that cannot be reached is asked again until patience
        ends; it keeps nobody else from the value.
        """
        request = private_pb.PutPrivateValueRequest(
            contract=contract, collection=collection, key=_key(key), value=value, salt=salt
        )
        outcomes = [
            self._give(organisation, target, request, patience_seconds) for organisation, target in targets.items()
        ]
        return dict(zip(targets, await asyncio.gather(*outcomes), strict=True))

    # --- how ---

    async def _give(
        self, organisation: str, target: str, request: private_pb.PutPrivateValueRequest, patience_seconds: float
    ) -> UnixSeconds | HubError:
        async def put() -> UnixSeconds:
            pinned = await self._node_of(organisation, target)
            async with open_channel(target, pinned, *self._files, insecure=False) as channel:
                call = PrivateDataServiceStub(channel).PutPrivateValue(request, timeout=self._timeout)
                return UnixSeconds((await answered(target, call)).purge_at_unix_seconds)

        try:
            return await Patience(patience_seconds).with_(put)
        except HubError as error:
            return error

    async def _node_of(self, organisation: str, target: str) -> bytes:
        """The certificate (PEM) that the node shows, if it acts for just this organisation now.

        Raises NotANodeOf, HubUnreachable.
        """
        der = await shown_certificate(target, self._files, self._timeout)
        try:
            known = await self.certificate(fingerprint(der))
        except CertificateUnknown as error:
            raise NotANodeOf(organisation, target, "its certificate is not enrolled") from error
        if known.organisation != organisation:
            raise NotANodeOf(organisation, target, f"its certificate is of {known.organisation}")
        if known.refused_for:
            raise NotANodeOf(organisation, target, f"its certificate is refused for {known.refused_for}")
        return ssl.DER_cert_to_PEM_cert(der).encode()

    @property
    def _account(self) -> Address:
        organisation, _, name = self.member.partition("/")
        return member_account(OrganisationId(organisation), MemberName(name))

    async def _simulate(self, body: bytes, signers: Sequence[bytes]) -> Receipt:
        return await self._try_out(transaction_pb.SimulateRequest(body=body, signers=signers))

    def _body(self, messages: Sequence[AnyMessage], nonce: int, valid_seconds: int) -> bytes:
        expiry = self._expiry(valid_seconds)
        return encode_transaction(
            Transaction(self.chain_id, self.member, nonce, expiry, Amount(0), Gas(0), tuple(messages))
        )


def _key(parts: Sequence[KeyPart]) -> list[answer_pb2.KeyPart]:
    made = []
    for part in parts:
        match part:
            case str():
                made.append(answer_pb2.KeyPart(text=part))
            case bytes():
                made.append(answer_pb2.KeyPart(data=part))
            case _:
                made.append(answer_pb2.KeyPart(number=part))
    return made

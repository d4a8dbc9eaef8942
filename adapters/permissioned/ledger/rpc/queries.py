"""QueryService of a ledger: what the latest committed state holds, in pages."""

# ruff: noqa: N802  # gRPC gives the methods their names

from typing import Any

from interchain.hub.v1 import answer_pb2 as hub_answer_pb2
from interchain.ledger.v1 import answer_pb2
from interchain.ledger.v1 import query_service_pb2 as pb

from adapters.permissioned.ledger.contracts.runtime import Runtime
from adapters.permissioned.ledger.identities import contract_name, member_name, organisation_id
from adapters.permissioned.ledger.rpc import history, views
from adapters.permissioned.ledger.rpc.access import Access
from adapters.permissioned.ledger.rpc.dialect import LEDGER
from adapters.permissioned.ledger.service import calls
from hub.engine.engine import Engine
from hub.engine.ledger import Ledger
from hub.engine.threads import in_thread
from hub.history import head
from hub.quantities import Height
from hub.rpc.chain_queries import ChainQueries
from hub.rpc.errors import InvalidArgument, InvalidPageToken, WrongLength
from hub.rpc.pages import MAX_NAME_BYTES, number, number_token, page, page_token, text_of
from hub.rpc.wire import refuse_unknown_fields, to_proto

MAX_ARGUMENT_BYTES = 256 * 1024
MAX_PROPOSALS = 200
"""In one answer: an action has up to 64 KiB."""
_HASH_BYTES = 32


class LedgerQueries(ChainQueries):
    """And members, organisations, proposals, contracts, records' histories, calls.

    What one organisation can make long, proposals and certificates, is looked up in a thread: it would else hold up
    everyone who waits for this node.
    """

    def __init__(self, ledger: Ledger, engine: Engine, runtime: Runtime, access: Access) -> None:
        super().__init__(LEDGER, ledger, engine)
        self._runtime = runtime
        self._access = access

    async def GetMember(self, request: Any, _context: Any) -> Any:
        refuse_unknown_fields(request)
        state, organisation, name = self._ledger.state, organisation_id(request.organisation), member_name(request.name)
        member = await in_thread(lambda: to_proto(views.member_info(state, organisation, name), answer_pb2.MemberInfo))
        return pb.GetMemberResponse(member=member)

    async def ListOrganisations(self, request: Any, _context: Any) -> Any:
        infos = views.organisation_infos(self._ledger.state, text_of(page_token(request)))
        found, token = page(request, infos, lambda one: one.organisation.encode())
        answered = [to_proto(one, answer_pb2.OrganisationInfo) for one in found]
        return pb.ListOrganisationsResponse(organisations=answered, next_page_token=token)

    async def ListAuthorities(self, request: Any, _context: Any) -> Any:
        refuse_unknown_fields(request)
        state = self._ledger.state
        infos = await in_thread(lambda: list(views.authority_infos(state, request.organisation)))
        return pb.ListAuthoritiesResponse(authorities=[to_proto(one, answer_pb2.AuthorityInfo) for one in infos])

    async def ListCertificates(self, request: Any, _context: Any) -> Any:
        state, organisation = self._ledger.state, organisation_id(request.organisation)
        after = page_token(request) or None

        def look() -> tuple[list[Any], str]:
            infos = views.certificate_infos(state, organisation, after)
            found, token = page(request, infos, lambda one: one[0])
            return [to_proto(one, answer_pb2.CertificateInfo) for _, one in found], token

        answered, token = await in_thread(look)
        return pb.ListCertificatesResponse(certificates=answered, next_page_token=token)

    async def GetCertificate(self, request: Any, _context: Any) -> Any:
        info = views.certificate_info(self._ledger.state, _hash("fingerprint", request.fingerprint, request))
        return pb.GetCertificateResponse(certificate=to_proto(info, answer_pb2.CertificateInfo))

    async def ListValidators(self, request: Any, _context: Any) -> Any:
        refuse_unknown_fields(request)
        infos = views.validator_infos(self._ledger.state)
        return pb.ListValidatorsResponse(validators=[to_proto(one, answer_pb2.ValidatorInfo) for one in infos])

    async def GetProposal(self, request: Any, _context: Any) -> Any:
        refuse_unknown_fields(request)
        info = views.proposal_info(self._ledger.state, request.number)
        return pb.GetProposalResponse(proposal=to_proto(info, answer_pb2.ProposalInfo))

    async def ListProposals(self, request: Any, _context: Any) -> Any:
        state, after = self._ledger.state, number(page_token(request))

        def look() -> tuple[list[Any], str]:
            infos = views.proposal_infos(state, after)
            found, token = page(request, infos, lambda one: number_token(one.number), MAX_PROPOSALS)
            return [to_proto(one, answer_pb2.ProposalInfo) for one in found], token

        answered, token = await in_thread(look)
        return pb.ListProposalsResponse(proposals=answered, next_page_token=token)

    async def ListParameters(self, request: Any, _context: Any) -> Any:
        refuse_unknown_fields(request)
        chosen = views.parameter_answers(self._ledger.state)
        return pb.ListParametersResponse(parameters=[to_proto(one, hub_answer_pb2.Parameter) for one in chosen])

    async def ListContracts(self, request: Any, _context: Any) -> Any:
        refuse_unknown_fields(request)
        infos = views.contract_infos(self._ledger.state)
        return pb.ListContractsResponse(contracts=[to_proto(one, answer_pb2.ContractInfo) for one in infos])

    async def QueryContract(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        if len(request.arguments) > MAX_ARGUMENT_BYTES:
            raise InvalidArgument("arguments", f"give at most {MAX_ARGUMENT_BYTES} bytes")
        state = self._ledger.state
        newest, caller = head(state), self._access.identity(context)
        result = await in_thread(
            self._runtime.query,
            state,
            newest.time,
            newest.height,
            contract=contract_name(request.contract),
            method=request.method,
            arguments=request.arguments,
            caller=caller,
        )
        return pb.QueryContractResponse(result=result)

    async def GetHistory(self, request: Any, _context: Any) -> Any:
        after = _place(page_token(request))
        places = history.places_of(self._ledger, request.contract, request.collection, request.key, after)
        found, token = page(request, places, lambda one: number_token(one[0]) + one[1].to_bytes(4, "big"))
        changes = await in_thread(lambda: [history.record_change(self._ledger, place) for place in found])
        answered = [to_proto(one, answer_pb2.RecordChange) for one in changes]
        return pb.GetHistoryResponse(changes=answered, next_page_token=token)

    async def GetCall(self, request: Any, _context: Any) -> Any:
        info = views.call_info(self._ledger.state, _hash("call_id", request.call_id, request))
        return pb.GetCallResponse(call=to_proto(info, answer_pb2.CallInfo))

    async def ListCalls(self, request: Any, _context: Any) -> Any:
        after = page_token(request) or None
        if not 1 <= len(request.caller.encode()) <= MAX_NAME_BYTES:
            raise InvalidArgument("caller", "name a member (organisation/name) or a contract")
        records = calls.calls_of(self._ledger.state, request.caller, after)
        found, token = page(request, records, lambda one: one.call_id)
        answered = [to_proto(views.call_view(one), answer_pb2.CallInfo) for one in found]
        return pb.ListCallsResponse(calls=answered, next_page_token=token)

    async def ListPendingRequests(self, request: Any, _context: Any) -> Any:
        after = page_token(request)
        if after and len(after) != _HASH_BYTES:
            raise InvalidPageToken
        found, token = page(request, calls.requests(self._ledger.state, after or None), lambda one: one.request_id)
        answered = [to_proto(views.request_view(one), answer_pb2.RequestInfo) for one in found]
        return pb.ListPendingRequestsResponse(requests=answered, next_page_token=token)


def _place(token: bytes) -> history.Place | None:
    """Raises InvalidPageToken."""
    if token and len(token) != 12:
        raise InvalidPageToken
    return (Height(number(token[:8])), number(token[8:])) if token else None


def _hash(field: str, value: bytes, request: Any) -> bytes:
    """Raises WrongLength, UnknownFields."""
    refuse_unknown_fields(request)
    if len(value) != _HASH_BYTES:
        raise WrongLength(field, _HASH_BYTES, len(value))
    return value

"""QueryService of a hub: what the latest committed state holds, in pages."""

# ruff: noqa: N802, ARG002  # gRPC gives the methods their names and arguments

from typing import Any

from interchain.hub.v1 import answer_pb2
from interchain.hub.v1 import query_service_pb2 as pb

from hub import answers
from hub.events import request_key
from hub.quantities import Address
from hub.rpc import views
from hub.rpc.chain_queries import ChainQueries
from hub.rpc.errors import InvalidArgument, WrongLength
from hub.rpc.pages import MAX_NAME_BYTES, after_binding, binding_token, page, page_token, text_of
from hub.rpc.wire import refuse_unknown_fields, to_proto
from hub.services import bindings, definitions, requests


class Queries(ChainQueries):
    """And accounts, parameters, services and requests."""

    async def GetAccount(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        if len(request.address) != 20:
            raise WrongLength("address", 20, len(request.address))
        account = views.account_answer(self._ledger.state, Address(request.address))
        return pb.GetAccountResponse(account=to_proto(account, answer_pb2.Account))

    async def GetCallerAccount(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        if not 1 <= len(request.caller) <= 255:
            raise InvalidArgument("caller", "a caller has 1 to 255 bytes")
        account = views.caller_account_answer(self._ledger.state, request.client, request.caller)
        return pb.GetCallerAccountResponse(account=to_proto(account, answer_pb2.Account))

    async def ListParameters(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        chosen = views.parameter_answers(self._ledger.state)
        return pb.ListParametersResponse(parameters=[to_proto(one, answer_pb2.Parameter) for one in chosen])

    async def GetService(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        service, offers = views.service_answer(self._ledger.state, request.service)
        return pb.GetServiceResponse(
            service=to_proto(service, answer_pb2.ServiceDefinition),
            bindings=[to_proto(offer, answer_pb2.ServiceBinding) for offer in offers],
        )

    async def ListServices(self, request: Any, context: Any) -> Any:
        services = definitions.definitions(self._ledger.state, text_of(page_token(request)))
        found, token = page(request, services, lambda one: one.service.encode())
        answered = [to_proto(views.definition_answer(one), answer_pb2.ServiceDefinition) for one in found]
        return pb.ListServicesResponse(services=answered, next_page_token=token)

    async def ListBindings(self, request: Any, context: Any) -> Any:
        if len(request.service.encode()) > MAX_NAME_BYTES:
            raise InvalidArgument("service", "no service has so long a name")
        offers = bindings.bindings(self._ledger.state, request.service, after_binding(page_token(request)))
        found, token = page(request, offers, binding_token)
        answered = [to_proto(views.binding_answer(one), answer_pb2.ServiceBinding) for one in found]
        return pb.ListBindingsResponse(bindings=answered, next_page_token=token)

    async def GetRequest(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        found = views.request_answer(self._ledger.state, request.request_id)
        return pb.GetRequestResponse(request=to_proto(found, answer_pb2.ServiceRequest))

    async def GetRequestHistory(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        request_id = views.request_answer(self._ledger.state, request.request_id).request_id
        steps = views.event_records(self._ledger.events_under(request_key(request_id)))
        history = answers.RequestHistory(request_id, steps)  # type: ignore[arg-type]  # what stands under such a key
        return pb.GetRequestHistoryResponse(history=to_proto(history, answer_pb2.RequestHistory))

    async def ListRequests(self, request: Any, context: Any) -> Any:
        every = requests.requests(self._ledger.state, page_token(request) or None)
        found, token = page(request, every, lambda one: one.request_id)
        wanted = (one for one in found if request.service in ("", one.service))
        answered = [to_proto(views.request_view(one), answer_pb2.ServiceRequest) for one in wanted]
        return pb.ListRequestsResponse(requests=answered, next_page_token=token)

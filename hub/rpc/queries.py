"""QueryService: what the latest committed state holds, in pages."""

# ruff: noqa: N802, ARG002  # gRPC gives the methods their names and arguments

from typing import Any

from interchain.hub.v1 import answer_pb2
from interchain.hub.v1 import query_service_pb2 as pb
from interchain.hub.v1.query_service_pb2_grpc import QueryServiceServicer

from hub import answers
from hub.engine.engine import Engine
from hub.engine.ledger import Ledger
from hub.ibc.commitment import PathKind
from hub.ibc.identifiers import counterparty_client_id
from hub.quantities import Address, Sequence
from hub.rpc import views
from hub.rpc.errors import InvalidArgument, PacketNotFound, WrongLength
from hub.rpc.pages import (
    MAX_NAME_BYTES,
    after_binding,
    binding_token,
    number,
    number_token,
    page,
    page_token,
    text_of,
)
from hub.rpc.wire import refuse_unknown_fields, to_proto
from hub.services import bindings, definitions, requests
from hub.version import VERSION

MAX_SEQUENCES = 1_024


class Queries(QueryServiceServicer):
    def __init__(self, ledger: Ledger, engine: Engine) -> None:
        self._ledger = ledger
        self._engine = engine
        self._machine = ledger.machine
        self._clients = ledger.machine.clients

    async def GetStatus(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        head = self._ledger.head
        validators = self._ledger.record(head.height).validators
        status = answers.NodeStatus(
            chain_id=self._machine.chain_id,
            genesis_hash=self._machine.genesis_hash,
            height=head.height,
            time=head.time,
            block_hash=head.hash,
            app_root=head.app_root,
            oldest_height=self._ledger.oldest_height,
            epoch=validators.epoch,
            validators=validators.members,
            engine=self._engine.name,
            devnet=self._machine.devnet,
            version=VERSION,
            pending_transactions=self._engine.pending,
        )
        return pb.GetStatusResponse(status=to_proto(status, answer_pb2.NodeStatus))

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

    async def GetClient(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        client = views.client_answer(self._clients, self._ledger.state, request.client)
        return pb.GetClientResponse(client=to_proto(client, answer_pb2.ClientInfo))

    async def ListClients(self, request: Any, context: Any) -> Any:
        state = self._ledger.state
        after = text_of(page_token(request))
        names = [name for name in self._clients.all(state) if (len(name), name) > (len(after), after)]
        found, token = page(request, iter(names), lambda name: name.encode())
        clients = [to_proto(views.client_answer(self._clients, state, name), answer_pb2.ClientInfo) for name in found]
        return pb.ListClientsResponse(clients=clients, next_page_token=token)

    async def ListLanes(self, request: Any, context: Any) -> Any:
        lanes = views.lane_answers(self._ledger.state, number(page_token(request)))
        found, token = page(request, lanes, lambda lane: number_token(lane.lane))
        return pb.ListLanesResponse(lanes=[to_proto(one, answer_pb2.LaneInfo) for one in found], next_page_token=token)

    async def ListPacketCommitments(self, request: Any, context: Any) -> Any:
        after = number(page_token(request))
        sequences = views.sequences_at(self._clients, self._ledger.state, PathKind.COMMITMENT, request.client, after)
        found, token = page(request, sequences, number_token)
        return pb.ListPacketCommitmentsResponse(sequences=found, next_page_token=token)

    async def ListAcknowledgements(self, request: Any, context: Any) -> Any:
        after = max(number(page_token(request)), request.after_sequence)
        sequences = views.sequences_at(
            self._clients, self._ledger.state, PathKind.ACKNOWLEDGEMENT, request.client, after
        )
        found, token = page(request, sequences, number_token)
        return pb.ListAcknowledgementsResponse(sequences=found, next_page_token=token)

    async def ListUnreceivedPackets(self, request: Any, context: Any) -> Any:
        sequences = views.unreceived(self._clients, self._ledger.state, request.client, asked(request))
        return pb.ListUnreceivedPacketsResponse(sequences=sequences)

    async def ListUnacknowledgedPackets(self, request: Any, context: Any) -> Any:
        sequences = views.unacknowledged(self._clients, self._ledger.state, request.client, asked(request))
        return pb.ListUnacknowledgedPacketsResponse(sequences=sequences)

    async def GetRotation(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        rotation = views.rotation_answer(self._clients, self._ledger.state)
        return pb.GetRotationResponse(rotation=to_proto(rotation, answer_pb2.Rotation))

    async def GetRotationCheckpoint(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        found = views.rotation_checkpoint_answer(self._clients, self._ledger.state, request.client, request.epoch)
        return pb.GetRotationCheckpointResponse(rotation_checkpoint=to_proto(found, answer_pb2.RotationCheckpoint))

    async def GetPacket(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        source = counterparty_client_id(request.source_client)
        destination = counterparty_client_id(request.destination_client)
        sequence = Sequence(request.sequence)
        steps = self._ledger.packet_steps(source, destination, sequence)
        if not steps:
            raise PacketNotFound(source, destination, sequence)
        history = answers.PacketHistory(source, destination, sequence, views.event_records(steps))
        return pb.GetPacketResponse(packet=to_proto(history, answer_pb2.PacketHistory))

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

    async def ListRequests(self, request: Any, context: Any) -> Any:
        every = requests.requests(self._ledger.state, page_token(request) or None)
        found, token = page(request, every, lambda one: one.request_id)
        wanted = (one for one in found if request.service in ("", one.service))
        answered = [to_proto(views.request_view(one), answer_pb2.ServiceRequest) for one in wanted]
        return pb.ListRequestsResponse(requests=answered, next_page_token=token)


def asked(request: Any) -> list[int]:
    """The sequences of a request; raises InvalidArgument, UnknownFields."""
    refuse_unknown_fields(request)
    if len(request.sequences) > MAX_SEQUENCES:
        raise InvalidArgument("sequences", f"give at most {MAX_SEQUENCES}")
    return list(request.sequences)

"""What every chain of our own answers of its latest committed state: itself, its light clients, lanes and packets."""

# ruff: noqa: N802, ARG002  # gRPC gives the methods their names and arguments

from typing import Any

from interchain.hub.v1 import answer_pb2

from hub import answers
from hub.engine.engine import Engine
from hub.engine.ledger import Ledger
from hub.ibc.commitment import PathKind
from hub.ibc.identifiers import counterparty_client_id
from hub.quantities import Sequence
from hub.rpc import views
from hub.rpc.dialect import Dialect
from hub.rpc.errors import InvalidArgument, PacketNotFound
from hub.rpc.pages import number, number_token, page, page_token, text_of
from hub.rpc.wire import refuse_unknown_fields, to_proto
from hub.version import VERSION

MAX_SEQUENCES = 1_024


class ChainQueries:
    """The part of a QueryService that all kinds of chain have."""

    def __init__(self, dialect: Dialect[Any], ledger: Ledger, engine: Engine) -> None:
        self._dialect = dialect
        self._pb = dialect.query_service
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
        return self._pb.GetStatusResponse(status=to_proto(status, answer_pb2.NodeStatus))

    async def GetClient(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        client = views.client_answer(self._clients, self._ledger.state, request.client)
        return self._pb.GetClientResponse(client=to_proto(client, answer_pb2.ClientInfo))

    async def ListClients(self, request: Any, context: Any) -> Any:
        state = self._ledger.state
        after = text_of(page_token(request))
        names = [name for name in self._clients.all(state) if (len(name), name) > (len(after), after)]
        found, token = page(request, iter(names), lambda name: name.encode())
        clients = [to_proto(views.client_answer(self._clients, state, name), answer_pb2.ClientInfo) for name in found]
        return self._pb.ListClientsResponse(clients=clients, next_page_token=token)

    async def ListLanes(self, request: Any, context: Any) -> Any:
        lanes = views.lane_answers(self._ledger.state, number(page_token(request)))
        found, token = page(request, lanes, lambda lane: number_token(lane.lane))
        return self._pb.ListLanesResponse(
            lanes=[to_proto(one, answer_pb2.LaneInfo) for one in found], next_page_token=token
        )

    async def ListPacketCommitments(self, request: Any, context: Any) -> Any:
        after = number(page_token(request))
        sequences = views.sequences_at(self._clients, self._ledger.state, PathKind.COMMITMENT, request.client, after)
        found, token = page(request, sequences, number_token)
        return self._pb.ListPacketCommitmentsResponse(sequences=found, next_page_token=token)

    async def ListAcknowledgements(self, request: Any, context: Any) -> Any:
        after = max(number(page_token(request)), request.after_sequence)
        sequences = views.sequences_at(
            self._clients, self._ledger.state, PathKind.ACKNOWLEDGEMENT, request.client, after
        )
        found, token = page(request, sequences, number_token)
        return self._pb.ListAcknowledgementsResponse(sequences=found, next_page_token=token)

    async def ListUnreceivedPackets(self, request: Any, context: Any) -> Any:
        sequences = views.unreceived(self._clients, self._ledger.state, request.client, asked(request))
        return self._pb.ListUnreceivedPacketsResponse(sequences=sequences)

    async def ListUnacknowledgedPackets(self, request: Any, context: Any) -> Any:
        sequences = views.unacknowledged(self._clients, self._ledger.state, request.client, asked(request))
        return self._pb.ListUnacknowledgedPacketsResponse(sequences=sequences)

    async def GetRotation(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        rotation = views.rotation_answer(self._clients, self._ledger.state)
        return self._pb.GetRotationResponse(rotation=to_proto(rotation, answer_pb2.Rotation))

    async def GetRotationCheckpoint(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        found = views.rotation_checkpoint_answer(self._clients, self._ledger.state, request.client, request.epoch)
        return self._pb.GetRotationCheckpointResponse(
            rotation_checkpoint=to_proto(found, answer_pb2.RotationCheckpoint)
        )

    async def GetPacket(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        source = counterparty_client_id(request.source_client)
        destination = counterparty_client_id(request.destination_client)
        sequence = Sequence(request.sequence)
        steps = self._ledger.packet_steps(source, destination, sequence)
        if not steps:
            raise PacketNotFound(source, destination, sequence)
        history = answers.PacketHistoryOf(source, destination, sequence, views.event_records(steps))
        return self._pb.GetPacketResponse(packet=self._dialect.packet_history(history))


def asked(request: Any) -> list[int]:
    """The sequences of a request; raises InvalidArgument, UnknownFields."""
    refuse_unknown_fields(request)
    if len(request.sequences) > MAX_SEQUENCES:
        raise InvalidArgument("sequences", f"give at most {MAX_SEQUENCES}")
    return list(request.sequences)

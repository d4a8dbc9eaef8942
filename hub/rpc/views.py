"""What the state says, as answers: pure functions of a state, one a question."""

from collections.abc import Iterable, Iterator

import msgspec

from hub import answers, validators
from hub.accounts.accounts import account
from hub.accounts.roles import roles
from hub.clients import domain_change
from hub.clients.registry import Clients
from hub.engine.records import PlacedEvent
from hub.events import Event
from hub.history import head
from hub.ibc import client_lifecycle, lane_registry
from hub.ibc.commitment import PathKind, commitment_path, receipt_path
from hub.ibc.errors import CounterpartyNotRegistered
from hub.ibc.identifiers import ClientId, client_id
from hub.parameters import parameters
from hub.quantities import MAX_U64, Address, Epoch, Sequence, UnixSeconds
from hub.services import bindings, definitions, requests
from hub.services.errors import RequestNotFound, ServiceNotFound
from hub.services.payload import caller_account
from hub.state.branch import StateReader


def event_records(placed: Iterable[PlacedEvent]) -> tuple[answers.EventRecordOf[Event], ...]:
    """Events, each with its place."""
    return tuple(answers.EventRecordOf(one.height, one.index, one.transaction_hash, one.event) for one in placed)


def account_answer(state: StateReader, address: Address) -> answers.Account:
    record = account(state, address)
    return answers.Account(address, record.balance, record.nonce, roles(state, address))


def caller_account_answer(state: StateReader, client: str, caller: bytes) -> answers.Account:
    return account_answer(state, caller_account(client_id(client), caller))


def parameter_answers(state: StateReader) -> tuple[answers.Parameter, ...]:
    chosen = msgspec.structs.asdict(parameters(state))
    return tuple(answers.Parameter(name, str(value)) for name, value in chosen.items())


def client_answer(clients: Clients, state: StateReader, name: str) -> answers.ClientInfo:
    """Raises InvalidIdentifier, ClientNotFound."""
    client = client_id(name)
    point = clients.latest(state, client)
    counterparty, chain_id, contract, salt = "", 0, b"", b""
    try:
        found = clients.counterparty(state, client)
    except CounterpartyNotRegistered:
        pass
    else:
        counterparty = found.client
        chain_id, contract, salt = client_lifecycle.domain_parts(found.domain)
    return answers.ClientInfo(
        client=client,
        kind=clients.kind(state, client).value,
        status=clients.status(state, client, head(state).time),
        height=point.height,
        time=point.time,
        config=clients.config(state, client),
        counterparty_client=counterparty,
        evm_chain_id=chain_id,
        client_contract=contract,
        salt=salt,
        replaceable_from=clients.replacement(state, client) or UnixSeconds(0),
        scheduled_domain=_scheduled_domain(state, client),
        former_domains=tuple(
            answers.FormerDomain(*client_lifecycle.domain_parts(former.domain), former.last_height)
            for former in domain_change.former_domains(state, client)
        ),
        finality_time=clients.finality_time(state, client),
    )


def _scheduled_domain(state: StateReader, client: ClientId) -> answers.ScheduledDomain | None:
    found = domain_change.scheduled_domain_change(state, client)
    if found is None:
        return None
    return answers.ScheduledDomain(*client_lifecycle.domain_parts(found.domain), found.ripe_at)


def rotation_answer(clients: Clients, state: StateReader) -> answers.Rotation:
    current, proposed = validators.validators(state), validators.proposed_validators(state)
    told = [] if proposed is None else [client for client, _ in client_lifecycle.counterparties(state, clients)]
    stored = [client for client in told if validators.rotation_checkpoint(state, current.epoch, client) is not None]
    missing = tuple(client for client in told if client not in stored)
    changing = tuple(client for client in told if domain_change.scheduled_domain_change(state, client) is not None)
    return answers.Rotation(current, proposed, tuple(stored), missing, changing)


def rotation_checkpoint_answer(
    clients: Clients, state: StateReader, name: str, epoch: int
) -> answers.RotationCheckpoint:
    """Raises InvalidIdentifier, ClientNotFound, RotationCheckpointNotFound."""
    client = _known_client(clients, state, name)
    signed, next_set = validators.hand_over(state, Epoch(epoch), client)
    return answers.RotationCheckpoint(client, signed, next_set)


def lane_answers(state: StateReader, after: int) -> Iterator[answers.LaneInfo]:
    for number, lane in lane_registry.lanes(state, after):
        yield answers.LaneInfo(
            number,
            lane.source_client,
            lane.destination_client,
            lane.source_port,
            lane.destination_port,
            lane.version,
            lane.encoding,
        )


def sequences_at(clients: Clients, state: StateReader, kind: PathKind, name: str, after: int) -> Iterator[Sequence]:
    """The packets of a client of which something of this kind stands here, rising, beyond a sequence."""
    client = _known_client(clients, state, name)
    if after >= MAX_U64:
        return
    prefix = client.encode() + bytes((kind,))
    start, end = prefix + (after + 1).to_bytes(8, "big"), client.encode() + bytes((kind + 1,))
    for key, _ in state.scan(start, end):
        yield Sequence(int.from_bytes(key[len(prefix) :], "big"))


def unreceived(clients: Clients, state: StateReader, name: str, sequences: list[int]) -> list[Sequence]:
    client = _known_client(clients, state, name)
    asked = (Sequence(sequence) for sequence in sorted(set(sequences)))
    return [sequence for sequence in asked if state.get(receipt_path(client, sequence)) is None]


def unacknowledged(clients: Clients, state: StateReader, name: str, sequences: list[int]) -> list[Sequence]:
    client = _known_client(clients, state, name)
    asked = (Sequence(sequence) for sequence in sorted(set(sequences)))
    return [sequence for sequence in asked if state.get(commitment_path(client, sequence)) is not None]


def definition_answer(found: definitions.Definition) -> answers.ServiceDefinition:
    return answers.ServiceDefinition(
        service=found.service,
        author=found.author,
        description=found.description,
        tags=found.tags,
        input_json_schema=found.input.json_schema or "",
        output_json_schema=found.output.json_schema or "",
        input_abi=found.input.abi or "",
        output_abi=found.output.abi or "",
    )


def service_answer(
    state: StateReader, service: str
) -> tuple[answers.ServiceDefinition, tuple[answers.ServiceBinding, ...]]:
    """A definition and who offers it; raises ServiceNotFound."""
    found = definitions.definition(state, service)
    if found is None:
        raise ServiceNotFound(service)
    return definition_answer(found), tuple(binding_answer(offer) for offer in bindings.bindings(state, service))


def binding_answer(found: bindings.Binding) -> answers.ServiceBinding:
    return answers.ServiceBinding(
        service=found.service,
        client=found.client,
        provider=found.provider,
        owner=found.owner,
        encoding=found.encoding,
        price=found.price,
        gas_limit=found.gas_limit,
        max_response_seconds=found.max_response_seconds,
        grace_seconds=found.grace_seconds,
        available=found.available,
    )


def request_answer(state: StateReader, request_id: bytes) -> answers.ServiceRequest:
    """Raises RequestNotFound."""
    found = requests.request(state, request_id)
    if found is None:
        raise RequestNotFound(request_id)
    return request_view(found)


def request_view(found: requests.ServiceRequest) -> answers.ServiceRequest:
    state = answers.RequestState.RESULTED
    if found.is_open:
        state = answers.RequestState.PENDING
    elif found.is_finished:
        state = answers.RequestState.SETTLED
    return answers.ServiceRequest(
        request_id=found.request_id,
        service=found.service,
        caller_client=found.caller_client,
        caller=found.caller,
        call_sequence=found.call_sequence,
        client=found.client,
        provider=found.provider,
        request_sequence=found.request_sequence,
        fee=found.fee,
        deadline=found.deadline,
        input_encoding=found.caller_encoding,
        input=found.input,
        state=state,
        code=found.code,
        output=found.output,
        message=found.message,
        provider_encoding=found.encoding,
        payer=found.payer,
        payee=found.payee,
        due=found.due,
        paid=found.escrow is requests.Escrow.PAID,
    )


def _known_client(clients: Clients, state: StateReader, name: str) -> ClientId:
    client = client_id(name)
    clients.kind(state, client)
    return client

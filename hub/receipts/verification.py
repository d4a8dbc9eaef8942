"""A whole receipt: each part proven for itself, then held against what is proven already; and what they say together.

``verify`` is all of it. The parts come in the order of the call's life (receipt.py).
"""

from collections.abc import Sequence
from typing import assert_never

from hub.clients.base import Claims
from hub.events import EscrowSettled, ServiceCalled, ServiceResulted
from hub.ibc.commitment import (
    ERROR_ACKNOWLEDGEMENT,
    Path,
    PathKind,
    acknowledgement_commitment,
    packet_commitment,
)
from hub.ibc.identifiers import ClientId
from hub.ibc.packet import Packet, validate_packet
from hub.quantities import Hash
from hub.quantities import Sequence as PacketSequence
from hub.receipts.errors import ContradictoryParts, NotACall, NothingProven, PartDoesNotFit, PartMissing
from hub.receipts.evidence import Point, part, shown_by_chain, shown_by_hub, shown_in_block
from hub.receipts.limits import limits
from hub.receipts.receipt import Acknowledged, HubBlock, NotReceived, Receipt, Sent
from hub.receipts.statement import Money, Outcome, Part, Party, Question, Statement, Step
from hub.receipts.trust import Trust
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.errors import ServiceError
from hub.services.payload import (
    Call,
    InputEncoding,
    Request,
    Result,
    ResultCode,
    caller_account,
    input_encoding,
    packet_request_id,
    result_code,
)

_LIFE = list(Part)
_ROUTE = (PORT, PORT, VERSION, ENCODING)
_UNREADABLE = Result(ResultCode.PROVIDER_FAILED, message="the error acknowledgement: it could not be read")


def verify(receipt: Receipt, trust: Trust) -> Statement:
    """All that the receipt proves to one who trusts these anchors, and to nobody else; raises ReceiptError."""
    life = _Life(trust)
    if receipt.call is not None:
        life.take_call(receipt.call)
    life.take_blocks(receipt.blocks)
    if receipt.request is not None:
        life.take_request(receipt.request)
    if receipt.answer is not None:
        life.take_answer(receipt.answer)
    if receipt.result is not None:
        life.take_result(receipt.result)
    life.refuse_contradictions()
    return life.statement(receipt)


class _Life:
    """What has been proven of one call so far."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._steps: list[Step] = []
        self._request_id: Hash | None = None
        self._call_packet: Packet | None = None
        self._call: Call | None = None
        self._called: ServiceCalled | None = None
        self._resulted: ServiceResulted | None = None
        self._settled: EscrowSettled | None = None
        self._request_packet: Packet | None = None
        self._answer: Result | None = None
        self._answer_missing = False
        self._result: Result | None = None
        self._outcome = Outcome.SENT

    # --- the parts ---

    def take_call(self, sent: Sent) -> None:
        packet = sent.packet
        client = packet.destination_client
        with part(Part.CALL):
            validate_packet(packet)
            _require(Part.CALL, "source client", self._trust.counterparty(client).client, packet.source_client)
            point = shown_by_chain(self._trust, client, sent.proof, _committed(packet))
        _require_route(Part.CALL, packet)
        try:
            self._call = Call.decode(packet.payload.value)
        except ServiceError as error:
            raise NotACall(str(error)) from error
        self._call_packet = packet
        self._request_id = packet_request_id(client, packet.sequence)
        self._note(Part.CALL, f"the call, packet {packet.sequence} from {packet.source_client}, was committed", point)

    def take_blocks(self, blocks: Sequence[HubBlock]) -> None:
        height = 0
        for block in blocks:
            name = f"the hub's block {block.header.height}"
            with part(name):
                point = shown_in_block(self._trust, block)
            if not point.height > height or not block.events:
                raise PartDoesNotFit(name, "place", "after the one before, with an event", f"after {height}")
            height = point.height
            for proven in block.events:
                self._take_event(proven.event, point)
        if (self._resulted or self._settled) and not self._called:
            raise PartMissing(Part.ACCEPTED, Part.DECIDED if self._resulted else Part.SETTLED)

    def take_request(self, sent: Sent) -> None:
        called, packet = self._called, sent.packet
        if called is None:
            raise PartMissing(Part.ACCEPTED, Part.REQUEST)
        client = packet.source_client
        with part(Part.REQUEST):
            validate_packet(packet)
            point = shown_by_hub(self._trust, client, sent.proof, _committed(packet))
            request = Request.decode(packet.payload.value)
        _require_route(Part.REQUEST, packet)
        for field, expected, given in (
            ("source client", called.client, client),
            ("destination client", self._trust.counterparty(client).client, packet.destination_client),
            ("request_id", called.request_id, request.request_id),
            ("service", called.service, request.service),
            ("provider", called.provider, request.provider),
            ("caller_client", called.caller_client, request.caller_client),
            ("caller", called.caller, request.caller),
            ("deadline", called.deadline, request.deadline),
            ("input_encoding", called.input_encoding, request.input_encoding.value),
            ("input", called.input, request.input),
        ):
            _require(Part.REQUEST, field, expected, given)
        self._request_packet = packet
        self._note(
            Part.REQUEST, f"the request, packet {packet.sequence} to {packet.destination_client}, was committed", point
        )

    def take_answer(self, answer: Acknowledged | NotReceived) -> None:
        packet = self._request_packet
        if packet is None:
            raise PartMissing(Part.REQUEST, Part.ANSWER)
        client, there = packet.source_client, packet.destination_client
        match answer:
            case Acknowledged(acknowledgement, proof):
                with part(Part.ANSWER):
                    claims = _acknowledged(there, packet.sequence, acknowledgement)
                    point = shown_by_chain(self._trust, client, proof, claims)
                    self._answer = _result_in(acknowledgement)
                self._note(Part.ANSWER, "the provider's chain acknowledged the request", point)
            case NotReceived(_, _, proof):
                with part(Part.ANSWER):
                    _require_same_packet(Part.ANSWER, (there, packet.sequence), answer)
                    point = shown_by_chain(self._trust, client, proof, _not_received(there, packet.sequence))
                _require_elapsed(Part.ANSWER, packet, point)
                self._answer_missing = True
                self._note(Part.ANSWER, "the provider's chain had not received the request when it timed out", point)
            case _:
                assert_never(answer)

    def take_result(self, result: Acknowledged | NotReceived) -> None:
        origin = self._origin()
        match result:
            case Acknowledged(acknowledgement, proof):
                if origin is None:
                    raise PartMissing(Part.CALL, Part.RESULT)
                with part(Part.RESULT):
                    point = shown_by_hub(self._trust, origin[0], proof, _acknowledged(*origin, acknowledgement))
                    shown = _result_in(acknowledgement)
                self._take_acknowledged(shown, is_error=acknowledgement == ERROR_ACKNOWLEDGEMENT)
                self._note(Part.RESULT, "the hub acknowledged the call with its result", point)
            case NotReceived(client, sequence, proof):
                if self._called is not None:
                    raise ContradictoryParts(Part.ACCEPTED, Part.RESULT, "what was accepted was received")
                with part(Part.RESULT):
                    _require_same_packet(Part.RESULT, origin or (client, sequence), result)
                    point = shown_by_hub(self._trust, client, proof, _not_received(client, sequence))
                if self._call_packet is not None:
                    _require_elapsed(Part.RESULT, self._call_packet, point)
                self._request_id = packet_request_id(client, sequence)
                self._outcome = Outcome.NEVER_RECEIVED
                self._note(Part.RESULT, f"the hub had not received packet {sequence} of {client}", point)
            case _:
                assert_never(result)

    # --- what they are held against ---

    def _take_event(self, event: ServiceCalled | ServiceResulted | EscrowSettled, point: Point) -> None:
        known = self._request_id or Hash(event.request_id)
        match event:
            case ServiceCalled():
                _require(Part.ACCEPTED, "request_id", known, event.request_id)
                self._take_called(event)
                self._note(Part.ACCEPTED, f"the hub accepted the call of {event.service}", point)
            case ServiceResulted():
                _require(Part.DECIDED, "request_id", known, event.request_id)
                if self._resulted is not None:
                    raise ContradictoryParts(Part.DECIDED, Part.DECIDED, "a call has one result")
                with part(Part.DECIDED):
                    self._result = Result(result_code(event.code), event.output, event.message)
                self._resulted, self._outcome = event, Outcome.RESULTED
                self._note(Part.DECIDED, f"the hub decided {event.code}", point)
            case EscrowSettled():
                _require(Part.SETTLED, "request_id", known, event.request_id)
                if self._settled is not None:
                    raise ContradictoryParts(Part.SETTLED, Part.SETTLED, "an escrow is settled once")
                self._settled = event
                self._note(Part.SETTLED, "the hub settled the escrow", point)
            case _:
                assert_never(event)
        self._request_id = known

    def _take_called(self, called: ServiceCalled) -> None:
        if self._called is not None:
            raise ContradictoryParts(Part.ACCEPTED, Part.ACCEPTED, "a call is accepted once")
        with part(Part.ACCEPTED):
            input_encoding(called.input_encoding)
        if self._call is not None and self._call_packet is not None:
            for field, expected, given in (
                ("service", self._call.service, called.service),
                ("caller_client", self._call_packet.destination_client, called.caller_client),
                ("caller", self._call.caller, called.caller),
                ("call_sequence", self._call_packet.sequence, called.call_sequence),
                ("deadline", self._call.deadline, called.deadline),
            ):
                _require(Part.ACCEPTED, field, expected, given)
            if called.fee > self._call.fee_cap:
                raise ContradictoryParts(Part.CALL, Part.ACCEPTED, "the fee is more than the caller allowed")
            if called.input_encoding == self._call.input_encoding and called.input != self._call.input:
                raise ContradictoryParts(Part.CALL, Part.ACCEPTED, "the input was changed")
        self._called, self._outcome = called, Outcome.ACCEPTED

    def _take_acknowledged(self, shown: Result, *, is_error: bool) -> None:
        if self._resulted is not None:
            if shown != self._result:
                raise ContradictoryParts(Part.DECIDED, Part.RESULT, "they tell different results")
        elif is_error and self._called is not None:
            raise ContradictoryParts(Part.ACCEPTED, Part.RESULT, "what was accepted was read")
        self._result = None if is_error else shown
        self._outcome = Outcome.UNREADABLE if is_error else Outcome.RESULTED

    def refuse_contradictions(self) -> None:
        """What the provider's chain said, what the hub decided and where the money went fit together."""
        called, settled = self._called, self._settled
        if self._result is not None and self._result.code is ResultCode.ANSWERED:
            if self._answer_missing:
                raise ContradictoryParts(Part.ANSWER, Part.RESULT, "what was never received was not answered")
            if self._answer is not None and not self._carries(self._answer, self._result):
                raise ContradictoryParts(
                    Part.ANSWER, Part.RESULT, "the hub gave another answer than the provider's chain"
                )
        if called is None or settled is None:
            return
        payee = caller_account(ClientId(called.client), called.provider) if called.client else called.provider
        payer = caller_account(ClientId(called.caller_client), called.caller) if called.caller_client else called.caller
        _require(Part.SETTLED, "amount", called.fee, settled.amount)
        _require(Part.SETTLED, "recipient", payee if settled.paid else payer, settled.recipient)
        unanswered = self._answer is not None and self._answer.code is not ResultCode.ANSWERED
        if settled.paid and (unanswered or self._answer_missing):
            raise ContradictoryParts(Part.ANSWER, Part.SETTLED, "the provider was paid without an answer")

    def _carries(self, answer: Result, result: Result) -> bool:
        """Whether the hub's 200 is the provider's; an output that may be in another encoding is not compared."""
        if (answer.code, answer.message) != (result.code, result.message):
            return False
        return not self._compared or answer.output == result.output

    @property
    def _compared(self) -> bool:
        """Whether it is known that caller and provider write data in the same encoding."""
        if self._call is None or self._called is None:
            return False
        return self._call.input_encoding.value == self._called.input_encoding

    def _origin(self) -> tuple[ClientId, PacketSequence] | None:
        """The hub's client of the caller's chain, and the number of the call's packet."""
        if self._call_packet is not None:
            return self._call_packet.destination_client, self._call_packet.sequence
        if self._called is not None and self._called.caller_client:
            return ClientId(self._called.caller_client), self._called.call_sequence
        return None

    # --- what they say ---

    def statement(self, receipt: Receipt) -> Statement:
        if not self._steps:
            raise NothingProven
        called, settled = self._called, self._settled
        return Statement(
            outcome=self._outcome,
            request_id=self._request_id,
            caller=self._caller(),
            question=self._question(),
            provider=None if called is None else Party(called.client, called.provider),
            answer=self._answer,
            result=self._result,
            fee=None if called is None else called.fee,
            money=None if settled is None else Money(settled.amount, settled.recipient, settled.paid),
            steps=tuple(sorted(self._steps, key=lambda step: _LIFE.index(step.part))),
            not_proven=limits(receipt, called, self._resulted, settled, compared=self._compared),
        )

    def _caller(self) -> Party | None:
        if self._call is not None and self._call_packet is not None:
            return Party(self._call_packet.destination_client, self._call.caller)
        return None if self._called is None else Party(self._called.caller_client, self._called.caller)

    def _question(self) -> Question | None:
        if (call := self._call) is not None:
            return Question(call.service, call.input, call.input_encoding, True, call.deadline)
        if (called := self._called) is not None:
            encoding = InputEncoding(called.input_encoding)
            return Question(called.service, called.input, encoding, False, called.deadline)
        return None

    def _note(self, one: Part, what: str, point: Point) -> None:
        self._steps.append(Step(one, what, point))


def _committed(packet: Packet) -> Claims:
    path = Path(PathKind.COMMITMENT, packet.source_client, packet.sequence)
    return Claims(present=((path, packet_commitment(packet)),))


def _acknowledged(client: ClientId, sequence: PacketSequence, acknowledgement: bytes) -> Claims:
    path = Path(PathKind.ACKNOWLEDGEMENT, client, sequence)
    return Claims(present=((path, acknowledgement_commitment(acknowledgement)),))


def _not_received(client: ClientId, sequence: PacketSequence) -> Claims:
    return Claims(absent=(Path(PathKind.RECEIPT, client, sequence),))


def _result_in(acknowledgement: bytes) -> Result:
    """The result that an acknowledgement carries; the error acknowledgement counts as the hub counts it."""
    return _UNREADABLE if acknowledgement == ERROR_ACKNOWLEDGEMENT else Result.decode(acknowledgement)


def _require(one: Part, field: str, expected: object, given: object) -> None:
    if expected != given:
        raise PartDoesNotFit(one, field, _text(expected), _text(given))


def _text(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _require_route(one: Part, packet: Packet) -> None:
    payload = packet.payload
    route = (payload.source_port, payload.destination_port, payload.version, payload.encoding)
    _require(one, "route", " ".join(_ROUTE), " ".join(route))


def _require_same_packet(one: Part, expected: tuple[ClientId, PacketSequence], given: NotReceived) -> None:
    _require(one, "client", expected[0], given.client)
    _require(one, "sequence", expected[1], given.sequence)


def _require_elapsed(one: Part, packet: Packet, point: Point) -> None:
    """What is not there before the packet's timeout may still come."""
    if point.time < packet.timeout:
        raise PartDoesNotFit(one, "time", f"{packet.timeout} or later", str(point.time))

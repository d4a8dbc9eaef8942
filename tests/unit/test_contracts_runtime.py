"""The runtime of contracts: what a contract is given, what is kept of it, what is refused and by which name."""

from dataclasses import fields
from typing import get_type_hints

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.permissioned.ledger.contracts import errors
from adapters.permissioned.ledger.contracts.activation import Pin
from adapters.permissioned.ledger.contracts.bounds import Bounds
from adapters.permissioned.ledger.contracts.errors import (
    ArgumentsRefused,
    ContractNotActive,
    EndorsementMissing,
    MethodNotFound,
    Refused,
    RequestNotPending,
)
from adapters.permissioned.ledger.contracts.events import (
    ContractEvent,
    ContractInvoked,
    RecordWritten,
)
from adapters.permissioned.ledger.contracts.interface import (
    LATER,
    Amount,
    Answer,
    Collection,
    Context,
    Contract,
    Later,
    Nothing,
    Record,
    ServiceContext,
    UnixSeconds,
    View,
    query,
    service,
    transaction,
)
from adapters.permissioned.ledger.contracts.runtime import Invocation
from adapters.permissioned.ledger.contracts.trial import Trial, as_caller
from adapters.permissioned.ledger.contracts.values import read_json, write_json
from adapters.permissioned.ledger.identities import ContractName, OrganisationId, RemoteCaller
from adapters.permissioned.ledger.receivables import errors as receivables_errors
from hub.errors import HubError
from hub.rpc.status import TABLE
from hub.services.json_text import canonical, parse
from hub.services.payload import InputEncoding, Result, ResultCode
from hub.services.transcode import convert
from tests.unit.unlinted import UnlintedTrial

ANNA = "waterworks/anna"


class Reading(Record, frozen=True):
    meter: str
    litres: int
    by: str = ""


class Ask(Record, frozen=True):
    meter: str


class Request(Record, frozen=True):
    id: bytes


class Taken(Record, frozen=True):
    """A request to be answered later, or a call that was made."""

    id: bytes
    meter: str


class Whom(Record, frozen=True):
    client: str
    caller: bytes


class Mirror(Contract, name="mirror", version=1):
    @service("who", "Who asks.")
    def who(self, ctx: ServiceContext, _ask: Ask) -> Whom:
        assert isinstance(ctx.caller, RemoteCaller)
        return Whom(ctx.caller.client, ctx.caller.caller)


class Meters(Contract, name="meters", version=1):
    readings = Collection("readings", Reading, key=("meter",))
    taken = Collection("taken", Taken, key=("id",))

    @transaction
    def record(self, ctx: Context, reading: Reading) -> Reading:
        last = self.readings.find(reading.meter)
        if last is not None and reading.litres < last.litres:
            self.readings.delete(reading.meter)
            raise Refused("a meter does not run backwards")
        noted = Reading(reading.meter, reading.litres, ctx.organisation)
        self.readings.put(noted)
        ctx.emit("read", noted)
        return noted

    @query
    def latest(self, _ctx: View, ask: Ask) -> Reading:
        return self.readings.get(ask.meter)

    @service("meter-reading", "The latest reading of a meter.")
    def serve(self, _ctx: ServiceContext, ask: Ask) -> Reading:
        return self.readings.get(ask.meter)

    @service("meter-visit", "A reading that somebody has yet to take.")
    def visit(self, ctx: ServiceContext, ask: Ask) -> Reading | Later:
        self.taken.add(Taken(ctx.request_id, ask.meter))
        return LATER

    @transaction
    def visited(self, ctx: Context, request: Request) -> Nothing:
        taken = self.taken.get(request.id)
        ctx.answer(request.id, self.readings.get(taken.meter))
        return Nothing()

    @transaction
    def decline(self, ctx: Context, request: Request) -> Nothing:
        ctx.decline(request.id, "nobody is at home")
        return Nothing()

    @transaction
    def ask_elsewhere(self, ctx: Context, ask: Ask) -> Request:
        call_id = ctx.call("weather", ask, deadline=UnixSeconds(ctx.time + 60), fee_cap=Amount(5))
        self.taken.add(Taken(call_id, ask.meter))
        return Request(call_id)

    def on_result(self, ctx: Context, call_id: bytes, answer: Answer) -> None:
        taken = self.taken.get(call_id)
        self.readings.put(Reading(taken.meter, answer.read(Reading).litres if answer.is_answered else 0))
        self.taken.delete(call_id)

    def on_timeout(self, ctx: Context, call_id: bytes) -> None:
        self.taken.delete(call_id)
        ctx.emit("unheard", Request(call_id))


@pytest.fixture
def trial() -> Trial:
    return UnlintedTrial(Meters)


def test_what_is_written_is_read_and_made_known(trial: Trial) -> None:
    result = trial.invoke("meters", "record", Reading("cellar", 40), caller=ANNA, endorsers=("port",))
    assert result == b'{"by":"waterworks","litres":"40","meter":"cellar"}'
    assert trial.query("meters", "latest", Ask("cellar"), Reading) == Reading("cellar", 40, "waterworks")
    written, told, invoked = trial.events
    assert isinstance(written, RecordWritten)
    assert written.index_key() == b"meters/readings/cellar"
    assert told == ContractEvent("meters", "read", result)
    assert isinstance(invoked, ContractInvoked)
    assert (invoked.caller, invoked.endorsers) == (ANNA, ("port", "waterworks"))
    assert (invoked.reads, invoked.writes) == (1, 1)


def test_a_refusal_keeps_nothing(trial: Trial) -> None:
    trial.invoke("meters", "record", Reading("cellar", 40), caller=ANNA)
    before = trial.state
    refusal = trial.refusal("meters", "record", Reading("cellar", 39), caller=ANNA)
    assert isinstance(refusal, Refused)
    assert str(refusal) == "a meter does not run backwards"
    assert trial.state is before
    assert trial.query("meters", "latest", Ask("cellar"), Reading).litres == 40


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("record", b"{", ArgumentsRefused),
        ("record", b"[]", ArgumentsRefused),
        ("record", b'{"meter":"cellar"}', ArgumentsRefused),
        ("record", b'{"meter":"cellar","litres":1.5}', ArgumentsRefused),
        ("record", b'{"meter":"cellar","litres":"01"}', ArgumentsRefused),
        ("record", b'{"meter":"cellar","litres":"18446744073709551616"}', ArgumentsRefused),
        ("record", b'{"meter":7,"litres":"1"}', ArgumentsRefused),
        ("record", b'{"meter":"cellar","litres":true}', ArgumentsRefused),
        ("record", b'{"meter":"cellar","litres":"1","more":"1"}', ArgumentsRefused),
        ("record", b'{"meter":"cellar","meter":"attic","litres":"1"}', ArgumentsRefused),
        ("visited", b'{"id":"0xABCD"}', ArgumentsRefused),
        ("visited", b'{"id":"YWJj"}', ArgumentsRefused),
        ("latest", b'{"meter":"cellar"}', MethodNotFound),
        ("migrate", b"{}", MethodNotFound),
        ("on_result", b"{}", MethodNotFound),
        ("__init__", b"{}", MethodNotFound),
    ],
)
def test_what_is_asked_wrongly(trial: Trial, method: str, arguments: bytes, error: type[Exception]) -> None:
    ctx = trial.begin()
    with pytest.raises(error):
        trial.runtime.invoke(ctx, Invocation(ContractName("meters"), method, arguments, as_caller(ANNA), ()))
    assert not ctx.changes()
    assert not ctx.events


def test_a_contract_that_is_not_active(trial: Trial) -> None:
    assert isinstance(trial.refusal("tolls", "record", Ask("x"), caller=ANNA), ContractNotActive)
    assert isinstance(trial.refusal("x" * 300, "record", Ask("x"), caller=ANNA), ContractNotActive)


def test_the_policy_counts_the_callers_own_organisation(trial: Trial) -> None:
    ctx = trial.begin()
    everyone = tuple(map(OrganisationId, ("waterworks", "port", "customs")))
    trial.runtime.change_policy(ctx, ContractName("meters"), "2 of (waterworks, port, customs)", everyone)
    trial.commit(ctx)
    assert isinstance(trial.refusal("meters", "record", Reading("a", 1), caller=ANNA), EndorsementMissing)
    assert trial.refusal("meters", "record", Reading("a", 1), caller=ANNA, endorsers=("bank",)) is not None
    assert trial.refusal("meters", "record", Reading("a", 1), caller=ANNA, endorsers=("port",)) is None
    assert trial.refusal("meters", "record", Reading("a", 2), caller="bank/ben", endorsers=("customs", "port")) is None


class TestServices:
    def test_at_once_in_json_and_abi(self, trial: Trial) -> None:
        trial.invoke("meters", "record", Reading("cellar", 40), caller=ANNA)
        schema = next(s for s in trial.installed["meters"].shape.services() if s.service == "meter-reading")
        in_json = trial.serve("meters", "meter-reading", b'{"meter": "cellar"}')
        assert in_json == Result(ResultCode.ANSWERED, b'{"by":"waterworks","litres":"40","meter":"cellar"}')
        asked = convert(schema.input, b'{"meter": "cellar"}', InputEncoding.JSON, InputEncoding.ABI)
        in_abi = trial.serve("meters", "meter-reading", asked, encoding=InputEncoding.ABI)
        assert in_abi is not None
        assert convert(schema.output, in_abi.output, InputEncoding.ABI, InputEncoding.JSON) == in_json.output

    def test_a_contract_is_told_who_asks(self) -> None:
        trial = UnlintedTrial(Mirror)
        result = trial.serve("mirror", "who", b'{"meter":"x"}', client="attested-7", caller=b"\x22" * 20)
        assert result is not None
        assert read_json(Whom, result.output) == Whom("attested-7", b"\x22" * 20)

    @pytest.mark.parametrize(
        ("contract", "name", "data", "code"),
        [
            ("meters", "meter-reading", b'{"meter": "attic"}', 400),
            ("meters", "meter-reading", b"{}", 400),
            ("meters", "meter-reading", b'{"meter": 1}', 400),
            ("meters", "no-such", b"{}", 500),
            ("meters", "record", b"{}", 500),
            ("tolls", "meter-reading", b"{}", 500),
        ],
    )
    def test_what_cannot_be_served(self, trial: Trial, contract: str, name: str, data: bytes, code: int) -> None:
        result = trial.serve(contract, name, data)
        assert result is not None
        assert (result.code, result.output) == (code, b"")
        assert not trial.events

    def test_later(self, trial: Trial) -> None:
        trial.invoke("meters", "record", Reading("cellar", 40), caller=ANNA)
        assert trial.serve("meters", "meter-visit", b'{"meter": "cellar"}', request_id=b"\x07" * 32) is None
        trial.invoke("meters", "visited", Request(b"\x07" * 32), caller=ANNA)
        answered = trial.services.answers[b"\x07" * 32]
        assert answered == Result(ResultCode.ANSWERED, b'{"by":"waterworks","litres":"40","meter":"cellar"}')
        again = trial.refusal("meters", "visited", Request(b"\x07" * 32), caller=ANNA)
        assert isinstance(again, RequestNotPending)

    def test_declined(self, trial: Trial) -> None:
        trial.serve("meters", "meter-visit", b'{"meter": "cellar"}')
        trial.invoke("meters", "decline", Request(b"\x01" * 32), caller=ANNA)
        assert trial.services.answers[b"\x01" * 32] == Result(ResultCode.INPUT_REFUSED, message="nobody is at home")

    def test_no_other_contract_can_answer(self) -> None:
        class Thief(Contract, name="thief", version=1):
            @transaction
            def steal(self, ctx: Context, request: Request) -> Nothing:
                ctx.decline(request.id, "mine")
                return Nothing()

        trial = UnlintedTrial(Meters, Thief)
        trial.serve("meters", "meter-visit", b'{"meter": "cellar"}')
        refusal = trial.refusal("thief", "steal", Request(b"\x01" * 32), caller=ANNA)
        assert isinstance(refusal, RequestNotPending)


class TestCalls:
    def call(self, trial: Trial) -> bytes:
        trial.invoke("meters", "ask_elsewhere", Ask("cellar"), caller=ANNA)
        (sent,) = trial.services.calls
        assert (sent.contract, sent.service, sent.data) == ("meters", "weather", b'{"meter":"cellar"}')
        return sent.call_id

    def test_result(self, trial: Trial) -> None:
        call_id, ctx = self.call(trial), trial.begin()
        result = Result(ResultCode.ANSWERED, b'{"meter":"x","litres":"9"}')
        trial.runtime.deliver_result(ctx, ContractName("meters"), call_id, result)
        trial.commit(ctx)
        assert trial.query("meters", "latest", Ask("cellar"), Reading).litres == 9

    def test_timeout(self, trial: Trial) -> None:
        call_id, ctx = self.call(trial), trial.begin()
        trial.runtime.deliver_timeout(ctx, ContractName("meters"), call_id)
        trial.commit(ctx)
        assert any(isinstance(event, ContractEvent) and event.kind == "unheard" for event in trial.events)

    @pytest.mark.parametrize(
        ("call_id", "contract", "reason"),
        [
            (b"unknown", "meters", "RECORD_NOT_FOUND"),
            (None, "meters", "ARGUMENTS_REFUSED"),
            (None, "gone", "CONTRACT_NOT_ACTIVE"),
        ],
    )
    def test_a_callback_that_fails_leaves_nothing(
        self, trial: Trial, call_id: bytes | None, contract: str, reason: str
    ) -> None:
        sent, ctx = self.call(trial), trial.begin()
        broken = Result(ResultCode.ANSWERED, b'{"meter":"x"}')
        with pytest.raises(HubError) as refused:
            trial.runtime.deliver_result(ctx, ContractName(contract), call_id or sent, broken)
        assert refused.value.reason() == reason
        assert not ctx.changes()
        assert not ctx.events


class TestActivation:
    def pin(self, trial: Trial, version: int = 1, policy: str = "any member") -> Pin:
        return Pin(ContractName("meters"), version, trial.installed["meters"].hash, policy)

    def test_retired_and_back(self, trial: Trial) -> None:
        trial.invoke("meters", "record", Reading("cellar", 40), caller=ANNA)
        ctx = trial.begin()
        trial.runtime.retire(ctx, ContractName("meters"))
        trial.commit(ctx)
        assert isinstance(trial.refusal("meters", "record", Reading("cellar", 41), caller=ANNA), ContractNotActive)
        ctx = trial.begin()
        trial.runtime.activate(ctx, self.pin(trial), ())
        trial.commit(ctx)
        assert trial.query("meters", "latest", Ask("cellar"), Reading).litres == 40


def test_arguments_and_results_are_bounded() -> None:
    trial = UnlintedTrial(Meters, bounds=Bounds(argument_bytes=100))
    refusal = trial.refusal("meters", "record", Reading("x" * 200, 40), caller=ANNA)
    assert str(refusal) == "contract meters exceeded its bound of 100 argument_bytes: ask for less at once"
    trial = UnlintedTrial(Meters, bounds=Bounds(result_bytes=10))
    refusal = trial.refusal("meters", "record", Reading("cellar", 40), caller=ANNA)
    assert str(refusal) == "contract meters exceeded its bound of 10 result_bytes: ask for less at once"


CONCRETE = [
    error
    for module in (errors, receivables_errors)
    for error in vars(module).values()
    if isinstance(error, type) and issubclass(error, errors.ContractError) and "template" in vars(error)
]


@pytest.mark.parametrize("error", CONCRETE, ids=lambda error: error.__name__)
def test_each_error_has_a_status_and_can_be_told(error: type[errors.ContractError]) -> None:
    assert grpc.StatusCode[error.status] is not grpc.StatusCode.OK
    given = {"int": 7, "bytes": b"\x01", "str": "x"}
    kinds = {field.name: get_type_hints(error)[field.name].__name__ for field in fields(error)}
    told = str(error(**{name: given[kind] for name, kind in kinds.items()}))
    assert "{" not in told
    assert all(str(given[kind]) in told or kind == "bytes" for name, kind in kinds.items() if name != "kind")


def test_reasons_are_no_others() -> None:
    reasons = [error.reason() for error in dict.fromkeys((*CONCRETE, *TABLE))]
    assert len(set(reasons)) == len(reasons)


class Everything(Record, frozen=True):
    """A field of each kind, in no order."""

    zebra: str
    Apple: int
    apple: bool
    data: bytes
    maybe: str | None
    inner: tuple[Ask, ...]


@given(st.from_type(Everything))
def test_json_is_canonical_and_comes_back(value: Everything) -> None:
    try:
        written = write_json(value)
    except UnicodeEncodeError:
        return  # half of a surrogate pair is no text
    if -(2**63) <= value.Apple < 2**64:
        assert read_json(Everything, written) == value
        assert canonical(parse(written, 16)) == written


@pytest.mark.parametrize(
    ("written", "place", "rule"),
    [
        (b'{"id":"0x","meter":7}', "/meter", "it is a string"),
        (b'{"id":"0X","meter":"x"}', "/id", "0x and lower-case"),
        (b'{"meter":"x"}', "", "id is missing"),
        (b'{"id":"0x","meter":"x","a":1}', "", "it is an object of id, meter"),
    ],
)
def test_places_are_told(written: bytes, place: str, rule: str) -> None:
    with pytest.raises(ArgumentsRefused, match=rule) as refusal:
        read_json(Taken, written)
    assert refusal.value.place == place
    nested = b'{"zebra":"","Apple":"0","apple":true,"data":"0x","maybe":null,"inner":[{"meter":"x"},{"meter":1}]}'
    with pytest.raises(ArgumentsRefused) as refusal:
        read_json(Everything, nested)
    assert refusal.value.place == "/inner/1/meter"

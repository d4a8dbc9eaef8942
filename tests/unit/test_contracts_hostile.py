"""Contracts that mean ill, as if no linter had seen them: what they try is refused by name, and nothing is kept."""

from typing import Annotated

import pytest

from adapters.permissioned.ledger.contracts.errors import (
    ArgumentsRefused,
    BoundExceeded,
    ContractFailed,
    InvalidContract,
    QueryWrites,
    RecordNotFound,
    Refused,
    ValueNotStorable,
    WrongResultType,
)
from adapters.permissioned.ledger.contracts.interface import (
    Collection,
    Context,
    Contract,
    Meta,
    Nothing,
    PrivateCollection,
    Record,
    ServiceContext,
    View,
    query,
    service,
    transaction,
)
from adapters.permissioned.ledger.contracts.linter import lint_source
from adapters.permissioned.ledger.contracts.runtime import Invocation
from adapters.permissioned.ledger.contracts.shape import shape_of
from adapters.permissioned.ledger.contracts.trial import Trial, as_caller
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.identities import ContractName
from adapters.permissioned.ledger.rooms import LedgerRoom
from hub.services.payload import InputEncoding, ResultCode
from tests.unit.hostile_contracts import BOUNDS, EVE, Hostile, Item, Victim, made
from tests.unit.unlinted import UnlintedTrial


class Divided(Record, frozen=True):
    """A record whose own check is code, too."""

    by: int

    def __post_init__(self) -> None:
        if self.by == 1:
            raise Refused("by one is idle")
        if self.by == 2:
            raise ValueError("Python's own words")
        assert 6 // self.by


@pytest.fixture
def trial() -> Trial:
    trial = UnlintedTrial(Victim, Hostile, bounds=BOUNDS)
    trial.invoke("victim", "put", Item("victims"), caller="bank-b/vic")
    return trial


REFUSED: list[tuple[str, type[Exception], str]] = [
    ("key-error", ContractFailed, "KeyError"),
    ("zero-division", ContractFailed, "ZeroDivisionError"),
    ("attribute", ContractFailed, "AttributeError"),
    ("type", ContractFailed, "TypeError"),
    ("stop-iteration", ContractFailed, "StopIteration"),
    ("os-error", ContractFailed, "OSError"),
    ("timeout", ContractFailed, "TimeoutError"),
    ("unspeakable", ContractFailed, "ValueError"),
    ("refused", Refused, "no"),
    ("long-refusal", BoundExceeded, "reason_characters"),
    ("refused-with-itself", ContractFailed, "TypeError"),
    ("none", WrongResultType, "NoneType"),
    ("text", WrongResultType, "str"),
    ("other-record", WrongResultType, "Wrong"),
    ("the-class", WrongResultType, "not Item"),
    ("wrong-field", WrongResultType, "Item"),
    ("float-field", WrongResultType, "Item"),
    ("list-field", WrongResultType, "Item"),
    ("surrogate", WrongResultType, "Item"),
    ("reads", BoundExceeded, "20 reads"),
    ("scanned", BoundExceeded, "20 scanned"),
    ("writes", BoundExceeded, "20 writes"),
    ("written-bytes", BoundExceeded, "4000 written_bytes"),
    ("events", BoundExceeded, "3 events"),
    ("event-bytes", BoundExceeded, "500 event_bytes"),
    ("calls", BoundExceeded, "2 calls"),
    ("result-bytes", BoundExceeded, "300 result_bytes"),
    ("swallowed", BoundExceeded, "20 reads"),
    ("swallowed-and-refused", BoundExceeded, "20 reads"),
    ("others-name", RecordNotFound, "victims"),
    ("others-key", RecordNotFound, "victim%2Fitems%2Fvictims"),
    ("event-of-no-record", WrongResultType, "str"),
    ("event-of-wrong-field", WrongResultType, "Item"),
    ("event-of-no-name", Refused, "kind"),
    ("put-wrong-field", ValueNotStorable, "items"),
    ("put-other", ValueNotStorable, "items"),
]


def entries(trial: Trial) -> dict[bytes, bytes]:
    return dict(trial.state.scan(b"\x00", b"\xff"))


@pytest.mark.parametrize(("deed", "error", "told"), REFUSED)
def test_refused_by_name_and_nothing_is_kept(trial: Trial, deed: str, error: type[Exception], told: str) -> None:
    before = entries(trial)
    refusal = trial.refusal("hostile", "act", Item(deed), caller=EVE)
    assert type(refusal) is error
    assert told in str(refusal)
    assert entries(trial) == before
    assert trial.query("victim", "read", Item("victims"), Item) == Item("victims")


@pytest.mark.parametrize("deed", [deed for deed, *_ in REFUSED])
def test_the_context_that_was_given_is_untouched(trial: Trial, deed: str) -> None:

    ctx = trial.begin()
    asked = Invocation(Hostile.name, "act", write_json(Item(deed)), as_caller(EVE), ())
    with pytest.raises(Exception):  # noqa: B017, PT011 - each by its name above
        trial.runtime.invoke(ctx, asked)
    assert not ctx.changes()
    assert ctx.events == []
    assert ctx.outbox == []


@pytest.mark.parametrize(("deed", "error", "_told"), REFUSED)
def test_a_service_that_fails_is_answered_and_keeps_nothing(
    trial: Trial, deed: str, error: type[Exception], _told: str
) -> None:
    before = entries(trial)
    result = trial.serve("hostile", "hostile", b'{"name":"%s","value":""}' % deed.encode())
    assert result is not None
    is_callers = issubclass(error, Refused | RecordNotFound)
    assert result.code is (ResultCode.INPUT_REFUSED if is_callers else ResultCode.PROVIDER_FAILED)
    assert result.output == b""
    assert entries(trial) == before
    assert trial.events == ()


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("recursion", RecursionError),
        ("memory", MemoryError),
        ("interrupt", KeyboardInterrupt),
        ("exit", SystemExit),
    ],
)
def test_what_is_the_nodes_own_is_no_refusal(trial: Trial, deed: str, error: type[BaseException]) -> None:
    """Nodes could differ on it: it is raised as it is, the transaction stands in no block, and nothing is kept."""
    before = entries(trial)
    with pytest.raises(error):
        trial.invoke("hostile", "act", Item(deed), caller=EVE)
    with pytest.raises(error):
        trial.serve("hostile", "hostile", b'{"name":"%s","value":""}' % deed.encode())
    assert entries(trial) == before


@pytest.mark.parametrize(
    ("deed", "error"),
    [("put", QueryWrites), ("delete", RecordNotFound), ("emit", ContractFailed), ("none", WrongResultType)],
)
def test_a_query_writes_nothing(trial: Trial, deed: str, error: type[Exception]) -> None:
    before = entries(trial)
    with pytest.raises(error):
        trial.query("hostile", "ask", Item(deed), Item)
    assert entries(trial) == before


def test_a_query_deletes_nothing_that_is_there(trial: Trial) -> None:
    class Eraser(Contract, name="victim", version=1):
        items = Collection("items", Item, key=("name",))

        @query
        def read(self, _ctx: View, item: Item) -> Item:
            self.items.delete(item.name)
            return item

    other = UnlintedTrial(Eraser)
    other.state = trial.state
    other.runtime = type(other.runtime)(
        {"victim": type(other.installed["victim"])(shape_of(Eraser), trial.installed["victim"].hash)}, other.services
    )
    with pytest.raises(QueryWrites):
        other.query("victim", "read", Item("victims"), Item)


def test_the_same_name_in_another_contract_is_another_collection(trial: Trial) -> None:
    trial.invoke("hostile", "act", Item("steal"), caller=EVE)
    assert trial.query("victim", "read", Item("victims"), Item) == Item("victims")
    keys = [key for key in entries(trial) if key[0] == LedgerRoom.CONTRACT_DATA]
    names = {
        contract: [key for key in keys if key[1:].startswith(contract)] for contract in (b"\x06victim", b"\x07hostile")
    }
    assert len(names[b"\x06victim"]) == 1
    assert sum(map(len, names.values())) == len(keys)


@pytest.mark.parametrize(
    ("size", "count", "code"), [("x", 1, 200), ("x" * 20_000, 1, 500), ("x" * 14_900, 1, 200), ("x", -1, 500)]
)
def test_an_output_that_cannot_travel_is_the_providers_fault(size: str, count: int, code: int) -> None:
    class Sized(Record, frozen=True):
        text: str
        count: int

    class Speaker(Contract, name="speaker", version=1):
        @service("speak", "Says something.")
        def speak(self, _ctx: ServiceContext, _item: Nothing) -> Sized:
            return Sized(size, count)

    for encoding, data in ((InputEncoding.JSON, b"{}"), (InputEncoding.ABI, b"")):
        result = UnlintedTrial(Speaker).serve("speaker", "speak", data, encoding=encoding)
        assert result is not None
        assert result.code == code


def test_what_a_contract_is_given_shows_no_address() -> None:
    """Whoever puts it into text by mistake puts the same into it on every node."""

    class Talker(Contract, name="talker", version=1):
        items = Collection("items", Item, key=("name",))
        sealed = PrivateCollection("sealed")

        @transaction
        def talk(self, ctx: Context, _item: Item) -> Item:
            return Item(f"{self} {ctx} {self.items} {self.sealed} {ctx.caller is None}")

    said = UnlintedTrial(Talker).invoke("talker", "talk", Item("x"), caller=EVE)
    assert said == b'{"name":"talker Context items sealed False","value":""}'


class TestRecordsThatCheckThemselves:
    class Divider(Contract, name="divider", version=1):
        @transaction
        def divide(self, _ctx: Context, asked: Divided) -> Divided:
            return asked

        @query
        def ask(self, _ctx: View, asked: Divided) -> Divided:
            return asked

        @service("divide", "Gives what it is asked.")
        def serve(self, _ctx: ServiceContext, asked: Divided) -> Divided:
            return asked

    @pytest.mark.parametrize(
        ("by", "error", "told", "code"),
        [
            (0, ContractFailed, "ZeroDivisionError", ResultCode.PROVIDER_FAILED),
            (1, Refused, "by one is idle", ResultCode.INPUT_REFUSED),
            (2, ArgumentsRefused, "own check failed with ValueError", ResultCode.INPUT_REFUSED),
        ],
    )
    def test_what_they_raise_is_a_refusal(self, by: int, error: type[Exception], told: str, code: ResultCode) -> None:
        trial = UnlintedTrial(self.Divider)
        data = b'{"by":"%d"}' % by
        with pytest.raises(error, match=told):
            trial.runtime.invoke(trial.begin(), Invocation(ContractName("divider"), "divide", data, as_caller(EVE), ()))
        with pytest.raises(error, match=told):
            trial.runtime.query(
                trial.state,
                trial.time,
                trial.height,
                contract=ContractName("divider"),
                method="ask",
                arguments=data,
                caller=None,
            )
        result = trial.serve("divider", "divide", data)
        assert result is not None
        assert (result.code, told in result.message, "Python" in result.message) == (code, True, False)

    def test_a_pattern_is_none_of_them(self) -> None:
        """One that backtracks takes longer than anyone waits for a few dozen characters."""

        class Slow(Record, frozen=True):
            text: Annotated[str, Meta(pattern="(a+)+$")]

        class Waiting(Contract, name="waiting", version=1):
            @transaction
            def wait(self, _ctx: Context, asked: Slow) -> Nothing:
                return Nothing()

        with pytest.raises(InvalidContract, match="pattern"):
            shape_of(Waiting)


class TestKeepingState:
    """A contract that keeps what it saw, in itself, its class or its module."""

    def test_an_instance_is_made_anew(self) -> None:
        class Keeper(Contract, name="keeper", version=1):
            @transaction
            def count(self, _ctx: Context, _item: Item) -> Item:
                self.seen = getattr(self, "seen", 0) + 1
                return Item(str(self.seen))

        trial = UnlintedTrial(Keeper)
        results = {trial.invoke("keeper", "count", Item("x"), caller=EVE) for _ in range(3)}
        assert results == {b'{"name":"1","value":""}'}

    @pytest.mark.parametrize("kept", [[], {}, object(), 0.5, ([],), Victim])
    def test_a_class_holds_no_values(self, kept: object) -> None:
        with pytest.raises(InvalidContract, match="kept is neither"):
            shape_of(made(act=Hostile.act, kept=kept))

    @pytest.mark.parametrize(
        ("source", "rule"),
        [
            ("from time import time\ndef act():\n    return time()\n", "import"),
            ("SEEN = []\ndef act(x):\n    SEEN.append(x)\n", "mutable-state"),
            ("def act(x):\n    global SEEN\n    SEEN = x\n", "mutable-state"),
            ("class Keeper:\n    def act(self, x):\n        Keeper.seen = x\n", "mutable-state"),
            ("def act(self):\n    self.items._ground._branch.put(b'x', b'y')\n", "private-access"),
            ("def act(self):\n    self.ground.contract = 'victim'\n", "private-access"),
            ("def act():\n    raise SystemExit\n", "broad-except"),
        ],
    )
    def test_the_linter_sees_it_before_it_runs(self, source: str, rule: str) -> None:
        assert rule in [finding.rule for finding in lint_source(source, "contract.py")]

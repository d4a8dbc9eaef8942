"""Whole service calls, from a contract on one EVM chain to a contract on another and back: all that the hub does.

For each call the hub proves and accepts the packet, checks input, price and deadline, puts the fee into escrow, sends
the request on, proves the provider's acknowledgement, checks the output, settles, and acknowledges the first packet:
two proofs, two packets, two acknowledgements. All that is timed is what ``receiving`` says; batches and blocks are the
same. The provider's chain has acknowledged in full windows of 256, the longest that a proof can need.
"""

from collections.abc import Sequence
from pathlib import Path

from hub import messages as m
from hub.clients.router_proof import AcknowledgementWindow
from hub.clients.router_storage import WINDOW, acknowledgement_chain, acknowledgement_slot
from hub.engine.records import BlockRecord
from hub.events import EscrowSettled, PacketSent
from hub.ibc.commitment import acknowledgement_commitment
from hub.ibc.lanes import LaneRecord, encode_records
from hub.messages import AnyMessage, SignedTransaction
from hub.quantities import Amount, Gas, Hash, UnixSeconds
from hub.quantities import Sequence as Number
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.payload import Call, InputEncoding, Request, Result, ResultCode, caller_account
from tests.bench.attested import AttestedChain, Storage
from tests.bench.figures import Measured
from tests.bench.ledgers import Stopwatch, Took
from tests.bench.own_process import in_own_process
from tests.bench.receiving import BATCH, BATCHES_A_BLOCK
from tests.bench.showing import Screen
from tests.bench.states import GENESIS, SIZES, States, copied
from tests.unit.hub_world import ABI, abi_text
from tests.unit.node_world import OPERATOR, SOMEONE, START, sign

WARMING, COUNTED = 4, 16
"""Rounds: a block that takes calls in, and one that takes their answers in."""
ROUND = BATCH * BATCHES_A_BLOCK
CALLER, PROVIDER = b"\xca" * 20, b"\xbb" * 20
PRICE = Amount(10)
TEXT = "sixty-four characters of a trade document's number and of its key"
"""Input and output of each call: 128 bytes in ABI."""


def run(screen: Screen, states: States) -> dict[str, Measured]:
    """The figure of the group."""
    path = states.of(SIZES["1m"], screen)
    with screen.step("hub.calls: calls from one EVM chain to another"):
        calls, took = in_own_process(call_services, path)
    screen.took("us a call", {"1m": (calls, took)})
    return {"hub.calls_per_s": Measured(calls / took.total, calls, f"{took.cpu / calls * 1e6:,.0f} us of CPU a call")}


def call_services(state: Path) -> tuple[int, Took]:
    """All rounds over a copy of the state; signing and proving are not timed."""
    with copied(state) as (ledger, store):
        watch = Stopwatch(ledger, store)
        traffic = Traffic(watch)
        for _ in range(WARMING):
            traffic.round()
        watch.forget()
        for _ in range(COUNTED):
            traffic.round()
        return COUNTED * ROUND, watch.took()


class Traffic:
    """Two chains that have joined a hub, and a relayer that carries all of a round at once."""

    def __init__(self, watch: Stopwatch) -> None:
        self._watch = watch
        self._a, self._b = (AttestedChain(n, GENESIS.hash(), PORT, VERSION, ENCODING) for n in (0, 1))
        self._nonce = 0
        self._done = 0
        count = ROUND * (WARMING + COUNTED)
        self._calls = [_call(Number(n)) for n in range(1, count + 1)]
        self._a_storage = Storage(self._a.packets(self._calls))
        self._windows = _windows(self._b, count)
        self._b_storage = Storage(
            {
                acknowledgement_slot(window.client, window.index): acknowledgement_chain(window.entries)
                for window in self._windows
            }
        )
        self._set_up()

    def round(self) -> None:
        """The next calls accepted in one block, their answers taken in by the next."""
        calls = self._calls[self._done : self._done + ROUND]
        made = self._make_block([self._receive(calls[at : at + BATCH]) for at in range(0, ROUND, BATCH)])
        requests = [record.event for record in made.events() if isinstance(record.event, PacketSent)]
        made = self._make_block([self._acknowledge(requests[at : at + BATCH]) for at in range(0, ROUND, BATCH)])
        settled = sum(isinstance(record.event, EscrowSettled) for record in made.events())
        if settled != ROUND:
            raise RuntimeError(f"{settled} of {ROUND} calls were settled")
        self._done += ROUND

    def _set_up(self) -> None:
        define = m.DefineService("echo", "answers its input", ("bench",), "", "", ABI, ABI)
        bind = m.BindService("echo", self._b.here, PROVIDER, InputEncoding.ABI, PRICE, Gas(100_000), 60, 120)
        purse = m.Faucet(caller_account(self._a.here, CALLER), Amount(10**9))
        joining: list[AnyMessage] = [*self._a.joining(), *self._b.joining(), define, bind, purse]
        self._make_block([sign(OPERATOR, 0, *joining, of=GENESIS)])

    def _receive(self, calls: Sequence[LaneRecord]) -> SignedTransaction:
        slots = self._a.packet_slots(call.sequence for call in calls)
        proof = self._a.proof(self._a_storage, START, slots)
        return self._sign(m.ReceivePackets(self._a.here, encode_records(calls), proof))

    def _acknowledge(self, requests: Sequence[PacketSent]) -> SignedTransaction:
        records = [LaneRecord(one.lane, one.sequence, one.timeout, one.value) for one in requests]
        answers = tuple(_answer(Request.decode(one.value).input) for one in requests)
        places = sorted({(one.sequence - 1) // WINDOW for one in requests})
        proof = self._b.proof(self._b_storage, START, [], [self._windows[place] for place in places])
        return self._sign(m.AcknowledgePackets(self._b.here, encode_records(records), answers, proof))

    def _sign(self, message: AnyMessage) -> SignedTransaction:
        self._nonce += 1
        return sign(SOMEONE, self._nonce - 1, message, of=GENESIS)

    def _make_block(self, transactions: list[SignedTransaction]) -> BlockRecord:
        return self._watch.make_block([(signed.body, signed.signature) for signed in transactions])


def _call(sequence: Number) -> LaneRecord:
    call = Call(
        service="echo",
        caller=CALLER,
        deadline=UnixSeconds(START + 3600),
        fee_cap=PRICE,
        gas_limit=Gas(100_000),
        input_encoding=InputEncoding.ABI,
        input=abi_text(TEXT),
    )
    return LaneRecord(1, sequence, UnixSeconds(START + 3600), call.encode())


def _answer(output: bytes) -> bytes:
    return Result(ResultCode.ANSWERED, output).encode()


def _windows(chain: AttestedChain, count: int) -> list[AcknowledgementWindow]:
    """The acknowledgements of the hub's first packets, in the order in which they were sent; the last window too is
    full.
    """
    commitment: Hash = acknowledgement_commitment(_answer(abi_text(TEXT)))
    return [
        AcknowledgementWindow(
            chain.there, index, tuple((Number(index * WINDOW + n), commitment) for n in range(1, WINDOW + 1))
        )
        for index in range(-(-count // WINDOW))
    ]

"""Documents notarised by members, through the engine with group commit, on one core, at a million keys.

All that a ledger's node does for a write between the bytes of a signed transaction and the answer: protobuf decoded,
certificate looked up and held against revocations, ECDSA signature verified, contract run under its bounds, a document
and its three index entries written, events, tree and block made, everything written and synced. The certificates are
enrolled and their keys are cached, as those of members who have sent something before. Many senders for the rate, and
so many writes that RocksDB merges what came with the whole state; few for what each of them waits for a block's commit.
"""

from pathlib import Path

from tests.bench.figures import Measured
from tests.bench.ledgers import make_block
from tests.bench.members import Member, ledger
from tests.bench.own_process import in_own_process
from tests.bench.sending import WARMING, Run, send
from tests.bench.showing import Screen
from tests.bench.states import SIZES, States, copied
from tests.unit.certificate_workshop import NOW

MANY, WRITES_OF_MANY = 400, 72
FEW, WRITES_OF_FEW = 32, 200
_ENROLLED_AT_ONCE = 100


def run(screen: Screen, states: States) -> dict[str, Measured]:
    """Both figures of writing."""
    path = states.of(SIZES["1m"], screen, ledger)
    with screen.step(f"ledger.tx: documents of {MANY} members at once"):
        many = in_own_process(notarise, path, MANY, WRITES_OF_MANY)
    with screen.step(f"ledger.tx: documents of {FEW} members at once"):
        few = in_own_process(notarise, path, FEW, WRITES_OF_FEW)
    return {"ledger.tx_per_s": many.rate(), "ledger.commit.p99_ms": few.slowest_commit()}


def notarise(state: Path, members: int, each: int) -> Run:
    """All writes over a copy of the state; enrolling and signing are not timed."""
    with copied(state, ledger) as (there, store):
        acting = [Member(number) for number in range(members)]
        for at in range(0, members, _ENROLLED_AT_ONCE):
            make_block(there, [member.enrolment() for member in acting[at : at + _ENROLLED_AT_ONCE]])
        sent = [[member.notarisation(1 + n) for n in range(WARMING + each)] for member in acting]
        return send(there, store, sent, NOW)

"""Transfers through the engine with group commit, on one core, at a million keys.

Each sender has an account of its own, decodes and submits a transfer, waits until it is durable, and goes on with its
next: many senders for the rate, few for what each of them waits for a block's commit.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hub import messages as m
from hub.accounts.transactions import MAX_MESSAGES, sign_transaction
from hub.engine.embedded import EmbeddedEngine, EngineOptions
from hub.engine.ledger import Ledger
from hub.engine.measures import Measures
from hub.messages import AnyMessage, Transaction
from hub.proofs.signatures import address_of
from hub.quantities import Amount, Gas, UnixSeconds
from hub.rpc.wire import decode_transaction, encode_transaction
from tests.bench.figures import Measured
from tests.bench.ledgers import Sent, TimedStore, make_block
from tests.bench.own_process import in_own_process
from tests.bench.showing import Screen, percentile
from tests.bench.states import GENESIS, SIZES, States, copied
from tests.unit.node_world import OPERATOR, START, StillClock, sign

MANY, TRANSFERS_OF_MANY = 500, 24
FEW, TRANSFERS_OF_FEW = 32, 300
WARMING = 4
"""Transfers of each sender that are not counted."""
_KEYS = [sha256(b"sender %d" % n).digest() for n in range(MANY)]
_ADDRESSES = [address_of(key) for key in _KEYS]


@dataclass(frozen=True, slots=True)
class Run:
    """What came of so many transfers."""

    transfers: int
    seconds: float
    blocks: int
    commits_ms: list[float]


def run(screen: Screen, states: States) -> dict[str, Measured]:
    """Both figures of the group."""
    path = states.of(SIZES["1m"], screen)
    with screen.step(f"hub.tx: transfers of {MANY} senders at once"):
        many = in_own_process(transfer, path, MANY, TRANSFERS_OF_MANY)
    with screen.step(f"hub.tx: transfers of {FEW} senders at once"):
        few = in_own_process(transfer, path, FEW, TRANSFERS_OF_FEW)
    commits = few.commits_ms
    return {
        "hub.tx_per_s": Measured(
            many.transfers / many.seconds, many.transfers, f"{many.transfers / many.blocks:,.0f} transfers a block"
        ),
        "hub.commit.p99_ms": Measured(
            percentile(commits, 0.99), len(commits), f"p50 {percentile(commits, 0.5):.2f}, max {max(commits):.2f}"
        ),
    }


def transfer(state: Path, senders: int, each: int) -> Run:
    """All transfers over a copy of the state; signing is not timed."""
    with copied(state) as (ledger, store):
        _fund(ledger, senders)
        sent = [_transfers(sender, WARMING + each) for sender in range(senders)]
        return asyncio.run(_send(ledger, store, sent))


async def _send(ledger: Ledger, store: TimedStore, sent: list[Sent]) -> Run:
    engine = EmbeddedEngine(ledger, StillClock(), EngineOptions(), Measures())
    await engine.start()
    try:
        await asyncio.gather(*(_one_after_another(engine, mine[:WARMING]) for mine in sent))
        store.forget()
        began, height = time.perf_counter(), engine.head.height
        await asyncio.gather(*(_one_after_another(engine, mine[WARMING:]) for mine in sent))
        seconds, blocks = time.perf_counter() - began, engine.head.height - height
    finally:
        await engine.stop()
    return Run(sum(len(mine) - WARMING for mine in sent), seconds, blocks, [commit * 1000 for commit in store.commits])


async def _one_after_another(engine: EmbeddedEngine, sent: Sent) -> None:
    for body, signature in sent:
        await engine.submit(decode_transaction(body, signature))


def _fund(ledger: Ledger, senders: int) -> None:
    purses: list[AnyMessage] = [m.Faucet(address, Amount(10**6)) for address in _ADDRESSES[:senders]]
    funding = [sign(OPERATOR, nonce, *some, of=GENESIS) for nonce, some in enumerate(_parts(purses, MAX_MESSAGES))]
    make_block(ledger, [(signed.body, signed.signature) for signed in funding])


def _transfers(sender: int, count: int) -> Sent:
    """The sender's transfers, to all others in turn."""
    sent = []
    for nonce in range(count):
        recipient = _ADDRESSES[(sender * 7 + nonce + 1) % MANY]
        transaction = Transaction(
            GENESIS.chain_id, _ADDRESSES[sender], nonce, UnixSeconds(START + 3600), Amount(0), Gas(0),
            (m.Transfer(recipient, Amount(1 + nonce)),),
        )  # fmt: skip
        body = encode_transaction(transaction)
        sent.append((body, sign_transaction(_KEYS[sender], GENESIS.hash(), body)))
    return sent


def _parts(messages: Sequence[AnyMessage], size: int) -> list[Sequence[AnyMessage]]:
    return [messages[at : at + size] for at in range(0, len(messages), size)]

"""Transfers through the engine with group commit, on one core, at a million keys.

Each sender has an account of its own, decodes and submits a transfer, waits until it is durable, and goes on with its
next: many senders for the rate, few for what each of them waits for a block's commit.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from hub import messages as m
from hub.accounts.transactions import MAX_MESSAGES, sign_transaction
from hub.engine.ledger import Ledger
from hub.messages import AnyMessage, Transaction
from hub.proofs.signatures import address_of
from hub.quantities import Amount, Gas, UnixSeconds
from hub.rpc.wire import encode_transaction
from tests.bench.figures import Measured
from tests.bench.ledgers import Sent, make_block
from tests.bench.own_process import in_own_process
from tests.bench.sending import WARMING, Run, send
from tests.bench.showing import Screen
from tests.bench.states import GENESIS, SIZES, States, copied
from tests.unit.node_world import OPERATOR, START, sign

MANY, TRANSFERS_OF_MANY = 500, 24
FEW, TRANSFERS_OF_FEW = 32, 300
_KEYS = [sha256(b"sender %d" % n).digest() for n in range(MANY)]
_ADDRESSES = [address_of(key) for key in _KEYS]


def run(screen: Screen, states: States) -> dict[str, Measured]:
    """Both figures of the group."""
    path = states.of(SIZES["1m"], screen)
    with screen.step(f"hub.tx: transfers of {MANY} senders at once"):
        many = in_own_process(transfer, path, MANY, TRANSFERS_OF_MANY)
    with screen.step(f"hub.tx: transfers of {FEW} senders at once"):
        few = in_own_process(transfer, path, FEW, TRANSFERS_OF_FEW)
    return {"hub.tx_per_s": many.rate(), "hub.commit.p99_ms": few.slowest_commit()}


def transfer(state: Path, senders: int, each: int) -> Run:
    """All transfers over a copy of the state; signing is not timed."""
    with copied(state) as (ledger, store):
        _fund(ledger, senders)
        sent = [_transfers(sender, WARMING + each) for sender in range(senders)]
        return send(ledger, store, sent, START)


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

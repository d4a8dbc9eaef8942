"""A node's parts for tests: a clock that stands still until it is told, keys, a small genesis, signed transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.accounts.transactions import sign_transaction
from hub.engine.ledger import Ledger
from hub.engine.store import Store, StoreOptions
from hub.genesis import Genesis
from hub.messages import AnyMessage, Role, SignedTransaction, Transaction
from hub.node import hub_kind
from hub.parameters import Parameters
from hub.proofs.quorum import SignerSet
from hub.quantities import Amount, Gas, Seconds, UnixSeconds
from hub.rpc.wire import decode_transaction, encode_transaction
from hub.signer import KeySigner

START = UnixSeconds(1_760_000_000)
KEYS = [bytes((n + 1,)) * 32 for n in range(12)]
SIGNERS = [KeySigner(key) for key in KEYS]
ADDRESSES = [signer.address for signer in SIGNERS]
OPERATOR, VALIDATOR, SOMEONE = 0, 1, 2
BALANCE = 1_000_000


class StillClock:
    """Stands still until it is moved."""

    def __init__(self, now: int = START) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> UnixSeconds:
        return UnixSeconds(self._now)

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: int) -> None:
        self._now += seconds
        self._monotonic += seconds

    def set_back(self, seconds: int) -> None:
        """What an operator or NTP may do to wall time."""
        self._now -= seconds


def genesis(time: int = START, devnet: bool = True) -> Genesis:
    """Everyone has money; the operator has every role."""
    return Genesis(
        chain_id="hub-test",
        time=UnixSeconds(time),
        devnet=devnet,
        parameters=Parameters(route_margin=Seconds(5), grace_margin=Seconds(5), settlement_time_limit=Seconds(60)),
        balances=tuple((address, Amount(BALANCE)) for address in sorted(ADDRESSES)),
        roles=tuple((ADDRESSES[OPERATOR], role) for role in Role),
        validators=SignerSet.of(1, {ADDRESSES[VALIDATOR]: 1}),
    )


def sign(
    who: int, nonce: int, *messages: AnyMessage, of: Genesis | None = None, expiry: int = START + 3600
) -> SignedTransaction:
    """A transaction of account ``who``, as it comes out of the wire."""
    chain = of or genesis()
    transaction = Transaction(
        chain.chain_id, ADDRESSES[who], nonce, UnixSeconds(expiry), Amount(0), Gas(0), tuple(messages)
    )
    body = encode_transaction(transaction)
    return decode_transaction(body, sign_transaction(KEYS[who], chain.hash(), body))


@contextmanager
def opened(path: Path, of: Genesis | None = None, options: StoreOptions | None = None) -> Iterator[Ledger]:
    """The ledger of a store, begun where there is none."""
    chain = of or genesis()
    open_or_create = Store.open if path.exists() else Store.create
    store = open_or_create(path, chain.hash(), options)
    try:
        yield Ledger(hub_kind(chain), store)
    finally:
        store.close()

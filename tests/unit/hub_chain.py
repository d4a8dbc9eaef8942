"""The hub as an engine would run it, for tests of the state machine: the real App, block by block."""

from collections.abc import Iterable
from typing import Any

from hub.accounts import money
from hub.accounts.accounts import account
from hub.accounts.transactions import sign_transaction, transaction_hash
from hub.app import App
from hub.block import BlockHeader, BlockOutcome, ResultCode, TransactionResult
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import Proof, SignedCheckpoint, StateProofs
from hub.events import Event
from hub.genesis import Genesis
from hub.ibc.commitment import Path
from hub.ibc.identifiers import ClientId
from hub.messages import AnyMessage, Role, SignedTransaction, Transaction
from hub.parameters import Parameters
from hub.proofs.eip712 import Domain
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.smt import stands_in_tree, tree_entry
from hub.quantities import Amount, Epoch, Gas, Height, Seconds, UnixSeconds
from hub.services import requests
from hub.state.branch import MemoryState
from hub.state.collections import Room
from tests.unit.quorum_chain import ReferenceTree
from tests.vectors.generate_quorum import ADDRESSES, KEYS

START = UnixSeconds(1_760_000_000)
OPERATOR, MEMBER, RELAYER, CONSUMER, PROVIDER = range(5)
"""Numbers of keys: who they are."""
VALIDATOR = 10
PARAMETERS = Parameters(
    replacement_delay=Seconds(100),
    route_margin=Seconds(10),
    grace_margin=Seconds(20),
    settlement_time_limit=Seconds(500),
    rate_window=Seconds(1000),
    rate_cap=Amount(100_000),
)
SUPPLY = Amount(1_000_000)


def genesis(**changes: Any) -> Genesis:
    """A devnet's genesis in which the consumer has all the money."""
    roles = {OPERATOR: (Role.OPERATOR, Role.CHAIN_OPERATOR), MEMBER: (Role.MEMBER,), PROVIDER: (Role.MEMBER,)}
    fields: dict[str, Any] = {
        "chain_id": "hub-test",
        "time": START,
        "devnet": True,
        "parameters": PARAMETERS,
        "balances": ((ADDRESSES[CONSUMER], SUPPLY),),
        "roles": tuple(sorted((ADDRESSES[number], role) for number, given in roles.items() for role in given)),
        "validators": SignerSet.of_equals(1, [ADDRESSES[VALIDATOR]]),
    }
    return Genesis(**(fields | changes))


def tree_of(state: MemoryState) -> ReferenceTree:
    entries = state.scan(b"\x00", b"\xff")
    return ReferenceTree(dict(tree_entry(key, value) for key, value in entries if stands_in_tree(key)))


def kept(state: MemoryState) -> dict[bytes, bytes]:
    """All that a refused or repeated message must leave alone: everything but accounts and the blocks' own records."""
    entries = state.scan(bytes((Room.INDEXES,)), b"\xff")
    return {key: value for key, value in entries if key[0] != Room.ACCOUNTS}


class HubChain:
    """The hub as an engine would run it: every block executed, committed, its header made, its invariants looked at."""

    def __init__(self, **changes: Any) -> None:
        self.app = App(genesis(**changes))
        self.state = MemoryState()
        self.state.apply(self.app.genesis_changes())
        self.tree = tree_of(self.state)
        self.header = self.app.genesis_header(self.tree.root)
        self.outcome: BlockOutcome | None = None
        self.blocks: list[tuple[BlockHeader, tuple[SignedTransaction, ...]]] = []
        self.outcomes: list[BlockOutcome] = []
        self.events: list[Event] = []

    @property
    def now(self) -> UnixSeconds:
        return self.header.time

    def sign(self, who: int, *messages: AnyMessage, **changes: Any) -> SignedTransaction:
        """A transaction of key ``who``, with its next nonce, some fields changed."""
        fields: dict[str, Any] = {
            "chain_id": self.app.genesis.chain_id,
            "account": ADDRESSES[who],
            "nonce": account(self.state, ADDRESSES[who]).nonce,
            "expiry": UnixSeconds(self.now + 3600),
            "fee": Amount(0),
            "gas_limit": Gas(0),
            "messages": messages,
        }
        transaction = Transaction(**(fields | changes))
        body = repr(transaction).encode()
        signature = sign_transaction(KEYS[who], self.app.genesis_hash, body)
        return SignedTransaction(body, signature, transaction_hash(body, signature), transaction)

    def block(self, *transactions: SignedTransaction, advance: int = 1) -> BlockOutcome:
        """Make a block ``advance`` seconds later."""
        height, time = Height(self.header.height + 1), UnixSeconds(self.now + advance)
        block = self.app.begin(self.state, height, time, self.header.hash())
        for signed in transactions:
            block.apply(signed)
        outcome = block.finish()
        self.state.apply(outcome.changes)
        self.tree = tree_of(self.state)
        self.header = self.app.header(outcome, self.tree.root)
        self.outcome = outcome
        self.outcomes.append(outcome)
        self.blocks.append((self.header, transactions))
        self.events += outcome.events
        self.check_money()
        return outcome

    def try_(self, who: int, *messages: AnyMessage, advance: int = 1) -> TransactionResult:
        """One transaction in one block."""
        return self.block(self.sign(who, *messages), advance=advance).results[0]

    def do(self, who: int, *messages: AnyMessage, advance: int = 1) -> TransactionResult:
        """One transaction in one block, which must not be refused."""
        result = self.try_(who, *messages, advance=advance)
        assert result.code is not ResultCode.REFUSED, result.text
        return result

    def check_money(self) -> None:
        """Balances and escrows are the supply; the escrow is what open and unsettled requests hold."""
        held = sum(r.fee for r in requests.requests(self.state) if r.escrow is requests.Escrow.HELD)
        assert held == money.escrowed(self.state)
        assert money.balances_sum(self.state) + held == money.supply(self.state)

    def shown(self, client: ClientId, block: int = 0, **changes: Any) -> Checkpoint:
        """A block, the latest by default, as it is shown to one counterparty; some fields changed."""
        header = self.blocks[block - 1][0] if block else self.header
        outcome = self.outcomes[header.height - 1] if self.outcomes else None
        other = self.app.clients.counterparty(self.state, client)
        roots = {batch.client: batch.root for batch in outcome.batches} if outcome else {}
        fields: dict[str, Any] = {
            "chain": self.app.genesis.chain_id,
            "genesis_hash": self.app.genesis_hash,
            "source_client": client,
            "destination_client": other.client,
            "epoch": outcome.epoch if outcome else Epoch(1),
            "height": header.height,
            "timestamp": header.time,
            "block_hash": header.hash(),
            "app_root": header.app_root,
            "batch_root": roots.get(client, EMPTY_BATCH_ROOT),
            "next_validator_set_hash": header.next_validator_set_hash,
        }
        return Checkpoint(**(fields | changes))

    def checkpoint(
        self, client: ClientId, signers: SignerSet | None = None, domain: Domain | None = None, **changes: Any
    ) -> SignedCheckpoint:
        """The latest block as its validators sign it for one counterparty, in its domain or another."""
        shown = self.shown(client, **changes)
        domain = domain or self.app.clients.counterparty(self.state, client).domain
        signing = signers or self.app.genesis.validators
        keys = {one.address: KEYS[ADDRESSES.index(one.address)] for one in signing.members}
        return SignedCheckpoint(shown, sign_quorum(signing, keys, shown.digest(domain)))

    def proof(self, client: ClientId, paths: Iterable[Path], domain: Domain | None = None) -> Proof:
        """What stands at these paths in the latest state, for the counterparty of ``client``."""
        return Proof(
            self.checkpoint(client, domain=domain), StateProofs(tuple(self.tree.proof(path.encode()) for path in paths))
        )

"""What the state machines of all chains of our own do alike: blocks, headers, batches, rotation.

    block = machine.begin(state, height, time, parent_hash)
    result = block.apply(signed)                # as often as there are transactions
    outcome = block.finish()                    # what fell due, batches for the counterparties
    header = machine.header(outcome, app_root)  # app_root: of the state with outcome.changes

A chain says what is its own by ``write_genesis``, ``validate_shape``, ``validate``, ``check``, ``execute``, ``settle``
and ``due``. Pure: the same blocks give the same roots and events.

**What a refused transaction leaves behind.** One that may not stand in a block at all (its signature, chain ID, nonce,
expiry or form is wrong) raises, and leaves nothing. One whose messages break a rule stands in the block as REFUSED and
leaves one thing: its nonce is used, so that nobody can send it again when it would succeed. An engine that would rather
leave it out calls ``attempt`` instead.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Generic, TypeVar

from hub import history, outbox, validators
from hub.accounts.accounts import use_nonce
from hub.accounts.errors import BlockOutOfOrder, TimeWentBackwards
from hub.block import (
    GENESIS_PARENT,
    HEADER_VERSION,
    Batch,
    BlockHeader,
    BlockOutcome,
    ResultCode,
    TransactionResult,
    event_root,
    result_root,
    transaction_root,
)
from hub.clients.counterparty import Counterparty
from hub.clients.host import Host
from hub.clients.registry import Clients
from hub.errors import HubError
from hub.ibc import client_lifecycle
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import SignerSet
from hub.quantities import Hash, Height, UnixSeconds
from hub.state.branch import Branch, MemoryState, StateReader
from hub.state.context import Context
from hub.transaction import SignedTransaction

S = TypeVar("S", bound=SignedTransaction)

MAX_TOLD_CHARACTERS = 1_024
"""Of a refusal's text, and of each of its values: they quote what was refused, and a megabyte is not kept again."""


class Machine(ABC, Generic[S]):
    """The state machine of one chain. It holds what its genesis fixes, and nothing that a block could change."""

    def __init__(self, chain_id: str, host: Host, time: UnixSeconds, signers: SignerSet, clients: Clients) -> None:
        """``time`` and ``signers``: of the genesis. ``clients``: the chain's light clients."""
        self.chain_id = chain_id
        self.genesis_hash = host.genesis_hash
        self.devnet = host.devnet
        self.genesis_time = time
        self.genesis_validators = signers
        self.clients = clients

    # --- what is a chain's own ---

    @abstractmethod
    def write_genesis(self, state: Branch) -> None:
        """What the state holds at first, besides the validators and the head."""

    @abstractmethod
    def validate(self, state: StateReader, signed: S, now: UnixSeconds, lead: int = 0) -> None:
        """Whether a transaction may stand in a block; its nonce may be at most ``lead`` ahead. Raises HubError."""

    @abstractmethod
    def check(self, state: StateReader, signed: S, now: UnixSeconds) -> None:
        """Whether a transaction may wait for a block; its nonce may run ahead. Raises HubError."""

    @abstractmethod
    def validate_shape(self, signed: S) -> None:
        """What holds of one that is only tried out, too, whoever sent it; raises HubError."""

    @abstractmethod
    def execute(self, ctx: Context, signed: S, index: int) -> bool:
        """Do what message ``index`` asks for; False where all of it had been done before.

        Raises HubError: then the context is to be dropped.
        """

    @abstractmethod
    def settle(self, ctx: Context) -> None:
        """Decide what has fallen due, at a block's end."""

    @abstractmethod
    def due(self, state: StateReader) -> UnixSeconds | None:
        """When something next falls due."""

    # --- what is every chain's ---

    def genesis_changes(self) -> Mapping[bytes, bytes | None]:
        """The state at height 0."""
        state = Branch(MemoryState())
        self.write_genesis(state)
        validators.put_validators(state, self.genesis_validators)
        history.put_head(state, Height(0), self.genesis_time)
        return state.changes

    def genesis_header(self, app_root: Hash) -> BlockHeader:
        """The header of height 0, whose hash is block 1's parent hash."""
        signers = self.genesis_validators.hash()
        outcome = BlockOutcome(
            height=Height(0),
            time=self.genesis_time,
            parent_hash=GENESIS_PARENT,
            changes={},
            transactions=(),
            results=(),
            end_events=(),
            batches=(),
            epoch=self.genesis_validators.epoch,
            validator_set_hash=signers,
            next_validator_set_hash=signers,
        )
        return self.header(outcome, app_root)

    def begin(self, state: StateReader, height: Height, time: UnixSeconds, parent_hash: Hash) -> "BlockInProgress[S]":
        """Begin the next block on the state of the last; its hash is kept under its height from here on.

        Raises BlockOutOfOrder, TimeWentBackwards.
        """
        last = history.head(state)
        if height != last.height + 1:
            raise BlockOutOfOrder(height, Height(last.height + 1))
        if time < last.time:
            raise TimeWentBackwards(time, last.time)
        return BlockInProgress(self, _next_block(state, height, time, parent_hash), parent_hash)

    def header(self, outcome: BlockOutcome, app_root: Hash) -> BlockHeader:
        """The header of an executed block, given the root of the state with its changes."""
        return BlockHeader(
            version=HEADER_VERSION,
            genesis_hash=self.genesis_hash,
            height=outcome.height,
            time=outcome.time,
            parent_hash=outcome.parent_hash,
            tx_root=transaction_root([Hash(signed.hash) for signed in outcome.transactions]),
            result_root=result_root(outcome.results),
            event_root=event_root(outcome.events),
            app_root=app_root,
            validator_set_hash=outcome.validator_set_hash,
            next_validator_set_hash=outcome.next_validator_set_hash,
        )

    def simulate(self, state: StateReader, signed: S, now: UnixSeconds, parent_hash: Hash) -> TransactionResult:
        """What would come of a transaction in the next block, whatever its signature and nonce; nothing is changed.

        Anyone may ask: what no block would take for its size, or its reserved fields, is refused here
        as well. Raises HubError.
        """
        self.validate_shape(signed)
        last = history.head(state)
        ctx = _next_block(state, Height(last.height + 1), max(now, last.time), parent_hash)
        try:
            return self.run(ctx, signed)
        except RefusedMessage as refused:
            return refused.result(signed)

    def next_due(self, state: StateReader) -> UnixSeconds | None:
        """When a block must be made even without transactions; 0: at once. None: only for the heartbeat."""
        return UnixSeconds(0) if outbox.is_waiting(state) else self.due(state)

    def counterparties(self, state: StateReader) -> list[tuple[ClientId, Counterparty]]:
        """All clients that have a counterparty, in order: each gets a checkpoint of every block."""
        return client_lifecycle.counterparties(state, self.clients)

    def run(self, ctx: Context, signed: S) -> TransactionResult:
        """Carry out all messages; raises RefusedMessage, and then the context is to be dropped."""
        changed = False
        for index in range(len(signed.transaction.messages)):
            try:
                changed = self.execute(ctx, signed, index) or changed
            except HubError as error:
                raise RefusedMessage(index, error) from error
        return TransactionResult(
            Hash(signed.hash), ResultCode.OK if changed else ResultCode.NO_OP, events=tuple(ctx.events)
        )

    def end(self, ctx: Context) -> tuple[Batch, ...]:
        """What happens at a block's end, whoever made it."""
        self.settle(ctx)
        validators.rotate_if_ready(ctx, lambda: (client for client, _ in self.counterparties(ctx.state)))
        return outbox.take_batches(ctx)


def _next_block(state: StateReader, height: Height, time: UnixSeconds, parent_hash: Hash) -> Context:
    """The state as the next block finds it, with its parent's hash under the parent's height."""
    ctx = Context(Branch(state), height, time)
    history.put_block_hash(ctx.state, Height(height - 1), parent_hash)
    history.put_head(ctx.state, height, time)
    return ctx


class RefusedMessage(Exception):
    """Message ``index`` of a transaction broke a rule: ``error``."""

    def __init__(self, index: int, error: HubError) -> None:
        super().__init__(str(error))
        self.index = index
        self.error = error

    def result(self, signed: SignedTransaction) -> TransactionResult:
        """The refusal as it stands in a block."""
        return TransactionResult(
            Hash(signed.hash),
            ResultCode.REFUSED,
            self.index,
            self.error.reason(),
            str(self.error)[:MAX_TOLD_CHARACTERS],
            tuple((name, value[:MAX_TOLD_CHARACTERS]) for name, value in self.error.values().items()),
        )


class BlockInProgress(Generic[S]):
    """A block that takes transactions. It is written nowhere until the engine commits ``finish().changes``."""

    def __init__(self, machine: Machine[S], ctx: Context, parent_hash: Hash) -> None:
        self._machine = machine
        self._ctx = ctx
        self._parent_hash = parent_hash
        self._signers = validators.validators(ctx.state)
        self._transactions: list[SignedTransaction] = []
        self._results: list[TransactionResult] = []

    @property
    def state(self) -> StateReader:
        """The state as the block has made it so far."""
        return self._ctx.state

    def apply(self, signed: S) -> TransactionResult:
        """Put a transaction into the block. REFUSED: it stands there, and only its nonce is used.

        Raises HubError where it may not stand in a block: then it does not, and nothing has changed.
        """
        try:
            return self.attempt(signed)
        except RefusedMessage as refused:
            use_nonce(self._ctx.state, signed.transaction.account)
            return self._note(signed, refused.result(signed))

    def attempt(self, signed: S) -> TransactionResult:
        """Put a transaction into the block only if it is not refused.

        Raises RefusedMessage, HubError: then it does not stand in the block, and nothing has changed. Anything else
        that is raised is a fault of this program; nothing has changed then either.
        """
        self._machine.validate(self._ctx.state, signed, self._ctx.time)
        inner = self._ctx.transaction()
        result = self._machine.run(inner, signed)
        use_nonce(inner.state, signed.transaction.account)
        inner.keep()
        return self._note(signed, result)

    def finish(self) -> BlockOutcome:
        """Decide what has fallen due, hand over to the next validators where that is ready, and make the batches."""
        named_next = validators.next_validators(self._ctx.state)
        self._ctx.events.clear()
        batches = self._machine.end(self._ctx)
        return BlockOutcome(
            height=self._ctx.height,
            time=self._ctx.time,
            parent_hash=self._parent_hash,
            changes=self._ctx.changes(),
            transactions=tuple(self._transactions),
            results=tuple(self._results),
            end_events=tuple(self._ctx.events),
            batches=batches,
            epoch=self._signers.epoch,
            validator_set_hash=self._signers.hash(),
            next_validator_set_hash=named_next.hash(),
        )

    def _note(self, signed: S, result: TransactionResult) -> TransactionResult:
        self._transactions.append(signed)
        self._results.append(result)
        return result

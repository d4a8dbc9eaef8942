"""The state machine of a chain of our own. Pure: the same blocks give the same roots and events.

    block = app.begin(state, height, time, parent_hash)
    result = block.apply(signed)                # as often as there are transactions
    outcome = block.finish()                    # what fell due, batches for the counterparties
    header = app.header(outcome, app_root)      # app_root: of the state with outcome.changes

**What a refused transaction leaves behind.** One that may not stand in a block at all (its signature, chain ID, nonce,
expiry or form is wrong) raises, and leaves nothing. One whose messages break a rule stands in the block as REFUSED and
leaves one thing: its nonce is used, so that nobody can send it again when it would succeed. An engine that would rather
leave it out calls ``attempt`` instead.
"""

from collections.abc import Mapping

from hub import history, outbox, validators
from hub.accounts import money, roles
from hub.accounts.accounts import use_nonce
from hub.accounts.errors import BlockOutOfOrder, TimeWentBackwards
from hub.accounts.transactions import (
    MAX_NONCE_LEAD,
    validate_form,
    validate_nonce,
    validate_signature,
    validate_size,
)
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
from hub.execution import Execution, require_role
from hub.genesis import Genesis
from hub.ibc import client_lifecycle
from hub.ibc.identifiers import ClientId
from hub.messages import SignedTransaction
from hub.parameters import put_parameters
from hub.quantities import Hash, Height, UnixSeconds
from hub.services import requests
from hub.state.branch import Branch, MemoryState, StateReader
from hub.state.context import Context


class App:
    """The state machine of one chain. It holds the genesis and nothing that a block could change."""

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        self.genesis_hash = genesis.hash()
        self._execution = Execution(genesis.chain_id, Host(self.genesis_hash, genesis.devnet))

    @property
    def clients(self) -> Clients:
        """The light clients, to be asked about a state."""
        return self._execution.clients

    def genesis_changes(self) -> Mapping[bytes, bytes | None]:
        """The state at height 0."""
        state = Branch(MemoryState())
        put_parameters(state, self.genesis.parameters)
        validators.put_validators(state, self.genesis.validators)
        history.put_head(state, Height(0), self.genesis.time)
        for address, amount in self.genesis.balances:
            money.mint(state, address, amount)
        for address, role in self.genesis.roles:
            roles.put_role(state, address, role)
        return state.changes

    def genesis_header(self, app_root: Hash) -> BlockHeader:
        """The header of height 0, whose hash is block 1's parent hash."""
        signers = self.genesis.validators.hash()
        outcome = BlockOutcome(
            height=Height(0),
            time=self.genesis.time,
            parent_hash=GENESIS_PARENT,
            changes={},
            transactions=(),
            results=(),
            end_events=(),
            batches=(),
            epoch=self.genesis.validators.epoch,
            validator_set_hash=signers,
            next_validator_set_hash=signers,
        )
        return self.header(outcome, app_root)

    def begin(self, state: StateReader, height: Height, time: UnixSeconds, parent_hash: Hash) -> "BlockInProgress":
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

    def check(self, state: StateReader, signed: SignedTransaction, now: UnixSeconds) -> None:
        """Whether a transaction may wait for a block; raises AccountError, ProofError.

        Its nonce may run ahead of the account's: the engine puts it behind those that wait already.
        """
        self.validate(state, signed, now, MAX_NONCE_LEAD)
        for message in signed.transaction.messages:
            require_role(state, signed.transaction.account, message)

    def simulate(
        self, state: StateReader, signed: SignedTransaction, now: UnixSeconds, parent_hash: Hash
    ) -> TransactionResult:
        """What would come of a transaction in the next block, whatever its signature and nonce; nothing is changed.

        Anyone may ask: what no block would take for its size is refused here as well. Raises TransactionTooLarge,
        MalformedTransaction.
        """
        validate_size(signed.transaction, len(signed.body) + len(signed.signature))
        last = history.head(state)
        ctx = _next_block(state, Height(last.height + 1), max(now, last.time), parent_hash)
        try:
            return self.run(ctx, signed)
        except RefusedMessage as refused:
            return refused.result(signed)

    def next_due(self, state: StateReader) -> UnixSeconds | None:
        """When a block must be made even without transactions; 0: at once. None: only for the heartbeat."""
        if outbox.is_waiting(state):
            return UnixSeconds(0)
        return requests.next_due(state)

    def counterparties(self, state: StateReader) -> list[tuple[ClientId, Counterparty]]:
        """All clients that have a counterparty, in order: each gets a checkpoint of every block."""
        return client_lifecycle.counterparties(state, self.clients)

    def validate(self, state: StateReader, signed: SignedTransaction, now: UnixSeconds, lead: int = 0) -> None:
        """Whether a transaction may stand in a block; raises AccountError, ProofError."""
        size = len(signed.body) + len(signed.signature)
        validate_form(signed.transaction, size, self.genesis.chain_id, now)
        validate_nonce(state, signed.transaction, lead)
        validate_signature(signed, self.genesis_hash)

    def run(self, ctx: Context, signed: SignedTransaction) -> TransactionResult:
        """Carry out all messages; raises RefusedMessage, and then the context is to be dropped."""
        changed = False
        for index in range(len(signed.transaction.messages)):
            try:
                changed = self._execution.execute(ctx, signed.transaction, index) or changed
            except HubError as error:
                raise RefusedMessage(index, error) from error
        return TransactionResult(
            Hash(signed.hash), ResultCode.OK if changed else ResultCode.NO_OP, events=tuple(ctx.events)
        )

    def end(self, ctx: Context) -> tuple[Batch, ...]:
        """What happens at a block's end, whoever made it."""
        self._execution.services.end_block(ctx)
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
            str(self.error),
            tuple(self.error.values().items()),
        )


class BlockInProgress:
    """A block that takes transactions. It is written nowhere until the engine commits ``finish().changes``."""

    def __init__(self, app: App, ctx: Context, parent_hash: Hash) -> None:
        self._app = app
        self._ctx = ctx
        self._parent_hash = parent_hash
        self._signers = validators.validators(ctx.state)
        self._transactions: list[SignedTransaction] = []
        self._results: list[TransactionResult] = []

    @property
    def state(self) -> StateReader:
        """The state as the block has made it so far."""
        return self._ctx.state

    def apply(self, signed: SignedTransaction) -> TransactionResult:
        """Put a transaction into the block. REFUSED: it stands there, and only its nonce is used.

        Raises AccountError, ProofError where it may not stand in a block: then it does not, and nothing has changed.
        """
        try:
            return self.attempt(signed)
        except RefusedMessage as refused:
            use_nonce(self._ctx.state, signed.transaction.account)
            return self._note(signed, refused.result(signed))

    def attempt(self, signed: SignedTransaction) -> TransactionResult:
        """Put a transaction into the block only if it is not refused.

        Raises RefusedMessage, AccountError, ProofError: then it does not stand in the block, and nothing has changed.
        Anything else that is raised is a fault of this program; nothing has changed then either.
        """
        self._app.validate(self._ctx.state, signed, self._ctx.time)
        inner = self._ctx.branch()
        result = self._app.run(inner, signed)
        use_nonce(inner.state, signed.transaction.account)
        inner.keep()
        return self._note(signed, result)

    def finish(self) -> BlockOutcome:
        """Decide what has fallen due, hand over to the next validators where that is ready, and make the batches."""
        named_next = validators.next_validators(self._ctx.state)
        self._ctx.events.clear()
        batches = self._app.end(self._ctx)
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

    def _note(self, signed: SignedTransaction, result: TransactionResult) -> TransactionResult:
        self._transactions.append(signed)
        self._results.append(result)
        return result

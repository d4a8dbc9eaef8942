"""The state machine of the hub: what a hub adds to ``hub.machine``."""

from hub.accounts import money, roles
from hub.accounts.transactions import (
    MAX_NONCE_LEAD,
    validate_form,
    validate_nonce,
    validate_shape,
    validate_signature,
)
from hub.clients.host import Host
from hub.execution import Execution, require_role
from hub.genesis import Genesis
from hub.machine import Machine
from hub.messages import SignedTransaction
from hub.parameters import put_parameters
from hub.quantities import UnixSeconds
from hub.services import requests
from hub.state.branch import Branch, StateReader
from hub.state.context import Context
from hub.transaction import size_of


class App(Machine[SignedTransaction]):
    """The hub. It holds the genesis and nothing that a block could change."""

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        host = Host(genesis.hash(), genesis.devnet)
        self._execution = Execution(genesis.chain_id, host)
        super().__init__(genesis.chain_id, host, genesis.time, genesis.validators, self._execution.clients)

    def write_genesis(self, state: Branch) -> None:
        put_parameters(state, self.genesis.parameters)
        for address, amount in self.genesis.balances:
            money.mint(state, address, amount)
        for address, role in self.genesis.roles:
            roles.put_role(state, address, role)

    def validate(self, state: StateReader, signed: SignedTransaction, now: UnixSeconds, lead: int = 0) -> None:
        """Raises AccountError, ProofError."""
        validate_form(signed.transaction, size_of(signed), self.chain_id, now)
        validate_nonce(state, signed.transaction, lead)
        validate_signature(signed, self.genesis_hash)

    def check(self, state: StateReader, signed: SignedTransaction, now: UnixSeconds) -> None:
        """Raises AccountError, ProofError."""
        self.validate(state, signed, now, MAX_NONCE_LEAD)
        for message in signed.transaction.messages:
            require_role(state, signed.transaction.account, message)

    def validate_shape(self, signed: SignedTransaction) -> None:
        """Raises TransactionTooLarge, MalformedTransaction."""
        validate_shape(signed.transaction, size_of(signed))

    def execute(self, ctx: Context, signed: SignedTransaction, index: int) -> bool:
        return self._execution.execute(ctx, signed.transaction, index)

    def settle(self, ctx: Context) -> None:
        """Calls that have no answer in time."""
        self._execution.services.end_block(ctx)

    def due(self, state: StateReader) -> UnixSeconds | None:
        return requests.next_due(state)

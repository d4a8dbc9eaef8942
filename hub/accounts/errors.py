"""What accounts, roles, money and the making of blocks are refused for."""

from dataclasses import dataclass
from typing import ClassVar

from hub.errors import HubError
from hub.quantities import Address, Amount, Epoch, Height, UnixSeconds


@dataclass(eq=False)
class AccountError(HubError):
    """A rule of transactions, balances or roles was broken."""


# --- transactions ---


@dataclass(eq=False)
class MalformedTransaction(AccountError):
    rule: str
    template: ClassVar[str] = "the transaction is malformed: {rule}"


@dataclass(eq=False)
class UnknownTransactionFormat(AccountError):
    format: int
    known: int
    template: ClassVar[str] = (
        "the transaction's first byte names format {format}, only format {known} is known: sign the format byte and "
        "the body behind it, or upgrade the node"
    )


@dataclass(eq=False)
class TransactionTooLarge(AccountError):
    size: int
    limit: int
    template: ClassVar[str] = "the transaction has {size} bytes, {limit} are allowed: split it"


@dataclass(eq=False)
class WrongChainId(AccountError):
    given: str
    expected: str
    template: ClassVar[str] = "the transaction is for chain '{given}', this is '{expected}'"


@dataclass(eq=False)
class TransactionExpired(AccountError):
    expiry: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the transaction expired at {expiry} and it is {now}: sign it anew"


@dataclass(eq=False)
class ExpiryTooFar(AccountError):
    expiry: UnixSeconds
    latest: UnixSeconds
    template: ClassVar[str] = "the transaction's expiry {expiry} is too far ahead: use at most {latest}"


@dataclass(eq=False)
class WrongSignature(AccountError):
    account: Address
    recovered: bytes
    template: ClassVar[str] = (
        "the transaction of {account} is signed by {recovered}: sign it with the account's own key"
    )


@dataclass(eq=False)
class NonceUsed(AccountError):
    nonce: int
    expected: int
    template: ClassVar[str] = "nonce {nonce} was used before: the account's next is {expected}"


@dataclass(eq=False)
class NonceTooHigh(AccountError):
    nonce: int
    expected: int
    template: ClassVar[str] = "nonce {nonce} is too high: the account's next is {expected}"


# --- money and roles ---


@dataclass(eq=False)
class InvalidAmount(AccountError):
    amount: Amount
    template: ClassVar[str] = "{amount} is not an amount: use 0 to 2**64 - 1"


@dataclass(eq=False)
class InvalidAddress(AccountError):
    address: bytes
    template: ClassVar[str] = "{address} is not an account: an address has 20 bytes"


@dataclass(eq=False)
class InsufficientFunds(AccountError):
    account: Address
    balance: Amount
    amount: Amount
    template: ClassVar[str] = "account {account} has {balance}, {amount} are needed: fund it first"


@dataclass(eq=False)
class SupplyExceeded(AccountError):
    supply: Amount
    amount: Amount
    template: ClassVar[str] = "{amount} more than the supply of {supply} would not fit 64 bits"


@dataclass(eq=False)
class FaucetClosed(AccountError):
    template: ClassVar[str] = "there is a faucet on a devnet only: have an account that has money transfer some"


@dataclass(eq=False)
class RoleMissing(AccountError):
    account: Address
    role: str
    template: ClassVar[str] = "account {account} lacks the role {role}: have an operator grant it"


@dataclass(eq=False)
class LastOperator(AccountError):
    account: Address
    template: ClassVar[str] = "account {account} is the last operator: grant the role to another account first"


# --- genesis, blocks, validators ---


@dataclass(eq=False)
class InvalidGenesis(AccountError):
    rule: str
    template: ClassVar[str] = "the genesis is refused: {rule}"


@dataclass(eq=False)
class BlockOutOfOrder(AccountError):
    height: Height
    expected: Height
    template: ClassVar[str] = "block {height} does not follow: the next is {expected}"


@dataclass(eq=False)
class TimeWentBackwards(AccountError):
    time: UnixSeconds
    earlier: UnixSeconds
    template: ClassVar[str] = "the block's time {time} is before its parent's, {earlier}"


@dataclass(eq=False)
class RotationPending(AccountError):
    epoch: Epoch
    template: ClassVar[str] = "the rotation to epoch {epoch} is not finished: store its checkpoints first"


@dataclass(eq=False)
class ValidatorsChanged(AccountError):
    """A client that begins with former validators could not be led on: hand-overs are for those who were there."""

    epoch: Epoch
    present: Epoch
    template: ClassVar[str] = (
        "the counterparty's client begins with the validators of epoch {epoch}, and those of epoch {present} sign by "
        "now: begin it anew with them"
    )


@dataclass(eq=False)
class NoRotationPending(AccountError):
    template: ClassVar[str] = "no rotation is pending: propose a validator set first"


@dataclass(eq=False)
class RotationCheckpointNotFound(AccountError):
    client: str
    epoch: Epoch
    template: ClassVar[str] = (
        "no finished rotation hands the counterparty of {client} over from epoch {epoch}: "
        "where its client believes that epoch, replace it"
    )


@dataclass(eq=False)
class WrongRotationCheckpoint(AccountError):
    field: str
    template: ClassVar[str] = "the checkpoint does not hand over to the proposed set: its {field} is another"

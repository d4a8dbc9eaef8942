"""All of the money: every unit stands in a balance or in escrow, and together they are the supply, always."""

from hub.accounts.accounts import account, accounts, put_balance, validate_address
from hub.accounts.errors import FaucetClosed, InsufficientFunds, InvalidAmount, SupplyExceeded
from hub.events import Minted, Transferred
from hub.quantities import MAX_U64, Address, Amount
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room
from hub.state.context import Context

MAX_SUPPLY = Amount(MAX_U64)
"""All the money there is fits 64 bits, as records and events hold it: choose the smallest unit accordingly."""

_TOTALS = Records(Room.SUPPLY, int)
_SUPPLY = b"supply"
_ESCROW = b"escrow"


def supply(state: StateReader) -> Amount:
    """All the money there is."""
    return Amount(_TOTALS.get(state, _SUPPLY) or 0)


def escrowed(state: StateReader) -> Amount:
    """All the money that waits for calls to be settled."""
    return Amount(_TOTALS.get(state, _ESCROW) or 0)


def balances_sum(state: StateReader) -> Amount:
    """The sum of all balances: ``balances_sum + escrowed == supply`` holds after every transaction. For audits."""
    return Amount(sum(record.balance for _, record in accounts(state)))


def transfer(ctx: Context, sender: Address, recipient: bytes, amount: Amount) -> None:
    """Move money; raises InvalidAddress, InvalidAmount, InsufficientFunds."""
    to = validate_address(recipient)
    _debit(ctx.state, sender, amount)
    _credit(ctx.state, to, amount)
    ctx.emit(Transferred(sender, to, amount))


def give(ctx: Context, recipient: bytes, amount: Amount, *, devnet: bool) -> None:
    """The faucet: new money; raises FaucetClosed off a devnet, InvalidAddress, InvalidAmount, SupplyExceeded."""
    if not devnet:
        raise FaucetClosed
    mint(ctx.state, validate_address(recipient), amount)
    ctx.emit(Minted(Address(recipient), amount))


def mint(state: Branch, recipient: Address, amount: Amount) -> None:
    """Make new money: the genesis and the faucet do, nobody else; raises InvalidAmount, SupplyExceeded."""
    _validate(amount)
    before = supply(state)
    if before + amount > MAX_SUPPLY:
        raise SupplyExceeded(before, amount)
    _TOTALS.put(state, _SUPPLY, before + amount)
    _credit(state, recipient, amount)


def hold(state: Branch, payer: Address, amount: Amount) -> None:
    """Move money of an account into escrow; raises InvalidAmount, InsufficientFunds."""
    _debit(state, payer, amount)
    if amount:
        _TOTALS.put(state, _ESCROW, escrowed(state) + amount)


def release(state: Branch, recipient: Address, amount: Amount) -> None:
    """Move money out of escrow, to whom it is due. The caller keeps account of what each request holds."""
    before = escrowed(state)
    if amount > before:
        raise InsufficientFunds(recipient, before, amount)
    if amount:
        _TOTALS.put(state, _ESCROW, before - amount)
        _credit(state, recipient, amount)


def _debit(state: Branch, payer: Address, amount: Amount) -> None:
    _validate(amount)
    balance = account(state, payer).balance
    if balance < amount:
        raise InsufficientFunds(payer, balance, amount)
    if amount:
        put_balance(state, payer, Amount(balance - amount))


def _credit(state: Branch, recipient: Address, amount: Amount) -> None:
    if amount:
        put_balance(state, recipient, Amount(account(state, recipient).balance + amount))


def _validate(amount: Amount) -> None:
    if not 0 <= amount <= MAX_SUPPLY:
        raise InvalidAmount(amount)

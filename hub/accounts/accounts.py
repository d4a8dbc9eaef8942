"""Accounts: an Ethereum-style address with a nonce and a balance. An unused one has no record."""

import msgspec

from hub.accounts.errors import InvalidAddress
from hub.quantities import Address, Amount
from hub.state.branch import Branch, StateReader
from hub.state.collections import Records, Room


class Account(msgspec.Struct, frozen=True, array_like=True):
    """``nonce``: the next one to use, from 0."""

    nonce: int = 0
    balance: Amount = Amount(0)


_ACCOUNTS = Records(Room.ACCOUNTS, Account)
_UNUSED = Account()


def account(state: StateReader, address: Address) -> Account:
    """The account of an address."""
    return _ACCOUNTS.get(state, address) or _UNUSED


def accounts(state: StateReader) -> list[tuple[Address, Account]]:
    """All accounts that were ever used, in order: for audits and a genesis, not for a block."""
    return [(Address(key), record) for key, record in _ACCOUNTS.scan(state)]


def put_balance(state: Branch, address: Address, balance: Amount) -> None:
    """Set a balance; only ``hub.accounts.money`` does, so that none appears or vanishes."""
    _ACCOUNTS.put(state, address, Account(account(state, address).nonce, balance))


def use_nonce(state: Branch, address: Address) -> None:
    """Make the account's present nonce a used one."""
    before = account(state, address)
    _ACCOUNTS.put(state, address, Account(before.nonce + 1, before.balance))


def validate_address(address: bytes) -> Address:
    """Raises InvalidAddress."""
    if len(address) != 20:
        raise InvalidAddress(address)
    return Address(address)

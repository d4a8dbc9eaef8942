"""Who holds which of Anvil's well-known accounts on the devnet. Everyone knows their keys: they guard nothing."""

from enum import IntEnum

from eth_account import Account
from eth_account.signers.local import LocalAccount

_MNEMONIC = "test test test test test test test test test test test junk"


class Holder(IntEnum):
    """The number of an account is its place in the derivation path."""

    CHAIN_OPERATOR = 0
    RELAYER = 1
    VISITOR = 2
    """Deploys the tour's contracts and calls them."""
    STRANGER = 3
    """The tour's hostile relayer."""


def dev_account(holder: Holder) -> LocalAccount:
    Account.enable_unaudited_hdwallet_features()
    account: LocalAccount = Account.from_mnemonic(_MNEMONIC, account_path=f"m/44'/60'/0'/0/{holder.value}")
    return account

"""The key that a daemon's configuration names."""

import json
from pathlib import Path

from eth_account import Account

from relayers.errors import InvalidConfiguration


def key_of(keystore: Path, password: str) -> bytes:
    """Open an encrypted V3 keystore; raises InvalidConfiguration where it cannot be opened so, OSError."""
    try:
        return bytes(Account.decrypt(json.loads(keystore.read_text()), password))
    except (ValueError, LookupError, TypeError) as error:
        rule = f"cannot be opened ({error}): its password is another, or it is no keystore"
        raise InvalidConfiguration(str(keystore), "the keystore", rule) from error

"""A client knows every refusal of a ledger by its reason, in a process that holds no node, too."""

import pkgutil
import subprocess
import sys
from importlib import import_module
from inspect import getsource

from adapters.permissioned import ledger
from adapters.permissioned.ledger.errors import LedgerError
from adapters.permissioned.ledger.every_error import ERRORS


def reasons(kind: type[LedgerError]) -> dict[str, str]:
    """Of all errors under it, and where each is defined."""
    found = {}
    for error in kind.__subclasses__():
        found[error.reason()] = error.__module__
        found |= reasons(error)
    return found


ALONE = f"""
import adapters.permissioned.ledger.client
from adapters.permissioned.ledger.errors import LedgerError
{getsource(reasons)}
print(*reasons(LedgerError))
"""


def test_a_client_by_itself_knows_every_refusal() -> None:
    alone = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=True).stdout.split()
    for module in pkgutil.walk_packages(ledger.__path__, f"{ledger.__name__}."):
        import_module(module.name)
    ours = {reason: place for reason, place in reasons(LedgerError).items() if place.startswith(ledger.__name__)}
    assert set(alone) == set(ours)
    assert {module.__name__ for module in ERRORS} == set(ours.values())

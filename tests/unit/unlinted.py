"""Contracts that stand in a test, which no node would install: what the runtime itself holds against such as these."""

from hashlib import sha256

from adapters.permissioned.ledger.contracts.interface import Contract
from adapters.permissioned.ledger.contracts.packages import Package
from adapters.permissioned.ledger.contracts.shape import shape_of
from adapters.permissioned.ledger.contracts.trial import Trial
from hub.quantities import Hash


def unlinted(contract: type[Contract]) -> Package:
    """As if it were installed."""
    return Package(shape_of(contract), Hash(sha256(contract.name.encode()).digest()))


class UnlintedTrial(Trial):
    """A trial of contracts that the linter is not asked about."""

    package = staticmethod(unlinted)

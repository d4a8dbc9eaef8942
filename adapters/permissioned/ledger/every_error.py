"""All refusals of a ledger. Whoever imports this knows each by its reason, as a client must (hub/rpc/status.py)."""

from adapters.permissioned.ledger import draft_errors, errors, refusals
from adapters.permissioned.ledger.contracts import errors as contracts
from adapters.permissioned.ledger.documents import contract as documents
from adapters.permissioned.ledger.governance import errors as governance
from adapters.permissioned.ledger.membership import errors as membership
from adapters.permissioned.ledger.membership import revocation_errors as revocation
from adapters.permissioned.ledger.private import errors as private
from adapters.permissioned.ledger.receivables import errors as receivables
from adapters.permissioned.ledger.rpc import errors as rpc
from adapters.permissioned.ledger.service import errors as service

ERRORS = (
    errors,
    refusals,
    draft_errors,
    membership,
    revocation,
    governance,
    contracts,
    documents,
    receivables,
    service,
    private,
    rpc,
)
"""The modules that define them."""

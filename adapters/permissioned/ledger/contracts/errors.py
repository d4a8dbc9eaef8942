"""What contracts and their runtime refuse.

ContractError
├── Refused                what a contract itself refuses; contracts derive their own from it
│   └── MembersOnly
├── RecordNotFound
├── RecordExists
├── PolicyError            the text of an endorsement policy
├── ActivationError        activating, upgrading, retiring
├── CodeError              the code that is installed
└── the rest               invocations
"""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import NodeFault, StatusName

MAX_REASON_CHARACTERS = 1024
"""Of what a contract says when it refuses: it stands in the block's results."""


@dataclass(eq=False)
class ContractError(LedgerError):
    """A contract, or what was asked of it, broke a rule. Nothing of the invocation is kept."""

    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


# --- what a contract refuses ---


@dataclass(eq=False)
class Refused(ContractError):
    """A contract says no: ``raise Refused("the meter does not run backwards")``, or a class of its own under this."""

    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    explanation: str
    template: ClassVar[str] = "{explanation}"


@dataclass(eq=False)
class MembersOnly(Refused):
    status: ClassVar[StatusName] = "PERMISSION_DENIED"
    explanation: str = "only a member of an organisation may do this"
    template: ClassVar[str] = "{explanation}"


@dataclass(eq=False)
class RecordNotFound(ContractError):
    status: ClassVar[StatusName] = "NOT_FOUND"
    collection: str
    key: str
    template: ClassVar[str] = "{collection} has no record {key}"


@dataclass(eq=False)
class RecordExists(ContractError):
    status: ClassVar[StatusName] = "ALREADY_EXISTS"
    collection: str
    key: str
    template: ClassVar[str] = "{collection} has a record {key} already"


# --- invocations ---


@dataclass(eq=False)
class ContractNotActive(ContractError):
    status: ClassVar[StatusName] = "NOT_FOUND"
    contract: str
    template: ClassVar[str] = "no contract {contract} is active: see which are with `ichub ledger contract list`"


@dataclass(eq=False)
class MethodNotFound(ContractError):
    """``kind`` is transaction, query or service."""

    status: ClassVar[StatusName] = "NOT_FOUND"
    contract: str
    kind: str
    method: str
    template: ClassVar[str] = "contract {contract} has no {kind} {method}"


@dataclass(eq=False)
class ArgumentsRefused(ContractError):
    """``place`` is a JSON pointer into the arguments."""

    place: str
    rule: str
    template: ClassVar[str] = "the arguments are refused at #{place}: {rule}"


@dataclass(eq=False)
class BoundExceeded(ContractError):
    """``bound`` is a field of ``Bounds``."""

    contract: str
    bound: str
    limit: int
    template: ClassVar[str] = "contract {contract} exceeded its bound of {limit} {bound}: ask for less at once"


@dataclass(eq=False)
class TransactionBoundExceeded(ContractError):
    """``bound`` is a field of ``Bounds``."""

    bound: str
    limit: int
    template: ClassVar[str] = (
        "what the transaction asks of contracts exceeds, over all its messages and packets, the bound of {limit} "
        "{bound}: send it in several"
    )


@dataclass(eq=False)
class ContractFailed(ContractError):
    """The contract's code raised what it should not have; only the exception's type is told, on which nodes agree."""

    status: ClassVar[StatusName] = "INTERNAL"
    contract: str
    method: str
    exception: str
    template: ClassVar[str] = "contract {contract} failed in {method} with {exception}: tell its authors"


@dataclass(eq=False)
class WrongResultType(ContractError):
    status: ClassVar[StatusName] = "INTERNAL"
    contract: str
    method: str
    expected: str
    given: str
    template: ClassVar[str] = "contract {contract} returned {given} from {method}, not {expected}: tell its authors"


@dataclass(eq=False)
class ValueNotStorable(ContractError):
    """A record holds what its own type does not allow."""

    status: ClassVar[StatusName] = "INTERNAL"
    collection: str
    record: str
    template: ClassVar[str] = "{collection} cannot hold this {record}: a field is not of its type; tell its authors"


@dataclass(eq=False)
class KeyRefused(ContractError):
    collection: str
    rule: str
    template: ClassVar[str] = "a key of {collection} is refused: {rule}"


@dataclass(eq=False)
class CollectionVersionUnknown(ContractError):
    status: ClassVar[StatusName] = "INTERNAL"
    collection: str
    version: int
    template: ClassVar[str] = "{collection} has a record of version {version}, which its contract cannot read"


@dataclass(eq=False)
class PageTokenRefused(ContractError):
    template: ClassVar[str] = "the page token is not one that this list gave: begin without a token"


@dataclass(eq=False)
class QueryWrites(ContractError):
    contract: str
    template: ClassVar[str] = "contract {contract} tried to write in a query: tell its authors"


@dataclass(eq=False)
class RequestNotPending(ContractError):
    status: ClassVar[StatusName] = "NOT_FOUND"
    contract: str
    request_id: bytes
    template: ClassVar[str] = "contract {contract} has no request {request_id} to answer"


@dataclass(eq=False)
class EndorsementMissing(ContractError):
    """``endorsers`` are the organisations of the transaction's signatures, its author's first."""

    status: ClassVar[StatusName] = "PERMISSION_DENIED"
    contract: str
    policy: str
    endorsers: str
    template: ClassVar[str] = (
        "contract {contract} asks for the endorsement of {policy}; the transaction has that of {endorsers}"
    )


# --- endorsement policies ---


@dataclass(eq=False)
class PolicyError(ContractError):
    """The text is no endorsement policy."""


@dataclass(eq=False)
class InvalidPolicy(PolicyError):
    """``offset`` counts characters from the first."""

    offset: int
    rule: str
    template: ClassVar[str] = "the endorsement policy is refused at character {offset}: {rule}"


@dataclass(eq=False)
class PolicyTooLarge(PolicyError):
    measure: str
    limit: int
    template: ClassVar[str] = "the endorsement policy is too large: it may have at most {limit} {measure}"


@dataclass(eq=False)
class PolicyUnsatisfiable(PolicyError):
    """``missing`` are organisations that the policy names and that are not registered."""

    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    policy: str
    missing: str
    template: ClassVar[str] = "nobody could meet the endorsement policy {policy}: {missing} are not registered"


# --- activation ---


@dataclass(eq=False)
class ActivationError(ContractError):
    """A contract cannot be activated, upgraded or retired like this."""

    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class ContractAlreadyActive(ActivationError):
    status: ClassVar[StatusName] = "ALREADY_EXISTS"
    contract: str
    version: int
    template: ClassVar[str] = "contract {contract} is active in version {version}: propose an upgrade instead"


@dataclass(eq=False)
class VersionNotNewer(ActivationError):
    contract: str
    version: int
    current: int
    template: ClassVar[str] = "contract {contract} has version {current}: {version} is not newer"


@dataclass(eq=False)
class VersionDiffers(ActivationError):
    contract: str
    version: int
    coded: int
    template: ClassVar[str] = "the code of contract {contract} that is pinned is version {coded}, not {version}"


# --- code ---


@dataclass(eq=False)
class CodeError(ContractError):
    """The code that is installed is not what is needed, or not what a contract may be."""

    status: ClassVar[StatusName] = "FAILED_PRECONDITION"


@dataclass(eq=False)
class InvalidContract(CodeError):
    contract: str
    rule: str
    template: ClassVar[str] = "contract {contract} is not formed as the interface asks: {rule}"


@dataclass(eq=False)
class NotDeterministic(CodeError):
    """``findings`` are the linter's, each ``file:line rule: what is wrong``."""

    contract: str
    findings: str
    template: ClassVar[str] = "the linter refuses contract {contract}: {findings}"


@dataclass(eq=False)
class CodeNotInstalled(CodeError):
    contract: str
    version: int
    pinned: bytes
    template: ClassVar[str] = (
        "the ledger asks for contract {contract} version {version}, which is not installed here: install the package "
        "whose hash is {pinned}, then start again"
    )


@dataclass(eq=False)
class CodeDiffers(CodeError):
    """``pinned`` is the hash that was voted for, ``installed`` the one of the package found here."""

    contract: str
    pinned: bytes
    installed: bytes
    template: ClassVar[str] = (
        "the installed code of contract {contract} has hash {installed}, the ledger pins {pinned}: install the pinned "
        "version, then start again"
    )


class NodeOutOfStep(NodeFault):
    """This node's code is not what the ledger pins, so that it cannot know what a transaction does."""

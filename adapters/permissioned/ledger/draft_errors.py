"""What a draft is refused for by whoever is asked to endorse or to send it.

DraftError
├── DraftTooLarge
├── DraftMalformed
├── DraftHoldsOther
├── DraftOfAnotherLedger
├── DraftExpired
├── DraftOvertaken
├── DraftChanged
├── SignerRefused
└── DraftsDiffer
"""

from dataclasses import dataclass
from typing import ClassVar

from adapters.permissioned.ledger.errors import LedgerError
from hub.errors import StatusName
from hub.quantities import Hash, UnixSeconds


@dataclass(eq=False)
class DraftError(LedgerError):
    """A draft is not one that a member should sign or send."""

    status: ClassVar[StatusName] = "INVALID_ARGUMENT"


@dataclass(eq=False)
class DraftTooLarge(DraftError):
    what: str
    size: int
    limit: int
    template: ClassVar[str] = "the draft has {what} of {size}, at most {limit} are taken"


@dataclass(eq=False)
class DraftMalformed(DraftError):
    rule: str
    template: ClassVar[str] = "the draft is malformed: {rule}; ask its author for it anew"


@dataclass(eq=False)
class DraftHoldsOther(DraftError):
    """Endorsements count for contracts alone, and only what is invoked of them is shown whole."""

    message: str
    template: ClassVar[str] = "the draft holds {message}: only invocations of contracts are endorsed"


@dataclass(eq=False)
class DraftOfAnotherLedger(DraftError):
    chain_id: str
    genesis_hash: Hash
    our_chain_id: str
    our_genesis_hash: Hash
    template: ClassVar[str] = (
        "the draft is for the ledger {chain_id} with genesis {genesis_hash}, and this is {our_chain_id} with "
        "{our_genesis_hash}: connect to the ledger it is for"
    )


@dataclass(eq=False)
class DraftExpired(DraftError):
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    expiry: UnixSeconds
    now: UnixSeconds
    template: ClassVar[str] = "the draft could be sent until {expiry}, and it is {now}: ask its author for a new one"


@dataclass(eq=False)
class DraftOvertaken(DraftError):
    status: ClassVar[StatusName] = "FAILED_PRECONDITION"
    author: str
    nonce: int
    next_nonce: int
    template: ClassVar[str] = (
        "{author} has sent this draft, or another transaction since (its nonce is {nonce}, the next is {next_nonce}): "
        "if it is still to be done, ask for a new draft"
    )


@dataclass(eq=False)
class DraftChanged(DraftError):
    signer: str
    template: ClassVar[str] = (
        "what {signer} signed is not what stands in the draft: it was changed since, or the signature is not "
        "{signer}'s; sign nothing, and ask its author"
    )


@dataclass(eq=False)
class SignerRefused(DraftError):
    """``rule``: the reason for which the ledger takes nothing that is signed with the certificate."""

    status: ClassVar[StatusName] = "PERMISSION_DENIED"
    signer: str
    rule: str
    template: ClassVar[str] = "{signer} has signed the draft, and the ledger refuses its certificate: {rule}"


@dataclass(eq=False)
class DraftsDiffer(DraftError):
    template: ClassVar[str] = "the files are not copies of one draft: send them one by one"

"""A permissioned ledger to be measured: four organisations, their members' certificates, what the members sign."""

from functools import lru_cache
from hashlib import sha256

from adapters.permissioned.ledger.contracts.installed import find_installed
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.documents.records import DocumentType, Notarise
from adapters.permissioned.ledger.genesis import (
    FoundingContract,
    FoundingOrganisation,
    LedgerGenesis,
)
from adapters.permissioned.ledger.identities import ContractName, OrganisationId, fingerprint
from adapters.permissioned.ledger.membership.signatures import sign
from adapters.permissioned.ledger.messages import AnyMessage, EnrolMember, InvokeContract, Transaction
from adapters.permissioned.ledger.node import ledger_kind
from adapters.permissioned.ledger.parameters import Parameters
from adapters.permissioned.ledger.rpc.dialect import encode_transaction
from adapters.permissioned.ledger.transactions import MemberSignature, encode_signatures, preimage
from hub.engine.ledger import ChainKind
from hub.quantities import Amount, Gas, UnixSeconds
from tests.unit.certificate_workshop import NOW, Certified, founding, intermediate, leaf, root
from tests.unit.node_world import SIGNERS

ORGANISATIONS = tuple(OrganisationId(name) for name in ("bank-a", "bank-b", "customs", "port"))
ROOTS = {name: root(f"{name} root").signed() for name in ORGANISATIONS}
ISSUING = {name: intermediate(ROOTS[name], f"{name} issuing").signed() for name in ORGANISATIONS}
"""The authority under the root that signs an organisation's members."""


@lru_cache(1)
def genesis() -> LedgerGenesis:
    """Every authority is registered, ``documents`` is active, any member may invoke it."""
    documents = find_installed()["documents"]
    return LedgerGenesis(
        chain_id="ledger-bench",
        time=NOW,
        devnet=True,
        parameters=Parameters(),
        organisations=tuple(
            FoundingOrganisation(name, name, (ROOTS[name].der, ISSUING[name].der)) for name in ORGANISATIONS
        ),
        validators=tuple(
            founding("ledger-bench", leaf(ISSUING[name], name, "node", "validator").signed(), signer)
            for name, signer in zip(ORGANISATIONS, sorted(SIGNERS[:4], key=lambda one: one.address), strict=True)
        ),
        contracts=(FoundingContract(ContractName("documents"), 1, documents.hash, "any member"),),
    )


def ledger() -> ChainKind:
    """The ledger at its genesis."""
    return ledger_kind(genesis(), find_installed())


class Member:
    """Member ``number`` of all, with the key of its certificate."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._organisation = ORGANISATIONS[number % len(ORGANISATIONS)]
        self._name = f"member-{number}"
        self.certified: Certified = leaf(ISSUING[self._organisation], self._organisation, self._name).signed()
        self._certificate = fingerprint(self.certified.der)
        self._genesis = genesis()
        self._genesis_hash = self._genesis.hash()

    def enrolment(self) -> tuple[bytes, bytes]:
        """Its first transaction."""
        return self.sign(0, EnrolMember(self.certified.der, ()))

    def notarisation(self, nonce: int) -> tuple[bytes, bytes]:
        """A bill of lading with one party, as in the tour."""
        document = Notarise(
            document_hash=sha256(b"document %d %d" % (self._number, nonce)).digest(),
            document_type=DocumentType.BILL_OF_LADING,
            number=f"BL-{self._number}-{nonce}",
            parties=("customs",),
            valid_until=NOW + 90 * 86_400,
        )
        return self.sign(nonce, InvokeContract("documents", "notarise", write_json(document)))

    def sign(self, nonce: int, message: AnyMessage) -> tuple[bytes, bytes]:
        """A transaction's body and its one signature."""
        author = f"{self._organisation}/{self._name}"
        transaction = Transaction(
            self._genesis.chain_id, author, nonce, UnixSeconds(NOW + 3600), Amount(0), Gas(0), (message,)
        )
        body = encode_transaction(transaction)
        signature = sign(self.certified.key, preimage(self._genesis_hash, body))
        return body, encode_signatures([MemberSignature(self._certificate, signature)])

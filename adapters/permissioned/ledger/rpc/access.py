"""Who calls, and what they may call: by the certificate of their connection alone, and by one table.

No field and no header says who calls. The certificate is judged as the ledger itself judges it, at the time of its
newest block: what was revoked, has ended, or lost its authority is refused from the next call on, on connections that
are open already, too. One that is valid and not enrolled is known as well, or nobody could enrol; nor again
after an authority above it was renewed.
"""

import ssl
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from adapters.permissioned.ledger.identities import Identity, MemberRole, fingerprint
from adapters.permissioned.ledger.membership import registry
from adapters.permissioned.ledger.membership.errors import CertificateError, MembershipError
from adapters.permissioned.ledger.rpc.errors import AccessRefused
from hub import history
from hub.engine.ledger import Ledger
from hub.quantities import Height
from hub.rpc.errors import CertificateRequired
from hub.state.branch import Branch, StateReader
from hub.state.context import Context

PACKAGE = "/interchain.ledger.v1."


@dataclass(frozen=True, slots=True)
class Rule:
    """Whom a method is for: members of these ``roles``; with ``keepers``, of the organisations alone that keep the
    private value which is asked for; with ``author``, the author alone of what is brought. ``name`` is told to whom it
    refuses.
    """

    name: str
    roles: frozenset[MemberRole] = frozenset(MemberRole)
    keepers: bool = False
    author: bool = False


READ = Rule("members of every role read")
WRITE = Rule("auditors write nothing", frozenset(role for role in MemberRole if role.writes))
KEEP = Rule("private values are for the organisations that keep them", keepers=True)
OWN = Rule("a member tries out its own transactions", author=True)
ANYONE = Rule("what proves itself is taken from anyone")
"""Who calls is not asked; a caller need not have a certificate at all."""
CLOSED = Rule("what the table does not name is closed", frozenset())

TABLE: Mapping[str, tuple[Rule, ...]] = {
    "TransactionService/Submit": (WRITE,),
    "TransactionService/Simulate": (WRITE, OWN),
    "TransactionService/GetTransaction": (READ,),
    "BlockService/GetBlock": (READ,),
    "BlockService/RequestBlock": (WRITE,),
    "BlockService/Watch": (READ,),
    "CheckpointService/GetCheckpoint": (READ,),
    "CheckpointService/GetBatch": (READ,),
    "CheckpointService/GetProof": (READ,),
    "CheckpointService/GetIcs23Proof": (READ,),
    "QueryService/GetStatus": (READ,),
    "QueryService/GetClient": (READ,),
    "QueryService/ListClients": (READ,),
    "QueryService/ListLanes": (READ,),
    "QueryService/ListPacketCommitments": (READ,),
    "QueryService/ListUnreceivedPackets": (READ,),
    "QueryService/ListUnacknowledgedPackets": (READ,),
    "QueryService/ListAcknowledgements": (READ,),
    "QueryService/GetRotation": (READ,),
    "QueryService/GetRotationCheckpoint": (READ,),
    "QueryService/GetPacket": (READ,),
    "QueryService/GetMember": (READ,),
    "QueryService/ListOrganisations": (READ,),
    "QueryService/ListAuthorities": (READ,),
    "QueryService/ListCertificates": (READ,),
    "QueryService/GetCertificate": (READ,),
    "QueryService/ListValidators": (READ,),
    "QueryService/GetProposal": (READ,),
    "QueryService/ListProposals": (READ,),
    "QueryService/ListParameters": (READ,),
    "QueryService/ListContracts": (READ,),
    "QueryService/QueryContract": (READ,),
    "QueryService/GetHistory": (READ,),
    "QueryService/GetCall": (READ,),
    "QueryService/ListCalls": (READ,),
    "QueryService/ListPendingRequests": (READ,),
    "PrivateDataService/PutPrivateValue": (WRITE, KEEP),
    "PrivateDataService/GetPrivateValue": (READ, KEEP),
    "PrivateDataService/ProvePrivateValue": (READ,),
    "RevocationService/PublishRevocationList": (ANYONE,),
}
"""By ``service/method``: each of its rules must hold."""


class Access:
    """Knows the callers of one node, and decides by the table."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: tuple[Height, dict[bytes, Identity]] = (Height(0), {})

    def admit(self, method: str, context: Any) -> None:
        """Before a call is served: its rules of roles. Raises AccessRefused, and as ``identity``."""
        name = method.removeprefix(PACKAGE)
        rules = TABLE.get(name, (CLOSED,))
        if rules == (ANYONE,):
            return
        identity = self.identity(context)
        for rule in rules:
            if identity.role not in rule.roles:
                raise AccessRefused(rule.name, identity.member, identity.role, name)

    def admit_keeper(self, method: str, context: Any, keepers: Collection[str]) -> None:
        """Once it is known who keeps the value that ``service/method`` asks for; raises AccessRefused."""
        identity = self.identity(context)
        for rule in TABLE[method]:
            if rule.keepers and identity.organisation not in keepers:
                raise AccessRefused(rule.name, identity.member, identity.role, method)

    def admit_author(self, method: str, context: Any, author: str) -> None:
        """Once it is known in whose name (``organisation/name``) ``service/method`` is to act; raises AccessRefused."""
        identity = self.identity(context)
        for rule in TABLE[method]:
            if rule.author and identity.member != author:
                raise AccessRefused(rule.name, identity.member, identity.role, method)

    def identity(self, context: Any) -> Identity:
        """The member who calls, by the certificate of the call's connection.

        Raises CertificateRequired, CertificateError, MembershipError.
        """
        shown = context.auth_context()
        leaf = b"".join(shown.get("x509_pem_cert", ()))
        if not leaf:
            raise CertificateRequired
        chain = b"".join(shown.get("x509_pem_cert_chain", ()))
        state = self._ledger.state
        height, known = self._known
        if height != state.height:
            known = {}
            self._known = (state.height, known)
        found = known.get(leaf + chain)
        if found is None:
            found = known[leaf + chain] = identify(state, _ders(leaf)[0], _ders(chain))
        return found


def identify(state: StateReader, certificate: bytes, chain: list[bytes]) -> Identity:
    """The member who shows a certificate (DER), with the intermediates that came along, at the newest block's time.

    Raises CertificateError, MembershipError.
    """
    now = history.head(state)
    known = fingerprint(certificate)
    dropped = Context(Branch(state), now.height, now.time)
    above = [one for one in chain if one != certificate]
    if registry.certificate(state, known) is None:
        return registry.enrol(dropped, certificate, above)
    try:
        return registry.authenticate(state, known, now.time)
    except (CertificateError, MembershipError):
        # An authority above may have been renewed since: then this is let in to enrol again.
        with suppress(CertificateError, MembershipError):
            return registry.enrol(dropped, certificate, above)
        raise


def _ders(pem: bytes) -> list[bytes]:
    """The certificates of a text in PEM."""
    end = "-----END CERTIFICATE-----"
    return [ssl.PEM_cert_to_DER_cert(part.strip() + "\n" + end) for part in pem.decode().split(end) if part.strip()]

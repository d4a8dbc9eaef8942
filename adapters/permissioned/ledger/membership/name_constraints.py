"""Which names an authority may certify (RFC 5280, section 4.2.1.10): DNS, e-mail and IP names.

The library applies these to alternative names; e-mail addresses in subjects, and constraints of kinds that it does not
understand, are left to us. Any other kind of constraint is refused, for it would have to be obeyed.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

from cryptography import x509
from cryptography.x509.oid import NameOID

from adapters.permissioned.ledger.membership.certificates import Certificate
from adapters.permissioned.ledger.membership.errors import NameConstraintBroken, UnsupportedNameConstraint

_Name: TypeAlias = tuple[str, object]
"""Kind and value."""


def check_name_constraints(path: Sequence[Certificate]) -> None:
    """``path`` leads from a member, or an authority, to its root. Each authority binds all that stand before it.

    Raises NameConstraintBroken, UnsupportedNameConstraint.
    """
    names: list[_Name] = []
    for certificate in path:
        constraints = certificate.extension(x509.NameConstraints)
        if constraints is not None:
            permitted = [_constraint(name) for name in constraints.permitted_subtrees or ()]
            excluded = [_constraint(name) for name in constraints.excluded_subtrees or ()]
            for kind, value in names:
                _check(kind, value, permitted, excluded)
        names += _names(certificate)


def _check(kind: str, value: object, permitted: Sequence[_Name], excluded: Sequence[_Name]) -> None:
    within = _WITHIN[kind]
    allowed = [constraint for of, constraint in permitted if of == kind]
    if allowed and not any(within(value, constraint) for constraint in allowed):
        raise NameConstraintBroken(kind)
    for of, constraint in excluded:
        if of == kind and (within(value, constraint) or _spans(value, constraint)):
            raise NameConstraintBroken(kind)


def _constraint(name: x509.GeneralName) -> _Name:
    match name:
        case x509.DNSName(value=str(value)):
            return "DNS", value.lower()
        case x509.RFC822Name(value=str(value)):
            return "e-mail", _mailbox(value)
        case x509.IPAddress(value=IPv4Network() | IPv6Network() as network):
            return "IP", network
        case _:
            raise UnsupportedNameConstraint


def _names(certificate: Certificate) -> list[_Name]:
    """All names of a certificate that constraints may bind."""
    found: list[_Name] = [
        ("e-mail", _mailbox(str(attribute.value)))
        for attribute in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)
    ]
    for name in certificate.extension(x509.SubjectAlternativeName) or ():
        match name:
            case x509.DNSName(value=str(value)):
                found.append(("DNS", value.lower()))
            case x509.RFC822Name(value=str(value)):
                found.append(("e-mail", _mailbox(value)))
            case x509.IPAddress(value=IPv4Address() | IPv6Address() as address):
                found.append(("IP", address))
            case _:
                pass
    return found


def _mailbox(text: str) -> str:
    """A mailbox, or a constraint on some, with its host in lower case."""
    local, at, host = text.rpartition("@")
    return local + at + host.lower()


def _dns_within(name: object, constraint: object) -> bool:
    """The constraint's own name, or one with labels added on the left."""
    return constraint in (name, "") or str(name).endswith(f".{constraint}")


def _mailbox_within(name: object, constraint: object) -> bool:
    """``ann@a.example``: that mailbox; ``a.example``: any on that host; ``.a.example``: any on a host below it."""
    mailbox, bound = str(name), str(constraint)
    host = mailbox.rpartition("@")[2]
    if "@" in bound:
        return mailbox == bound
    return host.endswith(bound) if bound.startswith(".") else bound in (host, "")


def _ip_within(name: object, constraint: object) -> bool:
    return (
        isinstance(name, IPv4Address | IPv6Address)
        and isinstance(constraint, IPv4Network | IPv6Network)
        and name in constraint
    )


def _spans(name: object, constraint: object) -> bool:
    """Whether a wildcard stands for names that are excluded."""
    return isinstance(name, str) and name.startswith("*.") and str(constraint).endswith(name[1:])


_WITHIN: dict[str, Callable[[object, object], bool]] = {
    "DNS": _dns_within,
    "e-mail": _mailbox_within,
    "IP": _ip_within,
}

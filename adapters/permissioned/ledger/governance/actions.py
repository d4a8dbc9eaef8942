"""Who belongs to the ledger, as organisations decide it by vote: what they may ask for, and its doing."""

from typing import TypeAlias, assert_never

import msgspec

from adapters.permissioned.ledger.membership import organisations
from hub.state.context import Context


class AddOrganisation(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Let an organisation join, or come back. ``authorities``: certificates, DER, a root among them, each after the one
    that signed it."""

    organisation: str
    display_name: str
    authorities: tuple[bytes, ...]


class RemoveOrganisation(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Remove an organisation with all of its authorities: its members act no more, and its votes count no more."""

    organisation: str


class AddAuthority(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Register an organisation's certificate authority by its certificate in DER, or a renewed certificate of it."""

    organisation: str
    certificate: bytes


class RemoveAuthority(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Remove a certificate authority (by its AuthorityId, 32 bytes): what it signed counts no more."""

    authority: bytes


MembershipAction: TypeAlias = AddOrganisation | RemoveOrganisation | AddAuthority | RemoveAuthority


def carry_out(ctx: Context, action: MembershipAction) -> None:
    """Do what was voted for. Raises NamingError, CertificateError, MembershipError; the context is dropped then."""
    match action:
        case AddOrganisation():
            organisations.admit_organisation(ctx, action.organisation, action.display_name, action.authorities)
        case RemoveOrganisation():
            organisations.remove_organisation(ctx, action.organisation)
        case AddAuthority():
            organisations.add_authority(ctx, action.organisation, action.certificate)
        case RemoveAuthority():
            organisations.remove_authority(ctx, action.authority)
        case _:
            assert_never(action)

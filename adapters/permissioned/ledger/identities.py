"""Who acts on the ledger: members of organisations, known by their certificates, and proven callers of other chains.

A member stays the same when its certificate is renewed: it is its organisation and its name. Its role is that of the
certificate it acts with.
"""

import re
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from typing import NewType, TypeAlias

import msgspec

from adapters.permissioned.ledger.errors import InvalidContractName, InvalidMemberName, InvalidOrganisationId
from hub.ibc.identifiers import ClientId
from hub.quantities import Address, Hash

OrganisationId = NewType("OrganisationId", str)
"""A lower-case letter and up to 31 lower-case letters, digits and ``-``: the O of its members' certificates."""

MemberName = NewType("MemberName", str)
"""A letter or digit and up to 63 letters, digits, ``.``, ``_`` and ``-``: the CN of a member's certificates."""

MemberId = NewType("MemberId", str)
"""``organisation/name``; its ASCII bytes are the member's address on other chains."""

ContractName = NewType("ContractName", str)
"""Formed like an organisation's identifier; never has a ``/``, so that no contract passes for a member."""

Fingerprint = NewType("Fingerprint", Hash)
"""sha256 of a certificate's DER."""

MAX_ORGANISATION_CHARACTERS = 32
_ORGANISATION = re.compile(r"[a-z][a-z0-9-]{0,31}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ACCOUNT_DOMAIN = b"interchain-member"


class MemberRole(StrEnum):
    """What a member may do: the OU of its certificate."""

    ADMIN = "admin"
    """Votes and proposes for its organisation, and may do what a member may."""
    MEMBER = "member"
    """Invokes contracts, carries packets."""
    VALIDATOR = "validator"
    """Binds a checkpoint key, and may do what a member may."""
    AUDITOR = "auditor"
    """Reads all but private values that are not meant for its organisation; writes nothing."""

    @property
    def writes(self) -> bool:
        """Whether it may send transactions."""
        return self is not MemberRole.AUDITOR


class Identity(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """A member who acts, and the certificate that it acts with."""

    organisation: OrganisationId
    name: MemberName
    role: MemberRole
    fingerprint: Fingerprint

    @cached_property
    def member(self) -> MemberId:
        return member_id(self.organisation, self.name)

    @property
    def account(self) -> Address:
        """Under what the member's nonce stands."""
        return member_account(self.organisation, self.name)


class RemoteCaller(msgspec.Struct, frozen=True, array_like=True):
    """A caller of another chain, as its packet proves it: the client of the hub through which its chain is seen there,
    and its bytes on that chain (an EVM address, ``organisation/name``, a contract's name)."""

    client: ClientId
    caller: bytes


Caller: TypeAlias = Identity | RemoteCaller
"""Whom a contract is called by."""


def organisation_id(text: str) -> OrganisationId:
    """Raises InvalidOrganisationId."""
    if not _ORGANISATION.fullmatch(text):
        raise InvalidOrganisationId(text)
    return OrganisationId(text)


def member_name(text: str) -> MemberName:
    """Raises InvalidMemberName."""
    if not _NAME.fullmatch(text):
        raise InvalidMemberName(text)
    return MemberName(text)


def contract_name(text: str) -> ContractName:
    """Raises InvalidContractName."""
    if not _ORGANISATION.fullmatch(text):
        raise InvalidContractName(text)
    return ContractName(text)


def member_id(organisation: OrganisationId, name: MemberName) -> MemberId:
    """``organisation/name``."""
    return MemberId(f"{organisation}/{name}")


def member_account(organisation: OrganisationId, name: MemberName) -> Address:
    """The first 20 bytes of ``sha256("interchain-member" ‖ organisation ‖ "/" ‖ name)``."""
    return Address(sha256(_ACCOUNT_DOMAIN + member_id(organisation, name).encode()).digest()[:20])


def fingerprint(der: bytes) -> Fingerprint:
    """What a certificate is known by."""
    return Fingerprint(Hash(sha256(der).digest()))

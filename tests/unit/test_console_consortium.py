"""The revocation lists that an organisation's authority writes here, as a ledger takes them."""

from pathlib import Path

import pytest
from cryptography import x509

from adapters.permissioned.ledger.identities import MemberName, MemberRole, OrganisationId
from adapters.permissioned.ledger.membership.revocation import read_revocation_list
from console.consortium import OrganisationFolder
from console.exits import Misused


@pytest.fixture
def bank(tmp_path: Path) -> OrganisationFolder:
    folder = OrganisationFolder(tmp_path / "bank-a", OrganisationId("bank-a"))
    folder.make_authority()
    return folder


def _serial(certificate: Path) -> int:
    return x509.load_pem_x509_certificate(certificate.read_bytes()).serial_number


def test_a_newer_list_names_all_that_was_revoked_before(bank: OrganisationFolder) -> None:
    ann, _ = bank.certify(MemberName("ann"), MemberRole.MEMBER)
    bo, _ = bank.certify(MemberName("bo"), MemberRole.ADMIN)
    lists = [read_revocation_list(bank.revoke(one).read_bytes()) for one in (ann, bo, bo)]
    assert [int.from_bytes(one.number, "big") for one in lists] == [1, 2, 3]
    serials = [{int.from_bytes(serial, "big") for serial in one.serials} for one in lists]
    assert serials == [{_serial(ann)}, {_serial(ann), _serial(bo)}, {_serial(ann), _serial(bo)}]
    authority = x509.load_pem_x509_certificate(bank.authority.read_bytes())
    assert lists[-1].parsed.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    assert lists[-1].this_update < lists[-1].next_update


def test_only_who_signed_a_certificate_revokes_it(bank: OrganisationFolder, tmp_path: Path) -> None:
    other = OrganisationFolder(tmp_path / "bank-b", OrganisationId("bank-b"))
    other.make_authority()
    theirs, _ = other.certify(MemberName("bea"), MemberRole.MEMBER)
    with pytest.raises(Misused, match="not of bank-a's authority"):
        bank.revoke(theirs)
    with pytest.raises(Misused, match="cannot be read"):
        bank.revoke(tmp_path / "none.pem")
    assert not bank.revocations.exists()

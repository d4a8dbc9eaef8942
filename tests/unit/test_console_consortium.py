"""What an organisation's authority signs here, as a ledger takes it: certificates of requests, revocation lists."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from adapters.permissioned.ledger.identities import MemberName, MemberRole, OrganisationId
from adapters.permissioned.ledger.membership.certificates import read_member
from adapters.permissioned.ledger.membership.revocation import read_revocation_list
from console.consortium import OrganisationFolder
from console.exits import Misused
from tests.e2e.command import ichub


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


def _request(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> Path:
    """Whose names are not believed: the authority says who it is."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody else")])
    built = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    path.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_enrol_signs_a_request_and_leaves_the_key_with_its_owner(
    bank: OrganisationFolder, tmp_path: Path, curve: ec.EllipticCurve
) -> None:
    key = ec.generate_private_key(curve)
    home = tmp_path / "home"
    (home / "organisations").mkdir(parents=True)
    bank.path.rename(home / "organisations" / "bank-a")
    words = ("bank-a/ann", "--role", "admin", "--request", str(_request(tmp_path / "ann.csr", key)))
    done = ichub("ledger", "enrol", *words, environment={"ICHUB_LEDGER_HOME": str(home)})
    assert (done.returncode, "who enrols with it" in done.stdout) == (0, True), done.stderr
    members = home / "organisations" / "bank-a" / "members"
    assert [one.name for one in members.iterdir()] == ["ann.pem"]
    signed = x509.load_pem_x509_certificate((members / "ann.pem").read_bytes())
    certificate, subject = read_member(signed.public_bytes(serialization.Encoding.DER))
    assert certificate.key == key.public_key()
    assert (subject.organisation, subject.role, subject.name) == ("bank-a", MemberRole.ADMIN, "ann")
    authority = x509.load_pem_x509_certificate((home / "organisations" / "bank-a" / "ca.pem").read_bytes())
    signed.verify_directly_issued_by(authority)
    again = ichub("ledger", "enrol", *words, environment={"ICHUB_LEDGER_HOME": str(home)})
    assert (again.returncode, "--force" in again.stderr) == (2, True), again.stderr
    assert x509.load_pem_x509_certificate((members / "ann.pem").read_bytes()) == signed
    forced = ichub("ledger", "enrol", *words, "--force", environment={"ICHUB_LEDGER_HOME": str(home)})
    assert forced.returncode == 0, forced.stderr
    assert x509.load_pem_x509_certificate((members / "ann.pem").read_bytes()) != signed
    alone = ichub("ledger", "enrol", "bank-a/ann", "--force", environment={"ICHUB_LEDGER_HOME": str(home)})
    assert (alone.returncode, "is for --request" in alone.stderr) == (2, True), alone.stderr


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP521R1()),
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
    ],
    ids=["secp256k1", "P-521", "RSA"],
)
def test_a_request_with_a_key_that_no_ledger_takes_is_not_signed(
    bank: OrganisationFolder, tmp_path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> None:
    with pytest.raises(Misused, match="P-256 or P-384"):
        bank.sign_request(_request(tmp_path / "ann.csr", key), MemberName("ann"), MemberRole.MEMBER)
    assert not bank.member("ann")[0].exists()


def test_a_request_that_its_key_did_not_sign_is_not_signed(bank: OrganisationFolder, tmp_path: Path) -> None:
    request = _request(tmp_path / "ann.csr", ec.generate_private_key(ec.SECP256R1()))
    der = bytearray(x509.load_pem_x509_csr(request.read_bytes()).public_bytes(serialization.Encoding.DER))
    der[der.index(b"somebody else")] ^= 1
    forged = x509.load_der_x509_csr(bytes(der))
    request.write_bytes(forged.public_bytes(serialization.Encoding.PEM))
    with pytest.raises(Misused, match="is not signed"):
        bank.sign_request(request, MemberName("ann"), MemberRole.MEMBER)

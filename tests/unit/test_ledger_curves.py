"""Keys on P-384 all the way: an authority, a client and the node itself in one handshake, over real TLS."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.messages import InvokeContract
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import key_of
from tests.unit.ledger_node_world import ORGANISATIONS, LedgerNodeWorld, Named, Note, fresh, key_pem, pem, serving

BANK_A = ORGANISATIONS[0]
P384 = ec.SECP384R1()
SHA384 = hashes.SHA384()


class P384World(LedgerNodeWorld):
    """bank-a's authority and its node are on P-384 and signed with SHA-384; the other organisations on P-256."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.roots[BANK_A] = fresh(workshop.root("bank-a root", key=key_of("root", P384)), algorithm=SHA384).signed()
        self.authorities.write_bytes(b"".join(pem(one) for one in self.roots.values()))
        node = workshop.leaf(self.roots[BANK_A], "bank-a", "node", "validator", key=key_of("node", P384))
        self.server = serving(fresh(node, algorithm=SHA384)).signed()
        self.tls.certificate.write_bytes(pem(self.server))
        self.tls.key.write_bytes(key_pem(self.server))


async def test_authority_client_and_node_are_on_p384(tmp_path: Path) -> None:
    world = P384World(tmp_path)
    member = world.issue("bank-a/ann", key=key_of("ann", P384), algorithm=SHA384)
    server = x509.load_pem_x509_certificate(world.tls.certificate.read_bytes())
    for certificate in (world.roots[BANK_A].certificate, member.certificate, server):
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert isinstance(key.curve, ec.SECP384R1)
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA384)
    async with (
        world.running() as node,
        await world.connect(node, "bank-a/ann") as ann,
        await world.connect(node, "bank-b/ben", "member") as ben,
    ):
        await ann.enrol()
        await ann.submit([InvokeContract("board", "pin", write_json(Note("tide", "high")))])
        assert await ann.query("board", "read", write_json(Named("tide"))) == b'{"text":"high, says bank-a/ann"}'
        await ben.enrol()
        assert await ben.query("board", "read", write_json(Named("tide"))) == b'{"text":"high, says bank-b/ben"}'

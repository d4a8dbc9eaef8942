"""A ledger's node with real TLS: four organisations, members of every role, and their connections.

Certificates are of today: a handshake asks the machine's clock. The ledger's own clock stands still until it is moved.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.permissioned.ledger.actions import Action
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.interface import (
    Bytes32,
    Collection,
    Context,
    Contract,
    Nothing,
    PrivateCollection,
    Record,
    Seconds,
    View,
    query,
    transaction,
)
from adapters.permissioned.ledger.contracts.packages import Package
from adapters.permissioned.ledger.contracts.shape import shape_of
from adapters.permissioned.ledger.genesis import (
    FoundingContract,
    FoundingOrganisation,
    LedgerGenesis,
)
from adapters.permissioned.ledger.governance.proposals import Outcome
from adapters.permissioned.ledger.identities import ContractName, OrganisationId
from adapters.permissioned.ledger.messages import Propose, Vote
from adapters.permissioned.ledger.node import NodeConfig, PrivateConfig, running_ledger
from adapters.permissioned.ledger.parameters import Parameters
from hub.chain_node import Node, NodeConfigOf
from hub.quantities import Hash, UnixSeconds
from hub.rpc.serving import TlsFiles
from hub.signer import Signer
from tests.invariants import Past, hold_at_ledger
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import DAY, YEAR, Certified, Draft, founding
from tests.unit.node_world import SIGNERS, StillClock

ORGANISATIONS = tuple(OrganisationId(name) for name in ("bank-a", "bank-b", "customs", "port"))
ROLES = ("admin", "member", "validator", "auditor")


class Note(Record, frozen=True):
    name: str
    text: str


class Named(Record, frozen=True):
    name: str


class Sealed(Record, frozen=True):
    name: str
    salted_hash: Bytes32
    organisations: tuple[str, ...]
    keep_for: int


class Said(Record, frozen=True):
    text: str


class Board(Contract, name="board", version=1):
    """Notes for all, and values that some organisations alone keep."""

    notes = Collection("notes", Note, key=("name",))
    sealed = PrivateCollection("sealed")

    @transaction
    def pin(self, ctx: Context, note: Note) -> Nothing:
        self.notes.put(note)
        return Nothing()

    @transaction
    def unpin(self, ctx: Context, named: Named) -> Nothing:
        self.notes.delete(named.name)
        return Nothing()

    @transaction
    def seal(self, ctx: Context, sealed: Sealed) -> Nothing:
        self.sealed.put(
            sealed.name,
            salted_hash=sealed.salted_hash,
            organisations=sealed.organisations,
            keep_for=Seconds(sealed.keep_for),
        )
        return Nothing()

    @query
    def read(self, ctx: View, named: Named) -> Said:
        found = self.notes.find(named.name)
        return Said(f"{found.text if found else 'nothing'}, says {ctx.member.member}")


def fresh(draft: Draft, **changes: Any) -> Draft:
    """Valid since yesterday, by the machine's clock."""
    today = int(time.time())
    return draft.with_(not_before=today - 2 * DAY, not_after=today + YEAR).with_(**changes)


def pem(certified: Certified, *above: Certified) -> bytes:
    return b"".join(one.certificate.public_bytes(serialization.Encoding.PEM) for one in (certified, *above))


def key_pem(certified: Certified) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    data: bytes = certified.key.private_bytes(encoding, form, serialization.NoEncryption())
    return data


def serving(draft: Draft) -> Draft:
    """The same for a server at localhost."""
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(IPv4Address("127.0.0.1"))])
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    return draft.with_extension(names).with_extension(usages)


def installed_with(contract: type[Contract]) -> dict[str, Package]:
    """What a node has installed that knows this contract alone."""
    code = Hash(sha256(contract.name.encode()).digest())
    return {contract.name: Package(shape_of(contract), code)}


@dataclass
class LedgerNodeWorld:
    """``folder`` holds the node's files, and each member's."""

    folder: Path
    contract: type[Contract] = Board
    clock: StillClock = field(default_factory=lambda: StillClock(int(time.time())))
    members: dict[str, Certified] = field(default_factory=dict)
    above: dict[str, tuple[Certified, ...]] = field(default_factory=dict)
    devnet: bool = True
    past: Past = field(default_factory=Past, init=False)
    """Of the node that stopped last."""

    def __post_init__(self) -> None:
        self.roots = {name: fresh(workshop.root(f"{name} root")).signed() for name in ORGANISATIONS}
        self.issuing = fresh(workshop.intermediate(self.roots[ORGANISATIONS[0]])).signed()
        """Of bank-a; known to nobody until a member shows it."""
        self.stranger = fresh(workshop.root("bank-x root")).signed()
        self.installed = installed_with(self.contract)
        self.authorities = self.folder / "authorities.pem"
        self.authorities.write_bytes(b"".join(pem(one) for one in self.roots.values()))
        server = serving(fresh(workshop.leaf(self.roots[ORGANISATIONS[0]], "bank-a", "node", "validator"))).signed()
        self.server = server
        """The node's certificate: a member of bank-a, whose checkpoint key is the genesis's only validator."""
        self.tls = TlsFiles(self.folder / "node.pem", self.folder / "node.key")
        self.tls.certificate.write_bytes(pem(server))
        self.tls.key.write_bytes(key_pem(server))

    @property
    def genesis(self) -> LedgerGenesis:
        founders = tuple(FoundingOrganisation(name, name.upper(), (self.roots[name].der,)) for name in ORGANISATIONS)
        name = ContractName(self.contract.name)
        contract = FoundingContract(name, 1, self.installed[name].hash, "any member")
        return LedgerGenesis(
            chain_id="ledger-test",
            time=self.clock.now(),
            devnet=self.devnet,
            parameters=Parameters(),
            organisations=founders,
            validators=(founding("ledger-test", self.server, SIGNERS[0]),),
            contracts=(contract,),
        )

    def issue(self, member: str, role: str = "member", *, by: Sequence[Certified] = (), **changes: Any) -> Certified:
        """A certificate in the member's name; ``by``: its issuer, then who is above that one."""
        organisation, _, name = member.partition("/")
        above = tuple(by) or (self.roots[OrganisationId(organisation)],)
        self.members[member] = fresh(workshop.leaf(above[0], organisation, name, role), **changes).signed()
        self.above[member] = above[:-1] if by else ()
        certificate, key = self.files(member)
        certificate.parent.mkdir(exist_ok=True, parents=True)
        certificate.write_bytes(pem(self.members[member], *self.above[member]))
        key.write_bytes(key_pem(self.members[member]))
        return self.members[member]

    def files(self, member: str) -> tuple[Path, Path]:
        """Where a member's certificate and key stand."""
        return self.folder / f"{member}.pem", self.folder / f"{member}.key"

    def config(self, genesis: LedgerGenesis, name: str = "node", **changes: Any) -> NodeConfig:
        fields: dict[str, Any] = {"listen": "localhost:0", "tls": self.tls}
        return NodeConfigOf(genesis, self.folder / name / "store", self.folder / name / "guard", **(fields | changes))

    @asynccontextmanager
    async def running(
        self,
        *,
        name: str = "node",
        keeps_for: Sequence[str] = ORGANISATIONS,
        signers: Sequence[Signer] = SIGNERS[:1],
        open_listen: str = "",
        **changes: Any,
    ) -> AsyncIterator[Node]:
        """A node; the second time it goes on where it was. At its end is looked at what must hold."""
        if not hasattr(self, "_genesis"):
            self._genesis = self.genesis
        private = PrivateConfig(self.folder / name / "private.db", tuple(map(OrganisationId, keeps_for)))
        config = self.config(self._genesis, name, **changes)
        async with running_ledger(
            config, private, self.installed, signers, self.clock, open_listen=open_listen
        ) as node:
            yield node
        self.past = await asyncio.to_thread(hold_at_ledger, config, self.installed)

    async def connect(self, node: Node, member: str, role: str | None = None) -> LedgerClient:
        """As a member, whose certificate is issued first where a role is given."""
        if role is not None:
            self.issue(member, role)
        certificate, key = self.files(member)
        return await LedgerClient.connect(
            f"localhost:{node.port}",
            authorities=self.authorities,
            certificate=certificate,
            key=key,
            timeout_seconds=5,
        )

    def later(self, seconds: int) -> UnixSeconds:
        self.clock.advance(seconds)
        return self.clock.now()


async def chiefs(world: LedgerNodeWorld, node: Node) -> dict[str, LedgerClient]:
    """An enrolled admin of each organisation."""
    found: dict[str, LedgerClient] = {}
    for name in world.roots:
        found[name] = await world.connect(node, f"{name}/chief", "admin")
        await found[name].enrol()
    return found


async def decide(by: dict[str, LedgerClient], action: Action) -> None:
    """Have it voted for by three organisations, with which it is carried out."""
    first, *others = by.values()
    await first.submit([Propose(action, Seconds(3600))])
    number = (await first.proposals())[-1].number
    for chief in (first, *others[:2]):
        await chief.submit([Vote(number, True)])
    assert (await first.proposal(number)).outcome is Outcome.PASSED

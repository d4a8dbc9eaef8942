"""A permissioned ledger as an engine would run it, block by block: four organisations, their members, real signatures;
and its connection with a hub, with real proofs in both directions.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.interface import Contract, Record
from adapters.permissioned.ledger.contracts.packages import Package
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.genesis import (
    FoundingContract,
    FoundingOrganisation,
    LedgerGenesis,
)
from adapters.permissioned.ledger.governance.proposals import Outcome, count, proposal
from adapters.permissioned.ledger.identities import ContractName, OrganisationId, fingerprint
from adapters.permissioned.ledger.machine import LedgerMachine
from adapters.permissioned.ledger.membership.organisations import live_organisations
from adapters.permissioned.ledger.membership.signatures import sign
from adapters.permissioned.ledger.messages import AnyMessage, SignedTransaction, Transaction
from adapters.permissioned.ledger.parameters import Parameters
from adapters.permissioned.ledger.transactions import MemberSignature, encode_signatures, preimage
from hub import messages as hub_messages
from hub.accounts.accounts import account
from hub.block import BlockHeader, BlockOutcome, ResultCode, TransactionResult
from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import Config, Proof, SignedCheckpoint, StateProofs
from hub.events import Event, PacketSent
from hub.ibc import lane_registry
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.ibc.lanes import Lane, LaneRecord, encode_records
from hub.proofs.merkle import EMPTY_BATCH_ROOT
from hub.proofs.quorum import SignerSet, is_quorum, sign_quorum
from hub.quantities import Address, Amount, Gas, Height, Seconds, UnixSeconds
from hub.services.application import ENCODING, PORT, VERSION
from hub.signer import KeySigner
from hub.state.branch import MemoryState
from hub.validators import validators_of
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import Certified
from tests.unit.hub_chain import OPERATOR, RELAYER, HubChain, tree_of
from tests.unit.unlinted import unlinted
from tests.vectors.generate_quorum import ADDRESSES, KEYS

ORGANISATIONS = tuple(OrganisationId(name) for name in ("bank-a", "bank-b", "customs", "port"))
SIGNERS = (11, 12, 13, 14)
"""Numbers of the validators' keys, one an organisation."""


class MemberLedger:
    """The real state machine. Members are named ``organisation/name``; those of ``enrolled`` are there at once."""

    def __init__(
        self, *contracts: type[Contract], policy: str = "any member", enrolled: Iterable[str] = (), **changes: Any
    ) -> None:
        self.roots = {name: workshop.root(f"{name} root").signed() for name in ORGANISATIONS}
        self.installed: dict[str, Package] = {one.name: unlinted(one) for one in contracts}
        self.machine = LedgerMachine(self.genesis(policy, **changes), self.installed)
        self.members: dict[str, Certified] = {}
        self.state = MemoryState()
        self.state.apply(self.machine.genesis_changes())
        self.header = self.machine.genesis_header(tree_of(self.state).root)
        self.outcomes: list[BlockOutcome] = []
        self.blocks: list[tuple[BlockHeader, tuple[SignedTransaction, ...]]] = []
        self.events: list[Event] = []
        for member in (*(f"{name}/chief" for name in ORGANISATIONS), *enrolled):
            self.enrol(member, "admin" if member.endswith("/chief") else "member")

    def genesis(self, policy: str, **changes: Any) -> LedgerGenesis:
        founders = tuple(FoundingOrganisation(name, name.upper(), (self.roots[name].der,)) for name in ORGANISATIONS)
        keys = zip(ORGANISATIONS, SIGNERS, strict=True)
        validators = [
            workshop.founding(
                "trade-test",
                workshop.leaf(self.roots[name], name, "founder", "validator").signed(),
                KeySigner(KEYS[key]),
            )
            for name, key in keys
        ]
        contracts = [
            FoundingContract(ContractName(name), package.shape.version, package.hash, policy)
            for name, package in self.installed.items()
        ]
        fields: dict[str, Any] = {
            "chain_id": "trade-test",
            "time": workshop.NOW,
            "devnet": True,
            "parameters": Parameters(replacement_delay=Seconds(100)),
            "organisations": founders,
            "validators": tuple(sorted(validators, key=lambda one: one.address)),
            "contracts": tuple(sorted(contracts, key=lambda one: one.name)),
        }
        return LedgerGenesis(**(fields | changes))

    @property
    def now(self) -> UnixSeconds:
        return self.header.time

    @cached_property
    def signers(self) -> SignerSet:
        return SignerSet.of_equals(1, [ADDRESSES[key] for key in SIGNERS])

    # --- members and their transactions ---

    def issue(self, member: str, role: str = "member", **changes: Any) -> Certified:
        """A certificate of a member's organisation, which the member acts with from here on."""
        organisation, _, name = member.partition("/")
        draft = workshop.leaf(self.roots[OrganisationId(organisation)], organisation, name, role)
        self.members[member] = draft.with_(**changes).signed()
        return self.members[member]

    def enrol(self, member: str, role: str = "member", **changes: Any) -> TransactionResult:
        certified = self.issue(member, role, **changes)
        return self.do(member, m.EnrolMember(certified.der, ()))

    def sign(
        self, author: str, *messages: AnyMessage, endorsers: Sequence[str] = (), **changes: Any
    ) -> SignedTransaction:
        """A transaction of the author's, with the next nonce, some fields changed."""
        fields: dict[str, Any] = {
            "chain_id": self.machine.chain_id,
            "author": author,
            "nonce": 0,
            "expiry": UnixSeconds(self.now + 3600),
            "fee": Amount(0),
            "gas_limit": Gas(0),
            "messages": messages,
        }
        transaction = Transaction(**(fields | changes))
        if "nonce" not in changes:
            transaction = Transaction(**(fields | changes | {"nonce": account(self.state, transaction.account).nonce}))
        return self.signed(transaction, [author, *endorsers])

    def signed(self, transaction: Transaction, members: Sequence[str]) -> SignedTransaction:
        """The transaction signed by these members, the author first."""
        body = repr(transaction).encode()
        message = preimage(self.machine.genesis_hash, body)
        signature = encode_signatures(
            MemberSignature(fingerprint(one.der), sign(one.key, message)) for one in (self.members[n] for n in members)
        )
        return SignedTransaction(body, signature, sha256(body + signature).digest(), transaction)

    def block(self, *transactions: SignedTransaction, advance: int = 1) -> BlockOutcome:
        """Make a block ``advance`` seconds later; raises HubError for what may not stand in one."""
        height, time = Height(self.header.height + 1), UnixSeconds(self.now + advance)
        block = self.machine.begin(self.state, height, time, self.header.hash())
        for signed in transactions:
            block.apply(signed)
        outcome = block.finish()
        self.state.apply(outcome.changes)
        self.tree = tree_of(self.state)
        self.header = self.machine.header(outcome, self.tree.root)
        self.outcomes.append(outcome)
        self.blocks.append((self.header, transactions))
        self.events += outcome.events
        return outcome

    def try_(self, author: str, *messages: AnyMessage, **changes: Any) -> TransactionResult:
        """One transaction in one block."""
        return self.block(self.sign(author, *messages, **changes)).results[0]

    def do(self, author: str, *messages: AnyMessage, **changes: Any) -> TransactionResult:
        """One transaction in one block, which must not be refused."""
        result = self.try_(author, *messages, **changes)
        assert result.code is not ResultCode.REFUSED, result.text
        return result

    def invoke(self, author: str, contract: str, method: str, argument: Record, **changes: Any) -> TransactionResult:
        return self.try_(author, m.InvokeContract(contract, method, write_json(argument)), **changes)

    def propose(self, action: a.Action) -> int:
        self.do("bank-a/chief", m.Propose(action, Seconds(3600)))
        return count(self.state)

    def decide(self, action: a.Action) -> TransactionResult:
        """Propose, and let one organisation after the other be for it; the result of the deciding vote."""
        number, voters = self.propose(action), iter(live_organisations(self.state))
        while True:
            result = self.do(f"{next(voters)}/chief", m.Vote(number, True))
            if proposal(self.state, number).outcome is not Outcome.PENDING:  # type: ignore[union-attr]
                return result

    # --- a hub ---

    def checkpoint(self, height: int = 0, **changes: Any) -> SignedCheckpoint:
        """A block, the latest by default, as a bare quorum of its validators signs it for the hub."""
        other = self.machine.clients.counterparty(self.state, self.hub_client)
        header = self.blocks[(height or self.header.height) - 1][0]
        outcome = self.outcomes[header.height - 1]
        roots = {batch.client: batch.root for batch in outcome.batches}
        fields: dict[str, Any] = {
            "chain": self.machine.chain_id,
            "genesis_hash": self.machine.genesis_hash,
            "source_client": self.hub_client,
            "destination_client": other.client,
            "epoch": outcome.epoch,
            "height": header.height,
            "timestamp": header.time,
            "block_hash": header.hash(),
            "app_root": header.app_root,
            "batch_root": roots.get(self.hub_client, EMPTY_BATCH_ROOT),
            "next_validator_set_hash": header.next_validator_set_hash,
        }
        shown, signing = Checkpoint(**(fields | changes)), validators_of(self.state, outcome.epoch)
        assert signing is not None
        return SignedCheckpoint(shown, sign_quorum(signing, bare_quorum(signing), shown.digest(other.domain)))

    def connect(self, hub: HubChain) -> None:
        """Clients, counterparties and lanes on both sides: at the hub by its operator, here by votes."""
        self.hub, hours = hub, (Seconds(86_400), Seconds(3600))
        ours = Config(self.machine.chain_id, self.machine.genesis_hash, self.signers, *hours)
        hub.do(OPERATOR, hub_messages.CreateQuorumClient(ours))
        self.client = hub.app.clients.all(hub.state)[-1]
        theirs = Config("hub-test", hub.app.genesis_hash, hub.app.genesis.validators, *hours)
        self.decide(a.Connect(hub_messages.CreateQuorumClient(theirs)))
        (self.hub_client,) = self.machine.clients.all(self.state)
        ends = (PORT, PORT, VERSION, ENCODING)
        outward, inward = (self.hub_client, self.client, *ends), (self.client, self.hub_client, *ends)
        nobody, salt = Address(b""), hub.app.genesis_hash
        self.decide(a.Connect(hub_messages.RegisterCounterparty(self.hub_client, self.client, 0, nobody, salt)))
        hub.do(
            OPERATOR,
            hub_messages.RegisterCounterparty(self.client, self.hub_client, 0, nobody, self.machine.genesis_hash),
        )
        for route in sorted({outward, inward}):
            self.decide(a.Connect(hub_messages.RegisterLane(*route)))
            hub.do(OPERATOR, hub_messages.RegisterLane(*route))
        self.numbers = {
            side: tuple(lane_registry.number_of(state, Lane(*route)) for route in (outward, inward))
            for side, state in (("here", self.state), ("hub", hub.state))
        }

    # --- what a relayer carries: packets of this ledger's and of the hub's, each with its proof ---

    def receive_at_hub(self, *sent: PacketSent) -> hub_messages.ReceivePackets:
        proof = self.proof(PathKind.COMMITMENT, sent)
        return hub_messages.ReceivePackets(self.client, self._records("hub", 0, sent), proof)

    def acknowledge_at_hub(
        self, sent: Sequence[PacketSent], answers: Sequence[bytes]
    ) -> hub_messages.AcknowledgePackets:
        proof = self.proof(PathKind.ACKNOWLEDGEMENT, sent)
        return hub_messages.AcknowledgePackets(self.client, self._records("hub", 1, sent), tuple(answers), proof)

    def time_out_at_hub(self, *sent: PacketSent) -> hub_messages.TimeOutPackets:
        proof = self.proof(PathKind.RECEIPT, sent)
        return hub_messages.TimeOutPackets(self.client, self._records("hub", 1, sent), proof)

    def receive_here(self, *sent: PacketSent) -> m.ReceivePackets:
        proof = self._hub_proof(PathKind.COMMITMENT, sent)
        return m.ReceivePackets(self.hub_client, self._records("here", 1, sent), proof)

    def acknowledge_here(self, sent: Sequence[PacketSent], answers: Sequence[bytes]) -> m.AcknowledgePackets:
        proof = self._hub_proof(PathKind.ACKNOWLEDGEMENT, sent)
        return m.AcknowledgePackets(self.hub_client, self._records("here", 0, sent), tuple(answers), proof)

    def time_out_here(self, *sent: PacketSent) -> m.TimeOutPackets:
        proof = self._hub_proof(PathKind.RECEIPT, sent)
        return m.TimeOutPackets(self.hub_client, self._records("here", 0, sent), proof)

    def bring_to_hub(self, sent: PacketSent) -> TransactionResult:
        """Carry a packet from here to the hub."""
        return self.hub.try_(RELAYER, self.receive_at_hub(sent))

    def answer_to_hub(self, sent: PacketSent, answer: bytes) -> TransactionResult:
        """Show the hub what was answered here to its packet."""
        return self.hub.try_(RELAYER, self.acknowledge_at_hub([sent], [answer]))

    def take_in(self, sent: PacketSent, by: str = "port/chief") -> TransactionResult:
        """Carry a packet of the hub here, by a member's transaction."""
        return self.try_(by, self.receive_here(sent))

    def learn(self, sent: PacketSent, answer: bytes, by: str = "port/chief") -> TransactionResult:
        """Show the ledger what the hub answered to its packet."""
        return self.try_(by, self.acknowledge_here([sent], [answer]))

    def give_up(self, sent: PacketSent, by: str = "port/chief") -> TransactionResult:
        """Show the ledger that the hub has never received its packet."""
        return self.try_(by, self.time_out_here(sent))

    def proof(self, kind: PathKind, sent: Sequence[PacketSent]) -> Proof:
        """What stands here for these packets in the latest state."""
        paths = [Path(kind, self.hub_client, one.sequence) for one in sent]
        return Proof(self.checkpoint(), StateProofs(tuple(self.tree.proof(path.encode()) for path in paths)))

    def _hub_proof(self, kind: PathKind, sent: Sequence[PacketSent]) -> Proof:
        return self.hub.proof(self.client, [Path(kind, self.client, one.sequence) for one in sent])

    def _records(self, side: str, lane: int, sent: Sequence[PacketSent]) -> bytes:
        number = self.numbers[side][lane]
        return encode_records(LaneRecord(number, one.sequence, one.timeout, one.value) for one in sent)

    client: ClientId
    hub_client: ClientId
    numbers: dict[str, tuple[int, ...]]


def bare_quorum(signers: SignerSet) -> dict[Address, bytes]:
    """The keys of as few as are enough, the most powerful first."""
    keys: dict[Address, bytes] = {}
    power = 0
    for member in sorted(signers.members, key=lambda one: -one.power):
        if not is_quorum(power, signers.total_power()):
            keys[member.address] = KEYS[ADDRESSES.index(member.address)]
            power += member.power
    return keys

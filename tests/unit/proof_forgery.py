"""What a chain of our own shows another of its packets, with one thing wrong at a time: each has its name.

Where it can be, the checkpoint is signed by a quorum for just what it says, so that what is wrong is found by its own
rule and not by the signature's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from hub.clients.checkpoint import Checkpoint
from hub.clients.quorum import BatchPath, BatchPaths, SignedCheckpoint, StateProofs, WholeBatch
from hub.ibc.commitment import Path, PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import Domain, SaltDomain
from hub.proofs.quorum import SignerSet, sign_quorum
from hub.proofs.smt import tree_key
from hub.quantities import Address, Hash, Sequence
from hub.state.collections import Room, text
from hub.validators import validators_of
from tests.unit.member_ledger import MemberLedger, bare_quorum
from tests.unit.quorum_chain import ReferenceTree
from tests.vectors.generate_quorum import ADDRESSES, KEYS

replace = msgspec.structs.replace
NEVER_SENT = Sequence(1_000_000)
ELSEWHERE = Hash(b"\x07" * 32)


@dataclass(frozen=True, slots=True)
class Source:
    """The chain that shows: its newest block, which ``signers`` sign for the chain at ``domain``.

    ``client``: its client of the other. ``before``: the block before, as it was signed.
    """

    client: ClientId
    tree: ReferenceTree
    shown: Checkpoint
    before: SignedCheckpoint
    signers: SignerSet
    domain: Domain

    def signed(self, **changes: Any) -> SignedCheckpoint:
        """The newest block with some fields changed, as a quorum signs just that."""
        return self.signed_by(bare_quorum(self.signers), replace(self.shown, **changes), self.domain)

    def signed_by(self, keys: dict[Address, bytes], shown: Checkpoint, domain: Domain) -> SignedCheckpoint:
        return SignedCheckpoint(shown, sign_quorum(self.signers, keys, shown.digest(domain)))


def the_ledger(ledger: MemberLedger) -> Source:
    """A ledger, as it shows its hub something."""
    shown, before = ledger.checkpoint().checkpoint, ledger.checkpoint(ledger.header.height - 1)
    signers = validators_of(ledger.state, shown.epoch)
    assert signers is not None
    domain = SaltDomain(ledger.hub.app.genesis_hash)
    return Source(ledger.hub_client, ledger.tree, shown, before, signers, domain)


def the_hub(ledger: MemberLedger) -> Source:
    """Its hub, as it shows the ledger something."""
    hub, client = ledger.hub, ledger.client
    shown, before = hub.shown(client), hub.checkpoint(client, block=hub.header.height - 1)
    domain = SaltDomain(ledger.machine.genesis_hash)
    return Source(client, hub.tree, shown, before, hub.app.genesis.validators, domain)


def one_too_few(source: Source) -> SignedCheckpoint:
    """With the most signatures that are no quorum, the weakest members' first; reckoned without the code's own rule."""
    keys: dict[Address, bytes] = {}
    power, total = 0, sum(member.power for member in source.signers.members)
    for member in sorted(source.signers.members, key=lambda one: one.power):
        power += member.power
        if power * 3 <= total * 2:
            keys[member.address] = KEYS[ADDRESSES.index(member.address)]
    return source.signed_by(keys, source.shown, source.domain)


def of_a_zero_root(source: Source) -> SignedCheckpoint:
    """It cannot be made; if it could, nothing would stand under it."""
    shown = replace(source.shown)
    msgspec.structs.force_setattr(shown, "app_root", Hash(bytes(32)))
    return source.signed_by(bare_quorum(source.signers), shown, source.domain)


def unsigned(source: Source, **changes: Any) -> SignedCheckpoint:
    """What was signed is the newest block as it is."""
    return replace(source.signed(), checkpoint=replace(source.shown, **changes))


CHECKPOINTS: dict[str, tuple[Callable[[Source], SignedCheckpoint], str]] = {
    "one signature too few": (one_too_few, "TOO_LITTLE_POWER"),
    "no signature": (lambda s: s.signed_by({}, s.shown, s.domain), "TOO_LITTLE_POWER"),
    "signed for another chain": (
        lambda s: s.signed_by(bare_quorum(s.signers), s.shown, SaltDomain(ELSEWHERE)),
        "WRONG_SIGNER",
    ),
    "a root that nobody signed": (lambda s: unsigned(s, app_root=ELSEWHERE), "WRONG_SIGNER"),
    "a height that nobody signed": (lambda s: unsigned(s, height=s.shown.height + 1), "WRONG_SIGNER"),
    "another root": (lambda s: s.signed(app_root=ELSEWHERE), "TREE_ROOT_MISMATCH"),
    "a zero root": (of_a_zero_root, "EMPTY_TREE_ROOT"),
    "another height": (lambda s: s.before, "TREE_ROOT_MISMATCH"),
    "another epoch": (lambda s: s.signed(epoch=s.shown.epoch + 1), "WRONG_EPOCH"),
    "another chain": (lambda s: s.signed(chain="trade-2"), "WRONG_CHAIN"),
    "another genesis": (lambda s: s.signed(genesis_hash=ELSEWHERE), "WRONG_CHAIN"),
    "from another client": (lambda s: s.signed(source_client="quorum-7"), "WRONG_CHAIN"),
    "for another client": (lambda s: s.signed(destination_client="quorum-7"), "WRONG_CHAIN"),
}
"""By what is wrong: the newest block so shown, and why it is not believed, whatever is claimed of it."""

Under = WholeBatch | BatchPaths | StateProofs
Forgeries = dict[str, tuple[Callable[[Source], Under], str]]


def at(source: Source, key: bytes) -> StateProofs:
    """The honest proof of what stands at a key of the tree, or of nothing."""
    return StateProofs((source.tree.proof(key),))


def where_something_stands(source: Source) -> StateProofs:
    return at(source, tree_key(bytes((Room.CLIENT_STATES,)) + text(source.client)))


def where_nothing_stands(source: Source) -> StateProofs:
    return at(source, Path(PathKind.COMMITMENT, source.client, NEVER_SENT).encode())


IN_STATE: Forgeries = {
    "no proof": (lambda s: StateProofs(()), "WRONG_PROOF_COUNT"),
    "an empty proof": (lambda s: StateProofs((b"",)), "MALFORMED_TREE_PROOF"),
}
PRESENCE: Forgeries = IN_STATE | {
    "an empty batch": (lambda s: WholeBatch(()), "EMPTY_BATCH"),
    "another path, where something stands": (where_something_stands, "TREE_ROOT_MISMATCH"),
    "another path, where nothing stands": (where_nothing_stands, "NOT_A_MEMBERSHIP_PROOF"),
}
"""By what is wrong: a proof under the newest block's roots, and why it does not show what is there."""
ABSENCE: Forgeries = IN_STATE | {
    "an empty batch": (lambda s: WholeBatch(()), "NON_MEMBERSHIP_NOT_PROVEN"),
    "the batch's entries": (lambda s: BatchPaths(1, (BatchPath(0, ()),)), "NON_MEMBERSHIP_NOT_PROVEN"),
    "another path, where something stands": (where_something_stands, "NOT_A_NON_MEMBERSHIP_PROOF"),
}
"""And why it does not show what is not."""


def with_checkpoint(message: Any, signed: SignedCheckpoint) -> Any:
    return replace(message, proof=replace(message.proof, signed=signed))


def with_proof(message: Any, under: Under) -> Any:
    return replace(message, proof=replace(message.proof, under=under))

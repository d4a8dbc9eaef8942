"""Each part of a receipt for itself: what the light client on the receiving side accepts, and under whose signatures.

The checks are those of ``hub/clients``. What only a chain that runs can ask, whether news is still news and contradicts
nothing seen before, is not asked here: a receipt is about the past.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar, assert_never

from hub.block import HEADER_VERSION, BlockHeader
from hub.clients import quorum
from hub.clients.attested_evm import verify_header
from hub.clients.base import Claims
from hub.clients.errors import ClientKindMismatch
from hub.clients.quorum import SignedCheckpoint, refuse_misaddressed, verify_claims, verify_signatures
from hub.clients.router_proof import verify_router
from hub.errors import HubError
from hub.events import encode_event
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import SaltDomain
from hub.proofs.merkle import verify_record
from hub.proofs.quorum import SignerSet, who_signed
from hub.quantities import Address, Epoch, Hash, Height, UnixSeconds
from hub.receipts.errors import AnchorMissing, ChainNotTrusted, PartDoesNotFit, PartNotProven, ReceiptError
from hub.receipts.receipt import AttestedStorage, Evidence, HubBlock
from hub.receipts.trust import Chain, EvmChain, OwnChain, Trust

C = TypeVar("C", OwnChain, EvmChain)


@dataclass(frozen=True, slots=True)
class Point:
    """Where something stands, and whose word that is: ``signers``, all of ``signer_set``, over a block of ``chain``.

    ``client``: the hub's of the chain, empty where the chain is the hub.
    """

    client: str
    chain: Chain
    height: Height
    time: UnixSeconds
    block_hash: Hash
    signer_set: SignerSet
    signers: tuple[Address, ...]

    @property
    def epoch(self) -> Epoch:
        """Of the set."""
        return self.signer_set.epoch


@contextmanager
def part(name: str) -> Iterator[None]:
    """Name the part in whatever a check raises; raises PartNotProven, and ReceiptError, which names its own part."""
    try:
        yield
    except (AnchorMissing, ChainNotTrusted) as error:
        error.part = name
        raise
    except ReceiptError:
        raise
    except HubError as error:
        raise PartNotProven(name, error.reason(), str(error)) from error


def shown_by_chain(trust: Trust, client: ClientId, evidence: Evidence, claims: Claims) -> Point:
    """What the chain behind ``client`` shows the hub of its store.

    Raises ChainNotTrusted, AnchorMissing, ClientError, ProofError.
    """
    match evidence:
        case AttestedStorage(signed, storage):
            header = signed.header
            chain = _of_kind(trust.chain(client, header.epoch), EvmChain, client)
            verify_header(trust.genesis_hash, client, chain, signed)
            verify_router(header.state_root, chain.router, chain.router_code_hash, storage, claims)
            signers = who_signed(chain.attestors, signed.signature)
            at = (header.number, header.timestamp, header.block_hash)
            return Point(client, chain, *at, chain.attestors, signers)
        case quorum.Proof(signed, under):
            own = _of_kind(trust.chain(client, signed.checkpoint.epoch), OwnChain, client)
            refuse_misaddressed(client, trust.counterparty(client).client, own, signed.checkpoint)
            verify_signatures(own, signed, SaltDomain(trust.genesis_hash))
            verify_claims(signed.checkpoint, under, claims)
            return _point(client, own, signed)
        case _:
            assert_never(evidence)


def shown_by_hub(trust: Trust, client: ClientId, evidence: Evidence, claims: Claims) -> Point:
    """What the hub shows the chain behind ``client`` of its store; raises as ``shown_by_chain``."""
    if not isinstance(evidence, quorum.Proof):
        raise PartDoesNotFit("what the hub shows", "kind of proof", "quorum", "attested_evm")
    point = _signed_by_hub(trust, client, evidence.signed)
    verify_claims(evidence.signed.checkpoint, evidence.under, claims)
    return point


def shown_in_block(trust: Trust, block: HubBlock) -> Point:
    """The hub made this block, and the events are in it; raises as ``shown_by_chain``, and PartDoesNotFit."""
    point = _signed_by_hub(trust, block.signed.checkpoint.source_client, block.signed)
    for field, expected, given in _likeness(point, block.header):
        if expected != given:
            raise PartDoesNotFit(f"the header of the hub's block {point.height}", field, str(expected), str(given))
    for proven in block.events:
        verify_record(block.header.event_root, sha256(encode_event(proven.event)).digest(), proven.path)
    return point


def _likeness(point: Point, header: BlockHeader) -> Iterator[tuple[str, object, object]]:
    """What a header must have of the checkpoint over its hash; the version first, without which it has no hash."""
    yield "version", HEADER_VERSION, header.version
    yield "hash", "0x" + point.block_hash.hex(), "0x" + header.hash().hex()
    yield "height", point.height, header.height
    yield "time", point.time, header.time
    yield "validator_set_hash", "0x" + point.signer_set.hash().hex(), "0x" + header.validator_set_hash.hex()


def _of_kind(chain: Chain, kind: type[C], client: ClientId) -> C:
    if not isinstance(chain, kind):
        raise ClientKindMismatch(client, type(chain).__name__, kind.__name__)
    return chain


def _signed_by_hub(trust: Trust, client: ClientId, signed: SignedCheckpoint) -> Point:
    own, other = trust.validators(signed.checkpoint.epoch), trust.counterparty(client)
    refuse_misaddressed(other.client, client, own, signed.checkpoint)
    verify_signatures(own, signed, trust.domain(client, signed.checkpoint.height))
    return _point("", own, signed)


def _point(client: str, own: OwnChain, signed: SignedCheckpoint) -> Point:
    shown = signed.checkpoint
    signers = who_signed(own.validators, signed.signature)
    return Point(client, own, shown.height, shown.timestamp, shown.block_hash, own.validators, signers)

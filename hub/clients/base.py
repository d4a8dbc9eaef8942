"""The one interface of all light clients (ICS-2, with proofs verified inline).

A light client object holds nothing: all that it knows stands in the state under its identifier. A **proof** carries the
signed header it rests on (or names a height already stored), so that one message both updates the client and proves
something.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeVar

import msgspec

from hub.ibc.commitment import Path
from hub.ibc.identifiers import ClientId
from hub.quantities import Height, Seconds, UnixSeconds
from hub.state.branch import Branch, StateReader


class ClientStatus(Enum):
    """Whether a client may be relied on. Only ACTIVE may send or receive."""

    ACTIVE = "active"
    FROZEN = "frozen"
    EXPIRED = "expired"


class ProvenPoint(msgspec.Struct, frozen=True, array_like=True):
    """A height of the counterparty that a light client believes, and the counterparty's time there."""

    height: Height
    time: UnixSeconds


@dataclass(frozen=True, slots=True)
class Claims:
    """What a message says of the counterparty's store, named before any no-op is left out.

    ``present``: paths and the 32-byte commitments under them. ``absent``: receipt paths where nothing stands.
    """

    present: Sequence[tuple[Path, bytes]] = ()
    absent: Sequence[Path] = ()


Config_contra = TypeVar("Config_contra", contravariant=True)
Proof_contra = TypeVar("Proof_contra", contravariant=True)
Update_contra = TypeVar("Update_contra", contravariant=True)
Evidence_contra = TypeVar("Evidence_contra", contravariant=True)


class LightClient(Protocol[Config_contra, Update_contra, Proof_contra, Evidence_contra]):
    """One kind of light client. All methods validate everything first and write last."""

    def create(self, state: Branch, client: ClientId, config: Config_contra, now: UnixSeconds) -> None:
        """Store a new client's state; raises ClientError for a configuration that is not safe."""
        ...

    def status(self, state: StateReader, client: ClientId, now: UnixSeconds) -> ClientStatus: ...

    def latest(self, state: StateReader, client: ClientId) -> ProvenPoint:
        """The highest point proven so far."""
        ...

    def finality_time(self, state: StateReader, client: ClientId) -> Seconds:
        """How long the chain takes until what happened there can be proven here."""
        ...

    def update(self, state: Branch, client: ClientId, update: Update_contra, now: UnixSeconds) -> ProvenPoint:
        """Believe a signed header, or pass to the next set; a repeat changes nothing.

        Raises ClientError, ProofError. The client may be frozen afterwards: what was signed may show misbehaviour.
        """
        ...

    def verify(
        self, state: Branch, client: ClientId, proof: Proof_contra, claims: Claims, now: UnixSeconds
    ) -> ProvenPoint:
        """Verify all claims at the proof's height, updating the client where its header is newer.

        Raises ClientError, ProofError: one claim that does not hold, or one trie node that no claim needs, fails
        the whole.
        """
        ...

    def freeze_on(self, state: Branch, client: ClientId, evidence: Evidence_contra) -> None:
        """Freeze the client if the evidence shows misbehaviour; raises ProofError if it does not."""
        ...

"""An EVM chain beside the hub, as its attestors and its router's storage show it: what happens there is a ledger's."""

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from hub import messages as m
from hub.clients.attestation import AttestationScope
from hub.clients.attested_evm import Config, Evidence, Proof, SignedHeader
from hub.clients.quorum import Proof as HubProof
from hub.clients.router_proof import AcknowledgementWindow
from hub.clients.router_storage import (
    WINDOW,
    acknowledgement_chain,
    acknowledgement_slot,
    commitment_slot,
    receipt_bit,
    receipt_slot,
)
from hub.events import AcknowledgementWritten, Event
from hub.ibc.commitment import Path, PathKind, acknowledgement_commitment
from hub.messages import AnyMessage
from hub.proofs.eip712 import SaltDomain
from hub.proofs.quorum import SignerSet, least_quorum
from hub.quantities import Hash, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from hub.state.context import Context
from tests.unit.attested_chain import CODE_HASH, ROUTER, Storage, header, sign, slot
from tests.unit.hub_chain import HubChain
from tests.unit.ledger_chain import Ledger
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label

ATTESTORS = ADDRESSES[5:9]
FINALITY_RULE = "finalized"


class AttestedLedger(Ledger):
    """The packet handlers' state, laid out as a router's storage and proven under headers that attestors sign.

    Towards it a validator of the hub signs as for any ledger: ``QuorumClient.sol`` is tested elsewhere.
    """

    def __init__(self, hub: HubChain, name: str, number: int) -> None:
        self.chain_id = 31_337 + number
        self.attestors = SignerSet.of_equals(1, ATTESTORS)
        self._acknowledged: list[tuple[Number, Hash]] = []
        self._storage: tuple[Height, Storage] | None = None
        super().__init__(hub, name, number)

    # --- at the hub ---

    def client_config(self, **changes: Any) -> Config:
        fields: dict[str, Any] = {
            "chain_id": self.chain_id,
            "router": ROUTER,
            "router_code_hash": CODE_HASH,
            "attestors": self.attestors,
            "threshold": least_quorum(len(ATTESTORS)),
            "finality_rule": FINALITY_RULE,
            "trusting_period": Seconds(86_400),
            "max_clock_drift": Seconds(3600),
            "finality_time": Seconds(0),
        }
        return Config(**(fields | changes))

    def creation(self) -> AnyMessage:
        return m.CreateAttestedClient(self.client_config())

    def registration(self) -> m.RegisterCounterparty:
        return m.RegisterCounterparty(self.client, self.hub_client, self.chain_id, b"\x11" * 20, b"")

    def replacement(self) -> AnyMessage:
        return m.ScheduleAttestedReplacement(self.client, self.client_config(attestors=self._next_epoch()))

    def begin_anew(self) -> None:
        self.attestors = self._next_epoch()

    # --- what is shown ---

    def end(self, ctx: Context) -> list[Event]:
        events = super().end(ctx)
        self._acknowledged += (
            (event.sequence, acknowledgement_commitment(event.acknowledgement))
            for event in events
            if isinstance(event, AcknowledgementWritten)
        )
        return events

    def header(self, **changes: Any) -> SignedHeader:
        """The latest block as the attestors sign it for the hub."""
        fields: dict[str, Any] = {
            "epoch": self.attestors.epoch,
            "number": self.height,
            "block_hash": Hash(label(f"{self.name} {self.height}")),
            "state_root": self.storage.state.root,
            "timestamp": self.time,
        }
        scope = AttestationScope(self.hub.app.genesis_hash, self.client, FINALITY_RULE, self.chain_id)
        return sign(header(**(fields | changes)), self.attestors, least_quorum(len(ATTESTORS)), scope)

    @property
    def storage(self) -> Storage:
        """The router's, after the latest block."""
        if self._storage is None or self._storage[0] != self.height:
            self._storage = self.height, Storage(self._words())
        return self._storage[1]

    def proof(self, paths: Iterable[Path]) -> Proof:
        shown = tuple(paths)
        slots = [slot(path) for path in shown if path.kind is not PathKind.ACKNOWLEDGEMENT]
        windows = [window for window in self._windows() if any(window.holds(path) for path in shown)]
        return Proof(self.header(), self.storage.proof(slots, windows))

    def news(self) -> AnyMessage:
        return m.UpdateAttestedClient(self.client, self.header())

    def dated(self, proof: Any, timestamp: UnixSeconds) -> Any:
        return replace(proof, basis=self.header(timestamp=timestamp))

    def forged(self, proof: Any) -> Any:
        root = self.header(state_root=Hash(b"\x01" * 32)).header
        return replace(proof, basis=replace(self.header(), header=root))

    def misbehaviour(self) -> AnyMessage:
        one, another = (self.header(block_hash=Hash(label(name))) for name in ("one", "another"))
        return m.ReportAttestedMisbehaviour(self.client, Evidence(one, another))

    def hub_proof(self, paths: Iterable[Path]) -> HubProof:
        return self.hub.proof(self.client, paths, SaltDomain(self.genesis_hash))

    def _next_epoch(self) -> SignerSet:
        return replace(self.attestors, epoch=self.attestors.epoch + 1)

    def _words(self) -> dict[Hash, bytes]:
        words = {commitment_slot(key): value for key, value in self._standing(PathKind.COMMITMENT)}
        for key, _ in self._standing(PathKind.RECEIPT):
            sequence = Number(int.from_bytes(key[-8:], "big"))
            place = receipt_slot(self.hub_client, sequence)
            word = int.from_bytes(words.get(place, b""), "big") | receipt_bit(sequence)
            words[place] = word.to_bytes(32, "big")
        for window in self._windows():
            words[acknowledgement_slot(window.client, window.index)] = acknowledgement_chain(window.entries)
        return words

    def _standing(self, kind: PathKind) -> Iterable[tuple[bytes, bytes]]:
        """What stands at paths of that kind."""
        first = self.hub_client.encode()
        return self.state.scan(first + bytes((kind,)), first + bytes((kind + 1,)))

    def _windows(self) -> list[AcknowledgementWindow]:
        return [
            AcknowledgementWindow(self.hub_client, start // WINDOW, tuple(self._acknowledged[start : start + WINDOW]))
            for start in range(0, len(self._acknowledged), WINDOW)
        ]

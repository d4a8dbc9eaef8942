"""All events of a ledger, whichever part of it tells them."""

from typing import TypeAlias

import msgspec

from adapters.permissioned.ledger.contracts.events import AnyContractEvent
from adapters.permissioned.ledger.events import GovernanceEvent, MembershipEvent
from adapters.permissioned.ledger.service import events as service
from hub import events as hub

LedgerEvent: TypeAlias = (
    hub.ClientCreated
    | hub.ClientUpdated
    | hub.ClientFrozen
    | hub.ClientReplacementScheduled
    | hub.ClientReplacementCancelled
    | hub.ClientReplaced
    | hub.DomainChangeScheduled
    | hub.DomainChanged
    | hub.DomainChangeCancelled
    | hub.CounterpartyRegistered
    | hub.LaneRegistered
    | hub.PacketSent
    | hub.PacketReceived
    | hub.AcknowledgementWritten
    | hub.PacketAcknowledged
    | hub.PacketTimedOut
    | hub.ApplicationFailed
    | hub.ValidatorSetProposed
    | hub.ValidatorSetWithdrawn
    | hub.RotationCheckpointStored
    | hub.ValidatorSetChanged
    | MembershipEvent
    | GovernanceEvent
    | AnyContractEvent
    | service.CallSent
    | service.CallEnded
    | service.CallbackFailed
    | service.RequestServed
    | service.RequestAnswered
)

decode_event = msgspec.msgpack.Decoder(LedgerEvent).decode

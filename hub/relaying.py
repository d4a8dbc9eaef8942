"""What transactions ask of the packet protocol, on any chain of our own: packets carried, light clients kept."""

from typing import TypeAlias

from hub import messages as m
from hub import validators
from hub.clients.counterparty import Counterparty
from hub.clients.host import Host
from hub.clients.registry import Clients
from hub.ibc import client_lifecycle, lane_registry
from hub.ibc.channel import Channel
from hub.ibc.errors import TooManyPackets
from hub.ibc.identifiers import ClientId, PortId, client_id, counterparty_client_id
from hub.ibc.lanes import Lane, decode_records
from hub.ibc.ports import Ports
from hub.proofs.eip712 import Domain
from hub.quantities import Seconds
from hub.state.context import Context

MAX_PACKETS = 256
"""In one message: a full batch."""

Carrying: TypeAlias = m.ReceivePackets | m.AcknowledgePackets | m.TimeOutPackets
"""Packets, each proven."""
Proving: TypeAlias = (
    m.UpdateAttestedClient
    | m.UpdateQuorumClient
    | m.ReportAttestedMisbehaviour
    | m.ReportQuorumMisbehaviour
    | m.StoreRotationCheckpoint
)
"""What keeps light clients true, on either side; each proven."""
Connecting: TypeAlias = (
    m.CreateAttestedClient
    | m.CreateQuorumClient
    | m.RegisterCounterparty
    | m.RegisterLane
    | m.ScheduleAttestedReplacement
    | m.ScheduleQuorumReplacement
    | m.ApplyClientReplacement
    | m.CancelClientReplacement
    | m.ScheduleDomainChange
    | m.ApplyDomainChange
    | m.CancelDomainChange
    | m.ProposeValidatorSet
    | m.WithdrawValidatorSet
)
"""Whom this chain believes, and who signs for it: not proven, so that a role or a vote must stand behind it."""


class Relaying:
    """The packet handlers of one chain with its light clients. Applications register with ``ports``."""

    def __init__(self, chain_id: str, host: Host) -> None:
        self._chain = (chain_id, host.genesis_hash)
        self.clients = Clients(host)
        self.ports = Ports()
        self.channel = Channel(self.ports, self.clients)

    def carry(self, ctx: Context, message: Carrying) -> bool:
        """Receive, acknowledge or time out; False where all of it had been done. Raises PacketError, ClientError."""
        client, records, proof = client_id(message.client), decode_records(message.records), message.proof
        if len(records) > MAX_PACKETS:
            raise TooManyPackets(len(records), MAX_PACKETS)
        before = self.clients.latest(ctx.state, client)
        match message:
            case m.ReceivePackets():
                done = self.channel.receive(ctx, client, records, proof)
            case m.AcknowledgePackets():
                done = self.channel.acknowledge(ctx, client, records, message.acknowledgements, proof)
            case m.TimeOutPackets():
                done = self.channel.time_out(ctx, client, records, proof)
        client_lifecycle.tell_news(ctx, self.clients, client, before)
        return done

    def prove(self, ctx: Context, message: Proving) -> bool:
        """Update or freeze a client, or keep a hand-over; False where it had been done. Raises ClientError."""
        match message:
            case m.UpdateAttestedClient() | m.UpdateQuorumClient():
                return client_lifecycle.update(ctx, self.clients, client_id(message.client), message.update)
            case m.ReportAttestedMisbehaviour() | m.ReportQuorumMisbehaviour():
                return client_lifecycle.freeze(ctx, self.clients, client_id(message.client), message.evidence)
            case m.StoreRotationCheckpoint():
                client = client_id(message.client)
                other = self.clients.counterparty(ctx.state, client)
                return validators.store_checkpoint(ctx, self._chain, client, other, message.checkpoint)

    def connect(self, ctx: Context, message: Connecting, replacement_delay: Seconds) -> None:
        """Another chain, or the next validators. Raises ClientError, PacketError, RotationPending."""
        clients = self.clients
        match message:
            case m.CreateAttestedClient() | m.CreateQuorumClient():
                client_lifecycle.create(ctx, clients, message.config)
            case m.RegisterCounterparty():
                validators.require_present(ctx.state, message.epoch)
                client_lifecycle.register_counterparty(ctx, clients, client_id(message.client), _counterparty(message))
            case m.RegisterLane():
                lane_registry.register(ctx, _lane(message))
            case m.ScheduleAttestedReplacement() | m.ScheduleQuorumReplacement():
                client = client_id(message.client)
                client_lifecycle.schedule_replacement(ctx, clients, client, message.config, replacement_delay)
            case m.ApplyClientReplacement():
                client_lifecycle.apply_replacement(ctx, clients, client_id(message.client))
            case m.CancelClientReplacement():
                client_lifecycle.cancel_replacement(ctx, clients, client_id(message.client))
            case m.ScheduleDomainChange():
                client = client_id(message.client)
                client_lifecycle.schedule_domain_change(ctx, clients, client, _domain(message), replacement_delay)
            case m.ApplyDomainChange():
                client = client_id(message.client)
                client_lifecycle.apply_domain_change(ctx, clients, client)
                validators.forget_checkpoint(ctx, client)
            case m.CancelDomainChange():
                client_lifecycle.cancel_domain_change(ctx, clients, client_id(message.client))
            case m.ProposeValidatorSet():
                validators.propose(ctx, message.members)
            case m.WithdrawValidatorSet():
                validators.withdraw(ctx)


def _counterparty(message: m.RegisterCounterparty) -> Counterparty:
    return Counterparty(counterparty_client_id(message.counterparty_client), _domain(message))


def _domain(message: m.RegisterCounterparty | m.ScheduleDomainChange) -> Domain:
    return client_lifecycle.checkpoint_domain(message.evm_chain_id, message.client_contract, message.salt)


def _lane(message: m.RegisterLane) -> Lane:
    return Lane(
        ClientId(message.source_client),
        ClientId(message.destination_client),
        PortId(message.source_port),
        PortId(message.destination_port),
        message.version,
        message.encoding,
    )

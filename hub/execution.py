"""What each message does, and who may send it. One line of wiring a message."""

from hub import messages as m
from hub import validators
from hub.accounts import money, roles
from hub.accounts.errors import MalformedTransaction
from hub.clients.counterparty import Counterparty
from hub.clients.host import Host
from hub.clients.registry import Clients
from hub.ibc import client_lifecycle, lane_registry
from hub.ibc.channel import Channel
from hub.ibc.errors import TooManyPackets
from hub.ibc.identifiers import ClientId, PortId, client_id, counterparty_client_id
from hub.ibc.lanes import Lane, decode_records
from hub.ibc.ports import Ports
from hub.messages import AnyMessage, Role, Transaction
from hub.parameters import parameters
from hub.quantities import Address
from hub.services import bindings, definitions
from hub.services.application import PORT, ServiceApplication
from hub.state.branch import StateReader
from hub.state.context import Context

REQUIRED_ROLES: dict[type[m.Message], Role] = {
    m.GrantRole: Role.OPERATOR,
    m.RevokeRole: Role.OPERATOR,
    m.CreateAttestedClient: Role.CHAIN_OPERATOR,
    m.CreateQuorumClient: Role.CHAIN_OPERATOR,
    m.RegisterCounterparty: Role.CHAIN_OPERATOR,
    m.RegisterLane: Role.CHAIN_OPERATOR,
    m.ScheduleAttestedReplacement: Role.OPERATOR,
    m.ScheduleQuorumReplacement: Role.OPERATOR,
    m.ApplyClientReplacement: Role.OPERATOR,
    m.DefineService: Role.MEMBER,
    m.BindService: Role.MEMBER,
    m.CancelClientReplacement: Role.OPERATOR,
    m.ProposeValidatorSet: Role.OPERATOR,
    m.WithdrawValidatorSet: Role.OPERATOR,
}
"""Messages that a role alone may send; all others are open to anyone, because they are proven or about one's own."""


def require_role(state: StateReader, account: Address, message: AnyMessage) -> None:
    """Raises RoleMissing."""
    role = REQUIRED_ROLES.get(type(message))
    if role is not None:
        roles.require(state, account, role)


MAX_PACKETS = 256
"""In one message: a full batch."""


class Execution:
    """The parts of a hub put together: light clients, channel, and the applications on their ports."""

    def __init__(self, chain_id: str, host: Host) -> None:
        self._chain = (chain_id, host.genesis_hash)
        self._devnet = host.devnet
        self.clients = Clients(host)
        self.ports = Ports()
        self.channel = Channel(self.ports, self.clients)
        self.services = ServiceApplication(self.clients, self.channel)
        self.ports.register(PORT, self.services)

    def execute(self, ctx: Context, transaction: Transaction, index: int) -> bool:
        """Do what message ``index`` of a transaction asks for; False where all of it had been done before.

        Raises HubError: then the context is to be dropped.
        """
        sender, message = transaction.account, transaction.messages[index]
        require_role(ctx.state, sender, message)
        match message:
            case m.ReceivePackets() | m.AcknowledgePackets() | m.TimeOutPackets():
                return self._relay(ctx, message)
            case m.Transfer() | m.Faucet() | m.GrantRole() | m.RevokeRole():
                return self._keep_accounts(ctx, sender, message)
            case m.DefineService() | m.BindService():
                return self._offer(ctx, sender, message)
            case m.CallService():
                self.services.call(ctx, sender, transaction.nonce, index, message)
            case m.RespondService():
                self.services.respond(ctx, sender, message)
            case _:
                return self._connect(ctx, message)
        return True

    def _keep_accounts(
        self, ctx: Context, sender: Address, message: m.Transfer | m.Faucet | m.GrantRole | m.RevokeRole
    ) -> bool:
        match message:
            case m.Transfer():
                money.transfer(ctx, sender, message.recipient, message.amount)
            case m.Faucet():
                money.give(ctx, message.recipient, message.amount, devnet=self._devnet)
            case m.GrantRole():
                return roles.grant(ctx, message.account, message.role)
            case m.RevokeRole():
                return roles.revoke(ctx, message.account, message.role)
        return True

    def _offer(self, ctx: Context, sender: Address, message: m.DefineService | m.BindService) -> bool:
        match message:
            case m.DefineService():
                definitions.define(ctx, sender, message)
                return True
            case m.BindService():
                return bindings.bind(ctx, self.clients, parameters(ctx.state), sender, message)

    def _relay(self, ctx: Context, message: m.ReceivePackets | m.AcknowledgePackets | m.TimeOutPackets) -> bool:
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

    def _connect(self, ctx: Context, message: AnyMessage) -> bool:
        """Other chains: their clients, counterparties and lanes; and who signs for this one."""
        clients = self.clients
        match message:
            case m.UpdateAttestedClient() | m.UpdateQuorumClient():
                return client_lifecycle.update(ctx, clients, client_id(message.client), message.update)
            case m.ReportAttestedMisbehaviour() | m.ReportQuorumMisbehaviour():
                return client_lifecycle.freeze(ctx, clients, client_id(message.client), message.evidence)
            case m.StoreRotationCheckpoint():
                return self._store_rotation_checkpoint(ctx, message)
            case m.CreateAttestedClient() | m.CreateQuorumClient():
                client_lifecycle.create(ctx, clients, message.config)
            case m.RegisterCounterparty():
                client_lifecycle.register_counterparty(ctx, clients, client_id(message.client), _counterparty(message))
            case m.RegisterLane():
                lane_registry.register(ctx, _lane(message))
            case m.ScheduleAttestedReplacement() | m.ScheduleQuorumReplacement():
                client, delay = client_id(message.client), parameters(ctx.state).replacement_delay
                client_lifecycle.schedule_replacement(ctx, clients, client, message.config, delay)
            case m.ApplyClientReplacement():
                client_lifecycle.apply_replacement(ctx, clients, client_id(message.client))
            case m.CancelClientReplacement():
                client_lifecycle.cancel_replacement(ctx, clients, client_id(message.client))
            case m.ProposeValidatorSet():
                validators.propose(ctx, message.members)
            case m.WithdrawValidatorSet():
                validators.withdraw(ctx)
            case _:
                raise MalformedTransaction(f"{type(message).__name__} is not a message of this chain")
        return True

    def _store_rotation_checkpoint(self, ctx: Context, message: m.StoreRotationCheckpoint) -> bool:
        client = client_id(message.client)
        other = self.clients.counterparty(ctx.state, client)
        return validators.store_checkpoint(ctx, self._chain, client, other, message.checkpoint)


def _counterparty(message: m.RegisterCounterparty) -> Counterparty:
    domain = client_lifecycle.checkpoint_domain(message.evm_chain_id, message.client_contract, message.salt)
    return Counterparty(counterparty_client_id(message.counterparty_client), domain)


def _lane(message: m.RegisterLane) -> Lane:
    return Lane(
        ClientId(message.source_client),
        ClientId(message.destination_client),
        PortId(message.source_port),
        PortId(message.destination_port),
        message.version,
        message.encoding,
    )

"""What each message does at the hub, and who may send it. One line of wiring a message."""

from hub import messages as m
from hub.accounts import money, roles
from hub.clients.host import Host
from hub.messages import AnyMessage, Role, Transaction
from hub.parameters import parameters
from hub.quantities import Address
from hub.relaying import Relaying
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
    m.ScheduleDomainChange: Role.OPERATOR,
    m.ApplyDomainChange: Role.OPERATOR,
    m.CancelDomainChange: Role.OPERATOR,
    m.ProposeValidatorSet: Role.OPERATOR,
    m.WithdrawValidatorSet: Role.OPERATOR,
}
"""Messages that a role alone may send; all others are open to anyone, because they are proven or about one's own."""


def require_role(state: StateReader, account: Address, message: AnyMessage) -> None:
    """Raises RoleMissing."""
    role = REQUIRED_ROLES.get(type(message))
    if role is not None:
        roles.require(state, account, role)


class Execution:
    """The parts of a hub put together: packets and light clients, and the application on port ``service``."""

    def __init__(self, chain_id: str, host: Host) -> None:
        self._devnet = host.devnet
        self.relaying = Relaying(chain_id, host)
        self.clients = self.relaying.clients
        self.services = ServiceApplication(self.clients, self.relaying.channel)
        self.relaying.ports.register(PORT, self.services)

    def execute(self, ctx: Context, transaction: Transaction, index: int) -> bool:
        """Do what message ``index`` of a transaction asks for; False where all of it had been done before.

        Raises HubError: then the context is to be dropped.
        """
        sender, message = transaction.account, transaction.messages[index]
        require_role(ctx.state, sender, message)
        match message:
            case m.ReceivePackets() | m.AcknowledgePackets() | m.TimeOutPackets():
                return self.relaying.carry(ctx, message)
            case m.Transfer() | m.Faucet() | m.GrantRole() | m.RevokeRole():
                return self._keep_accounts(ctx, sender, message)
            case m.DefineService() | m.BindService():
                return self._offer(ctx, sender, message)
            case m.CallService():
                self.services.call(ctx, sender, transaction.nonce, index, message)
            case m.RespondService():
                self.services.respond(ctx, sender, message)
            case (
                m.UpdateAttestedClient()
                | m.UpdateQuorumClient()
                | m.ReportAttestedMisbehaviour()
                | m.ReportQuorumMisbehaviour()
                | m.StoreRotationCheckpoint()
            ):
                return self.relaying.prove(ctx, message)
            case _:
                self.relaying.connect(ctx, message, parameters(ctx.state).replacement_delay)
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

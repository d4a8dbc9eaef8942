"""The state machine of the ledger: what it adds to ``hub.machine``. Pure."""

from typing import assert_never

import msgspec

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.activation import Pin
from adapters.permissioned.ledger.contracts.bounds import TransactionExhausted
from adapters.permissioned.ledger.contracts.packages import Installed
from adapters.permissioned.ledger.contracts.runtime import Invocation, Runtime
from adapters.permissioned.ledger.genesis import FoundingValidator, LedgerGenesis
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.governance.actions import carry_out
from adapters.permissioned.ledger.identities import ContractName, MemberRole, contract_name, fingerprint
from adapters.permissioned.ledger.membership import organisations, registry, revocation, validator_keys
from adapters.permissioned.ledger.messages import SignedTransaction
from adapters.permissioned.ledger.parameters import broken_rule, parameters, put_parameters
from adapters.permissioned.ledger.refusals import ActionRefused, EnrolmentNotAlone
from adapters.permissioned.ledger.service.gateway import ServiceGateway
from adapters.permissioned.ledger.transactions import Signers, signers, validate
from hub.accounts.transactions import MAX_NONCE_LEAD, validate_shape
from hub.clients.host import Host
from hub.machine import Machine
from hub.messages import ProposeValidatorSet, RegisterCounterparty
from hub.quantities import Height, UnixSeconds
from hub.relaying import Relaying
from hub.services.application import PORT
from hub.services.payload import input_encoding
from hub.state.branch import Branch, StateReader
from hub.state.context import Context
from hub.transaction import size_of


class LedgerMachine(Machine[SignedTransaction]):
    """A ledger. It holds its genesis and the code that is installed here, and nothing that a block could change."""

    def __init__(self, genesis: LedgerGenesis, installed: Installed) -> None:
        self.genesis = genesis
        host = Host(genesis.hash(), genesis.devnet)
        self._relaying = Relaying(genesis.chain_id, host)
        self.gateway = ServiceGateway(self._relaying.clients, self._relaying.channel)
        self.runtime = Runtime(installed, self.gateway)
        self.gateway.serve_with(self.runtime)
        self._relaying.ports.register(PORT, self.gateway)
        super().__init__(genesis.chain_id, host, genesis.time, genesis.signers, self._relaying.clients)

    def write_genesis(self, state: Branch) -> None:
        """Raises what an organisation, an authority, a validator or a contract of the genesis is refused for."""
        ctx = Context(state, Height(0), self.genesis.time)
        put_parameters(state, self.genesis.parameters)
        for founder in self.genesis.organisations:
            organisations.admit_organisation(ctx, founder.id, founder.display_name, founder.authorities)
        for validator in self.genesis.validators:
            self._found(ctx, validator)
        for contract in self.genesis.contracts:
            pin = Pin(contract.name, contract.version, contract.package_hash, contract.policy)
            self.runtime.activate(ctx, pin, organisations.live_organisations(state))

    def _found(self, ctx: Context, validator: FoundingValidator) -> None:
        """Enrol a first validator, and bind the key that it proves."""
        validator.verify(self.chain_id)
        certificate, *intermediates = validator.certificates
        who = registry.enrol(ctx, certificate, intermediates)
        registry.require_role(who, MemberRole.VALIDATOR)
        validator_keys.put_validator_key(ctx, who.organisation, who.name, validator.address)

    def validate(self, state: StateReader, signed: SignedTransaction, now: UnixSeconds, lead: int = 0) -> None:
        validate(state, signed, (self.chain_id, self.genesis_hash), now, lead)

    def check(self, state: StateReader, signed: SignedTransaction, now: UnixSeconds) -> None:
        self.validate(state, signed, now, MAX_NONCE_LEAD)
        for message in signed.transaction.messages:
            if isinstance(message, m.Propose | m.Vote):
                registry.require_role(signers(state, signed, now).author, MemberRole.ADMIN)

    def validate_shape(self, signed: SignedTransaction) -> None:
        """Raises TransactionTooLarge, MalformedTransaction."""
        validate_shape(signed.transaction, size_of(signed))

    def execute(self, ctx: Context, signed: SignedTransaction, index: int) -> bool:
        try:
            return self._execute(ctx, signed, index)
        except TransactionExhausted as exhausted:
            raise exhausted.refusal from exhausted

    def _execute(self, ctx: Context, signed: SignedTransaction, index: int) -> bool:
        who, message = signers(ctx.state, signed, ctx.time), signed.transaction.messages[index]
        match message:
            case m.ReceivePackets() | m.AcknowledgePackets() | m.TimeOutPackets():
                return self._relaying.carry(ctx, message)
            case m.UpdateQuorumClient() | m.ReportQuorumMisbehaviour() | m.StoreRotationCheckpoint():
                return self._relaying.prove(ctx, message)
            case m.InvokeContract() | m.CallService() | m.RetryCallback():
                self._use(ctx, who, message)
            case m.EnrolMember() if len(signed.transaction.messages) > 1 or not _is_own(message, who):
                raise EnrolmentNotAlone
            case _:
                return self._govern(ctx, who, message)
        return True

    def settle(self, ctx: Context) -> None:
        """Proposals that expire, requests that nobody answered, private values whose time is over."""
        proposals.expire(ctx)
        self.gateway.end_block(ctx)
        self.runtime.end_block(ctx)

    def due(self, state: StateReader) -> UnixSeconds | None:
        times = (proposals.next_due(state), self.gateway.next_due(state), self.runtime.next_due(state))
        return min((time for time in times if time is not None), default=None)

    # --- what members do ---

    def _use(self, ctx: Context, who: Signers, message: m.InvokeContract | m.CallService | m.RetryCallback) -> None:
        match message:
            case m.InvokeContract():
                name = ContractName(message.contract)
                invocation = Invocation(name, message.method, message.arguments, who.author, who.organisations)
                self.runtime.invoke(ctx, invocation)
            case m.CallService():
                self.gateway.call(
                    ctx,
                    who.author.member.encode(),
                    message.service,
                    encoding=input_encoding(message.input_encoding),
                    data=message.input,
                    deadline=message.deadline,
                    fee_cap=message.fee_cap,
                )
            case m.RetryCallback():
                self.gateway.retry(ctx, message.call_id)

    def _govern(
        self,
        ctx: Context,
        who: Signers,
        message: m.EnrolMember | m.UpdateRevocations | m.BindValidatorKey | m.Propose | m.Vote,
    ) -> bool:
        """False where it is as it was asked for already."""
        inner = ctx.branch()
        match message:
            case m.EnrolMember():
                registry.enrol(inner, message.certificate, message.intermediates)
            case m.UpdateRevocations():
                revocation.update_revocations(inner, message.revocation_list)
            case m.BindValidatorKey():
                validator_keys.bind_validator_key(
                    inner, who.author, self.genesis_hash, message.address, message.possession
                )
            case m.Propose():
                proposals.propose(inner, who.author, a.encode_action(message.action), message.valid_for)
            case m.Vote():
                now = parameters(inner.state)
                threshold = proposals.Threshold(now.votes_numerator, now.votes_denominator)
                proposals.vote(
                    inner,
                    who.author,
                    message.proposal,
                    message.approve,
                    threshold=threshold,
                    carry_out=lambda attempt, action: self._carry_out(attempt, a.decode_action(action)),
                )
        changed = any(ctx.state.get(key) != value for key, value in inner.changes().items())
        inner.keep()
        return changed

    # --- what organisations have decided ---

    def _carry_out(self, ctx: Context, action: a.Action) -> None:
        """Do what was voted for; raises HubError, and then the context is to be dropped."""
        present = organisations.live_organisations(ctx.state)
        match action:
            case a.ActivateContract():
                self.runtime.activate(ctx, _pin(action), present)
            case a.UpgradeContract():
                self.runtime.upgrade(ctx, _pin(action), present)
            case a.ChangePolicy():
                self.runtime.change_policy(ctx, ContractName(action.contract), action.policy, present)
            case a.RetireContract():
                self.runtime.retire(ctx, ContractName(action.contract))
            case a.ChangeParameters():
                _change_parameters(ctx, action)
            case a.ProposeValidators():
                self._propose_validators(ctx, action)
            case a.Connect():
                self._connect(ctx, action.message)
            case a.AddOrganisation() | a.RemoveOrganisation() | a.AddAuthority() | a.RemoveAuthority():
                carry_out(ctx, action)
            case _:
                assert_never(action)

    def _connect(self, ctx: Context, message: a.ConnectingMessage) -> None:
        """A ledger has one hub: callers and calls are named by what they are called there."""
        if isinstance(message, RegisterCounterparty):
            for client, _ in self.counterparties(ctx.state):
                if client != message.client:
                    raise ActionRefused(f"the ledger has its hub behind {client}: have that client replaced instead")
        self._relaying.connect(ctx, message, parameters(ctx.state).replacement_delay)

    def _propose_validators(self, ctx: Context, action: a.ProposeValidators) -> None:
        for address, _ in action.validators:
            key = validator_keys.validator_key(ctx.state, address)
            if key is None:
                raise ActionRefused(f"0x{address.hex()} is nobody's checkpoint key: its member binds it first")
            organisations.live_organisation(ctx.state, key.organisation)
        self._relaying.connect(ctx, ProposeValidatorSet(action.validators), parameters(ctx.state).replacement_delay)


def _is_own(message: m.EnrolMember, who: Signers) -> bool:
    """Whether the certificate's own key signed its enrolment, as the author."""
    return fingerprint(message.certificate) == who.author.fingerprint


def _pin(action: a.ActivateContract | a.UpgradeContract) -> Pin:
    """Raises InvalidContractName: of what can be no contract's name it is no use to install the code."""
    return Pin(contract_name(action.contract), action.version, action.package_hash, action.policy)


def _change_parameters(ctx: Context, action: a.ChangeParameters) -> None:
    now = parameters(ctx.state)
    changes = {change.name: change.value for change in action.changes}
    if not changes or len(changes) != len(action.changes):
        raise ActionRefused("it changes one parameter at least, and each once")
    for name in changes:
        if name not in now.__struct_fields__:
            raise ActionRefused(f"there is no parameter {name}: there are {', '.join(now.__struct_fields__)}")
    chosen = msgspec.structs.replace(now, **changes)
    if (rule := broken_rule(chosen)) is not None:
        raise ActionRefused(rule)
    put_parameters(ctx.state, chosen)

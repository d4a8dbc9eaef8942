"""Light clients as transactions see them: created, given a counterparty, updated, frozen, replaced; each made known."""

from typing import assert_never

from hub.clients import attested_evm, domain_change, quorum
from hub.clients.base import ClientStatus, ProvenPoint
from hub.clients.counterparty import Counterparty
from hub.clients.registry import Clients, Config, Evidence, Update
from hub.events import (
    ClientCreated,
    ClientFrozen,
    ClientReplaced,
    ClientReplacementCancelled,
    ClientReplacementScheduled,
    ClientUpdated,
    CounterpartyRegistered,
    DomainChangeCancelled,
    DomainChanged,
    DomainChangeScheduled,
)
from hub.ibc.errors import CounterpartyNotRegistered, InvalidCounterparty
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import Domain, EvmDomain, SaltDomain
from hub.quantities import MAX_U64, Address, Hash, Seconds
from hub.state.branch import StateReader
from hub.state.context import Context


def create(ctx: Context, clients: Clients, config: Config) -> None:
    """A new client under the next free identifier; raises InvalidClientConfig."""
    client = clients.create(ctx.state, config, ctx.time)
    ctx.emit(ClientCreated(client, clients.kind(ctx.state, client).value))


def register_counterparty(ctx: Context, clients: Clients, client: ClientId, counterparty: Counterparty) -> None:
    """Name the other side once and for all, and just where the client's own chain reads our checkpoints.

    Raises ClientNotFound, InvalidCounterparty, CounterpartyAlreadyRegistered, InvalidIdentifier.
    """
    _refuse_foreign(client, clients.config(ctx.state, client), counterparty.domain)
    clients.register_counterparty(ctx.state, client, counterparty)
    ctx.emit(CounterpartyRegistered(client, counterparty.client))


def update(ctx: Context, clients: Clients, client: ClientId, news: Update) -> bool:
    """Believe something newer, or freeze where it shows misbehaviour; False where nothing was new.

    Raises ClientError, ProofError.
    """
    inner = ctx.branch()
    clients.update(inner.state, client, news, ctx.time)
    if all(ctx.state.get(key) == value for key, value in inner.changes().items()):
        return False
    inner.keep()
    if clients.status(ctx.state, client, ctx.time) is ClientStatus.FROZEN:
        ctx.emit(ClientFrozen(client))
    else:
        point = clients.latest(ctx.state, client)
        ctx.emit(ClientUpdated(client, point.height, point.time))
    return True


def tell_news(ctx: Context, clients: Clients, client: ClientId, before: ProvenPoint) -> None:
    """Make known that a proof's header was newer than all that was believed ``before``."""
    after = clients.latest(ctx.state, client)
    if after != before:
        ctx.emit(ClientUpdated(client, after.height, after.time))


def freeze(ctx: Context, clients: Clients, client: ClientId, evidence: Evidence) -> bool:
    """Freeze on misbehaviour that is shown; False where the client is frozen. Raises ClientError, ProofError."""
    if clients.status(ctx.state, client, ctx.time) is ClientStatus.FROZEN:
        return False
    clients.freeze_on(ctx.state, client, evidence)
    ctx.emit(ClientFrozen(client))
    return True


def schedule_replacement(ctx: Context, clients: Clients, client: ClientId, config: Config, delay: Seconds) -> None:
    """Announce that a client will begin anew; raises ClientNotFound, ClientKindMismatch, InvalidClientConfig."""
    ripe_at = clients.schedule_replacement(ctx.state, client, config, ctx.time, delay)
    ctx.emit(ClientReplacementScheduled(client, ripe_at))


def apply_replacement(ctx: Context, clients: Clients, client: ClientId) -> None:
    """Let a client begin anew as announced; raises ReplacementNotScheduled, ReplacementNotRipe, InvalidClientConfig."""
    clients.apply_replacement(ctx.state, client, ctx.time)
    ctx.emit(ClientReplaced(client))


def cancel_replacement(ctx: Context, clients: Clients, client: ClientId) -> None:
    """Take an announcement back; raises ReplacementNotScheduled."""
    clients.cancel_replacement(ctx.state, client)
    ctx.emit(ClientReplacementCancelled(client))


def schedule_domain_change(ctx: Context, clients: Clients, client: ClientId, domain: Domain, delay: Seconds) -> None:
    """Announce where the counterparty's next client of us stands, on the chain that our client follows.

    Raises ClientNotFound, InvalidCounterparty, CounterpartyNotRegistered, DomainUnchanged.
    """
    _refuse_foreign(client, clients.config(ctx.state, client), domain)
    ripe_at = domain_change.schedule_domain_change(ctx.state, client, domain, ctx.time, delay)
    ctx.emit(DomainChangeScheduled(client, *domain_parts(domain), ripe_at))


def apply_domain_change(ctx: Context, clients: Clients, client: ClientId) -> None:
    """Let checkpoints be for the announced domain from this block on.

    Raises ClientNotFound, DomainChangeNotScheduled, DomainChangeNotRipe.
    """
    clients.kind(ctx.state, client)
    domain_change.apply_domain_change(ctx.state, client, ctx.height, ctx.time)
    ctx.emit(DomainChanged(client))


def cancel_domain_change(ctx: Context, clients: Clients, client: ClientId) -> None:
    """Take an announcement back; raises ClientNotFound, DomainChangeNotScheduled."""
    clients.kind(ctx.state, client)
    domain_change.cancel_domain_change(ctx.state, client)
    ctx.emit(DomainChangeCancelled(client))


def counterparties(state: StateReader, clients: Clients) -> list[tuple[ClientId, Counterparty]]:
    """All clients that have a counterparty, in order, and who it is."""
    found = []
    for client in clients.all(state):
        try:
            found.append((client, clients.counterparty(state, client)))
        except CounterpartyNotRegistered:
            continue
    return found


def checkpoint_domain(evm_chain_id: int, contract: bytes, salt: bytes) -> Domain:
    """Where our checkpoints are valid: at a contract of an EVM chain, or under a salt. Raises InvalidCounterparty."""
    if evm_chain_id:
        if not 1 <= evm_chain_id <= MAX_U64 or len(contract) != 20 or not any(contract) or salt:
            raise InvalidCounterparty("an EVM chain has a chain ID up to 2**64 - 1, a contract's address and no salt")
        return EvmDomain(evm_chain_id, Address(contract))
    if len(salt) != 32 or not any(salt) or contract:
        raise InvalidCounterparty("a chain that is not EVM has a salt of 32 bytes and no contract")
    return SaltDomain(Hash(salt))


def domain_parts(domain: Domain) -> tuple[int, bytes, bytes]:
    """A domain as messages and answers spell it: EIP-155 chain ID, contract, salt; the counterpart of
    ``checkpoint_domain``.
    """
    match domain:
        case EvmDomain(chain_id, contract):
            return chain_id, contract, b""
        case SaltDomain(salt):
            return 0, b"", salt
        case _:
            assert_never(domain)


def _refuse_foreign(client: ClientId, config: Config, domain: Domain) -> None:
    """Our checkpoints are read by the very chain that our client follows; raises InvalidCounterparty."""
    match config, domain:
        case attested_evm.Config(chain_id=expected), EvmDomain(chain_id=given) if given == expected:
            pass
        case quorum.Config(genesis_hash=expected), SaltDomain(salt=given) if given == expected:
            pass
        case attested_evm.Config(chain_id=expected), _:
            raise InvalidCounterparty(f"the chain of {client} is EVM chain {expected}: name a contract there")
        case _:
            raise InvalidCounterparty(f"the chain of {client} is not EVM: give its genesis hash as the salt")

"""Connecting a permissioned ledger: a client, a counterparty and lanes on both sides, at the hub by its operator, at
the ledger by votes of its organisations.

One function for the command line and the devnet alike. It does what can be done with the admins at hand, and goes on
where it stopped when it is run again, once others have voted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from adapters.permissioned.ledger.actions import Connect
from adapters.permissioned.ledger.answers import ProposalInfo
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.events import ProposalMade
from adapters.permissioned.ledger.governance.proposals import Outcome
from adapters.permissioned.ledger.messages import Propose, Vote
from console.exits import Misused, Refused
from console.joining import Report, created_client
from console.session import status_of_now
from hub.answers import ClientInfo, LaneInfo, NodeStatus
from hub.client import HubClient
from hub.clients import quorum
from hub.ibc.identifiers import ClientId
from hub.messages import CreateQuorumClient, RegisterCounterparty, RegisterLane
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Seconds
from hub.services.application import ENCODING, PORT, VERSION
from hub.signer import Signer

Connecting: TypeAlias = CreateQuorumClient | RegisterCounterparty | RegisterLane

_NO_CONTRACT = Address(b"")


@dataclass(frozen=True, slots=True)
class NewLedger:
    """A ledger as those describe it who connect it. ``admins`` propose and vote, each for its organisation."""

    name: str
    member: LedgerClient
    admins: Sequence[LedgerClient]
    trusting_period: Seconds
    max_clock_drift: Seconds = Seconds(60)  # noqa: RUF009  # a number
    vote_open: Seconds = Seconds(7 * 24 * 3600)  # noqa: RUF009
    accept_single_operator: bool = False


@dataclass(frozen=True, slots=True)
class JoinedLedger:
    """What the two call each other: the hub's client of the ledger, the ledger's of the hub."""

    client_at_hub: ClientId
    client_of_hub: ClientId


class VotesAwaited(Refused):
    """Other organisations must vote before it can go on."""

    def __init__(self, name: str, proposals: Sequence[ProposalInfo]) -> None:
        numbers = ", ".join(str(one.number) for one in proposals)
        votes = "; ".join(f"{one.number} has {one.approving} of {one.organisations}" for one in proposals)
        super().__init__(
            f"{name} waits for its organisations' votes on its proposals ({votes}): have their admins vote with "
            "`ichub ledger proposal vote NUMBER --yes`, then run this again",
            "VOTES_AWAITED",
            proposals=numbers,
        )


async def add_ledger(plan: NewLedger, hub: HubClient, operator: Signer, *, report: Report) -> JoinedLedger:
    """Connect the two, or go on with it.

    Raises VotesAwaited, Misused for what cannot be meant, Refused for a vote that was lost, HubError.
    """
    hubs, ledgers = await status_of_now(hub), await status_of_now(plan.member)
    for status in (hubs, ledgers):
        _require_operators(plan, status, devnet=hubs.devnet and ledgers.devnet)
    _require_no_other_hub(plan, await plan.member.clients(), hubs)
    at_hub = await _client_at_hub(plan, ledgers, hub, operator, report)
    of_hub = await _client_of_hub(plan, hubs, report)
    report(f"{plan.name}: registering counterparties and lanes ({at_hub} at the hub, {of_hub} at the ledger)")
    there = await _missing(plan.member, of_hub, at_hub, ledgers, hubs)
    await _decide(plan, there)
    if here := await _missing(hub, at_hub, of_hub, hubs, ledgers):
        await hub.submit(here, operator)
    return JoinedLedger(at_hub, of_hub)


async def _client_at_hub(
    plan: NewLedger, ledgers: NodeStatus, hub: HubClient, operator: Signer, report: Report
) -> ClientId:
    """Raises Refused where the hub knows the ledger under other validators."""
    known = _client_of(await hub.clients(), ledgers)
    if known is None:
        report(f"{plan.name}: registering its client at the hub")
        receipt = await hub.submit([CreateQuorumClient(_trust(plan, ledgers))], operator)
        return created_client(receipt)
    _require_same(known, ledgers, f"the hub's client {known.client} of {plan.name}")
    return ClientId(known.client)


async def _client_of_hub(plan: NewLedger, hubs: NodeStatus, report: Report) -> ClientId:
    """Raises VotesAwaited, Refused."""
    known = _client_of(await plan.member.clients(), hubs)
    if known is None:
        report(f"{plan.name}: having its organisations vote on a client of the hub")
        await _decide(plan, [CreateQuorumClient(_trust(plan, hubs))])
        known = _client_of(await plan.member.clients(), hubs)
    if known is None:
        raise Refused(f"{plan.name} has no client of the hub though it was voted for: look at its proposals")
    _require_same(known, hubs, f"{plan.name}'s client {known.client} of the hub")
    return ClientId(known.client)


async def _missing(
    chain: HubClient | LedgerClient, here: ClientId, there: ClientId, own: NodeStatus, other: NodeStatus
) -> list[RegisterCounterparty | RegisterLane]:
    """What must yet be registered on one side: who the other is, and the lanes between them. Raises Refused.

    The other's client believes the chain's ``own`` validators: it has been seen to.
    """
    found: list[RegisterCounterparty | RegisterLane] = []
    known = (await chain.client(here)).counterparty_client
    if known not in ("", there):
        raise Refused(f"{here} has the counterparty {known} already, not {there}: it is given once and for all")
    if not known:
        found.append(RegisterCounterparty(here, there, 0, _NO_CONTRACT, other.genesis_hash, own.epoch))
    routes = {_route(lane) for lane in await chain.lanes()}
    lanes = [RegisterLane(*ends, PORT, PORT, VERSION, ENCODING) for ends in sorted({(here, there), (there, here)})]
    return found + [lane for lane in lanes if _route(lane) not in routes]


def _route(lane: LaneInfo | RegisterLane) -> tuple[str, ...]:
    return (lane.source_client, lane.destination_client, lane.source_port, lane.destination_port, lane.version,
            lane.encoding)  # fmt: skip


# --- votes ---


async def _decide(plan: NewLedger, messages: Sequence[Connecting]) -> None:
    """Have every message voted for and carried out; what is proposed already is not proposed again.

    Raises VotesAwaited, Misused, Refused.
    """
    if not messages:
        return
    if not plan.admins:
        raise Misused(f"nobody here may propose at {plan.name}: keys of admins of its organisations are needed")
    numbers = await _proposed(plan, messages)
    for admin in plan.admins:
        await _vote(admin, numbers)
    decided = [await plan.member.proposal(number) for number in numbers]
    for one in decided:
        if one.outcome not in {Outcome.PENDING, Outcome.PASSED}:
            why = one.message or f"{one.against} of {one.organisations} organisations are against it"
            raise Refused(f"proposal {one.number} of {plan.name} is {one.outcome.name.lower()}: {why}", "VOTE_LOST")
    if waiting := [one for one in decided if one.outcome is Outcome.PENDING]:
        raise VotesAwaited(plan.name, waiting)


async def _proposed(plan: NewLedger, messages: Sequence[Connecting]) -> list[int]:
    """The open proposals of the messages, made now where there are none yet."""
    pending = [one for one in await plan.member.proposals() if one.outcome is Outcome.PENDING]
    numbers, new = [], []
    for message in messages:
        same = [one.number for one in pending if _asks_for(one, message)]
        numbers += same[:1]
        new += [] if same else [Propose(Connect(message), plan.vote_open)]
    if new:
        made = await plan.admins[0].submit(new)
        numbers += [one.event.number for one in made.events if isinstance(one.event, ProposalMade)]
    return numbers


def _asks_for(proposal: ProposalInfo, message: Connecting) -> bool:
    if not isinstance(proposal.action, Connect):
        return False
    asked = proposal.action.message
    if isinstance(asked, CreateQuorumClient) and isinstance(message, CreateQuorumClient):
        return (asked.config.chain, asked.config.genesis_hash) == (message.config.chain, message.config.genesis_hash)
    return asked == message


async def _vote(admin: LedgerClient, numbers: Sequence[int]) -> None:
    """For all that are open and on which the admin's organisation has not voted."""
    organisation = admin.member.partition("/")[0]
    proposals = [await admin.proposal(number) for number in numbers]
    votes = [
        Vote(one.number, True)
        for one in proposals
        if one.outcome is Outcome.PENDING and organisation not in {ballot.organisation for ballot in one.ballots}
    ]
    if votes:
        await admin.submit(votes)


# --- what is believed ---


def _trust(plan: NewLedger, chain: NodeStatus) -> quorum.Config:
    validators = SignerSet(chain.epoch, chain.validators)
    return quorum.Config(
        chain.chain_id,
        chain.genesis_hash,
        validators,
        plan.trusting_period,
        plan.max_clock_drift,
        plan.accept_single_operator,
    )


def _require_no_other_hub(plan: NewLedger, clients: Sequence[ClientInfo], hubs: NodeStatus) -> None:
    """Its members and calls are named by what they are called at its hub."""
    ours = _client_of(clients, hubs)
    for one in clients:
        if one.counterparty_client and (ours is None or one.client != ours.client):
            raise Refused(
                f"{plan.name} has its hub behind {one.client}: a ledger has one, which can be replaced", "HAS_HUB"
            )


def _client_of(clients: Sequence[ClientInfo], chain: NodeStatus) -> ClientInfo | None:
    """The first client of a chain of our own."""
    for one in clients:
        config = one.config
        if isinstance(config, quorum.Config) and (config.chain, config.genesis_hash) == (
            chain.chain_id,
            chain.genesis_hash,
        ):
            return one
    return None


def _require_same(known: ClientInfo, chain: NodeStatus, what: str) -> None:
    """A client that was there before believes those who sign now."""
    if isinstance(known.config, quorum.Config) and known.config.validators != SignerSet(chain.epoch, chain.validators):
        raise Refused(
            f"{what} believes other validators than {chain.chain_id} has: bring it a hand-over, or replace it"
        )


def _require_operators(plan: NewLedger, chain: NodeStatus, *, devnet: bool) -> None:
    if len(chain.validators) == 1 and not (devnet or plan.accept_single_operator):
        raise Misused(
            f"{chain.chain_id} has one validator, so one operator can sign anything; "
            "accept that with --accept-single-operator",
            reason="SINGLE_OPERATOR",
        )

"""A chain as it is ordered on the command line, and the order carried out: contracts or votes, hub, files."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from eth_account import Account

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.identities import MemberRole, member_name
from adapters.permissioned.ledger.membership.certificates import read_member
from console.amounts import parse_address
from console.chains import ChainFile, LedgerFile, write_chain
from console.exits import Misused
from console.home import NodeHome
from console.joining import Attestor, NewChain, Target, add_chain
from console.ledger_home import LedgerHome
from console.ledger_joining import NewLedger, add_ledger
from console.ledger_session import connect
from console.members import read_attestor_file, tell_attestor, tell_relayer, tell_relayer_of_ledger
from console.session import hub_of
from hub.client import HubClient
from hub.quantities import Seconds
from hub.signer import Signer


@dataclass(frozen=True, slots=True)
class ChainOrder:
    """Durations in seconds. ``attestors``: ADDRESS@HOST:PORT each; the files are of this machine's daemons."""

    name: str
    endpoints: Sequence[str]
    finality: str
    attestors: Sequence[str]
    attestor_files: Sequence[Path]
    relayer_files: Sequence[Path]
    attestor_certificate: Path | None
    threshold: int
    trusting_period: int
    replacement_delay: int
    accept_single_operator: bool
    finality_time: int | None

    def plan(self) -> NewChain:
        """Raises Misused, InvalidConfiguration."""
        local = [read_attestor_file(path).attestor for path in self.attestor_files]
        return NewChain(
            name=self.name,
            endpoints=self.endpoints,
            finality=self.finality,
            attestors=[*(read_attestor(text) for text in self.attestors), *local],
            threshold=self.threshold,
            trusting_period=Seconds(self.trusting_period),
            replacement_delay=Seconds(self.replacement_delay),
            accept_single_operator=self.accept_single_operator,
            finality_time=None if self.finality_time is None else Seconds(self.finality_time),
        )


async def carry_out(
    order: ChainOrder, home: NodeHome, hub: str | None, *, operator: Signer, payer: bytes, report: Callable[[str], None]
) -> ChainFile:
    """Connect the chain and tell every file; ``payer`` is the private key that pays on the chain."""
    plan = order.plan()
    async with hub_of(home, hub) as connection:
        chain = await add_chain(plan, connection, operator, Account.from_key(payer), report=report)
    write_chain(home, chain)
    for path in order.attestor_files:
        tell_attestor(path, chain)
    for path in order.relayer_files:
        tell_relayer(path, chain, [attestor.target for attestor in plan.attestors], order.attestor_certificate)
    return chain


def read_attestor(text: str) -> Attestor:
    """``ADDRESS@HOST:PORT``; raises Misused."""
    address, at, target = text.partition("@")
    if not at or ":" not in target:
        raise Misused(f"{text!r} is no attestor: give ADDRESS@HOST:PORT")
    return Attestor(parse_address(address), Target(target))


@dataclass(frozen=True, slots=True)
class LedgerOrder:
    """A ledger, by the home of a node or a member of it. ``member`` and ``relayer_member`` are ORG/NAME: as whom it is
    asked from here, and as whom relayers write there. Durations in seconds.
    """

    name: str
    place: LedgerHome
    member: str
    relayer_files: Sequence[Path]
    relayer_member: str
    trusting_period: int
    accept_single_operator: bool


async def carry_out_ledger(
    order: LedgerOrder, home: NodeHome, hub: HubClient, *, operator: Signer, report: Callable[[str], None]
) -> LedgerFile:
    """Connect the ledger, as far as the admins whose keys are in its home can; then tell every file.

    Admins are enrolled where they are not; a relayer enrols itself. Raises VotesAwaited, Misused, Refused, HubError.
    """
    place = order.place
    if order.relayer_files:
        _certified(place, order.relayer_member)
    async with AsyncExitStack() as stack:

        async def enrolled(member: str) -> LedgerClient:
            client = await stack.enter_async_context(await connect(place, member))
            await client.enrol()
            return client

        report(f"{order.name}: enrolling its admins")
        admins = await asyncio.gather(*(enrolled(member) for member in admins_in(place)))
        plan = NewLedger(
            name=order.name,
            member=await stack.enter_async_context(await connect(place, order.member)),
            admins=admins,
            trusting_period=Seconds(order.trusting_period),
            accept_single_operator=order.accept_single_operator,
        )
        joined = await add_ledger(plan, hub, operator, report=report)
        chain_id = plan.member.chain_id
    certificate, key = place.member_files(order.member)
    ledger = LedgerFile(
        name=order.name,
        chain_id=chain_id,
        target=place.config().ledger,
        authorities=str(place.authorities),
        certificate=str(certificate),
        key=str(key),
        client_at_hub=joined.client_at_hub,
        client_of_hub=joined.client_of_hub,
    )
    write_chain(home, ledger)
    for path in order.relayer_files:
        tell_relayer_of_ledger(path, ledger, *place.member_files(order.relayer_member))
    return ledger


def admins_in(place: LedgerHome) -> list[str]:
    """An admin of each organisation whose certificate and key are in the home, as ORG/NAME; raises CertificateError."""
    found: dict[str, str] = {}
    for path in sorted((place.path / "organisations").glob("*/members/*.pem")):
        if path.with_suffix(".key").exists():
            pem = path.read_bytes()
            _, subject = read_member(x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER))
            if subject.role is MemberRole.ADMIN:
                found.setdefault(subject.organisation, f"{subject.organisation}/{subject.name}")
    return list(found.values())


def _certified(place: LedgerHome, member: str) -> None:
    """See to it that the relayers' member has a certificate; raises Misused where its authority is not kept here."""
    organisation, _, name = member.partition("/")
    folder = place.organisation(organisation)
    if not folder.member(name)[0].exists():
        folder.certify(member_name(name), MemberRole.MEMBER)

"""The Python SDK of a ledger against a real node: transactions, endorsements, votes, contracts, histories, restarts."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.answers import ChangeKind, RecordChange
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.errors import CodeDiffers, CodeNotInstalled, EndorsementMissing
from adapters.permissioned.ledger.contracts.events import RecordWritten
from adapters.permissioned.ledger.contracts.interface import Collection, Contract, View, query
from adapters.permissioned.ledger.contracts.packages import Package
from adapters.permissioned.ledger.contracts.values import Record, write_json
from adapters.permissioned.ledger.governance.errors import AlreadyVoted, ProposalUnknown
from adapters.permissioned.ledger.governance.proposals import Outcome
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.errors import (
    CertificateMalformed,
    CertificateUnknown,
    MemberRoleRefused,
    WrongMemberSignature,
)
from adapters.permissioned.ledger.membership.validator_keys import binding_digest
from adapters.permissioned.ledger.messages import (
    BindValidatorKey,
    CallService,
    InvokeContract,
    Propose,
    RetryCallback,
    Vote,
)
from adapters.permissioned.ledger.node import replay_ledger
from adapters.permissioned.ledger.rpc import views
from adapters.permissioned.ledger.rpc.errors import RecordHasNoHistory
from adapters.permissioned.ledger.service.errors import CallNotFound, NoHub
from adapters.permissioned.ledger.transactions import MemberSignature
from hub.block import ResultCode
from hub.chain_node import Node
from hub.clients.errors import ClientNotFound
from hub.ibc.errors import CounterpartyNotRegistered
from hub.quantities import Amount, Hash, Height, Seconds, UnixSeconds
from hub.rpc.errors import InvalidArgument, TransactionNotFound, WrongLength
from hub.services.payload import InputEncoding
from tests.unit.ledger_node_world import LedgerNodeWorld, Named, Note, Said, chiefs, decide
from tests.unit.node_world import SIGNERS

pytest_plugins = ("tests.unit.ledger_fixtures",)


async def enrolled(world: LedgerNodeWorld, node: Node, member: str, role: str = "member") -> LedgerClient:
    client = await world.connect(node, member, role)
    await client.enrol()
    return client


def invoke(method: str, argument: Record) -> InvokeContract:
    return InvokeContract("board", method, write_json(argument))


async def test_a_transaction_comes_back_as_it_was_sent(ann: LedgerClient) -> None:
    message = invoke("pin", Note("tide", "high"))
    receipt = await ann.submit([message])
    found, sent = await ann.transaction(receipt.hash)
    assert found == receipt
    assert sent.transaction.messages == (message,)
    assert sent.transaction.author == ann.member == "bank-a/ann"
    again = await ann.send(sent.body, sent.signature)
    assert (again.hash, again.height, again.result) == (receipt.hash, receipt.height, ResultCode.NO_OP)
    with pytest.raises(TransactionNotFound):
        await ann.transaction(bytes(32))


async def test_a_simulation_changes_nothing_and_tells_the_refusal(ann: LedgerClient) -> None:
    before = (await ann.status()).height
    simulated = await ann.simulate([invoke("pin", Note("tide", "high"))])
    assert simulated.events[0].event.contract == "board"  # type: ignore[union-attr]
    with pytest.raises(NoHub):
        await ann.simulate([CallService("echo", InputEncoding.JSON, b"{}", Amount(0), UnixSeconds(2**40))])
    assert (await ann.status()).height == before
    assert (await ann.whoami()).nonce == 1


async def test_a_contract_is_asked_as_the_member_of_the_connection(ann: LedgerClient) -> None:
    await ann.submit([invoke("pin", Note("tide", "high"))])
    assert await ann.query("board", "read", write_json(Named("tide"))) == b'{"text":"high, says bank-a/ann"}'
    with pytest.raises(InvalidArgument):
        await ann.query("board", "read", b" " * (256 * 1024 + 1))


ASKED, GO_ON = threading.Event(), threading.Event()
FOUND: list[Note | None] = []


class Slow(Contract, name="slow", version=1):
    """Its answer takes as long as the test says."""

    notes = Collection("notes", Note, key=("name",))

    @query
    def read(self, ctx: View, named: Named) -> Said:
        ASKED.set()
        GO_ON.wait(30)
        FOUND.append(self.notes.find(named.name))
        return Said("")


async def test_a_node_that_stops_waits_for_what_still_reads_and_lets_its_store_go(tmp_path: Path) -> None:
    world = LedgerNodeWorld(tmp_path, Slow)
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(world.running())
        async with await world.connect(node, "bank-a/ann", "member") as ann:
            await ann.enrol()
            asking = asyncio.create_task(ann.query("slow", "read", write_json(Named("tide"))))
            await asyncio.to_thread(ASKED.wait, 30)
            asking.cancel()
        stopping = asyncio.create_task(stack.aclose())
        await asyncio.wait([stopping], timeout=0.5)
        GO_ON.set()
        await stopping  # and its store is opened at once, to execute its blocks again
    assert FOUND == [None]


async def test_who_is_not_enrolled_writes_nothing(world: LedgerNodeWorld, node: Node) -> None:
    async with await world.connect(node, "bank-b/ben", "member") as ben:
        with pytest.raises(CertificateUnknown):
            await ben.submit([invoke("pin", Note("tide", "high"))])


async def test_an_endorsed_transaction_is_drafted_signed_by_all_and_sent(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient
) -> None:
    chiefs = [await enrolled(world, node, f"{name}/chief", "admin") for name in ("bank-a", "bank-b", "port")]
    policy = a.ChangePolicy("board", "bank-a and bank-b")
    await chiefs[0].submit([Propose(policy, Seconds(3600))])
    for chief in chiefs:
        await chief.submit([Vote(1, True)])
    assert (await ann.contracts())[0].policy == "bank-a and bank-b"
    ben = await enrolled(world, node, "bank-b/ben")
    message = invoke("pin", Note("deal", "made"))
    with pytest.raises(EndorsementMissing):
        await ann.submit([message])

    body = await ann.draft([message])
    assert ben.read_draft(body).messages == (message,)
    with pytest.raises(EndorsementMissing):
        await ann.submit_endorsed(body, [])
    body = await ann.draft([message])
    forged = MemberSignature(ben.endorse(body).certificate, ben.endorse(body + b" ").signature)
    with pytest.raises(WrongMemberSignature):
        await ann.submit_endorsed(body, [forged])
    receipt = await ann.submit_endorsed(body, [ben.endorse(body)])
    (change,) = await ann.history("board", "notes", "deal")
    assert change.transaction_hash == receipt.hash
    assert [one.member for one in change.signers] == ["bank-a/ann", "bank-b/ben"]

    async def ask(draft: bytes) -> MemberSignature:
        return ben.endorse(draft)

    ours = world.members["bank-b/ben"]
    certificate = MemberKey.of([ours.der], ours.key).fingerprint
    await ann.submit([invoke("unpin", Named("deal"))], endorse=[(certificate, ask)])
    assert [one.kind for one in await ann.history("board", "notes", "deal")] == [ChangeKind.WRITTEN, ChangeKind.DELETED]
    for client in (*chiefs, ben):
        await client.close()


async def test_a_record_s_history_says_who_and_by_which_certificate(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben = await enrolled(world, node, "bank-b/ben")
    first = await ann.submit([invoke("pin", Note("tide", "high")), invoke("pin", Note("wind", "west"))])
    world.later(5)
    second = await ben.submit([invoke("pin", Note("tide", "low"))])
    changes = await ann.history("board", "notes", "tide")
    wrote = [event.event for event in first.events if isinstance(event.event, RecordWritten)]
    fingerprints = {
        name: (await ann.member_info(*name.split("/"))).certificates[0].fingerprint
        for name in ("bank-a/ann", "bank-b/ben")
    }
    assert [(one.height, one.transaction_hash, one.kind, one.caller, one.method) for one in changes] == [
        (first.height, first.hash, ChangeKind.WRITTEN, "bank-a/ann", "pin"),
        (second.height, second.hash, ChangeKind.WRITTEN, "bank-b/ben", "pin"),
    ]
    assert changes[0].value_hash == wrote[0].value_hash
    assert changes[1].time == changes[0].time + 5
    assert [(one.signers[0].member, one.signers[0].certificate) for one in changes] == list(fingerprints.items())
    monkeypatch.setattr("hub.chain_client.PAGE_SIZE", 1)
    assert await ann.history("board", "notes", "tide") == changes
    assert isinstance(changes[0], RecordChange)
    with pytest.raises(RecordHasNoHistory):
        await ann.history("board", "notes", "moon")
    await ben.close()


async def test_votes_are_seen_as_they_are_cast(world: LedgerNodeWorld, node: Node, ann: LedgerClient) -> None:
    chiefs = [await enrolled(world, node, f"{name}/chief", "admin") for name in ("bank-a", "bank-b", "port")]
    action = a.ChangeParameters((a.ParameterChange("replacement_delay", 60),))
    with pytest.raises(MemberRoleRefused):
        await ann.submit([Propose(action, Seconds(3600))])
    await chiefs[0].submit([Propose(action, Seconds(3600))])
    await chiefs[0].submit([Vote(1, False)])
    with pytest.raises(AlreadyVoted):
        await chiefs[0].submit([Vote(1, True)])
    seen = await ann.proposal(1)
    assert (seen.action, seen.outcome, seen.approving, seen.against, seen.organisations) == (
        action,
        Outcome.PENDING,
        0,
        1,
        4,
    )
    assert [(one.organisation, one.name, one.approve, one.counts) for one in seen.ballots] == [
        ("bank-a", "chief", False, True)
    ]
    world.later(3600)
    await ann.request_block()
    assert (await ann.proposal(1)).outcome is Outcome.EXPIRED
    assert [one.number for one in await ann.proposals()] == [1]
    with pytest.raises(ProposalUnknown):
        await ann.proposal(2)
    for chief in chiefs:
        await chief.close()


async def test_a_vote_for_code_that_is_not_installed_says_what_to_install(world: LedgerNodeWorld, node: Node) -> None:
    """Whether tried out first or not. The vote stands in no block: it can be cast once the code is there."""
    by = await chiefs(world, node)
    await by["bank-a"].submit([Propose(a.ActivateContract("ghost", 1, Hash(bytes(32)), "any member"), Seconds(3600))])
    for name in ("bank-a", "bank-b"):
        await by[name].submit([Vote(1, True)])
    for simulate in (True, False):
        with pytest.raises(CodeNotInstalled, match="ghost version 1, which is not installed here: install the package"):
            await by["port"].submit([Vote(1, True)], simulate=simulate)
    assert (await by["port"].proposal(1)).outcome is Outcome.PENDING
    for chief in by.values():
        await chief.close()


async def test_a_vote_of_a_removed_organisation_is_shown_and_counts_no_more(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient
) -> None:
    by = await chiefs(world, node)
    await by["bank-a"].submit(
        [Propose(a.ChangeParameters((a.ParameterChange("replacement_delay", 60),)), Seconds(3600))]
    )
    for name in ("bank-a", "port"):
        await by[name].submit([Vote(1, name == "port")])
    leaving = by.pop("port")
    await decide(by, a.RemoveOrganisation("port"))
    seen = await ann.proposal(1)
    assert [(one.organisation, one.approve, one.counts) for one in seen.ballots] == [
        ("bank-a", False, True),
        ("port", True, False),
    ]
    assert (seen.approving, seen.against, seen.organisations) == (0, 1, 3)
    for chief in (leaving, *by.values()):
        await chief.close()


async def test_a_validator_binds_its_key_and_is_shown_with_it(world: LedgerNodeWorld, node: Node) -> None:
    async with await world.connect(node, "bank-b/val", "validator") as val:
        await val.enrol()
        signature = SIGNERS[1].sign(binding_digest(val.genesis_hash, val.member))
        await val.submit([BindValidatorKey(SIGNERS[1].address, signature)])
        (only,) = await val.validators()
        assert (only.address, only.power, only.organisation) == (SIGNERS[0].address, 1, "bank-a")


async def test_an_auditor_reads_everything_without_enrolling(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient
) -> None:
    await ann.submit([invoke("pin", Note("tide", "high"))])
    async with await world.connect(node, "customs/aud", "auditor") as aud:
        assert await aud.query("board", "read", write_json(Named("tide"))) == b'{"text":"high, says customs/aud"}'
        assert len(await aud.history("board", "notes", "tide")) == 1
        assert [one.name for one in await aud.certificates("bank-a")] == ["ann", "node"]
        assert (await aud.block(Height(2))).header.height == 2
        assert {one.organisation for one in await aud.organisations()} == {"bank-a", "bank-b", "customs", "port"}


async def test_blocks_are_watched_with_the_ledger_s_own_events(ann: LedgerClient) -> None:
    await ann.submit([invoke("pin", Note("tide", "high"))])
    seen = []
    async for block in ann.watch(Height(1), [RecordWritten]):
        seen += [record.event for record in block.events]
        if seen:
            break
    assert [(event.contract, event.key) for event in seen] == [("board", "tide")]  # type: ignore[union-attr]


async def test_questions_that_cannot_be_answered_are_refused(ann: LedgerClient) -> None:
    with pytest.raises(CallNotFound):
        await ann.call(bytes(32))
    with pytest.raises(WrongLength):
        await ann.call(b"short")
    with pytest.raises(CertificateUnknown):
        await ann.certificate(bytes(32))
    with pytest.raises(ClientNotFound):
        await ann.client("quorum-7")
    with pytest.raises(CounterpartyNotRegistered):
        await ann.checkpoint("quorum-0")
    with pytest.raises(CallNotFound):
        await ann.submit([RetryCallback(bytes(32))])
    lists = (await ann.calls(), await ann.pending_requests(), await ann.clients(), await ann.lanes())
    assert lists == ((), (), (), ())


async def test_lists_come_whole_however_long_they_are(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [await enrolled(world, node, f"bank-a/{name}") for name in ("bo", "cy", "di")]
    monkeypatch.setattr("hub.chain_client.PAGE_SIZE", 1)
    assert sorted(one.name for one in await ann.certificates("bank-a")) == ["ann", "bo", "cy", "di", "node"]
    assert len(await ann.organisations()) == 4
    await asyncio.gather(*(other.close() for other in others))


async def test_what_an_organisation_can_make_long_keeps_nobody_else_waiting(
    ann: LedgerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked up beside the event loop: proposals of 64 KiB each, certificates without number."""
    threads: list[int] = []

    def noted(look: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            threads.append(threading.get_ident())
            return look(*arguments)

        return call

    for name in ("member_info", "certificate_infos", "proposal_infos"):
        monkeypatch.setattr(views, name, noted(getattr(views, name)))
    await ann.whoami()
    await ann.certificates("bank-a")
    await ann.proposals()
    assert len(threads) == 3
    assert threading.get_ident() not in threads


async def test_a_key_that_is_not_the_certificate_s_is_refused_at_home(world: LedgerNodeWorld, node: Node) -> None:
    world.issue("bank-a/ann")
    world.issue("bank-a/bo")
    with pytest.raises(CertificateMalformed):
        MemberKey.read(world.files("bank-a/ann")[0], world.files("bank-a/bo")[1])
    with pytest.raises(CertificateMalformed):
        MemberKey.of([], world.members["bank-a/ann"].key)


# --- the node ---


async def test_a_node_goes_on_where_it_was_and_replays_to_the_same(world: LedgerNodeWorld) -> None:
    async with world.running() as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        await ann.submit([invoke("pin", Note("tide", "high"))])
        head = node.ledger.head
    async with world.running() as node, await world.connect(node, "bank-a/ann") as ann:
        assert node.ledger.head == head
        await ann.submit([invoke("pin", Note("tide", "low"))])
        assert len(await ann.history("board", "notes", "tide")) == 2
    config = world.config(world._genesis)
    assert replay_ledger(config, world.installed, world.folder / "again") == head.height + 1


async def test_a_node_whose_code_differs_from_what_was_voted_for_says_so_and_stops(world: LedgerNodeWorld) -> None:
    async with world.running() as node:
        height = node.ledger.head.height
    pinned = world.installed
    world.installed = {"board": Package(pinned["board"].shape, Hash(b"\x07" * 32))}
    with pytest.raises(CodeDiffers, match="install the pinned version, then start again"):
        async with world.running():
            pass
    world.installed = {}
    with pytest.raises(CodeNotInstalled):
        async with world.running():
            pass
    world.installed = pinned
    async with world.running() as node:
        assert node.ledger.head.height == height

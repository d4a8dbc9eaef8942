"""The Python SDK against a real node: every question, and every refusal as the very error that the hub raised."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from hub import messages as m
from hub.accounts.errors import FaucetClosed, InsufficientFunds, RoleMissing
from hub.accounts.transactions import sign_transaction
from hub.answers import BlockEvents, RequestState, ServiceRequest
from hub.block import ResultCode
from hub.client import HubClient
from hub.clients.base import ClientStatus
from hub.clients.errors import ClientNotFound
from hub.clients.quorum import Config
from hub.engine.embedded import EngineOptions
from hub.engine.errors import RateLimited
from hub.events import EscrowSettled, PacketSent, ServiceCalled, ServiceResulted, Transferred
from hub.ibc.commitment import commitment_path, packet_commitment, receipt_path
from hub.ibc.errors import CounterpartyNotRegistered, InvalidIdentifier
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.messages import Faucet, Role, Transfer
from hub.node import Node, NodeConfig, running_node
from hub.proofs.eip712 import SaltDomain
from hub.proofs.merkle import batch_root
from hub.proofs.quorum import SignerSet, verify_quorum
from hub.proofs.smt import verify_membership, verify_non_membership
from hub.quantities import Address, Amount, Gas, Height, Seconds, UnixSeconds
from hub.quantities import Sequence as Number
from hub.rpc.errors import HubUnreachable, PacketNotFound, TransactionNotFound
from hub.rpc.wire import encode_transaction
from hub.services.errors import RequestNotFound, ServiceNotFound
from hub.services.payload import caller_account
from hub.state.errors import BlockNotFound
from tests.unit.counting_service import SALT, SCHEMA, call, connected
from tests.unit.node_world import (
    ADDRESSES,
    BALANCE,
    KEYS,
    OPERATOR,
    SIGNERS,
    SOMEONE,
    START,
    VALIDATOR,
    StillClock,
    genesis,
)


@pytest.fixture
def clock() -> StillClock:
    """The hub's, which is months away from this machine's: a client must not mind."""
    return StillClock()


@pytest.fixture
async def node(tmp_path: Path, clock: StillClock) -> AsyncIterator[Node]:
    options = EngineOptions(gather=0.0, request_interval=5.0)
    config = NodeConfig(
        genesis(), tmp_path / "store", tmp_path / "guard", listen="127.0.0.1:0", metrics="", engine=options
    )
    async with running_node(config, SIGNERS[VALIDATOR], clock) as running:
        yield running


@pytest.fixture
async def hub(node: Node) -> AsyncIterator[HubClient]:
    async with await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as client:
        yield client


def pay(amount: int = 5) -> Transfer:
    return Transfer(ADDRESSES[VALIDATOR], Amount(amount))


async def test_status_tells_which_chain_it_is(hub: HubClient) -> None:
    status = await hub.status()
    assert (status.chain_id, status.genesis_hash) == (hub.chain_id, hub.genesis_hash) == ("hub-test", genesis().hash())
    assert (status.height, status.time, status.oldest_height, status.epoch) == (0, START, 0, 1)
    assert (status.engine, status.devnet, status.validators[0].address) == ("embedded", True, ADDRESSES[VALIDATOR])
    block = await hub.block()
    assert (block.hash, block.header.app_root) == (status.block_hash, status.app_root)


async def test_a_transaction_is_committed_and_found_again(hub: HubClient) -> None:
    receipt = await hub.submit([pay(5), pay(6)], SIGNERS[OPERATOR])
    assert (receipt.height, receipt.time, receipt.index, receipt.result) == (1, START, 0, ResultCode.OK)
    sender = ADDRESSES[OPERATOR]
    assert [record.event for record in receipt.events] == [
        Transferred(sender, ADDRESSES[VALIDATOR], Amount(5)),
        Transferred(sender, ADDRESSES[VALIDATOR], Amount(6)),
    ]
    found, sent = await hub.transaction(receipt.hash)
    assert found == receipt
    assert sent.transaction.messages == (pay(5), pay(6))
    account = await hub.account(sender)
    assert (account.balance, account.nonce, account.roles) == (BALANCE - 11, 1, tuple(Role))
    assert (await hub.block()).transaction_hashes == (receipt.hash,)


@pytest.mark.parametrize("simulate", [True, False], ids=["simulated", "in a block"])
async def test_a_refusal_is_raised_as_the_hub_raised_it(hub: HubClient, simulate: bool) -> None:
    with pytest.raises(InsufficientFunds) as refusal:
        await hub.submit([pay(BALANCE + 1)], SIGNERS[SOMEONE], simulate=simulate)
    assert refusal.value.account == ADDRESSES[SOMEONE]
    assert (refusal.value.balance, refusal.value.amount) == (BALANCE, BALANCE + 1)
    assert (await hub.status()).height == (0 if simulate else 1)
    assert (await hub.submit([pay()], SIGNERS[SOMEONE])).result is ResultCode.OK


async def test_what_was_refused_in_a_block_is_refused_again_and_not_done_later(hub: HubClient) -> None:
    with pytest.raises(InsufficientFunds):
        await hub.submit([pay(BALANCE + 1)], SIGNERS[SOMEONE], simulate=False)
    (refused,) = (await hub.block()).transaction_hashes
    await hub.submit([Transfer(ADDRESSES[SOMEONE], Amount(10))], SIGNERS[OPERATOR])
    receipt, sent = await hub.transaction(refused)
    assert (receipt.result, receipt.reason) == (ResultCode.REFUSED, "INSUFFICIENT_FUNDS")
    assert receipt.detail.endswith("fund it first")
    with pytest.raises(InsufficientFunds):
        await hub.send(sent.body, sent.signature)


async def test_sending_the_same_again_does_nothing_and_says_so(hub: HubClient) -> None:
    receipt = await hub.submit([pay()], SIGNERS[OPERATOR])
    _, sent = await hub.transaction(receipt.hash)
    again = await hub.send(sent.body, sent.signature)
    assert again.result is ResultCode.NO_OP
    assert (again.hash, again.height, again.index, again.events) == (receipt.hash, 1, 0, receipt.events)
    assert (await hub.status()).height == 1


async def test_what_changes_nothing_is_a_no_op(hub: HubClient) -> None:
    receipt = await hub.submit([m.GrantRole(ADDRESSES[OPERATOR], Role.MEMBER)], SIGNERS[OPERATOR])
    assert receipt.result is ResultCode.NO_OP


async def test_many_at_once_with_one_key_and_with_one_key_in_two_programs(hub: HubClient, node: Node) -> None:
    async with await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as other:
        clients = [hub, hub, hub, other]
        payments = [client.submit([pay(n)], SIGNERS[OPERATOR]) for n, client in enumerate(clients, 1)]
        receipts = await asyncio.gather(*payments)
    assert len({receipt.hash for receipt in receipts}) == len(clients)
    assert (await hub.account(ADDRESSES[OPERATOR])).nonce == len(clients)


async def test_simulation_tells_and_changes_nothing(hub: HubClient) -> None:
    receipt = await hub.simulate([pay(5)], ADDRESSES[OPERATOR])
    assert (receipt.height, len(receipt.events)) == (1, 1)
    with pytest.raises(RoleMissing):
        await hub.simulate([m.GrantRole(ADDRESSES[SOMEONE], Role.MEMBER)], ADDRESSES[SOMEONE])
    assert (await hub.status()).height == 0


async def test_a_forged_signature_is_refused_by_name(hub: HubClient) -> None:
    transaction = m.Transaction("hub-test", ADDRESSES[OPERATOR], 0, UnixSeconds(START + 9), Amount(0), Gas(0), (pay(),))
    body = encode_transaction(transaction)
    with pytest.raises(Exception, match="is signed by") as refusal:
        await hub.send(body, sign_transaction(KEYS[SOMEONE], hub.genesis_hash, body))
    assert type(refusal.value).__name__ == "WrongSignature"


async def test_there_is_a_faucet_on_a_devnet_only(tmp_path: Path, clock: StillClock) -> None:
    config = NodeConfig(genesis(devnet=False), tmp_path / "store", tmp_path / "guard", listen="127.0.0.1:0")
    async with (
        running_node(config, SIGNERS[VALIDATOR], clock) as node,
        await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub,
    ):
        with pytest.raises(FaucetClosed):
            await hub.submit([Faucet(ADDRESSES[SOMEONE], Amount(1))], SIGNERS[SOMEONE])


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda hub: hub.transaction(b"\x01" * 32), TransactionNotFound),
        (lambda hub: hub.block(Height(9)), BlockNotFound),
        (lambda hub: hub.client("quorum-7"), ClientNotFound),
        (lambda hub: hub.client("no client"), InvalidIdentifier),
        (lambda hub: hub.commitments("quorum-7"), ClientNotFound),
        (lambda hub: hub.unreceived("quorum-7", [Number(1)]), ClientNotFound),
        (lambda hub: hub.packet("quorum-0", "quorum-1", Number(1)), PacketNotFound),
        (lambda hub: hub.checkpoint("quorum-0"), CounterpartyNotRegistered),
        (lambda hub: hub.batch("quorum-0"), CounterpartyNotRegistered),
        (lambda hub: hub.prove(Height(9), [commitment_path(ClientId("quorum-0"), Number(1))]), BlockNotFound),
        (lambda hub: hub.definition("none"), ServiceNotFound),
        (lambda hub: hub.request(b"\x01" * 32), RequestNotFound),
        (lambda hub: hub.request_history(b"\x01" * 32), RequestNotFound),
    ],
)
async def test_what_is_not_there_is_said_to_be_so(
    hub: HubClient, ask: Callable[[HubClient], object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await ask(hub)  # type: ignore[misc]


async def test_a_block_that_shows_the_time(hub: HubClient, clock: StillClock) -> None:
    clock.advance(5)
    assert await hub.request_block() == 1
    assert (await hub.block(Height(1))).header.time == START + 5
    with pytest.raises(RateLimited):
        await hub.request_block()


async def taken(hub: HubClient, first: int, count: int, *kinds: type) -> list[BlockEvents]:
    found: list[BlockEvents] = []
    async for block in hub.watch(Height(first), kinds):
        found.append(block)
        if len(found) == count:
            break
    return found


async def test_watching_gives_every_block_once_and_in_order(hub: HubClient) -> None:
    watching = asyncio.ensure_future(taken(hub, 1, 4))
    receipts = [await hub.submit([pay(1), pay(2)], SIGNERS[OPERATOR]) for _ in range(4)]
    blocks = await watching
    assert [block.height for block in blocks] == [1, 2, 3, 4]
    assert [block.events for block in blocks] == [receipt.events for receipt in receipts]
    assert await taken(hub, 3, 2) == blocks[2:]


async def test_watching_some_kinds_says_how_far_it_is_all_the_same(hub: HubClient) -> None:
    for _ in range(3):
        await hub.submit([pay(1)], SIGNERS[OPERATOR])
    assert await taken(hub, 1, 1, PacketSent) == [BlockEvents(Height(3), START, ())]
    assert [block.height for block in await taken(hub, 1, 3, PacketSent, Transferred)] == [1, 2, 3]


async def test_watching_from_now_on(hub: HubClient) -> None:
    await hub.submit([pay(1)], SIGNERS[OPERATOR])
    watching = asyncio.ensure_future(taken(hub, 0, 1))
    while not watching.done():
        last = await hub.submit([pay(1)], SIGNERS[OPERATOR])
        await asyncio.sleep(0)
    (block,) = watching.result()
    assert 2 <= block.height <= last.height


async def test_clients_lanes_services_and_bindings_are_told(hub: HubClient) -> None:
    await connected(hub)
    (client,) = await hub.clients()
    assert client == await hub.client("quorum-0")
    assert (client.kind, client.status, client.height) == ("quorum", ClientStatus.ACTIVE, 0)
    assert (client.counterparty_client, client.salt, client.evm_chain_id) == ("quorum-8", SALT, 0)
    assert isinstance(client.config, Config)
    assert client.config.chain == "ledger-1"
    assert [(lane.lane, lane.destination_client) for lane in await hub.lanes()] == [(1, "quorum-8")]
    (definition,) = await hub.services()
    assert definition == await hub.definition("count")
    assert (definition.author, definition.tags, definition.output_abi) == (ADDRESSES[OPERATOR], ("toy",), "")
    assert {(offer.client, offer.price) for offer in await hub.bindings("count")} == {("quorum-0", 3), ("", 9)}
    assert await hub.bindings() == await hub.bindings("count")
    assert (await hub.parameters())["route_margin"] == "5"


async def test_a_packet_is_found_proven_and_shown_to_its_counterparty(hub: HubClient) -> None:
    await connected(hub)
    receipt = await hub.submit([call()], SIGNERS[SOMEONE])
    sent = next(record.event for record in receipt.events if isinstance(record.event, PacketSent))
    assert (sent.source_client, sent.destination_client, sent.sequence, sent.lane) == ("quorum-0", "quorum-8", 1, 1)
    assert await hub.commitments("quorum-0") == (1,)
    assert await hub.unacknowledged("quorum-0", [Number(2), Number(1)]) == (1,)
    assert await hub.unreceived("quorum-0", [Number(2), Number(1)]) == (1, 2)
    assert await hub.acknowledgements("quorum-0") == ()
    history = await hub.packet("quorum-0", "quorum-8", Number(1))
    assert [step.event for step in history.steps] == [sent]
    assert (history.steps[0].height, history.steps[0].transaction_hash) == (receipt.height, receipt.hash)

    port = PortId("service")
    payload = Payload(port, port, sent.version, sent.encoding, sent.value)
    commitment = packet_commitment(
        Packet(sent.sequence, ClientId("quorum-0"), ClientId("quorum-8"), sent.timeout, payload)
    )
    path = commitment_path(ClientId("quorum-0"), Number(1))
    batch = await hub.batch("quorum-0", receipt.height)
    assert [(entry.path, entry.commitment) for entry in batch.entries] == [(path, commitment)]
    assert batch.root == batch_root(((path, commitment),))

    signed = await hub.checkpoint("quorum-0", receipt.height)
    header = (await hub.block(receipt.height)).header
    shown = signed.checkpoint
    assert (shown.height, shown.block_hash, shown.app_root) == (receipt.height, header.hash(), header.app_root)
    assert (shown.batch_root, shown.source_client, shown.destination_client) == (batch.root, "quorum-0", "quorum-8")
    validators = SignerSet.of(1, {ADDRESSES[VALIDATOR]: 1})
    assert verify_quorum(validators, shown.digest(SaltDomain(SALT)), signed.signature) == 1

    absent = receipt_path(ClientId("quorum-0"), Number(1))
    proven = await hub.prove(receipt.height, [path, absent])
    assert (proven.height, proven.app_root) == (receipt.height, shown.app_root)
    assert [proof.value for proof in proven.proofs] == [commitment, b""]
    verify_membership(proven.app_root, path, commitment, proven.proofs[0].proof)
    verify_non_membership(proven.app_root, absent, proven.proofs[1].proof)


async def test_earlier_heights_are_shown_as_they_were(hub: HubClient) -> None:
    await connected(hub)
    before = (await hub.status()).height
    await hub.submit([call()], SIGNERS[SOMEONE])
    await hub.submit([pay()], SIGNERS[OPERATOR])
    path = commitment_path(ClientId("quorum-0"), Number(1))
    early, late = await hub.prove(before, [path]), await hub.prove(None, [path])
    assert (early.proofs[0].value, late.proofs[0].value != b"") == (b"", True)
    verify_non_membership(early.app_root, path, early.proofs[0].proof)
    assert early.app_root == (await hub.block(before)).header.app_root
    assert (await hub.checkpoint("quorum-0", before)).checkpoint.batch_root == bytes(32)
    assert (await hub.checkpoint("quorum-0", Height(before + 1))).checkpoint.batch_root != bytes(32)


@pytest.mark.parametrize(
    "path", [b"", b"quorum-0\x01", b"quorum-0\x04" + bytes(8), b"\x08" * 9 + b"\x01" + bytes(8), b"q" * 200]
)
async def test_only_ibc_paths_are_proven(hub: HubClient, path: bytes) -> None:
    for prove in (hub.prove, hub.prove_ics23):
        with pytest.raises(Exception, match="paths is refused"):
            await prove(None, [path])


async def test_a_call_is_followed_to_its_end(hub: HubClient) -> None:
    await connected(hub)
    receipt = await hub.submit([call(client="", provider=ADDRESSES[OPERATOR])], SIGNERS[SOMEONE])
    (request,) = (await hub.requests("count")).items
    assert (await hub.requests("other")).items == ()
    assert (request.state, request.code, request.fee, request.payer) == (RequestState.PENDING, 0, 9, ADDRESSES[SOMEONE])
    assert (request.input, request.due) == (b"1", START + 305)
    await hub.submit([m.RespondService(request.request_id, 200, b"2", "")], SIGNERS[OPERATOR])
    settled = await hub.request(request.request_id)
    assert (settled.state, settled.code, settled.output, settled.paid) == (RequestState.SETTLED, 200, b"2", True)
    assert receipt.height == 2
    history = await hub.request_history(request.request_id)
    assert [(step.height, type(step.event)) for step in history.steps] == [
        (2, ServiceCalled),
        (3, ServiceResulted),
        (3, EscrowSettled),
    ]


async def test_anyone_may_fund_a_caller_on_another_chain(hub: HubClient) -> None:
    await connected(hub)
    caller = b"\x42" * 20
    account = await hub.caller_account("quorum-0", caller)
    assert (account.address, account.balance) == (caller_account(ClientId("quorum-0"), caller), 0)
    await hub.submit([Transfer(Address(account.address), Amount(7))], SIGNERS[SOMEONE])
    assert await hub.balance("quorum-0", caller) == 7


async def test_lists_come_whole_however_long_they_are(hub: HubClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.rpc.pages.MAX_PAGE", 10_000)
    monkeypatch.setattr("hub.chain_client.PAGE_SIZE", 2)
    config = Config("ledger-1", SALT, SignerSet.of(1, {ADDRESSES[3]: 1}), Seconds(10**6), Seconds(10), True)
    await hub.submit([m.CreateQuorumClient(config)] * 11, SIGNERS[OPERATOR])
    names = [m.DefineService(name, "", (), SCHEMA, SCHEMA, "", "") for name in ("b", "a", "long", "zz", "y")]
    await hub.submit(names, SIGNERS[OPERATOR])
    offers = [m.BindService(s, "", ADDRESSES[0], 2, Amount(1), Gas(0), 5, 5) for s in ("a", "b", "zz", "y", "long")]
    await hub.submit(offers, SIGNERS[OPERATOR])
    assert [client.client for client in await hub.clients()] == [f"quorum-{n}" for n in range(11)]
    assert sorted(service.service for service in await hub.services()) == ["a", "b", "long", "y", "zz"]
    assert len(await hub.bindings()) == len(set(await hub.bindings())) == 5
    found: list[ServiceRequest] = []
    token = ""
    calls = [call(client="", provider=b"", service="a") for _ in range(5)]
    await hub.submit(calls, SIGNERS[SOMEONE])
    while True:
        page = await hub.requests(page_size=2, token=token)
        found += page.items
        if not (token := page.next_token):
            break
    assert len({request.request_id for request in found}) == len(found) == 5


async def test_a_hub_that_is_not_there_is_unreachable(unused_tcp_port: int) -> None:
    with pytest.raises(HubUnreachable, match="cannot be reached"):
        await HubClient.connect(f"127.0.0.1:{unused_tcp_port}", insecure=True)

"""A ledger and a hub, each a real node, and the real relayer between them, as a member of the ledger."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.permissioned.ledger.service.calls import CallState
from hub import messages as hub_messages
from hub.answers import RequestState
from hub.clients.quorum import Config
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import SignerSet
from hub.proofs.signatures import address_of
from hub.quantities import Hash
from relayers.errors import EnrolmentRefused, InvalidConfiguration
from relayers.fields import KeyPair
from relayers.ledger_chain import ledger_chain
from tests.e2e.network import until
from tests.e2e.node import VALIDATOR_KEY
from tests.e2e.trade import ANN, CARRIER, NOBODY, TRUST, Trade, running_trade


@pytest.fixture
async def trade(tmp_path: Path) -> AsyncIterator[Trade]:
    async with running_trade(tmp_path) as running:
        yield running


async def test_calls_both_ways_through_the_relayer(trade: Trade) -> None:
    """A hub account asks the ledger's contract, a member of the ledger asks a hub account; each gets its answer."""
    async with trade.relayer() as relayer:
        await trade.call_both_ways("hi")
        assert relayer.health() == {}


async def test_an_idle_ledger_is_asked_for_the_block_that_shows_a_timeout(trade: Trade) -> None:
    """Its heartbeat is an hour away: without being asked it would never show that the hub's packet came too late."""
    unheard = await trade.ask_desk("too late", within=8)
    call = await trade.ask_hub("too late as well", within=8)

    async def late() -> bool:
        return trade.world.clock.now() > (await trade.hub.request(unheard)).deadline

    await until(late)
    made = (await trade.ann.status()).height
    async with trade.relayer() as relayer:

        async def settled() -> bool:
            return (await trade.hub.request(unheard)).state is RequestState.SETTLED

        async def timed_out() -> bool:
            return (await trade.ann.call(call)).state is CallState.TIMED_OUT

        await until(settled)
        await until(timed_out)
        assert relayer.health() == {}
    assert (await trade.ann.status()).height <= made + 4


async def test_a_relayer_enrols_its_member_where_it_is_not(trade: Trade) -> None:
    trade.world.issue("port/ferryman", "member")
    for _ in range(2):
        async with trade.relayer("port/ferryman"):
            await trade.call_both_ways("by the ferryman")
        (enrolled,) = (await trade.ann.member_info("port", "ferryman")).certificates
    before = (await trade.ann.status()).height
    chain = await ledger_chain(trade.hub, trade.target("port/ferryman"))
    await chain.close()
    assert (await trade.ann.status()).height == before
    trade.world.issue("port/ferryman", "validator", serial=4711)  # another certificate of the same member
    await (await ledger_chain(trade.hub, trade.target("port/ferryman"))).close()
    assert len((await trade.ann.member_info("port", "ferryman")).certificates) == 2
    assert enrolled in (await trade.ann.member_info("port", "ferryman")).certificates


async def test_a_renewed_certificate_is_shown_and_enrolled_without_a_restart(trade: Trade) -> None:
    async with trade.relayer() as relayer:
        await trade.call_both_ways("by the first certificate")
        trade.world.issue(CARRIER, "member", serial=4712)

        async def enrolled() -> bool:
            return len((await trade.ann.member_info("port", "carrier")).certificates) == 2

        await until(enrolled)
        await trade.call_both_ways("by the second")
        assert relayer.health() == {}
        assert not relayer.metrics.registry.get_sample_value(
            "relayer_errors_total", {"path": "trade", "reason": "ENDPOINT_FAULT"}
        )


async def test_a_relayer_that_may_not_write_says_so(trade: Trade) -> None:
    trade.world.issue("port/regulator", "auditor")
    with pytest.raises(EnrolmentRefused, match=r"trade does not enrol port/regulator.*auditors write nothing"):
        await ledger_chain(trade.hub, trade.target("port/regulator"))
    async with trade.relayer("port/regulator") as relayer:

        async def told() -> str:
            return relayer.health().get("trade", "")

        assert "auditors write nothing" in await until(told)


async def test_a_path_that_is_configured_wrongly_says_so(trade: Trade) -> None:
    other = Config("ledger-test", Hash(b"\x07" * 32), SignerSet.of_equals(1, [address_of(VALIDATOR_KEY)]), *TRUST)
    await trade.hub.submit([hub_messages.CreateQuorumClient(other)], trade.operator)
    stranger = ClientId((await trade.hub.clients())[-1].client)
    target = trade.target()
    unconnected = replace(target, client=stranger)
    with pytest.raises(InvalidConfiguration, match="has no counterparty yet"):
        await ledger_chain(trade.hub, unconnected)
    counterparty = hub_messages.RegisterCounterparty(stranger, "quorum-0", 0, NOBODY, Hash(b"\x07" * 32))
    await trade.hub.submit([counterparty], trade.operator)
    with pytest.raises(
        InvalidConfiguration, match=r"is a node of ledger-test .*, and quorum-1 believes ledger-test of genesis 0x0707"
    ):
        await ledger_chain(trade.hub, unconnected)
    swapped = KeyPair(target.identity.certificate, trade.world.files(ANN)[1])
    for identity in (swapped, KeyPair(trade.world.folder / "none.pem", trade.world.folder / "none.key")):
        with pytest.raises(InvalidConfiguration, match="certificate"):
            await ledger_chain(trade.hub, replace(target, identity=identity))

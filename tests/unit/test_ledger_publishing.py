"""A newer revocation list is taken from anyone, and nothing else is: over real TLS, with certificates and without."""

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc
import pytest
from cryptography.x509 import load_pem_x509_certificate

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.events import RevocationsUpdated
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.membership.revocation import MAX_LIST_BYTES
from adapters.permissioned.ledger.membership.revocation_errors import (
    RevocationListForged,
    RevocationListFromTheFuture,
    RevocationListMalformed,
    RevocationListOfStranger,
    RevocationListOutdated,
    RevocationListTooLarge,
)
from adapters.permissioned.ledger.messages import InvokeContract, UpdateRevocations
from adapters.permissioned.ledger.publishing import Published, publish_revocation_list
from adapters.permissioned.ledger.rpc.access import ANYONE, TABLE
from adapters.permissioned.ledger.rpc.errors import NodeIsNoMember
from adapters.permissioned.ledger.rpc.revocations import MOST_WAITING, OF_ALL, PER_ADDRESS
from hub.chain_node import Node
from hub.engine.errors import RateLimited
from hub.errors import HubError
from hub.rpc.calling import answered, open_channel
from hub.rpc.errors import UnknownRefusal
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import DAY, Certified
from tests.unit.ledger_node_world import LedgerNodeWorld, fresh, key_pem, pem, serving

A, B = OrganisationId("bank-a"), OrganisationId("bank-b")


pytest_plugins = ("tests.unit.ledger_fixtures",)


@pytest.fixture
async def node(world: LedgerNodeWorld) -> AsyncIterator[Node]:
    async with world.running(open_listen="localhost:0") as running:
        yield running


def crl(world: LedgerNodeWorld, number: int, *revoked: Certified, by: Certified | None = None) -> bytes:
    now = world.clock.now()
    draft = workshop.revocations(by or world.roots[A], number, *revoked)
    return draft.with_(this_update=now - 60, next_update=now + DAY).signed()


async def publish(world: LedgerNodeWorld, node: Node, data: bytes, member: str = "") -> Published:
    """As the member, at the port of members; or without a certificate, at the one that is open to all."""
    world.clock.advance(1)  # so that nobody is too fast
    certificate, key = world.files(member) if member else (None, None)
    target = f"localhost:{node.port if member else node.open_port}"
    return await publish_revocation_list(
        target, data, authorities=world.authorities, certificate=certificate, key=key, timeout_seconds=5
    )


async def test_whoever_brings_a_newer_list_it_is_in_force(world: LedgerNodeWorld, node: Node) -> None:
    """An auditor, one who never enrolled, one in whose name nothing is readable, one who is revoked by the very list
    before, one of another authority's, and one without a certificate."""
    async with await world.connect(node, "bank-b/ben", "member") as ben:
        await ben.enrol()
        world.issue("bank-a/ann", "member")
        world.issue("port/aud", "auditor")
        world.issue("customs/new", "member")
        world.issue("bank-b/eve", "operator")
        world.issue("port/eve", by=(world.roots[B],))  # in port's name by bank-b's authority: refused everything else
        bringers = ("port/aud", "customs/new", "bank-b/eve", "port/eve", "bank-a/ann", "")
        for number, member in enumerate(bringers, 1):
            done = await publish(world, node, crl(world, number, world.members["bank-a/ann"]), member)
            assert done == Published(False, (await ben.status()).height)
            (known,) = [one.revocations for one in await ben.authorities("bank-a")]
            assert known is not None
            assert known.number == str(number)
        (change,) = [
            one.event async for block in ben.events_between(done.height, done.height, [RevocationsUpdated])
            for one in block.events
        ]  # fmt: skip
        assert isinstance(change, RevocationsUpdated)
        assert change.organisation == A


async def test_a_list_that_is_known_makes_no_block(world: LedgerNodeWorld, node: Node) -> None:
    known = crl(world, 1)
    first = await publish(world, node, known)
    assert not first.already_known
    assert await publish(world, node, known) == Published(True, node.ledger.head.height)
    assert node.ledger.head.height == first.height


async def test_the_node_brings_it_as_the_member_that_it_is(world: LedgerNodeWorld, node: Node) -> None:
    """While it acts for others, too."""
    async with await LedgerClient.connect(
        f"localhost:{node.port}", authorities=world.authorities, certificate=world.tls.certificate, key=world.tls.key
    ) as itself:
        assert (itself.member, (await itself.whoami()).nonce) == ("bank-a/node", 0)
        await publish(world, node, crl(world, 1))
        pins = [InvokeContract("board", "pin", b'{"name":"n%d","text":"x"}' % number) for number in range(4)]

        async def bring() -> None:
            for number in (2, 3):
                await publish(world, node, crl(world, number))

        await asyncio.gather(bring(), *(itself.submit([pin]) for pin in pins))
        assert (await itself.whoami()).nonce == 7  # three lists, four notes


async def test_a_node_with_another_certificate_enrols_with_the_first_list(world: LedgerNodeWorld, node: Node) -> None:
    second = serving(fresh(workshop.leaf(world.roots[B], "bank-b", "node", "member"))).signed()
    world.tls.certificate.write_bytes(pem(second))
    world.tls.key.write_bytes(key_pem(second))
    async with await world.connect(node, "bank-b/ben", "member") as ben:
        assert (await ben.member_info("bank-b", "node")).certificates == ()
        await publish(world, node, crl(world, 1), "bank-b/ben")
        assert (await ben.member_info("bank-b", "node")).nonce == 2  # its enrolment, the list


HOSTILE: dict[str, tuple[Callable[[LedgerNodeWorld], bytes], type[HubError]]] = {
    "an older one": (lambda world: crl(world, 4), RevocationListOutdated),
    "another of the same number": (lambda world: crl(world, 5, world.members["bank-a/ann"]), RevocationListOutdated),
    "unsigned": (lambda world: crl(world, 6)[:-8] + bytes(8), RevocationListForged),
    "another authority's in its name": (
        lambda world: (
            workshop.revocations(world.roots[A], 6)
            .with_(key=world.roots[B].key, this_update=world.clock.now(), next_update=world.clock.now() + DAY)
            .signed()
        ),
        RevocationListForged,
    ),
    "a stranger's": (lambda world: crl(world, 6, by=world.stranger), RevocationListOfStranger),
    "from the future": (
        lambda world: (
            workshop.revocations(world.roots[A], 6)
            .with_(this_update=world.clock.now() + 3600, next_update=world.clock.now() + DAY)
            .signed()
        ),
        RevocationListFromTheFuture,
    ),
    "nothing": (lambda _: b"", RevocationListMalformed),
    "noise": (lambda _: b"\x30\x82" + bytes(1000), RevocationListMalformed),
    "too long": (lambda _: bytes(MAX_LIST_BYTES + 1), RevocationListTooLarge),
    "much too long": (lambda _: bytes(4 * 1024 * 1024), UnknownRefusal),  # it is not even read
}


async def test_nothing_else_is_taken_and_makes_no_block(world: LedgerNodeWorld, node: Node) -> None:
    world.issue("bank-a/ann", "member")
    height = (await publish(world, node, crl(world, 5))).height
    for name, (made, error) in HOSTILE.items():
        with pytest.raises(error):
            await publish(world, node, made(world))
        assert node.ledger.head.height == height, name
        assert node.engine.pending == 0, name


async def test_one_who_hands_in_too_many_is_told_to_slow_down_and_keeps_no_member_out(
    world: LedgerNodeWorld, node: Node
) -> None:
    await publish(world, node, crl(world, 1))
    world.clock.advance(10)

    async def flood(count: int) -> list[type[HubError]]:
        async def one() -> type[HubError]:
            try:
                await publish_revocation_list(
                    f"localhost:{node.open_port}", b"noise", authorities=world.authorities, timeout_seconds=5
                )
            except HubError as error:
                return type(error)
            raise AssertionError("noise was taken")

        return [await one() for _ in range(count)]

    assert await flood(20) == [RevocationListMalformed] * 2 * PER_ADDRESS + [RateLimited] * (20 - 2 * PER_ADDRESS)
    async with await world.connect(node, "bank-b/ben", "member") as ben:
        await ben.enrol()
        await ben.submit([UpdateRevocations(crl(world, 2))])
    world.clock.advance(1)
    assert await flood(3) == [RevocationListMalformed] * PER_ADDRESS + [RateLimited]


async def test_all_addresses_together_are_bounded(
    world: LedgerNodeWorld, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.rpc.door.host_of", lambda peer: peer)  # each connection is another address
    outcomes = []
    for _ in range(2 * OF_ALL + 3):
        with pytest.raises(HubError) as refusal:
            await publish_revocation_list(
                f"localhost:{node.open_port}", b"noise", authorities=world.authorities, timeout_seconds=5
            )
        outcomes.append(type(refusal.value))
    assert outcomes == [RevocationListMalformed] * 2 * OF_ALL + [RateLimited] * 3
    assert MOST_WAITING < 100


async def test_what_is_open_to_all_opens_nothing_else(world: LedgerNodeWorld, node: Node) -> None:
    assert [method for method, rules in TABLE.items() if ANYONE in rules] == ["RevocationService/PublishRevocationList"]
    target = f"localhost:{node.open_port}"
    async with open_channel(target, world.authorities, None, None, insecure=False) as channel:
        for method, rules in TABLE.items():
            if rules == (ANYONE,):
                continue
            call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                f"/interchain.ledger.v1.{method}"
            )
            with pytest.raises(UnknownRefusal, match="UNIMPLEMENTED"):
                await answered(target, call(b"", timeout=5))


async def test_a_node_that_may_not_write_says_so_to_whoever_asks(world: LedgerNodeWorld, node: Node) -> None:
    """It was revoked, by a list that it brought itself; then it has a certificate of nobody's, an auditor's, none."""
    async with await world.connect(node, "bank-b/ben", "member") as ben:
        await ben.enrol()
        revoking = workshop.revocations(world.roots[A], 1).with_(
            serials=[load_pem_x509_certificate(world.tls.certificate.read_bytes()).serial_number],
            this_update=world.clock.now() - 60,
            next_update=world.clock.now() + DAY,
        )
        await publish(world, node, revoking.signed(), "bank-b/ben")
        with pytest.raises(NodeIsNoMember, match="was revoked"):
            await publish(world, node, crl(world, 2), "bank-b/ben")
        for root, role, why in ((world.stranger, "validator", "no authority"), (world.roots[A], "auditor", "auditor")):
            other = serving(fresh(workshop.leaf(root, "bank-a", "node", role, serial=77))).signed()
            world.tls.certificate.write_bytes(pem(other))
            world.tls.key.write_bytes(key_pem(other))
            with pytest.raises(NodeIsNoMember, match=why):
                await publish(world, node, crl(world, 2), "bank-b/ben")
        world.tls.key.unlink()
        with pytest.raises(NodeIsNoMember, match="cannot be read") as told:
            await publish(world, node, crl(world, 2), "bank-b/ben")
        assert str(world.folder) not in str(told.value)
        assert (await ben.authorities("bank-a"))[0].revocations is not None

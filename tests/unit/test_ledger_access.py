"""Who may call what on a ledger's node: every row of the table, both ways, and hostile connections, over real TLS."""

import time
from typing import Any

import grpc
import pytest
from interchain.ledger.v1 import (
    block_service_pb2,
    checkpoint_service_pb2,
    private_data_service_pb2,
    query_service_pb2,
    revocation_service_pb2,
    transaction_service_pb2,
)

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.identities import MemberRole, OrganisationId
from adapters.permissioned.ledger.membership.errors import (
    AuthorityRemoved,
    CertificateExpired,
    CertificateRevoked,
    OrganisationRemoved,
    SubjectUnreadable,
    WrongAuthority,
)
from adapters.permissioned.ledger.messages import EnrolMember, InvokeContract, UpdateRevocations, Vote
from adapters.permissioned.ledger.rpc.access import ANYONE, CLOSED, KEEP, OWN, READ, TABLE, WRITE, Rule, identify
from adapters.permissioned.ledger.rpc.errors import AccessRefused, TlsRequired
from hub.chain_node import Node
from hub.errors import HubError
from hub.quantities import Height
from hub.rpc.calling import answered, open_channel
from hub.rpc.errors import HubUnreachable
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import DAY
from tests.unit.ledger_node_world import ROLES, Board, LedgerNodeWorld, chiefs, decide, fresh, key_pem, pem
from tests.unit.member_ledger import MemberLedger

SERVICES = {
    service.full_name: service
    for module in (
        block_service_pb2,
        checkpoint_service_pb2,
        private_data_service_pb2,
        query_service_pb2,
        revocation_service_pb2,
        transaction_service_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
}
METHODS = {f"{service.name}/{method.name}": method for service in SERVICES.values() for method in service.methods}


pytest_plugins = ("tests.unit.ledger_fixtures",)


def bare(channel: grpc.aio.Channel, method: str) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
    """A method of the ledger's that is called with bytes."""
    return channel.unary_unary(f"/interchain.ledger.v1.{method}")


async def asked(world: LedgerNodeWorld, node: Node, member: str, method: str) -> HubError | None:
    """What comes of a method that is called with an empty request; None: it was answered."""
    certificate, key = world.files(member)
    target = f"localhost:{node.port}"
    async with open_channel(target, world.authorities, certificate, key, insecure=False) as channel:
        path = f"/interchain.ledger.v1.{method}"
        if METHODS[method].server_streaming if method in METHODS else False:
            stream: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = channel.unary_stream(path)
            call: Any = stream(b"\x08\x01", timeout=5).read()
        else:
            call = bare(channel, method)(b"", timeout=5)
        try:
            await answered(target, call)
        except HubError as error:
            return error
    return None


def test_every_method_has_its_row_and_no_row_is_without_a_method() -> None:
    assert set(TABLE) == set(METHODS)


def test_the_table_is_as_it_was_agreed() -> None:
    """Auditors read everything and write nothing; all other roles may call everything. Lists of revocations prove
    themselves."""
    assert {method: rules for method, rules in TABLE.items() if rules != (READ,)} == {
        "TransactionService/Submit": (WRITE,),
        "TransactionService/Simulate": (WRITE, OWN),
        "BlockService/RequestBlock": (WRITE,),
        "PrivateDataService/PutPrivateValue": (WRITE, KEEP),
        "PrivateDataService/GetPrivateValue": (READ, KEEP),
        "RevocationService/PublishRevocationList": (ANYONE,),
    }
    assert READ.roles == KEEP.roles == frozenset(MemberRole)
    assert frozenset(MemberRole) - WRITE.roles == {MemberRole.AUDITOR}
    assert KEEP.keepers
    assert not CLOSED.roles


@pytest.mark.parametrize("role", ROLES)
async def test_each_row_admits_its_roles_and_refuses_others_by_its_name(world: LedgerNodeWorld, role: str) -> None:
    async with world.running() as node:
        await node.engine.request_block()
        world.issue("port/pat", role)
        for method, rules in TABLE.items():
            refusal = await asked(world, node, "port/pat", method)
            refusing = [rule for rule in rules if MemberRole(role) not in rule.roles]
            if not refusing:
                is_nobodys = isinstance(refusal, AccessRefused) and OWN in rules and refusal.rule == OWN.name
                assert is_nobodys or not isinstance(refusal, AccessRefused), method
            else:
                assert isinstance(refusal, AccessRefused), method
                assert (refusal.rule, refusal.member, refusal.role) == (refusing[0].name, "port/pat", role)
                assert refusal.method == method


async def test_what_the_table_does_not_name_is_closed(
    world: LedgerNodeWorld, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {method: rules for method, rules in TABLE.items() if method != "QueryService/GetStatus"}
    monkeypatch.setattr("adapters.permissioned.ledger.rpc.access.TABLE", left)
    world.issue("port/pat", "admin")
    refusal = await asked(world, node, "port/pat", "QueryService/GetStatus")
    assert isinstance(refusal, AccessRefused)
    assert refusal.rule == CLOSED.name
    assert str(refusal) == (
        "port/pat, acting as admin, may not call QueryService/GetStatus: rule 'what the table does not name is closed'"
    )


async def test_nobody_tries_out_what_another_might_do(world: LedgerNodeWorld, node: Node) -> None:
    """Its author is a field of it; how a contract answers another may not be for this one."""
    async with (
        await world.connect(node, "bank-a/ann", "member") as ann,
        await world.connect(node, "bank-b/ben", "member") as ben,
    ):
        await ben.enrol()
        body = await ben.draft([InvokeContract("board", "pin", b'{"name":"tide","text":"high"}')])
        await ben._simulate(body, (ben._key.fingerprint,))
        with pytest.raises(AccessRefused) as refusal:
            await ann._simulate(body, (ben._key.fingerprint,))
        assert (refusal.value.rule, refusal.value.member) == (OWN.name, "bank-a/ann")


async def test_a_rule_that_lets_too_many_in_would_be_seen(
    world: LedgerNodeWorld, node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table is what decides: with another one, an auditor may ask for a block."""
    world.issue("port/aud", "auditor")
    assert isinstance(await asked(world, node, "port/aud", "BlockService/RequestBlock"), AccessRefused)
    open_to_all = (Rule("open to all"),)
    monkeypatch.setattr(
        "adapters.permissioned.ledger.rpc.access.TABLE", {**TABLE, "BlockService/RequestBlock": open_to_all}
    )
    assert await asked(world, node, "port/aud", "BlockService/RequestBlock") is None


def test_who_was_enrolled_under_a_root_that_was_renewed_since_is_let_in_to_enrol_again() -> None:
    """The record ends with the root of then; the certificate does not."""
    ledger = MemberLedger(Board)
    short = workshop.root("port second", not_after=workshop.NOW + DAY).signed()
    ledger.decide(a.AddAuthority("port", short.der))
    ledger.roots[OrganisationId("port")] = short
    ledger.enrol("port/pat")
    pat = ledger.members["port/pat"].der
    assert identify(ledger.state, pat, []).member == "port/pat"
    ledger.block(advance=2 * DAY)
    with pytest.raises(CertificateExpired):
        identify(ledger.state, pat, [])
    ledger.decide(a.AddAuthority("port", workshop.root("port second").signed().der))
    assert identify(ledger.state, pat, []).member == "port/pat"
    ledger.do("port/pat", EnrolMember(pat, ()))
    ledger.do("port/pat", InvokeContract("board", "pin", b'{"name":"tide","text":"back"}'))


# --- who connects ---


async def refused_to_connect(world: LedgerNodeWorld, node: Node, member: str) -> HubError:
    with pytest.raises(HubError) as refusal:
        await world.connect(node, member)
    return refusal.value


async def test_a_member_connects_before_it_is_enrolled_and_enrols(world: LedgerNodeWorld, node: Node) -> None:
    async with await world.connect(node, "bank-a/ann", "member") as ann:
        assert (await ann.whoami()).certificates == ()
        await ann.enrol()
        (known,) = (await ann.whoami()).certificates
        assert (known.organisation, known.name, known.role, known.refused_for) == (
            "bank-a",
            "ann",
            MemberRole.MEMBER,
            "",
        )


async def test_a_member_below_an_intermediate_that_nobody_knows_enrols(world: LedgerNodeWorld, node: Node) -> None:
    world.issue("bank-a/ida", by=(world.issuing, world.roots[world.genesis.organisations[0].id]))
    async with await world.connect(node, "bank-a/ida") as ida:
        await ida.enrol()
        (known,) = (await ida.whoami()).certificates
        assert len(known.certificates) == 3


async def test_nobody_connects_without_a_certificate(world: LedgerNodeWorld, node: Node) -> None:
    target = f"localhost:{node.port}"
    async with open_channel(target, world.authorities, None, None, insecure=False) as channel:
        with pytest.raises(HubUnreachable):
            await answered(target, bare(channel, "QueryService/GetStatus")(b"", timeout=5))
    async with grpc.aio.insecure_channel(target) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await bare(channel, "QueryService/GetStatus")(b"", timeout=5)


async def test_nobody_connects_by_an_authority_that_is_not_registered(world: LedgerNodeWorld, node: Node) -> None:
    world.issue("bank-a/eve", by=(world.stranger,))
    assert isinstance(await refused_to_connect(world, node, "bank-a/eve"), HubUnreachable)


async def test_nobody_connects_in_the_name_of_another_organisation(world: LedgerNodeWorld, node: Node) -> None:
    """bank-b's authority signs for bank-a: TLS trusts it, the ledger does not."""
    world.issue("bank-a/eve", by=(world.roots[world.genesis.organisations[1].id],))
    assert isinstance(await refused_to_connect(world, node, "bank-a/eve"), WrongAuthority)


async def test_nobody_connects_with_a_certificate_that_has_ended(world: LedgerNodeWorld, node: Node) -> None:
    world.issue("bank-a/old", not_after=int(time.time()) - DAY)
    assert isinstance(await refused_to_connect(world, node, "bank-a/old"), HubUnreachable)


async def test_a_role_that_is_none_is_refused(world: LedgerNodeWorld, node: Node) -> None:
    world.issue("bank-a/eve", "operator")
    certificate, key = world.files("bank-a/eve")
    target = f"localhost:{node.port}"
    async with open_channel(target, world.authorities, certificate, key, insecure=False) as channel:
        with pytest.raises(SubjectUnreadable):
            await answered(target, bare(channel, "QueryService/GetStatus")(b"", timeout=5))


async def test_headers_say_nothing_of_who_calls(world: LedgerNodeWorld, node: Node) -> None:
    world.issue("port/aud", "auditor")
    certificate, key = world.files("port/aud")
    target = f"localhost:{node.port}"
    metadata = (("x-member", "bank-a/chief"), ("x-role", "admin"), ("authorization", "Bearer admin"))
    async with open_channel(target, world.authorities, certificate, key, insecure=False) as channel:
        call = bare(channel, "BlockService/RequestBlock")(b"", timeout=5, metadata=metadata)
        with pytest.raises(AccessRefused):
            await answered(target, call)


async def test_a_node_without_tls_does_not_start(world: LedgerNodeWorld) -> None:
    with pytest.raises(TlsRequired):
        async with world.running(tls=None):
            pass


# --- what changes while a connection is open ---


async def test_a_member_that_is_revoked_is_refused_from_the_next_call_on(world: LedgerNodeWorld, node: Node) -> None:
    async with (
        await world.connect(node, "bank-a/ann", "member") as ann,
        await world.connect(node, "bank-b/ben", "member") as ben,
    ):
        await ann.enrol()
        await ben.enrol()
        await ann.status()
        crl = workshop.revocations(world.roots[world.genesis.organisations[0].id], 1, world.members["bank-a/ann"])
        now = world.clock.now()
        await ben.submit([UpdateRevocations(crl.with_(this_update=now - 60, next_update=now + DAY).signed())])
        with pytest.raises(CertificateRevoked):
            await ann.status()
        with pytest.raises(CertificateRevoked):
            await ann.submit([Vote(1, True)], simulate=False, valid_seconds=5)
        (shown,) = (await ben.member_info("bank-a", "ann")).certificates
        assert shown.refused_for == "CERTIFICATE_REVOKED"
        (authority,) = await ben.authorities("bank-a")
        assert authority.revocations is not None
        assert (authority.revocations.number, authority.revocations.revoked) == ("1", 1)
        assert not authority.revocations.stale
        world.later(DAY)
        await ben.request_block()
        (authority,) = await ben.authorities("bank-a")
        assert authority.revocations is not None
        assert authority.revocations.stale
        await ben.status()


async def test_a_certificate_that_ends_is_refused_from_the_next_call_on(world: LedgerNodeWorld, node: Node) -> None:
    """By the ledger's time, whatever the machine's clock says."""
    async with await world.connect(node, "bank-a/ann", "member") as ann:
        world.issue("bank-b/ben", not_after=int(world.clock.now()) + 100)
        async with await world.connect(node, "bank-b/ben") as ben:
            await ben.enrol()
            await ben.status()
            world.later(101)
            await ann.request_block()
            with pytest.raises(CertificateExpired):
                await ben.status()


async def test_an_organisation_that_is_voted_in_connects_without_a_restart(world: LedgerNodeWorld, node: Node) -> None:
    world.roots["bank-x"] = world.stranger  # type: ignore[index]
    world.issue("bank-x/xia", "member")
    del world.roots["bank-x"]  # type: ignore[arg-type]
    assert isinstance(await refused_to_connect(world, node, "bank-x/xia"), HubUnreachable)
    by = await chiefs(world, node)
    await decide(by, a.AddOrganisation("bank-x", "Bank X", (world.stranger.der,)))
    async with await world.connect(node, "bank-x/xia") as xia:
        await xia.enrol()
        await decide(by, a.RemoveOrganisation("bank-x"))
        with pytest.raises(OrganisationRemoved):
            await xia.status()
    assert isinstance(await refused_to_connect(world, node, "bank-x/xia"), HubUnreachable)
    for chief in by.values():
        await chief.close()


async def test_an_authority_that_is_voted_out_connects_nobody(world: LedgerNodeWorld, node: Node) -> None:
    by = await chiefs(world, node)
    second = fresh(workshop.root("port second")).signed()
    await decide(by, a.AddAuthority("port", second.der))
    world.issue("port/pat", by=(second,))
    async with await world.connect(node, "port/pat") as pat:
        await pat.enrol()
        (found,) = [one for one in await pat.authorities("port") if one.certificate == second.der]
        await decide(by, a.RemoveAuthority(found.authority))
        with pytest.raises(AuthorityRemoved):
            await pat.status()
    assert isinstance(await refused_to_connect(world, node, "port/pat"), HubUnreachable)
    for chief in by.values():
        await chief.close()


async def test_a_renewed_certificate_of_the_node_is_served_after_the_next_block(
    world: LedgerNodeWorld, node: Node
) -> None:
    async with await world.connect(node, "bank-a/ann", "member") as ann:
        other = fresh(workshop.leaf(world.stranger, "bank-x", "node", "validator")).signed()
        world.tls.certificate.write_bytes(pem(other))
        world.tls.key.write_bytes(key_pem(other))
        world.later(1)
        await ann.request_block()
        assert isinstance(await refused_to_connect(world, node, "bank-a/ann"), HubUnreachable)
        world.tls.key.unlink()
        world.later(1)
        await ann.request_block()
        assert isinstance(await refused_to_connect(world, node, "bank-a/ann"), HubUnreachable)
        assert (await ann.status()).height == Height(2)  # and those who are connected are served


async def test_a_stream_ends_once_its_caller_is_refused(world: LedgerNodeWorld, node: Node) -> None:
    async with (
        await world.connect(node, "bank-a/ann", "member") as ann,
        await world.connect(node, "bank-b/ben", "member") as ben,
    ):
        await ann.enrol()
        await ben.enrol()
        watched = ann.watch(Height(1))
        assert (await anext(watched)).height == 1
        assert (await anext(watched)).height == 2
        crl = workshop.revocations(world.roots[world.genesis.organisations[0].id], 1, world.members["bank-a/ann"])
        now = world.clock.now()
        await ben.submit([UpdateRevocations(crl.with_(this_update=now - 60, next_update=now + DAY).signed())])
        with pytest.raises(CertificateRevoked):
            await anext(watched)

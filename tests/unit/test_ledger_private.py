"""Private values: kept by whom they are meant for alone, proven to anyone, gone when their time is over."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from interchain.ledger.v1 import answer_pb2
from interchain.ledger.v1 import private_data_service_pb2 as pb

from adapters.permissioned.ledger.actions import AddAuthority, RemoveAuthority
from adapters.permissioned.ledger.answers import ChangeKind
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.private import private_place, salted_hash
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.messages import InvokeContract, UpdateRevocations
from adapters.permissioned.ledger.private.errors import (
    NotANodeOf,
    NotKeptHere,
    PrivateStoreUnusable,
    PrivateValueDiffers,
    PrivateValueMissing,
    PrivateValueOver,
    PrivateValueTooLarge,
    PrivateValueUnknown,
)
from adapters.permissioned.ledger.private.store import KeptValue, PrivateStore
from adapters.permissioned.ledger.rpc.access import KEEP
from adapters.permissioned.ledger.rpc.errors import AccessRefused
from hub.chain_node import Node
from hub.ibc.commitment import Path as IbcPath
from hub.ibc.commitment import PathKind
from hub.ibc.identifiers import ClientId
from hub.quantities import Hash, Height, UnixSeconds
from hub.quantities import Sequence as Number
from hub.rpc.errors import HubUnreachable, InvalidArgument, MissingField, WrongLength
from tests.unit import certificate_workshop as workshop
from tests.unit.ledger_node_world import (
    ORGANISATIONS,
    LedgerNodeWorld,
    Sealed,
    chiefs,
    decide,
    fresh,
    key_pem,
    pem,
    serving,
)

VALUE = b"the price of the cargo is 4,815,162,342 dollars"
SALT = bytes(range(100, 132))
BANK_A, BANK_B, CUSTOMS, _ = ORGANISATIONS
SEALED = ("board", "sealed", ("deal",))
PLACE = private_place(*SEALED)


pytest_plugins = ("tests.unit.ledger_fixtures",)


async def seal(
    by: LedgerClient, name: str = "deal", keepers: tuple[str, ...] = ("bank-a", "bank-b"), keep_for: int = 1000
) -> None:
    sealed = Sealed(name, salted_hash(SALT, VALUE), keepers, keep_for)
    await by.submit([InvokeContract("board", "seal", write_json(sealed))])


async def test_a_value_is_kept_for_whom_it_is_meant_and_nobody_else(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient
) -> None:
    await seal(ann)
    until = await ann.put_private(*SEALED, value=VALUE, salt=SALT)
    assert until == world.clock.now() + 1000
    assert await ann.put_private(*SEALED, value=VALUE, salt=SALT) == until
    for member, role in (("bank-b/ben", "member"), ("bank-b/aud", "auditor"), ("bank-a/chief", "admin")):
        async with await world.connect(node, member, role) as reader:
            given = await reader.get_private(*SEALED)
            assert (given.value, given.salt, given.organisations) == (VALUE, SALT, ("bank-a", "bank-b"))
            assert given.salted_hash == sha256(SALT + VALUE).digest()
    for member, role in (("port/pat", "member"), ("customs/aud", "auditor"), ("port/chief", "admin")):
        async with await world.connect(node, member, role) as stranger:
            with pytest.raises(AccessRefused) as refusal:
                await stranger.get_private(*SEALED)
            assert (refusal.value.rule, refusal.value.member) == (KEEP.name, member)
            assert await stranger.prove_private(*SEALED, value=VALUE, salt=SALT)
            assert not await stranger.prove_private(*SEALED, value=VALUE + b"!", salt=SALT)
            assert not await stranger.prove_private(*SEALED, value=VALUE, salt=bytes(32))


async def test_who_notes_another_s_hash_once_more_is_not_given_the_value(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient
) -> None:
    """Hashes are public: a member that has one noted for a record of its own becomes no keeper of what is behind it."""
    await seal(ann)
    await ann.put_private(*SEALED, value=VALUE, salt=SALT)
    async with await world.connect(node, "port/pat", "member") as thief:
        await thief.enrol()
        await seal(thief, name="mine", keepers=("port",))
        with pytest.raises(PrivateValueMissing):
            await thief.get_private("board", "sealed", ("mine",))
        assert await thief.prove_private("board", "sealed", ("mine",), value=VALUE, salt=SALT)


async def test_who_becomes_a_keeper_later_is_given_what_is_given_anew(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient
) -> None:
    """This world's contract lets anyone note anything; by that alone nobody is let in to what was given before."""
    await seal(ann)
    await ann.put_private(*SEALED, value=VALUE, salt=SALT)
    async with await world.connect(node, "port/pat", "member") as pat:
        await pat.enrol()
        await seal(pat, keepers=("bank-a", "port"))
        with pytest.raises(AccessRefused) as refusal:
            await pat.get_private(*SEALED)
        assert refusal.value.rule == KEEP.name
        assert (await ann.get_private(*SEALED)).value == VALUE
        await ann.put_private(*SEALED, value=VALUE, salt=SALT)
        assert (await pat.get_private(*SEALED)).value == VALUE


@pytest.mark.parametrize(("member", "role"), [("port/pat", "member"), ("customs/chief", "admin")])
async def test_only_who_keeps_a_value_gives_it(
    world: LedgerNodeWorld, node: Node, ann: LedgerClient, member: str, role: str
) -> None:
    await seal(ann)
    async with await world.connect(node, member, role) as stranger:
        with pytest.raises(AccessRefused) as refusal:
            await stranger.put_private(*SEALED, value=VALUE, salt=SALT)
    assert refusal.value.rule == KEEP.name
    with pytest.raises(PrivateValueMissing):
        await ann.get_private(*SEALED)


async def test_an_auditor_of_a_keeper_gives_nothing(world: LedgerNodeWorld, node: Node, ann: LedgerClient) -> None:
    await seal(ann)
    async with await world.connect(node, "bank-a/aud", "auditor") as auditor:
        with pytest.raises(AccessRefused, match="auditors write nothing"):
            await auditor.put_private(*SEALED, value=VALUE, salt=SALT)


async def test_only_what_stands_on_the_ledger_is_taken(ann: LedgerClient) -> None:
    with pytest.raises(PrivateValueUnknown):
        await ann.put_private(*SEALED, value=VALUE, salt=SALT)
    await seal(ann)
    with pytest.raises(PrivateValueDiffers):
        await ann.put_private(*SEALED, value=VALUE + b"!", salt=SALT)
    with pytest.raises(PrivateValueDiffers):
        await ann.put_private(*SEALED, value=VALUE, salt=bytes(32))
    with pytest.raises(WrongLength):
        await ann.put_private(*SEALED, value=SALT[-1:] + VALUE, salt=SALT[:-1])
    with pytest.raises(PrivateValueTooLarge):
        await ann.put_private(*SEALED, value=bytes(1024 * 1024 + 1), salt=SALT)
    for other in (("board", "sealed", ("other",)), ("board", "notes", ("deal",)), ("board", "sealed", (b"deal",))):
        with pytest.raises(PrivateValueUnknown):
            await ann.put_private(*other, value=VALUE, salt=SALT)
    with pytest.raises(InvalidArgument):
        await ann.get_private("board", "sealed", ())
    with pytest.raises(InvalidArgument):
        await ann.get_private("board", "", ("deal",))
    request = pb.GetPrivateValueRequest(contract="board", collection="sealed", key=[answer_pb2.KeyPart()])
    with pytest.raises(MissingField):
        await ann._ask(ann._private.GetPrivateValue, request)
    with pytest.raises(PrivateValueMissing):
        await ann.get_private(*SEALED)


async def test_a_value_is_gone_when_its_time_is_over(world: LedgerNodeWorld, node: Node, ann: LedgerClient) -> None:
    await seal(ann, keep_for=100)
    await ann.put_private(*SEALED, value=VALUE, salt=SALT)
    assert any(VALUE in data for data in files(world, private=True))
    world.later(99)
    await ann.request_block()
    assert (await ann.get_private(*SEALED)).value == VALUE
    world.later(1)
    node.engine.poke()
    height = node.ledger.head.height  # looked at before the history is: no block is missed
    while (await ann.history(*SEALED[:2], "deal"))[-1].kind is not ChangeKind.PRIVATE_DUE:
        height = (await node.engine.wait_beyond(height)).height
    with pytest.raises(PrivateValueOver):
        await ann.get_private(*SEALED)
    with pytest.raises(PrivateValueOver):
        await ann.put_private(*SEALED, value=VALUE, salt=SALT)
    assert await ann.prove_private(*SEALED, value=VALUE, salt=SALT)


async def test_what_was_purged_is_not_on_the_disk_any_more(world: LedgerNodeWorld) -> None:
    async with world.running() as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        await seal(ann, keep_for=100)
        await ann.put_private(*SEALED, value=VALUE, salt=SALT)
    assert any(VALUE in data for data in files(world, private=True))
    world.later(100)
    async with world.running() as node, await world.connect(node, "bank-a/ann") as ann:
        await ann.request_block()
    async with world.running():  # it deletes what is due when it starts, too
        pass
    assert not any(VALUE in data or SALT in data for data in files(world, private=True))


async def test_the_ledger_never_sees_a_private_value(world: LedgerNodeWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """Not in the state, events, blocks or logs, nor in what proves others."""
    async with world.running() as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        await seal(ann)
        await seal(ann, name="other")
        await ann.put_private(*SEALED, value=VALUE, salt=SALT)
        with pytest.raises(PrivateValueDiffers):
            await ann.put_private(*SEALED, value=VALUE[::-1], salt=SALT)
        await ann.prove_private(*SEALED, value=VALUE, salt=SALT)
        state = node.ledger.state
        every = [key + value for key, value in state.scan(b"", b"\xff" * 40)]
        assert every
        shown = [
            repr(record)
            for block in range(node.ledger.head.height + 1)
            for record in node.ledger.record(Height(block)).events()
        ]
        paths = [IbcPath(PathKind.COMMITMENT, ClientId("quorum-0"), Number(n)).encode() for n in range(1, 200)]
        proofs = [one.proof for one in (await ann.prove(None, paths)).proofs]
        proofs += [one.commitment_proof for one in (await ann.prove_ics23(None, paths)).proofs]
    told = capfd.readouterr()
    texts = (told.out + told.err + "".join(shown)).encode()
    for secret in (VALUE, VALUE[::-1], SALT, VALUE.hex().encode(), SALT.hex().encode()):
        for data in (*every, *proofs, *files(world, private=False), texts):
            assert secret not in data
    assert any(VALUE in data for data in files(world, private=True))
    noted: bytes = salted_hash(SALT, VALUE)
    assert any(noted in data for data in files(world, private=False))  # so would the value be found
    assert any(noted in data for data in every)
    assert not any(noted in data for data in proofs)  # a neighbour's leaf shows a hash of key and value alone


async def test_each_organisation_s_node_gets_the_value_and_no_other(world: LedgerNodeWorld) -> None:
    """A node is given nothing unless its certificate is enrolled for the organisation that it is said to be of."""
    async with world.running(keeps_for=["bank-a"]) as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        await seal(ann)
        port, dead = f"localhost:{node.port}", "localhost:1"
        targets = {BANK_A: port, BANK_B: port, CUSTOMS: dead, OrganisationId("bank-x"): port}
        told = await ann.share_private(targets, *SEALED, value=VALUE, salt=SALT, patience_seconds=0.5)
        assert told.pop(BANK_A) == world.clock.now() + 1000
        assert {name: type(said) for name, said in told.items()} == {
            BANK_B: NotANodeOf,
            CUSTOMS: HubUnreachable,
            "bank-x": NotANodeOf,
        }
        assert "its certificate is of bank-a" in str(told[BANK_B])
        assert (await ann.get_private(*SEALED)).value == VALUE


async def test_a_node_of_an_authority_that_was_voted_out_gets_nothing(world: LedgerNodeWorld) -> None:
    second = fresh(workshop.root("bank-a second")).signed()
    async with world.running() as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        await seal(ann)
        by = await chiefs(world, node)
        await decide(by, AddAuthority("bank-a", second.der))
        other = serving(fresh(workshop.leaf(second, "bank-a", "node", "validator"))).signed()
        world.tls.certificate.write_bytes(pem(other))
        world.tls.key.write_bytes(key_pem(other))
        await ann.request_block()
        targets = {BANK_A: ann.target}
        told = await ann.share_private(targets, *SEALED, value=VALUE, salt=SALT, patience_seconds=5)
        assert "is not enrolled" in str(told[BANK_A])
        async with await LedgerClient.connect(
            ann.target,
            authorities=world.tls.certificate,
            certificate=world.tls.certificate,
            key=world.tls.key,
        ) as itself:
            await itself.enrol()
        told = await ann.share_private(targets, *SEALED, value=VALUE, salt=SALT, patience_seconds=5)
        assert told == {BANK_A: world.clock.now() + 1000}
        (found,) = [one for one in await ann.authorities("bank-a") if one.certificate == second.der]
        await decide(by, RemoveAuthority(found.authority))
        told = await ann.share_private(targets, *SEALED, value=VALUE, salt=SALT, patience_seconds=0.5)
        assert "refused for AUTHORITY_REMOVED" in str(told[BANK_A])
        for chief in by.values():
            await chief.close()


async def test_a_node_whose_certificate_was_revoked_gets_nothing(world: LedgerNodeWorld) -> None:
    async with world.running() as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        await seal(ann)
        now = world.clock.now()
        crl = workshop.revocations(world.roots[BANK_A], 1, world.server)
        await ann.submit([UpdateRevocations(crl.with_(this_update=now - 60, next_update=now + 3600).signed())])
        told = await ann.share_private({BANK_A: ann.target}, *SEALED, value=VALUE, salt=SALT, patience_seconds=0.5)
        assert isinstance(told[BANK_A], NotANodeOf)
        assert "refused for CERTIFICATE_REVOKED" in str(told[BANK_A])
        with pytest.raises(PrivateValueMissing):
            await ann.get_private(*SEALED)


async def test_a_node_keeps_nothing_for_others(world: LedgerNodeWorld) -> None:
    others = ["bank-b", "port"]
    async with world.running(keeps_for=others) as node, await world.connect(node, "bank-a/ann", "member") as ann:
        await ann.enrol()
        await seal(ann, keepers=("bank-a",))
        with pytest.raises(NotKeptHere, match="this node keeps nothing for bank-a"):
            await ann.put_private(*SEALED, value=VALUE, salt=SALT)
        told = await ann.share_private({BANK_A: ann.target}, *SEALED, value=VALUE, salt=SALT, patience_seconds=0.5)
        assert isinstance(told[BANK_A], NotKeptHere)


def files(world: LedgerNodeWorld, *, private: bool) -> list[bytes]:
    """What stands on the disk, of the store of private values or of all else."""
    found = [path for path in world.folder.rglob("*") if path.is_file()]
    assert found
    return [path.read_bytes() for path in found if path.name.startswith("private.db") is private]


# --- the store by itself ---


def test_what_is_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "private.db"
    store = PrivateStore(path)
    store.put(PLACE, Hash(b"\x01" * 32), KeptValue(VALUE, SALT, ("bank-a", "bank-b")), UnixSeconds(100))
    store.close()
    store = PrivateStore(path)
    assert store.get(PLACE, b"\x01" * 32) == KeptValue(VALUE, SALT, ("bank-a", "bank-b"))
    assert store.get(PLACE, b"\x02" * 32) is None
    assert store.get(PLACE + b"!", b"\x01" * 32) is None
    assert os.stat(path).st_mode & 0o077 == 0
    store.close()


def test_it_is_purged_at_its_time_and_not_before(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "private.db")
    store.put(PLACE, Hash(b"\x01" * 32), KeptValue(VALUE, SALT, ("bank-a", "bank-b")), UnixSeconds(100))
    store.put(PLACE, Hash(b"\x02" * 32), KeptValue(b"longer", SALT, ("bank-a",)), UnixSeconds(2**64 - 1))
    store.put(PLACE, Hash(b"\x03" * 32), KeptValue(b"extended", SALT, ("bank-a",)), UnixSeconds(100))
    store.put(PLACE, Hash(b"\x03" * 32), KeptValue(b"extended", SALT, ("bank-a",)), UnixSeconds(101))
    store.put(PLACE, Hash(b"\x03" * 32), KeptValue(b"extended", SALT, ("bank-a",)), UnixSeconds(50))
    assert store.purge(UnixSeconds(99)) == 0
    assert store.purge(UnixSeconds(100)) == 1
    assert store.get(PLACE, b"\x01" * 32) is None
    assert store.get(PLACE, b"\x03" * 32) is not None
    assert store.purge(UnixSeconds(101)) == 1
    assert store.get(PLACE, b"\x02" * 32) is not None
    assert VALUE not in (tmp_path / "private.db").read_bytes()
    store.close()


def test_a_file_that_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "private.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(PrivateStoreUnusable, match="restore it, or move it away"):
        PrivateStore(tmp_path / "private.db")
    store = PrivateStore(tmp_path / "other.db")
    store._database.execute("DROP TABLE kept_values")
    with pytest.raises(PrivateStoreUnusable):
        store.get(PLACE, b"\x01" * 32)
    store.close()

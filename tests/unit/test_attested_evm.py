"""The client of an attested EVM chain: which headers it believes and keeps, and every lie in one, one at a time."""

from functools import partial

import pytest

from hub.clients import attested_evm
from hub.clients.attested_evm import MAX_FINALITY_TIME, AttestedEvm, Evidence, Proof, SignedHeader
from hub.clients.base import ClientStatus
from hub.clients.errors import (
    BelowThreshold,
    ClientHasExpired,
    ClientNotFound,
    HeaderFromTheFuture,
    HeaderTooOld,
    HeightNotStored,
    InvalidClientConfig,
    WrongEpoch,
)
from hub.clients.host import Host
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.proofs.errors import (
    InvalidSignerSet,
    MalformedHeader,
    SignatureError,
    TooFewSignatures,
    TooLittlePower,
    UnknownSigner,
    WrongSigner,
)
from hub.proofs.keccak import keccak256
from hub.proofs.quorum import SignerSet, least_quorum
from hub.quantities import Address, Epoch, Hash, Height, Seconds, UnixSeconds
from hub.state.branch import Branch, MemoryState
from tests.unit.attested_chain import (
    CLAIMED,
    CLIENT,
    CONFIG,
    DEVNET,
    GENESIS,
    HOST,
    NOW,
    SCOPE,
    STORED,
    World,
    header,
    point,
    replace,
    sign,
)
from tests.unit.refusals import refused
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label

LASTING = replace(CONFIG, trusting_period=Seconds(2**32 - 1))


@pytest.fixture
def world() -> World:
    return World()


# --- creation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "config"),
    [
        ("no router", replace(CONFIG, router=Address(bytes(20)))),
        ("a router that is no address", replace(CONFIG, router=Address(b"\x11" * 21))),
        ("no code hash", replace(CONFIG, router_code_hash=Hash(bytes(32)))),
        ("a code hash cut short", replace(CONFIG, router_code_hash=Hash(b"\x11" * 31))),
        ("the code hash of no code", replace(CONFIG, router_code_hash=Hash(keccak256(b"")))),
        ("chain 0", replace(CONFIG, chain_id=0)),
        ("a chain beyond 64 bits", replace(CONFIG, chain_id=2**64)),
        ("an attestor of power 2", replace(CONFIG, attestors=SignerSet.of(1, {ADDRESSES[0]: 2, ADDRESSES[1]: 1}))),
        ("a threshold of nobody", replace(CONFIG, threshold=0)),
        ("a threshold beyond the set", replace(CONFIG, threshold=6)),
        ("3 of 5 is not more than two thirds", replace(CONFIG, threshold=3)),
        ("a single attestor", replace(CONFIG, attestors=SignerSet.of_equals(1, ADDRESSES[:1]), threshold=1)),
        ("an unknown finality rule", replace(CONFIG, finality_rule="latest")),
        ("a depth that is no number", replace(CONFIG, finality_rule="depth:")),
        ("a depth with a leading zero", replace(CONFIG, finality_rule="depth:01")),
        ("no depth off a devnet", replace(CONFIG, finality_rule="depth:0")),
        ("no trusting period", replace(CONFIG, trusting_period=Seconds(0))),
        ("a negative drift", replace(CONFIG, max_clock_drift=Seconds(-1))),
        ("a drift beyond the trusting period", replace(CONFIG, max_clock_drift=Seconds(86_400))),
        ("no finality time off a devnet", replace(CONFIG, finality_time=Seconds(0))),
        ("a negative finality time", replace(CONFIG, finality_time=Seconds(-1))),
        ("a finality time of the trusting period", replace(CONFIG, finality_time=Seconds(86_400))),
        ("a finality time beyond 7 days", replace(LASTING, finality_time=Seconds(MAX_FINALITY_TIME + 1))),
    ],
)
def test_a_configuration_that_is_not_safe_is_refused(fault: str, config: attested_evm.Config) -> None:
    state = Branch(MemoryState())
    with pytest.raises(InvalidClientConfig):
        AttestedEvm(Host(GENESIS, devnet=False)).create(state, CLIENT, config, NOW)
    assert not state.changes


@pytest.mark.parametrize(
    ("config", "host"),
    [
        (replace(CONFIG, finality_time=Seconds(0)), DEVNET),
        (replace(CONFIG, finality_time=Seconds(1)), HOST),
        (replace(CONFIG, finality_time=Seconds(86_399)), HOST),
        (replace(LASTING, finality_time=MAX_FINALITY_TIME), HOST),
    ],
)
def test_a_client_says_its_chains_finality_time(config: attested_evm.Config, host: Host) -> None:
    world = World(config, host)
    assert world.client.finality_time(world.state, CLIENT) == config.finality_time


def test_an_empty_set_is_refused() -> None:
    with pytest.raises(InvalidSignerSet):
        SignerSet(Epoch(1), ())


def test_one_attestor_is_enough_on_a_devnet() -> None:
    config = replace(CONFIG, attestors=SignerSet.of_equals(1, ADDRESSES[:1]), threshold=1, finality_rule="depth:0")
    assert World(config, DEVNET).client.config(World(config, DEVNET).state, CLIENT) == config


@pytest.mark.parametrize("members", range(1, 11))
def test_a_threshold_is_refused_on_one_side_of_the_bound_and_accepted_on_the_other(members: int) -> None:
    least = least_quorum(members)
    assert 3 * least > 2 * members >= 3 * (least - 1)
    signers = SignerSet.of_equals(1, ADDRESSES[:members])
    World(replace(CONFIG, attestors=signers, threshold=least), DEVNET)
    with pytest.raises(InvalidClientConfig):
        World(replace(CONFIG, attestors=signers, threshold=least - 1), DEVNET)


def test_an_unknown_client_is_refused(world: World) -> None:
    unknown = ClientId("attested-1")
    for ask in (
        lambda: world.client.status(world.state, unknown, NOW),
        lambda: world.client.latest(world.state, unknown),
        lambda: world.client.finality_time(world.state, unknown),
        lambda: world.client.update(world.state, unknown, sign(header()), NOW),
        lambda: world.client.verify(world.state, unknown, Proof(sign(header()), STORED), CLAIMED, NOW),
        lambda: world.client.freeze_on(world.state, unknown, Evidence(sign(header()), sign(header()))),
    ):
        refused(world, ClientNotFound, ask)


# --- headers ----------------------------------------------------------------------------------------------------------


def test_a_signed_header_is_believed(world: World) -> None:
    assert world.client.latest(world.state, CLIENT) == point(0, 0)
    assert world.update(sign(header())) == point(100, NOW - 10)
    assert world.client.latest(world.state, CLIENT) == point(100, NOW - 10)
    assert world.client.status(world.state, CLIENT, NOW) is ClientStatus.ACTIVE


def test_a_repeated_header_changes_nothing(world: World) -> None:
    world.update(sign(header()))
    before = world.written()
    assert world.update(sign(header())) == point(100, NOW - 10)
    assert world.written() == before


def test_an_older_header_is_stored_and_is_not_the_latest(world: World) -> None:
    world.update(sign(header()))
    assert world.update(sign(header(number=50, timestamp=NOW - 200))) == point(50, NOW - 200)
    assert world.client.latest(world.state, CLIENT) == point(100, NOW - 10)


@pytest.mark.parametrize("members", range(1, 11))
def test_one_signature_too_few_moves_nothing(members: int) -> None:
    signers = SignerSet.of_equals(1, ADDRESSES[:members])
    least = least_quorum(members)
    world = World(replace(CONFIG, attestors=signers, threshold=least), DEVNET)
    refused(world, TooLittlePower, lambda: world.update(sign(header(), signers, least - 1)))
    assert world.update(sign(header(), signers, least)) == point(100, NOW - 10)


def test_a_threshold_above_the_bound_holds(world: World) -> None:
    world = World(replace(CONFIG, threshold=5))
    refused(world, BelowThreshold, lambda: world.update(sign(header(), count=4)))
    assert world.update(sign(header(), count=5))


@pytest.mark.parametrize(
    ("attack", "error", "signed"),
    [
        ("another hub's", WrongSigner, sign(header(), scope=replace(SCOPE, hub_genesis_hash=Hash(label("other"))))),
        ("another client's", WrongSigner, sign(header(), scope=replace(SCOPE, client=ClientId("attested-1")))),
        ("another chain's", WrongSigner, sign(header(), scope=replace(SCOPE, chain_id=1))),
        ("of another finality rule", WrongSigner, sign(header(), scope=replace(SCOPE, finality_rule="safe"))),
        ("of the next epoch", WrongEpoch, sign(header(epoch=Epoch(2)))),
        ("of a strange set", WrongSigner, sign(header(), SignerSet.of_equals(1, ADDRESSES[5:10]))),
        ("of a larger set", UnknownSigner, sign(header(), SignerSet.of_equals(1, ADDRESSES[:6]), 6)),
        ("without signatures", TooLittlePower, SignedHeader(header(), bytes(8))),
        ("without anything", TooFewSignatures, SignedHeader(header(), b"")),
        ("altered in its hash", WrongSigner, replace(sign(header()), header=header(block_hash=Hash(label("x"))))),
        ("altered in its root", WrongSigner, replace(sign(header()), header=header(state_root=Hash(label("x"))))),
        ("altered in its number", WrongSigner, replace(sign(header()), header=header(number=101))),
        ("altered in its time", WrongSigner, replace(sign(header()), header=header(timestamp=NOW - 11))),
        ("too far ahead", HeaderFromTheFuture, sign(header(timestamp=NOW + 31))),
        ("outside the trusting period", HeaderTooOld, sign(header(timestamp=NOW - 86_400))),
    ],
)
def test_a_header_that_lies_is_refused(world: World, attack: str, error: type[HubError], signed: SignedHeader) -> None:
    refused(world, error, lambda: world.update(signed))
    refused(world, error, lambda: world.verify(Proof(signed, STORED), CLAIMED))


def test_the_edges_of_time_are_believed(world: World) -> None:
    assert world.update(sign(header(number=1, timestamp=NOW - 86_399)))
    assert world.update(sign(header(number=2, timestamp=NOW + 30)))


@pytest.mark.parametrize("field", ["epoch", "number", "timestamp"])
@pytest.mark.parametrize("number", [0, -1, 2**64])
def test_a_header_without_its_numbers_is_refused(field: str, number: int) -> None:
    with pytest.raises(MalformedHeader):
        header(**{field: number})


@pytest.mark.parametrize("field", ["block_hash", "state_root"])
@pytest.mark.parametrize("value", [b"", bytes(32), b"\x11" * 31, b"\x11" * 33])
def test_a_zero_root_or_hash_is_refused(field: str, value: bytes) -> None:
    with pytest.raises(MalformedHeader):
        header(**{field: value})


def test_each_byte_of_a_signed_header_matters(world: World) -> None:
    signed = sign(header())
    for place in range(len(signed.signature)):
        flipped = bytearray(signed.signature)
        flipped[place] ^= 0x01
        refused(world, SignatureError, partial(world.update, SignedHeader(header(), bytes(flipped))))
    for field in ("block_hash", "state_root"):
        for place in range(32):
            value = bytearray(getattr(header(), field))
            value[place] ^= 0x01
            altered = header(**{field: bytes(value)})
            refused(world, WrongSigner, partial(world.update, SignedHeader(altered, signed.signature)))


# --- expiry and storage of points -------------------------------------------------------------------------------------


def test_a_client_that_sees_nothing_new_expires(world: World) -> None:
    world.update(sign(header()))
    end = NOW - 10 + 86_400
    assert world.client.status(world.state, CLIENT, UnixSeconds(end - 1)) is ClientStatus.ACTIVE
    assert world.client.status(world.state, CLIENT, UnixSeconds(end)) is ClientStatus.EXPIRED
    fresh = sign(header(number=200, timestamp=end))
    refused(world, ClientHasExpired, lambda: world.update(fresh, end))
    refused(world, ClientHasExpired, lambda: world.verify(Proof(fresh, STORED), CLAIMED, end))


def test_a_client_that_never_saw_anything_expires(world: World) -> None:
    created = NOW - 1000
    assert world.client.status(world.state, CLIENT, UnixSeconds(created + 86_399)) is ClientStatus.ACTIVE
    assert world.client.status(world.state, CLIENT, UnixSeconds(created + 86_400)) is ClientStatus.EXPIRED


def test_a_stored_height_needs_no_signatures(world: World) -> None:
    world.update(sign(header()))
    assert world.verify(Proof(Height(100), STORED), CLAIMED) == point(100, NOW - 10)


@pytest.mark.parametrize("height", [0, 99, 101, -1, 2**64])
def test_a_height_that_is_not_stored_is_refused(world: World, height: int) -> None:
    world.update(sign(header()))
    refused(world, HeightNotStored, lambda: world.verify(Proof(Height(height), STORED), CLAIMED))


def test_a_stored_height_outside_the_trusting_period_is_refused(world: World) -> None:
    world.update(sign(header(number=50, timestamp=NOW - 500)))
    world.update(sign(header()))
    later = NOW - 500 + 86_400
    refused(world, HeaderTooOld, lambda: world.verify(Proof(Height(50), STORED), CLAIMED, later))


def test_only_the_newest_points_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attested_evm, "MAX_POINTS", 3)
    for number in range(100, 106):
        world.update(sign(header(number=number, timestamp=NOW - 200 + number)))
    for number in (100, 101, 102):
        refused(world, HeightNotStored, partial(world.verify, Proof(Height(number), STORED), CLAIMED))
    for number in (103, 104, 105):
        assert world.verify(Proof(Height(number), STORED), CLAIMED).height == number


def test_points_outside_the_trusting_period_are_given_up(world: World) -> None:
    for number in range(4):
        world.update(sign(header(number=10 + number, timestamp=NOW - 900 + number)))
    for number in range(3):
        now = NOW - 800 + 86_300 * (1 + number)
        world.update(sign(header(number=20 + number, timestamp=now)), now)
    kept = [key for key in world.written() if world.written()[key] is not None and b"attested-0" in key]
    assert len(kept) == 1 + 2  # the client's record, and those of the last trusting period

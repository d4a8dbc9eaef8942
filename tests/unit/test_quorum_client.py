"""The client of a chain of our own: which checkpoints it believes, and every lie in one, one at a time."""

from functools import partial

import pytest

from hub.clients.base import ClientStatus
from hub.clients.errors import (
    ClientHasExpired,
    ClientNotFound,
    HeaderFromTheFuture,
    HeaderTooOld,
    InvalidClientConfig,
    TimeRunsBackwards,
    WrongChain,
    WrongEpoch,
)
from hub.clients.quorum import Config, Quorum, SignedCheckpoint
from hub.errors import HubError
from hub.ibc.errors import CounterpartyNotRegistered
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import EvmDomain, SaltDomain
from hub.proofs.errors import (
    MalformedCheckpoint,
    SignatureError,
    TooFewSignatures,
    TooLittlePower,
    UnknownSigner,
    WrongSigner,
)
from hub.proofs.quorum import SignerSet, least_quorum
from hub.quantities import Address, Epoch, Hash, Seconds, UnixSeconds
from hub.state.branch import Branch, MemoryState
from tests.unit.quorum_chain import (
    CLAIMED,
    CLIENT,
    CONFIG,
    DEVNET,
    EVM_DOMAIN,
    GENESIS,
    HOST,
    NOW,
    World,
    checkpoint,
    point,
    replace,
    sign,
    whole,
)
from tests.unit.refusals import refused
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label

ONE = SignerSet.of_equals(1, ADDRESSES[:1])


@pytest.fixture
def world() -> World:
    return World()


# --- creation ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "config"),
    [
        ("no chain", replace(CONFIG, chain="")),
        ("a chain with an endless name", replace(CONFIG, chain="x" * 65)),
        ("no genesis", replace(CONFIG, genesis_hash=Hash(bytes(32)))),
        ("a genesis cut short", replace(CONFIG, genesis_hash=Hash(b"\x11" * 31))),
        ("our own genesis", replace(CONFIG, genesis_hash=GENESIS)),
        ("a single validator", replace(CONFIG, validators=ONE)),
        ("no trusting period", replace(CONFIG, trusting_period=Seconds(0))),
        ("a negative drift", replace(CONFIG, max_clock_drift=Seconds(-1))),
        ("a drift beyond the trusting period", replace(CONFIG, max_clock_drift=Seconds(86_400))),
    ],
)
def test_a_configuration_that_is_not_safe_is_refused(fault: str, config: Config) -> None:
    state = Branch(MemoryState())
    with pytest.raises(InvalidClientConfig):
        Quorum(HOST).create(state, CLIENT, config, NOW)
    assert not state.changes


def test_a_single_operator_is_accepted_on_a_devnet_or_when_expressly_accepted() -> None:
    assert World(replace(CONFIG, validators=ONE), DEVNET).update(sign(checkpoint(), ONE, 1))
    expressly = replace(CONFIG, validators=ONE, accept_single_operator=True)
    assert World(expressly).update(sign(checkpoint(), ONE, 1))


def test_an_unknown_client_is_refused(world: World) -> None:
    unknown = ClientId("quorum-1")
    for ask in (
        lambda: world.client.status(world.state, unknown, NOW),
        lambda: world.client.latest(world.state, unknown),
        lambda: world.client.finality_time(world.state, unknown),
        lambda: world.client.verify(world.state, unknown, whole(sign(checkpoint())), CLAIMED, NOW),
    ):
        refused(world, ClientNotFound, ask)


# --- checkpoints ------------------------------------------------------------------------------------------------------


def test_a_signed_checkpoint_is_believed(world: World) -> None:
    assert world.client.latest(world.state, CLIENT) == point(0, 0)
    assert world.update(sign(checkpoint())) == point(100, NOW - 10)
    assert world.client.latest(world.state, CLIENT) == point(100, NOW - 10)
    before = world.written()
    assert world.update(sign(checkpoint())) == point(100, NOW - 10)
    assert world.written() == before


def test_an_older_checkpoint_still_proves_and_is_not_the_latest(world: World) -> None:
    world.update(sign(checkpoint()))
    older = sign(checkpoint(height=50, timestamp=NOW - 200))
    assert world.verify(whole(older), CLAIMED) == point(50, NOW - 200)
    assert world.client.latest(world.state, CLIENT) == point(100, NOW - 10)


@pytest.mark.parametrize("members", range(1, 11))
def test_one_signature_too_few_moves_nothing(members: int) -> None:
    signers = SignerSet.of_equals(1, ADDRESSES[:members])
    least = least_quorum(members)
    assert 3 * least > 2 * members >= 3 * (least - 1)
    world = World(replace(CONFIG, validators=signers), DEVNET)
    refused(world, TooLittlePower, lambda: world.update(sign(checkpoint(), signers, least - 1)))
    assert world.update(sign(checkpoint(), signers, least)) == point(100, NOW - 10)


LIES: list[tuple[str, type[HubError], SignedCheckpoint]] = [
    ("of another chain", WrongChain, sign(checkpoint(chain="ledger-2"))),
    ("of another genesis", WrongChain, sign(checkpoint(genesis_hash=Hash(label("other"))))),
    ("from another client", WrongChain, sign(checkpoint(source_client=ClientId("quorum-8")))),
    ("for another client", WrongChain, sign(checkpoint(destination_client=ClientId("quorum-1")))),
    ("of the next epoch", WrongEpoch, sign(checkpoint(epoch=Epoch(2)))),
    ("for another hub", WrongSigner, sign(checkpoint(), domain=SaltDomain(Hash(label("other hub"))))),
    ("for an EVM chain", WrongSigner, sign(checkpoint(), domain=EVM_DOMAIN)),
    ("for another contract", WrongSigner, sign(checkpoint(), domain=EvmDomain(31337, Address(b"\x12" * 20)))),
    ("by a strange set", WrongSigner, sign(checkpoint(), SignerSet.of_equals(1, ADDRESSES[5:10]))),
    ("by a larger set", UnknownSigner, sign(checkpoint(), SignerSet.of_equals(1, ADDRESSES[:6]), 6)),
    ("by nobody", TooLittlePower, SignedCheckpoint(checkpoint(), bytes(8))),
    ("by nothing", TooFewSignatures, SignedCheckpoint(checkpoint(), b"")),
    ("too far ahead", HeaderFromTheFuture, sign(checkpoint(timestamp=NOW + 31))),
    ("outside the trusting period", HeaderTooOld, sign(checkpoint(timestamp=NOW - 86_400))),
    *(
        (f"altered in its {field}", WrongSigner, replace(sign(checkpoint()), checkpoint=checkpoint(**{field: value})))
        for field, value in {
            "height": 101,
            "timestamp": NOW - 11,
            "block_hash": Hash(label("x")),
            "app_root": Hash(label("x")),
            "batch_root": Hash(label("x")),
            "next_validator_set_hash": Hash(label("x")),
        }.items()
    ),
]


@pytest.mark.parametrize(("attack", "error", "signed"), LIES)
def test_a_checkpoint_that_lies_is_refused(
    world: World, attack: str, error: type[HubError], signed: SignedCheckpoint
) -> None:
    refused(world, error, lambda: world.update(signed))
    refused(world, error, lambda: world.verify(whole(signed), CLAIMED))


def test_without_a_counterparty_nothing_is_believed() -> None:
    client, state = Quorum(HOST), Branch(MemoryState())
    client.create(state, CLIENT, CONFIG, NOW)
    with pytest.raises(CounterpartyNotRegistered):
        client.verify(state, CLIENT, whole(sign(checkpoint())), CLAIMED, NOW)


@pytest.mark.parametrize(("height", "time"), [(101, NOW - 11), (99, NOW - 9), (100, NOW - 9), (100, NOW - 11)], ids=str)
def test_time_that_runs_backwards_is_refused(world: World, height: int, time: int) -> None:
    world.update(sign(checkpoint()))
    lie = sign(checkpoint(height=height, timestamp=time))
    refused(world, TimeRunsBackwards, lambda: world.update(lie))
    refused(world, TimeRunsBackwards, lambda: world.verify(whole(lie), CLAIMED))


@pytest.mark.parametrize("time", [NOW + 30, NOW - 86_399], ids=["drift", "trusting period"])
def test_the_edges_of_time_are_believed(world: World, time: int) -> None:
    """One second further, either way, is refused above."""
    assert world.update(sign(checkpoint(timestamp=time))) == point(100, time)


def test_time_may_stand_still_from_block_to_block(world: World) -> None:
    world.update(sign(checkpoint()))
    assert world.update(sign(checkpoint(height=101))) == point(101, NOW - 10)
    assert world.update(sign(checkpoint(height=99))) == point(99, NOW - 10)


@pytest.mark.parametrize("field", ["epoch", "height", "timestamp"])
@pytest.mark.parametrize("number", [0, -1, 2**64])
def test_a_checkpoint_without_its_numbers_is_refused(field: str, number: int) -> None:
    with pytest.raises(MalformedCheckpoint):
        checkpoint(**{field: number})


@pytest.mark.parametrize("field", ["genesis_hash", "block_hash", "app_root", "next_validator_set_hash"])
@pytest.mark.parametrize("value", [b"", bytes(32), b"\x11" * 31, b"\x11" * 33])
def test_a_zero_root_or_hash_is_refused(field: str, value: bytes) -> None:
    with pytest.raises(MalformedCheckpoint):
        checkpoint(**{field: value})


@pytest.mark.parametrize("field", ["chain", "source_client", "destination_client"])
@pytest.mark.parametrize("value", ["", "x" * 65])
def test_a_checkpoint_with_a_name_out_of_size_is_refused(field: str, value: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        checkpoint(**{field: value})


def test_each_byte_of_a_signature_matters(world: World) -> None:
    signed = sign(checkpoint())
    for place in range(len(signed.signature)):
        flipped = bytearray(signed.signature)
        flipped[place] ^= 0x01
        refused(world, SignatureError, partial(world.update, replace(signed, signature=bytes(flipped))))


# --- expiry ----------------------------------------------------------------------------------------------------------


def test_a_client_that_sees_nothing_new_expires(world: World) -> None:
    world.update(sign(checkpoint()))
    end = NOW - 10 + 86_400
    assert world.client.status(world.state, CLIENT, UnixSeconds(end - 1)) is ClientStatus.ACTIVE
    assert world.client.status(world.state, CLIENT, UnixSeconds(end)) is ClientStatus.EXPIRED
    fresh = sign(checkpoint(height=200, timestamp=end))
    refused(world, ClientHasExpired, lambda: world.update(fresh, now=end))
    refused(world, ClientHasExpired, lambda: world.verify(whole(fresh), CLAIMED, end))

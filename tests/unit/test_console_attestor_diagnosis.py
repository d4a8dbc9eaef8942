"""The doctor asks attestors: who signs as the hub's client believes, who does not, and whether enough do."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc.aio
import pytest
from interchain.attestor.v1.attestor_service_pb2_grpc import add_AttestorServiceServicer_to_server

from adapters.evm.attestation import AttestorInfo, Watching
from console.attestor_diagnosis import Answer, attestor_checks, attestors_agree
from console.checks import Check
from console.members import make_relayer, tell_relayer
from hub.answers import ClientInfo
from hub.clients.base import ClientStatus
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import SignerSet
from hub.quantities import Address, Epoch, Height, UnixSeconds
from hub.signer import KeySigner
from relayers.attestor import Attestor
from relayers.attestor_guard import AttestorGuard
from relayers.attestor_service import AttestorServicer
from tests.unit.attested_chain import CONFIG, GENESIS, replace
from tests.unit.test_console_diagnosis import CHAIN
from tests.vectors.generate_quorum import ADDRESSES, KEYS

CLIENT = ClientId("attested-0")
THREE = replace(CONFIG, attestors=SignerSet.of_equals(2, ADDRESSES[:3]), threshold=2)
"""Of whom two must sign, in epoch 2."""
BELIEVED = Watching(31337, "finalized", Epoch(2))


def telling(number: int, watching: Watching | None = BELIEVED) -> AttestorInfo:
    return AttestorInfo(Address(ADDRESSES[number]), {} if watching is None else {CLIENT: watching})


def agree(*answers: Answer) -> tuple[list[Check], Check]:
    """The checks of each attestor, and that of all together."""
    told = {f"a{number}:9400": answer for number, answer in enumerate(answers)}
    *each, together = attestors_agree("a", CLIENT, THREE, told)
    return each, together


def test_attestors_that_sign_as_the_hub_believes_are_well() -> None:
    each, together = agree(telling(0), telling(1), telling(2))
    assert all(check.ok for check in [*each, together])
    assert each[0].found.endswith("at a0:9400 signs for attested-0: chain 31337, finalized, epoch 2")
    assert together.found == "3 of 3 sign as attested-0 believes, 2 must"


@pytest.mark.parametrize(
    ("answer", "found", "fix"),
    [
        (telling(1, Watching(31337, "finalized", Epoch(1))), "epoch 1; the hub believes", "half done"),
        (telling(1, Watching(31337, "finalized", Epoch(3))), "epoch 3; the hub believes", "client replace attested-0"),
        (telling(1, Watching(31337, "depth:2", Epoch(2))), "depth:2, epoch 2; the hub believes", "half done"),
        (telling(1, Watching(1, "finalized", Epoch(2))), "chain 1, finalized", "half done"),
        (telling(1, None), "does not watch attested-0", "chains file"),
        (telling(5), "is no attestor of attested-0", "ichub chain show"),
        ("nobody listens", "nobody listens", "a1:9400"),
    ],
    ids=["behind", "ahead", "another rule", "another chain", "not watching", "a stranger", "silent"],
)
def test_one_that_does_not_is_told_and_does_not_count(answer: Answer, found: str, fix: str) -> None:
    each, together = agree(telling(0), answer, telling(2))
    assert [check.ok for check in each] == [True, False, True]
    assert found in each[1].found
    assert fix in each[1].fix
    assert (together.ok, together.found) == (True, "2 of 3 sign as attested-0 believes, 2 must")
    assert not agree(telling(0), answer)[1].ok


def test_one_that_is_named_twice_counts_once() -> None:
    each, together = agree(telling(0), telling(0))
    assert all(check.ok for check in each)
    assert (together.ok, together.found) == (False, "1 of 3 sign as attested-0 believes, 2 must")


def an_attestor(folder: Path, number: int, epoch: int) -> Attestor:
    """A real one, whose endpoint does not answer: it need not, to say what it would sign."""
    folder.mkdir()
    (folder / "chains.toml").write_text(
        f'hub_genesis_hash = "0x{GENESIS.hex()}"\n[{CLIENT}]\nchain_id = 31337\nfinality = "finalized"\n'
        f'epoch = {epoch}\nendpoints = ["http://127.0.0.1:9"]\n'
    )
    return Attestor(KeySigner(KEYS[number]), AttestorGuard(folder / "guard"), folder / "chains.toml", devnet=True)


@asynccontextmanager
async def serving(attestor: Attestor) -> AsyncIterator[str]:
    """Where it listens."""
    server = grpc.aio.server()
    add_AttestorServiceServicer_to_server(AttestorServicer(attestor), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield f"127.0.0.1:{port}"
    await server.stop(None)
    await attestor.close()


async def test_a_client_that_was_replaced_at_the_hub_alone_is_noticed(tmp_path: Path) -> None:
    info = ClientInfo(
        CLIENT, "attested", ClientStatus.ACTIVE, Height(9), UnixSeconds(9), THREE, "quorum-0", 31337,
        b"\x11" * 20, b"", UnixSeconds(0), None, (), THREE.finality_time,
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        targets = [
            await stack.enter_async_context(serving(an_attestor(tmp_path / f"a{number}", number, epoch)))
            for number, epoch in enumerate((2, 1, 1))
        ]
        relayer = make_relayer(tmp_path / "relayer", "127.0.0.1:0", "127.0.0.1:9", None, KEYS[9])
        tell_relayer(relayer, CHAIN, targets)
        checks = [check async for check in attestor_checks(relayer, {CLIENT: info})]
        assert [(check.name, check.ok) for check in checks] == [
            ("attestor of a", True),
            ("attestor of a", False),
            ("attestor of a", False),
            ("attestors of a", False),
        ]
        assert "epoch 1; the hub believes chain 31337, finalized, epoch 2" in checks[1].found
        assert [check async for check in attestor_checks(relayer, {})] == []
    silent = [check async for check in attestor_checks(relayer, {CLIENT: info})]
    assert [check.ok for check in silent] == [False] * 4
    (unread,) = [check async for check in attestor_checks(tmp_path / "none.toml", {CLIENT: info})]
    assert not unread.ok

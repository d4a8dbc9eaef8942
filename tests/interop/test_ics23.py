"""The state tree's ICS-23 proofs, verified by the reference library in Go over random trees of every shape."""

import json
import shutil
import subprocess
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from hub.client import HubClient
from hub.engine.ics23 import encode_commitment_proof
from hub.engine.store import Store
from hub.engine.view import View
from hub.ibc.commitment import commitment_path, receipt_path
from hub.ibc.identifiers import ClientId
from hub.node import NodeConfig, running_node
from hub.proofs.ics23 import NonExistenceProof
from hub.proofs.smt import key_hash, tree_entry, tree_key
from hub.quantities import Hash, Height, Sequence
from hub.state.collections import Room
from tests.unit.counting_service import call, connected
from tests.unit.node_world import SIGNERS, SOMEONE, VALIDATOR, StillClock, genesis

VERIFIER = Path(__file__).parent / "ics23"
TREES = 3_000

pytestmark = pytest.mark.skipif(
    shutil.which("go") is None, reason="Go is not installed: ICS-23 interoperability unchecked"
)


@dataclass(frozen=True)
class Case:
    """What the verifier is asked; ``holds``: what it must say."""

    holds: bool
    root: bytes
    key: bytes
    value: bytes | None
    proof: bytes

    def line(self) -> str:
        value = {} if self.value is None else {"value": self.value.hex()}
        return json.dumps({"root": self.root.hex(), "key": self.key.hex(), "proof": self.proof.hex(), **value})


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go program; its modules come from the cache or the network."""
    program = tmp_path_factory.mktemp("ics23") / "verifier"
    modules = go("mod", "download")
    if modules.returncode:
        pytest.skip(f"Go's modules cannot be had: ICS-23 interoperability unchecked: {modules.stderr.strip()}")
    built = go("build", "-mod=readonly", "-o", str(program), ".")
    assert not built.returncode, built.stderr
    return program


def go(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["go", *arguments], cwd=VERIFIER, capture_output=True, text=True, timeout=240, check=False)


@lru_cache(1)
def pool() -> list[bytes]:
    """Many paths in the order of their hashes: neighbours have 16 bits in common, and some many more."""
    paths = (receipt_path(ClientId("attested-0"), Sequence(number)) for number in range(1, 100_001))
    return sorted(paths, key=lambda path: sha256(path).digest())


def content(random: Random, shape: int) -> list[bytes]:
    """The keys of a tree."""
    paths = pool()
    match shape:
        case 0:
            return [random.choice(paths)]
        case 1:
            at = random.randrange(len(paths) - 1)
            return paths[at : at + 2]
        case 2:  # runs of neighbours: deep common prefixes
            at = random.randrange(len(paths) - 12)
            return [*paths[at : at + random.randrange(2, 12)], *random.sample(paths, random.randrange(3))]
        case 3:
            return [paths[0], paths[-1], *random.sample(paths, random.randrange(20))]
        case 4:  # hidden entries among the paths
            return [
                *random.sample(paths, 5),
                *(bytes((random.randrange(Room.INDEXES + 1, 64),)) + random.randbytes(8) for _ in range(9)),
            ]
        case _:
            return random.sample(paths, random.randrange(1, 120))


def asked(random: Random, keys: set[bytes]) -> list[bytes]:
    """Keys that are there, and keys that are not: before the first, after the last, beside one, anywhere."""
    paths = pool()
    order = sorted(keys, key=key_hash)
    at = bisect_left(paths, key_hash(random.choice(order)), key=key_hash)
    beside = paths[max(0, at - 1) : at + 2]
    absent = [
        paths[0],
        paths[1],
        paths[-1],
        paths[-2],
        *beside,
        *random.sample(paths, 2),
        b"\x08" + random.randbytes(4),
    ]
    return [*random.sample(order, min(3, len(order))), order[0], order[-1], *(key for key in absent if key not in keys)]


def cases(view: View, random: Random, keys: set[bytes]) -> Iterator[Case]:
    root = view.app_root
    for key in asked(random, keys):
        proof, value = view.prove_ics23(key), view.get(key)
        encoded = encode_commitment_proof(proof)
        in_tree, held = tree_entry(key, value) if value else (tree_key(key), None)
        yield Case(True, root, in_tree, held, encoded)
        yield Case(False, sha256(root).digest(), in_tree, held, encoded)
        yield Case(False, root, in_tree, None if held else b"\x01", encoded)
        if held is not None:
            yield Case(False, root, in_tree, held + b"\x00", encoded)
            yield Case(False, root, in_tree + b"\x00", held, encoded)
        elif isinstance(proof, NonExistenceProof) and proof.left and proof.right:
            yield Case(False, root, proof.left.key, None, encoded)
            alone = encode_commitment_proof(NonExistenceProof(proof.key, proof.left, None))
            yield Case(False, root, in_tree, None, alone)


def trees(path: Path) -> Iterator[Case]:
    """One store, whose every block replaces the whole state."""
    store = Store.create(path, Hash(bytes(32)))
    random, before = Random(23), set[bytes]()
    for height in range(TREES):
        keys = set(content(random, height % 7))
        changes: dict[bytes, bytes | None] = dict.fromkeys(before - keys)
        changes.update({key: random.randbytes(random.choice([1, 32])) for key in keys})
        changes[bytes((Room.INDEXES,)) + random.randbytes(4)] = b"beside the tree"
        store.commit(store.prepare(changes), height=Height(height), block=b"")
        yield from cases(store.view(), random, keys)
        before = keys
    store.close()


def verdicts(verifier: Path, cases: list[Case]) -> list[str]:
    """What the reference says to each case: ``ok``, or why not."""
    lines = "\n".join(case.line() for case in cases)
    done = subprocess.run([verifier], input=lines, capture_output=True, text=True, timeout=240, check=True)
    return done.stdout.splitlines()


def test_the_reference_verifier_agrees(verifier: Path, tmp_path: Path) -> None:
    asked_of_it = list(trees(tmp_path / "store"))
    answers = verdicts(verifier, asked_of_it)
    wrong = [
        (case, answer) for case, answer in zip(asked_of_it, answers, strict=True) if (answer == "ok") != case.holds
    ]
    assert not wrong, wrong[:3]
    assert sum(case.holds for case in asked_of_it) > 20_000
    assert sum(case.holds and case.value is None for case in asked_of_it) > 8_000


async def test_the_reference_verifier_agrees_with_what_a_node_serves(verifier: Path, tmp_path: Path) -> None:
    """The proofs as anyone gets them, over gRPC, of a hub that has sent a packet."""
    config = NodeConfig(genesis(), tmp_path / "store", tmp_path / "guard", listen="127.0.0.1:0")
    async with (
        running_node(config, SIGNERS[VALIDATOR], StillClock()) as node,
        await HubClient.connect(f"127.0.0.1:{node.port}", insecure=True) as hub,
    ):
        await connected(hub)
        before = (await hub.status()).height
        await hub.submit([call()], SIGNERS[SOMEONE])
        path = commitment_path(ClientId("quorum-0"), Sequence(1))
        absent = [receipt_path(ClientId("quorum-0"), Sequence(1)), commitment_path(ClientId("quorum-0"), Sequence(2))]
        early, late = await hub.prove_ics23(before, [path]), await hub.prove_ics23(None, [path, *absent])
        direct = await hub.prove(late.height, [path, *absent])
    assert (late.height, late.app_root) == (direct.height, direct.app_root)
    assert [(one.path, one.value) for one in late.proofs] == [(one.path, one.value) for one in direct.proofs]
    assert [bool(one.value) for one in (*early.proofs, *late.proofs)] == [False, True, False, False]
    asked_of_it = []
    for shown, other in ((early, late), (late, early)):
        for one in shown.proofs:
            value, proof = one.value or None, one.commitment_proof
            asked_of_it.append(Case(True, shown.app_root, one.path, value, proof))
            asked_of_it.append(Case(False, other.app_root, one.path, value, proof))
            asked_of_it.append(Case(False, shown.app_root, one.path, None if value else b"\x01", proof))
    answers = verdicts(verifier, asked_of_it)
    assert [answer == "ok" for answer in answers] == [case.holds for case in asked_of_it]

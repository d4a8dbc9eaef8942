"""A store that is written block by block, at random or not, and what it must hold at every height."""

from random import Random

import pytest

from hub.engine.store import Store
from hub.engine.view import View
from hub.proofs.smt import EndKind, verify_membership, verify_non_membership
from hub.quantities import Hash, Height
from hub.state.errors import NotInTree
from tests.unit import reference_tree as reference

GENESIS = Hash(b"\x07" * 32)
Changes = dict[bytes, bytes | None]


def commit(store: Store, changes: Changes, **indexes: list[tuple[bytes, int]]) -> Hash:
    """The next block."""
    prepared = store.prepare(changes)
    height = Height(0 if store.height is None else store.height + 1)
    store.commit(prepared, height=height, block=b"block %d" % height, **indexes)
    return prepared.app_root


def some_key(random: Random) -> bytes:
    return random.choice([b"quorum-0\x01", b"quorum-0\x02", b"\x05\x3c", b"\x08", b"\x10ab"]) + random.randrange(
        150
    ).to_bytes(2, "big")


def some_changes(random: Random) -> Changes:
    number = random.choice([1, 3, 30])
    return {some_key(random): random.choice([None, random.randbytes(random.randrange(1, 60))]) for _ in range(number)}


class Chain:
    """A store that is written at random, and what it must hold at every height."""

    def __init__(self, store: Store, seed: int) -> None:
        self.store = store
        self.random = Random(seed)
        self.states: list[dict[bytes, bytes]] = []
        self.roots: list[Hash] = []

    def block(self) -> None:
        changes = some_changes(self.random)
        if not self.states:
            changes[b"\x01"] = b"genesis"
        self.roots.append(commit(self.store, changes))
        state = {**(self.states[-1] if self.states else {}), **changes}
        self.states.append({key: value for key, value in state.items() if value is not None})

    def check(self, height: int) -> None:
        view, state = self.store.view(Height(height)), self.states[height]
        assert view.app_root == self.roots[height] == reference.subtree(reference.state_leaves(state))
        assert dict(view.scan(b"\x00", b"\xff")) == state
        assert list(view.scan(b"\x08", b"quorum-0\x02")) == sorted(
            (key, value) for key, value in state.items() if b"\x08" <= key < b"quorum-0\x02"
        )
        for key in {some_key(self.random) for _ in range(8)}:
            assert view.get(key) == state.get(key)
            if key[0] == 5:
                for prove in (view.prove, view.prove_ics23):
                    with pytest.raises(NotInTree):
                        prove(key)
            else:
                check_proof(view, key)


def check_proof(view: View, key: bytes) -> None:
    proof, value = view.prove(key), view.get(key)
    assert (proof.kind is EndKind.LEAF) == (value is not None)
    if key.startswith(b"quorum"):
        if value is None:
            verify_non_membership(view.app_root, key, proof.encode())
        else:
            verify_membership(view.app_root, key, value, proof.encode())

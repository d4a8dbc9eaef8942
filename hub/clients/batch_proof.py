"""What shows entries of a batch to the counterparty, made from the batch's entries as a node gives them."""

from collections.abc import Sequence

from hub.clients.errors import MembershipNotProven
from hub.clients.quorum import BatchPath, BatchPaths, WholeBatch
from hub.proofs.merkle import batch_path
from hub.quantities import Hash

_HASH_BYTES = 32


def batch_paths(entries: Sequence[tuple[bytes, Hash]], paths: Sequence[bytes]) -> BatchPaths:
    """The ways of what stands at some encoded paths, in order, to the root of a batch.

    Raises MembershipNotProven where one is not in it.
    """
    places = {path: index for index, (path, _) in enumerate(entries)}
    found: list[BatchPath] = []
    for path in paths:
        if path not in places:
            raise MembershipNotProven(path, "no entry of the batch is it")
        siblings = tuple(Hash(sibling) for sibling in batch_path(entries, places[path]))
        found.append(BatchPath(places[path], siblings))
    return BatchPaths(len(entries), tuple(found))


def shortest_proof(entries: Sequence[tuple[bytes, Hash]], paths: Sequence[bytes]) -> WholeBatch | BatchPaths:
    """The whole batch, or single ways in it where those are fewer bytes; raises MembershipNotProven."""
    depth = max(len(entries) - 1, 0).bit_length()
    whole = sum(len(path) + _HASH_BYTES for path, _ in entries)
    if len(paths) * depth * _HASH_BYTES < whole:
        return batch_paths(entries, paths)
    if missing := set(paths).difference(path for path, _ in entries):
        raise MembershipNotProven(min(missing), "no entry of the batch is it")
    return WholeBatch(tuple(entries))

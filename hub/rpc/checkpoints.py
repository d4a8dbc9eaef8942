"""CheckpointService: what proves this chain to its counterparties."""

# ruff: noqa: N802, ARG002  # gRPC gives the methods their names and arguments

import asyncio
from collections.abc import Callable
from typing import Any

from interchain.hub.v1 import answer_pb2, light_client_pb2

from hub.answers import Batch, BatchEntry, Ics23PathProof, Ics23StateProof, PathProof, StateProof
from hub.clients.counterparty import counterparty_of
from hub.engine.checkpoints import Checkpoints
from hub.engine.ledger import Ledger
from hub.engine.measures import Measures
from hub.engine.threads import HEAVY, in_thread
from hub.ibc.identifiers import client_id
from hub.quantities import Hash, Height
from hub.rpc.dialect import Dialect
from hub.rpc.errors import InvalidArgument
from hub.rpc.wire import refuse_unknown_fields, to_proto

MAX_PATHS = 1024
MAX_PATH_BYTES = 128
AT_ONCE = 64
"""Paths that are proven before others have their turn: at an old height each takes some 30 ms. Whoever has given up
meanwhile is noticed then.
"""

Prove = Callable[[Height, list[bytes]], tuple[Hash, list[tuple[bytes | None, bytes]]]]


class CheckpointServing:
    """The service of any chain of our own."""

    def __init__(self, dialect: Dialect[Any], ledger: Ledger, checkpoints: Checkpoints, measures: Measures) -> None:
        self._pb = dialect.checkpoint_service
        self._ledger = ledger
        self._checkpoints = checkpoints
        self._measures = measures
        self._proving = asyncio.Semaphore(HEAVY)

    async def GetCheckpoint(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        height = Height(request.height or self._ledger.head.height)
        signed = await in_thread(self._checkpoints.sign, request.client, height)
        self._measures.checkpoints.labels(request.client).inc()
        checkpoint = to_proto(signed, light_client_pb2.SignedCheckpoint)
        return self._pb.GetCheckpointResponse(checkpoint=checkpoint)

    async def GetBatch(self, request: Any, context: Any) -> Any:
        refuse_unknown_fields(request)
        client = client_id(request.client)
        counterparty_of(self._ledger.state, client)
        height = Height(request.height or self._ledger.head.height)
        batch = self._ledger.record(height).batch(client)
        entries = tuple(BatchEntry(path, commitment) for path, commitment in batch.entries)
        answer = Batch(client, height, batch.root, entries)
        return self._pb.GetBatchResponse(batch=to_proto(answer, answer_pb2.Batch))

    async def GetProof(self, request: Any, context: Any) -> Any:
        paths, height = asked(request), Height(request.height or self._ledger.head.height)
        app_root, proven = await self._proven(self._ledger.prove, height, paths)
        proofs = tuple(PathProof(path, value or b"", proof) for path, (value, proof) in zip(paths, proven, strict=True))
        answer = StateProof(height, app_root, proofs)
        return self._pb.GetProofResponse(state_proof=to_proto(answer, answer_pb2.StateProof))

    async def GetIcs23Proof(self, request: Any, context: Any) -> Any:
        paths, height = asked(request), Height(request.height or self._ledger.head.height)
        app_root, proven = await self._proven(self._ledger.prove_ics23, height, paths)
        proofs = tuple(
            Ics23PathProof(path, value or b"", proof) for path, (value, proof) in zip(paths, proven, strict=True)
        )
        answer = Ics23StateProof(height, app_root, proofs)
        return self._pb.GetIcs23ProofResponse(state_proof=to_proto(answer, answer_pb2.Ics23StateProof))

    async def _proven(
        self, prove: Prove, height: Height, paths: list[bytes]
    ) -> tuple[Hash, list[tuple[bytes | None, bytes]]]:
        app_root, proven = Hash(b""), []
        for at in range(0, len(paths), AT_ONCE):
            async with self._proving:
                app_root, some = await in_thread(prove, height, paths[at : at + AT_ONCE])
            proven += some
        return app_root, proven


def asked(request: Any) -> list[bytes]:
    """The paths of a request; raises InvalidArgument, UnknownFields."""
    refuse_unknown_fields(request)
    paths = list(request.paths)
    if not 1 <= len(paths) <= MAX_PATHS:
        raise InvalidArgument("paths", f"give 1 to {MAX_PATHS}")
    if any(not is_path(path) for path in paths):
        raise InvalidArgument("paths", "an IBC path is a client, a byte 1 to 3, and a sequence of 8 bytes")
    return paths


def is_path(path: bytes) -> bool:
    """Whether these bytes have the form of an encoded IBC path: only such stand in the tree under their own name."""
    return 9 < len(path) <= MAX_PATH_BYTES and path[-9] in (1, 2, 3) and path[0] >= 0x40

"""From a proof of many packets, as a relayer sent it, what shows just one: a receipt tells nothing of neighbours."""

from typing import assert_never

from hub.clients import attested_evm, quorum
from hub.clients.attested_evm import SignedHeader
from hub.clients.batch_proof import batch_paths
from hub.clients.quorum import BatchPaths, StateProofs, WholeBatch
from hub.clients.router_proof import narrow_proof
from hub.ibc.commitment import Path
from hub.messages import Proof
from hub.quantities import Address
from hub.receipts.errors import HeaderElsewhere
from hub.receipts.receipt import AttestedStorage, Evidence


def narrow(proof: Proof, path: Path, index: int, router: Address) -> Evidence:
    """The part of ``proof`` that shows what stands at ``path``, which is claim ``index`` of all that it shows.

    ``router``: the EVM chain's. Raises HeaderElsewhere where the proof names a header that came in another message,
    TrieError, ClientError.
    """
    match proof:
        case attested_evm.Proof(basis, storage):
            if not isinstance(basis, SignedHeader):
                raise HeaderElsewhere(basis)
            return AttestedStorage(basis, narrow_proof(basis.header.state_root, router, storage, path))
        case quorum.Proof(signed, under):
            match under:
                case WholeBatch(entries):
                    return quorum.Proof(signed, batch_paths(entries, [path.encode()]))
                case BatchPaths(count, paths):
                    return quorum.Proof(signed, BatchPaths(count, paths[index : index + 1]))
                case StateProofs(proofs):
                    return quorum.Proof(signed, StateProofs(proofs[index : index + 1]))
                case _:
                    assert_never(under)
        case _:
            assert_never(proof)

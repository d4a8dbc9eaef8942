"""How anyone brings an authority's newer revocation list: a member or not, with a certificate or without one."""

from dataclasses import dataclass
from pathlib import Path

from interchain.ledger.v1 import revocation_service_pb2 as pb
from interchain.ledger.v1.revocation_service_pb2_grpc import RevocationServiceStub

from adapters.permissioned.ledger import every_error  # noqa: F401 - a refusal is raised as what it is
from hub.quantities import Height
from hub.rpc.calling import answered, open_channel


@dataclass(frozen=True, slots=True)
class Published:
    """``height``: from which block on the list is in force; of one that the ledger had already, its newest block."""

    already_known: bool
    height: Height


async def publish_revocation_list(
    target: str,
    revocation_list: bytes,
    *,
    authorities: Path,
    certificate: Path | None = None,
    key: Path | None = None,
    timeout_seconds: float = 30.0,
) -> Published:
    """Have the node at ``host:port`` bring a list (DER) to the ledger, and wait until it is in a block.

    ``authorities``: whom the node's certificate is believed by (PEM). Without ``certificate`` and ``key`` the node must
    have an address that is open to all. Raises RevocationError, AuthorityRemoved, RateLimited, NodeIsNoMember,
    HubUnreachable, OSError for a file.
    """
    async with open_channel(target, authorities, certificate, key, insecure=False) as channel:
        request = pb.PublishRevocationListRequest(revocation_list=revocation_list)
        call = RevocationServiceStub(channel).PublishRevocationList(request, timeout=timeout_seconds)
        answer = await answered(target, call)
    return Published(answer.already_known, Height(answer.height))

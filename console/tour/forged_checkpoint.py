"""A hostile relayer shows the hub the ledger as it never was: a call that no member made, in a block that a stranger
signed; and a real block with another state. Both are refused by name, and the hub believes what it believed.
"""

import secrets

import msgspec

from console.chain_access import ledger_client
from console.chains import LedgerFile
from console.tour.hostile import lane_at_hub, refused
from console.tour.market import FEE
from console.tour.outcome import require
from console.tour.stage import Stage
from hub.clients.quorum import Proof, SignedCheckpoint, Update, WholeBatch
from hub.ibc.commitment import Path, PathKind, packet_commitment
from hub.ibc.identifiers import ClientId
from hub.ibc.lanes import LaneRecord, encode_records
from hub.ibc.packet import Packet, Payload
from hub.messages import ReceivePackets, UpdateQuorumClient
from hub.proofs.eip712 import SaltDomain
from hub.proofs.errors import UnrecoverableSignature, WrongSigner
from hub.proofs.merkle import batch_root
from hub.proofs.signatures import sign_digest
from hub.quantities import Gas, Hash, Height, Sequence, UnixSeconds
from hub.services.application import ENCODING, PORT, VERSION
from hub.services.payload import Call, InputEncoding, packet_request_id
from hub.signer import KeySigner

_VICTIM = b"bank-a/bo"
"""In whose name the call is forged, and who would pay for it."""
_SEQUENCE = Sequence(1_000_000)
_LATER = 1000
_BITMAP_BYTES = 8


async def forged_checkpoint(stage: Stage) -> str:
    ledger = stage.trade.chain
    client = ClientId(ledger.client_at_hub)
    async with await ledger_client(ledger) as node:
        signed = await node.checkpoint(ledger.client_of_hub)
    before = await stage.hub.client(client)
    stranger = await refused("a stranger's checkpoint", _send(stage, await _never_made(stage, signed)), WrongSigner)
    changed = msgspec.structs.replace(signed.checkpoint, app_root=Hash(secrets.token_bytes(32)))
    update = UpdateQuorumClient(client, Update(SignedCheckpoint(changed, signed.signature)))
    state = await refused("a changed state", _send(stage, update), WrongSigner, UnrecoverableSignature)
    after = await stage.hub.client(client)
    require((after.config, after.status) == (before.config, before.status), "the refusals changed the hub's client")
    require(after.height <= signed.checkpoint.height, f"the hub believes block {after.height}, which never was")
    forged_call = packet_request_id(ClientId(ledger.client_at_hub), _SEQUENCE)
    require(not await stage.accepted(forged_call), "the hub accepted a call that nobody made")
    return f"refused: a block that a stranger signed ({stranger}), a real one with another state ({state}); no change"


async def _send(stage: Stage, message: ReceivePackets | UpdateQuorumClient) -> None:
    await stage.hub.submit([message], KeySigner(secrets.token_bytes(32)), simulate=False)


async def _never_made(stage: Stage, signed: SignedCheckpoint) -> ReceivePackets:
    """A call in another's name, in the batch of a later block: all is as it should be, but for who signed it."""
    ledger, real = stage.trade.chain, signed.checkpoint
    packet = _call(ledger, stage.b.service, UnixSeconds(real.timestamp + 600))
    path = Path(PathKind.COMMITMENT, packet.source_client, packet.sequence).encode()
    batch = ((path, packet_commitment(packet)),)
    later = msgspec.structs.replace(
        real,
        height=Height(real.height + _LATER),
        block_hash=Hash(secrets.token_bytes(32)),
        app_root=Hash(secrets.token_bytes(32)),
        batch_root=batch_root(batch),
    )
    digest = later.digest(SaltDomain((await stage.hub.status()).genesis_hash))
    bitmap = signed.signature[:_BITMAP_BYTES]
    fake = SignedCheckpoint(later, bitmap + sign_digest(secrets.token_bytes(32), digest))
    lane = await lane_at_hub(stage, packet.source_client, packet.destination_client)
    record = LaneRecord(lane, packet.sequence, packet.timeout, packet.payload.value)
    return ReceivePackets(packet.destination_client, encode_records([record]), Proof(fake, WholeBatch(batch)))


def _call(ledger: LedgerFile, service: str, deadline: UnixSeconds) -> Packet:
    value = Call(service, _VICTIM, deadline, FEE, Gas(0), InputEncoding.ABI, secrets.token_bytes(64)).encode()
    ends = ClientId(ledger.client_of_hub), ClientId(ledger.client_at_hub)
    return Packet(_SEQUENCE, *ends, deadline, Payload(PORT, PORT, VERSION, ENCODING, value))

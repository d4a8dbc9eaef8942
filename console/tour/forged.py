"""A hostile relayer forges deliveries to the hub and to a chain's router: each is refused by name; then an
honest one carries the very packet that was to be forged.
"""

import secrets
from dataclasses import replace

import msgspec

from adapters.chain import Delivery, Receive
from adapters.evm.chain import EvmChain
from console.chain_access import Attestors, open_evm_chain
from console.devnet.accounts import Holder, dev_account
from console.tour.hostile import lane_at_hub, refused
from console.tour.market import Call, Site
from console.tour.outcome import StepFailed, require
from console.tour.quotes import require_quote
from console.tour.stage import Stage
from hub.block import ResultCode
from hub.clients.attested_evm import Proof, SignedHeader
from hub.clients.base import Claims
from hub.clients.errors import MembershipNotProven
from hub.clients.quorum import SignedCheckpoint
from hub.events import PacketSent
from hub.ibc.commitment import Path, PathKind, packet_commitment
from hub.ibc.lanes import LaneRecord, encode_records
from hub.ibc.packet import Packet
from hub.messages import ReceivePackets
from hub.proofs.errors import UnrecoverableSignature, WrongSigner
from hub.proofs.merkle import batch_root
from hub.proofs.signatures import sign_digest
from hub.quantities import Hash, Height, Sequence
from hub.signer import KeySigner
from relayers.flow import packet_of

_NOBODYS_SIGNATURE = (WrongSigner, UnrecoverableSignature)
"""A changed digest turns a signature into that of a stranger, or of nobody."""


async def forged(stage: Stage) -> str:
    supervisor = stage.network.supervisor
    supervisor.stop("relayer")
    chains: list[EvmChain] = []
    try:
        (call,) = await stage.a.ask(stage.b.service, answer_within=120, accept_within=120)
        chains = [await _open(stage, stage.a), await _open(stage, stage.b)]
        refusals = await _at_hub(stage, chains[0], call)
        require(not await stage.accepted(call.request_id), "a refused delivery changed the hub")
        refusals += await _at_router(stage, chains[1])
    finally:
        supervisor.restart("relayer")
        for chain in chains:
            await chain.close()
    (outcome,) = await stage.a.outcomes([call], patience=120)
    require_quote(call, outcome)
    return f"refused: {', '.join(refusals)}; the honest delivery went through"


async def _open(stage: Stage, site: Site) -> EvmChain:
    targets = [file.attestor.target for file in stage.network.attestors]
    return await open_evm_chain(site.chain, stage.hub, dev_account(Holder.STRANGER), Attestors(targets))


async def _at_hub(stage: Stage, chain: EvmChain, call: Call) -> list[str]:
    """A packet that really waits, with another value; and with a header that attestors never signed."""
    await stage.until("the packet is final", lambda: _is_final(chain, call), 30)
    (sent,) = [one.event for one in await chain.scan(call.height, call.height) if isinstance(one.event, PacketSent)]
    packet = packet_of(sent)
    path = Path(PathKind.COMMITMENT, packet.source_client, packet.sequence)
    height = (await chain.finalised()).height
    honest = await chain.prove(height, Claims(present=((path, packet_commitment(packet)),)))
    if not isinstance(honest, Proof) or not isinstance(honest.basis, SignedHeader):
        raise StepFailed("the adapter gave a proof without a signed header")
    tampered = _tampered(packet)
    fake_header = msgspec.structs.replace(
        honest.basis.header, state_root=Hash(secrets.token_bytes(32)), block_hash=Hash(secrets.token_bytes(32))
    )
    fake = msgspec.structs.replace(honest, basis=SignedHeader(fake_header, honest.basis.signature))
    lane = await lane_at_hub(stage, packet.source_client, packet.destination_client)
    value = await refused("a forged value", _deliver_to_hub(stage, lane, tampered, honest), MembershipNotProven)
    header = await refused("a forged header", _deliver_to_hub(stage, lane, packet, fake), *_NOBODYS_SIGNATURE)
    return [f"forged value by the hub ({value})", f"forged header by the hub ({header})"]


async def _is_final(chain: EvmChain, call: Call) -> bool:
    return (await chain.finalised()).height >= call.height


async def _deliver_to_hub(stage: Stage, lane: int, packet: Packet, proof: Proof) -> None:
    record = LaneRecord(lane, packet.sequence, packet.timeout, packet.payload.value)
    message = ReceivePackets(packet.destination_client, encode_records([record]), proof)
    stranger = KeySigner(secrets.token_bytes(32))
    receipt = await stage.hub.submit([message], stranger, simulate=False)
    require(receipt.result is not ResultCode.NO_OP, "the forged packet had been delivered before")


async def _at_router(stage: Stage, chain: EvmChain) -> list[str]:
    """A batch of the hub that was really signed, with one packet changed; and the same, signed by a stranger."""
    height, packet = await _first_packet(stage, chain)
    batch = await stage.hub.batch(chain.client_at_hub, height)
    signed = await stage.hub.checkpoint(chain.client_at_hub, height)
    tampered = _tampered(packet)
    entries = [(entry.path, entry.commitment) for entry in batch.entries]
    path = Path(PathKind.COMMITMENT, packet.source_client, packet.sequence).encode()
    entries = [(p, packet_commitment(tampered) if p == path else c) for p, c in entries]
    delivery = Delivery(signed, [Receive(tampered)], entries)
    forged_signed = _signed_by_stranger(signed, batch_root(entries))
    forged_delivery = replace(delivery, checkpoint=forged_signed)
    batch_name = await refused("a forged batch", chain.deliver(delivery), *_NOBODYS_SIGNATURE)
    name = await refused("a forged checkpoint", chain.deliver(forged_delivery), *_NOBODYS_SIGNATURE)
    return [f"forged batch by the router ({batch_name})", f"forged checkpoint by the router ({name})"]


async def _first_packet(stage: Stage, chain: EvmChain) -> tuple[Height, Packet]:
    """The first that the hub ever sent to the chain, and the block in which it did."""
    history = await stage.hub.packet(chain.client_at_hub, chain.client_of_hub, Sequence(1))
    for step in history.steps:
        if isinstance(step.event, PacketSent):
            return step.height, packet_of(step.event)
    raise StepFailed("the hub has no record of its first packet")


def _signed_by_stranger(signed: SignedCheckpoint, root: Hash) -> SignedCheckpoint:
    checkpoint = msgspec.structs.replace(signed.checkpoint, batch_root=root)
    forged_signature = sign_digest(secrets.token_bytes(32), Hash(secrets.token_bytes(32)))
    return SignedCheckpoint(checkpoint, signed.signature[:8] + forged_signature)


def _tampered(packet: Packet) -> Packet:
    value = bytes((*packet.payload.value[:-1], packet.payload.value[-1] ^ 1))
    payload = msgspec.structs.replace(packet.payload, value=value)
    return msgspec.structs.replace(packet, payload=payload)

"""The vectors that Python and Solidity share: current, and true of the code as they stand in the files."""

from importlib import import_module
from typing import Any

import pytest

from hub.clients.attestation import AttestationScope, AttestedHeader, set_change_digest
from hub.clients.checkpoint import Checkpoint
from hub.clients.router_storage import (
    BASE,
    acknowledgement_chain,
    acknowledgement_slot,
    commitment_slot,
    receipt_bit,
    receipt_slot,
)
from hub.ibc.commitment import acknowledgement_commitment, commitment_path, packet_commitment
from hub.ibc.identifiers import ClientId, PortId
from hub.ibc.packet import Packet, Payload
from hub.proofs.eip712 import Domain, EvmDomain, SaltDomain
from hub.proofs.errors import SignatureError
from hub.proofs.quorum import Member, SignerSet, verify_quorum
from hub.quantities import Address, Epoch, Hash, Height, Power, Sequence, UnixSeconds
from tests.vectors.writing import plain, read, unhex


@pytest.mark.parametrize("name", ["attested_header", "checkpoint", "evm_storage", "packets", "quorum"])
def test_a_file_is_what_its_generator_writes(name: str) -> None:
    generated = import_module(f"tests.vectors.generate_{name}").vectors()
    assert plain(generated) == read(name), f"run: python -m tests.vectors.generate_{name}"


def cases(name: str, key: str = "cases") -> list[Any]:
    return [pytest.param(case, id=case.get("name", "")) for case in read(name)[key]]


def h(text: str) -> Hash:
    return Hash(unhex(text))


def domain(fields: dict[str, str]) -> Domain:
    if "salt" in fields:
        return SaltDomain(h(fields["salt"]))
    return EvmDomain(int(fields["chainId"]), Address(unhex(fields["verifyingContract"])))


@pytest.mark.parametrize("case", cases("checkpoint"))
def test_checkpoint(case: dict[str, Any]) -> None:
    fields = case["checkpoint"]
    checkpoint = Checkpoint(
        fields["chain"],
        h(fields["genesisHash"]),
        ClientId(fields["sourceClient"]),
        ClientId(fields["destinationClient"]),
        Epoch(int(fields["epoch"])),
        Height(int(fields["height"])),
        UnixSeconds(int(fields["timestamp"])),
        h(fields["blockHash"]),
        h(fields["appRoot"]),
        h(fields["batchRoot"]),
        h(fields["nextValidatorSetHash"]),
    )
    assert checkpoint.digest(domain(case["domain"])) == unhex(case["digest"])


def scope(fields: dict[str, str]) -> AttestationScope:
    return AttestationScope(
        h(fields["hubGenesisHash"]),
        ClientId(fields["client"]),
        fields.get("finalityRule", ""),
        int(fields.get("chainId", "0")),
    )


@pytest.mark.parametrize("case", cases("attested_header", "headers"))
def test_attested_header(case: dict[str, Any]) -> None:
    fields = case["header"]
    header = AttestedHeader(
        Epoch(int(fields["epoch"])),
        Height(int(fields["number"])),
        h(fields["blockHash"]),
        h(fields["stateRoot"]),
        UnixSeconds(int(fields["timestamp"])),
    )
    assert header.digest(scope(fields)) == unhex(case["digest"])


@pytest.mark.parametrize("case", cases("attested_header", "setChanges"))
def test_set_change(case: dict[str, Any]) -> None:
    fields = case["change"]
    digest = set_change_digest(scope(fields), Epoch(int(fields["epoch"])), h(fields["nextSetHash"]))
    assert digest == unhex(case["digest"])


@pytest.mark.parametrize("case", cases("quorum"))
def test_quorum(case: dict[str, Any]) -> None:
    described = case["set"]
    pairs = zip(described["addresses"], described["powers"], strict=True)
    members = tuple(Member(Address(unhex(address)), Power(int(power))) for address, power in pairs)
    signers = SignerSet(Epoch(int(described["epoch"])), members)
    assert signers.hash() == unhex(described["hash"])
    assert signers.total_power() == int(described["totalPower"])
    digest, signature = h(read("quorum")["digest"]), unhex(case["signature"])
    if case["error"] is None:
        assert verify_quorum(signers, digest, signature) == int.from_bytes(signature[:8], "big").bit_count()
        return
    with pytest.raises(SignatureError) as refusal:
        verify_quorum(signers, digest, signature)
    assert type(refusal.value).__name__ == case["error"]


def test_router_storage() -> None:
    storage = read("evm_storage")
    assert unhex(storage["base"]) == BASE.to_bytes(32, "big")
    for case in storage["commitments"]:
        path = commitment_path(ClientId(case["client"]), Sequence(int(case["sequence"])))
        assert (path, commitment_slot(path)) == (unhex(case["path"]), unhex(case["slot"]))
    for case in storage["receipts"]:
        sequence = Sequence(int(case["sequence"]))
        assert receipt_slot(ClientId(case["client"]), sequence) == unhex(case["slot"])
        assert receipt_bit(sequence) == int(case["bit"], 16)
    for case in storage["acknowledgements"]:
        assert acknowledgement_slot(ClientId(case["client"]), int(case["window"])) == unhex(case["slot"])
    for case in storage["chains"]:
        entries = [(Sequence(int(entry["sequence"])), unhex(entry["commitment"])) for entry in case["entries"]]
        assert acknowledgement_chain(entries) == unhex(case["chain"])


@pytest.mark.parametrize("case", cases("packets", "packets"))
def test_packet(case: dict[str, Any]) -> None:
    packet = Packet(
        Sequence(int(case["sequence"])),
        ClientId(case["sourceClient"]),
        ClientId(case["destinationClient"]),
        UnixSeconds(int(case["timeout"])),
        Payload(
            PortId(case["sourcePort"]),
            PortId(case["destinationPort"]),
            case["version"],
            case["encoding"],
            unhex(case["value"]),
        ),
    )
    assert packet_commitment(packet) == unhex(case["commitment"])


@pytest.mark.parametrize("case", cases("packets", "acknowledgements"))
def test_acknowledgement(case: dict[str, Any]) -> None:
    assert acknowledgement_commitment(unhex(case["acknowledgement"])) == unhex(case["commitment"])

"""The hub's messages on light clients: updated, frozen, replaced after the delay; and their counterparties."""

from typing import Any

import pytest

from hub import messages as m
from hub.block import ResultCode
from hub.clients.base import Claims
from hub.clients.errors import ClientIsFrozen
from hub.clients.quorum import Evidence, SignedElsewhere, Update
from hub.events import ClientReplaced, ClientReplacementScheduled, ClientUpdated, ServiceCalled
from hub.ibc.commitment import Path as IbcPath
from hub.ibc.commitment import PathKind
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import EvmDomain, SaltDomain
from hub.quantities import Address, Hash
from hub.quantities import Sequence as Number
from hub.state.branch import Branch
from tests.unit import attested_chain
from tests.unit.hub_chain import OPERATOR, PARAMETERS, RELAYER
from tests.unit.hub_world import World, one
from tests.vectors.writing import label

TO = Address(b"\x77" * 20)


@pytest.fixture
def world() -> World:
    return World()


def evidence(world: World) -> Evidence:
    two = [world.a.checkpoint(block_hash=Hash(label(name))) for name in ("one", "two")]
    return Evidence(*(SignedElsewhere(signed, SaltDomain(world.hub.app.genesis_hash)) for signed in two))


def test_updates_are_told_and_repeats_are_no_ops(world: World) -> None:
    world.a.block()
    update = m.UpdateQuorumClient(world.a.client, Update(world.a.checkpoint()))
    result = world.hub.do(RELAYER, update)
    assert result.events == (ClientUpdated(world.a.client, world.a.height, world.a.time),)
    assert world.hub.do(RELAYER, update).code is ResultCode.NO_OP


def test_a_frozen_client_is_replaced_under_its_identifier_after_the_delay(world: World) -> None:
    hub, ledger = world.hub, world.a
    pending, _ = world.forwarded()
    hub.do(RELAYER, m.ReportQuorumMisbehaviour(ledger.client, evidence(world)))
    with pytest.raises(ClientIsFrozen):
        hub.app.clients.verify(
            Branch(hub.state), ledger.client, ledger.proof([]), Claims(absent=[_receipt(ledger)]), hub.now
        )
    schedule = m.ScheduleQuorumReplacement(ledger.client, ledger.client_config())
    apply = m.ApplyClientReplacement(ledger.client)
    assert hub.try_(RELAYER, schedule).reason == "ROLE_MISSING"
    assert hub.try_(OPERATOR, apply).reason == "REPLACEMENT_NOT_SCHEDULED"
    scheduled = one(hub.do(OPERATOR, schedule).events, ClientReplacementScheduled)
    assert scheduled.ripe_at == hub.now + PARAMETERS.replacement_delay
    assert hub.try_(OPERATOR, apply, advance=PARAMETERS.replacement_delay - 1).reason == "REPLACEMENT_NOT_RIPE"
    assert hub.do(OPERATOR, apply).events == (ClientReplaced(ledger.client),)
    assert hub.try_(OPERATOR, apply).reason == "REPLACEMENT_NOT_SCHEDULED"
    repeated = hub.try_(RELAYER, ledger.receive_message(pending))
    assert repeated.reason == "TIMEOUT_ELAPSED"
    _, events = world.accept()
    one(events, ServiceCalled)


def _receipt(ledger: Any) -> IbcPath:
    return IbcPath(PathKind.RECEIPT, ledger.hub_client, Number(9))


def test_a_replaced_client_receives_nothing_twice(world: World) -> None:
    hub, ledger = world.hub, world.a
    sequence = ledger.send(b"not a call", timeout=5000)
    hub.do(RELAYER, ledger.receive_message(sequence))
    hub.do(OPERATOR, m.ScheduleQuorumReplacement(ledger.client, ledger.client_config()))
    hub.do(OPERATOR, m.ApplyClientReplacement(ledger.client), advance=100)
    assert hub.do(RELAYER, ledger.receive_message(sequence)).code is ResultCode.NO_OP


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"evm_chain_id": 0, "client_contract": b""}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 0, "client_contract": b"", "salt": bytes(32)}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 0, "client_contract": b"", "salt": label("salt")}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 0, "salt": label("salt")}, "INVALID_COUNTERPARTY"),
        ({"client_contract": Address(bytes(20))}, "INVALID_COUNTERPARTY"),
        ({"client_contract": Address(b"")}, "INVALID_COUNTERPARTY"),
        ({"salt": label("salt")}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 31338}, "INVALID_COUNTERPARTY"),
        ({"evm_chain_id": 2**64}, "INVALID_COUNTERPARTY"),
        ({"counterparty_client": "a b"}, "INVALID_IDENTIFIER"),
        ({"client": "quorum-9"}, "CLIENT_NOT_FOUND"),
        ({"client": "quorum-0"}, "INVALID_COUNTERPARTY"),
    ],
)
def test_a_counterparty_is_refused(world: World, changes: dict[str, Any], reason: str) -> None:
    world.hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    fields: dict[str, Any] = {
        "client": "attested-0",
        "counterparty_client": "quorum-0",
        "evm_chain_id": 31337,
        "client_contract": TO,
        "salt": b"",
    }
    assert world.hub.try_(OPERATOR, m.RegisterCounterparty(**(fields | changes))).reason == reason
    world.hub.do(OPERATOR, m.RegisterCounterparty(**fields))
    assert world.hub.try_(OPERATOR, m.RegisterCounterparty(**fields)).reason == "COUNTERPARTY_ALREADY_REGISTERED"


def test_an_evm_counterparty_has_its_own_domain(world: World) -> None:
    world.hub.do(OPERATOR, m.CreateAttestedClient(attested_chain.CONFIG))
    world.hub.do(OPERATOR, m.RegisterCounterparty("attested-0", "quorum-0", 31337, TO, b""))
    found = dict(world.hub.app.counterparties(world.hub.state))
    assert found[ClientId("attested-0")].domain == EvmDomain(31337, TO)
    assert found[ClientId("quorum-1")].domain == SaltDomain(world.b.genesis_hash)
    assert list(found) == ["quorum-0", "quorum-1", "attested-0"]

"""What a chain's client of the hub may be replaced by, before anything is deployed."""

from typing import Any

import pytest
from msgspec.structs import replace

from adapters.evm.quorum_client import QuorumClientView
from console.client_at_chain import refuse_another_hub
from console.exits import Refused
from hub.clients.base import ClientStatus, ProvenPoint
from hub.proofs.keccak import keccak256
from hub.proofs.quorum import SignerSet
from hub.quantities import Epoch, Hash, Height, Seconds, UnixSeconds
from tests.unit.test_console_joining import ALONE
from tests.vectors.generate_quorum import ADDRESSES
from tests.vectors.writing import label

PRESENT = QuorumClientView(
    status=ClientStatus.FROZEN,
    latest=ProvenPoint(Height(7), UnixSeconds(1_760_000_000)),
    chain_hash=Hash(keccak256(ALONE.chain_id.encode())),
    genesis_hash=ALONE.genesis_hash,
    trusting_period=Seconds(86_400),
    max_clock_drift=Seconds(15),
    accept_single_operator=True,
    epoch=Epoch(1),
    set_hash=SignerSet.of_equals(1, ADDRESSES[:1]).hash(),
)


@pytest.mark.parametrize("other", [{"genesis_hash": Hash(label("another genesis"))}, {"chain_id": "another-1"}])
def test_no_client_of_another_hub_is_deployed_in_the_place_of_one(other: dict[str, Any]) -> None:
    refuse_another_hub("polygon", PRESENT, ALONE)
    with pytest.raises(Refused) as refused:
        refuse_another_hub("polygon", PRESENT, replace(ALONE, **other))
    assert refused.value.reason == "ANOTHER_HUB"

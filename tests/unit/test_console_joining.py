"""Whom a chain is connected to: not to one operator alone unless that is accepted, and not without attestors."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as replaced

from console.exits import Misused
from console.joining import Attestor, NewChain, Target, require_operators
from hub.answers import NodeStatus
from hub.proofs.quorum import Member
from hub.quantities import Address, Epoch, Hash, Height, Power, UnixSeconds

ATTESTOR = Attestor(Address(b"\x11" * 20), Target("a1.example:9100"))
CHAIN = NewChain("polygon", ["https://polygon.example"], "finalized", [ATTESTOR])
ONE, TWO = (Member(Address(bytes([number]) * 20), Power(1)) for number in (1, 2))
ALONE = NodeStatus(
    chain_id="hub-1",
    genesis_hash=Hash(bytes(32)),
    height=Height(1),
    time=UnixSeconds(1),
    block_hash=Hash(bytes(32)),
    app_root=Hash(bytes(32)),
    oldest_height=Height(1),
    epoch=Epoch(1),
    validators=(ONE,),
    engine="embedded",
    devnet=False,
    version="1",
    pending_transactions=0,
)


def test_a_hub_of_one_operator_is_no_chain_s_unless_that_is_accepted() -> None:
    with pytest.raises(Misused, match=r"^hub-1 has one validator.*--accept-single-operator") as caught:
        require_operators(CHAIN, ALONE)
    assert caught.value.reason == "SINGLE_OPERATOR"
    require_operators(replace(CHAIN, accept_single_operator=True), ALONE)
    require_operators(CHAIN, replaced(ALONE, devnet=True))
    require_operators(CHAIN, replaced(ALONE, validators=(ONE, TWO)))


@pytest.mark.parametrize("attestors", [[], [ATTESTOR, ATTESTOR]])
def test_attestors_are_named_and_each_once(attestors: list[Attestor]) -> None:
    with pytest.raises(Misused, match="name at least one attestor, and each once"):
        require_operators(replace(CHAIN, attestors=attestors), replaced(ALONE, devnet=True))

"""What a validator signs of a block while the block is being committed."""

from contextlib import closing
from pathlib import Path

import pytest

from hub import messages as m
from hub.engine.checkpoints import Checkpoints
from hub.engine.guard import Guard
from hub.engine.store import COMMIT_STEPS, StoreOptions
from hub.parameters import Parameters
from hub.proofs.eip712 import EvmDomain
from hub.proofs.quorum import verify_quorum
from hub.quantities import Address, Height, UnixSeconds
from hub.state.errors import BlockNotFound
from tests.unit.attested_chain import CLIENT, CONFIG
from tests.unit.node_world import OPERATOR, SIGNERS, START, VALIDATOR, genesis, opened, sign

BEFORE, AFTER = Address(b"\x5a" * 20), Address(b"\x5b" * 20)


@pytest.mark.parametrize("step", COMMIT_STEPS)
def test_of_a_block_that_changes_a_domain_nothing_is_signed_for_the_former(tmp_path: Path, step: str) -> None:
    """Anyone may ask for any height at any moment, and each has one domain for ever."""
    asked: list[str] = []
    signer = SIGNERS[VALIDATOR]

    def at_step(name: str) -> None:
        if asking and name == step:
            asked.append(name)
            with pytest.raises(BlockNotFound):
                checkpoints.sign(CLIENT, Height(2))

    asking = False
    guard = Guard.create(tmp_path / "guard", signer.address, genesis().hash())
    with closing(guard), opened(tmp_path / "store", options=StoreOptions(at_step=at_step)) as ledger:
        checkpoints = Checkpoints(ledger, [(signer, guard)])
        begin = (
            m.CreateAttestedClient(CONFIG),
            m.RegisterCounterparty(CLIENT, "quorum-0", CONFIG.chain_id, BEFORE, b""),
            m.ScheduleDomainChange(CLIENT, CONFIG.chain_id, AFTER, b""),
        )
        ledger.make_block([sign(OPERATOR, 0, *begin)], START)
        asking = True
        ripe = UnixSeconds(START + Parameters().replacement_delay)
        ledger.make_block([sign(OPERATOR, 1, m.ApplyDomainChange(CLIENT), expiry=ripe + 60)], ripe)
        assert asked == [step]
        for height, contract in ((1, BEFORE), (2, AFTER)):
            signed = checkpoints.sign(CLIENT, Height(height))
            digest = signed.checkpoint.digest(EvmDomain(CONFIG.chain_id, contract))
            verify_quorum(genesis().validators, digest, signed.signature)

"""Receipts across a change of where the hub's checkpoints for a chain are valid."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from console.statements import trust_rows
from hub import messages as m
from hub.clients.domain_change import FormerDomain
from hub.proofs.eip712 import EvmDomain
from hub.quantities import Address, Height
from hub.receipts import trust as trusted
from hub.receipts.document import read_document, write_document
from hub.receipts.errors import InvalidTrust, PartNotProven
from hub.receipts.receipt import Receipt
from hub.receipts.statement import Outcome
from hub.receipts.trust import Anchor, Trust
from hub.receipts.verification import verify
from tests.unit.hub_chain import OPERATOR, PARAMETERS
from tests.unit.receipt_world import EvmWorld, replace

MOVED = Address(b"\x0b" * 20)


@cache
def across() -> tuple[EvmWorld, dict[str, Receipt], dict[str, Trust]]:
    """A call before ``b`` was moved and one after it, exported at both times; what the hub told at both."""
    world = EvmWorld()
    first = world.answered()
    receipts, trust = {"old": world.receipt(first)}, {"old": world.trust()}
    world.hub.do(OPERATOR, m.ScheduleDomainChange(world.b.client, world.b.chain_id, MOVED, b""))
    world.hub.do(OPERATOR, m.ApplyDomainChange(world.b.client), advance=PARAMETERS.replacement_delay)
    receipts["old, exported late"] = world.receipt(first)
    receipts["new"] = world.receipt(world.answered())
    trust["new"] = world.trust()
    return world, receipts, trust


@pytest.mark.parametrize("which", ["old", "old, exported late", "new"])
def test_a_trust_file_of_after_the_change_verifies_what_was_before_it_and_after(which: str) -> None:
    world, receipts, trust = across()
    assert verify(receipts[which], trust["new"]).outcome is Outcome.RESULTED
    assert trust["new"].domain(world.b.client, Height(1)) == trust["old"].domain(world.b.client, Height(1))
    assert trust["new"].domain(world.b.client, world.hub.header.height) == EvmDomain(world.b.chain_id, MOVED)


def test_a_trust_file_of_before_verifies_what_was_before_alone() -> None:
    _, receipts, trust = across()
    assert verify(receipts["old"], trust["old"]).outcome is Outcome.RESULTED
    with pytest.raises(PartNotProven) as refused:
        verify(receipts["new"], trust["old"])
    assert refused.value.rule == "WRONG_SIGNER"


@pytest.mark.parametrize("by", [-1, 10**6])
def test_each_height_has_the_domain_that_it_had(by: int) -> None:
    """Neither is the new domain good for old blocks, nor the old one for new blocks."""
    world, receipts, trust = across()

    def shifted(anchor: Anchor) -> Anchor:
        if anchor.client != world.b.client:
            return anchor
        assert anchor.former_domains is not None
        (former,) = anchor.former_domains
        at = Height(1) if by < 0 else Height(former.last_height + by)
        return replace(anchor, former_domains=(replace(former, last_height=at),))

    changed = replace(trust["new"], chains=tuple(map(shifted, trust["new"].chains)))
    with pytest.raises(PartNotProven) as refused:
        verify(receipts["old" if by < 0 else "new"], changed)
    assert refused.value.rule == "WRONG_SIGNER"


def test_joined_files_know_the_longer_history() -> None:
    _, receipts, trust = across()
    for joined in (trust["old"].joined(trust["new"]), trust["new"].joined(trust["old"])):
        assert joined == trust["new"]
        for receipt in receipts.values():
            assert verify(receipt, joined).outcome is Outcome.RESULTED


def test_a_trust_file_says_it_and_one_without_a_change_reads_as_before() -> None:
    world, _, trust = across()
    for one in trust.values():
        assert read_document(trusted.FORMAT, Trust, write_document(trusted.FORMAT, one)) == one
    assert b"former_domains" not in write_document(trusted.FORMAT, trust["old"])
    (row,) = [row for row in trust_rows(trust["new"]) if world.b.client in str(row["chain"])]
    assert any(text.startswith("until block ") for text in row["identified_by"])


def others(anchor: Anchor, contract: Address) -> Anchor:
    domain = replace(anchor.counterparty.domain, contract=contract)
    return replace(anchor, counterparty=replace(anchor.counterparty, domain=domain), former_domains=None)


BROKEN: dict[str, Callable[[Trust, Anchor], Any]] = {
    "another present domain": lambda trust, last: trust.joined(
        replace(trust, chains=(*trust.chains[:-1], others(last, Address(b"\x0d" * 20))))
    ),
    "another last height": lambda trust, last: trust.joined(
        replace(
            trust,
            chains=(
                *trust.chains[:-1],
                replace(last, former_domains=(FormerDomain(Height(5), last.history[0]),)),
            ),
        )
    ),
    "no former domain, but not none": lambda trust, last: replace(
        trust, chains=(*trust.chains[:-1], replace(last, former_domains=()))
    ),
    "heights that fall": lambda trust, last: replace(
        trust,
        chains=(
            *trust.chains[:-1],
            replace(
                last,
                former_domains=(FormerDomain(Height(5), last.history[0]), FormerDomain(Height(5), last.history[0])),
            ),
        ),
    ),
}


@pytest.mark.parametrize("shown", BROKEN)
def test_what_contradicts_itself_is_refused(shown: str) -> None:
    _, _, trust = across()
    with pytest.raises(InvalidTrust):
        BROKEN[shown](trust["new"], trust["new"].chains[-1])

"""What a receipt is verified against: another network's trust file, changed anchors, older sets."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.proofs.quorum import SignerSet
from hub.quantities import Epoch, Hash
from hub.receipts import trust as trusted
from hub.receipts.document import read_document, write_document
from hub.receipts.errors import (
    AnchorMissing,
    ChainNotTrusted,
    InvalidTrust,
    PartNotProven,
)
from hub.receipts.trust import Trust
from hub.receipts.verification import verify
from tests.unit.attested_chain import FIVE
from tests.unit.receipt_forgery import ATTESTORS_B, anchored, refused, replace, two


def test_the_trust_file_of_another_network() -> None:
    trust = two().trust
    other = replace(trust, hub=tuple(replace(one, genesis_hash=Hash(b"\x07" * 32)) for one in trust.hub))
    assert isinstance(refused(two().first, other), PartNotProven)
    renamed = replace(trust, hub=tuple(replace(one, chain="another-hub") for one in trust.hub))
    error = refused(two().first, renamed)
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_CHAIN"
    fewer = replace(trust, chains=trust.chains[1:])
    error = refused(two().first, fewer)
    assert isinstance(error, ChainNotTrusted)
    assert error.client == "attested-0"


CHANGED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "router": (lambda chain: replace(chain, router=b"\x01" * 20), "MISSING_TRIE_NODE"),
    "code": (lambda chain: replace(chain, router_code_hash=Hash(b"\x01" * 32)), "ROUTER_NOT_PROVEN"),
    "chain ID": (lambda chain: replace(chain, chain_id=1), "WRONG_SIGNER"),
    "finality rule": (lambda chain: replace(chain, finality_rule="depth:0"), "WRONG_SIGNER"),
    "attestors": (lambda chain: replace(chain, attestors=ATTESTORS_B), "WRONG_SIGNER"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_another_anchor(name: str) -> None:
    change, rule = CHANGED[name]
    error = refused(two().first, anchored(change))
    assert isinstance(error, PartNotProven)
    assert error.rule == rule


def test_a_domain_of_another_contract() -> None:
    def moved(one: trusted.Anchor) -> trusted.Anchor:
        domain = replace(one.counterparty.domain, contract=b"\x01" * 20)
        return replace(one, counterparty=replace(one.counterparty, domain=domain))

    error = refused(two().first, replace(two().trust, chains=tuple(map(moved, two().trust.chains))))
    assert isinstance(error, PartNotProven)
    assert error.rule == "WRONG_SIGNER"


def test_an_older_set_stays_trusted_where_its_file_is_joined() -> None:
    old = two().trust
    later = SignerSet(Epoch(2), FIVE.members)
    new = anchored(lambda chain: replace(chain, attestors=later))
    assert isinstance(refused(two().first, new), AnchorMissing)
    both = old.joined(new)
    assert verify(two().first, both)
    assert both == new.joined(old)
    assert read_document(trusted.FORMAT, Trust, write_document(trusted.FORMAT, both)) == both


def test_no_joined_file_takes_the_place_of_another() -> None:
    """Who has checked a file joins what a hub tells now: another hub altogether, other validators, other attestors."""
    old = two().trust
    few = SignerSet(Epoch(1), FIVE.members[:1])
    for told in (
        replace(old, hub=(replace(old.hub[0], genesis_hash=Hash(bytes(32))),)),
        replace(old, hub=(replace(old.hub[0], validators=few),)),
        anchored(lambda chain: replace(chain, attestors=few, threshold=1)),
        anchored(lambda chain: replace(chain, router_code_hash=Hash(bytes(32)))),
    ):
        for one, other in ((old, told), (told, old)):
            with pytest.raises(InvalidTrust, match="the two tell of"):
                one.joined(other)
    assert old.joined(old) == old


def test_what_no_trust_file_can_say() -> None:
    trust = two().trust
    broken: list[Callable[[], object]] = [
        lambda: replace(trust, hub=()),
        lambda: replace(trust, hub=trust.hub * 2),
        lambda: replace(trust, hub=(*trust.hub, replace(trust.hub[0], chain="other"))),
        lambda: replace(trust, chains=trust.chains[::-1]),
        lambda: replace(trust, chains=trust.chains + trust.chains[-1:]),
    ]
    for build in broken:
        with pytest.raises(InvalidTrust):
            build()

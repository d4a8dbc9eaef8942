"""The sets of validators that a chain of our own had one after the other: each proven by the quorum of the one before,
the first by the genesis, whose hash everyone knows.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from hub.clients.quorum import SignedCheckpoint, refuse_misaddressed, require_next_set, verify_signatures
from hub.errors import HubError
from hub.ibc.identifiers import ClientId
from hub.proofs.eip712 import Domain
from hub.proofs.quorum import SignerSet
from hub.receipts.errors import InvalidTrust
from hub.receipts.trust import Anchor, OwnChain, Trust


class HandOver(NamedTuple):
    """What showed a counterparty the way: the old quorum's checkpoint, and the set whose hash it names.

    ``source``: the client, on the chain that hands over, of the counterparty; ``destination``: that one's client of the
    chain; ``domain``: where checkpoints for it were valid.
    """

    source: ClientId
    destination: ClientId
    domain: Domain
    signed: SignedCheckpoint
    next_set: SignerSet


def succession(first: OwnChain, hand_overs: Iterable[HandOver]) -> tuple[OwnChain, ...]:
    """The chain in all epochs from ``first`` on to which hand-overs lead, one after the other; raises InvalidTrust."""
    proven = [first]
    for step in hand_overs:
        proven.append(_next(proven[-1], step))
    return tuple(proven)


def with_hub(trust: Trust, proven: Iterable[OwnChain]) -> Trust:
    """``trust`` with these epochs of the hub as well; raises InvalidTrust where it tells of another set in one."""
    told = {one.epoch: one for one in trust.hub}
    for one in proven:
        _refuse_another("the hub", told.setdefault(one.epoch, one), one)
    return replace(trust, hub=tuple(told[epoch] for epoch in sorted(told)))


def with_chain(trust: Trust, anchor: Anchor, proven: Iterable[OwnChain]) -> Trust:
    """``trust`` with these epochs of the chain of our own behind a client, which ``anchor`` tells of.

    Raises InvalidTrust where it tells of another set in one.
    """
    told = {(one.client, one.chain.epoch): one for one in trust.chains}
    for one in proven:
        found = told.setdefault((anchor.client, one.epoch), replace(anchor, chain=one))
        _refuse_another(anchor.client, found.chain, one)
    return replace(trust, chains=tuple(told[key] for key in sorted(told)))


def _refuse_another(whose: str, told: object, proven: OwnChain) -> None:
    if told != proven:
        raise InvalidTrust(f"{whose} has other validators in epoch {proven.epoch} than were handed over to")


def _next(present: OwnChain, step: HandOver) -> OwnChain:
    checkpoint = step.signed.checkpoint
    try:
        refuse_misaddressed(step.destination, step.source, present, checkpoint)
        after = require_next_set(step.destination, present, checkpoint, step.next_set)
        verify_signatures(present, step.signed, step.domain)
    except HubError as error:
        rule = f"the hand-over of {present.chain} from epoch {present.epoch} does not hold: {error}"
        raise InvalidTrust(rule) from error
    return replace(present, validators=after)

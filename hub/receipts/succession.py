"""The sets of validators that a chain of our own had one after the other: each proven by the quorum of the one before,
the first by the genesis, whose hash everyone knows.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from hub.clients.quorum import SignedCheckpoint, refuse_misaddressed, require_next_set, verify_signatures
from hub.errors import HubError
from hub.genesis import Genesis
from hub.ibc.identifiers import ClientId
from hub.proofs.quorum import SignerSet
from hub.receipts.errors import InvalidTrust
from hub.receipts.trust import OwnChain, Trust


class HandOver(NamedTuple):
    """What shows the counterparty of a client the way: the old quorum's checkpoint, and the set whose hash it names."""

    client: ClientId
    signed: SignedCheckpoint
    next_set: SignerSet


def founders(genesis: Genesis) -> OwnChain:
    """The hub in its first epoch; its genesis hash is worked out, and told by nobody."""
    return OwnChain(genesis.chain_id, genesis.hash(), genesis.validators)


def followed(trust: Trust, first: OwnChain, hand_overs: Iterable[HandOver]) -> Trust:
    """``trust`` with the hub's sets from ``first`` on, as far as hand-overs lead, each of them verified.

    Raises InvalidTrust where one does not hold, and where they lead to another set than ``trust`` tells.
    """
    proven = [first]
    for step in hand_overs:
        proven.append(_next(trust, proven[-1], step))
    told = {one.epoch: one for one in trust.hub}
    for one in proven:
        if told.setdefault(one.epoch, one) != one:
            raise InvalidTrust(f"the hub tells of other validators in epoch {one.epoch} than were handed over to")
    return replace(trust, hub=tuple(told[epoch] for epoch in sorted(told)))


def _next(trust: Trust, present: OwnChain, step: HandOver) -> OwnChain:
    counterparty, checkpoint = trust.counterparty(step.client), step.signed.checkpoint
    try:
        refuse_misaddressed(counterparty.client, step.client, present, checkpoint)
        after = require_next_set(counterparty.client, present, checkpoint, step.next_set)
        verify_signatures(present, step.signed, trust.domain(step.client, checkpoint.height))
    except HubError as error:
        rule = f"the hand-over from epoch {present.epoch}, for {step.client}, does not hold: {error}"
        raise InvalidTrust(rule) from error
    return replace(present, validators=after)

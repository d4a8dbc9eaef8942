"""What hostile relayers, revoked members and forgers try: none of it is believed, and none of it changes anything."""

import dataclasses
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.interface import Seconds
from hub.block import ResultCode
from hub.clients.quorum import SignedCheckpoint
from hub.errors import HubError
from hub.ibc.commitment import ERROR_ACKNOWLEDGEMENT
from hub.ibc.lanes import decode_records, encode_records
from hub.validators import validators, validators_of
from tests.properties.ledger_deeds import CARRIERS
from tests.properties.ledger_ending import Ending
from tests.properties.ledger_world import MEMBERS
from tests.unit import certificate_workshop as workshop
from tests.unit.hub_chain import RELAYER
from tests.unit.member_ledger import ORGANISATIONS
from tests.unit.proof_forgery import (
    ABSENCE,
    CHECKPOINTS,
    PRESENCE,
    Source,
    the_hub,
    the_ledger,
    with_checkpoint,
    with_proof,
)

CHANGES = ("value", "sequence", "timeout", "lane", "proof", "client")
replace = msgspec.structs.replace
members = st.sampled_from(MEMBERS)


class Hostile(Ending):
    @precondition(lambda self: self.sent)
    @rule(data=st.data(), carrier=st.sampled_from((*CARRIERS, *MEMBERS)))
    def replay(self, data: st.DataObject, carrier: str) -> None:
        """Whatever was sent before, by anyone, again: it may bring what is new to nobody."""
        side, message = data.draw(st.sampled_from(self.sent))
        if side == "hub":
            self.at_hub(RELAYER, message)
        else:
            self.at_ledger(carrier, message)

    @precondition(lambda self: self.inward.sent)
    @rule(data=st.data(), change=st.sampled_from(CHANGES))
    def forge_a_request(self, data: st.DataObject, change: str) -> None:
        sent = data.draw(st.sampled_from(list(self.inward.sent.values())))
        message = self.ledger.receive_here(sent)
        forged = self.forged(message, change, self.hub.checkpoint(self.ledger.client))
        result = self.at_ledger(CARRIERS[2], forged)
        assert result is None or result.code is not ResultCode.OK

    @precondition(lambda self: self.outward.sent)
    @rule(data=st.data(), change=st.sampled_from(CHANGES))
    def forge_a_call(self, data: st.DataObject, change: str) -> None:
        self.follow()
        sent = data.draw(st.sampled_from(list(self.outward.sent.values())))
        message = self.forged(self.ledger.receive_at_hub(sent), change, self.ledger.checkpoint())
        assert self.at_hub(RELAYER, message).code is not ResultCode.OK

    @precondition(lambda self: self.inward.open())
    @rule(data=st.data(), answer=st.sampled_from((b"\x01\x00\xc8\x00\x00\x00\x00", ERROR_ACKNOWLEDGEMENT)))
    def forge_an_answer(self, data: st.DataObject, answer: bytes) -> None:
        """The hub believes no answer that the ledger did not give."""
        self.follow()
        sent = data.draw(st.sampled_from(self.inward.open()))
        if self.inward.answers.get(sent.sequence) != answer:
            assert self.at_hub(RELAYER, self.ledger.acknowledge_at_hub([sent], [answer])).code is ResultCode.REFUSED

    @precondition(lambda self: self.outward.open())
    @rule(data=st.data(), answer=st.sampled_from((b"\x01\x00\xc8\x00\x00\x00\x00", ERROR_ACKNOWLEDGEMENT)))
    def forge_a_result(self, data: st.DataObject, answer: bytes) -> None:
        """Nor does the ledger believe a result that the hub did not give."""
        sent = data.draw(st.sampled_from(self.outward.open()))
        if self.outward.answers.get(sent.sequence) != answer:
            self.never_here(self.ledger.acknowledge_here([sent], [answer]))

    @precondition(lambda self: any(one.sequence in self.inward.received for one in self.inward.open()))
    @rule(data=st.data())
    def time_out_what_was_received_here(self, data: st.DataObject) -> None:
        self.follow()
        received = [one for one in self.inward.open() if one.sequence in self.inward.received]
        sent = data.draw(st.sampled_from(received))
        assert self.at_hub(RELAYER, self.ledger.time_out_at_hub(sent)).code is ResultCode.REFUSED

    @precondition(lambda self: any(one.sequence in self.outward.received for one in self.outward.open()))
    @rule(data=st.data())
    def time_out_what_was_received_at_the_hub(self, data: st.DataObject) -> None:
        received = [one for one in self.outward.open() if one.sequence in self.outward.received]
        self.never_here(self.ledger.time_out_here(data.draw(st.sampled_from(received))))

    @precondition(lambda self: self.outward.undelivered(self.hub.now))
    @rule(data=st.data(), shortened=st.booleans())
    def time_out_too_early(self, data: st.DataObject, shortened: bool) -> None:
        """By the hub's own time, or with another timeout than the packet's."""
        sent = data.draw(st.sampled_from(self.outward.undelivered(self.hub.now)))
        self.never_here(self.ledger.time_out_here(replace(sent, timeout=self.hub.now) if shortened else sent))

    @precondition(lambda self: self.shown_to_the_hub())
    @rule(data=st.data())
    def forge_what_the_ledger_shows(self, data: st.DataObject) -> None:
        """Nothing is believed of a checkpoint or a proof that is not the one; the hub says what is wrong with it."""
        self.follow()
        self.ledger.block(advance=0)
        self.note()
        honest = data.draw(st.sampled_from(self.shown_to_the_hub()))()
        for forged, reason in forgeries(the_ledger(self.ledger), honest):
            assert self.at_hub(RELAYER, forged).reason == reason

    @precondition(lambda self: self.shown_here())
    @rule(data=st.data())
    def forge_what_the_hub_shows(self, data: st.DataObject) -> None:
        """And so does the ledger."""
        self.hub.block(advance=0)
        self.note()
        honest = data.draw(st.sampled_from(self.shown_here()))()
        for forged, reason in forgeries(the_hub(self.ledger), honest):
            result = self.at_ledger(CARRIERS[2], forged)
            assert result is not None
            assert result.reason == reason

    @precondition(lambda self: validators(self.ledger.state).epoch > 1 and self.shown_to_the_hub())
    @rule(data=st.data())
    def forge_with_the_keys_of_former_validators(self, data: st.DataObject) -> None:
        """Those of yesterday show the hub nothing."""
        self.follow()
        honest = the_ledger(self.ledger)
        former = validators_of(self.ledger.state, honest.shown.epoch - 1)  # type: ignore[arg-type]
        assert former is not None
        signed = dataclasses.replace(honest, signers=former).signed(epoch=former.epoch)
        message = data.draw(st.sampled_from(self.shown_to_the_hub()))()
        assert self.at_hub(RELAYER, with_checkpoint(message, signed)).reason == "WRONG_EPOCH"

    @rule(member=members, other=members)
    def act_in_anothers_name(self, member: str, other: str) -> None:
        if member != other:
            message = m.InvokeContract("clerk", "be_kind", b'{"name":"stubborn"}')
            signed = self.ledger.sign(member, message)
            self.never_in_a_block(self.ledger.signed(signed.transaction, [other]))

    @precondition(lambda self: any(len(lists) > 1 for lists in self.lists.values()))
    @rule(data=st.data())
    def roll_a_revocation_list_back(self, data: st.DataObject) -> None:
        lists = data.draw(st.sampled_from([each for each in self.lists.values() if len(each) > 1]))
        older = data.draw(st.sampled_from(lists[:-1]))
        result = self.at_ledger(CARRIERS[1], m.UpdateRevocations(older))
        assert result is None or result.code is ResultCode.REFUSED

    @precondition(lambda self: self.revoked)
    @rule(data=st.data())
    def swap_a_revocation_list(self, data: st.DataObject) -> None:
        """An empty list in an authority's name, signed by another's key."""
        organisation = data.draw(st.sampled_from(sorted(self.revoked))).partition("/")[0]
        other = next(name for name in ORGANISATIONS if name != organisation)
        roots: Any = self.ledger.roots
        draft = workshop.revocations(roots[organisation], 999, at=self.ledger.now)
        forged = draft.with_(key=roots[other].key).signed()
        result = self.at_ledger(CARRIERS[1], m.UpdateRevocations(forged))
        assert result is None or result.code is ResultCode.REFUSED

    @precondition(lambda self: self.revoked)
    @rule(data=st.data(), what=st.sampled_from(("write", "vote", "propose")))
    def a_revoked_member_acts(self, data: st.DataObject, what: str) -> None:
        member = data.draw(st.sampled_from(sorted(self.revoked)))
        messages: dict[str, Any] = {
            "write": m.InvokeContract("clerk", "be_kind", b'{"name":"stubborn"}'),
            "vote": m.Vote(1, True),
            "propose": m.Propose(a.RetireContract("clerk"), Seconds(60)),
        }
        assert self.at_ledger(member, messages[what]) is None

    # --- how ---

    def never_here(self, message: Any) -> None:
        result = self.at_ledger(CARRIERS[2], message)
        assert result is None or result.code is ResultCode.REFUSED

    def never_in_a_block(self, signed: Any) -> None:
        before = dict(self.ledger.state.scan(b"", b"\xff"))
        try:
            self.ledger.block(signed)
        except HubError:
            assert dict(self.ledger.state.scan(b"", b"\xff")) == before
        else:
            raise AssertionError("it stands in a block")

    def forged(self, message: Any, change: str, checkpoint: SignedCheckpoint) -> Any:
        record = decode_records(message.records)[0]
        match change:
            case "value":
                record = replace(record, value=record.value + b"x")
            case "sequence":
                record = replace(record, sequence=record.sequence + 1000)
            case "timeout":
                record = replace(record, timeout=record.timeout + 5000)
            case "lane":
                record = replace(record, lane=record.lane ^ 1)
            case "client":
                message = replace(message, client="quorum-7")
            case _:
                shown = replace(checkpoint.checkpoint, app_root=b"\x01" * 32)
                forged = replace(checkpoint, checkpoint=shown)
                message = replace(message, proof=replace(message.proof, signed=forged))
        return replace(message, records=encode_records([record]))

    def shown_to_the_hub(self) -> list[Callable[[], Any]]:
        """What the ledger could honestly show it now: each makes the message."""
        here, answered = self.ledger, self.inward.unlearned()[:1]
        return [
            *(partial(here.receive_at_hub, one) for one in self.outward.undelivered(self.hub.now)[:1]),
            *(partial(here.acknowledge_at_hub, [one], self.inward.answers_to([one])) for one in answered),
            *(partial(here.time_out_at_hub, one) for one in self.inward.late(here.now)[:1]),
        ]

    def shown_here(self) -> list[Callable[[], Any]]:
        """What the hub could honestly show the ledger now."""
        here, answered = self.ledger, self.outward.unlearned()[:1]
        return [
            *(partial(here.receive_here, one) for one in self.inward.undelivered(max(here.now, self.hub.now))[:1]),
            *(partial(here.acknowledge_here, [one], self.outward.answers_to([one])) for one in answered),
            *(partial(here.time_out_here, one) for one in self.outward.late(self.hub.now)[:1]),
        ]


def forgeries(source: Source, honest: Any) -> Iterator[tuple[Any, str]]:
    """The message with one thing wrong at a time, and why it must be refused."""
    absent = isinstance(honest, m.TimeOutPackets)
    for checkpoint, reason in CHECKPOINTS.values():
        yield with_checkpoint(honest, checkpoint(source)), reason
    for proof, reason in (ABSENCE if absent else PRESENCE).values():
        yield with_proof(honest, proof(source)), reason

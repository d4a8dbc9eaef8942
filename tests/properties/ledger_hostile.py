"""What hostile relayers, revoked members and forgers try: none of it is believed, and none of it changes anything."""

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
from hub.proofs.quorum import sign_quorum
from hub.validators import validators, validators_of
from tests.properties.ledger_deeds import CARRIERS
from tests.properties.ledger_ending import Ending
from tests.properties.ledger_world import MEMBERS
from tests.unit import certificate_workshop as workshop
from tests.unit.hub_chain import RELAYER
from tests.unit.member_ledger import ORGANISATIONS
from tests.vectors.generate_quorum import ADDRESSES, KEYS

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

    @precondition(lambda self: [one for one in self.inward.open() if one.sequence in self.inward.received])
    @rule(data=st.data())
    def time_out_what_was_received_here(self, data: st.DataObject) -> None:
        self.follow()
        received = [one for one in self.inward.open() if one.sequence in self.inward.received]
        sent = data.draw(st.sampled_from(received))
        assert self.at_hub(RELAYER, self.ledger.time_out_at_hub(sent)).code is ResultCode.REFUSED

    @precondition(lambda self: [one for one in self.outward.open() if one.sequence in self.outward.received])
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

    @rule(lie=st.sampled_from(("one too few", "another root", "old validators", "another destination")))
    def forge_a_checkpoint(self, lie: str) -> None:
        """Too few of the validators, or those of yesterday, show the hub nothing."""
        self.follow()
        signed = self.lying(lie)
        if signed is None or not (calls_out := self.outward.undelivered(self.hub.now)):
            return
        honest = self.ledger.receive_at_hub(calls_out[0])
        message = replace(honest, proof=replace(honest.proof, signed=signed))
        assert self.at_hub(RELAYER, message).code is ResultCode.REFUSED

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

    def lying(self, lie: str) -> SignedCheckpoint | None:
        """The newest block as it is not signed; None where that lie cannot be told now."""
        honest = self.ledger.checkpoint()
        shown = honest.checkpoint
        current = validators(self.ledger.state)
        match lie:
            case "another root":
                return replace(honest, checkpoint=replace(shown, app_root=b"\x01" * 32))
            case "another destination":
                return self.ledger.checkpoint(destination_client=self.a.client)
            case "old validators":
                before = validators_of(self.ledger.state, current.epoch - 1) if current.epoch > 1 else None  # type: ignore[arg-type]
                if before is None or before.members == current.members:
                    return None
                signing, shown = before, replace(shown, epoch=before.epoch)
            case _:
                signing = current
        ours = {one.address: KEYS[ADDRESSES.index(one.address)] for one in signing.members}
        if lie == "one too few":
            powers_left = signing.total_power()
            while powers_left * 3 > signing.total_power() * 2:
                address, _ = ours.popitem()
                powers_left -= next(one.power for one in signing.members if one.address == address)  # type: ignore[assignment]
        digest = shown.digest(
            self.ledger.machine.clients.counterparty(self.ledger.state, self.ledger.hub_client).domain
        )
        return SignedCheckpoint(shown, sign_quorum(signing, ours, digest))

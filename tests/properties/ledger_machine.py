"""Members, consumers, providers, organisations that vote, and relayers honest and hostile, in any order.

Every step is something that anyone could do. What is forged is refused and changes nothing; what is repeated is a
no-op; and at the end one honest relayer brings every call to its one outcome, and a replay gives the same.
"""

from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger import messages as m
from adapters.permissioned.ledger.contracts.interface import Amount, UnixSeconds
from adapters.permissioned.ledger.documents.records import DocumentType, Notarise, Revoke, Status
from adapters.permissioned.ledger.receivables.identity import Receivable, identify
from adapters.permissioned.ledger.receivables.records import Pledge
from adapters.permissioned.ledger.service import calls
from hub import messages as hub_messages
from hub.block import ResultCode
from hub.proofs.quorum import SignerSet
from hub.services import requests
from hub.services.payload import InputEncoding
from hub.validators import proposed_validators
from tests.properties.ledger_deeds import CARRIERS
from tests.properties.ledger_hostile import Hostile
from tests.properties.ledger_world import MEMBERS, Ask, Held, Mood, abi_input, new_clerk
from tests.unit import certificate_workshop as workshop
from tests.unit.hub_chain import CONSUMER, PROVIDER
from tests.unit.hub_world import call, hub_call
from tests.unit.member_ledger import SIGNERS
from tests.vectors.generate_quorum import ADDRESSES

HASHES = tuple(bytes([number]) * 32 for number in (1, 2, 3))
INVOICE = Receivable("DE1", "CN2", "7", 100, "EUR", "2026-01-02")
TEXTS = ("hello", "later", "later", "never", "")
replace = msgspec.structs.replace
members = st.sampled_from(MEMBERS)
carriers = st.sampled_from(CARRIERS)
powers = st.dictionaries(st.sampled_from(SIGNERS), st.sampled_from((1, 1, 1, 5)), min_size=1)


class LedgerMachine(Hostile, RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.begin()

    # --- what consumers, members and providers do ---

    @rule(
        asked=st.one_of(
            st.tuples(st.just("document-verify"), st.sampled_from(HASHES)),
            st.tuples(st.just("receivable-status"), st.just(identify(INVOICE).receivable_id)),
            st.tuples(st.just("clerk-note"), st.sampled_from(TEXTS)),
        ),
        deadline=st.sampled_from((60, 200, 1000)),
        timeout=st.sampled_from((20, 60, 300)),
    )
    def consumer_calls(self, asked: tuple[str, Any], deadline: int, timeout: int) -> None:
        name, value = asked
        wanted = call(
            service=name,
            input=abi_input(name, value),
            deadline=UnixSeconds(self.hub.now + deadline),
            fee_cap=Amount(50),
        )
        self.at_a([self.a.sent[self.a.call(wanted, timeout)]])

    @rule(text=st.sampled_from(TEXTS), deadline=st.sampled_from((60, 300)))
    def account_calls(self, text: str, deadline: int) -> None:
        asked = hub_call(
            service="clerk-note", input=b'{"text":"%s"}' % text.encode(), deadline=UnixSeconds(self.hub.now + deadline)
        )
        self.at_hub(CONSUMER, asked)

    @rule(member=members, seconds=st.sampled_from((30, 100, 400)), cap=st.sampled_from((5, 100)))
    def member_calls(self, member: str, seconds: int, cap: int) -> None:
        deadline = UnixSeconds(self.ledger.now + seconds)
        message = m.CallService("echo", InputEncoding.JSON, b'{"text":"out"}', Amount(cap), deadline)
        self.at_ledger(member, message)

    @rule(member=members, text=st.sampled_from(("out", "after all not")), seconds=st.sampled_from((30, 400)))
    def contract_calls(self, member: str, text: str, seconds: int) -> None:
        result = self.invoke(member, "clerk", "ask", Ask(text, seconds))
        assert text == "out" or result is None or result.code is ResultCode.REFUSED

    @rule(member=members, stubborn=st.booleans())
    def contract_changes_its_mood(self, member: str, stubborn: bool) -> None:
        self.invoke(member, "clerk", "be_stubborn" if stubborn else "be_kind", Mood("stubborn"))

    @precondition(lambda self: bool(list(calls.requests(self.ledger.state))))
    @rule(member=members, data=st.data())
    def member_releases_an_answer(self, member: str, data: st.DataObject) -> None:
        waiting = data.draw(st.sampled_from(sorted(one.request_id for one in calls.requests(self.ledger.state))))
        self.invoke(member, "clerk", "release", Held(waiting))
        if member not in self.revoked and "clerk" in self.active:
            result = self.invoke(member, "clerk", "release", Held(waiting))
            assert result is not None
            assert result.code is ResultCode.REFUSED

    @rule(member=members, document=st.sampled_from(HASHES))
    def member_notarises(self, member: str, document: bytes) -> None:
        result = self.invoke(member, "documents", "notarise", Notarise(document, DocumentType.OTHER, "7"))
        if result is not None and result.code is ResultCode.OK:
            assert document not in self.documents
            self.documents[document] = Status.VALID

    @rule(member=members, document=st.sampled_from(HASHES))
    def member_revokes_a_document(self, member: str, document: bytes) -> None:
        result = self.invoke(member, "documents", "revoke", Revoke(document, "lost"))
        if result is not None and result.code is ResultCode.OK:
            assert self.documents[document] is Status.VALID
            self.documents[document] = Status.REVOKED

    @rule(member=members)
    def member_registers_and_pledges(self, member: str) -> None:
        self.invoke(member, "receivables", "register", INVOICE)
        self.invoke(member, "receivables", "pledge", Pledge(identify(INVOICE).receivable_id))

    @precondition(lambda self: self.open_for_account())
    @rule(data=st.data(), code=st.sampled_from((200, 500)))
    def account_answers(self, data: st.DataObject, code: int) -> None:
        self.account_answers_with(data.draw(st.sampled_from(self.open_for_account())), code)

    def account_answers_with(self, request_id: bytes, code: int) -> None:
        output = b'{"text":"back"}' if code == 200 else b""
        result = self.at_hub(PROVIDER, hub_messages.RespondService(request_id, code, output, ""))
        assert result.code is ResultCode.OK, result.text

    @rule(member=members, data=st.data())
    def anyone_retries_a_callback(self, member: str, data: st.DataObject) -> None:
        if failed := self.failed_callbacks():
            self.at_ledger(member, m.RetryCallback(data.draw(st.sampled_from(failed))))

    # --- what organisations decide ---

    @rule(chosen=powers, stored=st.booleans(), carrier=carriers)
    def organisations_change_the_validators(self, chosen: dict[int, int], stored: bool, carrier: str) -> None:
        """The hub, asleep, is led to the new ones when it is next shown anything."""
        self.propose_validators(SignerSet.of(1, {ADDRESSES[key]: power for key, power in chosen.items()}))
        if stored:
            self.the_hand_over_is_stored(carrier)

    @precondition(lambda self: proposed_validators(self.ledger.state) is not None)
    @rule(carrier=carriers)
    def a_hand_over_is_stored_later(self, carrier: str) -> None:
        self.the_hand_over_is_stored(carrier)

    def the_hand_over_is_stored(self, carrier: str) -> None:
        message = m.StoreRotationCheckpoint(self.ledger.hub_client, self.ledger.checkpoint())
        self.sent.append(("ledger", message))
        self.at_ledger(carrier, message, honest=True)

    @precondition(lambda self: self.active >= {"clerk", "documents"})
    @rule(name=st.sampled_from(("clerk", "documents")))
    def a_contract_is_retired(self, name: str) -> None:
        self.active.discard(name)
        self.decided(a.RetireContract(name))

    @precondition(lambda self: len(self.active) < 3)
    @rule(newer=st.booleans())
    def a_contract_is_activated(self, newer: bool) -> None:
        if newer and "clerk" not in self.active and self.swapped is None:
            self.swapped = len(self.ledger.blocks)
            self.ledger.installed["clerk"] = new_clerk()
        self.activate_all()

    @rule(member=members)
    def a_member_is_revoked(self, member: str) -> None:
        organisation = member.partition("/")[0]
        published = self.lists.setdefault(organisation, [])
        serials = self.revoked_certificates.setdefault(organisation, [])
        serials.append(self.ledger.members[member])
        root = self.ledger.roots[organisation]  # type: ignore[index]
        newer = workshop.revocations(root, len(published) + 1, *serials, at=self.ledger.now).signed()
        result = self.at_ledger(CARRIERS[0], m.UpdateRevocations(newer), honest=True)
        assert result is not None
        published.append(newer)
        self.revoked.add(member)

    @precondition(lambda self: self.revoked)
    @rule(data=st.data())
    def a_revoked_member_comes_back(self, data: st.DataObject) -> None:
        member = data.draw(st.sampled_from(sorted(self.revoked)))
        assert self.at_ledger(member, m.EnrolMember(self.ledger.members[member].der, ())) is None
        self.renew(member)

    # --- what honest relayers do ---

    @precondition(lambda self: self.consumer.undelivered(self.hub.now))
    @rule(data=st.data())
    def relay_calls_of_consumers(self, data: st.DataObject) -> None:
        chosen = some(data, self.consumer.undelivered(self.hub.now))
        self.relayed("hub", self.a.receive_message(*(one.sequence for one in chosen)))

    @precondition(lambda self: self.outward.undelivered(self.hub.now))
    @rule(data=st.data())
    def relay_calls_of_the_ledger(self, data: st.DataObject) -> None:
        self.follow()
        self.relayed("hub", self.ledger.receive_at_hub(*some(data, self.outward.undelivered(self.hub.now))))

    @precondition(lambda self: self.inward.undelivered(max(self.ledger.now, self.hub.now)))
    @rule(data=st.data(), carrier=carriers)
    def relay_requests(self, data: st.DataObject, carrier: str) -> None:
        chosen = some(data, self.inward.undelivered(max(self.ledger.now, self.hub.now)))
        self.relayed("ledger", self.ledger.receive_here(*chosen), carrier)

    @precondition(lambda self: self.inward.unlearned())
    @rule(data=st.data())
    def relay_answers(self, data: st.DataObject) -> None:
        self.follow()
        chosen = some(data, self.inward.unlearned())
        self.relayed("hub", self.ledger.acknowledge_at_hub(chosen, self.inward.answers_to(chosen)))

    @precondition(lambda self: self.outward.unlearned())
    @rule(data=st.data(), carrier=carriers)
    def relay_results(self, data: st.DataObject, carrier: str) -> None:
        chosen = some(data, self.outward.unlearned())
        self.relayed("ledger", self.ledger.acknowledge_here(chosen, self.outward.answers_to(chosen)), carrier)

    @precondition(lambda self: self.inward.late(self.ledger.now))
    @rule()
    def relay_timeouts_of_requests(self) -> None:
        self.follow()
        self.relayed("hub", self.ledger.time_out_at_hub(*self.inward.late(self.ledger.now)))

    @precondition(lambda self: self.outward.late(self.hub.now))
    @rule(carrier=carriers)
    def relay_timeouts_of_calls(self, carrier: str) -> None:
        self.relayed("ledger", self.ledger.time_out_here(*self.outward.late(self.hub.now)), carrier)

    @rule(answered=st.booleans())
    def relay_everything(self, answered: bool) -> None:
        """And the provider that is a hub account may answer at once."""
        if answered:
            self.carry_and_answer()
        else:
            self.carry_all()

    @precondition(lambda self: "clerk" in self.active)
    @rule(member=members)
    def a_contract_refuses_a_result(self, member: str) -> None:
        """Which anyone may have it told again, and the honest relayer does at the end."""
        self.invoke(member, "clerk", "be_stubborn", Mood("stubborn"))
        self.invoke(member, "clerk", "ask", Ask("out", 400))
        self.carry_and_answer()

    @rule(member=members, seconds=st.sampled_from((61, 400)))
    def nobody_carries_for_a_while(self, member: str, seconds: int) -> None:
        """What was called on either side is late, and shown to be."""
        asked = hub_call(service="clerk-note", input=b'{"text":"hello"}', deadline=UnixSeconds(self.hub.now + 60))
        self.at_hub(CONSUMER, asked)
        self.invoke(member, "clerk", "ask", Ask("out", 60))
        self.pass_time(seconds, seconds)

    @rule()
    def consumers_are_told(self) -> None:
        self.tell_consumers()

    @rule(chain=st.sampled_from(("hub", "ledger", "both")), seconds=st.sampled_from((1, 10, 30, 100, 400, 1500)))
    def time_jumps(self, chain: str, seconds: int) -> None:
        self.pass_time(seconds if chain != "ledger" else 0, seconds if chain != "hub" else 0)

    @invariant()
    def what_must_hold(self) -> None:
        self.check_promises()

    def teardown(self) -> None:
        try:
            self.finish()
            self.check_finished()
            self.check_replay()
        finally:
            super().teardown()

    # --- how ---

    def carry_and_answer(self) -> None:
        self.carry_all()
        for request_id in self.open_for_account():
            self.account_answers_with(request_id, 200)
        self.carry_all()

    def open_for_account(self) -> list[bytes]:
        return [r.request_id for r in requests.requests(self.hub.state) if r.is_open and not r.client]


def some(data: st.DataObject, waiting: list[Any]) -> list[Any]:
    """One to three of them, in any order, each once."""
    return data.draw(st.lists(st.sampled_from(waiting), min_size=1, max_size=3, unique_by=lambda one: one.sequence))

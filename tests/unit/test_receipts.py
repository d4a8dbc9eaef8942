"""Receipts of calls that happened: what they prove, and that nothing in them can be changed unseen."""

from functools import cache

from console.packets import PacketName
from hub import messages as m
from hub.clients.quorum import StateProofs
from hub.events import PacketSent, ServiceCalled
from hub.quantities import Amount, UnixSeconds
from hub.receipts.document import write_document
from hub.receipts.receipt import FORMAT, Acknowledged, NotReceived, Receipt
from hub.receipts.statement import Outcome, Part, Party, Statement
from hub.receipts.trust import EvmChain, OwnChain, Trust
from hub.receipts.verification import verify
from hub.services.payload import InputEncoding, Result, ResultCode, caller_account
from tests.unit.attested_chain import FIVE
from tests.unit.hub_chain import CONSUMER, PROVIDER, RELAYER
from tests.unit.hub_world import CALLER, PRICE, PROVIDER_CONTRACT, World, abi_text, bind, call, hub_call, one
from tests.unit.receipt_world import HUB_SET, EvmWorld, HubAnswers, collected, replace, trust_told_by
from tests.vectors.generate_quorum import ADDRESSES

ALL = tuple(Part)


@cache
def answered() -> tuple[EvmWorld, Receipt, Trust]:
    """A call from an EVM chain to another that was answered and paid."""
    world = EvmWorld()
    return world, world.receipt(world.answered()), world.trust()


def parts(statement: Statement) -> tuple[Part, ...]:
    return tuple(step.part for step in statement.steps)


def said(statement: Statement, words: str) -> bool:
    """Whether something with these words is named as not proven."""
    return any(words in sentence for sentence in statement.not_proven)


# --- between EVM chains ---


def test_an_answered_call_is_proven_from_end_to_end() -> None:
    world, receipt, trust = answered()
    told = verify(receipt, trust)
    assert parts(told) == ALL
    assert told.outcome is Outcome.RESULTED
    assert told.caller == Party(world.a.client, CALLER)
    assert told.provider == Party(world.b.client, PROVIDER_CONTRACT)
    assert told.question is not None
    assert (told.question.service, told.question.input, told.question.of_caller) == ("echo", abi_text("hello"), True)
    assert told.answer == told.result == Result(ResultCode.ANSWERED, abi_text("hello"))
    assert told.money is not None
    assert (told.money.amount, told.money.paid) == (PRICE, True)
    assert told.money.recipient == caller_account(world.b.client, PROVIDER_CONTRACT)
    assert len(told.not_proven) == 2
    assert said(told, "answer is true")
    assert said(told, "contract was told")


def test_each_part_tells_height_time_and_signers() -> None:
    world, receipt, trust = answered()
    points = {step.part: step.point for step in verify(receipt, trust).steps}
    assert points[Part.CALL].signers == tuple(member.address for member in FIVE.members[:4])
    assert points[Part.CALL].signer_set == FIVE
    assert points[Part.CALL].height == 101
    assert points[Part.RESULT].signers == tuple(member.address for member in HUB_SET.members[:3])
    assert [points[part].height for part in (Part.ACCEPTED, Part.REQUEST)] == [5, 5]
    assert [points[part].height for part in (Part.DECIDED, Part.SETTLED, Part.RESULT)] == [6, 6, 6]
    assert points[Part.DECIDED].time == world.hub.blocks[5][0].time
    rests_on = verify(receipt, trust).rests_on
    assert [client for client, _ in rests_on] == ["attested-0", "", "attested-1"]
    assert [type(chain) for _, chain in rests_on] == [EvmChain, OwnChain, EvmChain]


def test_a_receipt_tells_nothing_of_the_packets_that_travelled_beside() -> None:
    world, receipt, _ = answered()
    neighbour = world.a.sent[1]
    assert neighbour.value.hex() not in write_document(FORMAT, receipt).decode()
    assert receipt.call is not None
    sent = world.hub.blocks[4][1][0].transaction.messages[0]
    assert len(receipt.call.proof.storage.storage_nodes) < len(sent.proof.storage.storage_nodes)  # type: ignore[union-attr]


def test_a_refused_call_has_its_result_and_nothing_else() -> None:
    world = EvmWorld()
    sequence = world.a.call(call(service="nobody"))
    world.hub.do(RELAYER, world.a.receive_message(sequence))
    told = verify(world.receipt(sequence), world.trust())
    assert parts(told) == (Part.CALL, Part.RESULT)
    assert told.result is not None
    assert told.result.code is ResultCode.NOT_AVAILABLE
    assert (told.provider, told.fee, told.money) == (None, None, None)
    assert said(told, "which provider was asked")


def test_a_call_that_waits_says_so() -> None:
    world = EvmWorld()
    sequence, _ = world.accepted()
    told = verify(world.receipt(sequence), world.trust())
    assert parts(told) == (Part.CALL, Part.ACCEPTED, Part.REQUEST)
    assert told.outcome is Outcome.ACCEPTED
    assert told.result is None
    assert said(told, "whether the provider's chain received the request")
    assert said(told, "what became of the fee")


def test_a_provider_that_fails_is_refunded_for() -> None:
    world = EvmWorld()
    failure = Result(ResultCode.PROVIDER_FAILED, message="out of apples").encode()
    told = verify(world.receipt(world.answered(lambda _: failure)), world.trust())
    assert told.result == Result(ResultCode.PROVIDER_FAILED, message="out of apples")
    assert told.money is not None
    assert not told.money.paid
    assert told.money.recipient == caller_account(world.a.client, CALLER)


def test_an_output_in_another_encoding_is_not_compared_and_that_is_said() -> None:
    world = EvmWorld()
    told = verify(
        world.receipt(world.answered(input_encoding=InputEncoding.JSON, input=b'{"text":"hi"}')), world.trust()
    )
    assert told.result == Result(ResultCode.ANSWERED, b'{"text":"hi"}')
    assert told.answer == Result(ResultCode.ANSWERED, abi_text("hi"))
    assert said(told, "wrote it in the caller's encoding")
    assert said(told, "wrote it in the provider's encoding")


def test_a_timeout_at_the_providers_chain_is_504_proven() -> None:
    world = EvmWorld()
    sequence, sent = world.accepted(deadline=UnixSeconds(world.hub.now + 45))
    world.hub.block(advance=45)
    world.hub.do(RELAYER, world.b.timeout_message(sent))
    receipt = world.receipt(sequence)
    told = verify(receipt, world.trust())
    assert isinstance(receipt.answer, NotReceived)
    assert parts(told) == ALL
    assert told.result is not None
    assert told.result.code is ResultCode.NO_ANSWER
    assert told.money is not None
    assert not told.money.paid


def test_a_504_by_the_hubs_clock_proves_no_silence() -> None:
    world = EvmWorld()
    sequence, _ = world.accepted(deadline=UnixSeconds(world.hub.now + 45))
    world.hub.block(advance=100)
    told = verify(world.receipt(sequence), world.trust())
    assert parts(told) == (Part.CALL, Part.ACCEPTED, Part.REQUEST, Part.DECIDED, Part.RESULT)
    assert told.result is not None
    assert told.result.code is ResultCode.NO_ANSWER
    assert said(told, "whether the provider's chain received the request")
    assert said(told, "what became of the fee")


def test_a_late_answer_pays_and_changes_no_result() -> None:
    world = EvmWorld()
    sequence, sent = world.accepted(deadline=UnixSeconds(world.hub.now + 45))
    answer = world.b.take_in(sent)
    world.hub.block(advance=100)
    world.hub.do(RELAYER, world.b.acknowledge_message([sent], [answer]))
    told = verify(world.receipt(sequence), world.trust())
    assert parts(told) == ALL
    assert told.answer is not None
    assert told.answer.code is ResultCode.ANSWERED
    assert told.result is not None
    assert told.result.code is ResultCode.NO_ANSWER
    assert told.money is not None
    assert told.money.paid


def test_a_packet_that_never_came_is_shown_by_its_absence() -> None:
    world = EvmWorld()
    sequence = world.a.call(call())
    world.hub.block(advance=60)
    told = verify(world.receipt(sequence), world.trust())
    assert parts(told) == (Part.RESULT,)
    assert told.outcome is Outcome.NEVER_RECEIVED
    assert told.question is None
    assert said(told, "what the packet said")


def test_with_what_its_chain_shows_a_timed_out_call_is_told_whole() -> None:
    world = EvmWorld()
    sequence = world.a.call(call())
    world.hub.block(advance=60)
    told = verify(replace(world.receipt(sequence), call=world.a.shown(sequence)), world.trust())
    assert parts(told) == (Part.CALL, Part.RESULT)
    assert told.outcome is Outcome.NEVER_RECEIVED
    assert told.question is not None
    assert not said(told, "what the packet said")


# --- from and to hub accounts ---


def test_a_call_from_a_hub_account_rests_on_the_hubs_word() -> None:
    world = EvmWorld()
    done = world.hub.do(CONSUMER, hub_call(input_encoding=1, input=abi_text("hello")))
    called, sent = one(done.events, ServiceCalled), one(done.events, PacketSent)
    world.hub.do(RELAYER, world.b.acknowledge_message([sent], [world.b.take_in(sent)]))
    told = verify(collected(world.answers, None, called.request_id), world.trust())
    assert parts(told) == (Part.ACCEPTED, Part.REQUEST, Part.ANSWER, Part.DECIDED, Part.SETTLED)
    assert told.caller == Party("", ADDRESSES[CONSUMER])
    assert told.result == Result(ResultCode.ANSWERED, abi_text("hello"))
    assert said(told, "calling account signed")


def test_an_answer_of_a_hub_account_rests_on_the_hubs_word() -> None:
    world = EvmWorld()
    encoding = InputEncoding.ABI.value
    world.hub.do(PROVIDER, bind("", provider=ADDRESSES[PROVIDER], encoding=encoding, price=Amount(1)))
    sequence = world.a.call(call(fee_cap=Amount(1)))
    done = world.hub.do(RELAYER, world.a.receive_message(sequence))
    request_id = one(done.events, ServiceCalled).request_id
    world.hub.do(PROVIDER, m.RespondService(request_id, 200, abi_text("hi"), ""))
    told = verify(world.receipt(sequence), world.trust())
    assert parts(told) == (Part.CALL, Part.ACCEPTED, Part.DECIDED, Part.SETTLED, Part.RESULT)
    assert told.provider == Party("", ADDRESSES[PROVIDER])
    assert told.money is not None
    assert told.money.recipient == ADDRESSES[PROVIDER]
    assert said(told, "providing account signed")


# --- between chains of our own ---


def test_between_ledgers_checkpoints_stand_where_headers_stood() -> None:
    world = World()
    sequence, sent = world.forwarded()
    world.settle(sent, world.answer(sent))
    answers = HubAnswers(world.hub, 1)
    receipt = collected(answers, PacketName(world.a.client, True, sequence))
    told = verify(receipt, trust_told_by(answers))
    assert parts(told) == ALL
    assert receipt.call is not None
    assert isinstance(receipt.call.proof.under, StateProofs)  # type: ignore[union-attr]
    assert isinstance(receipt.answer, Acknowledged)
    assert told.caller == Party(world.a.client, CALLER)
    assert told.result == Result(ResultCode.ANSWERED, abi_text("hello"))
    assert {type(chain) for _, chain in told.rests_on} == {OwnChain}

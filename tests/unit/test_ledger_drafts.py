"""Drafts: what a member signs is what it was shown; each hostile file is refused by name, before it can be signed."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.values import write_json
from adapters.permissioned.ledger.draft_errors import (
    DraftChanged,
    DraftExpired,
    DraftHoldsOther,
    DraftMalformed,
    DraftOfAnotherLedger,
    DraftOvertaken,
    DraftsDiffer,
    DraftTooLarge,
    SignerRefused,
)
from adapters.permissioned.ledger.drafts import (
    FORMAT,
    MAX_BODY_BYTES,
    VALID_SECONDS,
    Draft,
    check,
    joined,
    member_of,
    read_draft,
    send,
    write_draft,
)
from adapters.permissioned.ledger.identities import Fingerprint
from adapters.permissioned.ledger.membership.errors import CertificateUnknown
from adapters.permissioned.ledger.messages import InvokeContract, Transaction, Vote
from adapters.permissioned.ledger.refusals import NotTheAuthor, SignedTwice
from adapters.permissioned.ledger.rpc.dialect import decode_transaction, encode_transaction
from adapters.permissioned.ledger.transactions import MAX_SIGNATURES, MemberSignature
from console.commands.ledger.drafts import shown
from hub.accounts.errors import ExpiryTooFar
from hub.chain_node import Node
from hub.quantities import Amount, Gas, Hash, UnixSeconds
from hub.receipts.document import MAX_BYTES, write_document
from hub.receipts.errors import DocumentTooLarge, MalformedField
from tests.unit.certificate_workshop import DAY
from tests.unit.ledger_node_world import LedgerNodeWorld, Note


class Scene(NamedTuple):
    """Ann of bank-a has drafted; Ben of bank-b is to sign. Bo is another of bank-b, Cy nobody has enrolled."""

    world: LedgerNodeWorld
    node: Node
    ann: LedgerClient
    ben: LedgerClient
    bo: LedgerClient
    cy: LedgerClient
    draft: Draft

    @property
    def now(self) -> UnixSeconds:
        return self.world.clock.now()

    def draft_of(self, transaction: Transaction, *others: LedgerClient) -> Draft:
        """Signed by Ann, then by others."""
        return self.draft_of_body(encode_transaction(transaction), *others)

    def draft_of_body(self, body: bytes, *others: LedgerClient) -> Draft:
        return Draft(self.draft.genesis_hash, body, tuple(one.endorse(body) for one in (self.ann, *others)))

    def altered(self, **changes: Any) -> Draft:
        return self.draft_of(msgspec.structs.replace(decode_transaction(self.draft.body, b"").transaction, **changes))

    def with_signatures(self, *signatures: MemberSignature) -> Draft:
        return msgspec.structs.replace(self.draft, signatures=signatures)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    world = LedgerNodeWorld(tmp_path)
    async with world.running() as node:
        ann, ben, bo = [await enrolled(world, node, name) for name in ("bank-a/ann", "bank-b/ben", "bank-b/bo")]
        cy = await world.connect(node, "customs/cy", "member")  # who never enrolled
        body = await ann.draft([InvokeContract("board", "pin", write_json(Note("deal", "made")))])
        draft = Draft(ann.genesis_hash, body, (ann.endorse(body),))
        yield Scene(world, node, ann, ben, bo, cy, draft)
        for client in (ann, ben, bo, cy):
            await client.close()


async def enrolled(world: LedgerNodeWorld, node: Node, member: str, **changes: Any) -> LedgerClient:
    world.issue(member, **changes)
    client = await world.connect(node, member)
    await client.enrol()
    return client


async def test_a_draft_is_looked_at_signed_and_sent_by_anyone(scene: Scene) -> None:
    copy = read_draft(write_draft(scene.draft))
    assert copy == scene.draft
    assert [member_of(one) for one in await check(copy, scene.ben, scene.now)] == ["bank-a/ann"]
    signed = copy.signed_also(scene.ben.endorse(copy.body))
    signers = await check(signed, scene.bo, scene.now)
    receipt = await send(signed, signers, scene.bo)
    (change,) = await scene.ann.history("board", "notes", "deal")
    assert change.transaction_hash == receipt.hash
    assert [one.member for one in change.signers] == ["bank-a/ann", "bank-b/ben"]
    with pytest.raises(DraftOvertaken):
        await check(scene.draft, scene.ben, scene.now)


def transposed(scene: Scene) -> Draft:
    """Ben's and Bo's signatures, each under the other's name."""
    body = scene.draft.body
    ben, bo = scene.ben.endorse(body), scene.bo.endorse(body)
    swapped = (MemberSignature(ben.certificate, bo.signature), MemberSignature(bo.certificate, ben.signature))
    return scene.with_signatures(scene.ann.endorse(body), *swapped)


def changed_afterwards(scene: Scene) -> Draft:
    """Another text, under the signature that Ann made before."""
    changed = scene.altered(messages=(InvokeContract("board", "pin", write_json(Note("deal", "mode"))),))
    return msgspec.structs.replace(scene.draft, body=changed.body)


_ANOTHER_CHAIN_ID_FIRST = b"\x0a\x01x"
"""Of a field that stands twice Protobuf takes the last: it is read as if this were not there."""

HOSTILE: dict[str, tuple[Callable[[Scene], Draft], type[Exception]]] = {
    "the body was changed after it was signed": (changed_afterwards, DraftChanged),
    "one byte of a signature": (
        lambda s: s.with_signatures(MemberSignature(s.ann.fingerprint, s.ben.endorse(s.draft.body).signature)),
        DraftChanged,
    ),
    "signatures under each other's names": (transposed, DraftChanged),
    "signed for another genesis, sent as for this one": (
        lambda s: msgspec.structs.replace(s.draft, signatures=(s.ann._key.sign(Hash(bytes(32)), s.draft.body),)),
        DraftChanged,
    ),
    "another genesis": (lambda s: msgspec.structs.replace(s.draft, genesis_hash=Hash(bytes(32))), DraftOfAnotherLedger),
    "another chain": (lambda s: s.altered(chain_id="ledger-other"), DraftOfAnotherLedger),
    "its time is over": (lambda s: s.altered(expiry=s.now), DraftExpired),
    "to be sent next year": (lambda s: s.altered(expiry=s.now + 365 * DAY), ExpiryTooFar),
    "to be sent at the end of time": (lambda s: s.altered(expiry=2**64 - 1), ExpiryTooFar),
    "its nonce is used": (lambda s: s.altered(nonce=0), DraftOvertaken),
    "not signed by its author first": (
        lambda s: s.with_signatures(s.ben.endorse(s.draft.body), s.ann.endorse(s.draft.body)),
        NotTheAuthor,
    ),
    "in another's name": (lambda s: s.altered(author="bank-b/ben"), NotTheAuthor),
    "signed twice by one": (lambda s: s.draft.signed_also(s.ann.endorse(s.draft.body)), SignedTwice),
    "signed by one whom nobody knows": (lambda s: s.draft.signed_also(s.cy.endorse(s.draft.body)), CertificateUnknown),
    "a vote beside the invocation": (
        lambda s: s.altered(messages=(InvokeContract("board", "pin", b"{}"), Vote(1, True))),
        DraftHoldsOther,
    ),
    "nothing in it": (lambda s: s.altered(messages=()), DraftMalformed),
    "a field that no reader shows": (
        lambda s: msgspec.structs.replace(s.draft, body=s.draft.body + b"\xfa\x07\x01x"),
        DraftMalformed,
    ),
    "the same in other bytes": (
        lambda s: s.draft_of_body(s.draft.body[:1] + _ANOTHER_CHAIN_ID_FIRST + s.draft.body[1:]),
        DraftMalformed,
    ),
    "another format": (lambda s: s.draft_of_body(b"\x02" + s.draft.body[1:]), DraftMalformed),
    "a fee that nobody is shown": (lambda s: s.altered(fee=Amount(1)), DraftMalformed),
    "a gas limit that nobody is shown": (lambda s: s.altered(gas_limit=Gas(1)), DraftMalformed),
    "no transaction": (lambda s: msgspec.structs.replace(s.draft, body=b"\xff\xff"), DraftMalformed),
}


@pytest.mark.parametrize(("make", "refusal"), HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_draft_is_refused_by_name(
    scene: Scene, make: Callable[[Scene], Draft], refusal: type[Exception]
) -> None:
    draft = read_draft(write_draft(make(scene)))
    with pytest.raises(refusal):
        await check(draft, scene.ben, scene.now)
    assert (await scene.ann.whoami()).nonce == 1


async def test_a_signer_whose_certificate_has_ended_is_named(scene: Scene) -> None:
    before = scene.now
    scene.world.issue("bank-b/bob", not_after=before + DAY)
    async with await scene.world.connect(scene.node, "bank-b/bob") as bob:
        await bob.enrol()
        signed = scene.draft.signed_also(bob.endorse(scene.draft.body))
    await check(signed, scene.ben, before)
    scene.world.later(2 * DAY)
    await scene.ben.request_block()
    with pytest.raises(SignerRefused, match=r"bank-b/bob has signed the draft.*CERTIFICATE_EXPIRED"):
        await check(signed, scene.ben, before)


async def test_copies_are_put_together_once_each(scene: Scene) -> None:
    ben, bo = (scene.draft.signed_also(one.endorse(scene.draft.body)) for one in (scene.ben, scene.bo))
    assert joined([ben, bo, ben, scene.draft]).fingerprints == (
        scene.ann.fingerprint,
        scene.ben.fingerprint,
        scene.bo.fingerprint,
    )
    with pytest.raises(DraftsDiffer):
        joined([ben, scene.altered(nonce=7)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"to bank-b": "1"}', '{"to": "bank-b 1"}'),
        ('{"a.b": 1}', '{"a": {"b": 1}}'),
        ('{"": {"a": 1}}', '{"a": 1}'),
        ('{"holder": "null"}', '{"holder": null}'),
        ('{"is_final": "true"}', '{"is_final": true}'),
        ('{"parties": "[]"}', '{"parties": []}'),
        ('{"to": "bank-b "}', '{"to": "bank-b"}'),
        ('{"to": "\\"\\""}', '{"to": ""}'),
        ('{"valid_until": "2026-01-01 00:00:00 UTC (1767225600)"}', '{"valid_until": "1767225600"}'),
    ],
)
def test_what_differs_is_shown_differently(one: str, other: str) -> None:
    assert asked(one) != asked(other)


def test_a_number_of_thousands_of_digits_is_shown_as_it_is() -> None:
    assert asked('{"valid_until": "%s"}' % ("9" * 5000)) == ["documents.m", "  valid_until " + "9" * 5000]


def asked(arguments: str) -> object:
    messages = (InvokeContract("documents", "m", arguments.encode()),)
    body = encode_transaction(Transaction("x", "bank-a/ann", 0, UnixSeconds(1), Amount(0), Gas(0), messages))
    return shown(Draft(GENESIS, body, (SIGNED,)), ())["asks_for"]


GENESIS, BODY, SIGNED = Hash(b"\x01" * 32), b"body", MemberSignature(Fingerprint(Hash(b"\x02" * 32)), bytes(64))


def test_a_file_is_bounded() -> None:
    with pytest.raises(DraftTooLarge):
        Draft(GENESIS, bytes(MAX_BODY_BYTES + 1), (SIGNED,))
    with pytest.raises(DraftTooLarge):
        Draft(GENESIS, BODY, (SIGNED,) * (MAX_SIGNATURES + 1))
    with pytest.raises(DraftMalformed):
        Draft(GENESIS, BODY, ())
    for odd in (MemberSignature(SIGNED.certificate, b""), MemberSignature(Fingerprint(Hash(b"\x02")), bytes(64))):
        with pytest.raises(DraftMalformed):
            Draft(GENESIS, BODY, (odd,))
    largest = write_draft(Draft(GENESIS, bytes(MAX_BODY_BYTES), (SIGNED,) * MAX_SIGNATURES))
    assert len(largest) < MAX_BYTES
    read_draft(largest)
    with pytest.raises(DocumentTooLarge):
        read_draft(bytes(MAX_BYTES + 1))
    with pytest.raises(MalformedField):
        read_draft(write_draft(Draft(GENESIS, BODY, (SIGNED,))).replace(b'"body"', b'"bodi"'))
    assert VALID_SECONDS < 24 * 3600


def test_what_is_shown_is_whole_and_cannot_play_tricks() -> None:
    """Control characters, line feeds and text that runs backwards are escaped; nothing is left out."""
    arguments = (
        '{"reason": "lost\\nsigned by bank-b\\u001b[2K", "to": "\\u202ebank-b", "valid_until": "1767225600", '
        '"parties": ["海关", "port"], "document": {"number": ""}, "none": []}'
    )
    author = "bank-a/ann"
    messages = (InvokeContract("do\tc", "m", arguments.encode()),)
    body = encode_transaction(
        Transaction("a\x1b[2K", author, 3, UnixSeconds(1_767_225_600), Amount(0), Gas(0), messages)
    )
    told = shown(Draft(GENESIS, body, (SIGNED,)), ())
    assert told["asks_for"] == [
        '"do\\tc".m',
        '  reason "lost\\nsigned by bank-b\\u001b[2K"',
        '  to "\\u202ebank-b"',
        "  valid_until 2026-01-01 00:00:00 UTC (1767225600)",
        "  parties 1 海关",
        "  parties 2 port",
        '  document.number ""',
        "  none []",
    ]
    assert all(str(value).isprintable() for value in told.values() if isinstance(value, str))
    twice = (InvokeContract("documents", "m", b'{"a": 1, "a": 2}'),)
    unreadable = encode_transaction(Transaction("x", author, 0, UnixSeconds(1), Amount(0), Gas(0), twice))
    with pytest.raises(DraftMalformed, match="a key stands twice"):
        shown(Draft(GENESIS, unreadable, (SIGNED,)), ())
    assert FORMAT == "interchain-ledger-draft"
    assert write_document(FORMAT, Draft(GENESIS, BODY, (SIGNED,))) == write_draft(Draft(GENESIS, BODY, (SIGNED,)))

"""Endorsement policies: which organisations must sign a transaction that invokes a contract.

    any member
    2 of (bank-a, bank-b, customs)
    bank-a and (customs or port)

``and`` binds before ``or``. A policy has one canonical form: nested alike operators are one, operands sorted, none
twice. It never says *not*: whoever endorses more meets no less. So a policy can be met at all if all registered
organisations together meet it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias, assert_never

from adapters.permissioned.ledger.contracts.errors import InvalidPolicy, PolicyTooLarge
from adapters.permissioned.ledger.errors import InvalidOrganisationId
from adapters.permissioned.ledger.identities import OrganisationId, organisation_id

MAX_TEXT_CHARACTERS = 1024
MAX_DEPTH = 8
"""Parentheses inside each other."""
MAX_OPERANDS = 64
"""Organisations named, each time that one is."""

_TOKEN = re.compile(r"[a-z][a-z0-9-]*|[0-9]+|[(),]")
_WORDS = ("any", "member", "of", "and", "or")


@dataclass(frozen=True, slots=True)
class AnyMember:
    """Any organisation."""

    def __str__(self) -> str:
        return "any member"


@dataclass(frozen=True, slots=True)
class Named:
    """This organisation."""

    organisation: OrganisationId

    def __str__(self) -> str:
        return self.organisation


@dataclass(frozen=True, slots=True)
class Of:
    """At least ``count`` of the operands; all of them is ``and``, one of them ``or``."""

    count: int
    operands: tuple["Policy", ...]

    def __str__(self) -> str:
        if self.count == 1:
            return " or ".join(map(str, self.operands))
        if self.count == len(self.operands):
            return " and ".join(
                f"({each})" if isinstance(each, Of) and each.count == 1 else str(each) for each in self.operands
            )
        return f"{self.count} of ({', '.join(map(str, self.operands))})"


Policy: TypeAlias = AnyMember | Named | Of


@lru_cache(256)
def parse_policy(text: str) -> Policy:
    """The policy that a text writes, in its canonical form; ``str`` gives the text back. Raises PolicyError."""
    if len(text) > MAX_TEXT_CHARACTERS:
        raise PolicyTooLarge("characters", MAX_TEXT_CHARACTERS)
    policy = _Parser(text).policy()
    if sum(1 for _ in _leaves(policy)) > MAX_OPERANDS:
        raise PolicyTooLarge("organisations", MAX_OPERANDS)
    if len(str(policy)) > MAX_TEXT_CHARACTERS:  # which is what is kept, and read again
        raise PolicyTooLarge("characters in its canonical form", MAX_TEXT_CHARACTERS)
    return policy


def is_met(policy: Policy, endorsers: Collection[OrganisationId]) -> bool:
    """Whether these organisations together meet the policy."""
    match policy:
        case AnyMember():
            return len(endorsers) > 0
        case Named(organisation):
            return organisation in endorsers
        case Of(count, operands):
            return sum(is_met(each, endorsers) for each in operands) >= count
        case _:
            assert_never(policy)


def named_organisations(policy: Policy) -> tuple[OrganisationId, ...]:
    """All that the policy names, in order."""
    return tuple(sorted({leaf.organisation for leaf in _leaves(policy) if isinstance(leaf, Named)}))


def _leaves(policy: Policy) -> Iterator[AnyMember | Named]:
    if isinstance(policy, Of):
        for each in policy.operands:
            yield from _leaves(each)
    else:
        yield policy


def _combine(count: int, operands: list[Policy]) -> Policy:
    """``count`` of the operands, which are not alike where that would matter, in canonical form."""
    is_all = count == len(operands)
    flat: list[Policy] = []
    for each in operands:
        match each:
            case Of(inner, nested) if (inner == 1) if count == 1 else (is_all and inner == len(nested)):
                flat += nested
            case _:
                flat.append(each)
    if count == 1 or is_all:
        flat = list(dict.fromkeys(flat))
        count = 1 if count == 1 else len(flat)
    return flat[0] if len(flat) == 1 else Of(count, tuple(sorted(flat, key=str)))


class _Parser:
    """Reads a policy from its first token on."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._at = 0
        self._depth = 0

    def policy(self) -> Policy:
        policy = self._either()
        if self._next:
            raise self._refuse(f"{self._next!r} is not expected here")
        return policy

    def _split(self) -> Iterator[tuple[int, str]]:
        at = 0
        while at < len(self._text):
            if self._text[at] == " ":
                at += 1
                continue
            found = _TOKEN.match(self._text, at)
            if found is None:
                raise InvalidPolicy(at, "use organisations' identifiers, numbers, any member, of, and, or, ( ) and ,")
            yield at, found[0]
            at = found.end()

    @property
    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _refuse(self, rule: str) -> InvalidPolicy:
        offset = self._tokens[self._at][0] if self._at < len(self._tokens) else len(self._text)
        return InvalidPolicy(offset, rule)

    def _take(self, token: str) -> None:
        if self._next != token:
            raise self._refuse(f"{token!r} is expected here")
        self._at += 1

    def _either(self) -> Policy:
        operands = [self._both()]
        while self._next == "or":
            self._at += 1
            operands.append(self._both())
        return _combine(1, operands)

    def _both(self) -> Policy:
        operands = [self._one()]
        while self._next == "and":
            self._at += 1
            operands.append(self._one())
        return _combine(len(operands), operands)

    def _one(self) -> Policy:
        if self._next == "(":
            return self._inside()[0]
        if self._next == "any":
            self._at += 1
            self._take("member")
            return AnyMember()
        if self._next.isdigit():
            return self._some()
        return self._named()

    def _some(self) -> Policy:
        written = self._next
        if len(written) > 2 or not 1 <= int(written) <= MAX_OPERANDS:
            raise self._refuse(f"a number is from 1 to {MAX_OPERANDS}")
        self._at += 1
        self._take("of")
        start = self._at
        operands = self._inside(several=True)
        if int(written) > len(operands):
            self._at = start
            raise self._refuse(f"{written} of {len(operands)} can never be met")
        if len(set(operands)) != len(operands):
            self._at = start
            raise self._refuse("one operand stands twice")
        return _combine(int(written), operands)

    def _inside(self, *, several: bool = False) -> list[Policy]:
        self._take("(")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise PolicyTooLarge("levels of parentheses", MAX_DEPTH)
        operands = [self._either()]
        while several and self._next == ",":
            self._at += 1
            operands.append(self._either())
        self._take(")")
        self._depth -= 1
        return operands

    def _named(self) -> Policy:
        if self._next in {"", ")", ",", *_WORDS}:
            raise self._refuse("an organisation, a number, any member or ( is expected here")
        try:
            named = Named(organisation_id(self._next))
        except InvalidOrganisationId as error:
            raise self._refuse(str(error)) from None
        self._at += 1
        return named

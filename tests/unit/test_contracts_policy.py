"""Endorsement policies: what they say, their one form, what they refuse."""

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.permissioned.ledger.contracts.errors import InvalidPolicy, PolicyTooLarge
from adapters.permissioned.ledger.contracts.policy import is_met, named_organisations, parse_policy
from adapters.permissioned.ledger.identities import OrganisationId

ORGANISATIONS = tuple(map(OrganisationId, ("bank-a", "bank-b", "customs", "port")))
SUBSETS = tuple(chain.from_iterable(combinations(ORGANISATIONS, size) for size in range(5)))


@pytest.mark.parametrize(
    ("text", "canonical", "met"),
    [
        ("any member", "any member", lambda s: len(s) > 0),
        ("  any   member ", "any member", lambda s: len(s) > 0),
        ("bank-a", "bank-a", lambda s: "bank-a" in s),
        ("((bank-a))", "bank-a", lambda s: "bank-a" in s),
        ("port or bank-a", "bank-a or port", lambda s: "bank-a" in s or "port" in s),
        (
            "bank-a and (customs or port)",
            "bank-a and (customs or port)",
            lambda s: "bank-a" in s and {*s} & {"customs", "port"},
        ),
        (
            "bank-a and customs or port",
            "bank-a and customs or port",
            lambda s: {"bank-a", "customs"} <= {*s} or "port" in s,
        ),
        (
            "2 of (customs,bank-a, bank-b)",
            "2 of (bank-a, bank-b, customs)",
            lambda s: len({*s} & {"bank-a", "bank-b", "customs"}) >= 2,
        ),
        ("1 of (port, bank-a)", "bank-a or port", lambda s: "bank-a" in s or "port" in s),
        ("2 of (port, bank-a)", "bank-a and port", lambda s: {"bank-a", "port"} <= {*s}),
        ("1 of (port)", "port", lambda s: "port" in s),
        ("port or (bank-a or port)", "bank-a or port", lambda s: "bank-a" in s or "port" in s),
        ("port and port", "port", lambda s: "port" in s),
        (
            "2 of (bank-a and port, bank-b, any member)",
            "2 of (any member, bank-a and port, bank-b)",
            lambda s: ({"bank-a", "port"} <= {*s}) + ("bank-b" in s) + (len(s) > 0) >= 2,
        ),
    ],
)
def test_what_it_says(text: str, canonical: str, met: object) -> None:
    policy = parse_policy(text)
    assert str(policy) == canonical
    assert parse_policy(str(policy)) == policy
    for endorsers in SUBSETS:
        assert is_met(policy, endorsers) == bool(met(endorsers)), endorsers  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "offset", "rule"),
    [
        ("", 0, "is expected here"),
        ("any", 3, "'member'"),
        ("any members", 4, "'member'"),
        ("member", 0, "is expected here"),
        ("Bank-A", 0, "identifiers"),
        ("bank_a", 4, "identifiers"),
        ("bank-a & port", 7, "identifiers"),
        ("bank-a and", 10, "is expected here"),
        ("bank-a or or port", 10, "is expected here"),
        ("bank-a port", 7, "not expected"),
        ("(bank-a", 7, "')'"),
        ("bank-a)", 6, "not expected"),
        ("(bank-a, port)", 7, "')'"),
        ("2 of bank-a", 5, "'('"),
        ("2 (bank-a, port)", 2, "'of'"),
        ("0 of (bank-a)", 0, "1 to 64"),
        ("65 of (bank-a)", 0, "1 to 64"),
        ("100 of (bank-a)", 0, "1 to 64"),
        ("3 of (bank-a, port)", 5, "can never be met"),
        ("2 of (bank-a, bank-a)", 5, "twice"),
        ("2 of (bank-a, port,)", 19, "is expected here"),
        ("of", 0, "is expected here"),
        ("x" * 33, 0, "organisation"),
        ("bank-a\nor port", 6, "identifiers"),
    ],
)
def test_what_is_no_policy(text: str, offset: int, rule: str) -> None:
    with pytest.raises(InvalidPolicy) as refusal:
        parse_policy(text)
    assert refusal.value.offset == offset
    assert rule in refusal.value.rule


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("x" * 1025, "characters"),
        ("(" * 9 + "x" + ")" * 9, "levels of parentheses"),
        (" or ".join(f"a{n}" for n in range(65)), "organisations"),
        ("(" * 500, "levels of parentheses"),
        (f"16 of({','.join(f'bank-{n:027}' for n in range(30))})", "characters in its canonical form"),
    ],
)
def test_what_is_too_large(text: str, measure: str) -> None:
    with pytest.raises(PolicyTooLarge) as refusal:
        parse_policy(text)
    assert refusal.value.measure == measure


def test_the_largest() -> None:
    parse_policy("(" * 8 + "x" + ")" * 8)
    assert len(named_organisations(parse_policy(" and ".join(f"a{n}" for n in range(64))))) == 64


POLICIES = st.recursive(
    st.sampled_from([*ORGANISATIONS, "any member"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        st.lists(inner, min_size=2, max_size=4, unique=True).map(lambda parts: f"2 of ({', '.join(parts)})"),
    ),
    max_leaves=8,
)


@given(POLICIES)
def test_one_form_and_more_endorsers_meet_no_less(text: str) -> None:
    try:
        policy = parse_policy(text)
    except (InvalidPolicy, PolicyTooLarge):
        return  # two operands that are written differently and mean the same
    assert parse_policy(str(policy)) == policy
    for endorsers in SUBSETS:
        if is_met(policy, endorsers):
            assert all(is_met(policy, more) for more in SUBSETS if {*more} >= {*endorsers})
    assert not is_met(policy, ())
    assert is_met(policy, ORGANISATIONS)

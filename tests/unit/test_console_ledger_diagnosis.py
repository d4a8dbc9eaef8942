"""What a ledger's doctor says of revocation lists."""

import pytest

from adapters.permissioned.ledger.answers import AuthorityInfo, RevocationInfo
from adapters.permissioned.ledger.membership.records import Standing
from console.ledger_diagnosis import revocation_check
from hub.quantities import Hash, UnixSeconds

DUE = UnixSeconds(1_800_000_000)


def authority(number: int, *, stale: bool | None, standing: Standing = Standing.REGISTERED) -> AuthorityInfo:
    """One of bank-a's; ``stale`` None: it has published no list."""
    known = None if stale is None else RevocationInfo("1", UnixSeconds(DUE - 60), DUE, 0, stale)
    return AuthorityInfo(Hash(bytes((number,)) * 32), "bank-a", standing, True, b"", DUE, known)


@pytest.mark.parametrize(
    ("authorities", "found"),
    [
        ((), "0 published, none is stale"),
        ((authority(1, stale=None),), "0 published, none is stale"),
        ((authority(1, stale=False), authority(2, stale=False)), "2 published, none is stale"),
        ((authority(1, stale=True, standing=Standing.REMOVED),), "0 published, none is stale"),
    ],
)
def test_lists_that_are_not_due_are_well(authorities: tuple[AuthorityInfo, ...], found: str) -> None:
    check = revocation_check(authorities)
    assert (check.ok, check.found) == (True, found)


@pytest.mark.parametrize("fresh_at", [0, 1])
def test_a_stale_list_is_told_beside_a_fresh_one_of_the_same_organisation(fresh_at: int) -> None:
    check = revocation_check([authority(number, stale=number != fresh_at) for number in (0, 1)])
    assert not check.ok
    assert check.found.startswith("stale: bank-a's since 2027-01-15")
    assert "publish-crl" in check.fix

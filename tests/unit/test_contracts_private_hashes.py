"""What a contract keeps of private values: a salted hash, its keepers, and the time at which the value is purged."""

from hashlib import sha256
from typing import Any

import pytest

from adapters.permissioned.ledger.contracts.errors import Refused
from adapters.permissioned.ledger.contracts.events import PrivateHashWritten, PrivateValueDue
from adapters.permissioned.ledger.contracts.private import (
    MAX_DUE,
    PrivateCollection,
    PrivateHashes,
    end_block,
    next_due,
    private_hash,
    salted_hash,
)
from adapters.permissioned.ledger.errors import InvalidOrganisationId
from hub.quantities import Height, Seconds, UnixSeconds
from hub.state.context import Context
from tests.unit.contract_ground import NOW, Place


@pytest.fixture
def place() -> Place:
    return Place()


class TestPrivate:
    SALT, VALUE = b"\x05" * 32, b"price 1,000,000"

    def hashes(self, place: Place) -> PrivateHashes:
        return PrivateHashes(PrivateCollection("prices").name, place.ground)

    def put(self, place: Place, *key: Any, keep_for: int = 60) -> None:
        self.hashes(place).put(
            *key,
            salted_hash=salted_hash(self.SALT, self.VALUE),
            organisations=("port", "bank-a"),
            keep_for=Seconds(keep_for),
        )

    def test_only_hash_keepers_and_time_stand_on_the_ledger(self, place: Place) -> None:
        self.put(place, "lot", 7)
        noted = self.hashes(place).get("lot", 7)
        assert noted.salted_hash == sha256(self.SALT + self.VALUE).digest()
        assert (noted.organisations, noted.purge_at) == (("bank-a", "port"), NOW + 60)
        held = b"".join(key + value for key, value in place.branch.scan(b"\x00", b"\xff"))
        assert self.VALUE not in held
        assert self.SALT not in held
        (event,) = place.events
        assert isinstance(event, PrivateHashWritten)
        assert private_hash(place.branch, "fleet", "prices", ("lot", 7)) == noted

    def test_falls_due_once_and_leaves_the_hash(self, place: Place) -> None:
        self.put(place, "lot", 7)
        self.put(place, "lot", 8, keep_for=90)
        assert next_due(place.branch) == NOW + 60
        seen = []
        for time in (59, 60, 61, 90, 200):
            ctx = Context(place.branch.branch(), Height(1), UnixSeconds(NOW + time))
            end_block(ctx)
            ctx.state.keep()
            seen.append([event.key for event in ctx.events if isinstance(event, PrivateValueDue)])
        assert seen == [[], ["lot/7"], [], ["lot/8"], []]
        assert next_due(place.branch) is None
        assert self.hashes(place).find("lot", 7) is not None

    def test_a_newer_value_takes_the_olders_time(self, place: Place) -> None:
        self.put(place, "lot", 7)
        self.put(place, "lot", 7, keep_for=90)
        assert next_due(place.branch) == NOW + 90

    def test_a_block_takes_a_bounded_number(self, place: Place) -> None:
        for number in range(MAX_DUE + 1):
            self.put(place, number)
        for expected in (MAX_DUE, 1, 0):
            ctx = Context(place.branch.branch(), Height(1), UnixSeconds(NOW + 60))
            end_block(ctx)
            ctx.state.keep()
            assert len(ctx.events) == expected

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"salted_hash": b"\x00" * 31}, Refused),
            ({"organisations": ()}, Refused),
            ({"organisations": ("port", "port")}, Refused),
            ({"organisations": ("Port",)}, InvalidOrganisationId),
            ({"organisations": tuple(f"o{n}" for n in range(33))}, Refused),
            ({"keep_for": 0}, Refused),
            ({"keep_for": 2**63}, Refused),
        ],
    )
    def test_what_is_refused(self, place: Place, changes: dict[str, Any], error: type[Exception]) -> None:
        fields = {"salted_hash": b"\x01" * 32, "organisations": ("port",), "keep_for": Seconds(1), **changes}
        with pytest.raises(error):
            self.hashes(place).put("lot", **fields)
        assert place.keys() == []

    def test_a_salt_is_long(self) -> None:
        with pytest.raises(ValueError, match="32 bytes"):
            salted_hash(b"short", b"value")

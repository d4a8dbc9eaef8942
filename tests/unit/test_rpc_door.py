"""How often one address may ask what is open to all, and which addresses are one."""

import pytest

from hub.engine.errors import RateLimited
from hub.rpc.door import Door, host_of

ONE, OTHER = "ipv4:192.0.2.1:4711", "ipv4:192.0.2.2:4711"


class Time:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def time() -> Time:
    return Time()


def admitted(door: Door, peer: str, asks: int) -> int:
    count = 0
    for _ in range(asks):
        try:
            door.admit(peer)
        except RateLimited:
            continue
        count += 1
    return count


def test_twice_the_allowance_at_once_and_then_as_time_passes(time: Time) -> None:
    door = Door(10, time)
    assert admitted(door, ONE, 50) == 20
    time.now_s += 0.5
    assert admitted(door, ONE, 50) == 5
    time.now_s += 3600
    assert admitted(door, ONE, 50) == 20


def test_one_who_asks_too_much_takes_nothing_from_another(time: Time) -> None:
    door = Door(10, time)
    admitted(door, ONE, 1_000)
    assert admitted(door, OTHER, 20) == 20


def test_another_port_is_no_other_address(time: Time) -> None:
    door = Door(10, time)
    assert sum(admitted(door, f"ipv4:192.0.2.1:{port}", 1) for port in range(1, 200)) == 20


def test_what_is_remembered_is_bounded(time: Time) -> None:
    door = Door(10, time, most_peers=3)
    admitted(door, ONE, 20)
    for last in range(2, 4):
        door.admit(f"ipv4:192.0.2.{last}:1")
    assert admitted(door, ONE, 1) == 0
    for last in range(4, 7):
        door.admit(f"ipv4:192.0.2.{last}:1")
    assert len(door._allowances) == 3


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:192.0.2.1:4711", "192.0.2.1"),
        ("ipv6:[2001:db8:1:2:3::4]:4711", "2001:db8:1:2::/64"),
        ("ipv6:%5B2001:db8:1:2:9::4%5D:4711", "2001:db8:1:2::/64"),
        ("ipv6:[::ffff:192.0.2.1]:4711", "192.0.2.1"),
        ("ipv6:[fe80::1%25eth0]:4711", "fe80::/64"),
        ("unix:", "unix"),
        ("unix:/tmp/a.sock", "unix"),
        ("ipv4:nonsense", "nonsense"),
        ("", ""),
    ],
)
def test_addresses_are_told_apart_as_their_owners_are(peer: str, host: str) -> None:
    assert host_of(peer) == host

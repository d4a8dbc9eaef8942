"""What a chain begins with. Its hash is in every signature that the chain or its accounts ever make."""

from hashlib import sha256
from itertools import pairwise

import msgspec

from hub.accounts.errors import InvalidGenesis
from hub.accounts.money import MAX_SUPPLY
from hub.errors import HubError
from hub.messages import Role
from hub.parameters import Parameters
from hub.proofs.quorum import SignerSet
from hub.quantities import MAX_U64, Address, Amount, Hash, UnixSeconds
from hub.services.json_text import parse

MAX_CHAIN_ID_CHARACTERS = 64
FIRST_EPOCH = 1
GENESIS_DEPTH = 8
"""How deep a genesis file may be nested."""


class Genesis(msgspec.Struct, frozen=True):
    """The first state. ``devnet`` opens the faucet. Balances and roles stand in strictly rising order."""

    chain_id: str
    time: UnixSeconds
    devnet: bool
    parameters: Parameters
    balances: tuple[tuple[Address, Amount], ...]
    roles: tuple[tuple[Address, Role], ...]
    validators: SignerSet

    def __post_init__(self) -> None:
        """Raises InvalidGenesis."""
        _require(
            1 <= len(self.chain_id) <= MAX_CHAIN_ID_CHARACTERS and self.chain_id.isascii(),
            f"chain_id has 1 to {MAX_CHAIN_ID_CHARACTERS} ASCII characters",
        )
        _require(0 <= self.time <= MAX_U64, "time is in seconds since the Unix epoch")
        _require(self.validators.epoch == FIRST_EPOCH, f"the validators' epoch is {FIRST_EPOCH}")
        addresses = [address for address, _ in (*self.balances, *self.roles)]
        _require(all(len(address) == 20 for address in addresses), "an address has 20 bytes")
        _require(_rises([address for address, _ in self.balances]), "balances name each address once, in rising order")
        _require(_rises([a + bytes((role,)) for a, role in self.roles]), "roles stand in rising order, each once")
        amounts = [amount for _, amount in self.balances]
        _require(all(a >= 0 for a in amounts) and sum(amounts) <= MAX_SUPPLY, "balances are 0 to 2**64 - 1 together")
        chosen = msgspec.structs.asdict(self.parameters)
        _require(all(0 <= value <= MAX_U64 for value in chosen.values()), "a parameter is a number from 0 to 2**64 - 1")
        _require(self.parameters.rate_window > 0, "rate_window is at least a second")

    def hash(self) -> Hash:
        """sha256 of the canonical JSON."""
        return Hash(sha256(self.to_json()).digest())

    def to_json(self) -> bytes:
        """The one canonical encoding: keys in order, no blanks, addresses 0x-hex, numbers as decimal strings."""
        return msgspec.json.encode(
            {
                "balances": [[_hex(address), str(amount)] for address, amount in self.balances],
                "chain_id": self.chain_id,
                "devnet": self.devnet,
                "parameters": {name: str(value) for name, value in msgspec.structs.asdict(self.parameters).items()},
                "roles": [[_hex(address), role.name] for address, role in self.roles],
                "time": str(self.time),
                "validators": [[_hex(member.address), str(member.power)] for member in self.validators.members],
            },
            order="deterministic",
        )

    @staticmethod
    def from_json(data: bytes) -> "Genesis":
        """Read a genesis file, in whatever order and layout; parameters left out have their defaults. Nothing stands
        twice in it: which of the two would hold is no matter of the reader.

        Raises InvalidGenesis.
        """
        try:
            raw = msgspec.convert(parse(data, GENESIS_DEPTH), type=_GenesisFile)
            powers = {_address(address): int(power) for address, power in raw.validators}
            _require(len(powers) == len(raw.validators), "validators name each address once")
            return Genesis(
                raw.chain_id,
                UnixSeconds(int(raw.time)),
                raw.devnet,
                msgspec.structs.replace(Parameters(), **{name: int(value) for name, value in raw.parameters.items()}),
                tuple(sorted((_address(address), Amount(int(amount))) for address, amount in raw.balances)),
                tuple(sorted((_address(address), Role[role]) for address, role in raw.roles)),
                SignerSet.of(FIRST_EPOCH, powers),
            )
        except InvalidGenesis:
            raise
        except (msgspec.MsgspecError, ValueError, KeyError, TypeError, HubError) as error:
            raise InvalidGenesis(str(error)) from error


class _GenesisFile(msgspec.Struct, forbid_unknown_fields=True):
    chain_id: str
    time: str
    devnet: bool
    parameters: dict[str, str]
    balances: list[tuple[str, str]]
    roles: list[tuple[str, str]]
    validators: list[tuple[str, str]]


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise InvalidGenesis(rule)


def _rises(keys: list[bytes]) -> bool:
    return all(before < after for before, after in pairwise(keys))


def _hex(address: Address) -> str:
    return "0x" + address.hex()


def _address(text: str) -> Address:
    if not text.startswith("0x"):
        raise ValueError(f"an address is 0x and 40 hex digits, not {text!r}")
    return Address(bytes.fromhex(text[2:]))

"""What a ledger begins with. Its hash is in every signature that the ledger or its members ever make."""

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TypeAlias

import msgspec

from adapters.permissioned.ledger.identities import (
    ContractName,
    OrganisationId,
    contract_name,
    member_id,
    organisation_id,
)
from adapters.permissioned.ledger.membership.certificates import Subject, read_member
from adapters.permissioned.ledger.membership.errors import ValidatorKeyNotOwned
from adapters.permissioned.ledger.membership.organisations import MAX_ORGANISATIONS
from adapters.permissioned.ledger.membership.signatures import verify_signature
from adapters.permissioned.ledger.membership.validator_keys import founding_digest, founding_statement
from adapters.permissioned.ledger.parameters import Parameters, broken_rule
from adapters.permissioned.ledger.refusals import InvalidLedgerGenesis
from hub.errors import HubError
from hub.genesis import FIRST_EPOCH, GENESIS_DEPTH, MAX_CHAIN_ID_CHARACTERS
from hub.proofs.quorum import SignerSet
from hub.proofs.signatures import recover
from hub.quantities import MAX_U64, Address, Hash, UnixSeconds
from hub.services.json_text import parse


class FoundingOrganisation(msgspec.Struct, frozen=True):
    """``authorities``: DER, a root first; intermediates after whom they stand under."""

    id: OrganisationId
    display_name: str
    authorities: tuple[bytes, ...]


class FoundingContract(msgspec.Struct, frozen=True):
    """A contract that is active from the first block on."""

    name: ContractName
    version: int
    package_hash: Hash
    policy: str


class FoundingValidator(msgspec.Struct, frozen=True):
    """A checkpoint key, its power, and the member whose it is: ``certificates`` are DER, the member's own, then its
    intermediates.

    ``binding`` is the signature of the certificate's key, ``possession`` that of the checkpoint key, both over
    ``membership.validator_keys.founding_statement``.
    """

    address: Address
    power: int
    certificates: tuple[bytes, ...]
    binding: bytes
    possession: bytes

    @property
    def subject(self) -> Subject:
        """Who it is, by the certificate's own word; raises CertificateError."""
        return read_member(self.certificates[0])[1]

    def verify(self, chain_id: str) -> None:
        """Both keys signed that the one is the other's member's, on this ledger. Whether the certificate holds is for
        the ledger to say.

        Raises MalformedMemberSignature, WrongMemberSignature, SignatureError, ValidatorKeyNotOwned, CertificateError.
        """
        subject = self.subject
        statement = founding_statement(chain_id, member_id(subject.organisation, subject.name), self.address)
        verify_signature(self.certificates[0], statement, self.binding)
        recovered = recover(founding_digest(statement), self.possession)
        if recovered != self.address:
            raise ValidatorKeyNotOwned(self.address, recovered)

    def to_json(self) -> bytes:
        """As it stands in a genesis."""
        return msgspec.json.encode(_validator_json(self))

    @staticmethod
    def from_json(data: bytes) -> "FoundingValidator":
        """Raises InvalidLedgerGenesis."""
        try:
            return _validator(msgspec.json.decode(data, type=_ValidatorEntry))
        except (msgspec.MsgspecError, ValueError) as error:
            raise InvalidLedgerGenesis(
                f"a validator is address, power, certificates, two signatures: {error}"
            ) from error


class LedgerGenesis(msgspec.Struct, frozen=True):
    """The first state. All lists stand in strictly rising order of identifier, name, address.

    Raises InvalidLedgerGenesis, InvalidOrganisationId, InvalidContractName.
    """

    chain_id: str
    time: UnixSeconds
    devnet: bool
    parameters: Parameters
    organisations: tuple[FoundingOrganisation, ...]
    validators: tuple[FoundingValidator, ...]
    contracts: tuple[FoundingContract, ...]

    def __post_init__(self) -> None:
        members = [organisation_id(one.id) for one in self.organisations]
        names = [contract_name(one.name) for one in self.contracts]
        _require(
            1 <= len(self.chain_id) <= MAX_CHAIN_ID_CHARACTERS and self.chain_id.isascii(),
            f"chain_id has 1 to {MAX_CHAIN_ID_CHARACTERS} ASCII characters",
        )
        _require(0 <= self.time <= MAX_U64, "time is in seconds since the Unix epoch")
        _require(1 <= len(members) <= MAX_ORGANISATIONS, f"it has 1 to {MAX_ORGANISATIONS} organisations")
        _require(members == sorted(set(members)), "organisations stand in rising order, each once")
        _require(names == sorted(set(names)), "contracts stand in rising order, each once")
        _require(all(one.certificates for one in self.validators), _OF_A_MEMBER)
        rule = broken_rule(self.parameters)
        _require(rule is None, rule or "")
        addresses = [one.address for one in self.validators]
        _require(addresses == sorted(set(addresses)), "validators stand in rising order of their addresses, each once")
        _require(bool(addresses), "a ledger has a validator at least")
        _ = self.signers

    @property
    def signers(self) -> SignerSet:
        """The validators of the first epoch; raises InvalidSignerSet."""
        return SignerSet.of(FIRST_EPOCH, {one.address: one.power for one in self.validators})

    def hash(self) -> Hash:
        """sha256 of the canonical JSON."""
        return Hash(sha256(self.to_json()).digest())

    def to_json(self) -> bytes:
        """The one canonical encoding: keys in order, no blanks, hashes 0x-hex, DER and signatures in base64, numbers as
        strings.
        """
        return msgspec.json.encode(
            {
                "chain_id": self.chain_id,
                "contracts": [
                    [one.name, str(one.version), "0x" + one.package_hash.hex(), one.policy] for one in self.contracts
                ],
                "devnet": self.devnet,
                "organisations": [
                    [one.id, one.display_name, [b64encode(der).decode() for der in one.authorities]]
                    for one in self.organisations
                ],
                "parameters": {name: str(value) for name, value in msgspec.structs.asdict(self.parameters).items()},
                "time": str(self.time),
                "validators": [_validator_json(one) for one in self.validators],
            },
            order="deterministic",
        )

    @staticmethod
    def from_json(data: bytes) -> "LedgerGenesis":
        """Read a genesis file, in whatever order and layout; parameters left out have their defaults. Nothing stands
        twice in it.

        Raises InvalidLedgerGenesis.
        """
        try:
            raw = msgspec.convert(parse(data, GENESIS_DEPTH), type=_GenesisFile)
            changes = {name: int(value) for name, value in raw.parameters.items()}
            return LedgerGenesis(
                raw.chain_id,
                UnixSeconds(int(raw.time)),
                raw.devnet,
                msgspec.structs.replace(Parameters(), **changes),
                tuple(sorted((_organisation(one) for one in raw.organisations), key=lambda one: one.id)),
                tuple(sorted((_validator(one) for one in raw.validators), key=lambda one: one.address)),
                tuple(sorted((_contract(one) for one in raw.contracts), key=lambda one: one.name)),
            )
        except InvalidLedgerGenesis:
            raise
        except (msgspec.MsgspecError, ValueError, KeyError, TypeError, HubError) as error:
            raise InvalidLedgerGenesis(str(error)) from error


_OF_A_MEMBER = "a validator has a member's certificate"
_ValidatorEntry: TypeAlias = tuple[str, str, list[str], str, str]


class _GenesisFile(msgspec.Struct, forbid_unknown_fields=True):
    chain_id: str
    time: str
    devnet: bool
    organisations: list[tuple[str, str, list[str]]]
    validators: list[_ValidatorEntry]
    contracts: list[tuple[str, str, str, str]] = []
    parameters: dict[str, str] = {}


def _organisation(raw: tuple[str, str, list[str]]) -> FoundingOrganisation:
    authorities = tuple(b64decode(text, validate=True) for text in raw[2])
    return FoundingOrganisation(OrganisationId(raw[0]), raw[1], authorities)


def _validator(raw: _ValidatorEntry) -> FoundingValidator:
    address, power, certificates, binding, possession = raw
    _require(bool(certificates), _OF_A_MEMBER)
    return FoundingValidator(
        Address(_bytes(address, 20)),
        int(power),
        tuple(b64decode(text, validate=True) for text in certificates),
        b64decode(binding, validate=True),
        b64decode(possession, validate=True),
    )


def _validator_json(one: FoundingValidator) -> list[str | list[str]]:
    certificates = [b64encode(der).decode() for der in one.certificates]
    signatures = [b64encode(signature).decode() for signature in (one.binding, one.possession)]
    return ["0x" + one.address.hex(), str(one.power), certificates, *signatures]


def _contract(raw: tuple[str, str, str, str]) -> FoundingContract:
    return FoundingContract(ContractName(raw[0]), int(raw[1]), Hash(_bytes(raw[2], 32)), raw[3])


def _bytes(text: str, length: int) -> bytes:
    if not text.startswith("0x") or len(text) != 2 + 2 * length:
        raise ValueError(f"0x and {2 * length} hex digits are due, not {text!r}")
    return bytes.fromhex(text[2:])


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise InvalidLedgerGenesis(rule)

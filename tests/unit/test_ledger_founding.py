"""The first validators prove in the genesis whose their checkpoint keys are: a valid one, and one broken thing each."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from adapters.permissioned.ledger.genesis import FoundingValidator, LedgerGenesis
from adapters.permissioned.ledger.identities import fingerprint, member_id
from adapters.permissioned.ledger.machine import LedgerMachine
from adapters.permissioned.ledger.membership import registry
from adapters.permissioned.ledger.membership.errors import (
    CertificateExpired,
    CertificateMalformed,
    MalformedMemberSignature,
    MemberRoleRefused,
    OrganisationUnknown,
    ValidatorKeyNotOwned,
    WrongAuthority,
    WrongMemberSignature,
)
from adapters.permissioned.ledger.membership.validator_keys import (
    founding_digest,
    founding_statement,
    validator_key,
)
from adapters.permissioned.ledger.refusals import InvalidLedgerGenesis
from hub.errors import HubError
from hub.proofs.errors import InvalidSignerSet, UnrecoverableSignature
from hub.quantities import Address
from hub.state.branch import MemoryState
from tests.unit import certificate_workshop as workshop
from tests.unit.certificate_workshop import DAY, NOW, Certified, founding
from tests.unit.member_ledger import ORGANISATIONS, MemberLedger
from tests.unit.node_world import SIGNERS

CHAIN = "trade-test"
WORLD = MemberLedger()
ROOT_A, ROOT_B = (WORLD.roots[name] for name in ORGANISATIONS[:2])
SEAL = workshop.leaf(ROOT_A, "bank-a", "seal", "validator").signed()
KEY, OTHER_KEY = SIGNERS[:2]
VALID = founding(CHAIN, SEAL, KEY, 3)


def genesis(*validators: FoundingValidator) -> LedgerGenesis:
    return WORLD.genesis("any member", validators=validators)


def begun(*validators: FoundingValidator) -> MemoryState:
    state = MemoryState()
    state.apply(LedgerMachine(genesis(*validators), WORLD.installed).genesis_changes())
    return state


def changed(**fields: Any) -> FoundingValidator:
    return msgspec.structs.replace(VALID, **fields)


def of(certified: Certified) -> FoundingValidator:
    return founding(CHAIN, certified, KEY)


def test_a_proven_key_is_its_member_s_from_the_first_block_on() -> None:
    state = begun(VALID)
    bound = validator_key(state, KEY.address)
    assert bound is not None
    assert member_id(bound.organisation, bound.name) == "bank-a/seal"
    assert registry.authenticate(state, fingerprint(SEAL.der), NOW).member == "bank-a/seal"
    assert genesis(VALID).signers.members[0].power == 3


def test_a_member_may_prove_several_keys_below_an_intermediate() -> None:
    issuing = workshop.intermediate(ROOT_A).signed()
    leaf = workshop.leaf(issuing, "bank-a", "seal", "validator").signed()
    two = [
        msgspec.structs.replace(founding(CHAIN, leaf, key), certificates=(leaf.der, issuing.der))
        for key in sorted((KEY, OTHER_KEY), key=lambda one: one.address)
    ]
    state = begun(*two)
    assert validator_key(state, KEY.address) == validator_key(state, OTHER_KEY.address)
    assert len(list(registry.certificates_of(state, "bank-a"))) == 1


def test_it_is_written_and_read_again() -> None:
    assert FoundingValidator.from_json(VALID.to_json()) == VALID
    whole = genesis(VALID)
    assert LedgerGenesis.from_json(whole.to_json()) == whole
    assert VALID.to_json() in whole.to_json()


STATEMENT = founding_statement(CHAIN, member_id(VALID.subject.organisation, VALID.subject.name), KEY.address)
HOSTILE: dict[str, tuple[Callable[[], FoundingValidator], type[HubError]]] = {
    "no signature of the certificate's key": (lambda: changed(binding=b""), MalformedMemberSignature),
    "no signature of the checkpoint key": (lambda: changed(possession=b""), UnrecoverableSignature),
    "a bit of the certificate's signature": (
        lambda: changed(binding=bytes((VALID.binding[0] ^ 1,)) + VALID.binding[1:]),
        WrongMemberSignature,
    ),
    "a bit of the checkpoint key's signature": (
        lambda: changed(possession=bytes((VALID.possession[0] ^ 1,)) + VALID.possession[1:]),
        ValidatorKeyNotOwned,
    ),
    "signed by another member of the organisation": (
        lambda: changed(binding=of(workshop.leaf(ROOT_A, "bank-a", "ann", "validator").signed()).binding),
        WrongMemberSignature,
    ),
    "of another key": (lambda: changed(binding=founding(CHAIN, SEAL, OTHER_KEY).binding), WrongMemberSignature),
    "of another ledger": (lambda: changed(binding=founding("trade-2", SEAL, KEY).binding), WrongMemberSignature),
    "possession shown for another ledger": (
        lambda: changed(possession=founding("trade-2", SEAL, KEY).possession),
        ValidatorKeyNotOwned,
    ),
    "possession shown by another key": (
        lambda: changed(possession=OTHER_KEY.sign(founding_digest(STATEMENT))),
        ValidatorKeyNotOwned,
    ),
    "another's key, which its owner lent to another member": (
        lambda: changed(
            possession=founding(CHAIN, workshop.leaf(ROOT_A, "bank-a", "ann", "validator").signed(), KEY).possession
        ),
        ValidatorKeyNotOwned,
    ),
    "the address that is nobody's": (lambda: changed(address=Address(bytes(20))), InvalidSignerSet),
    "a member who is no validator": (
        lambda: of(workshop.leaf(ROOT_A, "bank-a", "seal", "admin").signed()),
        MemberRoleRefused,
    ),
    "an organisation that is none of the ledger": (
        lambda: of(workshop.leaf(workshop.root("bank-x root").signed(), "bank-x", "seal", "validator").signed()),
        OrganisationUnknown,
    ),
    "an authority that is none of the organisation": (
        lambda: of(workshop.leaf(workshop.root("another").signed(), "bank-a", "seal", "validator").signed()),
        WrongAuthority,
    ),
    "another organisation's authority": (
        lambda: of(workshop.leaf(ROOT_B, "bank-a", "seal", "validator").signed()),
        WrongAuthority,
    ),
    "a certificate that has ended": (
        lambda: of(
            workshop.leaf(ROOT_A, "bank-a", "seal", "validator")
            .with_(not_before=NOW - 2 * DAY, not_after=NOW - DAY)
            .signed()
        ),
        CertificateExpired,
    ),
    "a certificate with a byte behind it": (lambda: changed(certificates=(SEAL.der + b"\0",)), CertificateMalformed),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_not_proven_is_refused_by_name(name: str) -> None:
    made, error = HOSTILE[name]
    broken = made()
    assert broken != VALID
    with pytest.raises(error):
        begun(broken)


def test_two_members_do_not_prove_one_key() -> None:
    second = founding(CHAIN, workshop.leaf(ROOT_B, "bank-b", "seal", "validator").signed(), KEY)
    with pytest.raises(InvalidLedgerGenesis, match="each once"):
        genesis(VALID, second)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'["0x11","1",["AA=="],"",""]',
        b'["0x%s","x",["AA=="],"",""]' % (b"11" * 20),
        b'["0x%s","1",[],"",""]' % (b"11" * 20),  # of nobody
        VALID.to_json()[:-3],
    ],
)
def test_what_is_no_proof_at_all_is_told(data: bytes) -> None:
    with pytest.raises(InvalidLedgerGenesis):
        FoundingValidator.from_json(data)
    with pytest.raises(InvalidLedgerGenesis, match="certificate"):
        genesis(changed(certificates=()))

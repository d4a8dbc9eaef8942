"""What the ledger's state says, as answers: pure functions of a state, one a question."""

from collections.abc import Iterator

import msgspec

from adapters.permissioned.ledger import answers
from adapters.permissioned.ledger.actions import Action, ProposeValidators, decode_action
from adapters.permissioned.ledger.contracts.activation import statuses
from adapters.permissioned.ledger.governance import proposals
from adapters.permissioned.ledger.governance.errors import ProposalUnknown
from adapters.permissioned.ledger.identities import (
    Fingerprint,
    MemberName,
    OrganisationId,
    member_account,
    member_id,
)
from adapters.permissioned.ledger.membership import organisations, registry, revocation, validator_keys
from adapters.permissioned.ledger.membership.certificates import AuthorityId, read_authority
from adapters.permissioned.ledger.membership.errors import CertificateUnknown
from adapters.permissioned.ledger.membership.paths import is_root
from adapters.permissioned.ledger.membership.records import AUTHORITIES, MEMBERS, Authority
from adapters.permissioned.ledger.parameters import parameters
from adapters.permissioned.ledger.service import calls
from adapters.permissioned.ledger.service.errors import CallNotFound
from hub.accounts.accounts import account
from hub.answers import Parameter
from hub.errors import HubError
from hub.history import head
from hub.quantities import Hash, UnixSeconds
from hub.state.branch import StateReader
from hub.state.collections import text
from hub.validators import validators


def organisation_infos(state: StateReader, after: str) -> Iterator[answers.OrganisationInfo]:
    for one in organisations.organisations(state, after):
        yield answers.OrganisationInfo(one.id, one.display_name, one.joined_at, one.removed, len(one.authorities))


def authority_infos(state: StateReader, organisation: str) -> Iterator[answers.AuthorityInfo]:
    """Of one organisation, or of all: by identifier."""
    now = head(state).time
    for key, record in AUTHORITIES.scan(state):
        if organisation in ("", record.organisation):
            yield _authority(state, AuthorityId(Hash(key)), record, now)


def _authority(
    state: StateReader, identifier: AuthorityId, record: Authority, now: UnixSeconds
) -> answers.AuthorityInfo:
    return answers.AuthorityInfo(
        authority=identifier,
        organisation=record.organisation,
        standing=record.standing,
        root=is_root(read_authority(record.certificate)),
        certificate=record.certificate,
        since=record.since,
        revocations=_revocations(state, identifier, now),
    )


def _revocations(state: StateReader, identifier: AuthorityId, now: UnixSeconds) -> answers.RevocationInfo | None:
    newest = revocation.revocation_list(state, identifier)
    if newest is None:
        return None
    number = str(int.from_bytes(newest.number, "big"))
    return answers.RevocationInfo(number, newest.this_update, newest.next_update, newest.revoked, newest.is_stale(now))


def certificate_infos(
    state: StateReader, organisation: str, after: bytes | None
) -> Iterator[tuple[bytes, answers.CertificateInfo]]:
    """Of one organisation, by name and fingerprint, each with the key beyond which the list goes on."""
    prefix = text(organisation)
    for key, _ in MEMBERS.scan(state, prefix, None if after is None else prefix + after):
        yield key[len(prefix) :], certificate_info(state, key[-32:])


def certificate_info(state: StateReader, fingerprint: bytes) -> answers.CertificateInfo:
    """Raises CertificateUnknown."""
    known = Fingerprint(Hash(fingerprint))
    record = registry.certificate(state, known)
    if record is None:
        raise CertificateUnknown(known)
    try:
        registry.authenticate(state, known, head(state).time)
    except HubError as error:
        refused_for = error.reason()
    else:
        refused_for = ""
    return answers.CertificateInfo(
        organisation=record.organisation,
        name=record.name,
        role=record.role,
        fingerprint=known,
        certificates=record.certificates,
        valid_from=record.valid_from,
        valid_until=record.valid_until,
        enrolled_at=record.enrolled_at,
        enrolled_in=record.enrolled_in,
        refused_for=refused_for,
    )


def member_info(state: StateReader, organisation: OrganisationId, name: MemberName) -> answers.MemberInfo:
    known = registry.certificates_of(state, organisation, name)
    address = member_account(organisation, name)
    return answers.MemberInfo(
        member=member_id(organisation, name),
        account=address,
        nonce=account(state, address).nonce,
        certificates=tuple(certificate_info(state, one) for one in known),
    )


def validator_infos(state: StateReader) -> tuple[answers.ValidatorInfo, ...]:
    found = []
    for member in validators(state).members:
        key = validator_keys.validator_key(state, member.address)
        organisation, name = ("", "") if key is None else (key.organisation, key.name)
        found.append(answers.ValidatorInfo(member.address, member.power, organisation, name))
    return tuple(found)


def proposal_info(state: StateReader, number: int) -> answers.ProposalInfo:
    """Raises ProposalUnknown."""
    record = proposals.proposal(state, number)
    if record is None:
        raise ProposalUnknown(number)
    return _proposal(state, record)


def proposal_infos(state: StateReader, after: int) -> Iterator[answers.ProposalInfo]:
    return (_proposal(state, record) for record in proposals.proposals(state, after))


def _proposal(state: StateReader, record: proposals.Proposal) -> answers.ProposalInfo:
    now, action = head(state).time, decode_action(record.action)
    standing, tally = proposals.standing_ballots(state, record, now), proposals.tally(state, record, now)
    return answers.ProposalInfo(
        number=record.number,
        organisation=record.organisation,
        name=record.name,
        fingerprint=record.fingerprint,
        action=action,
        made_at=record.made_at,
        expiry=record.expiry,
        outcome=proposals.outcome_at(record, now),
        ballots=tuple(
            answers.BallotInfo(
                one.organisation, one.name, one.fingerprint, one.approve, one.cast_at, counts=one in standing
            )
            for one in record.ballots
        ),
        approving=tally.approving,
        against=tally.against,
        organisations=tally.organisations,
        closed_at=record.closed_at,
        reason=record.reason,
        message=record.message,
        too_powerful=_too_powerful(state, action),
    )


def _too_powerful(state: StateReader, action: Action) -> tuple[OrganisationId, ...]:
    if not isinstance(action, ProposeValidators):
        return ()
    powers = validator_keys.powers_of(state, action.validators)
    return validator_keys.too_powerful(powers or {}, len(organisations.live_organisations(state)))


def parameter_answers(state: StateReader) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, str(value)) for name, value in msgspec.structs.asdict(parameters(state)).items())


def contract_infos(state: StateReader) -> tuple[answers.ContractInfo, ...]:
    return tuple(
        answers.ContractInfo(
            contract=one.activation.name,
            version=one.activation.version,
            package_hash=one.activation.package_hash,
            policy=one.activation.policy,
            height=one.activation.height,
            retired=one.activation.retired,
            can_be_endorsed=one.can_be_endorsed,
            missing=one.missing,
        )
        for one in statuses(state, organisations.live_organisations(state))
    )


def call_info(state: StateReader, call_id: bytes) -> answers.CallInfo:
    """Raises CallNotFound."""
    record = calls.call(state, call_id)
    if record is None:
        raise CallNotFound(call_id)
    return call_view(record)


def call_view(record: calls.OutgoingCall) -> answers.CallInfo:
    return answers.CallInfo(
        call_id=record.call_id,
        caller=record.caller,
        service=record.service,
        encoding=record.encoding,
        client=record.client,
        sequence=record.sequence,
        deadline=record.deadline,
        state=record.state,
        code=record.code,
        output=record.output,
        message=record.message,
        callback_failed=record.callback_failed,
    )


def request_view(record: calls.PendingRequest) -> answers.RequestInfo:
    return answers.RequestInfo(
        request_id=record.request_id,
        contract=record.contract,
        service=record.service,
        caller_client=record.caller_client,
        caller=record.caller,
        encoding=record.encoding,
        deadline=record.deadline,
        input=record.input,
    )

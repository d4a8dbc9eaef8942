"""What a client shall begin anew with: its present configuration, but for what the operator names, or what the hub says
of itself. And who shall sign next, as the operator names them; with how much power.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from console.amounts import address_text, parse_address
from console.exits import Misused, Refused
from console.keystore import Keystore
from hub.answers import ClientInfo, NodeStatus, Rotation
from hub.clients import attested_evm, quorum
from hub.messages import ScheduleAttestedReplacement, ScheduleQuorumReplacement
from hub.proofs.quorum import SignerSet, least_quorum
from hub.quantities import MAX_U64, Address, Seconds


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from the present configuration; None, or nothing: as it is. Durations in seconds."""

    members: Sequence[str] = ()
    """Attestors or validators, ADDRESS or ADDRESS=POWER."""
    epoch: int | None = None
    threshold: int | None = None
    finality: str | None = None
    finality_time: int | None = None
    trusting_period: int | None = None
    max_clock_drift: int | None = None


def replacement(info: ClientInfo, changes: Changes) -> ScheduleAttestedReplacement | ScheduleQuorumReplacement:
    """The message that announces the new beginning, with the same chain and router; raises Misused, InvalidSignerSet.

    Attestors begin in a later epoch, so that nothing counts which was signed before; validators number theirs
    themselves.
    """
    drift_and_trust = _given(
        trusting_period=_seconds(changes.trusting_period), max_clock_drift=_seconds(changes.max_clock_drift)
    )
    finality = _given(finality_rule=changes.finality, finality_time=_seconds(changes.finality_time))
    match info.config:
        case attested_evm.Config() as config:
            attestors = _set(config.attestors, changes, (changes.epoch or config.attestors.epoch + 1))
            threshold = changes.threshold or (
                least_quorum(len(attestors.members)) if changes.members else config.threshold
            )
            return ScheduleAttestedReplacement(
                info.client,
                msgspec.structs.replace(
                    config, attestors=attestors, threshold=threshold, **finality, **drift_and_trust
                ),
            )
        case quorum.Config() as config:
            if finality or changes.threshold:
                raise Misused(
                    f"{info.client} is a client of a chain of our own: it has no router, threshold or finality"
                )
            validators = _set(config.validators, changes, changes.epoch or config.validators.epoch)
            return ScheduleQuorumReplacement(
                info.client, msgspec.structs.replace(config, validators=validators, **drift_and_trust)
            )


def replacement_by_hub(
    info: ClientInfo, hub: NodeStatus, changes: Changes, *, accept_single_operator: bool
) -> ScheduleQuorumReplacement:
    """The message that lets a ledger's client of its hub begin anew with the validators that the hub has now.

    Of ``changes`` the durations count. Raises Refused where it is another hub than before.
    """
    config = _of_our_own(info)
    if (hub.chain_id, hub.genesis_hash) != (config.chain, config.genesis_hash):
        raise Refused(
            f"{info.client} believes {config.chain} of genesis 0x{config.genesis_hash.hex()}, and that is "
            f"{hub.chain_id} of 0x{hub.genesis_hash.hex()}: name the right one with --hub",
            reason="ANOTHER_HUB",
        )
    chosen = msgspec.structs.replace(
        config,
        validators=SignerSet(hub.epoch, hub.validators),
        accept_single_operator=config.accept_single_operator or accept_single_operator,
        **_given(trusting_period=_seconds(changes.trusting_period), max_clock_drift=_seconds(changes.max_clock_drift)),
    )
    return ScheduleQuorumReplacement(info.client, chosen)


def _of_our_own(info: ClientInfo) -> quorum.Config:
    if not isinstance(info.config, quorum.Config):
        raise Misused(f"{info.client} is no client of a hub")
    return info.config


def parse_member(text: str) -> tuple[Address, int]:
    """``ADDRESS`` or ``ADDRESS=POWER``; raises Misused."""
    address, equals, power = text.partition("=")
    if equals and not (power.isascii() and power.isdecimal() and 1 <= int(power) <= MAX_U64):
        raise Misused(f"{text!r} has no power: give ADDRESS=POWER, a whole number from 1")
    return parse_address(address), int(power) if equals else 1


def next_members(keystore: Keystore, texts: Sequence[str]) -> tuple[tuple[Address, int], ...]:
    """The members of a set that is to be proposed, by ADDRESS or ADDRESS=POWER; a key's name may stand for its address.

    Raises Misused.
    """
    members = tuple(parse_member(_by_name(keystore, text)) for text in texts)
    if len({address for address, _ in members}) != len(members):
        raise Misused("a validator is named twice: name each once")
    return members


def rotation_summary(rotation: Rotation) -> dict[str, object]:
    """Who signs, and who is to sign next."""
    proposed = rotation.next_validators
    return {
        "epoch": rotation.validators.epoch,
        "validators": members_text(rotation.validators),
        "proposed_epoch": proposed.epoch if proposed else "",
        "proposed_validators": members_text(proposed) if proposed else [],
    }


def could_halt(organisations: Iterable[str]) -> str:
    """What a person reads of organisations that have too much of a ledger's power."""
    return f"{', '.join(organisations)} alone could halt the ledger: with four organisations none should have a third"


def members_text(signers: SignerSet) -> list[str]:
    """A set's members as people read them."""
    return [f"{address_text(member.address)} (power {member.power})" for member in signers.members]


def _by_name(keystore: Keystore, text: str) -> str:
    """A member named by a key of the home, as its address."""
    name, equals, power = text.partition("=")
    return text if name.startswith("0x") else keystore.entry(name).address + equals + power


def _set(present: SignerSet, changes: Changes, epoch: int) -> SignerSet:
    powers = dict(map(parse_member, changes.members))
    if len(powers) != len(changes.members):
        raise Misused("a member is named twice: name each once")
    return SignerSet.of(epoch, powers or {member.address: member.power for member in present.members})


def _seconds(value: int | None) -> Seconds | None:
    return None if value is None else Seconds(value)


def _given(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}

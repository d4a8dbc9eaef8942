"""Whether the attestors that a relayer asks are those of the hub's client, and sign as it believes.

Half of a replacement is done at the hub, the other half in each attestor's chains file: between the two the hub
believes nothing new of the chain.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

from adapters.evm.attestation import AttestorInfo, AttestorTarget, Watching, attestor_info
from console.amounts import address_text
from console.checks import Check
from hub.answers import ClientInfo
from hub.clients import attested_evm
from hub.errors import HubError
from relayers.config import EvmTarget, load_relayer_config

_MOST_LETTERS = 40
"""Of a rule, which may be told by anyone."""

Answer = AttestorInfo | str
"""Of an attestor, or why there is none."""


async def attestor_checks(path: Path, clients: Mapping[str, ClientInfo]) -> AsyncIterator[Check]:
    """Of the chains in one relayer's configuration. ``clients``: the hub's, by name."""
    try:
        chains = load_relayer_config(path).chains
    except (HubError, OSError) as error:
        yield Check(str(path), False, str(error), "name the configuration of a relayer on this machine")
        return
    for chain in chains.values():
        info = clients.get(chain.client)
        if isinstance(chain, EvmTarget) and info is not None and isinstance(info.config, attested_evm.Config):
            answers = await asyncio.gather(*(_asked(target) for target in chain.attestor_targets))
            told = dict(zip(chain.attestors, answers, strict=True))
            for check in attestors_agree(chain.name, chain.client, info.config, told):
                yield check


def attestors_agree(
    chain: str, client: str, config: attested_evm.Config, answers: Mapping[str, Answer]
) -> Iterator[Check]:
    """What each attestor tells, by where it listens, against the configuration of the hub's client; and whether enough
    of them are well. An attestor's word for itself: a false one shows when it signs.
    """
    sound = set()
    for target, answer in answers.items():
        check = _attestor(f"attestor of {chain}", client, config, target, answer)
        if check.ok and isinstance(answer, AttestorInfo):
            sound.add(answer.attestor)
        yield check
    found = f"{len(sound)} of {len(config.attestors.members)} sign as {client} believes, {config.threshold} must"
    missing = [address_text(one.address) for one in config.attestors.members if one.address not in sound]
    yield Check(
        f"attestors of {chain}",
        len(sound) >= config.threshold,
        found,
        f"the hub believes nothing new of {chain}: mend or name {', '.join(missing)}",
    )


def _attestor(name: str, client: str, config: attested_evm.Config, target: str, answer: Answer) -> Check:
    if isinstance(answer, str):
        return Check(name, False, answer, f"start it, or change attestors and certificates where {target} is named")
    who = f"{address_text(answer.attestor)} at {target}"
    if answer.attestor not in {member.address for member in config.attestors.members}:
        return Check(name, False, f"{who} is no attestor of {client}", "ask those that `ichub chain show` names")
    watched = answer.chains.get(client)
    if watched is None:
        return Check(name, False, f"{who} does not watch {client}", "write the chain into its chains file")
    believed = Watching(config.chain_id, config.finality_rule, config.attestors.epoch)
    found = f"{who} signs for {client}: {_told(watched)}"
    if watched == believed:
        return Check(name, True, found)
    mend = f"a replacement is half done: write that into its chains file, or finish `ichub client replace {client}`"
    return Check(name, False, f"{found}; the hub believes {_told(believed)}", mend)


def _told(watching: Watching) -> str:
    return f"chain {watching.chain_id}, {watching.finality_rule[:_MOST_LETTERS]}, epoch {watching.epoch}"


async def _asked(target: AttestorTarget) -> Answer:
    try:
        return await attestor_info(target)
    except (HubError, OSError) as error:
        return str(error)

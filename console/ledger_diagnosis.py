"""What ``ichub ledger doctor`` looks at, beside what all homes have in common (``console.checks``)."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.permissioned.ledger.answers import AuthorityInfo, OrganisationInfo, ValidatorInfo
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.contracts.activation import pinned_package
from adapters.permissioned.ledger.contracts.installed import find_installed
from adapters.permissioned.ledger.identities import OrganisationId
from adapters.permissioned.ledger.membership.records import Standing
from adapters.permissioned.ledger.membership.validator_keys import too_powerful
from adapters.permissioned.ledger.node import replay_ledger
from console import checks
from console.amounts import moment
from console.checks import CLOCK_TOLERANCE_SECONDS, Check
from console.exits import ConsoleError
from console.ledger_home import LedgerHome
from console.ledger_node import ledger_node_config
from console.ledger_session import connect, who
from console.replacing import could_halt
from hub.answers import NodeStatus
from hub.errors import HubError
from hub.version import VERSION


def local_checks(home: LedgerHome, member: str | None) -> Iterator[Check]:
    """What can be seen without asking anyone. ``member``: who is to act, else the configuration's."""
    yield checks.python()
    yield checks.disk(home.path)
    try:
        config = home.config()
    except ConsoleError as error:
        yield Check("configuration", False, str(error), "make a home with `ichub ledger init`, or name one with --home")
        return
    yield Check("configuration", True, str(home.config_file))
    yield _genesis(home)
    yield from checks.keystores(home.keystore)
    yield from checks.secrets([home.password_file, home.private_values, *home.secret_keys()])
    yield checks.certificate(home.server[0], "a certificate of its organisation's authority, into tls/; then restart")
    yield _member(home, member or config.member)
    yield checks.signers_guard(home.guard, home.data)
    yield checks.api_port(config.listen)


async def remote_checks(home: LedgerHome, member: str | None) -> AsyncIterator[Check]:
    """What must be asked of the node that the home names."""
    try:
        async with await connect(home, who(home, member)) as ledger:
            status = await ledger.status()
            yield Check("ledger", True, f"{status.chain_id} at height {status.height}, engine {status.engine}")
            for check in _against(home, status):
                yield check
            yield await _enrolment(ledger)
            yield await _contracts(ledger)
            yield _validators(await ledger.validators(), await ledger.organisations())
            yield revocation_check(await ledger.authorities())
    except (HubError, ConsoleError, OSError) as error:
        yield Check("ledger", False, str(error), "start it with `ichub ledger start`, or name another in config.toml")


def replay_check(home: LedgerHome) -> Check:
    """Execute all blocks of a stopped node again, beside its store, and compare roots and events."""
    with TemporaryDirectory(prefix="replay-", dir=home.path) as folder:
        try:
            height = replay_ledger(ledger_node_config(home), find_installed(), Path(folder) / "store")
        except (HubError, ConsoleError) as error:
            return Check("replay", False, str(error), "stop the node first; if it was, restore a backup")
    return Check("replay", True, f"blocks 0 to {height} give the same roots and events")


def _genesis(home: LedgerHome) -> Check:
    try:
        genesis = home.genesis()
        key = home.keystore.entry(home.config().validator)
    except ConsoleError as error:
        return Check("genesis", False, str(error), "restore genesis.json from another node of the same ledger")
    begun = home.data.is_dir() and any(home.data.iterdir())  # then the validators may be others by now
    mine = begun or bytes.fromhex(key.address[2:]) in {one.address for one in genesis.validators}
    found = f"0x{genesis.hash().hex()} of {genesis.chain_id}, {len(genesis.organisations)} organisation(s)"
    return Check("genesis", mine, found, f"{key.address} is none of the validators: bring back its file in keys/")


def _member(home: LedgerHome, member: str) -> Check:
    if not member:
        return Check("certificates", False, "nobody acts here", "`member` in config.toml, or --as ORG/NAME")
    try:
        path, _ = home.member_files(member)
    except (ConsoleError, HubError) as error:
        return Check("certificates", False, str(error), f"`ichub ledger enrol {member}`")
    return checks.certificate(path, f"a new certificate for {member}, then `ichub ledger enrol {member}`")


def _against(home: LedgerHome, status: NodeStatus) -> Iterator[Check]:
    """The node and this home are of one ledger, one time, one version."""
    ours = home.genesis().hash() if home.genesis_file.exists() else status.genesis_hash
    found = f"0x{status.genesis_hash.hex()}"
    same = ours == status.genesis_hash
    yield Check("same genesis", same, found, "it is another ledger: check `ledger` in config.toml")
    ahead = status.time - int(time.time())
    found = f"{ahead:+d} s against this machine"
    yield Check("ledger's clock", ahead <= CLOCK_TOLERANCE_SECONDS, found, "set the clocks")
    found = f"node {status.version}, here {VERSION}"
    yield Check("versions", status.version == VERSION, found, "use the same version")


async def _enrolment(ledger: LedgerClient) -> Check:
    known = await ledger.whoami()
    enrolled = any(one.fingerprint == ledger.fingerprint for one in known.certificates)
    found = f"{known.member} is {'enrolled' if enrolled else 'not enrolled with this certificate'}, nonce {known.nonce}"
    return Check("member", enrolled, found, f"`ichub ledger enrol {known.member}`")


async def _contracts(ledger: LedgerClient) -> Check:
    """A node here would run just what was voted for."""
    active = [one for one in await ledger.contracts() if not one.retired]
    try:
        installed = find_installed()
        for one in active:
            pinned_package(installed, one.contract, one.version, one.package_hash)
    except HubError as error:
        return Check("contracts", False, str(error), "install the version that was voted for: a node stops without it")
    return Check("contracts", True, ", ".join(f"{one.contract} {one.version}" for one in active) or "none")


def _validators(signers: Sequence[ValidatorInfo], organisations: Sequence[OrganisationInfo]) -> Check:
    """Well in any case: one node may have to hold most of the power."""
    powers: Counter[OrganisationId] = Counter()
    for one in signers:
        powers[OrganisationId(one.organisation)] += one.power
    alone = too_powerful(powers, sum(not one.removed for one in organisations))
    found = ", ".join(f"{name}: {power} of {powers.total()}" for name, power in sorted(powers.items()))
    return Check("validators", True, f"{found}; {could_halt(alone)}" if alone else found)


def revocation_check(authorities: Sequence[AuthorityInfo]) -> Check:
    """A stale list locks nobody out; who was revoked since is not known, though."""
    lists = [
        (one.organisation, one.revocations)
        for one in authorities
        if one.standing is Standing.REGISTERED and one.revocations is not None
    ]
    stale = [f"{name}'s since {moment(one.next_update)}" for name, one in lists if one.stale]
    found = f"stale: {', '.join(stale)}" if stale else f"{len(lists)} published, none is stale"
    return Check(
        "revocation lists", not stale, found, "bring the authority's newer one: `ichub ledger ca publish-crl CRL`"
    )

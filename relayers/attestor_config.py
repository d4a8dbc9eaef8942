"""The attestor's own files. What it believes about a chain comes from here, never from the hub.

The daemon's file (read once):

    listen = "127.0.0.1:9401"
    monitor = "127.0.0.1:9402"
    keystore = "attestor.json"          # encrypted V3; its password in the environment or a file
    password_file = "attestor.password"
    guard = "attestor.guard"
    chains = "attestor-chains.toml"
    certificate = "attestor.pem"        # with key: TLS; without both: plain text, on a devnet only
    key = "attestor.key"
    authority = "clients-ca.pem"        # serve only relayers whose certificate it signed; without it anyone
    requests_per_second = 100           # of one address; twice as many at once
    devnet = false

The chains file (read again when it changes):

    hub_genesis_hash = "0x…"

    [attested-0]
    chain_id = 31337
    finality = "depth:2"
    epoch = 1
    endpoints = ["http://127.0.0.1:8545", "…", "…"]
    quorum = 3                          # more than two thirds of the endpoints unless it is given; at least a majority
    next_set_hash = "0x…"               # only while a hand-over to the next attestor set is approved
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.evm.finality import FinalityRule, finality_rule
from hub.errors import HubError
from hub.ibc.identifiers import client_id
from hub.proofs.quorum import least_quorum
from hub.quantities import Epoch, Hash
from relayers.fields import Fields, read_toml

LEAST_ENDPOINTS = 3
"""Off a devnet: with fewer, one liar and one silent endpoint are all there is."""


@dataclass(frozen=True, slots=True)
class AttestorConfig:
    """The daemon's file."""

    listen: str
    monitor: str
    keystore: Path
    password: str
    guard: Path
    chains: Path
    certificate: Path | None
    key: Path | None
    devnet: bool
    authority: Path | None = None
    requests_per_second: int = 100


@dataclass(frozen=True, slots=True)
class AttestedChainConfig:
    """One chain that is watched for one client of the hub."""

    client: str
    chain_id: int
    finality: FinalityRule
    epoch: Epoch
    endpoints: tuple[str, ...]
    quorum: int
    next_set_hash: Hash | None = None


@dataclass(frozen=True, slots=True)
class ChainsFile:
    """All chains, and the one hub they are watched for."""

    hub_genesis_hash: Hash
    chains: Mapping[str, AttestedChainConfig]


def load_attestor_config(path: Path) -> AttestorConfig:
    """Read the daemon's file; paths in it are relative to it. Raises InvalidConfiguration, OSError."""
    fields = Fields(path, "", read_toml(path))
    pair, authority = fields.optional_pair("certificate", "key"), fields.optional_path("authority")
    devnet = fields.flag("devnet")
    if pair is None and not devnet:
        raise fields.wrong("certificate", "is missing: only a devnet does without TLS")
    if pair is None and authority is not None:
        raise fields.wrong("authority", "needs certificate and key: clients show theirs over TLS only")
    requests_per_second = fields.number("requests_per_second", 100)
    if requests_per_second == 0:
        raise fields.wrong("requests_per_second", "is 0: then nobody is served")
    config = AttestorConfig(
        listen=fields.text("listen"),
        monitor=fields.text("monitor"),
        keystore=fields.path("keystore"),
        password=fields.password(),
        guard=fields.path("guard"),
        chains=fields.path("chains"),
        certificate=pair.certificate if pair else None,
        key=pair.key if pair else None,
        devnet=devnet,
        authority=authority,
        requests_per_second=requests_per_second,
    )
    fields.refuse_unknown()
    return config


def load_chains(path: Path, *, devnet: bool) -> ChainsFile:
    """Read the chains file; raises InvalidConfiguration, OSError."""
    document = read_toml(path)
    tables = {name: document.pop(name) for name in list(document) if isinstance(document[name], dict)}
    top = Fields(path, "", document)
    genesis = top.hash("hub_genesis_hash")
    top.refuse_unknown()
    chains = {name: _chain(Fields(path, name, table), name, devnet=devnet) for name, table in tables.items()}
    return ChainsFile(genesis, chains)


def _chain(fields: Fields, client: str, *, devnet: bool) -> AttestedChainConfig:
    try:
        client_id(client)
    except HubError as error:
        raise fields.wrong("its name", f"is no client of the hub: {error}") from error
    endpoints = fields.texts("endpoints")
    if len(endpoints) < (1 if devnet else LEAST_ENDPOINTS):
        raise fields.wrong("endpoints", f"are {len(endpoints)}: give {LEAST_ENDPOINTS} or more, of different operators")
    if len(set(endpoints)) != len(endpoints):
        raise fields.wrong("endpoints", "are repeated: one endpoint has one vote")
    quorum = fields.number("quorum", least_quorum(len(endpoints)))
    if not len(endpoints) // 2 < quorum <= len(endpoints):
        raise fields.wrong("quorum", f"of {quorum} is no majority of {len(endpoints)} endpoints")
    try:
        rule = finality_rule(fields.text("finality"))
    except ValueError as error:
        raise fields.wrong("finality", f"is refused: {error}") from error
    config = AttestedChainConfig(
        client=client,
        chain_id=fields.number("chain_id"),
        finality=rule,
        epoch=Epoch(fields.number("epoch", 1)),
        endpoints=endpoints,
        quorum=quorum,
        next_set_hash=fields.hash("next_set_hash") if fields.has("next_set_hash") else None,
    )
    fields.refuse_unknown()
    return config

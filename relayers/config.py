"""The relayer's own file. What is public it asks of the hub: routers, finality rules, attestor sets.

    monitor = "127.0.0.1:9501"
    keystore = "relayer.json"            # encrypted V3; one key serves the hub and all chains
    password_file = "relayer.password"   # or in the environment, ICHUB_KEYSTORE_PASSWORD
    cursors = "cursors"                  # where it keeps how far it has read; may be deleted at any time

    [hub]
    target = "localhost:9090"
    root_certificate = "ca.pem"          # without it the system's roots; insecure = true for plain text on a devnet
    certificate = "client.pem"           # with key: shown to a hub that requires a client's certificate
    key = "client.key"

    [chains.alpha]
    client = "attested-0"                # the hub's client of the chain
    endpoints = ["http://127.0.0.1:8545"]
    attestors = ["localhost:9401", "localhost:9402"]
    attestor_certificate = "ca.pem"      # without it plain text
    attestor_client_certificate = "c.pem"  # with attestor_client_key: shown to attestors that require one
    attestor_client_key = "c.key"
    first_height = 1                     # the block of the router's creation
    poll_seconds = 0.5                   # less than the chain's block time
    stuck_seconds = 30.0                 # without being mined, after which fees are raised
    fee_ceiling_gwei = 500
    transaction_gas = 15000000           # the most that a delivery may ask for: below the block's and EIP-7825's limits

    [chains.trade]
    kind = "ledger"                      # else "evm"
    client = "quorum-0"
    target = "localhost:18600"           # a node of the ledger
    authorities = "ledger-ca.pem"        # whom the node's certificate is believed by
    certificate = "relayer.pem"          # with key: of the member that writes there; it enrols itself
    key = "relayer.key"
    first_height = 1
    poll_seconds = 0.5

It is read again when it changes: a chain that is added is relayed, one that is taken away is left, without a restart.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from adapters.evm.attestation import AttestorTarget
from hub.errors import HubError
from hub.ibc.identifiers import ClientId, client_id
from hub.quantities import Height
from relayers.fields import Fields, KeyPair, read_toml

TRANSACTION_GAS = 15_000_000
"""Half of a common block, and below what one transaction may take at all on Ethereum (EIP-7825: 2**24)."""


@dataclass(frozen=True, slots=True)
class HubTarget:
    """Where a hub node listens."""

    target: str
    root_certificate: Path | None
    insecure: bool
    identity: KeyPair | None = None
    """What the hub is shown of us."""


@dataclass(frozen=True, slots=True)
class EvmTarget:
    """Where an EVM chain and its attestors are reached, and what its transactions may cost."""

    name: str
    client: ClientId
    endpoints: tuple[str, ...]
    attestors: tuple[str, ...]
    attestor_certificate: Path | None
    first_height: Height
    poll_s: float
    stuck_s: float
    fee_ceiling_gwei: int
    transaction_gas: int = TRANSACTION_GAS
    """The most that one delivery may ask for: a share of the chain's block."""
    attestor_identity: KeyPair | None = None
    """What attestors are shown of us."""

    @property
    def attestor_targets(self) -> list[AttestorTarget]:
        """How each of them is asked."""
        shown = self.attestor_identity
        identity = None if shown is None else (shown.certificate, shown.key)
        return [AttestorTarget(attestor, self.attestor_certificate, identity) for attestor in self.attestors]


@dataclass(frozen=True, slots=True)
class LedgerTarget:
    """Where a node of a permissioned ledger listens, and as which member the relayer writes there."""

    name: str
    client: ClientId
    target: str
    authorities: Path
    """Whom the node's certificate is believed by."""
    identity: KeyPair
    first_height: Height
    poll_s: float


ChainTarget: TypeAlias = EvmTarget | LedgerTarget


@dataclass(frozen=True, slots=True)
class RelayerConfig:
    """The whole file."""

    path: Path
    monitor: str
    keystore: Path
    password: str
    hub: HubTarget
    chains: dict[str, ChainTarget]
    cursors: Path


def load_relayer_config(path: Path) -> RelayerConfig:
    """Read the file; paths in it are relative to it. Raises InvalidConfiguration, OSError."""
    fields = Fields(path, "", read_toml(path))
    hub = fields.table("hub")
    config = RelayerConfig(
        path=path,
        monitor=fields.text("monitor"),
        keystore=fields.path("keystore"),
        password=fields.password(),
        hub=HubTarget(
            hub.text("target"),
            hub.optional_path("root_certificate"),
            hub.flag("insecure"),
            hub.optional_pair("certificate", "key"),
        ),
        chains={name: _chain(name, chain) for name, chain in fields.tables("chains").items()},
        cursors=path.parent / fields.text("cursors", "cursors"),
    )
    hub.refuse_unknown()
    fields.refuse_unknown()
    return config


def _chain(name: str, fields: Fields) -> ChainTarget:
    try:
        client = client_id(fields.text("client"))
    except HubError as error:
        raise fields.wrong("client", f"is refused: {error}") from error
    match fields.text("kind", "evm"):
        case "evm":
            chain: ChainTarget = _evm(name, client, fields)
        case "ledger":
            chain = _ledger(name, client, fields)
        case kind:
            raise fields.wrong("kind", f"{kind!r} is unknown: it is evm or ledger")
    fields.refuse_unknown()
    return chain


def _evm(name: str, client: ClientId, fields: Fields) -> EvmTarget:
    chain = EvmTarget(
        name=name,
        client=client,
        endpoints=fields.texts("endpoints"),
        attestors=fields.texts("attestors"),
        attestor_certificate=fields.optional_path("attestor_certificate"),
        first_height=Height(fields.number("first_height", 0)),
        poll_s=fields.seconds("poll_seconds", 1.0),
        stuck_s=fields.seconds("stuck_seconds", 30.0),
        fee_ceiling_gwei=fields.number("fee_ceiling_gwei", 500),
        transaction_gas=fields.number("transaction_gas", TRANSACTION_GAS),
        attestor_identity=fields.optional_pair("attestor_client_certificate", "attestor_client_key"),
    )
    if not chain.endpoints or not chain.attestors:
        raise fields.wrong("endpoints", "or attestors are none: name at least one of each")
    return chain


def _ledger(name: str, client: ClientId, fields: Fields) -> LedgerTarget:
    return LedgerTarget(
        name=name,
        client=client,
        target=fields.text("target"),
        authorities=fields.path("authorities"),
        identity=KeyPair(fields.path("certificate"), fields.path("key")),
        first_height=Height(fields.number("first_height", 1)),
        poll_s=fields.seconds("poll_seconds", 0.5),
    )

"""``ichub init``: make a node's home."""

import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from console.amounts import parse_amount
from console.certificates import make_certificates
from console.config import DEFAULT_LISTEN, ConfigValues, config_text, read_config, require_endpoint
from console.exits import Misused
from console.home import DEFAULT_HOME, NodeHome, new_home, read_password
from console.keystore import DEVNET_SCRYPT_ROUNDS, SCRYPT_ROUNDS, write_private
from console.options import Json, PasswordFile, new_home_option
from console.output import Output
from hub.genesis import FIRST_EPOCH, Genesis
from hub.messages import Role
from hub.parameters import Parameters
from hub.proofs.quorum import SignerSet
from hub.quantities import MAX_U64, Address, Amount, Seconds, UnixSeconds

DEVNET_PARAMETERS = Parameters(
    replacement_delay=Seconds(60), route_margin=Seconds(3), grace_margin=Seconds(3), settlement_time_limit=Seconds(3600)
)
"""Short, so that a person can wait for them."""
_CHAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,63}")
_RATE_CAP_SHARE = 100
"""Usually one part of so many of all the money may be at stake on one chain's word within a window."""
OPERATOR_ROLES = (Role.OPERATOR, Role.CHAIN_OPERATOR, Role.MEMBER)


@dataclass(frozen=True, slots=True)
class HomePlan:
    """What a new home is made from."""

    chain_id: str
    devnet: bool
    hosts: Sequence[str]
    values: ConfigValues
    supply: Amount
    chosen: Mapping[str, int] = field(default_factory=dict)
    """Parameters by their names, in the place of the usual ones."""

    @property
    def parameters(self) -> Parameters:
        usual = DEVNET_PARAMETERS if self.devnet else Parameters()
        rate_cap = Amount(max(1, self.supply // _RATE_CAP_SHARE))
        return msgspec.structs.replace(usual, **{"rate_cap": rate_cap, **self.chosen})


def init(
    home: Annotated[Path | None, new_home_option("~/.ichub", "ICHUB_HOME")] = None,
    chain_id: Annotated[str, typer.Option(help="The hub's name for itself; in every signature, for ever.")] = "hub-1",
    listen: Annotated[str, typer.Option(help="Where the gRPC API is served.")] = DEFAULT_LISTEN,
    host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name or address by which clients reach it; may be given several times."),
    ] = None,
    supply: Annotated[str, typer.Option(help="Money that the operator begins with, in the smallest unit.")] = "1"
    + "0" * 15,
    parameter: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="What the hub keeps to for ever (docs/operating.md); may be repeated."),
    ] = None,
    devnet: Annotated[
        bool, typer.Option("--devnet", help="For trying out: opens the faucet; a weak password beside the keys.")
    ] = False,
    renew_certificates: Annotated[
        bool, typer.Option("--renew-certificates", help="Only make new TLS certificates in a home that exists.")
    ] = False,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Make a node's home: a validator's and an operator's key, TLS certificates, the genesis, a configuration.

    Example: ichub init --home /srv/hub --chain-id acme-hub --host hub.acme.example
    """
    output = Output(json)
    place = NodeHome(new_home(home, DEFAULT_HOME))
    hosts = ("localhost", "127.0.0.1", *(host or ()))
    if renew_certificates:
        place.config()
        make_certificates(place.tls, hosts)
        output.done(f"new certificates in {place.tls}; restart the node, and give {place.tls}/ca.pem to its clients")
        return
    if place.config_file.exists():
        raise Misused(f"{place.path} is a home already: choose another with --home, or remove it first")
    if not _CHAIN_ID.fullmatch(chain_id):
        raise Misused(f"{chain_id!r} cannot name a hub: use letters, digits, `.`, `_` and `-`, 3 to 64 of them")
    values = ConfigValues(listen=require_endpoint(listen))
    plan = HomePlan(chain_id, devnet, hosts, values, parse_amount(supply), _chosen(parameter or ()))
    unattended = devnet and password_file is None
    password = secrets.token_hex(16) if unattended else read_password(place, password_file, new=True)
    with output.progress("making keys and certificates"):
        genesis = make_home(place, plan, password)
    output.done(
        f"made {place.path}, genesis 0x{genesis.hash().hex()}: "
        f"check config.toml, then `ichub start{f' --home {place.path}' if home else ''}`",
        home=str(place.path),
        genesis_hash=genesis.hash(),
    )


def make_home(home: NodeHome, plan: HomePlan, password: str) -> Genesis:
    """Write all of a home; the configuration last, so that half a home is no home. Raises Misused, InvalidGenesis."""
    rounds = DEVNET_SCRYPT_ROUNDS if plan.devnet else SCRYPT_ROUNDS
    home.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    addresses = {}
    for name in ("validator", "operator"):
        entry = home.keystore.create(name, password, rounds)
        addresses[name] = Address(bytes.fromhex(entry.address[2:]))
    genesis = Genesis(
        chain_id=plan.chain_id,
        time=UnixSeconds(int(time.time())),
        devnet=plan.devnet,
        parameters=plan.parameters,
        balances=((addresses["operator"], plan.supply),),
        roles=tuple((addresses["operator"], role) for role in OPERATOR_ROLES),
        validators=SignerSet.of(FIRST_EPOCH, {addresses["validator"]: 1}),
    )
    home.genesis_file.write_bytes(genesis.to_json())
    make_certificates(home.tls, plan.hosts)
    home.data.mkdir(exist_ok=True, mode=0o700)
    home.guard.mkdir(exist_ok=True, mode=0o700)
    if plan.devnet:
        write_private(home.password_file, password.encode())
    home.config_file.write_text(config_text(plan.values, password_file="keys/password" if plan.devnet else ""))
    read_config(home.config_file)
    return genesis


def _chosen(words: Sequence[str]) -> dict[str, int]:
    """Of ``NAME=VALUE``; raises Misused."""
    chosen = {}
    for word in words:
        name, _, value = word.partition("=")
        if name not in Parameters.__struct_fields__:
            known = ", ".join(Parameters.__struct_fields__)
            raise Misused(f"there is no parameter {name!r}; there are {known}")
        least = 1 if name == "rate_window" else 0
        if not re.fullmatch(r"[0-9]{1,20}", value) or not least <= int(value) <= MAX_U64:
            raise Misused(f"{word!r}: write {name}=NUMBER, from {least} up, in seconds or the smallest unit of money")
        chosen[name] = int(value)
    return chosen

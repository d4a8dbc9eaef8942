"""``ichub ledger init`` and ``start``: a node."""

import re
import secrets
import ssl
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop

from adapters.permissioned.ledger.contracts.installed import find_installed
from adapters.permissioned.ledger.contracts.packages import current
from adapters.permissioned.ledger.genesis import (
    FoundingContract,
    FoundingOrganisation,
    FoundingValidator,
    LedgerGenesis,
)
from adapters.permissioned.ledger.identities import (
    MemberName,
    MemberRole,
    OrganisationId,
    member_id,
    organisation_id,
)
from adapters.permissioned.ledger.machine import LedgerMachine
from adapters.permissioned.ledger.member_key import MemberKey
from adapters.permissioned.ledger.membership.validator_keys import too_powerful
from adapters.permissioned.ledger.parameters import Parameters, broken_rule
from console.commands.ledger.options import Home
from console.config import require_endpoint
from console.consortium import read_authorities
from console.exits import Misused, Refused
from console.home import new_home, password_of
from console.keystore import DEVNET_SCRYPT_ROUNDS, SCRYPT_ROUNDS, write_private
from console.ledger_home import DEFAULT_LEDGER_HOME, DEFAULT_LEDGER_LISTEN, LedgerHome, find_ledger_home
from console.logs import JsonLogs, log_to_stderr
from console.options import Json, PasswordFile, new_home_option
from console.output import Output
from console.replacing import could_halt
from hub.errors import HubError
from hub.quantities import UnixSeconds
from hub.signer import KeySigner

ADMIN, NODE = MemberName("admin"), MemberName("node")


def init(
    organisation: Annotated[
        list[str],
        typer.Option(
            metavar="NAME|NAME=CA.pem",
            help="NAME, whose authority and admin are made here; or NAME=CA.pem, with an authority of its own. The "
            "first NAME without a file runs this node.",
        ),
    ],
    home: Annotated[Path | None, new_home_option("~/.ichub-ledger", "ICHUB_LEDGER_HOME")] = None,
    chain_id: Annotated[
        str, typer.Option(help="The ledger's name for itself; in every signature, for ever.")
    ] = "trade-1",
    validator: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[=POWER]",
            help="Another node's validator, as its `ichub ledger validators prove` wrote it; several times. Power 1 "
            "unless said, as this node's.",
        ),
    ] = None,
    listen: Annotated[str, typer.Option(help="Where the gRPC API is served.")] = DEFAULT_LEDGER_LISTEN,
    open_listen: Annotated[
        str,
        typer.Option(
            metavar="HOST:PORT",
            help="Where anyone, without a certificate, may bring revocation lists. Default: nowhere.",
            show_default=False,
        ),
    ] = "",
    host: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A name or address by which members reach it.")
    ] = None,
    threshold: Annotated[
        str,
        typer.Option(
            help="Of the organisations, at least 1/2: a proposal passes with more than that for it (yes × 3 > 2 × "
            "organisations for 2/3). They may change it by vote."
        ),
    ] = "1/2",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse an organisation that could halt the ledger alone.")
    ] = False,
    devnet: Annotated[bool, typer.Option("--devnet", help="For trying out: a weak password beside the key.")] = False,
    password_file: PasswordFile = None,
    json: Json = False,
) -> None:
    """Make a ledger's home: organisations with their authorities, the genesis, the node's key and certificates.

    Example: ichub ledger init --organisation bank-a --organisation customs=customs-ca.pem
    """
    output, place = Output(json), LedgerHome(new_home(home, DEFAULT_LEDGER_HOME))
    if place.config_file.exists():
        raise Misused(f"{place.path} is a home already: choose another with --home, or remove it first")
    for endpoint in (listen, *filter(None, [open_listen])):
        require_endpoint(endpoint)
    parameters = _parameters(threshold)
    given = dict(sorted(_organisation(text) for text in organisation))
    own = [name for text in organisation if given[name := _organisation(text)[0]] is None]
    if not own:
        raise Misused(
            "one --organisation is given without a file: the one that runs this node, whose authority is made"
        )
    others = [_validator(text, chain_id) for text in validator or ()]
    powers = {own[0]: 1}
    for one in others:
        organisation_of = one.subject.organisation
        powers[organisation_of] = powers.get(organisation_of, 0) + one.power
    if alone := too_powerful(powers, len(given)):
        text = could_halt(alone)
        if strict:
            raise Refused(f"{text}; give --validator for other organisations", reason="TOO_POWERFUL")
        output.warn(text)
    password = secrets.token_hex(16) if devnet and password_file is None else password_of(password_file, None, new=True)
    with output.progress("making keys and certificates"):
        genesis = make_ledger_home(
            place,
            chain_id,
            given,
            own,
            others,
            hosts=("localhost", "127.0.0.1", *(host or ())),
            listen=listen,
            open_listen=open_listen,
            devnet=devnet,
            password=password,
            parameters=parameters,
        )
    output.done(
        f"made {place.path}, genesis 0x{genesis.hash().hex()}: check config.toml, then `ichub ledger start`, and "
        f"`ichub ledger enrol {own[0]}/{ADMIN}`",
        home=str(place.path),
        genesis_hash=genesis.hash(),
    )


def start(home: Home = None, password_file: PasswordFile = None, json: JsonLogs = False) -> None:
    """Run a ledger's node until Ctrl-C or SIGTERM. Logs go to stderr.

    Example: ichub ledger start --home /srv/ledger
    """
    from console.ledger_node import ledger_signers, run_ledger_home  # noqa: PLC0415  # no other command runs a node

    place = find_ledger_home(home)
    log_to_stderr(as_json=json)
    uvloop.run(run_ledger_home(place, ledger_signers(Output(json), place, password_file)))


def make_ledger_home(
    place: LedgerHome,
    chain_id: str,
    given: dict[OrganisationId, Path | None],
    own: list[OrganisationId],
    others: list[FoundingValidator],
    *,
    hosts: tuple[str, ...],
    listen: str,
    open_listen: str,
    devnet: bool,
    password: str,
    parameters: Parameters,
) -> LedgerGenesis:
    """Write all of a home; the configuration last, so that half a home is no home."""
    for name in own:
        folder = place.organisation(name)
        folder.make_authority()
        folder.certify(ADMIN, MemberRole.ADMIN)
    place.keystore.create("validator", password, DEVNET_SCRYPT_ROUNDS if devnet else SCRYPT_ROUNDS)
    certificate, key = place.organisation(own[0]).certify(NODE, MemberRole.VALIDATOR, hosts)
    mine = MemberKey.read(certificate, key).found(chain_id, KeySigner(place.keystore.open("validator", password)), 1)
    roots = {name: read_authorities(path or place.organisation(name).authority) for name, path in given.items()}
    contracts = [
        FoundingContract(name, package.shape.version, package.hash, "any member")
        for name, package in current(find_installed()).items()
    ]
    genesis = LedgerGenesis(
        chain_id=chain_id,
        time=UnixSeconds(int(time.time())),
        devnet=devnet,
        parameters=parameters,
        organisations=tuple(FoundingOrganisation(name, name, some) for name, some in roots.items()),
        validators=tuple(sorted((mine, *others), key=lambda one: one.address)),
        contracts=tuple(contracts),
    )
    LedgerMachine(genesis, find_installed()).genesis_changes()  # what no node would begin with is refused here
    place.genesis_file.write_bytes(genesis.to_json())
    server, server_key = place.server
    server.parent.mkdir(exist_ok=True, mode=0o700)
    server.write_bytes(certificate.read_bytes())
    write_private(server_key, key.read_bytes())
    place.authorities.write_text("".join(ssl.DER_cert_to_PEM_cert(one) for some in roots.values() for one in some))
    for folder_name in ("data", "guard"):
        (place.path / folder_name).mkdir(exist_ok=True, mode=0o700)
    if devnet:
        write_private(place.password_file, password.encode())
    place.write_config(listen, open_listen, list(given) if devnet else own, member_id(own[0], ADMIN), devnet=devnet)
    return genesis


def _organisation(text: str) -> tuple[OrganisationId, Path | None]:
    name, _, path = text.partition("=")
    return organisation_id(name), Path(path).expanduser() if path else None


def _parameters(threshold: str) -> Parameters:
    numbers = re.fullmatch("([0-9]{1,20})/([0-9]{1,20})", threshold)
    if numbers is None:
        raise Misused(f"{threshold!r} is no threshold: give a fraction, as 1/2 or 2/3")
    chosen = Parameters(int(numbers[1]), int(numbers[2]))
    if (rule := broken_rule(chosen)) is not None:
        raise Misused(f"{threshold!r} is no threshold: {rule}")
    return chosen


def _validator(text: str, chain_id: str) -> FoundingValidator:
    numbered = re.fullmatch("(.+)=([0-9]{1,19})", text)
    path, power = (numbered[1], int(numbered[2])) if numbered else (text, 1)
    try:
        found = FoundingValidator.from_json(Path(path).expanduser().read_bytes())
        found.verify(chain_id)
    except OSError as error:
        raise Misused(
            f"{path} cannot be read ({error.strerror}): give what `ichub ledger validators prove` wrote on the "
            "validator's machine, as FILE or FILE=POWER"
        ) from error
    except HubError as error:
        raise Misused(
            f"{path} does not prove a validator of {chain_id}: {error}; have it made by `ichub ledger validators prove "
            f"--chain-id {chain_id}`",
            error.reason(),
        ) from error
    return msgspec.structs.replace(found, power=power)

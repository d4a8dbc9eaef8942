"""A ledger node's home: where its configuration, genesis, keys, certificates and data stand.

HOME/
  config.toml            what an operator may change, each line explained
  genesis.json           the first state: the same for every node of the ledger
  keys/                  the checkpoint keys, encrypted V3 keystores; keys/password on a devnet
  tls/                   the node's certificate and key; authorities.pem: by whom members believe it
  organisations/NAME/    the authorities and members that this machine keeps (console/consortium.py)
  data/, private.db      blocks and state; private values
  guard/                 what this validator has signed; never restored from a backup
"""

from pathlib import Path
from typing import Annotated

import msgspec

from adapters.permissioned.ledger.genesis import LedgerGenesis
from adapters.permissioned.ledger.identities import MemberId, OrganisationId, organisation_id
from console.config import ENDPOINT_OR_NONE, Endpoint
from console.consortium import OrganisationFolder
from console.exits import Misused
from console.home import ROOT, Home, chosen_home, password_of, read_genesis

DEFAULT_LEDGER_HOME = Path.home() / ".ichub-ledger"
DEVNET_LEDGER_HOME = ROOT / "build" / "devnet" / "ledger"
DEFAULT_LEDGER_LISTEN = "127.0.0.1:18600"


class LedgerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt key is an error, never a silent default."""

    listen: Endpoint = DEFAULT_LEDGER_LISTEN
    open_listen: Annotated[str, msgspec.Meta(pattern=ENDPOINT_OR_NONE)] = ""
    metrics: str = ""
    heartbeat_seconds: Annotated[int, msgspec.Meta(ge=1)] = 30
    keeps_private_values_for: tuple[str, ...] = ()
    validator: str = "validator"
    next_validator: str = ""
    password_file: str = ""
    ledger: str = "localhost:18600"
    member: str = ""


_TEXT = """\
# A ledger node's configuration. Every key may be left out; changes are in force after a restart.

listen = "{listen}"  # where the gRPC API is served, over mutual TLS
open_listen = "{open_listen}"  # where anyone, without a certificate, may bring revocation lists; "" for nowhere
metrics = "{metrics}"  # Prometheus metrics; "" for none
heartbeat_seconds = 30  # a block at least this often, so that timeouts can be proven
keeps_private_values_for = [{keeps}]  # organisations whose private values this node stores
validator = "validator"  # the key in keys/ that signs checkpoints
next_validator = ""  # the key that takes over at a rotation to it
password_file = "{password_file}"  # of the keys in keys/, for a start without a person; "" asks on the terminal

ledger = "{ledger}"  # the node that commands with this home talk to
member = "{member}"  # as whom, unless --as says otherwise
"""


class LedgerHome(Home):
    """And in a ledger node's."""

    __slots__ = ()

    @property
    def private_values(self) -> Path:
        return self.path / "private.db"

    @property
    def server(self) -> tuple[Path, Path]:
        """The node's certificate and key."""
        return self.path / "tls" / "server.pem", self.path / "tls" / "server.key"

    @property
    def authorities(self) -> Path:
        return self.path / "tls" / "authorities.pem"

    def organisation(self, name: str) -> OrganisationFolder:
        """Raises InvalidOrganisationId."""
        return OrganisationFolder(self.path / "organisations" / name, organisation_id(name))

    def secret_keys(self) -> list[Path]:
        """Keys of authorities and members that this machine keeps, and the node's."""
        return [*sorted((self.path / "organisations").rglob("*.key")), self.server[1]]

    def member_files(self, member: str) -> tuple[Path, Path]:
        """A member's certificate and key; raises Misused where they are not here."""
        organisation, name = parts_of(member)
        certificate, key = self.organisation(organisation).member(name)
        if not certificate.exists() or not key.exists():
            raise Misused(
                f"there is no certificate with its key of {member} in {certificate.parent}: "
                f"`ichub ledger enrol {member}` makes one where {organisation}'s authority is kept"
            )
        return certificate, key

    def config(self) -> LedgerConfig:
        """Raises Misused where there is no home here, or where its configuration cannot be meant."""
        try:
            return msgspec.toml.decode(self.config_file.read_bytes(), type=LedgerConfig)
        except FileNotFoundError as error:
            raise Misused(
                f"{self.path} is no ledger's home (it has no config.toml): make one with `ichub ledger init --home "
                f"{self.path}`, or name another with --home",
                reason="NO_HOME",
            ) from error
        except (msgspec.MsgspecError, ValueError) as error:
            raise Misused(f"{self.config_file}: {error}; mend that line", reason="BAD_CONFIG") from error

    def password(self, given: Path | None, *, new: bool = False) -> str:
        """Of the keys in ``keys/``; raises Misused."""
        configured = self.config().password_file
        return password_of(given, self.path / configured if configured else None, new=new)

    def write_config(
        self, listen: str, open_listen: str, keeps: list[OrganisationId], member: MemberId, *, devnet: bool
    ) -> None:
        port = listen.rpartition(":")[2]
        text = _TEXT.format(
            listen=listen,
            open_listen=open_listen,
            metrics="",
            keeps=", ".join(f'"{one}"' for one in keeps),
            password_file="keys/password" if devnet else "",
            ledger=f"localhost:{port}" if listen.startswith(("127.0.0.1:", "0.0.0.0:", "localhost:")) else listen,
            member=member,
        )
        self.config_file.write_text(text)

    def genesis(self) -> LedgerGenesis:
        """Raises Misused."""
        return read_genesis(self.genesis_file, LedgerGenesis.from_json, "ledger")


def find_ledger_home(given: Path | None) -> LedgerHome:
    """The home a command is about: the one given, else ~/.ichub-ledger, else the devnet's."""
    return LedgerHome(chosen_home(given, DEFAULT_LEDGER_HOME, DEVNET_LEDGER_HOME))


def parts_of(member: str) -> tuple[str, str]:
    """Of ``ORG/NAME``, as it was typed; raises Misused."""
    organisation, slash, name = member.partition("/")
    if not (organisation and slash and name):
        raise Misused(f"{member!r} names no member: write ORG/NAME, as bank-a/ann")
    return organisation, name

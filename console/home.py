"""A node's home: where its configuration, keys, certificates, data and signer's guard stand.

HOME/
  config.toml      what an operator may change, each line explained
  genesis.json     the first state: the same for every node of a hub
  keys/NAME.json   encrypted V3 keystores; keys/password where the node starts unattended
  tls/             the node's authority, server and client certificates
  data/            the store: blocks and state
  guard/           what this validator has signed; never restored from a backup
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import typer

from console.amounts import read_text
from console.config import Config, read_config
from console.exits import Misused
from console.keystore import Keystore
from hub.errors import HubError

G = TypeVar("G")

DEFAULT_HOME = Path.home() / ".ichub"
ROOT = Path(__file__).resolve().parents[1]
DEVNET_HOME = ROOT / "build" / "devnet" / "hub"


@dataclass(frozen=True, slots=True)
class Home:
    """The places in the home of a node of any kind of chain."""

    path: Path

    @property
    def config_file(self) -> Path:
        return self.path / "config.toml"

    @property
    def genesis_file(self) -> Path:
        return self.path / "genesis.json"

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def guard(self) -> Path:
        return self.path / "guard"

    @property
    def password_file(self) -> Path:
        return self.path / "keys" / "password"

    @property
    def keystore(self) -> Keystore:
        return Keystore(self.path / "keys")


class NodeHome(Home):
    """And in a hub node's."""

    __slots__ = ()

    @property
    def tls(self) -> Path:
        return self.path / "tls"

    def config(self) -> Config:
        """Raises Misused where there is no home here, or where its configuration cannot be meant."""
        if not self.config_file.exists():
            raise Misused(
                f"{self.path} is no hub home (it has no config.toml): make one with `ichub init --home {self.path}`, "
                "or name another with --home",
                reason="NO_HOME",
            )
        return read_config(self.config_file)

    def resolve(self, relative: str) -> Path:
        """A path of the configuration: relative to the home."""
        return self.path / Path(relative).expanduser()


def find_home(given: Path | None) -> NodeHome:
    """The home a command is about: the one given, else ~/.ichub, else the devnet's."""
    return NodeHome(chosen_home(given, DEFAULT_HOME, DEVNET_HOME))


def chosen_home(given: Path | None, default: Path, devnet: Path) -> Path:
    """The one given, else a person's own, else the devnet's."""
    if given is not None:
        return given.expanduser().resolve()
    return devnet if not default.exists() and (devnet / "config.toml").exists() else default


def new_home(given: Path | None, default: Path) -> Path:
    """Where a home is made: never in the devnet's place, which makes its own anew each time."""
    return (given or default).expanduser().resolve()


def read_genesis(file: Path, parse: Callable[[bytes], G], chain: str) -> G:
    """``chain``: what its kind is called, as "hub". Raises Misused."""
    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise Misused(f"{file} cannot be read ({error.strerror}): copy it from another node") from error
    except HubError as error:
        raise Misused(f"{file}: {error}; copy it from another node of the same {chain}") from error


def read_password(home: NodeHome, given: Path | None, *, new: bool = False) -> str:
    """The keys' password: from the file given, ICHUB_KEYSTORE_PASSWORD, the configuration's file, or the terminal."""
    configured = home.config().keys.password_file if home.config_file.exists() else ""
    return password_of(given, home.resolve(configured) if configured else None, new=new)


def password_of(given: Path | None, configured: Path | None, *, new: bool = False) -> str:
    """A password: from the file given, ICHUB_KEYSTORE_PASSWORD, the file that is configured, or the terminal, where one
    that a ``new`` key is encrypted with is asked for twice: what was mistyped would open it never again.
    """
    if given is not None:
        return _password_from(given)
    if password := os.environ.get("ICHUB_KEYSTORE_PASSWORD"):
        return password
    if configured is not None and configured.exists():
        return _password_from(configured)
    return _ask_password(new)


def _ask_password(new: bool) -> str:
    """On the terminal; raises Misused where there is none."""
    if not sys.stdin.isatty():
        raise Misused(
            "the keys' password is needed and there is no terminal to ask on: "
            "give --password-file, or set ICHUB_KEYSTORE_PASSWORD",
            reason="PASSWORD_NEEDED",
        )
    prompt = "New password of the keys" if new else "Password of the keys"
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=new, err=True))


def _password_from(path: Path) -> str:
    try:
        password = read_text(path).rstrip("\r\n")
    except OSError as error:
        raise Misused(f"the password file {path} cannot be read ({error.strerror}): give another") from error
    if not password:
        raise Misused(f"the password file {path} is empty: write the password into it")
    return password

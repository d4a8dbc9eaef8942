"""``config.toml`` of a home: its keys, their defaults, and the commented file that ``ichub init`` writes."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from console.exits import Misused

_ENDPOINT = r"^[^\s\"]*:[0-9]{1,5}$"
Endpoint = Annotated[str, msgspec.Meta(pattern=_ENDPOINT)]
"""``HOST:PORT``."""
ENDPOINT_OR_NONE = f"^$|{_ENDPOINT}"


class NodeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listen: Endpoint = "127.0.0.1:18500"
    metrics: Annotated[str, msgspec.Meta(pattern=ENDPOINT_OR_NONE)] = "127.0.0.1:18504"
    heartbeat_seconds: Annotated[int, msgspec.Meta(ge=1)] = 30


class TlsSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    enabled: bool = True
    authority: str = "tls/ca.pem"
    certificate: str = "tls/server.pem"
    key: str = "tls/server.key"
    require_client_certificate: bool = False


class KeysSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    validator: str = "validator"
    next_validator: str = ""
    password_file: str = ""


class ClientSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hub: str = "localhost:18500"
    key: str = "operator"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt key is an error, never a silent default."""

    node: NodeSection = NodeSection()
    tls: TlsSection = TlsSection()
    keys: KeysSection = KeysSection()
    client: ClientSection = ClientSection()


DEFAULT_LISTEN = "127.0.0.1:18500"


@dataclass(frozen=True, slots=True)
class ConfigValues:
    """What differs from home to home when one is made."""

    listen: str = DEFAULT_LISTEN
    metrics: str = "127.0.0.1:18504"
    heartbeat_seconds: int = 30

    @property
    def hub(self) -> str:
        """How this machine reaches what listens there."""
        host, _, port = self.listen.rpartition(":")
        return f"localhost:{port}" if host in {"", "0.0.0.0", "[::]", "127.0.0.1"} else self.listen  # noqa: S104


_LINES: tuple[tuple[str, str], ...] = (
    ("# A hub node's configuration. Every key may be left out; changes are in force after a restart.", ""),
    ("# `ichub doctor` checks this file.", ""),
    ("", ""),
    ("[node]", ""),
    ('listen = "{listen}"', "where the gRPC API is served"),
    ('metrics = "{metrics}"', 'Prometheus metrics; "" for none'),
    ("heartbeat_seconds = {heartbeat_seconds}", "a block at least this often, so that timeouts can be proven"),
    ("", ""),
    ("[tls]", ""),
    ("enabled = true", "false: plain text, on a devnet only"),
    ('authority = "tls/ca.pem"', "who signs this node's certificate, and its clients'"),
    ('certificate = "tls/server.pem"', ""),
    ('key = "tls/server.key"', ""),
    ("require_client_certificate = false", "true: serve only clients whose certificate the authority signed"),
    ("", ""),
    ("[keys]", ""),
    ('validator = "validator"', "keys/validator.json signs checkpoints"),
    ('next_validator = ""', "the key that takes over at a rotation to it"),
    ('password_file = "{password_file}"', 'for a start without a person; "" asks on the terminal'),
    ("", ""),
    ("[client]", ""),
    ('hub = "{hub}"', "the hub that commands with this home talk to"),
    ('key = "operator"', "the key that signs their transactions"),
)
_COMMENT_COLUMN = 38


def config_text(values: ConfigValues, password_file: str) -> str:
    """The commented file that a new home begins with."""
    fields = {
        "listen": values.listen,
        "metrics": values.metrics,
        "heartbeat_seconds": values.heartbeat_seconds,
        "password_file": password_file,
        "hub": values.hub,
    }
    lines = []
    for setting, comment in _LINES:
        text = setting.format(**fields)
        lines.append(f"{text:<{_COMMENT_COLUMN}}  # {comment}" if comment else text)
    return "\n".join(lines) + "\n"


def read_config(path: Path) -> Config:
    """Raises Misused, naming the key that is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Config)
    except msgspec.ValidationError as error:
        raise Misused(
            f"{path}: {_where(str(error))}; `ichub init` in another home writes a correct example", reason="BAD_CONFIG"
        ) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise Misused(f"{path} is not TOML: {error}; mend that line", reason="BAD_CONFIG") from error


def require_endpoint(text: str) -> str:
    """``HOST:PORT`` as it was typed; raises Misused."""
    if not re.match(_ENDPOINT, text):
        raise Misused(f"{text!r} is no place to listen: give HOST:PORT, as {DEFAULT_LISTEN}")
    return text


def _where(message: str) -> str:
    """msgspec's `Expected …, got … - at `$.node.listen`` with the place first."""
    text, _, place = message.partition(" - at ")
    key = place.strip("`").removeprefix("$.")
    return f"{key}: {text[:1].lower()}{text[1:]}" if place else text

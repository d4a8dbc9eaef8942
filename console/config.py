"""``config.toml`` of a home: its keys, their defaults, and the commented file that ``ichub init`` writes."""

from pathlib import Path

import msgspec

from console.exits import Misused


class NodeSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    listen: str = "127.0.0.1:18500"
    metrics: str = "127.0.0.1:18504"
    heartbeat_seconds: int = 30
    max_transactions_per_second: int = 5000


class TlsSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    enabled: bool = True
    authority: str = "tls/ca.pem"
    certificate: str = "tls/server.pem"
    key: str = "tls/server.key"
    require_client_certificate: bool = False


class KeysSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    validator: str = "validator"
    password_file: str = ""


class ClientSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hub: str = "localhost:18500"
    key: str = "operator"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    node: NodeSection = NodeSection()
    tls: TlsSection = TlsSection()
    keys: KeysSection = KeysSection()
    client: ClientSection = ClientSection()


TEMPLATE = """\
# A hub node's configuration. Every key may be left out; what stands here is in force after a restart.
# Check it with `ichub doctor`.

[node]
listen = "{listen}"            # where the gRPC API is served
metrics = "{metrics}"           # Prometheus metrics and /health; "" for none
heartbeat_seconds = {heartbeat}               # a block at least this often, so that timeouts can be proven

[tls]
enabled = true                       # false only behind a proxy that does it
authority = "tls/ca.pem"             # whom this node's certificate, and its clients', are signed by
certificate = "tls/server.pem"
key = "tls/server.key"
require_client_certificate = false   # true: only clients with a certificate of the authority

[keys]
validator = "validator"              # keys/validator.json signs checkpoints
password_file = "{password_file}"   # for an unattended start; "" asks on the terminal

[client]
hub = "{hub}"            # the hub that commands with this home talk to
key = "operator"                     # the key that signs their transactions
"""


def read_config(path: Path) -> Config:
    """Raises Misused, naming the key that is wrong."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Config)
    except msgspec.ValidationError as error:
        raise Misused(
            f"{path}: {_where(str(error))}; `ichub init` writes a correct example", reason="BAD_CONFIG"
        ) from error
    except msgspec.DecodeError as error:
        raise Misused(f"{path} is not TOML: {error}; mend that line", reason="BAD_CONFIG") from error


def _where(message: str) -> str:
    """msgspec's `Expected …, got … - at `$.node.listen`` with the place first."""
    text, _, place = message.partition(" - at ")
    return f"{place.strip('`').removeprefix('$.') or 'the file'}: {text[:1].lower()}{text[1:]}" if place else text

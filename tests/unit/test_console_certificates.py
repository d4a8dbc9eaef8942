"""The self-made certificates serve a real gRPC server and client, and nobody else's do."""

import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest

from console.certificates import VALID_FOR, TlsFiles, expires_at, make_certificates
from console.exits import Misused


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    return make_certificates(tmp_path / "tls", ["localhost", "127.0.0.1"])


@pytest.fixture
def port(files: TlsFiles) -> Iterator[int]:
    server = grpc.server(ThreadPoolExecutor(1))
    pair = [(files.server_key.read_bytes(), files.server.read_bytes())]
    credentials = grpc.ssl_server_credentials(pair, files.authority.read_bytes(), require_client_auth=True)
    port = server.add_secure_port("localhost:0", credentials)
    server.start()
    yield port
    server.stop(None).wait()


def _connects(port: int, trusted: TlsFiles, shown: TlsFiles | None) -> bool:
    credentials = grpc.ssl_channel_credentials(
        trusted.authority.read_bytes(),
        shown.client_key.read_bytes() if shown else None,
        shown.client.read_bytes() if shown else None,
    )
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        try:
            call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/none/none")
            call(b"", timeout=5)
        except grpc.RpcError as error:
            return bool(error.code() == grpc.StatusCode.UNIMPLEMENTED)  # the server answered
    return False


def test_a_client_with_its_certificate_is_served(port: int, files: TlsFiles) -> None:
    assert _connects(port, files, files)


def test_a_client_without_a_certificate_is_not_served_where_one_is_required(port: int, files: TlsFiles) -> None:
    assert not _connects(port, files, None)


def test_another_authoritys_client_and_server_are_refused(port: int, files: TlsFiles, tmp_path: Path) -> None:
    others = make_certificates(tmp_path / "others", ["localhost"])
    assert not _connects(port, files, others)
    assert not _connects(port, others, files)


def test_the_server_is_only_what_it_is_named(files: TlsFiles) -> None:
    context = ssl.create_default_context(cafile=str(files.authority))
    assert context.verify_mode == ssl.CERT_REQUIRED
    names = ssl._ssl._test_decode_cert(str(files.server))["subjectAltName"]  # type: ignore[attr-defined]
    assert names == (("DNS", "localhost"), ("IP Address", "127.0.0.1"))


def test_keys_are_readable_by_their_owner_only(files: TlsFiles) -> None:
    for key in (files.authority_key, files.server_key, files.client_key):
        assert key.stat().st_mode & 0o077 == 0


def test_when_a_certificate_ends_is_read_from_it(tmp_path: Path) -> None:
    now = datetime(2030, 1, 2, tzinfo=UTC)
    files = make_certificates(tmp_path, ["localhost"], now)
    assert expires_at(files.server) == now - timedelta(hours=1) + VALID_FOR
    (tmp_path / "not.pem").write_text("x")
    with pytest.raises(Misused, match="no PEM certificate"):
        expires_at(tmp_path / "not.pem")

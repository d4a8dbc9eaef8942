"""TLS of a ledger's node: whom it lets connect follows the state, without a restart.

A handshake asks for a certificate under one of the authorities that are registered at that moment; what the caller may
do is decided call by call (``access``). Where a node serves at an address that is open to all, it asks for none.
"""

import ssl
from collections.abc import Iterator

import grpc
import structlog

from adapters.permissioned.ledger.membership.organisations import organisations
from adapters.permissioned.ledger.membership.records import AUTHORITIES, Standing
from hub.engine.ledger import Ledger
from hub.quantities import Height
from hub.rpc.serving import TlsFiles
from hub.state.branch import StateReader

log = structlog.get_logger("tls")


class LedgerTls:
    """The server's credentials at one address. Certificate and key are read anew with each change of authorities."""

    def __init__(self, files: TlsFiles, ledger: Ledger, *, open_to_all: bool = False) -> None:
        """Raises OSError."""
        self._files = files
        self._ledger = ledger
        self._open_to_all = open_to_all
        self._height: Height | None = None
        self._trusted = b""
        self._pair = (b"", b"")

    def credentials(self) -> grpc.ServerCredentials:
        """Raises OSError."""
        self._look()
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            self._changed,  # type: ignore[arg-type]  # None: as it was (its documentation), which its types leave out
            require_client_authentication=not self._open_to_all,
        )

    def _changed(self) -> grpc.ServerCertificateConfiguration | None:
        """The configuration for the next handshake, None where it is as it was. Called from gRPC's own threads."""
        try:
            return self._configuration() if self._look() else None
        except OSError as error:
            log.warning("the node's certificate cannot be read: the one read before is used", detail=str(error))
            return None

    def _look(self) -> bool:
        """Whether the authorities, or the node's own certificate, are others than they were; looks once a block."""
        state = self._ledger.state
        if state.height == self._height:
            return False
        pair = (self._files.key.read_bytes(), self._files.certificate.read_bytes())
        before = (self._trusted, self._pair)
        self._height, self._trusted, self._pair = state.height, b"".join(trusted_roots(state)), pair
        return (self._trusted, self._pair) != before

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        return grpc.ssl_server_certificate_configuration([self._pair], root_certificates=self._trusted)


def trusted_roots(state: StateReader) -> Iterator[bytes]:
    """The certificates (PEM) of all registered authorities of organisations that are not removed."""
    for organisation in organisations(state):
        for identifier in organisation.authorities:
            authority = AUTHORITIES.get(state, identifier)
            if authority is not None and authority.standing is Standing.REGISTERED:
                yield ssl.DER_cert_to_PEM_cert(authority.certificate).encode()

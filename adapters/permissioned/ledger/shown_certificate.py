"""Which certificate a node shows, before anything is said to it: for what is given to certain nodes alone."""

import asyncio
import ssl
from pathlib import Path

from hub.rpc.errors import HubUnreachable


async def shown_certificate(target: str, files: tuple[Path, Path], timeout_seconds: float) -> bytes:
    """The DER of what the node at ``host:port`` shows in a handshake, believed by nobody yet.

    ``files``: the caller's certificate and key, for a node asks for one. Raises HubUnreachable, OSError for a file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it is judged by the ledger, and then pinned
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(*files)
    host, _, port = target.rpartition(":")
    try:
        async with asyncio.timeout(timeout_seconds):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=context)
            try:
                shown: bytes | None = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        raise HubUnreachable(target, str(error) or "it does not answer") from error
    if shown is None:
        raise HubUnreachable(target, "it shows no certificate")
    return shown

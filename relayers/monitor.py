"""What an operator watches: Prometheus metrics at ``/metrics``, and at ``/health`` 200 or 503 with the reasons."""

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

Health = Callable[[], Mapping[str, str]]
"""What is wrong, by part; empty when all is well."""


class Monitor:
    """A small HTTP server on its own address, without secrets and without effects."""

    def __init__(self, registry: CollectorRegistry, health: Health) -> None:
        self._registry = registry
        self._health = health
        application = web.Application()
        well = [web.get(path, self._answer_health) for path in ("/health", "/healthz")]
        application.add_routes([web.get("/metrics", self._metrics), *well])
        self._runner = web.AppRunner(application, access_log=None)

    async def start(self, listen: str) -> str:
        """Listen on ``host:port`` (port 0: any free one); answers where it listens. Raises OSError."""
        host, _, port = listen.rpartition(":")
        await self._runner.setup()
        await web.TCPSite(self._runner, host, int(port)).start()
        bound = self._runner.addresses[0]
        return f"{bound[0]}:{bound[1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _answer_health(self, _: web.Request) -> web.Response:
        faults = dict(self._health())
        return web.json_response({"healthy": not faults, "faults": faults}, status=503 if faults else 200)

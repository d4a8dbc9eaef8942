"""Several JSON-RPC endpoints of one EVM chain, used as one provider of web3.

None of them is trusted: they may be silent, slow, behind, or lie. Whatever decides about money is proven elsewhere;
here it only matters that one bad endpoint does not stop the work. A piece of work that must see one consistent view
runs on one endpoint (``attempt``) and is repeated as a whole on the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from aiohttp import ClientError, ClientSession
from web3.providers.async_base import AsyncJSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from adapters.errors import CallRefused, EndpointFault, EndpointsFailed
from adapters.evm.answers import read_answer
from adapters.evm.words import bytes_of, number_of
from hub.quantities import MAX_U64

T = TypeVar("T")

_FIRST_REST_S = 1.0
_LONGEST_REST_S = 60.0
_DOUBTED_S = 3600.0
_REVERTED = 3
"""The JSON-RPC code of a call that reverted (geth, anvil, and the rest after them)."""

_BEHIND = ("header not found", "unknown block", "missing trie node", "block not found", "not available", "rate limit")
"""Refusals that another endpoint may not repeat."""

log = structlog.get_logger(__name__)


class Endpoint:
    """One endpoint: every answer within ``timeout_s``, or an EndpointFault.

    The connection is our own and not AsyncHTTPProvider's: that one guards its sessions, in all providers together, by a
    lock that a cancelled request can leave locked for ever, and requests are cancelled here whenever one is late.
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        self.url = public_part(url)
        """What logs and errors may say of it."""
        self._url = url
        self._timeout_s = timeout_s
        self._codec = AsyncJSONBaseProvider()
        self._session: ClientSession | None = None

    async def call(self, method: str, *params: Any) -> Any:
        """The result; raises CallRefused for an answer that is no, EndpointFault for no answer."""
        response = await self.request(method, params)
        error = response.get("error")
        if error is not None:
            raise _refusal(self.url, method, error)
        if "result" not in response:
            raise EndpointFault(self.url, f"{method} was answered with neither a result nor an error")
        return response["result"]

    async def quantity(self, method: str, *params: Any) -> int:
        """A result that is a number of at most 64 bits; raises CallRefused, EndpointFault."""
        answer = await self.call(method, *params)
        try:
            number = number_of(answer)
        except ValueError as error:
            raise EndpointFault(self.url, f"{method}: {error}") from error
        if number > MAX_U64:
            raise EndpointFault(self.url, f"{method} was answered with a number of {number.bit_length()} bits")
        return number

    async def data(self, method: str, *params: Any) -> bytes:
        """A result that is bytes; raises CallRefused, EndpointFault."""
        try:
            return bytes_of(await self.call(method, *params))
        except ValueError as error:
            raise EndpointFault(self.url, f"{method}: {error}") from error

    async def request(self, method: str, params: Any) -> RPCResponse:
        """The response as it came; raises EndpointFault unless it is JSON-RPC."""
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._post(method, params)
        except TimeoutError:
            raise EndpointFault(self.url, f"{method} was not answered within {self._timeout_s:g} s") from None
        except (ClientError, OSError, ValueError) as error:
            # Not its words: those of some name the whole URL.
            raise EndpointFault(self.url, f"{method} failed: {type(error).__name__}") from None
        if not isinstance(response, dict) or ("result" not in response and "error" not in response):
            raise EndpointFault(self.url, f"{method} was answered with something that is not JSON-RPC")
        return response

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, method: str, params: Any) -> RPCResponse:
        if self._session is None or self._session.closed:
            self._session = ClientSession(headers={"Content-Type": "application/json"})
        body = self._codec.encode_rpc_request(cast(RPCEndpoint, method), params)
        async with self._session.post(self._url, data=body) as response:
            return self._codec.decode_rpc_response(await read_answer(response.content))


def public_part(url: str) -> str:
    """A URL without what is often secret in it: user, password, path and query, where providers put their keys."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    hidden = parts.path.strip("/") or parts.query
    return f"{parts.scheme}://{host}" + ("/…" if hidden else "")


class Endpoints(AsyncJSONBaseProvider):
    """All endpoints of a chain, the best first; one that fails rests for a while, longer each time."""

    def __init__(self, chain: str, urls: Sequence[str], timeout_s: float = 5.0) -> None:
        if not urls:
            raise ValueError(f"{chain} has no endpoint: name at least one URL")
        super().__init__()
        self.chain = chain
        self.all = tuple(Endpoint(url, timeout_s) for url in urls)
        self._rests_until = dict.fromkeys(self.all, 0.0)
        self._rest_s = dict.fromkeys(self.all, _FIRST_REST_S)
        self._doubted_until = dict.fromkeys(self.all, 0.0)

    async def attempt(self, work: Callable[[Endpoint], Awaitable[T]]) -> T:
        """Run ``work`` on one endpoint, on the next where it raises EndpointFault; raises EndpointsFailed at the
        end.
        """
        faults = []
        for endpoint in self._in_order():
            try:
                result = await work(endpoint)
            except EndpointFault as fault:
                self._rest(endpoint, fault)
                faults.append(str(fault))
            else:
                self._rest_s[endpoint] = _FIRST_REST_S
                return result
        raise EndpointsFailed(self.chain, tuple(faults))

    async def of_each(self, work: Callable[[Endpoint], Awaitable[T]]) -> list[T]:
        """What every endpoint that does not rest says to ``work``, all at once: for what one alone is not believed.

        One that raises EndpointFault rests; where none of them answers, all others are asked as by ``attempt``.
        """
        now = monotonic()
        awake = [endpoint for endpoint in self.all if self._rests_until[endpoint] <= now]
        results: list[T] = []
        for endpoint, answer in zip(
            awake, await asyncio.gather(*map(work, awake), return_exceptions=True), strict=True
        ):
            if isinstance(answer, EndpointFault):
                self._rest(endpoint, answer)
            elif isinstance(answer, BaseException):
                if not isinstance(answer, CallRefused):  # one that says no has said nothing
                    raise answer
            else:
                results.append(answer)
        return results or [await self.attempt(work)]

    def doubt_first(self) -> bool:
        """Ask the endpoint that is asked first only after all others for a long time: what it told was false. False
        where all have been doubted.
        """
        now = monotonic()
        trusted = [endpoint for endpoint in self._in_order() if self._doubted_until[endpoint] <= now]
        if len(self.all) == 1 or not trusted:
            return False
        log.warning("endpoint doubted", chain=self.chain, endpoint=trusted[0].url)
        self._doubted_until[trusted[0]] = now + _DOUBTED_S
        return True

    async def call(self, method: str, *params: Any) -> Any:
        """One call, answered by any endpoint; raises CallRefused, EndpointsFailed."""
        return await self.attempt(lambda endpoint: endpoint.call(method, *params))

    async def quantity(self, method: str, *params: Any) -> int:
        """A number from any endpoint that answers with one; raises CallRefused, EndpointsFailed."""
        return await self.attempt(lambda endpoint: endpoint.quantity(method, *params))

    async def data(self, method: str, *params: Any) -> bytes:
        """Bytes from any endpoint that answers with some; raises CallRefused, EndpointsFailed."""
        return await self.attempt(lambda endpoint: endpoint.data(method, *params))

    async def broadcast(self, raw: bytes) -> None:
        """Hand a signed transaction to every endpoint; raises the last refusal where nobody took it."""
        answers = await asyncio.gather(
            *(endpoint.call("eth_sendRawTransaction", "0x" + raw.hex()) for endpoint in self.all),
            return_exceptions=True,
        )
        if all(isinstance(answer, BaseException) for answer in answers):
            refusals = [answer for answer in answers if isinstance(answer, CallRefused)]
            if refusals:
                raise refusals[-1]
            raise EndpointsFailed(self.chain, tuple(str(answer) for answer in answers))

    async def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """What web3 calls. A refusal is returned, as web3 expects, and not raised."""

        async def work(endpoint: Endpoint) -> RPCResponse:
            response = await endpoint.request(method, params)
            error = response.get("error")
            if error is not None and isinstance(refusal := _refusal(endpoint.url, method, error), EndpointFault):
                raise refusal
            return response

        return await self.attempt(work)

    async def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002  # as web3 calls it
        """Whether anyone answers."""
        try:
            await self.call("eth_chainId")
        except (CallRefused, EndpointsFailed):
            return False
        return True

    async def close(self) -> None:
        await asyncio.gather(*(endpoint.close() for endpoint in self.all))

    def _in_order(self) -> list[Endpoint]:
        now = monotonic()
        awake = [endpoint for endpoint in self.all if self._rests_until[endpoint] <= now]
        resting = sorted(set(self.all) - set(awake), key=self._rests_until.__getitem__)
        return sorted(awake + resting, key=lambda endpoint: max(now, self._doubted_until[endpoint]))

    def _rest(self, endpoint: Endpoint, fault: EndpointFault) -> None:
        self._rests_until[endpoint] = monotonic() + self._rest_s[endpoint]
        self._rest_s[endpoint] = min(self._rest_s[endpoint] * 2, _LONGEST_REST_S)
        log.warning("endpoint rests", chain=self.chain, endpoint=endpoint.url, fault=fault.fault)


def _refusal(url: str, method: str, error: Any) -> CallRefused | EndpointFault:
    if not isinstance(error, dict):
        return EndpointFault(url, f"{method} was refused in no readable way: {error!r}")
    code, message, data = error.get("code", 0), str(error.get("message", "")), error.get("data")
    reverted = code == _REVERTED or "revert" in message.lower()
    if not reverted and any(sign in message.lower() for sign in _BEHIND):
        return EndpointFault(url, f"{method}: {message}")
    if isinstance(data, dict):
        data = data.get("data", data.get("result"))
    number = code if isinstance(code, int) else 0
    try:
        reverted_with = bytes_of(data)
    except ValueError:
        reverted_with = b""  # none, or in words, as some nodes give it
    return CallRefused(method, number, message, reverted_with)

"""Fixtures for tests of a chain behind two endpoints (``pytest_plugins``), each of which may be silent, or lie."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.anvil_chain import AnvilChain, Proxy, running_anvil
from tests.evm_hub import JoinedChain, joined_chain


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    with running_anvil() as chain:
        yield chain


@pytest.fixture
async def proxies(anvil: AnvilChain) -> AsyncIterator[list[Proxy]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Proxy(anvil.url)) for _ in range(2)]


@pytest.fixture
async def joined(anvil: AnvilChain, proxies: list[Proxy]) -> AsyncIterator[JoinedChain]:
    async with joined_chain(anvil, [proxy.url for proxy in proxies]) as chain:
        yield chain

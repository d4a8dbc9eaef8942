"""What several endpoints of one chain say together: the attestor's only view of it.

Nothing is taken from fewer endpoints than the quorum, each for itself: that it has the block, that the block is final
by the chain's rule, and that all its fields hash to its block hash. A liar beside silent honest endpoints convinces
nobody.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from adapters.errors import CallRefused, EndpointFault
from adapters.evm.endpoints import Endpoint
from adapters.evm.errors import BlockNotFinal, NoAgreement
from adapters.evm.finality import FinalityRule, block_header, final_height
from adapters.evm.header import BlockHeader
from hub.quantities import Height

T = TypeVar("T")

LATE_S = 1.0
"""How long endpoints that are late are waited for once they can change nothing: they may still contradict, and be
counted; one that hangs must not hold up every signature until it times out.
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A header, and how many endpoints vouch for it, and how many said something else."""

    header: BlockHeader
    agreed: int
    dissent: int


class Witness:
    """All endpoints of one chain, asked at once. Raises ValueError where ``quorum`` is no majority of them."""

    def __init__(
        self, chain: str, chain_id: int, endpoints: Sequence[Endpoint], quorum: int, rule: FinalityRule
    ) -> None:
        if not len(endpoints) // 2 < quorum <= len(endpoints):
            raise ValueError(f"{quorum} of {len(endpoints)} endpoints of {chain} are no majority")
        self._chain = chain
        self._chain_id = chain_id
        self._endpoints = tuple(endpoints)
        self._quorum = quorum
        self._rule = rule

    async def final_number(self) -> Height:
        """The highest number that a quorum calls final; raises NoAgreement."""
        answers = await self._asked(self._final, self._is_certain)
        heights = sorted((answer for answer in answers if isinstance(answer, int)), reverse=True)
        if len(heights) < self._quorum:
            raise NoAgreement(self._chain, Height(0), len(heights), self._quorum, _faults(answers))
        return Height(heights[self._quorum - 1])

    async def final_header(self, number: Height) -> Verdict:
        """The header that a quorum has at this number and calls final; raises BlockNotFinal, NoAgreement."""
        answers = await self._asked(lambda endpoint: self._header(endpoint, number), self._is_agreed)
        votes = Counter(answer for answer in answers if isinstance(answer, BlockHeader))
        header, agreed = max(votes.items(), key=lambda vote: vote[1], default=(None, 0))
        if header is not None and agreed >= self._quorum:
            return Verdict(header, agreed, votes.total() - agreed)
        early = sum(isinstance(answer, BlockNotFinal) for answer in answers)
        if len(votes) <= 1 and agreed + early >= self._quorum:
            raise BlockNotFinal(self._chain, number)
        raise NoAgreement(self._chain, number, agreed, self._quorum, _faults(answers))

    async def close(self) -> None:
        await asyncio.gather(*(endpoint.close() for endpoint in self._endpoints))

    async def _asked(
        self, work: Callable[[Endpoint], Awaitable[T]], settled: Callable[[Sequence[T], int], bool]
    ) -> list[T | BaseException]:
        """What the endpoints answer to ``work``, or raise, all at once.

        ``settled``: whether these answers suffice, whatever so many others may still say.
        """
        tasks = [asyncio.ensure_future(work(endpoint)) for endpoint in self._endpoints]
        late = set(tasks)
        try:
            while late and not settled([task.result() for task in tasks if _has_answered(task)], len(late)):
                _, late = await asyncio.wait(late, return_when=asyncio.FIRST_COMPLETED)
            if late:
                await asyncio.wait(late, timeout=LATE_S)
        finally:
            for task in tasks:
                task.cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        return [answer for answer in answers if not isinstance(answer, asyncio.CancelledError)]

    def _is_certain(self, heights: Sequence[Height], late: int) -> bool:
        """Whether the highest number that a quorum calls final is the same without the late ones and with them."""
        highest = sorted(heights, reverse=True)
        place = self._quorum - 1
        return late <= place < len(highest) and highest[place] == highest[place - late]

    def _is_agreed(self, headers: Sequence[BlockHeader], _: int) -> bool:
        """Whether a quorum has the same one: it is a majority, so that no other can have one."""
        return any(votes >= self._quorum for votes in Counter(headers).values())

    async def _header(self, endpoint: Endpoint, number: Height) -> BlockHeader:
        if number > await self._final(endpoint):
            raise BlockNotFinal(self._chain, number)
        return await block_header(endpoint, number)

    async def _final(self, endpoint: Endpoint) -> Height:
        """The highest block that one endpoint calls final, once it has shown that it is of our chain."""
        try:
            chain_id = await endpoint.quantity("eth_chainId")
            final = await final_height(endpoint, self._rule)
        except CallRefused as error:
            raise EndpointFault(endpoint.url, str(error)) from error
        if chain_id != self._chain_id:
            raise EndpointFault(endpoint.url, f"it is of chain {chain_id}, not {self._chain_id}")
        return final


def _has_answered(task: "asyncio.Future[T]") -> bool:
    return task.done() and not task.cancelled() and task.exception() is None


def _faults(answers: Sequence[object]) -> str:
    unexpected = [answer for answer in answers if isinstance(answer, BaseException)]
    for error in unexpected:
        if not isinstance(error, EndpointFault | BlockNotFinal):
            raise error
    return "; ".join(str(error) for error in unexpected)

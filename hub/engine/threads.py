"""Work in a thread beside the event loop, of which none is left when a node closes its stores."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

HEAVY = 2
"""Threads for one kind of work that takes long and that anyone may ask for. There are five at least, and what the chain
lives by, its checkpoints, shares them: whoever asks for the former must not keep the latter waiting.
"""


async def in_thread(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """As ``asyncio.to_thread``, but whoever is cancelled meanwhile ends after the thread, which cannot be cancelled:
    what it reads may be closed next.
    """
    thread = asyncio.ensure_future(asyncio.to_thread(work, *arguments, **named))  # noqa: TID251  # what is meant
    try:
        return await asyncio.shield(thread)
    except asyncio.CancelledError:
        await asyncio.wait([thread])
        raise

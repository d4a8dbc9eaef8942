"""Work in a thread beside the event loop, of which none is left when a node closes its stores."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


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

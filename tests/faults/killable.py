"""A node in a process of its own that is killed and started again, and what waits for it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).parents[2]


class Killable:
    """``module``: a program of tests/faults that prints the port at which it serves; it keeps that over a restart."""

    def __init__(self, module: str) -> None:
        self._module = module
        self.port = 0
        self.process: asyncio.subprocess.Process | None = None

    async def launch(self, *arguments: object) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            self._module,
            *map(str, arguments),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'protos'}"},
            stdout=asyncio.subprocess.PIPE,
        )
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            if line.strip().isdigit():
                self.port = int(line)
                return
        raise AssertionError("the node did not start")

    async def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.process.wait()

    async def died(self) -> None:
        """It has killed itself, where it was told."""
        assert self.process is not None
        async with asyncio.timeout(60):
            assert await self.process.wait() == -signal.SIGKILL


H = TypeVar("H", bound=Killable)


@asynccontextmanager
async def killed_at_the_end(home: H) -> AsyncIterator[H]:
    try:
        yield home
    finally:
        if home.process is not None:
            await home.kill()


async def reached(so_far: Callable[[], bool], *tasks: "asyncio.Task[None]") -> None:
    """Wait until it is so; a task that ends before that has failed, and says why."""
    while not so_far():
        await asyncio.sleep(0.01)
        for task in tasks:
            if task.done():
                task.result()
                raise AssertionError("a task has ended too early")


async def ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])

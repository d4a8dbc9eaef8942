"""Measured in a process of its own, on one core: nothing else's memory and nothing else's work is counted."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from tests.bench.showing import CannotRun

P = ParamSpec("P")
R = TypeVar("R")


def in_own_process(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What ``work`` returns, done in a fresh process that keeps to one core; raises CannotRun where it dies."""
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=keep_to_one_core) as pool:
        try:
            return pool.submit(work, *args, **kwargs).result()
        except BrokenProcessPool as error:
            raise CannotRun("its process died, perhaps for want of memory") from error


def resident_mb() -> float:
    """Memory of this process that is in RAM, in units of 10**6 bytes; raises CannotRun off Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError as error:
        raise CannotRun("resident memory is read from /proc, which is not here") from error
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def keep_to_one_core() -> None:
    """From here on this process has the last core alone, where the system lets it choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

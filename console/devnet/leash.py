"""Kills what the devnet started when the devnet itself is gone, however it went.

A process of its own, in its own session, that reads lines from a pipe whose other end only the devnet holds: ``+PID``
and ``-PID`` of process groups. The pipe's end means that the devnet is dead, by kill -9 too: all groups are stopped.
Works wherever there are pipes; the kernel's parent-death signal exists on Linux only and does not reach grandchildren.
"""

import os
import signal
import sys
import time

_PATIENCE_SECONDS = 5.0


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        sign, group = line[0], int(line[1:])
        if sign == "+":
            groups.add(group)
        else:
            groups.discard(group)
    stop_groups(groups)


def stop_groups(groups: set[int], patience: float = _PATIENCE_SECONDS) -> None:
    """Ask every process group to end, then make it; a stopped (SIGSTOP) one is woken to hear it."""
    for group in groups:
        _signal(group, signal.SIGTERM)
        _signal(group, signal.SIGCONT)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(_signal(group, 0) for group in groups):
        time.sleep(0.05)
    for group in groups:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Whether the group was still there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main()

"""The devnet's ports: fixed and documented, moved together by ``PORT_BASE``; and who holds one that is taken."""

import os
import re
import socket
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path

from console.exits import Misused

DEFAULT_PORT_BASE = 18500
"""Below the range from which systems hand out ports, and away from what other software listens on."""
_SPAN = 20
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Ports:
    """One port for each process of the devnet."""

    hub: int
    chain_a: int
    chain_b: int
    chain_c: int
    hub_metrics: int
    relayer: int
    attestor_1: int
    attestor_2: int
    attestor_3: int
    attestor_4: int
    attestor_1_monitor: int
    attestor_2_monitor: int
    attestor_3_monitor: int
    attestor_4_monitor: int
    ledger: int
    ledger_open: int

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """The ports from ``base`` on; raises Misused for a base that leaves no room."""
        if not 1024 <= base <= 65535 - _SPAN:
            raise Misused(
                f"PORT_BASE={base} leaves no room for {_SPAN} ports: use a number from 1024 to {65535 - _SPAN}"
            )
        return cls(*range(base, base + len(fields(cls))))

    def named(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def port_base() -> int:
    """The first port, from the environment's PORT_BASE; raises Misused."""
    text = os.environ.get("PORT_BASE", "").strip()
    if not text:
        return DEFAULT_PORT_BASE
    if not text.isdecimal():
        raise Misused(f"PORT_BASE={text!r} is no number: use for example PORT_BASE={DEFAULT_PORT_BASE + 1000}")
    return int(text)


def require_free(ports: Ports) -> None:
    """Raise Misused, naming the ports that are taken, what they are for, and by what."""
    taken = [
        f"port {port} ({name}) is taken by {holder(port)}" for name, port in ports.named().items() if not is_free(port)
    ]
    if taken:
        others = f"; and {len(taken) - _NAMED} more" if len(taken) > _NAMED else ""
        elsewhere = ports.hub + 100
        raise Misused(
            f"{'; '.join(taken[:_NAMED])}{others}: stop that, or move all ports, as with PORT_BASE={elsewhere}",
            reason="PORT_TAKEN",
        )


def is_free(port: int) -> bool:
    """Whether nothing listens on the port on this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """What listens on a port, as ``anvil, process 4711``, as far as this user may see."""
    process = _holder_from_proc(port) or _holder_from_lsof(port)
    if process is None:
        return "another program (of another user)"
    return f"{_name(process)}, process {process}"


def _holder_from_proc(port: int) -> int | None:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            columns = line.split()
            if columns[3] == "0A" and int(columns[1].rsplit(":", 1)[1], 16) == port:  # 0A: listening
                inodes.add(f"socket:[{columns[9]}]")
    for link in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        try:
            if os.readlink(link) in inodes:
                return int(link.parts[2])
        except OSError:
            continue
    return None


def _holder_from_lsof(port: int) -> int | None:
    try:
        found = subprocess.run(
            ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-t"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"\d+", found.stdout)
    return int(match.group()) if match else None


def _name(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        return " ".join(Path(word.decode(errors="replace")).name for word in words[:4] if word) or "unknown"
    except OSError:
        found = subprocess.run(["ps", "-o", "comm=", "-p", str(process)], capture_output=True, text=True, check=False)
        return found.stdout.strip() or "unknown"

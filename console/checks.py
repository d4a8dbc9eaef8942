"""What the doctors of all homes look at: each check is a function that says what it found and what to do."""

import platform
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from console.certificates import expires_at
from console.devnet.ports import holder, is_free
from console.exits import CheckFailed, ConsoleError
from console.keystore import Keystore
from console.output import Output

CLOCK_TOLERANCE_SECONDS = 15
_RENEW_BEFORE = timedelta(days=30)
_LEAST_FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``fix`` says what to do where it is not well."""

    name: str
    ok: bool
    found: str
    fix: str = ""


def python() -> Check:
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Check("python", fits, platform.python_version(), "use Python 3.11, 3.12 or 3.13")


def disk(path: Path) -> Check:
    place = next(parent for parent in (path, *path.parents) if parent.exists())
    free = shutil.disk_usage(place).free
    return Check("disk", free >= _LEAST_FREE_BYTES, f"{free / 1024**3:.1f} GiB free at {place}", "free some space")


def keystores(keystore: Keystore) -> Iterator[Check]:
    """The keys that there are."""
    try:
        entries = keystore.entries()
    except ConsoleError as error:
        yield Check("keys", False, str(error), "move that file away")
        return
    yield Check("keys", bool(entries), ", ".join(entry.name for entry in entries) or "none", "`ichub keys new NAME`")
    yield from secrets([entry.path for entry in entries])


def secrets(paths: Sequence[Path]) -> Iterator[Check]:
    """Whatever others than its owner can read of files that are there."""
    for path in paths:
        if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
            yield Check("keys", False, f"{path} can be read by others ({mode:o})", f"chmod 600 {path}")


def certificate(path: Path, renew: str) -> Check:
    """How long it is good for; ``renew`` says what makes another."""
    try:
        end = expires_at(path)
    except ConsoleError as error:
        return Check("certificates", False, str(error), renew)
    left = end - datetime.now(UTC)
    return Check("certificates", left > _RENEW_BEFORE, f"{path.name} is good until {end:%Y-%m-%d}", renew)


def signers_guard(guard: Path, data: Path) -> Check:
    inside = guard.resolve().is_relative_to(data.resolve())
    return Check("signer's guard", guard.is_dir() and not inside, str(guard), "it must stand outside data/")


def told(checks: Sequence[Check], output: Output) -> None:
    """Print what was found, what is not well last; raises CheckFailed where there is any."""
    ill = [check for check in checks if not check.ok]
    if output.as_json:
        output.rows("", [_row(check) for check in checks], "")
    else:
        well: dict[str, list[str]] = {}
        for check in checks:
            if check.ok:
                well.setdefault(check.name, []).append(check.found)
        output.record("Well", well)
        not_well = [{"check": one.name, "found": one.found, "do": one.fix} for one in ill]
        output.rows("\nNot well", not_well, "\nAll is well.")
    if ill:
        raise CheckFailed(f"{len(ill)} of {len(checks)} checks did not hold, first {ill[0].name}: {ill[0].fix}")


def _row(check: Check) -> dict[str, object]:
    return {"check": check.name, "ok": check.ok, "found": check.found, "do": "" if check.ok else check.fix}


def api_port(listen: str) -> Check:
    port = int(listen.rpartition(":")[2])
    found = f"{port} is free" if is_free(port) else f"{port} is held by {holder(port)}"
    return Check("API port", True, found)

"""``python -m tests.bench [--list] [GROUP or FIGURE ...]``."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import asking, calling, end_to_end, evm, notarising, receiving, transacting, validating
from tests.bench.figures import GROUPS, Measured, groups_named, write_json
from tests.bench.showing import CannotRun, Screen
from tests.bench.states import States

RESULT = Path(__file__).parents[2] / "build" / "bench.json"


def main(arguments: list[str]) -> int:
    """0, or 1 where a group that was asked for could not run, or 2 for a name that is none."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure; write build/bench.json.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="groups or figures (all by default)")
    parser.add_argument("--list", action="store_true", help="list the groups and their figures")
    options = parser.parse_args(arguments)
    screen = Screen()
    if options.list:
        screen.listing()
        return 0
    try:
        groups = groups_named(options.names)
    except LookupError as unknown:
        screen.console.print(f"there is no figure or group {unknown}; --list names them")
        return 2
    screen.machine()
    measured, missing = measure(groups, screen)
    if measured:
        write_json(RESULT, measured, keep=bool(options.names))
        screen.machine()
        screen.console.print(f"{len(measured)} figures written to {RESULT}")
    if missing:
        screen.console.print(f"not measured: {', '.join(missing)}")
    return 1 if missing else 0


def measure(groups: list[str], screen: Screen) -> tuple[dict[str, Measured], list[str]]:
    """What these groups measured, and the groups that cannot run here: each says why, and the rest goes on."""
    measured: dict[str, Measured] = {}
    missing: list[str] = []
    with States() as states:
        runs: dict[str, Callable[[], dict[str, Measured]]] = {
            "evm": lambda: evm.run(screen, states),
            "hub.recv": lambda: receiving.run(screen, states),
            "hub.calls": lambda: calling.run(screen, states),
            "hub.tx": lambda: transacting.run(screen, states),
            "ledger": lambda: notarising.run(screen, states) | asking.run(screen) | validating.run(screen),
            "e2e": lambda: end_to_end.run(screen),
        }
        for name in groups:
            try:
                found = runs[name]()
            except CannotRun as reason:
                screen.cannot(name, str(reason))
                missing.append(name)
                continue
            screen.group(name, found)
            measured |= {figure.name: found[figure.name] for figure in GROUPS[name] if figure.name in found}
    return measured, missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

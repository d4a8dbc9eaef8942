"""``ichub doctor``: look at everything that commonly goes wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from console.checks import Check, told
from console.diagnosis import local_checks, remote_checks, replay_check
from console.home import NodeHome, find_home
from console.options import Home, Hub, Json
from console.output import Output
from console.session import run


def doctor(
    home: Home = None,
    hub: Hub = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask neither the hub nor the chains.")] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Also execute all blocks again and compare; the node must be stopped.")
    ] = False,
    relayer_file: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="The configuration of a relayer on this machine: its attestors are asked, too."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check the configuration, keys, certificates, ports, clocks, versions, the hub and the chains' endpoints; also
    whether a relayer's attestors sign as the hub's clients believe. Exit code 5 where something is not well.

    Example: ichub doctor --relayer-file /srv/relayer/config.toml
    """
    output = Output(json)
    place = find_home(home)
    with output.progress("looking"):
        checks = [*local_checks(place), *([] if offline else run(_asked(place, hub, relayer_file or ())))]
    if replay:
        with output.progress("executing all blocks again"):
            checks.append(replay_check(place))
    told(checks, output)


async def _asked(home: NodeHome, hub: str | None, relayers: Sequence[Path]) -> list[Check]:
    return [check async for check in remote_checks(home, hub, relayers)]

"""``ichub packet``: packets on their way, and the whole life of one."""

from typing import Annotated

import typer

from console.amounts import moment
from console.home import find_home
from console.options import Home, Hub, Json
from console.output import Output
from console.packets import PacketBook, PacketLine, recent_blocks
from console.session import hub_of, run
from hub.quantities import Height

app = typer.Typer(
    help="Packets: which are on their way, and the whole life of one across chains.", no_args_is_help=True
)


@app.command("list")
def list_(
    client: Annotated[str, typer.Option(help="Only packets from or to the chain behind this client.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="Also those that have arrived.")] = False,
    blocks: Annotated[int, typer.Option(min=1, help="How many of the hub's blocks to look back.")] = 2000,
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """List the packets that the hub has seen lately and that are still on their way.

    Example: ichub packet list --all
    """

    async def work() -> None:
        book = PacketBook()
        async with hub_of(find_home(home), hub) as connection:
            last = (await connection.status()).height
            with output.progress("reading the hub's blocks"):
                async for block in recent_blocks(connection, Height(max(1, last - blocks)), last):
                    book.add(block)
        lines = list(book.lines.values()) if all_ else book.in_flight()
        rows = [_row(line) for line in lines if not client or client in (line.source_client, line.destination_client)]
        output.rows("packets", rows, "No packets on their way. --all lists those that have arrived.")

    output = Output(json)
    run(work())


def _row(line: PacketLine) -> dict[str, object]:
    return {
        "packet": f"{line.source_client}/{line.sequence}",
        "to": line.destination_client,
        "state": line.state,
        "height": line.height,
        "time": moment(line.time),
        "seconds": line.seconds,
    }

"""``ichub packet``: packets on their way, and the whole life of one."""

from typing import TYPE_CHECKING, Annotated

import typer

from console.amounts import moment
from console.chains import known_chains
from console.home import find_home
from console.options import Home, Hub, Json
from console.output import Output
from console.packets import PacketBook, PacketLine, PacketName, recent_blocks
from console.session import hub_of, run
from hub.quantities import Height
from hub.quantities import Sequence as PacketSequence

if TYPE_CHECKING:
    from console.trace import Life

app = typer.Typer(
    help="Packets: which are on their way, and the whole life of one across chains.", no_args_is_help=True
)


_NOTHING_UNDERWAY = "No packets on their way. --all lists those that have arrived."
_NOTHING_SEEN = "No packets in the blocks looked at. --blocks looks further back."


@app.command("list")
def list_(
    client: Annotated[
        str, typer.Option(help="Only packets from or to the chain behind this client, as attested-0.")
    ] = "",
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
            if client:
                await connection.client(client)  # one that is not there has no packets, which would be believed
            last = (await connection.status()).height
            with output.progress("reading the hub's blocks"):
                async for block in recent_blocks(connection, Height(max(1, last - blocks)), last):
                    book.add(block)
        lines = list(book.lines.values()) if all_ else book.in_flight()
        rows = [_row(line) for line in lines if client in ("", name_of(line).client)]
        output.rows("packets", rows, _NOTHING_SEEN if all_ else _NOTHING_UNDERWAY)

    output = Output(json)
    run(work())


@app.command()
def trace(
    name: Annotated[
        str, typer.Argument(metavar="ID", help="A packet (attested-0/in/5), or a request's or call's 0x identifier.")
    ],
    home: Home = None,
    hub: Hub = None,
    json: Json = False,
) -> None:
    """Show the whole life of a packet, and of the call that it belongs to, across chains: heights, transactions, times.

    Example: ichub packet trace attested-0/in/1
    """
    output = Output(json)
    place = find_home(home)

    from console.trace import Tracer  # noqa: PLC0415  # it takes long, and most commands do without

    async def work() -> "Life":
        async with hub_of(place, hub) as connection:
            return await Tracer(connection, known_chains(place)).trace(name)

    with output.progress("reading the hub and the chains"):
        life = run(work())
    rows = life_rows(life)
    if json:
        output.record("", {"packets": [str(packet) for packet in life.packets], "request": life.request, "steps": rows})
        return
    if life.request is not None:
        state = life.request.state.value
        output.record("", {"request": life.request.request_id, "service": life.request.service, "state": state})
    show_life(output, rows)


def show_life(output: Output, rows: list[dict[str, object]]) -> None:
    """What fits on 80 columns: the day once, transactions below by where they are."""
    day = str(rows[0]["time"]).partition(" ")[0] if rows else ""
    steps = []
    transactions: dict[str, list[object]] = {}
    for row in rows:
        step = {**row, "time": str(row["time"]).removeprefix(f"{day} "), "seconds": row["after"]}
        names = ("time", "seconds", "place", "height", "packet", "what")
        steps.append({name: step[name] for name in names})
        there = transactions.setdefault(f"{row['place']} {row['height']}", [])
        if row["transaction"] and row["transaction"] not in there:
            there.append(row["transaction"])
    output.rows(f"\n{day} (UTC)", steps, "Nothing has happened to it yet.")
    if rows:
        output.record("\nTransactions, by place and height", transactions)


def life_rows(life: "Life") -> list[dict[str, object]]:
    """One line a step; ``after`` in seconds from the first."""
    began = life.steps[0].time if life.steps else 0
    return [
        {
            "time": moment(step.time),
            "after": step.time - began,
            "place": step.place,
            "height": step.height,
            "packet": step.packet or "the call",
            "what": step.what,
            "transaction": step.transaction,
        }
        for step in life.steps
    ]


def name_of(line: PacketLine) -> PacketName:
    """As the hub names it: by its own client of the chain."""
    if line.outward:
        return PacketName(line.source_client, False, PacketSequence(line.sequence))
    return PacketName(line.destination_client, True, PacketSequence(line.sequence))


def _row(line: PacketLine) -> dict[str, object]:
    return {
        "packet": str(name_of(line)),
        "state": line.state,
        "height": line.height,
        "time": moment(line.time),
        "seconds": line.seconds,
    }

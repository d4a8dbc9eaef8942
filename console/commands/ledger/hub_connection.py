"""``ichub ledger proposal replace-client``: a ledger's client of its hub begins anew, by vote.

It is announced by one vote and carried out by a second one, once the ledger's replacement delay is over.
"""

from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.client import LedgerClient
from console.amounts import moment
from console.commands.ledger.options import As, Home
from console.commands.ledger.proposing import DAY, ValidFor, how_to_vote, put_to_vote
from console.exits import Misused, Unreachable
from console.home import find_home
from console.ledger_session import ledger_of
from console.options import Hub, Json, MaxClockDrift, TrustingPeriod
from console.output import Output
from console.replacing import Changes, members_text, replacement_by_hub
from console.session import hub_of, run, status_of_now
from hub.answers import ClientInfo, NodeStatus
from hub.messages import ApplyClientReplacement, CancelClientReplacement
from hub.quantities import UnixSeconds
from hub.rpc.errors import HubUnreachable

Client = Annotated[
    str | None, typer.Argument(help="Its identifier at the ledger. Default: that of the hub.", show_default=False)
]
HubHome = Annotated[
    Path | None,
    typer.Option(
        "--hub-home",
        envvar="ICHUB_HOME",
        help="A home that says where the hub is and by whom it is believed. Default: as for other commands.",
        show_default=False,
    ),
]
Apply = Annotated[bool, typer.Option("--apply", help="Propose to carry out what was announced; after its delay.")]
Cancel = Annotated[bool, typer.Option("--cancel", help="Propose to take back what was announced.")]
_THREE_STEPS = "announcing, --apply and --cancel are three steps: give one of them alone"


def replace_client(
    client: Client = None,
    apply: Apply = False,
    cancel: Cancel = False,
    trusting_period: TrustingPeriod = None,
    max_clock_drift: MaxClockDrift = None,
    accept_single_operator: Annotated[
        bool, typer.Option("--accept-single-operator", help="Believe a hub that one operator runs alone.")
    ] = False,
    hub: Hub = None,
    hub_home: HubHome = None,
    valid_for: ValidFor = DAY,
    home: Home = None,
    member: As = None,
    json: Json = False,
) -> None:
    """Propose that the ledger's client of its hub, frozen, expired or stranded, begins anew under its identifier, and
    believes the validators that the hub has now. Counterparty, packets and sequences stay.

    One vote announces it; once the ledger's replacement_delay is over, another, for --apply, carries it out. The
    validators are read from the hub that you name: before they vote, the organisations compare what
    `ichub ledger proposal show` shows with what a hub's node that they trust says (`ichub validators show`).

    Example: ichub ledger proposal replace-client --hub hub.example:18500
    """
    changes = Changes(trusting_period=trusting_period, max_clock_drift=max_clock_drift)
    if apply + cancel + (accept_single_operator or changes != Changes()) > 1:
        raise Misused(_THREE_STEPS)

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            info = await _client(ledger, client)
            ask = _Asking(ledger, valid_for, Output(json), f"ichub ledger proposal replace-client {info.client}")
            if apply:
                await ask.to_apply(a.Connect(ApplyClientReplacement(info.client)), info.replaceable_from)
            elif cancel:
                await ask.to_cancel(a.Connect(CancelClientReplacement(info.client)), info.replaceable_from)
            else:
                status = await _status(hub_home, hub)
                message = replacement_by_hub(info, status, changes, accept_single_operator=accept_single_operator)
                row = {"chain": status.chain_id, "genesis_hash": status.genesis_hash, "epoch": status.epoch,
                       "validators": members_text(message.config.validators)}  # fmt: skip
                await ask.to_announce(a.Connect(message), client=info.client, **row)

    run(work())


class _Asking:
    """Proposes one of the three steps; ``command`` is what takes all of them. ``due``: from when what is announced may
    be carried out, 0 where nothing is.
    """

    def __init__(self, ledger: LedgerClient, valid_for: int, output: Output, command: str) -> None:
        self._ledger, self._valid_for, self._output, self._command = ledger, valid_for, output, command

    async def to_announce(self, action: a.Connect, **row: object) -> None:
        delay = (await self._ledger.parameters())["replacement_delay"]
        after = f"; from {delay} seconds after it has passed on: `{self._command} --apply`"
        await self._put(action, after, **row)

    async def to_apply(self, action: a.Connect, due: UnixSeconds) -> None:
        self._require_announced(due)
        later = (await self._ledger.status()).time < due
        after = f", but not before {moment(due)}: a vote that decides earlier lets it fail" if later else ""
        await self._put(action, after, applicable_from=moment(due))

    async def to_cancel(self, action: a.Connect, due: UnixSeconds) -> None:
        self._require_announced(due)
        await self._put(action, "")

    def _require_announced(self, due: UnixSeconds) -> None:
        if not due:
            raise Misused(
                f"nothing is announced (or its vote has not passed: `ichub ledger proposal list`): `{self._command}` "
                "proposes it",
                reason="NOT_ANNOUNCED",
            )

    async def _put(self, action: a.Connect, after: str, **row: object) -> None:
        number, height = await put_to_vote(self._ledger, action, self._valid_for)
        self._output.done(how_to_vote(number) + after, number=number, height=height, **row)


async def _client(ledger: LedgerClient, named: str | None) -> ClientInfo:
    """The one named, else that of the ledger's hub; raises Misused, ClientNotFound."""
    if named is not None:
        return await ledger.client(named)
    for info in await ledger.clients():
        if info.counterparty_client:
            return info
    raise Misused("the ledger has no hub yet: `ichub chain add NAME --ledger HOME` connects it to one", reason="NO_HUB")


async def _status(home: Path | None, target: str | None) -> NodeStatus:
    """What the hub says of itself; raises Misused, Unreachable, HubError."""
    try:
        async with hub_of(find_home(home), target) as connection:
            return await status_of_now(connection)
    except HubUnreachable as error:
        raise Unreachable(
            f"{error}; say where the hub is with --hub HOST:PORT, and by whom it is believed with --hub-home HOME (its "
            "tls/ca.pem)",
            error.reason(),
            **error.values(),
        ) from error

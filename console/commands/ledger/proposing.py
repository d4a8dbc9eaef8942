"""Putting something to the organisations' vote, as every command does that needs one."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.permissioned.ledger import actions as a
from adapters.permissioned.ledger.answers import ProposalInfo
from adapters.permissioned.ledger.client import LedgerClient
from adapters.permissioned.ledger.events import ProposalMade
from adapters.permissioned.ledger.messages import Propose
from console.ledger_session import ledger_of
from console.output import Output
from console.replacing import could_halt
from console.session import run
from hub.quantities import Height, Seconds

ValidFor = Annotated[int, typer.Option("--valid-seconds", help="How long the vote is open.")]
DAY = 24 * 3600


def propose(action: a.Action, valid_for: int, home: Path | None, member: str | None, as_json: bool) -> None:
    """Propose it, and say how it is voted on."""
    output = Output(as_json)

    async def work() -> None:
        async with ledger_of(home, member) as ledger:
            number, height = await put_to_vote(ledger, action, valid_for)
            output.done(how_to_vote(number), number=number, height=height)
            warn_of_power(output, await ledger.proposal(number))

    run(work())


async def put_to_vote(ledger: LedgerClient, action: a.Action, valid_for: int) -> tuple[int, Height]:
    """The proposal's number, and the block in which it was made; ``valid_for`` in seconds. Raises HubError."""
    receipt = await ledger.submit([Propose(action, Seconds(valid_for))])
    number = next(one.event.number for one in receipt.events if isinstance(one.event, ProposalMade))
    return number, receipt.height


def warn_of_power(output: Output, proposal: ProposalInfo) -> None:
    """Where it would give organisations too much of the validators' power."""
    if proposal.too_powerful:
        output.warn(could_halt(proposal.too_powerful))


def how_to_vote(number: int) -> str:
    """What a person reads who has proposed."""
    return f"made proposal {number}: the organisations' admins vote with `ichub ledger proposal vote {number} --yes`"

"""``ichub ledger``: a permissioned ledger, its members, its contracts; one file a group."""

import typer

from console.lazy import Entry, LazyGroup


def _in(module: str, attribute: str, about: str) -> Entry:
    return Entry(f"console.commands.ledger.{module}:{attribute}", about)


class LedgerCommands(LazyGroup):
    """In the order in which ``ichub ledger --help`` lists them."""

    entries = {  # noqa: RUF012  # it is what the base class names
        "init": _in("node", "init", "Make a ledger: its genesis, a node's home."),
        "start": _in("node", "start", "Run the node of a home until Ctrl-C or SIGTERM."),
        "doctor": _in("upkeep", "doctor", "Look for what commonly goes wrong, and say what to do."),
        "backup": _in("upkeep", "backup", "Copy blocks, state, private values while it runs."),
        "restore": _in("upkeep", "restore", "Put a backup back."),
        "enrol": _in("members", "enrol", "Become a member: certificate and enrolment."),
        "org": _in("members", "organisations", "Organisations; they join and leave by vote."),
        "member": _in("members", "members", "Members, known by their certificates."),
        "ca": _in("members", "authorities", "Certificate authorities, revocation lists."),
        "proposal": _in("governance", "app", "Propose, vote, see what was decided."),
        "validators": _in("validators", "app", "Who signs the blocks; the next set, by vote."),
        "contract": _in("contracts", "app", "Contracts: pinned by hash, active by vote."),
        "document": _in("documents", "app", "Documents: notarise, countersign, verify."),
        "receivable": _in("receivables", "app", "Receivables: registered once, financed by one."),
        "endorse": _in("drafts", "endorse", "Look at a draft of another member, and sign it."),
        "submit": _in("drafts", "submit", "Send a draft that all have signed."),
        "call": _in("calls", "call", "Call a service on another chain, as a member."),
        "history": _in("history", "history", "Who changed a record, when, endorsed by whom."),
        "query": _in("queries", "app", "What the ledger says of itself."),
    }


app = typer.Typer(
    cls=LedgerCommands,
    help="A permissioned ledger: its node, members, votes, contracts, documents and receivables.",
    no_args_is_help=True,
)

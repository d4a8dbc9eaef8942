"""``ichub ledger``: a permissioned ledger, its members, its contracts; one file a group."""

import typer

from console.commands.ledger import contracts, documents, governance, members, node, receivables

app = typer.Typer(
    help="A permissioned ledger: its node, members, votes, contracts, documents and receivables.", no_args_is_help=True
)
for command in (node.init, node.start, members.enrol, contracts.history):
    app.command()(command)
app.add_typer(members.organisations, name="org")
app.add_typer(members.members, name="member")
app.add_typer(members.authorities, name="ca")
app.add_typer(governance.app, name="proposal")
app.add_typer(contracts.app, name="contract")
app.add_typer(documents.app, name="document")
app.add_typer(receivables.app, name="receivable")
app.add_typer(node.query, name="query")

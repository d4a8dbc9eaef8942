"""The commands of ``ichub``, one file a group: each reads options, calls a room of the project, prints."""

from console.lazy import Entry, LazyGroup


def _group(name: str, about: str) -> Entry:
    return Entry(f"console.commands.{name}:app", about)


def _one(name: str, about: str) -> Entry:
    return Entry(f"console.commands.{name}:{name}", about)


class Commands(LazyGroup):
    """In the order in which ``ichub --help`` lists them."""

    entries = {  # noqa: RUF012  # it is what the base class names
        "init": _one("init", "Make a node's home: keys, certificates, genesis."),
        "start": _one("start", "Run the node of a home until Ctrl-C or SIGTERM."),
        "doctor": _one("doctor", "Look for what commonly goes wrong, and say what to do."),
        "backup": _one("backup", "Copy the node's blocks and state while it runs."),
        "restore": _one("restore", "Put a backup's blocks and state back."),
        "keys": _group("keys", "Keys of the home, in encrypted keystores."),
        "account": _group("account", "Accounts at the hub: what they hold, what they may do."),
        "chain": _group("chain", "Chains: connect one, list them, show one."),
        "client": _group("client", "The hub's light clients: what it believes of chains."),
        "validators": _group("validators", "The validators that sign the hub's blocks."),
        "service": _group("service", "Services: what they take and answer, who offers them."),
        "call": _one("call", "Call a service from a hub account."),
        "packet": _group("packet", "Packets: which are on their way, the life of one."),
        "receipt": _group("receipt", "Receipts: a call in one file, verified offline."),
        "attestor": _group("attestor", "Attestors: sign headers of chains that they see."),
        "relayer": _group("relayer", "Relayers: carry packets, trusted by nobody."),
        "ledger": _group("ledger", "A permissioned ledger: its members, votes, contracts."),
        "devnet": _group("devnet", "A whole network on this machine, to try all of it."),
    }

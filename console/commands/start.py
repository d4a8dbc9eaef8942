"""``ichub start``: run a hub node."""

import uvloop

from console.home import find_home
from console.logs import JsonLogs, log_to_stderr
from console.node import run_home, validator_signers
from console.options import Home, PasswordFile
from console.output import Output


def start(home: Home = None, password_file: PasswordFile = None, json: JsonLogs = False) -> None:
    """Run the node of a home until Ctrl-C or SIGTERM. Logs go to stderr.

    Example: ichub start --home /srv/hub
    """
    place = find_home(home)
    log_to_stderr(as_json=json)
    uvloop.run(run_home(place, *validator_signers(Output(json), place, password_file)))

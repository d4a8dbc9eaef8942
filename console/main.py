"""The ``ichub`` command: all commands put together, and every error turned into a sentence."""

import os
import sys
from typing import Annotated, Literal

import typer
from typer.completion import (  # type: ignore[attr-defined]  # typer does not list what it exports
    completion_init,
    get_completion_script,
    install,
)
from typer.exceptions import TyperException

from console.commands import Commands
from console.exits import ExitCode, Misused, OurFault
from console.lazy import QUIET
from hub.version import VERSION

TRACEBACK_VARIABLE = "ICHUB_TRACEBACK"
HELP = """\
Run, watch and use an interchain hub: a contract on one chain calls a service on another, every hop proven.

A newcomer begins with `ichub devnet`, in a terminal of its own; `ichub chain list`, `ichub packet list` and
`ichub call` then work in another one. An operator begins with `ichub init` and `ichub start`.

Times that are shown are UTC, money is in the hub's smallest unit.

Exit codes: 0 done · 1 refused by a rule, which is named · 2 the command line or the configuration is wrong ·
3 unreachable · 4 timed out · 5 a check did not hold · 70 a fault of ours · 130 interrupted.
"""

app = typer.Typer(
    name="ichub",
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,  # its options know the shell that they are run from alone
    **QUIET,
)
completion_init()

_PROGRAM = "ichub"
_Shell = Literal["bash", "zsh", "fish"] | None


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        print(f"ichub {VERSION}")
        raise typer.Exit


def _print_completion(context: typer.Context, shell: str | None) -> None:
    if shell is not None and not context.resilient_parsing:
        print(get_completion_script(prog_name=_PROGRAM, complete_var="_ICHUB_COMPLETE", shell=shell))
        raise typer.Exit


def _install_completion(context: typer.Context, shell: str | None) -> None:
    if shell is not None and not context.resilient_parsing:
        _, file = install(shell=shell, prog_name=_PROGRAM, complete_var="_ICHUB_COMPLETE")
        print(f"the completion of {shell} stands in {file}: shells that are opened from now on have it")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    _show_completion: Annotated[
        _Shell,
        typer.Option("--show-completion", callback=_print_completion, is_eager=True, help="Print a shell's script."),
    ] = None,
    _install_completion: Annotated[
        _Shell,
        typer.Option(
            "--install-completion", callback=_install_completion, is_eager=True, help="Let a shell complete commands."
        ),
    ] = None,
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Run one command and end the process with its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in given
    try:
        sys.exit(app(args=given, prog_name=_PROGRAM, standalone_mode=False))
    except (KeyboardInterrupt, typer.Abort):  # Abort: Ctrl-C where something was asked
        sys.exit(ExitCode.INTERRUPTED)
    except TyperException as error:
        _print_misuse(error, as_json)
        sys.exit(ExitCode.USAGE)
    except Exception as error:
        from console.errors import as_console_error  # noqa: PLC0415  # it knows every room's errors
        from console.output import print_error  # noqa: PLC0415

        known = as_console_error(error)
        if known is None:
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            known = OurFault(
                f"a fault of ours, please report it ({type(error).__name__}: {error}); "
                f"{TRACEBACK_VARIABLE}=1 shows where it came from"
            )
        print_error(known, as_json)
        sys.exit(known.code)


def _print_misuse(error: TyperException, as_json: bool) -> None:
    """What was typed wrong, with the usage; or as JSON, as every other error."""
    if not as_json:
        error.show()  # type: ignore[attr-defined]  # each that there is has it
        return
    from console.output import print_error  # noqa: PLC0415  # it takes long

    print_error(Misused(error.format_message(), reason="USAGE"), as_json)

"""How a command ends: the exit codes, and the errors that a person reads.

Every error is one sentence that says what happened and what to do next.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """What ``$?`` means after any ``ichub`` command."""

    OK = 0
    REFUSED = 1
    """A rule of the hub or of a chain refused it; the reason is named. Nothing was changed."""
    USAGE = 2
    """The command line, a configuration file or a prerequisite is wrong."""
    UNREACHABLE = 3
    """A hub, a chain's endpoint or a file's other end did not answer."""
    TIMED_OUT = 4
    """It was accepted, but did not come about in the time given."""
    CHECK_FAILED = 5
    """Checks were made (``doctor``, the tour) and at least one did not hold."""
    OUR_FAULT = 70
    """A fault of this software."""
    INTERRUPTED = 130
    """Ctrl-C."""


class ConsoleError(Exception):
    """Ends a command. ``reason`` is a stable UPPER_SNAKE name for programs, the text is for people."""

    code = ExitCode.REFUSED

    def __init__(self, text: str, reason: str = "", **values: str) -> None:
        super().__init__(text)
        self.reason = reason or type(self).__name__.upper()
        self.values = values


class Refused(ConsoleError):
    """A rule refused it."""

    code = ExitCode.REFUSED


class Misused(ConsoleError):
    """What was typed or configured cannot be meant."""

    code = ExitCode.USAGE


class Unreachable(ConsoleError):
    """The other end did not answer."""

    code = ExitCode.UNREACHABLE


class TimedOut(ConsoleError):
    """It did not come about in time."""

    code = ExitCode.TIMED_OUT


class OurFault(ConsoleError):
    """A fault of this software."""

    code = ExitCode.OUR_FAULT


class CheckFailed(ConsoleError):
    """A check did not hold."""

    code = ExitCode.CHECK_FAILED

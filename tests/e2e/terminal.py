"""A program on a terminal of its own, as a person sees it: what it draws is kept, and Ctrl-C is a key."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Thread

_ROWS, _COLUMNS = 50, 160
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_CTRL_C = b"\x03"


class Terminal:
    """``process`` leads the terminal's session. ``close`` once it has ended."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        # The terminal that a session's leader opens first is the session's own: Ctrl-C goes to it.
        opened = ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(theirs), *command]
        self.process = subprocess.Popen(opened, env={**environment, "TERM": "xterm"}, start_new_session=True)
        os.close(theirs)
        self._drawn = bytearray()
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def text(self) -> str:
        """All that was ever drawn, one thing below the other, without colours and movements."""
        return _CONTROL.sub("", self._drawn.decode(errors="replace"))

    def press_ctrl_c(self) -> None:
        os.write(self._ours, _CTRL_C)

    def close(self) -> None:
        self._reading.join(10)
        os.close(self._ours)

    def _read(self) -> None:
        with suppress(OSError):  # the other end is closed
            while some := os.read(self._ours, 65536):
                self._drawn += some

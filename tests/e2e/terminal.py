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
from select import select
from threading import Event, Thread

_ROWS, _COLUMNS = 50, 160
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_CTRL_C = b"\x03"
_LOOK_AGAIN_S = 0.1


class Terminal:
    """``process`` leads the terminal's session; ``close`` is to hang up, or to clean up after it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, self._theirs = pty.openpty()
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        # The terminal that a session's leader opens first is the session's own: Ctrl-C goes to it.
        opened = ["sh", "-c", 'exec "$@" <"$0" >"$0" 2>&1', os.ttyname(self._theirs), *command]
        self.process = subprocess.Popen(opened, env={**environment, "TERM": "xterm"}, start_new_session=True)
        # Ours of their end stays open: while nobody has it open, as before the process does, reading ends (EIO).
        self._drawn = b""
        self._closed = Event()
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    @property
    def text(self) -> str:
        """All that was ever drawn, one thing below the other, without colours and movements."""
        return _CONTROL.sub("", self._drawn.decode(errors="replace"))

    def press_ctrl_c(self) -> None:
        os.write(self._ours, _CTRL_C)

    def close(self) -> None:
        """As one closes its window: whatever still runs there is told so (SIGHUP), and can write no more."""
        self._closed.set()
        self._reading.join()
        os.close(self._ours)
        os.close(self._theirs)

    def _read(self) -> None:
        with suppress(OSError):  # the other end is closed
            while not self._closed.is_set():
                if select([self._ours], [], [], _LOOK_AGAIN_S)[0]:
                    if not (some := os.read(self._ours, 65536)):
                        return
                    self._drawn += some  # bytes: a bytearray cannot grow while another thread decodes it (BufferError)

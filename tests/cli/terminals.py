"""What does a person see, and what can they press?"""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

PATIENCE = 60.0
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")


class Terminal:
    """The program with a controlling terminal of its own."""

    def __init__(self, *arguments: str, columns: int = 80, rows: int = 24, **environ: str) -> None:
        plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        environ = {**plain, "TERM": "xterm-256color", **environ}
        argv = [sys.executable, "-m", "team_supervisor", *arguments]
        self.seen = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self.pid, self.descriptor = pty.fork()
        OPEN.append(self)
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(sys.executable, argv, environ)

    def resize(self, columns: int, rows: int) -> None:
        """The kernel tells the program."""
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, keys: str) -> None:
        os.write(self.descriptor, keys.encode())

    def until(self, words: str) -> str:
        """Everything shown since the last call, up to and with these words."""
        deadline = time.monotonic() + PATIENCE
        while words not in self.seen:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self.descriptor], [], [], left)[0]
            chunk = self._chunk() if ready else ""
            assert chunk, f"{words!r} was never shown, but: {self.seen}"
            self.seen += chunk
        shown, _, self.seen = self.seen.partition(words)
        return shown + words

    def end(self) -> tuple[str, int]:
        """(what was shown until the program ended by itself, its exit code)"""
        while chunk := self._chunk():
            self.seen += chunk
        OPEN.remove(self)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.descriptor)
        return self.seen, os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.descriptor)
        os.waitpid(self.pid, 0)

    def _chunk(self) -> str:
        assert select.select([self.descriptor], [], [], PATIENCE)[0], f"it hangs after {self.seen}"
        try:
            return self._decode(os.read(self.descriptor, 65_536))
        except OSError:
            return ""


# Those that have not ended: a test that fails may leave one.
OPEN: list[Terminal] = []


def shown(text: str) -> list[str]:
    """The lines without colours and cursor movements."""
    return [line.rstrip() for line in ESCAPES.sub("", text).split("\n")]


def on_terminal(*arguments: str, columns: int = 80, **environ: str) -> str:
    """All that a command shows which ends by itself and well."""
    text, code = Terminal(*arguments, columns=columns, **environ).end()
    assert code == 0, text
    return text


def option(root: Path) -> tuple[str, str]:
    return "--workspace", str(root)

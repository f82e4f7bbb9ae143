"""What does the person at the terminal want, while something is shown?"""

import os
import select
import signal
import sys
import termios
import tty
from types import FrameType, TracebackType
from typing import Any, Literal

Wish = Literal["nothing", "leave", "suspend"]
LEAVE = (b"q", b"Q", b"\x04", b"")


class Keyboard:
    """Keys without Enter, and signals that end a wait; everything is put back at the end."""

    def __enter__(self) -> "Keyboard":
        self._descriptor = sys.stdin.fileno() if sys.stdin.isatty() else None
        self._saved: list[Any] | None = None
        if self._descriptor is not None:
            self._saved = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
        self._ring, self._bell = os.pipe()
        for end in (self._ring, self._bell):
            os.set_blocking(end, False)
        self._old_bell = signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        self._wish: Wish = "nothing"
        self._old = {
            number: signal.signal(number, self._heard)
            for number in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGTERM, signal.SIGHUP)
        }
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_bell)
        os.close(self._ring)
        os.close(self._bell)
        if self._descriptor is not None and self._saved is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._saved)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if number in (signal.SIGTERM, signal.SIGHUP):
            self._wish = "leave"
        elif number == signal.SIGTSTP:
            self._wish = "suspend"

    def wait(self, seconds: float) -> Wish:
        """Until a key, a signal (such as a new size of the window) or the time is over."""
        readers = [self._ring, *([self._descriptor] if self._descriptor is not None else [])]
        ready, _, _ = select.select(readers, [], [], seconds)
        if self._ring in ready:
            os.read(self._ring, 4096)
        if self._descriptor is not None and self._descriptor in ready:
            keys = os.read(self._descriptor, 64)
            self._wish = "leave" if keys in LEAVE else self._wish
        return self._wish

"""How does the loop sleep until something may have happened?"""

import contextlib
import os
import selectors
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import locks

# Whoever writes without a pause must not wake us for each line (seconds).
REST = 0.02


@dataclass(frozen=True, slots=True)
class Woken:
    """What ended a wait: somebody rang, processes of these sessions ended, files changed."""

    rung: bool = False
    ended: tuple[str, ...] = ()
    files: bool = False


class Waker:
    """Waits on the doorbell, on the ends of processes and on file events."""

    def __init__(self, doorbell: Path) -> None:
        self._doorbell = locks.open_doorbell(doorbell)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._doorbell, selectors.EVENT_READ)
        self._files: int | None = None
        self._tired = False

    def ring(self) -> None:
        """From any thread, or from a signal handler, which may come when all is closed."""
        if self._doorbell >= 0:
            with contextlib.suppress(BlockingIOError):
                os.write(self._doorbell, b"!")

    def follow(self, descriptor: int, session: str = "") -> None:
        """Wake when this process descriptor says that its process ended."""
        self._selector.register(descriptor, selectors.EVENT_READ, session)

    def forget(self, descriptor: int) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)
        os.close(descriptor)

    def listen(self, descriptor: int | None) -> None:
        """Wake when this descriptor has file events to read; None for no more of them."""
        if self._files is not None:
            self._selector.unregister(self._files)
        self._files = descriptor
        if descriptor is not None:
            self._selector.register(descriptor, selectors.EVENT_READ)

    def wait(self, seconds: float) -> Woken:
        """Until something happens, at most `seconds`; of file events not many times in a row."""
        if self._tired and self._files is not None:
            files = self._files
            self.listen(None)
            woken = self._wait(min(seconds, REST))
            self.listen(files)
            self._tired = False
            if woken.rung or woken.ended or seconds <= REST:
                return woken
            seconds -= REST
        woken = self._wait(seconds)
        self._tired = woken.files
        return woken

    def _wait(self, seconds: float) -> Woken:
        keys = [key for key, _ in self._selector.select(seconds)]
        rung = any(key.fd == self._doorbell for key in keys)
        if rung:
            locks.hush(self._doorbell)
        others = [key for key in keys if key.fd != self._doorbell]
        return Woken(
            rung=rung,
            ended=tuple(key.data for key in others if key.fd != self._files),
            files=any(key.fd == self._files for key in others),
        )

    def close(self) -> None:
        self._selector.close()
        doorbell, self._doorbell = self._doorbell, -1
        os.close(doorbell)

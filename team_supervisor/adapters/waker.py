"""How does the loop sleep until something may have happened?"""

import contextlib
import os
import selectors
from pathlib import Path

from team_supervisor.adapters import locks


class Waker:
    """Waits on the doorbell and on the ends of processes; whatever woke it, the loop looks."""

    def __init__(self, doorbell: Path) -> None:
        self._doorbell = locks.open_doorbell(doorbell)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._doorbell, selectors.EVENT_READ)

    def ring(self) -> None:
        """From any thread, or from a signal handler."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._doorbell, b"!")

    def follow(self, descriptor: int) -> None:
        """Wake when this process descriptor says that its process ended."""
        self._selector.register(descriptor, selectors.EVENT_READ)

    def forget(self, descriptor: int) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)
        os.close(descriptor)

    def wait(self, seconds: float) -> None:
        """Until something happens, at most `seconds`."""
        ready = self._selector.select(seconds)
        if any(key.fd == self._doorbell for key, _ in ready):
            locks.hush(self._doorbell)

    def close(self) -> None:
        self._selector.close()
        os.close(self._doorbell)

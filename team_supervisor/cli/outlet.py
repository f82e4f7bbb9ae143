"""How are lines printed without waiting for whoever reads them?"""

import contextlib
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator

# So many lines wait for a reader; of what comes after them, until all are taken, only the number
# is kept.
MOST_WAITING = 10_000
# At the end, seconds for a reader who is slow, not gone.
PATIENCE = 2.0


class Outlet:
    """Writes lines into a descriptor, in order; `left_out` says in a line how many are missing.

    A terminal that is stopped with Ctrl-S, or a pipe that nobody empties, takes no more: its
    lines then wait in a thread, so that nothing but their reader waits for them.
    """

    def __init__(
        self, descriptor: int, encoding: str | None, left_out: Callable[[int], str]
    ) -> None:
        self._descriptor = descriptor
        self._encoding = encoding or "utf-8"
        self._left_out = left_out
        self._waiting: deque[str] = deque()
        self._missing = 0
        self._gone = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def say(self, line: str) -> None:
        """At once where there is room for it, else as soon as there is."""
        with self._lock:
            if self._gone:
                return
            if self._thread is None and len(line) < select.PIPE_BUF // 4 and self._has_room():
                self._write(line)
                return
            # Those after a gap would come before the line that tells of it.
            if self._missing or len(self._waiting) >= MOST_WAITING:
                self._missing += 1
                return
            self._waiting.append(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry, name="outlet", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Wait a little for what is on its way."""
        if thread := self._thread:
            thread.join(PATIENCE)

    def _has_room(self) -> bool:
        asked = select.poll()
        asked.register(self._descriptor, select.POLLOUT)
        return bool(asked.poll(0))

    def _carry(self) -> None:
        while (line := self._next()) is not None:
            self._write(line)

    def _next(self) -> str | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._missing and not self._gone:
                missing, self._missing = self._missing, 0
                return self._left_out(missing)
            self._thread = None
            return None

    def _write(self, line: str) -> None:
        """A closed pipe or a full disk ends no supervisor; the events are in the database."""
        left = memoryview((line + "\n").encode(self._encoding, "replace"))
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except BrokenPipeError:
            self._gone = True
        except OSError:
            pass


@contextlib.contextmanager
def outlet(left_out: Callable[[int], str]) -> Iterator[Outlet]:
    """To standard output, until the end of the block."""
    sys.stdout.flush()
    made = Outlet(sys.stdout.fileno(), sys.stdout.encoding, left_out)
    try:
        yield made
    finally:
        made.close()

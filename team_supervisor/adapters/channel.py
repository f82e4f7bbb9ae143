"""How does a message reach a channel, while whoever sends it goes on?"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

MOST_ABANDONED = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What became of message `number`; `problem` is safe to show, None when it arrived."""

    number: int
    problem: str | None


class Messenger:
    """One message at a time, in a thread of its own that nobody has to wait for."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._abandoned: list[threading.Thread] = []
        self._thread: threading.Thread | None = None
        self.number: int | None = None
        self.since = 0.0

    @property
    def free(self) -> bool:
        """Not while it sends, nor when too many sendings hang."""
        self._abandoned = [thread for thread in self._abandoned if thread.is_alive()]
        return self.number is None and len(self._abandoned) < MOST_ABANDONED

    def start(self, number: int, url: str, text: str, monotonic: float) -> None:
        self.number, self.since = number, monotonic
        self._thread = threading.Thread(target=self._run, args=(number, url, text), daemon=True)
        self._thread.start()

    def abandon(self) -> Result:
        """It has no answer: whatever still comes of it is not waited for."""
        assert self.number is not None and self._thread is not None
        self._abandoned.append(self._thread)
        number, self.number = self.number, None
        return Result(number, "it did not answer in time")

    def result(self, seconds: float = 0.0) -> Result | None:
        """What became of the message, waited for at most so long."""
        while self.number is not None:
            try:
                found = self._results.get(timeout=seconds) if seconds else self._results.get(False)
            except queue.Empty:
                return None
            if found.number == self.number:
                self.number = None
                return found
        return None

    def _run(self, number: int, url: str, text: str) -> None:
        from team_supervisor.adapters.delivery import send

        self._results.put(Result(number, send(url, text)))
        try:
            self._ring()
        except OSError:
            pass  # the supervisor has ended, and nobody waits at its doorbell

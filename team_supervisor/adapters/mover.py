"""Who does long work on files while the loop goes on?"""

import queue
import threading
from collections.abc import Callable

Job = Callable[[threading.Event], None]


class Mover:
    """One job at a time, in a thread; whoever is refused asks again with the next look."""

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._problems: queue.SimpleQueue[str] = queue.SimpleQueue()

    def start(self, job: Job) -> bool:
        """False while another job runs. The job is to end soon once its event is set."""
        if self._thread is not None and self._thread.is_alive():
            return False
        self._thread = threading.Thread(target=self._run, args=(job,), daemon=True)
        self._thread.start()
        return True

    def problem(self) -> str | None:
        """What went wrong since the last time; each is told once."""
        try:
            return self._problems.get_nowait()
        except queue.Empty:
            return None

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, job: Job) -> None:
        try:
            job(self._stop)
        except FileNotFoundError:
            pass  # the session was archived meanwhile: nothing of it grows any more
        except Exception as error:
            self._problems.put(str(error))

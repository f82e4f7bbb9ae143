"""When did something change in the workspace's root? A hint, never the truth."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from team_supervisor.adapters import inotify


class Watch(Protocol):
    """A running watch; `healthy` is False when it can no longer be relied upon."""

    def healthy(self) -> bool: ...
    def stop(self) -> None: ...


class _Handler:
    """Only wakes: an exception here would kill watchdog's thread in silence."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def dispatch(self, event: object) -> None:
        try:
            self._wake()
        except OSError:
            return


class _RootWatch:
    """An observer and all its threads: the one that reads the kernel's events is not among those
    that it asks itself, and when it dies there are no events and no error."""

    def __init__(self, observer: Any, threads: frozenset[threading.Thread]) -> None:
        self._observer, self._threads = observer, threads

    def healthy(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    def stop(self) -> None:
        """At most 2 s: a thread that died may have taken a lock with it."""
        stopping = threading.Thread(target=self._observer.stop, daemon=True)
        stopping.start()
        stopping.join(timeout=2.0)
        if not stopping.is_alive():
            self._observer.join(timeout=2.0)


def watch(root: Path, wake: Callable[[], None]) -> Watch | None:
    """Watch the root without recursion; None where this machine can't (limits, file systems).

    Recursion is where watching breaks: lost events, livelock above some 4,096 directories.
    """
    return inotify.root_events(root, wake) if sys.platform == "linux" else observed(root, wake)


def observed(root: Path, wake: Callable[[], None]) -> Watch | None:
    """By watchdog, which knows the other systems."""
    from watchdog.events import DirCreatedEvent, DirMovedEvent
    from watchdog.observers import Observer

    before = _threads()
    try:
        observer = Observer()
    except OSError:
        return None
    try:
        observer.schedule(
            _Handler(wake),  # type: ignore[arg-type, unused-ignore]
            str(root),
            recursive=False,
            event_filter=[DirCreatedEvent, DirMovedEvent],
        )
        observer.start()
    except (OSError, RuntimeError):
        # It has an inotify instance and a thread by now, whether or not it was started itself.
        observer.stop()
        return None
    return _RootWatch(observer, _threads() - before)


def _threads() -> frozenset[threading.Thread]:
    return frozenset(t for t in threading.enumerate() if type(t).__module__.startswith("watchdog"))

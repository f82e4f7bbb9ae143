"""When did something change in the workspace's root? A hint, never the truth."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol


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
    def __init__(self, observer: Any) -> None:
        self._observer = observer

    def healthy(self) -> bool:
        return bool(
            self._observer.is_alive() and all(e.is_alive() for e in self._observer.emitters)
        )

    def stop(self) -> None:
        self._observer.stop()
        self._observer.join(timeout=2.0)


def watch(root: Path, wake: Callable[[], None]) -> Watch | None:
    """Watch the root without recursion; None where this machine can't (limits, file systems).

    Recursion is where watching breaks: lost events, livelock above some 4,096 directories.
    """
    from watchdog.events import DirCreatedEvent, DirMovedEvent
    from watchdog.observers import Observer

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
    return _RootWatch(observer)

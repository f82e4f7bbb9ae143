"""Do file events come, for the workspace's root and for the sessions' directories?"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from team_supervisor.adapters import machine, watch
from team_supervisor.adapters.inotify import session_events
from team_supervisor.adapters.waker import Waker
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.attention import Attention


@dataclass(slots=True)
class Watching:
    """Events are only a hint; a watch of a root that was replaced is no hint at all."""

    workspace: Workspace
    waker: Waker
    attention: Attention
    warn: Callable[[str], None]
    _watch: watch.Watch | None = None
    _root: tuple[int, int] | None = None

    def keep(self, wanted: bool) -> None:
        """Make what is wanted and missing, and anew what can no longer be relied upon."""
        if not wanted:
            self._end_sessions()
            return
        try:
            found = os.stat(self.workspace.root)
        except OSError:
            return
        root = (found.st_dev, found.st_ino)
        if self._watch is not None and (root != self._root or not self._watch.healthy()):
            self._watch.stop()
            self._watch = None
        if self._root != root:
            self._end_sessions()
            self.begin()
        if self._root != root or self._watch is None:
            self._watch, self._root = watch.watch(self.workspace.root, self.waker.ring), root
        if self._watch is None or not self.attention.selective:
            self.warn("file events are not available here: looking every 2 s instead")

    def begin(self) -> None:
        """Of the sessions alone, before the first look: it makes them be watched."""
        if self.attention.events is not None or machine.shared_with_others(self.workspace.root):
            return
        self.attention.events = events = session_events()
        self.attention.mark_all()
        if events is not None:
            self.waker.listen(events.descriptor)

    def _end_sessions(self) -> None:
        if (events := self.attention.events) is not None:
            self.waker.listen(None)
            self.attention.events = None
            events.close()

    def close(self) -> None:
        self._end_sessions()
        if self._watch is not None:
            self._watch.stop()

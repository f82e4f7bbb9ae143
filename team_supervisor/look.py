"""What is one session doing, seen from its files and its process?"""

import os
import select
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from team_supervisor.adapters import control, files, logs, processes
from team_supervisor.adapters.parsing import Parser
from team_supervisor.adapters.waker import Waker
from team_supervisor.adapters.workspace import Workspace, put_away_as
from team_supervisor.checking import LOST_AFTER, Listening, check, silent
from team_supervisor.core.completion import TasksReading, TasksWatch, note
from team_supervisor.core.logs import Logs
from team_supervisor.core.model import Delivery, Exit, Moment, Session, State
from team_supervisor.core.progress import clean
from team_supervisor.core.world import Life, SessionFacts
from team_supervisor.hearing import hear
from team_supervisor.runners import RUNNERS
from team_supervisor.settings import Settings


@dataclass(slots=True)
class _Memory:
    """What is kept of a session between two looks; all of it can be lost without harm."""

    attempt: int = -1
    launched_since: float | None = None
    pidfd: int | None = None
    host: processes.ProcessRef | None = None
    poll: Any = None
    pid: int | None = None
    adopted: bool = True
    begun: bool = False
    tasks: files.Signature | None = None
    watch: TasksWatch | None = None
    recorded: bool = False
    unread: bool = False
    instructions: files.Signature | None = None
    instructions_since: float = 0.0
    listening: Listening = field(default_factory=Listening)


class SessionLooker:
    """Looks at sessions; `waker` is told which processes to wake for."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self.settings = settings
        self._memory: dict[str, _Memory] = {}
        self.waker: Waker | None = None
        self.parser = Parser()

    def look(self, session: Session, unseen: tuple[Delivery, ...], now: Moment) -> SessionFacts:
        """Never raises on what an agent may have done to its directory."""
        memory = self._memory.setdefault(session.id, _Memory())
        if session.ended or session.state == State.REQUESTED:
            return SessionFacts(session=session, unseen=unseen)
        directory, exists = self._place(session)
        life, pid, end, grace = self._process(session, memory, now)
        heard, seen, turns = hear(session, directory, now)
        current = replace(session, **heard)
        news, settled = self._news(current, memory, directory, now) if exists else (None, False)
        runner, idle = RUNNERS.get(session.runner), not current.turn_open and not turns
        quiet = silent(directory, memory.host, memory.listening, now, self.settings.stall_after)
        checked, verdict = check(self._workspace, session, memory.listening, now)
        return SessionFacts(
            session=current,
            life=life,
            pid=pid,
            exit=end,
            complaint=_complaint(directory) if end else "",
            directory=exists,
            archive=None if exists else put_away_as(self._workspace, session.id),
            watch=self._tasks(current, memory, idle, now) if exists else None,
            heard=heard,
            seen=seen,
            turns=turns,
            unseen=tuple(d for d in unseen if d.id not in seen),
            news=news,
            news_settled=settled,
            stop_grace=grace,
            talks=runner.TALKS if runner else True,
            adopted=memory.adopted and session.state == State.ACTIVE,
            unbegun=life == Life.ENDED and end is None and memory.adopted and not memory.begun,
            logs=_logs(directory, self.settings.logs.limit),
            followed=memory.poll is not None,
            unread=exists and memory.unread,
            check=checked,
            verdict=verdict,
            silent=quiet[0],
            still=quiet[1],
        )

    def _place(self, session: Session) -> tuple[Path, bool]:
        """Its directory, and whether that is one."""
        directory = self._workspace.directory(session.id)
        return directory, directory.is_dir() and not directory.is_symlink()

    def started(self, session: str) -> None:
        """This supervisor launched it: its process is not an adopted one."""
        self._memory.setdefault(session, _Memory()).adopted = False

    def forget_all_but(self, sessions: Collection[str]) -> set[str]:
        """Who was forgotten."""
        gone = {session for session in self._memory if session not in sessions}
        for session in gone:
            self._unfollow(self._memory.pop(session))
        return gone

    def _unfollow(self, memory: _Memory) -> None:
        if memory.pidfd is not None:
            if self.waker:
                self.waker.forget(memory.pidfd)
            else:
                os.close(memory.pidfd)
        memory.pidfd = memory.poll = None

    def _process(
        self, session: Session, memory: _Memory, now: Moment
    ) -> tuple[Life, int | None, Exit | None, float | None]:
        if session.attempt_at is None:
            return Life.NONE, None, None, None
        where = self._workspace.session_control(session.id)
        if memory.attempt != session.attempt:
            self._unfollow(memory)
            memory.attempt, memory.launched_since = session.attempt, None
            # How long it has been silent is of this process, not of the one before its rest.
            memory.listening = Listening()
        stopping = session.state == State.STOPPING or bool(session.restart_wanted)
        grace = control.stop_grace(where, session.attempt) if stopping else None
        if memory.poll is not None and not memory.poll.poll(0):
            return Life.ALIVE, memory.pid, None, grace
        self._unfollow(memory)
        view = processes.look(where, session.attempt)
        memory.begun = view.recorded
        if view.exit is not None:
            return Life.ENDED, None, _exit(view.exit), grace
        if view.agent is not None:
            memory.pid = view.agent.pid
        if view.host is not None and view.agent is not None:
            self._follow(session.id, memory, view.host)
            return Life.ALIVE, view.agent.pid, None, grace
        launched = control.launched_attempt(where) == session.attempt
        return _uncertain(view, launched, memory, now), memory.pid, None, grace

    def _follow(self, session: str, memory: _Memory, host: processes.ProcessRef) -> None:
        memory.host = host
        memory.pidfd = processes.open_pidfd(host)
        if memory.pidfd is not None:
            memory.poll = select.poll()
            memory.poll.register(memory.pidfd, select.POLLIN)
            if self.waker:
                self.waker.follow(memory.pidfd, session)

    def _tasks(
        self, session: Session, memory: _Memory, idle: bool, now: Moment
    ) -> TasksWatch | None:
        path = f"{self._workspace.root}/{session.id}/tasks.md"
        memory.unread = False
        found = files.signature(path)
        complete = memory.watch is not None and memory.watch.reading.complete
        if memory.watch is not None and found == memory.tasks and not complete:
            return memory.watch
        try:
            data = files.read_settled(Path(path))
        except files.Unreadable as error:
            if str(error) == "is being written":
                return memory.watch
            reading = TasksReading(f"!{error}", problem=f"tasks.md {error}")
        else:
            understood = self._understood(session, memory, data, now)
            if understood is None:
                memory.unread = True
                return None if complete else memory.watch
            reading = understood
        memory.tasks = None if memory.recorded else found
        memory.watch = note(memory.watch, reading, now.monotonic, idle)
        return memory.watch

    def _understood(
        self, session: Session, memory: _Memory, data: bytes, now: Moment
    ) -> TasksReading | None:
        """None while a large one is not understood yet."""
        digest = files.digest(data)
        if memory.watch is None and (found := _recorded(session, digest)):
            memory.recorded = True
            return found
        if memory.watch and memory.watch.reading.digest == digest and not memory.recorded:
            return memory.watch.reading
        reading = self.parser.reading(session.id, data, now.monotonic)
        memory.recorded = memory.recorded and reading is None
        return reading

    def _news(
        self, session: Session, memory: _Memory, directory: Path, now: Moment
    ) -> tuple[tuple[int, int] | None, bool]:
        """Which bytes of instructions.md were not delivered yet, and whether they are whole."""
        found = files.signature(f"{directory}/instructions.md")
        if found is None or found.size == session.instructions_offset:
            return None, False
        if found != memory.instructions:
            memory.instructions, memory.instructions_since = found, now.monotonic
        start = session.instructions_offset if found.size > session.instructions_offset else 0
        settled = now.monotonic - memory.instructions_since >= self.settings.settle
        try:
            with files.opened(directory / "instructions.md", 16 * files.MEBIBYTE) as descriptor:
                whole = settled and not files.has_writer(descriptor)
        except files.Unreadable:
            return None, False
        return (start, found.size), whole


def _recorded(session: Session, digest: str) -> TasksReading | None:
    """What its row says of this very list, as far as an agent at work needs it: so hundreds are
    adopted without reading Markdown. The next look reads it."""
    runner = RUNNERS.get(session.runner)
    works = session.turn_open or (runner is not None and not runner.TALKS)
    if not works or session.tasks_digest != digest or session.tasks_problem:
        return None
    return TasksReading(digest, session.tasks_total, session.tasks_done, pause=session.tasks_pause)


def _uncertain(view: processes.HostView, launched: bool, memory: _Memory, now: Moment) -> Life:
    """No exit and no host with an agent: starting, orphaned, or lost without a trace."""
    if view.locked:
        return Life.ORPHANED if view.orphaned else Life.STARTING
    if not launched:
        return Life.NONE
    if memory.launched_since is None:
        memory.launched_since = now.monotonic
    lost = now.monotonic - memory.launched_since >= LOST_AFTER
    return Life.ENDED if lost else Life.STARTING


def _exit(found: processes.Exit) -> Exit:
    return Exit(
        code=found.code,
        signal=found.signal,
        reason=found.reason,
        error=found.error,
        ended_at=found.ended_at,
        left_behind=found.left_behind,
    )


def _logs(directory: Path, limit: int) -> Logs | None:
    """None as long as both are small, which costs no more than to ask for their sizes."""
    names = ("transcript.jsonl", "stderr.log")
    found = [files.signature(f"{directory}/{name}") for name in names]
    if not any(each.size > limit for each in found if each):
        return None
    both = [directory / name for name in names]
    sizes = [logs.on_disk(log) for log in both]
    moved = sum(logs.on_disk(segment.path) for log in both for segment in logs.segments(log))
    return Logs(max(sizes), sum(sizes) + moved)


def _complaint(directory: Path) -> str:
    """The last thing it said on stderr."""
    lines = files.tail(directory / "stderr.log").decode("utf-8", "replace").strip().splitlines()
    return clean(lines[-1], 200) if lines else ""

"""Where exactly is a process about to be killed? Each point has a name, and none has a number.

A point is what a process is about to do: the action that it carries out, the call, the path as a
pattern, and how often it has come to this in its life. A count of all calls would mean another
call from run to run; a name means the same one on a slow machine.
"""

import os
import re
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .power import Disk

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = frozenset({"os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir", "os.symlink"})
STARTS = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.kill", "os.truncate"})
# What is done again at every look while an agent talks: later rounds are like the first ones.
ROUNDS = 3
VARYING = (
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"\.[0-9a-f]+\.(tmp|new)"), r".\1"),
    (re.compile(r"(\.[\w-]+-request-[\w-]+)\.[0-9a-f]{12}"), r"\1"),
    (re.compile(r"[0-9]{13}"), "TIME"),
)
# Put in front of a host's program, so that it is armed before anything of it is imported; the
# agent, a fork, has another pid. `aim` is as in `Aim`, `spent` exists once a host was killed.
HOST = """
def _arm(aim, spent):
    import os, signal, sys
    me, seen, busy = os.getpid(), {}, [False]
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    names = ("os.rename", "os.remove", "os.fork", "os.kill", "os.mkdir", "os.truncate")
    def claimed(path):
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return True
        except FileExistsError:
            return False
    def hook(event, args):
        if busy[0] or event not in names and not (event == "open" and (args[2] or 0) & writing):
            return
        if os.getpid() != me:
            return
        path = os.path.basename(str(args[0])) if args and event != "os.kill" else ""
        name = f"host {event} {path}".strip()
        seen[name] = min(seen.get(name, 0) + 1, ROUNDS)
        point = f"{name} #{seen[name]}"
        busy[0] = True
        if not os.path.exists(spent) and (
            aim[1:] == point if aim[0] == "=" else claimed(f"{aim[1:]}/{point.replace('/', '|')}")
        ):
            with open(spent, "w") as file:
                file.write(point)
            os.kill(me, signal.SIGKILL)
        busy[0] = False
    sys.addaudithook(hook)
_arm(AIM, SPENT)
"""


def host_boot(aim: str, spent: Path) -> str:
    """The lines that arm a host."""
    text = HOST.replace("ROUNDS", str(ROUNDS))
    return text.replace("AIM, SPENT", f"{aim!r}, {str(spent)!r}")


class Aim:
    """Is it here? `=POINT`: at this one. `*DIRECTORY`: at the first that nobody was killed at yet;
    each has a file there, which is made before the kill. `*DIRECTORY,ANOTHER`: the first for a
    supervisor's start and first look, the other one for what comes later. Empty: nowhere."""

    def __init__(self, aim: str) -> None:
        self._kind = aim[:1]
        self._what = aim[1:]
        first, _, later = self._what.partition(",")
        self._known = (Path(first), Path(later or first))

    def hits(self, point: str, *, later: bool = False) -> bool:
        if self._kind == "=":
            return point == self._what
        return self._kind == "*" and _claimed(self._known[later] / point.replace("/", "|"))


def killed_at(directory: Path) -> set[str]:
    """The points that have a file there."""
    return {name.replace("|", "/") for name in os.listdir(directory)}


def _claimed(path: Path) -> bool:
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@dataclass(frozen=True)
class Aimed:
    """`at` and the host's aim are as in `Aim`; `last` is a file for the point; `disk` is told what
    is done, and what would be lost; with an `error` nobody is killed: this and the next calls on
    files fail with it. With `only` just the points of these actions count; a host is one whose
    control directory ends with `host_of`."""

    at: str
    last: Path
    host: tuple[str, Path]
    disk: Disk | None = None
    error: int = 0
    only: tuple[str, ...] = ()
    host_of: str = ""


class Tripwire:
    """Kills this process just before the point that was aimed at, which is left in `last`."""

    def __init__(self, root: Path, aimed: Aimed) -> None:
        self._root, self._aim = str(root), Aim(aimed.at)
        self._last, self._host, self._disk = aimed.last, aimed.host, aimed.disk
        self._error, self._failing = aimed.error, 0
        self._only, self._host_of = aimed.only, aimed.host_of
        self._seen: Counter[str] = Counter()
        self._connected: list[Any] = []
        self._pid, self._busy = os.getpid(), False
        self._first_look: object = None
        sys.addaudithook(self._hear)
        if self._disk:
            sys.setprofile(self._disk.profile)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self._busy or os.getpid() != self._pid:
            return
        while self._connected and event == "open":
            self._follow(self._connected.pop())
        if event == "sqlite3.connect/handle":
            self._connected.append(args[0])  # cannot be followed before connect returns
        elif event == "open":
            if isinstance(args[2], int) and args[2] & WRITING:
                self._change("open", self._place(args[0], None))
        elif event in CHANGES:
            places = self._places(args)
            self._change(event, *places)
            if self._disk and event == "os.rename" and all(places):
                self._disk.renames(*self._absolute(args))
        elif event in STARTS:
            self._come_to(event)
            if event == "subprocess.Popen":
                self._prepare_host(args[1])

    def _change(self, event: str, *places: str) -> None:
        ours = [place for place in places if place]
        if ours:
            self._come_to(f"{event} {' to '.join(ours)}")

    def _places(self, args: tuple[Any, ...]) -> list[str]:
        """The paths of a call, each with its directory's descriptor where it has one."""
        paths = [each for each in args if isinstance(each, str | bytes | os.PathLike)]
        fds = [each for each in args[len(paths) :] if isinstance(each, int)][-len(paths) :]
        return [self._place(path, fd) for path, fd in zip(paths, fds, strict=True)]

    def _absolute(self, args: tuple[Any, ...]) -> list[str]:
        paths = [os.fsdecode(path) for path in args[:2]]
        fds = [fd if isinstance(fd, int) else -1 for fd in args[2:4]]
        return [
            os.path.join(os.readlink(f"/proc/self/fd/{fd}"), path) if fd >= 0 else path
            for path, fd in zip(paths, fds, strict=True)
        ]

    def _place(self, path: object, fd: int | None) -> str:
        """Below the workspace, as a pattern; empty elsewhere. `open` does not say its directory."""
        if not isinstance(path, str | bytes | os.PathLike):
            return ""
        text = os.fsdecode(path)
        if not text.startswith("/"):
            where = f"{self._root}/..." if fd in (None, -1) else os.readlink(f"/proc/self/fd/{fd}")
            text = f"{where}/{text}"
        inside = text.partition(self._root)[2].lstrip("/")
        for pattern, word in VARYING:
            inside = pattern.sub(word, inside)
        return inside

    def _follow(self, db: Any) -> None:
        def statement(sql: str) -> None:
            if self._disk:
                self._disk.statement(sql)
            word = sql.lstrip().split(None, 1)[0].upper()
            alone = not db.in_transaction and word in ("INSERT", "UPDATE", "DELETE")
            if (alone or word in ("BEGIN", "COMMIT")) and not self._busy:
                self._come_to(f"sqlite {word}")

        with suppress(sqlite3.ProgrammingError):  # one that was closed before any file was opened
            db.set_trace_callback(statement)

    def _prepare_host(self, argv: list[Any]) -> None:
        aim, spent = self._host
        ours = "-c" in argv and str(argv[-1]).endswith(self._host_of)
        if ours and aim and not spent.exists():
            program = argv.index("-c") + 1
            argv[program] = host_boot(aim, spent) + argv[program]

    def _come_to(self, what: str) -> None:
        action, look = _doing()
        self._first_look = self._first_look or look
        name = f"{action} {what}"
        self._seen[name] += 1
        point = f"{name} #{min(self._seen[name], ROUNDS)}"
        if self._error:
            self._refuse(point, look is None or what.startswith("sqlite"))
        elif not self._only or action in self._only:
            self._die(point, later=look != self._first_look)

    def _die(self, point: str, *, later: bool) -> None:
        self._busy = True
        if self._aim.hits(point, later=later):
            self._last.write_text(point)
            if self._disk:
                self._disk.write(self._last.with_name("lost"))
            os.kill(self._pid, signal.SIGKILL)
        self._busy = False

    def _refuse(self, point: str, spared: bool) -> None:
        """Raise the error; not at the start, which may well fail, nor within SQLite."""
        if spared:
            return
        self._busy = True
        if not self._last.exists() and self._aim.hits(point):
            self._last.write_text(point)
            self._failing = ROUNDS
        self._busy = False
        if self._failing:
            self._failing -= 1
            raise OSError(self._error, os.strerror(self._error))


def _doing() -> tuple[str, object]:
    """The action that is being carried out and the instant of its look, from the stack."""
    frame, action = sys._getframe(2), ""
    while frame := frame.f_back:  # type: ignore[assignment]
        code = frame.f_code
        if code.co_name == "apply" and code.co_filename.endswith("apply/__init__.py"):
            action = type(frame.f_locals["action"]).__name__
        elif code.co_name == "together" and code.co_filename.endswith("apply/__init__.py"):
            action = action or type(frame.f_locals["actions"][0]).__name__
        elif code.co_name == "tick":
            return action or "look", frame.f_locals.get("now")
        elif code.co_name == "supervise":
            return "supervise", None
    return action or "outside", None

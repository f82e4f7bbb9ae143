"""What happens when the supervisor, or a host, is killed at exactly the Nth thing it does?

An audit hook counts every change of the file system, every process that is started or signalled
and every transaction, and kills its own process with SIGKILL just before the Nth. A case is a
list of such lives of the supervisor, one after the other, and one more that is left alone;
then the oracle is asked. `python -m tests.faults.crashing DIRECTORY` reads cases as JSON, one a
line, and answers each in one line.
"""

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from team_supervisor.adapters import processes
from tests.teams import end

from .ground import Ground, reap_all

PATIENCE = 30.0
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CHANGES = frozenset({"os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir", "os.symlink"})
STARTS = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.kill", "os.truncate"})
# Installed in the host before anything of it is imported; the agent, a fork, counts nothing.
HOST = """
def _arm(at, log):
    import os, signal, sys
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    me, seen = os.getpid(), [0]
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
    names = ("os.rename", "os.remove", "os.fork", "os.kill", "os.mkdir", "os.truncate")
    def hook(event, args):
        if event not in names and not (event == "open" and (args[2] or 0) & writing):
            return
        if os.getpid() != me or seen[0] < 0:
            return
        seen[0] += 1
        os.write(out, f"{event} {args[0] if args else None}\\n".encode())
        if seen[0] == at:
            seen[0] = -1
            os.kill(me, signal.SIGKILL)
    sys.addaudithook(hook)
_arm(%d, %r)
"""


@dataclass
class Case:
    """`kills`: at which event each life of the supervisor ends; `host`: the same for the first
    host; `steps`: what the agent does."""

    kills: list[int] = field(default_factory=list)
    host: int = 0
    steps: list[str] = field(default_factory=lambda: ["done all"])
    cli: bool = False


class Tripwire:
    """Counts what happens in this process from now on; 0 kills never."""

    def __init__(self, root: Path, at: int, log: Path, host: tuple[int, Path]) -> None:
        self._root, self._at, self._host = os.fsencode(root), at, host
        self._seen = 0
        self._connected: list[Any] = []
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._pid = os.getpid()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        while self._connected and event == "open":
            self._follow(self._connected.pop())
        if event == "sqlite3.connect/handle":
            self._connected.append(args[0])  # cannot be followed before connect returns
        elif event == "open":
            if isinstance(args[2], int) and args[2] & WRITING and self._ours(args[0]):
                self._count(f"open {args[0]!r}")
        elif event in CHANGES:
            if any(self._ours(path) for path in args[:2]):
                self._count(f"{event} {args[:2]}")
        elif event in STARTS:
            self._count(event)
            if event == "subprocess.Popen":
                self._prepare_host(args[1])

    def _ours(self, path: object) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and self._root in os.fsencode(path)

    def _follow(self, db: Any) -> None:
        def statement(sql: str) -> None:
            word = sql.lstrip().split(None, 1)[0].upper()
            alone = not db.in_transaction and word in ("INSERT", "UPDATE", "DELETE")
            if alone or word in ("BEGIN", "COMMIT"):
                self._count(f"sqlite {word}")

        db.set_trace_callback(statement)

    def _prepare_host(self, argv: list[Any]) -> None:
        at, log = self._host
        if "-c" in argv and not log.exists():
            log.touch()
            argv[argv.index("-c") + 1] = HOST % (at, str(log)) + argv[argv.index("-c") + 1]

    def _count(self, what: str) -> None:
        if self._seen < 0 or os.getpid() != self._pid:
            return
        self._seen += 1
        os.write(self._log, f"{what}\n".encode())
        if self._seen == self._at:
            self._seen = -1
            os.kill(self._pid, signal.SIGKILL)


def run(case: Case, where: Path) -> dict[str, Any]:
    """The lives of one case: what each did last, how many events, and what the oracle says."""
    ground = Ground(where)
    ground.request("good", *case.steps)
    ground.request("bad", "done all", persona="nobody")
    log, killed = where / "events", []
    try:
        for at in [*case.kills, 0]:
            log.unlink(missing_ok=True)
            killed.append(_life(ground, at, log, case.host))
            if not killed[-1]:
                break
        wrong = _judged(ground, case.cli)
    except AssertionError as error:
        wrong = [str(error)[:2000]]
    finally:
        end(ground.marked())
        reap_all()
    events, host = _lines(log), _lines(where / "host-events")
    return {"killed": killed, "events": events, "host": host, "wrong": wrong}


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _judged(ground: Ground, cli: bool) -> list[str]:
    try:
        ground.oracle(cli=cli)
    except AssertionError as error:
        return str(error).splitlines()
    return []


def _life(ground: Ground, at: int, log: Path, host: int) -> str:
    """One supervisor until nothing is left, or until it is killed: what it was about to do."""
    child = os.fork()
    if child == 0:
        _supervise(ground, at, log, host)
    pidfd = os.pidfd_open(child)
    ended = select.select([pidfd], [], [], PATIENCE)[0]
    os.close(pidfd)
    if not ended:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended, f"it did not come to an end: {_lines(log)[-5:]}"
    assert status in (0, -signal.SIGKILL), (ground.root / "traceback").read_text()
    return _lines(log)[-1] if status else ""


def _supervise(ground: Ground, at: int, log: Path, host: int) -> None:
    code = 70
    try:
        Tripwire(ground.workspace, at, log, (host, ground.root / "host-events"))
        ground.team.run()
        code = 0
    except BaseException:
        (ground.root / "traceback").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def main(directory: Path) -> None:
    """Answers each case with its result, as JSON."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    for number, line in enumerate(sys.stdin):
        where = directory / str(number)
        case = Case(**json.loads(line))
        try:
            result = run(case, where)
        except Exception:
            result = {"killed": [], "events": [], "host": [], "wrong": [traceback.format_exc()]}
        if not result["wrong"]:
            with contextlib.suppress(OSError):
                shutil.rmtree(where)
        print(json.dumps(result), flush=True)
    processes.reap()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Does everything hold that must hold after any fault?

I1 every complete request became one session or one rejection; I2 never two agents of a session at
once; I3 the recorded exit is the real one, or unknown; I4 an archive's tasks are complete and its
process tree is empty; I5 nothing outlives its session; I6 nothing outside the workspace changed;
I7 the list, session.json, the database and /proc agree.
"""

import contextlib
import json
import os
import re
import select
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from team_supervisor.adapters import files
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.cli import listing, sessions
from team_supervisor.core import tasklist
from team_supervisor.core.model import Session, State

DIRECTORY = re.compile(r"[a-z][a-z-]*-[0-9]{13}(-completed(-[0-9]+)?)?")
# A host writes exit.json before it is gone itself (seconds).
LAST_MOMENTS = 3.0


@dataclass(frozen=True)
class Case:
    """What is to be judged. `asked` are texts, one in each complete request's instructions."""

    workspace: Workspace
    witnessed: Path
    asked: tuple[str, ...]
    changed: tuple[str, ...]
    finished: bool
    listed: dict[str, Any] | None = None
    # Agents that a test killed at random: whether before or after they had ended, nobody knows.
    killed: frozenset[int] = frozenset()


def violations(case: Case) -> list[str]:
    """One sentence for each thing that is wrong; nobody supervises while this looks."""
    store = open_store(case.workspace.database)
    try:
        rows = store.sessions()
        return [
            *_requests(case, store, rows),
            *_alone(case),
            *_exits(case, store, rows),
            *_archives(case, rows),
            *_survivors(case, rows),
            *(f"I6: {path} changed" for path in case.changed),
            *_agreement(case, store, rows),
        ]
    finally:
        store.close()


def _requests(case: Case, store: Store, rows: list[Session]) -> Iterator[str]:
    places: dict[str, list[str]] = {}
    longest_first = sorted(case.asked, key=len, reverse=True)
    one = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
    for entry in os.scandir(case.workspace.root):
        path = Path(entry.path) / "instructions.md"
        if not entry.name.startswith(".") and path.is_file() and not path.is_symlink():
            # A hostile case leaves ten empty gigabytes there: two minutes, and twice the memory.
            text = files.read_from(path, 0).decode("utf-8", "replace")
            for token in set(one.findall(text)):
                places.setdefault(token, []).append(entry.name)
    owned = {row.directory for row in rows}
    waiting = {request.name for request in store.open_requests()}
    for token in case.asked:
        found = places.get(token, [])
        if len(found) != 1:
            yield f"I1: {token} stands in {found or 'no directory'}"
            continue
        known = "-rejected" in found[0] or found[0] in owned
        # A request that nobody has looked at yet is no fault.
        if not known and (case.finished or DIRECTORY.fullmatch(found[0])):
            yield f"I1: {token} became neither session nor rejection: {found[0]}"
    yield from _claims(rows)
    if case.finished and waiting:
        yield f"I1: still open: {sorted(waiting)}"


def _claims(rows: list[Session]) -> Iterator[str]:
    claimed = Counter((r.request_name, r.request_inode) for r in rows if r.request_name)
    ended_early = {(r.request_name, r.request_inode) for r in rows if r.state == State.FAILED}
    for claim in claimed.keys() - ended_early:
        # An inode is used again once its directory is gone; a name as soon as it was renamed.
        if claimed[claim] > 1:
            yield f"I1: {claim[0]} became {claimed[claim]} sessions"


def _lines(case: Case) -> list[list[str]]:
    if not case.witnessed.exists():
        return []
    return [line.split() for line in case.witnessed.read_text().splitlines()]


def _alone(case: Case) -> Iterator[str]:
    for what, session, pid, *_ in _lines(case):
        if what == "overlap":
            yield f"I2: agent {pid} of {session} began while another lived"


def _exits(case: Case, store: Store, rows: list[Session]) -> Iterator[str]:
    lines = [line for line in _lines(case) if int(line[2]) not in case.killed]
    real = {(s, int(pid)): int(code[0]) for what, s, pid, *code in lines if what == "exit"}
    began = {(s, int(pid)) for what, s, pid, *_ in lines if what == "began"}
    agents = Counter(s for what, s, *_ in lines if what == "began")
    for row in rows:
        attempts = store.attempts(row.id)
        if agents[row.id] > len(attempts):
            yield f"I3: {row.id} has {len(attempts)} attempts, but more agents ran"
        for attempt in attempts:
            yield from _exit(row, attempt, real, began)


def _exit(
    row: Session,
    attempt: Mapping[str, Any],
    real: Mapping[tuple[str, int], int],
    began: Set[tuple[str, int]],
) -> Iterator[str]:
    which = f"attempt {attempt['number']} of {row.id}"
    if attempt["ended_at"] is None:
        if row.ended:
            yield f"I3: {which} is open, but the session is {row.state}"
        return
    code, number, agent = attempt["code"], attempt["signal"], (row.id, attempt["pid"])
    if code is None and number is None:
        if attempt["reason"] not in ("unknown", "spawn-error", "stopped"):
            yield f"I3: {which} has no exit, but the reason {attempt['reason']}"
    elif attempt["pid"] is not None and agent in real:
        # Killed between its last line and its end: then by us, who had asked it to stop.
        if real[agent] != code and not (number == 9 and attempt["reason"] == "stopped"):
            yield f"I3: {which} ended with {real[agent]}, recorded is {code or f'signal {number}'}"
    elif code is not None and agent in began:
        yield f"I3: {which} was killed, recorded is exit code {code}"


def _archives(case: Case, rows: list[Session]) -> Iterator[str]:
    by_directory = {row.directory: row for row in rows}
    for name in os.listdir(case.workspace.root):
        if not re.search(r"-[0-9]{13}-completed(-[0-9]+)?$", name):
            continue
        row = by_directory.get(name)
        if row is None or (case.finished and row.state != State.COMPLETED):
            yield f"I4: {name} is no completed session's"
        tasks = tasklist.parse((case.workspace.root / name / "tasks.md").read_text())
        if not tasks.total or tasks.done != tasks.total:
            yield f"I4: {name} has {tasks.done} of {tasks.total} tasks done"
    for row in rows:
        if row.state == State.COMPLETED and not (case.workspace.root / row.directory).is_dir():
            yield f"I4: the archive of {row.id} is gone"


def _survivors(case: Case, rows: list[Session]) -> Iterator[str]:
    ended = {row.id for row in rows if row.ended}
    deadline = time.monotonic() + LAST_MOMENTS
    while left := _of(case.workspace, ended):
        if time.monotonic() > deadline or set(left.values()) != {"team-host"}:
            break
        select.select([], [], [], 0.005)
    for pid, name in left.items():
        yield f"I5: {pid} ({name}) outlives its session"


def _of(workspace: Workspace, ended: set[str]) -> dict[int, str]:
    found = {}
    for entry in os.scandir("/proc"):
        if not entry.name.isdecimal():
            continue
        with contextlib.suppress(OSError):
            environ = Path(entry.path, "environ").read_bytes().split(b"\0")
            if b"TEAM_WORKSPACE=" + os.fsencode(workspace.root) not in environ:
                continue
            session = next((v[16:] for v in environ if v.startswith(b"TEAM_SESSION_ID=")), b"")
            if os.fsdecode(session) in ended:
                found[int(entry.name)] = Path(entry.path, "comm").read_text().strip()
    return found


def _agreement(case: Case, store: Store, rows: list[Session]) -> Iterator[str]:
    shown = case.listed
    if shown is None:
        board = sessions.board(case.workspace, store)
        shown = json.loads(json.dumps(listing.as_json(board, board.sessions)))
    by_id = {each["id"]: each for each in shown["sessions"]}
    if by_id.keys() != {row.id for row in rows}:
        yield f"I7: listed are {sorted(by_id)}, recorded {sorted(r.id for r in rows)}"
    for row in rows:
        if row.id in by_id:
            yield from _listed(case.workspace, row, by_id[row.id])
        yield from _published(case.workspace, row)


def _listed(workspace: Workspace, row: Session, seen: Mapping[str, Any]) -> Iterator[str]:
    wanted = {
        "state": row.state,
        "name": row.name,
        "persona": row.persona,
        "tasks": {"done": row.tasks_done, "total": row.tasks_total},
    }
    for key, value in wanted.items():
        if seen.get(key, value) != value:
            yield f"I7: {row.id} is listed with {key} {seen[key]}, recorded is {value}"
    if row.ended and (seen["running"] or seen["pid"]):
        yield f"I7: {row.id} is {row.state}, and listed as running"
    pid = seen["pid"]
    if pid and not _carries(pid, workspace, row.id) and not _ends(pid, row):
        yield f"I7: {row.id} is listed with PID {pid}, which is not its agent"


def _ends(pid: int, row: Session) -> bool:
    """Its process has just ended, and nobody supervises who could have seen it."""
    return row.agent_pid == pid and not Path(f"/proc/{pid}").exists()


def _carries(pid: int, workspace: Workspace, session: str) -> bool:
    with contextlib.suppress(OSError):
        environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        return b"TEAM_SESSION_ID=" + os.fsencode(session) in environ
    return False


def _published(workspace: Workspace, row: Session) -> Iterator[str]:
    directory = workspace.root / row.directory
    if not directory.is_dir():
        if row.state == State.COMPLETED:
            yield f"I7: {row.directory} is not there"
        return
    path = directory / "session.json"
    if not path.is_file():
        if row.state != State.REQUESTED and row.exit_reason is not None:
            yield f"I7: {row.id} has no session.json"
        return
    try:
        copy = json.loads(files.read_from(path, 0))
    except ValueError:
        yield f"I7: {path} is not JSON"
        return
    wanted = {
        "id": row.id,
        "state": row.state,
        "requester": row.requester,
        "attempt": row.attempt,
        "failures": row.failures,
        "reason": row.reason,
        "exit": {"code": row.exit_code, "signal": row.exit_signal, "reason": row.exit_reason},
    }
    for key, value in wanted.items():
        if copy.get(key) != value:
            yield f"I7: session.json of {row.id} has {key} {copy.get(key)!r}, recorded {value!r}"

"""What came of the spawns and zombies of a tick, where it looked after the projects itself?"""

import contextlib
import sqlite3
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from team_supervisor import alone
from team_supervisor.adapters import rows
from team_supervisor.adapters.store import Store, open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core import ticking
from team_supervisor.core.iterations import DEFAULT
from team_supervisor.core.model import RequestStatus
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.ticking import Decision, Outlook, Ready, Spawn
from team_supervisor.errors import TeamError
from team_supervisor.ticklook import Seen

QUERIES = rows.queries("ticking.sql")
STARTED = "is started"

Assigned = Mapping[str, Mapping[str, Any]]


def assigned(place: Workspace) -> Assigned | None:
    """By task, its session and its request; None where the database cannot be read."""
    found = _read(place, lambda store: store.rows(QUERIES["assigned"], {}))
    return None if found is None else {row["task"]: row for row in found}


def came(
    decision: Decision, seen: Seen, before: Mapping[str, Assigned | None], mine: Container[str]
) -> tuple[Decision, dict[str, str]]:
    """The decision as it came about, and by label what became of each task that was to start, or
    started all the same: a look starts what becomes ready by what it finds.

    `before` the projects that were looked after; `mine` those in which nobody else did.
    """
    promised = decision["spawns"] if decision["action"] == "spawn" else []
    said: dict[str, str] = {}
    further: list[Spawn] = []
    for slug, known in before.items():
        place, after = seen.places[slug], assigned(place=seen.places[slug]) or {}
        begun = _begun(known or {}, after)
        for spawn in promised:
            if spawn["project"] == slug:
                name = spawn["task"]
                said[spawn["label"]] = STARTED if name in begun else _not(place, name, after)
        outlook = next((each for each in seen.outlooks if each.slug == slug), None)
        if outlook is not None and known is not None and slug in mine:
            others = (_spawn(outlook, after[name]) for name in begun)
            further += [spawn for spawn in others if spawn["label"] not in said]
    said |= {spawn["label"]: STARTED for spawn in further}
    left = {name: words for name, words in said.items() if words != STARTED}
    return _corrected(decision, left, further), said


def _begun(before: Assigned, after: Assigned) -> list[str]:
    """Tasks with another session than they had."""
    had = {name: row["session"] for name, row in before.items()}
    return [n for n, row in after.items() if row["session"] and row["session"] != had.get(n)]


def _spawn(outlook: Outlook, row: Mapping[str, Any]) -> Spawn:
    there = replace(outlook, iteration=row["iteration"] or DEFAULT)
    return ticking.spawn(there, Ready(row["task"], row["title"], row["timeout"]))


def _not(place: Workspace, name: str, after: Assigned) -> str:
    """Why no worker began."""
    row = after.get(name)
    if row and row["state"] == TaskState.FAILED:
        return f"failed: {row['reason']}"
    if row and row["status"] == RequestStatus.REJECTED:
        return f"failed: its request was rejected: {row['why']}"
    if row and row["status"]:
        return f"waits: {row['why'] or 'its request is looked at with the next look'}"
    return f"waits: {_why(place, name)}"


def _corrected(decision: Decision, left: Mapping[str, str], further: list[Spawn]) -> Decision:
    """Without the spawns that did not come about, with those that did besides."""
    promised = decision["spawns"] if decision["action"] == "spawn" else []
    spawns = [spawn for spawn in promised if spawn["label"] not in left] + further
    if not spawns and decision["action"] == "idle":
        return decision
    waits = any(words.startswith("waits") for words in left.values())
    idle: Decision = {
        "action": "idle",
        "reason": "all-at-capacity" if waits else "no-ready-tasks",
        "disable_cron": False,
        "zombies": decision["zombies"],
    }
    found: Decision = idle
    if spawns:
        found = {"action": "spawn", "spawns": spawns, "zombies": decision["zombies"]}
    if "skipped" in decision:
        found["skipped"] = decision["skipped"]
    return found


def revived(done: Sequence[dict[str, Any]], seen: Seen, slugs: Iterable[str]) -> None:
    """Of those without a process, say which go on after the look that was taken."""
    wanted = set(slugs)
    for entry in done:
        session = seen.ours.get(entry["label"]) if entry.get("reason") == "session-ended" else None
        slug = entry.get("label", "::").split(":")[1]
        if session is not None and slug in wanted and _lives(seen.places[slug], session):
            entry["did"] = "goes on"


def _lives(place: Workspace, session: str) -> bool:
    found = _read(place, lambda store: store.session(session))
    return found is not None and not found.ended


def _read(place: Workspace, what: Any) -> Any:
    """None too where the database cannot be read."""
    try:
        with contextlib.closing(open_reader(place.database)) as store:
            return what(store)
    except (TeamError, sqlite3.Error):
        return None


def _why(place: Workspace, name: str) -> str:
    found = _read(place, lambda store: _waits(place, store, name))
    return found or "it starts with the next look"


def _waits(place: Workspace, store: Store, name: str) -> str | None:
    """As `queue list` says it."""
    from team_supervisor.cli import plans
    from team_supervisor.core.taskqueue import listing

    table = TaskTable(store)
    tasks = table.all()
    places = listing(
        tasks,
        plans.queue(table, str(place.root)),
        table.iterations(),
        alone.look(place, store),
        plans.waiting(table, tasks).resting,
    )
    return next((each.waits for each in places if each.task.id == name), None)

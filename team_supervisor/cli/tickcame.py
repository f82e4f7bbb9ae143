"""What came of the spawns and zombies of a tick, where it looked after the projects itself?"""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from team_supervisor import alone
from team_supervisor.adapters.store import Store, open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.core.taskgraph import WAITING, Task
from team_supervisor.core.ticking import Decision, Spawn
from team_supervisor.errors import TeamError
from team_supervisor.ticklook import Seen

Requests = Mapping[str, str | None]


def requests(promised: Iterable[Spawn], places: Mapping[str, Workspace]) -> Requests:
    """By label, the request that each of these tasks had last: the next try gets another one."""
    found = {spawn["label"]: _task(places[spawn["project"]], spawn["task"]) for spawn in promised}
    return {name: task.request for name, task in found.items() if task is not None}


def not_started(
    promised: Iterable[Spawn], before: Requests, places: Mapping[str, Workspace]
) -> dict[str, str]:
    """By label, why no worker was asked for after all."""
    found = {}
    for spawn in promised:
        place, name = places[spawn["project"]], spawn["label"]
        task = _task(place, spawn["task"])
        if task is None or (task.state in WAITING and task.request == before.get(name)):
            found[name] = _why(place, spawn["task"])
    return found


def corrected(decision: Decision, left: Mapping[str, str]) -> Decision:
    """Without the spawns that did not come about."""
    if decision["action"] == "idle" or not left:
        return decision
    spawns = [spawn for spawn in decision["spawns"] if spawn["label"] not in left]
    if spawns:
        return {**decision, "spawns": spawns}
    idle: Decision = {
        "action": "idle",
        "reason": "all-at-capacity",
        "disable_cron": False,
        "zombies": decision["zombies"],
    }
    if "skipped" in decision:
        idle["skipped"] = decision["skipped"]
    return idle


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


def _task(place: Workspace, name: str) -> Task | None:
    found: Task | None = _read(place, lambda store: TaskTable(store).get(name))
    return found


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

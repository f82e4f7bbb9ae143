"""A plan in which one worker hangs and one fails: does it end, and was nobody started for nothing?

A person asks for a new process of the one that hangs, once the supervisor has asked it in vain; the
task of the one that fails gets another worker; the last task needs both.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.core.model import Session, State
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.taskgraph import TaskState
from team_supervisor.core.tasksources import Draft
from team_supervisor.core.taskwork import finished
from team_supervisor.core.world import World
from team_supervisor.supervisor import nothing_left
from tests.teams import script

from .ground import Ground, gate

# Once in the workspace, not once in each session.
FAILS = "test -e $SHARED/failed || { touch $SHARED/failed; kill -9 $PPID; }"
WORK = {
    "hangs": ("hang", "done all"),
    "fails": (f"bash {FAILS}", "done all"),
    "last": ("done all",),
    "closed": (gate(), "done all"),
}
NEEDS = {"last": ("hangs", "fails")}
# In how many of its attempts an agent began, for each of its workers, oldest first.
ATTEMPTS = {"hangs": [2], "fails": [1, 1], "last": [1], "closed": [1]}
PLAN = ("hangs", "fails", "last")
# Long enough for an agent that works, so that nobody else is asked for a sign of life.
STALL_AFTER = 0.2


def write(ground: Ground, *names: str) -> None:
    """These tasks, queued as an import writes them; a worker that fails is given up."""
    ground.set(stall_after=STALL_AFTER, restarts=RestartPolicy(failures=1))
    with ground.team.store() as store, store.transaction():
        table = TaskTable(store)
        for name in names:
            needs = tuple(need for need in NEEDS.get(name, ()) if need in names)
            draft = Draft(id=name, title=name, spec=script(*WORK[name]), persona="intern")
            table.insert(replace(draft, depends_on=needs, priority=names.index(name)), 0.0)
            task = table.get(name)
            assert task is not None
            table.shift(task, TaskState.QUEUED, 0.0)


def person(ground: Ground) -> Callable[[World], bool]:
    """Looks when nothing changes, does what only a person does, and says when all is over."""

    def over(world: World) -> bool:
        for session in world.live:
            if _hangs(session):
                with ground.team.store() as store:
                    if _begun(store.attempts(session.id)) == 1:
                        assert store.want_restart(session.id, "it hangs")
        return nothing_left(world) and finished(world.work)

    return over


def _hangs(session: Session) -> bool:
    """It was asked for a sign of life in vain, and nobody has done anything about it yet."""
    asked = session.task == "hangs" and session.stall_rung > 0
    return asked and session.state == State.ACTIVE and not session.restart_wanted


def wrong(ground: Ground) -> Iterator[str]:
    """Each task is done, with as many workers as tries and as many agents as attempts."""
    with ground.team.store() as store:
        tasks, sessions = TaskTable(store).all(), store.sessions()
        attempts = {each.id: _begun(store.attempts(each.id)) for each in sessions}
    workers = {task.id: [s for s in sessions if s.task == task.id] for task in tasks}
    began = _agents(ground)
    for task in tasks:
        if task.state != TaskState.COMPLETED:
            yield f"task {task.id} is {task.state}, {task.reason}"
        found = [attempts[each.id] for each in workers[task.id]]
        if found != ATTEMPTS[task.id] or task.tries != len(found):
            yield f"task {task.id}: {task.tries} tries, the attempts of its workers are {found}"
        yield from _started(workers[task.id], attempts, began)
    for each in sessions:
        if each.task not in workers:
            yield f"{each.id} works for no task"


def _begun(attempts: list[dict[str, Any]]) -> int:
    """A supervisor that was killed may leave one that was recorded, and no host that began it."""
    unknown = (None, "unknown", "spawn-error")
    return sum(each["pid"] is not None or each["reason"] not in unknown for each in attempts)


def _started(
    workers: list[Session], attempts: dict[str, int], began: "Counter[str]"
) -> Iterator[str]:
    for each in workers:
        if began[each.id] != attempts[each.id]:
            yield f"{each.id}: {began[each.id]} agents in {attempts[each.id]} attempts"


def _agents(ground: Ground) -> "Counter[str]":
    lines = ground.witnessed.read_text().splitlines() if ground.witnessed.exists() else []
    return Counter(line.split()[1] for line in lines if line.startswith("began "))

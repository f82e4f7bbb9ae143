from team_supervisor.core.singletons import NO_SINGLETONS, singletons, startable
from team_supervisor.core.taskfacts import AskForWorker, Work
from team_supervisor.core.taskgraph import Task, TaskState
from team_supervisor.core.taskqueue import Queue, listing, may_start

from .test_taskgraph import queued, task
from .worlds import MANAGER, PERSONAS, planned, session, team

ROOM = Queue(max_concurrent=3)


def boss(name: str, number: int = 0) -> Task:
    return queued(name, persona="manager", number=number)


def test_of_two_tasks_with_a_singleton_persona_the_second_waits_for_the_first() -> None:
    free = singletons(PERSONAS, (), (), "engineer")
    ready = [boss("B1"), boss("B2"), queued("E1", persona="engineer")]
    assert [t.id for t in may_start(ready, 0, ROOM, free)] == ["B1", "E1"]
    assert [t.id for t in startable(ready, NO_SINGLETONS)] == ["B1", "B2", "E1"]


def test_a_living_session_an_asked_for_worker_and_a_request_hold_the_only_place() -> None:
    manager = session(id=MANAGER, persona="manager")
    assigned = task("B1", persona="manager", state=TaskState.ASSIGNED)
    for known in (
        singletons(PERSONAS, (manager,), (), ""),
        singletons(PERSONAS, (), (assigned,), ""),
        singletons(PERSONAS, (), (), "", ("manager-request-api",)),
    ):
        assert startable([boss("B2")], known) == []
    assert startable([boss("B2")], singletons(PERSONAS, (), (), "", ("engineer-request-x",)))


def test_a_task_without_a_persona_is_one_of_the_usual_persona() -> None:
    usual = singletons(PERSONAS, (), (), "manager")
    assert [t.id for t in startable([queued("A"), boss("B")], usual)] == ["A"]


def test_the_queue_says_for_whom_a_task_waits() -> None:
    tasks = [boss("B1", 1), boss("B2", 2)]
    places = listing(tasks, ROOM, singles=singletons(PERSONAS, (), tasks, ""))
    assert [p.waits for p in places] == [None, "there may be only one manager, and B1 comes first"]
    manager = session(id=MANAGER, persona="manager")
    known = singletons(PERSONAS, (manager,), tasks, "")
    assert listing(tasks, ROOM, singles=known)[0].waits == (
        f"there may be only one manager, and {MANAGER} comes first"
    )


def test_nobody_is_asked_for_beside_the_only_one_of_its_persona() -> None:
    manager = session(id=MANAGER, persona="manager")
    facts = {"work": Work(ready=(boss("B1"), boss("B2")), queue=ROOM)}
    asked = [a.task.id for a in planned(**facts) if isinstance(a, AskForWorker)]
    assert asked == ["B1"]
    assert not [a for a in planned(team=team(manager), **facts) if isinstance(a, AskForWorker)]

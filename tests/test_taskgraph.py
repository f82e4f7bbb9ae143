"""Does a whole plan run to its end, with a failure, a pause and a supervisor's death in it?"""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from team_supervisor.adapters.store import open_reader
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.core.events import QueueChanged, TaskMoved
from team_supervisor.core.model import Wanted
from team_supervisor.core.taskgraph import Task, TaskState, waves
from team_supervisor.core.world import World
from team_supervisor.supervisor import take_up_stopped_team

from .teams import Team, lines_until, run_until, script

SETTINGS = "task_persona: intern\ntask_retries: 0\nrestarts: {failures: 1}\n"
# Four waves of three; T8 fails, and T11 needs it.
NEEDS = {
    **{name: () for name in ("T1", "T2", "T3")},
    **{"T4": ("T1",), "T5": ("T1", "T2"), "T6": ("T3",)},
    **{"T7": ("T4",), "T8": ("T5",), "T9": ("T6",)},
    **{"T10": ("T7", "T9"), "T11": ("T8",), "T12": ("T9",)},
}


def write_spec(team: Team, name: str, needs: Sequence[str], *steps: str, front: str = "") -> None:
    specs = team.project / "specs"
    specs.mkdir(exist_ok=True)
    text = f"---\ntitle: Do {name}\ndepends_on: [{', '.join(needs)}]\n{front}---\n{script(*steps)}"
    (specs / f"{name}-spec.md").write_text(text)


def tasks(team: Team) -> dict[str, Task]:
    store = open_reader(team.workspace.database)
    try:
        return {task.id: task for task in TaskTable(store).all()}
    finally:
        store.close()


def states(team: Team) -> dict[str, str]:
    return {name: task.state.value for name, task in tasks(team).items()}


def verb(team: Team, *words: object) -> Any:
    """What a verb prints as JSON."""
    result = team.call(*words, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def starts(team: Team) -> list[str]:
    """Session names, one for each agent that ever began."""
    names = {session.id: session.name for session in team.sessions()}
    lines = team.audit.read_text().splitlines()
    return [names[line.split()[1]] for line in lines if line.startswith("start ")]


@pytest.mark.timeout(300)
def test_a_plan_of_twelve_tasks_runs_to_its_end_through_all_that_may_happen(team: Team) -> None:
    team.write_settings(SETTINGS)
    gate = team.gate()
    for name, needs in NEEDS.items():
        steps = {"T2": (gate.step, "work"), "T8": ("exit 3",)}.get(name, ("work",))
        write_spec(team, name, needs, *steps)
    assert len(verb(team, "tasks", "import", "specs")["added"]) == 12
    found = waves(list(tasks(team).values()))
    assert [len(wave) for wave in found] == [3, 3, 3, 3]

    write_spec(team, "T1", ("T11",), "work")
    refused = team.call("tasks", "import", "specs")
    assert (refused.returncode, "T1 needs T11" in refused.stderr) == (2, True)
    assert tasks(team)["T1"].depends_on == ()
    write_spec(team, "T1", (), "work")

    verb(team, "queue", "settings", "--max-concurrent", "3", "--no-stop-on-failure")
    verb(team, "queue", "pause")
    first = team.start("orchestrate", "--until-done", "--json")
    lines_until(first, '"supervisor_started"')
    assert set(states(team).values()) == {"queued"}
    verb(team, "queue", "resume")
    lines_until(first, '"T4"')  # T1 is done; T2 is held at its gate
    first.kill()
    first.wait()
    assert tasks(team)["T2"].state in (TaskState.ASSIGNED, TaskState.IN_PROGRESS)

    second = team.start("orchestrate", "--until-done", "--timeout", "200s")
    gate.open()
    assert second.stdout is not None
    said = second.stdout.read()
    assert second.wait() == 1, said
    assert "10 of 12 tasks completed" in said
    assert "[!] T8 Do T8 (failed:" in said
    assert "[.] T11 Do T11 (queued: needs T8, which is failed)" in said
    over = states(team)
    assert {n: s for n, s in over.items() if s != "completed"} == {"T8": "failed", "T11": "queued"}
    began = starts(team)
    assert sorted(began) == sorted(set(NEEDS) - {"T11"})
    for name, needs in NEEDS.items():
        if name != "T11":
            assert all(began.index(need) < began.index(name) for need in needs)
    told = (team.directory("T10") / "instructions.md").read_text()
    assert str(team.directory("T7")) in told
    assert "team-supervisor tasks done T10" in told


def imported(team: Team, *names: str, front: str = "", steps: Sequence[str] = ("work",)) -> None:
    for name in names:
        write_spec(team, name, (), *steps, front=front)
    assert team.call("tasks", "import", "specs").returncode == 0


def finished(world: World) -> bool:
    return not world.sessions and not world.requests and not world.work.ready


def test_a_failure_stops_the_queue_and_trying_it_again_lets_it_go_on(team: Team) -> None:
    team.write_settings(SETTINGS)
    team.set(task_persona="intern", task_retries=0)
    write_spec(team, "A", (), "bash team-supervisor tasks fail A --reason 'no key'", "wait")
    imported(team, "B")
    verb(team, "queue", "move", "A", 1)
    team.run(lambda w: w.work.queue.stopped_by == "A" and not w.sessions and not w.requests)
    assert states(team) == {"A": "failed", "B": "queued"}
    assert tasks(team)["A"].reason == "no key"
    assert team.session("A").reason == "its task failed: no key"
    assert verb(team, "agents", "report")["failures"] == ["task A, Do A: no key"]
    assert [e.paused for e in team.heard(QueueChanged)] == [True]
    write_spec(team, "A", (), "work")
    assert verb(team, "tasks", "import", "specs")["changed"] == ["A"]
    assert verb(team, "tasks", "retry", "A")["state"] == "queued"
    refused = team.call("retry", team.session("A").id)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "its task A is queued: a new worker gets it" in refused.stderr
    team.run(finished)
    assert states(team) == {"A": "completed", "B": "completed"}
    assert starts(team) == ["A", "A-2", "B"] or starts(team) == ["A", "B", "A-2"]


def test_a_worker_and_its_task_that_are_both_tried_again_make_one_worker(team: Team) -> None:
    team.set(task_persona="intern")
    imported(team, "A", steps=("bash touch $SHARED/at-work", "once waited wait", "done all"))
    team.run(lambda w: (team.workspace.shared / "at-work").exists())
    assert team.call("team", "stop", team.session("A").id).returncode == 0
    team.run(lambda w: states(team)["A"] == "blocked")
    assert team.call("retry", team.session("A").id).returncode == 0
    assert verb(team, "tasks", "retry", "A")["state"] == "queued"
    team.run(finished)
    assert states(team) == {"A": "completed"}
    assert starts(team) == ["A", "A-2"]


def test_a_worker_whose_task_a_person_did_is_not_started_with_the_team(team: Team) -> None:
    team.set(task_persona="intern")
    imported(team, "A", steps=("bash touch $SHARED/at-work", "wait"))
    team.run(lambda w: (team.workspace.shared / "at-work").exists())
    with team.store() as store:
        store.set_team("wanted", "stop")
        store.set_team("stop_asked_at", "1")
        store.want(team.session("A").id, Wanted.STOP)
    team.run(lambda w: not w.sessions)
    verb(team, "tasks", "retry", "A")
    verb(team, "tasks", "done", "A")
    with team.store() as store:
        take_up_stopped_team(store)
    team.run(finished)
    assert states(team) == {"A": "completed"}
    assert (starts(team), team.session("A").state) == (["A"], "stopped")


def test_a_request_that_is_refused_fails_its_task_with_the_reason(team: Team) -> None:
    imported(team, "A", front="persona: nobody\n")
    team.run(finished)
    assert tasks(team)["A"].state == TaskState.FAILED
    assert "there is no persona 'nobody'" in (tasks(team)["A"].reason or "")


def test_a_cancelled_task_ends_its_worker_and_can_be_tried_again(team: Team) -> None:
    team.set(task_persona="intern")
    imported(team, "A", steps=("bash touch $SHARED/at-work", "wait"))
    team.run(lambda w: (team.workspace.shared / "at-work").exists())
    assert verb(team, "tasks", "cancel", "A")["state"] == "cancelled"
    team.run(lambda w: not w.sessions)
    assert (team.session("A").state, team.session("A").reason) == (
        "stopped",
        "its task was cancelled",
    )
    moves = [e.state for e in team.heard(TaskMoved)]
    assert moves[:2] == ["assigned", "in_progress"]
    assert verb(team, "tasks", "retry", "A")["state"] == "queued"


def test_a_task_that_becomes_ready_is_given_a_worker_by_the_very_next_look(team: Team) -> None:
    team.set(task_persona="intern")
    write_spec(team, "B", ("A",), "work")
    imported(team, "A")
    heard_by_look: list[int] = []
    with team.supervised() as supervisor:
        supervisor.after_look = lambda _: heard_by_look.append(len(team.events))
        run_until(supervisor, lambda _: team.heard(TaskMoved, task="B", state="completed"))

    def look_of(task: str, state: str) -> int:
        (event,) = team.heard(TaskMoved, task=task, state=state)
        place = team.events.index(event)
        return next(n for n, heard in enumerate(heard_by_look) if heard > place)

    assert look_of("B", "assigned") == look_of("A", "completed") + 1


def test_the_second_task_of_a_singleton_persona_waits_for_the_first(team: Team) -> None:
    team.write_settings(SETTINGS)
    personas = team.root / "personas"
    personas.mkdir()
    (personas / "boss.md").write_text("---\nname: boss\nsingleton: true\n---\nLead.\n")
    gate = team.gate()
    imported(team, "B1", "B2", front="persona: boss\n", steps=(gate.step, "work"))
    verb(team, "queue", "settings", "--max-concurrent", 2)
    team.run(lambda w: any(s.turn_open for s in w.live) and not w.requests)
    (waiting,) = verb(team, "queue", "list")["queued"]
    boss = team.session("B1").id
    assert waiting["waits_for"] == f"there may be only one boss, and {boss} comes first"
    assert verb(team, "ready", "-w", team.root)["ready"] == []
    gate.open()
    gate.open()
    team.run(finished)
    assert states(team) == {"B1": "completed", "B2": "completed"}

import json

from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.cli import plans
from team_supervisor.cli.announce import announce
from team_supervisor.core import events
from team_supervisor.core.model import Doing
from team_supervisor.core.taskgraph import TaskState

from .teams import Team, run_until, script

BLOCKED = "write $SESSION/tasks.md # Tasks\\n\\n## Task: Ask\\n\\n- Status: blocked\\n"


def test_two_who_wait_for_each_other_are_named_once_until_a_person_speaks(team: Team) -> None:
    team.set(nudge_after=0.3)
    inner = script(BLOCKED, "wait", "wait", "wait")
    team.request(
        "lead",
        "tasks Lead it",
        "request-block intern helper",
        *(f"    {line}" for line in inner.splitlines()),
        "await helper",
        "done all",
        persona="software-engineer",
    )
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.DeadlockFound))
        run_until(supervisor, lambda _: len(team.heard(events.AttentionNeeded)) == 2)
        lead, helper = team.session("lead"), team.session("helper")
        [found] = team.heard(events.DeadlockFound)
        assert found.members == sorted([lead.id, helper.id])
        assert (lead.doing, helper.doing) == (Doing.ATTENTION, Doing.ATTENTION)
        words = f"{found.words}, since {found.since}"
        assert lead.doing_detail == helper.doing_detail == f"deadlock: {words}"
        assert f"since {found.since}" in team.call("why", "lead").stdout
        assert team.call("say", helper.id, "Go on.").returncode == 0
        run_until(supervisor, lambda _: team.heard(events.DeadlockOver))
    assert len(team.heard(events.DeadlockFound)) == 1


def test_a_plan_in_which_nothing_can_start_is_said_once(team: Team) -> None:
    assert team.call("tasks", "add", "late", "Come late", "--needs", "gone").returncode == 0
    team.run(lambda _: team.heard(events.DeadlockFound))
    [found] = team.heard(events.DeadlockFound)
    assert "late needs gone, which is not there" in found.words
    with team.store() as store:
        assert f"since {found.since}" in (plans.held(store, team.workspace) or "")
    with team.store() as store:
        task = TaskTable(store).get("late")
    assert task is not None and task.state == TaskState.QUEUED
    lines = announce(found, colour=False)
    assert (found.words in lines[0], lines[1:]) == (True, ["   Look: team-supervisor tasks plan"])
    why = f"late needs gone, which is not there, since {found.since}"
    board = json.loads(team.call("track", "--once", "--json").stdout)
    assert board["held"] == f"deadlock: {why}"
    report = json.loads(team.call("agents", "report", "--json").stdout)
    assert report["needs_a_person"] == [f"the plan: deadlock: {why}"]
    team.run(lambda world: bool(world.announced))
    assert f"deadlock: {why}: nothing" in team.call("track", "--once").stdout
    assert "Deadlock, nothing of the plan can start: late" in team.call("tasks", "plan").stdout
    assert len(team.heard(events.DeadlockFound)) == 1
    assert team.call("tasks", "cancel", "late").returncode == 0
    team.run(lambda _: team.heard(events.DeadlockOver))

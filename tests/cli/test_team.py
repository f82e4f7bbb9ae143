import json
import re
import signal
import time

import pytest

from team_supervisor.adapters.workspace import create, locate
from team_supervisor.carrying import MANY
from team_supervisor.core.model import State
from tests.teams import Team, kill, lines_until, processes_under

SESSION = re.compile(r"[a-z-]+-\d{13}")


@pytest.fixture
def fresh(live_team: Team) -> Team:
    """With a project that has no workspace yet."""
    live_team.workspace = locate(live_team.project / ".team")
    live_team.environ["TEAM_SUPERVISOR_WORKSPACE"] = ".team"
    return live_team


def sessions(team: Team) -> list[str]:
    return sorted(p.name for p in team.root.iterdir() if SESSION.fullmatch(p.name))


def at_work(team: Team, *names: str, steps: tuple[str, ...] = ("wait",)) -> None:
    """Sessions whose agents wait, and no supervisor."""
    team.write_settings("limits: {sessions: 20}\n")
    for name in names:
        team.request(name, *steps)
    assert team.call("orchestrate", "--once").returncode == 0
    assert {s.state for s in team.sessions()} == {State.ACTIVE}


def test_start_makes_a_workspace_with_a_manager_and_an_architect(fresh: Team) -> None:
    done = fresh.call("team", "start", "Build REST API")
    assert (done.returncode, done.stderr) == (0, "")
    manager, architect = sessions(fresh)
    assert manager.startswith("engineering-manager-")
    assert architect.startswith("solutions-architect-")
    assert manager in done.stdout and architect in done.stdout
    requirements = (fresh.root / manager / "project-requirements.md").read_text()
    assert requirements == "# Project requirements\n\nBuild REST API\n"
    for name in (manager, architect):
        directory = fresh.root / name
        assert "Build REST API" in (directory / "instructions.md").read_text()
        assert "pending" in (directory / "tasks.md").read_text()
        assert json.loads((directory / "session.json").read_text())["state"] == "starting"
    assert (fresh.root / "shared").is_dir()
    assert not processes_under(fresh.root)


def test_start_adds_engineers_and_interns_who_wait_for_work(fresh: Team) -> None:
    assert fresh.call("team", "start", "X", "--engineers", 2, "--interns", 1).returncode == 0
    personas = [name.rpartition("-")[0] for name in sessions(fresh)]
    assert personas == [
        "engineering-manager",
        "intern",
        "software-engineer",
        "software-engineer",
        "solutions-architect",
    ]
    [manager] = [name for name in sessions(fresh) if name.startswith("engineering-manager")]
    intern = sessions(fresh)[1]
    assert manager in (fresh.root / intern / "instructions.md").read_text()
    assert "**Status**: waiting" in (fresh.root / intern / "tasks.md").read_text()


def test_starting_twice_says_so_and_changes_nothing(fresh: Team) -> None:
    fresh.call("team", "start", "First")
    before = {p: p.read_bytes() for p in fresh.root.glob("[a-z]*/*")}
    done = fresh.call("team", "start", "Second")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"a team is at work in {fresh.root} already (2 sessions)" in done.stderr
    assert {p: p.read_bytes() for p in fresh.root.glob("[a-z]*/*")} == before


def test_a_team_may_be_started_where_an_older_one_has_ended(fresh: Team) -> None:
    fresh.call("team", "start", "First")
    assert fresh.call("team", "stop").returncode == 0
    assert fresh.call("team", "start", "Second").returncode == 0
    assert len(sessions(fresh)) == 4


@pytest.mark.parametrize("stopped", [False, True], ids=["new", "stopped"])
def test_a_supervisor_at_work_takes_up_the_team_that_is_started(
    live_team: Team, stopped: bool
) -> None:
    live_team.write_settings()
    live_team.environ["TEAM_SCRIPTED_PACE"] = "60"
    program = live_team.start("orchestrate", "--service", "--json")
    lines_until(program, "supervisor_started")
    if stopped:
        with live_team.store() as store:
            store.set_team("wanted", "stop")
    done = live_team.call("team", "start", "Build REST API", "--interns", 1, "--run")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"supervised by service (PID {program.pid} on " in done.stdout
    for name in sessions(live_team):
        assert name in done.stdout
    lines_until(program, "session_started")
    made = {s.name: s for s in live_team.sessions()}
    assert sorted(made) == ["architect", "intern-1", "manager"]
    manager = live_team.root / made["manager"].id
    assert "Build REST API" in (manager / "project-requirements.md").read_text()
    assert made["architect"].id in (manager / "instructions.md").read_text()
    assert "waiting" in (live_team.root / made["intern-1"].id / "tasks.md").read_text()
    again = live_team.call("team", "start", "Another")
    assert (again.returncode, again.stdout) == (1, "")
    assert "already (3 sessions)" in again.stderr
    assert len(live_team.sessions()) == 3


def test_run_goes_on_into_orchestrate(fresh: Team) -> None:
    fresh.environ["TEAM_SCRIPTED_PACE"] = "60"
    program = fresh.start("team", "start", "X", "--run")
    lines = lines_until(program, "Spawning solutions-architect")
    assert lines[0] == "Team for: X\n"
    assert any("Team supervisor started" in line for line in lines)
    lines_until(program, "Session")
    kill(program.pid, signal.SIGINT)
    assert program.wait() == 0
    assert fresh.call("team", "stop", "--now").returncode == 0


def test_status_says_in_a_few_lines_how_the_team_is(live_team: Team) -> None:
    at_work(live_team, "api")
    done = live_team.call("team", "status")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Workspace:  {live_team.root}" in done.stdout
    assert "Supervisor: none is running" in done.stdout
    assert "1 running" in done.stdout and live_team.session("api").id in done.stdout
    assert "\x1b" not in done.stdout


def test_status_as_json_is_one_object(live_team: Team) -> None:
    at_work(live_team, "api")
    found = json.loads(live_team.call("team", "status", "--json").stdout)
    assert [s["id"] for s in found["sessions"]] == [live_team.session("api").id]


def test_stop_without_a_supervisor_ends_the_team_and_keeps_its_directories(live_team: Team) -> None:
    at_work(live_team, "one", "two")
    done = live_team.call("team", "stop")
    assert (done.returncode, done.stderr) == (0, "")
    for session in live_team.sessions():
        assert session.state == State.STOPPED
        assert f"Stopped {session.name} ({session.id}): its directory is kept" in done.stdout
        assert (live_team.root / session.id / "instructions.md").exists()
    assert not processes_under(live_team.root)


def test_stop_with_a_supervisor_ends_both(live_team: Team) -> None:
    live_team.write_settings()
    live_team.request("api", "wait")
    program = live_team.start("orchestrate", "--json")
    lines_until(program, "session_started")
    done = live_team.call("team", "stop")
    assert (done.returncode, done.stderr) == (0, "")
    assert program.wait() == 0
    assert program.stdout
    assert [json.loads(line)["event"] for line in program.stdout][-2:] == [
        "session_stopped",
        "supervisor_stopped",
    ]
    assert live_team.session("api").state == State.STOPPED
    assert not processes_under(live_team.root)


def test_who_is_stopped_among_many_is_published_as_stopped(live_team: Team) -> None:
    names = [f"n{number}" for number in range(MANY + 2)]
    live_team.write_settings(f"limits: {{sessions: {len(names)}, per_persona: {{}}}}\n")
    for name in names:
        live_team.request(name, "wait")
    program = live_team.start("orchestrate", "--json")
    for _ in names:
        lines_until(program, "session_started")
    assert live_team.call("team", "stop").returncode == 0
    copies = [live_team.directory(name) / "session.json" for name in names]
    assert {json.loads(copy.read_text())["state"] for copy in copies} == {"stopped"}
    assert program.wait() == 0
    assert not processes_under(live_team.root)


def test_stop_ends_only_those_who_are_named(live_team: Team) -> None:
    at_work(live_team, "one", "two", "three")
    assert live_team.call("team", "stop", "one", "three").returncode == 0
    assert {s.name: s.state for s in live_team.sessions()} == {
        "one": State.STOPPED,
        "two": State.ACTIVE,
        "three": State.STOPPED,
    }
    assert live_team.starts("two") == 1


def test_stop_waits_for_the_grace_and_stop_now_does_not(live_team: Team) -> None:
    steps = ("ignore-term", "bash touch $SHARED/$TEAM_SESSION_ID", "wait")
    at_work(live_team, "slow", "fast", steps=steps)
    live_team.run(lambda _: len(list(live_team.workspace.shared.iterdir())) == 2)
    live_team.workspace.settings.write_text("stop_grace: 0.8\n")
    begun = time.monotonic()
    assert live_team.call("team", "stop", "slow").returncode == 0
    assert time.monotonic() - begun >= 0.8
    live_team.workspace.settings.write_text("stop_grace: 30\n")
    begun = time.monotonic()
    assert live_team.call("team", "stop", "--now").returncode == 0
    assert time.monotonic() - begun < 30
    assert not processes_under(live_team.root)


def test_stop_now_does_not_wait_for_an_earlier_stop(live_team: Team) -> None:
    steps = ("ignore-term", "bash touch $SHARED/$TEAM_SESSION_ID", "wait")
    at_work(live_team, "api", steps=steps)
    live_team.run(lambda _: list(live_team.workspace.shared.iterdir()))
    live_team.workspace.settings.write_text("stop_grace: 300\n")
    program = live_team.start("orchestrate", "--json")
    lines_until(program, "session_adopted")
    slow = live_team.start("team", "stop")
    live_team.wait_beside(lambda: live_team.session("api").state == State.STOPPING)
    assert live_team.call("team", "stop", "--now").returncode == 0
    assert slow.wait() == 0
    assert program.wait() == 0


VERBS = (("status",), ("stop",), ("resume",))


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_where_there_is_no_team_each_verb_says_what_there_is(fresh: Team, verb: tuple[str]) -> None:
    """Nothing; a workspace; a request in it; sessions whose database is gone."""
    done = fresh.call("team", *verb)
    assert done.returncode == 1
    assert f"there is no workspace at {fresh.root}: make one with" in done.stderr
    create(fresh.workspace)
    assert f"no session yet in {fresh.root}: start with" in said(fresh, *verb)
    (fresh.root / "intern-request-api").mkdir()
    assert f"no session yet in {fresh.root}, only requests: start" in said(fresh, *verb)
    (fresh.root / "intern-1706012345680").mkdir()
    done = fresh.call("team", *verb)
    assert done.returncode == 1
    assert f"the database of {fresh.root} is gone, its sessions are not: run" in done.stderr


def said(team: Team, *verb: str) -> str:
    """To have nothing to stop is no error."""
    done = team.call("team", *verb)
    assert done.returncode == (0 if verb == ("stop",) else 1)
    return done.stdout + done.stderr


def test_a_stopped_team_is_shown_stopped_once_and_resumed(live_team: Team) -> None:
    at_work(live_team, "api")
    assert live_team.call("team", "stop").returncode == 0
    status = live_team.call("team", "status").stdout
    assert "none is running" in status and "(api): stopped" in status
    assert "Nothing to stop: no session is at work" in live_team.call("team", "stop").stdout
    done = live_team.call("team", "resume")
    assert done.stdout == "The team goes on once `orchestrate` runs\n"
    done = live_team.call("team", "resume")
    assert done.stdout == "Nothing to resume: the team was not stopped\n"


def test_nothing_to_stop_is_no_error(live_team: Team) -> None:
    done = live_team.call("team", "stop")
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "Nothing to stop")
    at_work(live_team, "api")
    live_team.call("team", "stop")
    done = live_team.call("team", "stop")
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "Nothing to stop")


def test_a_team_in_which_nobody_is_at_work_is_stopped_all_the_same(live_team: Team) -> None:
    live_team.write_settings("task_persona: intern\n")
    assert live_team.call("tasks", "add", "T1", "Work").returncode == 0
    done = live_team.call("team", "stop")
    assert (done.returncode, "until the next `orchestrate` or `team" in done.stdout) == (0, True)
    live_team.call("projects", "add", live_team.project)
    assert live_team.call("ready").stdout == (
        "project: nothing starts, the team was stopped\n0 could start\n"
    )
    assert live_team.call("team", "resume").returncode == 0
    assert live_team.call("ready").stdout.endswith("1 could start\n")


@pytest.mark.parametrize("how", [(), ("--now",)])
def test_a_supervisor_without_sessions_ends_with_its_team(
    live_team: Team, how: tuple[str, ...]
) -> None:
    program = live_team.start("orchestrate", "--json")
    lines_until(program, '"supervisor_started"')
    done = live_team.call("team", "stop", *how)
    assert (done.returncode, done.stdout) == (
        0,
        "Nothing to stop: no session is at work; `orchestrate` ends, "
        "and nothing more starts until the next `orchestrate` or `team resume`\n",
    )
    lines_until(program, '"supervisor_stopped"')
    assert program.wait(60) == 0


def test_a_stopped_service_says_that_it_waits_for_team_resume(live_team: Team) -> None:
    program = live_team.start("orchestrate", "--service", "--json")
    lines_until(program, '"supervisor_started"')
    done = live_team.call("team", "stop")
    assert done.stdout == (
        "Nothing to stop: no session is at work, and nothing more starts until `team resume`\n"
    )


def test_what_waits_in_an_idle_stopped_team_starts_with_the_next_orchestrate(
    live_team: Team,
) -> None:
    assert live_team.call("orchestrate", "--once").returncode == 0
    live_team.request("api", "wait")
    done = live_team.call("team", "stop")
    assert "nothing more starts until the next `orchestrate` or" in done.stdout
    assert live_team.call("orchestrate", "--once").returncode == 0
    assert live_team.session("api").state == State.ACTIVE


def test_a_session_that_is_named_twice_is_stopped_once(live_team: Team) -> None:
    at_work(live_team, "api")
    done = live_team.call("team", "stop", "api", live_team.session("api").id)
    assert (done.returncode, done.stdout.count("Stopped api")) == (0, 1)


def test_an_unknown_or_ended_session_is_not_stopped(live_team: Team) -> None:
    at_work(live_team, "api")
    done = live_team.call("team", "stop", "api", "nobody")
    assert done.returncode == 2 and "there is no session 'nobody'" in done.stderr
    assert live_team.session("api").state == State.ACTIVE
    live_team.call("team", "stop", "api")
    done = live_team.call("team", "stop", "api")
    assert done.returncode == 1 and "has ended already (stopped)" in done.stderr


def test_an_ambiguous_session_is_not_stopped(live_team: Team) -> None:
    at_work(live_team, "api-one", "api-two")
    done = live_team.call("team", "stop", "api")
    assert done.returncode == 2
    assert "'api' could be any of 2 sessions: " in done.stderr
    assert "(api-one)" in done.stderr and "(api-two)" in done.stderr
    assert {s.state for s in live_team.sessions()} == {State.ACTIVE}


def test_a_request_made_while_the_team_is_stopped_waits(live_team: Team) -> None:
    at_work(live_team, "api")
    live_team.call("team", "stop")
    live_team.request("late", "done all")
    with live_team.store() as store:
        assert store.team("wanted") == "stop"
    live_team.run(lambda world: world.requests and world.requests[0].row)
    assert [s.name for s in live_team.sessions()] == ["api"]
    assert (live_team.root / "intern-request-late").exists()


def test_a_team_larger_than_its_limit_is_not_founded(live_team: Team) -> None:
    done = live_team.call("team", "start", "Build", "--engineers", "7")
    assert done.returncode == 2
    assert "would have 9 sessions, and limits.sessions is 8" in done.stderr
    assert not list(live_team.workspace.root.glob("engineering-manager-*"))


def test_a_second_stop_does_not_keep_the_team_from_being_taken_up_again(live_team: Team) -> None:
    at_work(live_team, "one")
    assert live_team.call("team", "stop").returncode == 0
    assert "Nothing to stop" in live_team.call("team", "stop").stdout
    program = live_team.start("orchestrate", "--json")
    lines_until(program, '"session_started"')


def test_a_team_can_be_stopped_although_its_settings_are_broken(live_team: Team) -> None:
    at_work(live_team, "one")
    live_team.workspace.settings.write_text("a: b: c\n")
    done = live_team.call("team", "stop", "--now")
    assert done.returncode == 0, done.stderr
    assert "stopping with the defaults" in done.stderr
    assert [s.state for s in live_team.sessions()] == [State.STOPPED]


def faces(team: Team) -> list[str]:
    """What each that shows the team says."""
    return [team.call(*verb).stdout for verb in (("track", "--once"), ("team", "status"))]


def test_a_request_that_no_supervisor_looks_at_is_shown_with_why(live_team: Team) -> None:
    at_work(live_team, "api")
    later = live_team.request("later", "wait").name
    (live_team.root / "intern-request-bare").mkdir()
    for said_so in faces(live_team):
        assert f"{later}" in said_so and "waiting: no supervisor runs" in said_so
        assert "no supervisor runs; it has no instructions.md yet" in said_so
        assert "the team is stopped" not in said_so
    assert live_team.call("team", "stop").returncode == 0
    newest = live_team.request("newest", "wait").name
    for said_so in faces(live_team):
        assert said_so.count("the team is stopped, until `orchestrate` or `team resume`") >= 3
        assert later in said_so and newest in said_so
    for verb in (("track", "--once", "--json"), ("team", "status", "--json")):
        found = json.loads(live_team.call(*verb).stdout)
        assert found["stopped"] is True
        assert {later, newest} <= {each["name"] for each in found["requests"]}


def test_a_stopped_team_is_seen_to_be_stopped(live_team: Team) -> None:
    at_work(live_team, "api")
    assert live_team.call("team", "stop").returncode == 0
    track, status = faces(live_team)
    assert "■ the team is stopped, until `orchestrate` or `team resume`" in track
    assert "Team:       stopped, until `orchestrate` or `team resume`" in status

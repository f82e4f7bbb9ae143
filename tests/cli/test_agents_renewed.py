import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.core.world import World
from team_supervisor.supervisor import nothing_left
from tests.teams import Team, lines_until, processes_under, run_until

from .test_say import found


def at_work(team: Team, attempt: int) -> bool:
    return bool(team.heard(events.SessionStarted, attempt=attempt))


def test_a_restart_gives_a_new_process_in_the_same_conversation(live_team: Team) -> None:
    gate = live_team.gate()
    live_team.request("api", "say before", gate.step, "say after", "done all")
    with live_team.supervised() as supervisor:
        run_until(supervisor, lambda _: at_work(live_team, 1))
        run_until(supervisor, lambda _: live_team.session("api").resumable)
        before = live_team.session("api")
        done = live_team.call("agents", "restart", "api", "--reason", "it goes in\n circles")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"api ({before.id}) gets a new process\n"
        run_until(supervisor, lambda _: at_work(live_team, 2))
        gate.open()
        gate.open()
        run_until(supervisor, nothing_left)
    after = live_team.session("api")
    assert (after.state, after.conversation) == (State.COMPLETED, before.conversation)
    assert (after.attempt, after.failures, after.restart_wanted) == (2, 0, 0)
    [asked] = live_team.heard(events.SessionRestartAsked)
    assert (asked.attempt, asked.reason) == (1, "it goes in circles")
    assert live_team.heard(events.SessionRestarting) == []
    assert "A person asked for a restart of api" in live_team.call("history", "api").stdout


@pytest.mark.parametrize("when", [events.SessionStarted, events.SessionExited])
def test_a_restart_survives_that_the_supervisor_is_gone(
    live_team: Team, when: type[events.Event]
) -> None:
    gate = live_team.gate()
    live_team.request("api", gate.step, "done all")
    live_team.run(lambda _: live_team.heard(events.SessionStarted))
    done = live_team.call("agents", "restart", "api")
    assert "No supervisor is running" in done.stdout
    assert "a person asked for a restart" in live_team.call("why", "api").stdout

    def cut(world: World) -> bool:
        return bool(live_team.heard(when))

    live_team.run(cut)
    with live_team.supervised() as supervisor:
        run_until(supervisor, lambda _: at_work(live_team, 2))
        gate.open()
        gate.open()
        run_until(supervisor, nothing_left)
    assert live_team.session("api").attempt == 2
    assert len(live_team.heard(events.SessionRestartAsked)) == 1


def test_an_ended_session_is_not_restarted_but_retried(live_team: Team) -> None:
    session = found(live_team, state=State.FAILED, ended_at=1.0)
    done = live_team.call("agents", "restart", "api")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{session.id} is failed: `team-supervisor retry {session.id}`" in done.stderr


def test_a_parked_session_is_woken(live_team: Team) -> None:
    found(live_team, state=State.PARKED)
    done = live_team.call("agents", "restart", "api", "--reason", "too slow")
    assert "Restarts: 1\n  api: too slow" in live_team.call("agents", "report").stdout
    assert "will be woken" in done.stdout
    assert live_team.session("api").retry_wanted == 1


@pytest.mark.parametrize("supervised", [True, False])
def test_a_kill_leaves_nothing_running_and_keeps_the_directory(
    live_team: Team, supervised: bool
) -> None:
    live_team.write_settings()
    gate = live_team.gate()
    live_team.request("api", gate.step)
    live_team.run(lambda _: live_team.heard(events.SessionStarted))
    program = live_team.start("orchestrate") if supervised else None
    if program is not None:
        lines_until(program, "Adopted")
    done = live_team.call("agents", "kill", "api", "--yes")
    assert (done.returncode, "Stopped api" in done.stdout) == (0, True)
    session = live_team.session("api")
    assert session.state == State.STOPPED
    assert (live_team.root / session.id / "instructions.md").exists()
    assert program is None or program.poll() is None
    assert processes_under(live_team.root) == {}
    again = live_team.call("agents", "kill", "api", "-y")
    assert (again.returncode, "has ended already (stopped)" in again.stderr) == (1, True)


def test_without_a_yes_nobody_is_killed(live_team: Team) -> None:
    found(live_team, state=State.STARTING)
    assert live_team.call("agents", "kill", "api", input="n\n").returncode == 130
    assert live_team.session("api").wanted == "run"


def test_an_agent_that_is_not_there_is_a_usage_error(live_team: Team) -> None:
    found(live_team)
    for verb in ("restart", "kill"):
        assert live_team.call("agents", verb, "nobody").returncode == 2


ONE = "---\nname: lead\ndescription: The one.\nsingleton: true\n---\nLead.\n"


@pytest.mark.parametrize(("verb", "end"), [("retry", State.STOPPED), ("restore", State.COMPLETED)])
def test_a_second_one_of_a_singleton_does_not_go_on(live_team: Team, verb: str, end: State) -> None:
    personas = live_team.root / "personas"
    personas.mkdir()
    (personas / "lead.md").write_text(ONE)
    gate = live_team.gate()
    live_team.request("first", "done all", persona="lead")
    live_team.run()
    first = live_team.session("first")
    with live_team.store() as store:
        store.update(first.id, state=end)
    live_team.request("other", gate.step, "done all", persona="lead")
    live_team.run(lambda _: live_team.heard(events.SessionStarted, name="other"))
    other = live_team.session("other")
    done = live_team.call(verb, first.id)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there may be only one lead, and {other.id} lives" in done.stderr
    # Asked for all the same, as two commands at once could.
    with live_team.store() as store:
        assert store.want_retry(first.id) or store.want_restore(first.id)
    live_team.run(lambda _: live_team.heard(events.Warned))
    [warned] = live_team.heard(events.Warned)
    said = f"{first.id} cannot go on: there may be only one lead, and {other.id} is at work"
    assert warned.reason == said
    assert live_team.session("first").state == end
    gate.open()
    live_team.run()

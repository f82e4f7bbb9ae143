import pytest

from team_supervisor.core import events
from team_supervisor.core.model import Doing, State
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.supervisor import nothing_left
from tests.teams import Team, run_until

from .test_say import found


def test_a_failed_session_goes_on_where_it_was(live_team: Team) -> None:
    live_team.set(restarts=RestartPolicy(failures=0))
    live_team.request("api", "say before", "exit 1", "say after", "done all")
    live_team.run()
    assert live_team.session("api").state == State.FAILED
    with live_team.supervised() as supervisor:
        done = live_team.call("retry", "api")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"api ({live_team.session('api').id}) will be tried again\n"
        run_until(supervisor, lambda _: live_team.heard(events.SessionRetried))
        run_until(supervisor, nothing_left)
    assert live_team.session("api").state == State.COMPLETED
    assert len(live_team.heard(events.SessionRetried)) == 1
    assert [t for t in live_team.said("api") if t in ("before", "after")] == ["before", "after"]


def test_without_a_supervisor_it_is_remembered_and_said(live_team: Team) -> None:
    session = found(live_team, state=State.STOPPED, ended_at=1.0)
    done = live_team.call("retry", "api")
    assert done.returncode == 0
    assert "No supervisor is running" in done.stdout
    with live_team.store() as store:
        assert [s.id for s in store.live()] == [session.id]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.STARTING, "is starting: only a failed, stopped or parked session"),
        (State.COMPLETED, "is completed and archived: `team-supervisor restore intern-"),
    ],
)
def test_who_works_or_is_done_is_not_retried(live_team: Team, state: State, words: str) -> None:
    session = found(live_team, state=state, ended_at=1.0 if state == State.COMPLETED else None)
    done = live_team.call("retry", "api")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{session.id} {words}" in done.stderr


def test_an_unknown_session_is_a_usage_error(live_team: Team) -> None:
    found(live_team)
    done = live_team.call("retry", "nobody")
    assert done.returncode == 2
    assert "there is no session 'nobody'" in done.stderr


def test_a_session_whose_directory_is_gone_stays_as_it_is(live_team: Team) -> None:
    session = found(live_team, state=State.FAILED, ended_at=1.0)
    (live_team.root / session.id / "instructions.md").unlink()
    (live_team.root / session.id).rmdir()
    assert live_team.call("retry", "api").returncode == 0
    live_team.run()
    [warned] = live_team.heard(events.Warned)
    assert warned.reason == f"{session.id} cannot be retried: its directory is gone"
    assert live_team.session("api").state == State.FAILED


def test_one_whose_budget_is_spent_waits_for_more_of_it(live_team: Team) -> None:
    """It would end at once, so the answer says what it waits for."""
    why = "its budget of $2.00 is spent"
    found(live_team, state=State.PARKED, doing=Doing.OVER_BUDGET, doing_detail=why)
    done = live_team.call("retry", "api")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"goes on once there is a budget for it ({why}): see `team-supervisor budget`" in (
        done.stdout
    )
    assert "will be tried again" not in done.stdout

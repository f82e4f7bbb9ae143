"""Is an agent that hangs told from one that works without a word?"""

import time

from team_supervisor.adapters import processes
from team_supervisor.adapters.clock import now
from team_supervisor.checking import FEEL_AFTER, Listening, silent
from team_supervisor.core import events
from team_supervisor.core.model import Doing, Moment
from team_supervisor.look import SessionLooker
from team_supervisor.settings import Settings
from team_supervisor.supervisor import nothing_left

from .teams import Team, run_until


def test_an_agent_that_hangs_is_marked_asked_and_shown_to_a_person_and_lives(team: Team) -> None:
    team.set(stall_after=1.0)
    team.request("api", "say I begin", "hang")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.AttentionNeeded, name="api"))
        doings = [e.doing for e in team.heard(events.DoingChanged, name="api")]
        assert doings[0] == Doing.STALLED
        assert len(team.heard(events.Nudged, name="api")) == 1
        assert "may hang" in team.heard(events.AttentionNeeded)[0].reason
        assert team.session("api").agent_pid is not None
    assert team.starts("api") == 1


def test_who_rested_for_long_is_not_taken_for_hung_when_it_goes_on(team: Team) -> None:
    team.set(stall_after=0.9, park_after=0.1)
    team.request("api", "bash true", "rate-limit 3", "done all")
    team.run()
    assert team.heard(events.SessionParked, name="api")
    assert team.session("api").attempt == 2
    assert not team.heard(events.AttentionNeeded)


def test_work_of_a_child_is_a_sign_of_life(team: Team) -> None:
    gate = team.gate()
    busy = "bash while [ ! -e $SHARED/enough ]; do :; done"
    team.request("busy", busy, gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.Delivered, name="busy"))
        view = processes.look(team.workspace.session_control(team.session("busy").id), 1)
        memory, began = Listening(), now()
        directory = team.directory("busy")
        silent(directory, view.host, memory, began)
        first = Moment(began.wall, began.monotonic + FEEL_AFTER)
        silent(directory, view.host, memory, first)
        spent = time.process_time_ns()
        while time.process_time_ns() - spent < 300_000_000:
            supervisor.tick()
        later = Moment(began.wall, began.monotonic + 2 * FEEL_AFTER)
        idle, still = silent(directory, view.host, memory, later)
        assert (idle, still) == (0.0, 0.0)
        (team.workspace.shared / "enough").touch()
        gate.open()


def test_who_waits_for_its_child_is_not_stalled_however_small_the_setting_is(team: Team) -> None:
    gate, after = team.gate(), 4.0
    team.request("api", f"bash touch $SHARED/begun; {gate.step.removeprefix('bash ')}", "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: (team.workspace.shared / "begun").exists())
        looker, began = SessionLooker(team.workspace, Settings(stall_after=after)), now()
        for thirds in range(12):
            passed = thirds * (after / 3 + 0.001)
            later = Moment(began.wall + passed, began.monotonic + passed)
            still = looker.look(team.session("api"), (), later).still
            assert still is not None and still < after
        gate.open()
        run_until(supervisor, nothing_left)

import fcntl
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.adapters.locks import held_by
from team_supervisor.adapters.processes import identify, lock_held
from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.core.persona import Persona
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.world import World
from team_supervisor.errors import WorkspaceBusy
from team_supervisor.settings import CommandRunner, RunnerSettings
from team_supervisor.supervisor import nothing_left

from .teams import Team, kill, processes_under, run_until


def is_active(team: Team, name: str) -> bool:
    return bool(team.heard(events.SessionStarted, name=name))


def attempts(team: Team, name: str) -> list[dict[str, Any]]:
    with team.store() as store:
        return store.attempts(team.session(name).id)


def contents(directory: Path) -> dict[str, bytes]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_a_request_becomes_a_session_and_an_archive_that_keeps_everything(team: Team) -> None:
    team.request("api", "write $SESSION/notes.txt mine", "cost 0.25", "tokens 10 5", "done all")
    team.run()
    [archived] = team.heard(events.SessionArchived)
    row = team.session("api")
    assert (row.state, row.directory) == (State.COMPLETED, f"{row.id}-completed")
    assert (archived.archive, archived.cost_usd) == (row.directory, 0.25)
    assert (row.input_tokens, row.output_tokens, row.turns) == (10, 5, 1)
    kept = contents(team.root / row.directory)
    assert kept["notes.txt"] == b"mine"
    assert b'"state": "completed"' in kept["session.json"]
    for name in ("instructions.md", "tasks.md", "persona-instructions.md", "transcript.jsonl"):
        assert kept[name]
    assert {p.name for p in team.root.iterdir()} == {row.directory, "shared", ".supervisor"}
    assert not processes_under(team.root)


def test_what_happens_is_told_in_the_order_in_which_it_happens(team: Team) -> None:
    team.request("api", "done all")
    team.run()
    quiet = ("delivered", "tasks_changed")
    assert [event.kind for event in team.events if event.kind not in quiet] == [
        "session_claimed",
        "session_started",
        "tasks_completed",
        "session_archived",
    ]
    assert team.heard(events.TasksChanged)[-1].done == 1


def test_an_agent_knows_its_team_and_nothing_of_an_outer_session(team: Team) -> None:
    team.environ |= {"CLAUDECODE": "1", "CLAUDE_CODE_ENTRYPOINT": "cli", "TEAM_SESSION_ID": "outer"}
    team.request(
        "api",
        "bash env > $SESSION/env; pwd > $SESSION/pwd",
        "bash team-supervisor --version > $SESSION/version",
        "done all",
    )
    team.run()
    directory = team.directory("api")
    env = dict(line.split("=", 1) for line in (directory / "env").read_text().splitlines())
    assert env["TEAM_SESSION_ID"] == team.session("api").id
    assert env["TEAM_WORKSPACE"] == str(team.root)
    assert not {"CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT"} & set(env)
    assert (directory / "pwd").read_text().strip() == str(team.project)
    assert (directory / "version").read_text().startswith("team-supervisor")


def test_a_crash_restarts_after_the_right_delay_and_resumes_the_conversation(team: Team) -> None:
    team.set(restarts=RestartPolicy(first_delay=0.4))
    team.request("api", "say before", "crash", "say after", "done all")
    moments: dict[str, float] = {}
    team.listeners.append(lambda event: moments.setdefault(event.kind, time.monotonic()))
    team.listeners.append(
        lambda event: (
            moments.update(last=time.monotonic()) if event.kind == "session_started" else None
        )
    )
    team.run()
    [restarting] = team.heard(events.SessionRestarting)
    assert (restarting.words, restarting.failures, restarting.limit) == ("SIGKILL", 1, 5)
    assert 0.3 <= restarting.delay <= 0.5
    waited = moments["last"] - moments["session_restarting"]
    assert 0.3 <= waited < 2.0
    assert [e.resumed for e in team.heard(events.SessionStarted)] == [False, True]
    assert [text for text in team.said("api") if text in ("before", "after")] == ["before", "after"]
    assert "You were interrupted" in team.told("api")[1]
    first, second = attempts(team, "api")
    assert (first["signal"], first["reason"]) == (9, "signalled")
    assert (second["signal"], second["reason"]) == (None, "stopped")


def test_five_crashes_without_progress_are_a_failure_until_it_is_retried(team: Team) -> None:
    team.set(restarts=RestartPolicy(first_delay=0.01, max_delay=0.02))
    team.request("api", *["exit 3"] * 5, "done all")
    team.run()
    row = team.session("api")
    assert [e.failures for e in team.heard(events.SessionRestarting)] == [1, 2, 3, 4]
    [failed] = team.heard(events.SessionFailed)
    assert "code 3" in failed.reason
    assert (row.state, row.directory) == (State.FAILED, row.id)
    assert (team.root / row.id / "instructions.md").exists()
    with team.store() as store:
        assert store.want_retry(row.id)
    team.run()
    assert team.session("api").state == State.COMPLETED
    assert team.session("api").id == row.id
    assert len({s.conversation for s in (row, team.session("api"))}) == 1


def test_progress_forgives_the_failures_before_it(team: Team) -> None:
    team.set(restarts=RestartPolicy(first_delay=0.01, max_delay=0.02, failures=2))
    team.request("api", "tasks A | B | C", "exit 1", "done A", "exit 1", "done B", "exit 1", "work")
    team.run()
    assert team.session("api").state == State.COMPLETED
    assert {e.failures for e in team.heard(events.SessionRestarting)} == {1}


def test_an_agent_that_exits_when_all_is_done_is_not_restarted(team: Team) -> None:
    team.request("api", "done all", "exit 1")
    team.run()
    assert team.heard(events.SessionRestarting) == []
    assert team.session("api").state == State.COMPLETED


def test_a_program_that_exits_at_once_fails_with_its_last_words(team: Team) -> None:
    program = team.project / "claude"
    program.write_text("#!/bin/sh\necho 'Invalid API key' >&2\nexit 1\n")
    program.chmod(0o700)
    team.set(claude=str(program), restarts=RestartPolicy(first_delay=0.01, failures=1))
    team.request("api", "done all")
    team.run()
    [failed] = team.heard(events.SessionFailed)
    assert failed.reason == "code 1: Invalid API key"


def test_a_program_that_vanished_fails_with_a_sentence(team: Team) -> None:
    team.set(claude="/nowhere/claude", restarts=RestartPolicy(first_delay=0.01, failures=1))
    team.request("api", "done all")
    team.run()
    [failed] = team.heard(events.SessionFailed)
    assert "/nowhere/claude" in failed.reason and "cannot be executed" in failed.reason


def test_a_task_that_is_opened_again_at_the_last_moment_is_done_too(team: Team) -> None:
    team.request("api", "done all", "wait", "say again", "done all")

    def open_again(event: events.Event) -> None:
        if isinstance(event, events.TasksCompleted) and not team.heard(events.SessionReopened):
            with (team.root / str(event.session) / "tasks.md").open("a") as file:
                file.write("\n- [ ] One more thing\n")

    team.listeners.append(open_again)
    team.run()
    assert len(team.heard(events.SessionReopened)) == 1
    assert "again" in team.said("api")
    assert team.session("api").state == State.COMPLETED


def test_the_last_turn_may_end_before_the_agent_is_ended(team: Team) -> None:
    gate = team.gate()
    team.set(completion_grace=15.0)
    team.request("api", "done all", gate.step, "write $SESSION/commit the last one")
    looks: list[World] = []

    def seen_often(world: World) -> bool:
        looks.append(world)
        return len(looks) > 20 and bool(team.heard(events.TasksChanged, done=1))

    with team.supervised() as supervisor:
        run_until(supervisor, seen_often)
        assert team.heard(events.TasksCompleted) == []
        gate.open()
        run_until(supervisor, nothing_left)
    assert (team.directory("api") / "commit").read_text() == "the last one"


def test_a_turn_that_hangs_after_the_last_task_is_ended_after_the_grace(team: Team) -> None:
    team.set(completion_grace=0.3)
    team.request("api", "done all", "hang")
    team.run()
    assert team.session("api").state == State.COMPLETED


def test_nothing_that_an_agent_started_is_left_after_its_archive(team: Team) -> None:
    team.request(
        "api",
        "bash setsid nohup sleep 300 >/dev/null 2>&1 & echo $! >> $SESSION/pids",
        "bash env -i setsid sleep 300 >/dev/null 2>&1 & echo $! >> $SESSION/pids",
        "bash (trap '' TERM HUP; setsid sh -c 'sleep 300; :' >/dev/null 2>&1 & echo $! >> "
        "$SESSION/pids)",
        "done all",
    )
    team.run()
    pids = [int(pid) for pid in (team.directory("api") / "pids").read_text().split()]
    assert len(pids) == 3
    assert [identify(pid) for pid in pids] == [None, None, None]
    [archived] = team.heard(events.SessionArchived)
    assert archived.left_behind >= 3


def test_an_agent_that_ignores_being_asked_is_killed_after_the_grace(team: Team) -> None:
    team.set(stop_grace=0.3)
    team.request("api", "ignore-term", "done all")
    team.run()
    assert team.session("api").state == State.COMPLETED
    [attempt] = attempts(team, "api")
    assert (attempt["signal"], attempt["reason"]) == (9, "stopped")


MARK_DONE = "sed -i 's/pending/done/' $TEAM_WORKSPACE/intern-*/tasks.md"


def test_any_program_can_be_an_agent(team: Team) -> None:
    argv = ("sh", "-c", f"read line; echo heard $line; {MARK_DONE}; read more")
    team.set(runner="command", runners=RunnerSettings(CommandRunner(argv)))
    team.request("api", text="# Count the lines\n")
    team.run()
    row = team.session("api")
    assert row.state == State.COMPLETED
    assert row.last_words.startswith(f"heard You are session {row.id}.")


def test_a_program_that_is_done_before_it_could_be_told_is_done(team: Team) -> None:
    argv = ("sh", "-c", f"echo > $TEAM_WORKSPACE/shared/begun; {MARK_DONE}")
    team.set(
        runner="command",
        runners=RunnerSettings(CommandRunner(argv)),
        restarts=RestartPolicy(failures=0),
    )
    begun = team.workspace.shared / "begun"
    os.mkfifo(begun)
    team.request("api", text="# Count the lines\n")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda world: [s for s in world.live if s.attempt_at])
        begun.read_bytes()
        with (team.workspace.session_control(team.session("api").id) / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
        run_until(supervisor, nothing_left)
    assert team.session("api").state == State.COMPLETED


@pytest.mark.parametrize("file_events", [True, False])
def test_a_request_is_seen_with_and_without_file_events(team: Team, file_events: bool) -> None:
    team.set(file_events=file_events)
    looks: list[float] = []

    def asked_when_idle(world: World) -> bool:
        looks.append(time.monotonic())
        if len(looks) == 1:
            # The watch begins after the first look.
            supervisor.waker.ring()
        elif len(looks) == 2:
            team.request("api", "done all")
        return bool(world.live)

    with team.supervised() as supervisor:
        supervisor.run(asked_when_idle)
    # Idle, it looks every two seconds.
    assert (looks[2] - looks[1] < 1.5) is file_events


def test_a_list_that_changes_a_moment_after_a_look_is_read_a_moment_later(team: Team) -> None:
    sleeper = RunnerSettings(command=CommandRunner(argv=("sleep", "1000")))
    team.set(file_events=True, runner="command", runners=sleeper, quiet=60.0)
    team.request("api", text="# Sleep\n")
    written: list[float] = []

    def is_read(world: World) -> bool:
        looked_at = [f for f in world.sessions if f.session.state == State.ACTIVE]
        if looked_at and not written:
            tasks = team.root / looked_at[0].session.id / "tasks.md"
            tasks.write_text("- [x] Sleep\n")
            written.append(time.monotonic())
        return any(f.watch and f.watch.reading.complete for f in looked_at)

    with team.supervised() as supervisor:
        supervisor.run(is_read)
    # Idle, it looks every two seconds.
    assert time.monotonic() - written[0] < 1.5


def test_the_loop_goes_on_when_the_workspace_comes_back(team: Team) -> None:
    away = team.root.with_name("away")
    team.request("api", "done all")

    def bring_back(event: events.Event) -> None:
        if isinstance(event, events.Warned) and away.exists():
            away.rename(team.root)

    team.listeners.append(bring_back)
    with team.supervised() as supervisor:
        team.root.rename(away)
        supervisor.waker.ring()
        run_until(supervisor, lambda world: nothing_left(world) and team.heard(events.Warned)[1:])
    gone, back = team.heard(events.Warned)
    assert gone.reason.startswith(f"{team.root} cannot be read")
    assert back.reason.startswith(f"{team.root} can be read again")
    assert team.session("api").state == State.COMPLETED


def test_a_supervisor_whose_lock_was_taken_away_stops_and_its_agents_go_on(team: Team) -> None:
    gate = team.gate()
    team.request("api", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_active(team, "api"))
        team.workspace.lock.unlink()
        with pytest.raises(WorkspaceBusy, match="its agents go on"):
            run_until(supervisor, lambda _: False)
    control = team.workspace.session_control(team.session("api").id)
    assert lock_held(control / "lock")
    gate.open()
    team.run()
    assert team.starts("api") == 1


def test_one_workspace_has_one_supervisor(team: Team) -> None:
    with team.supervised():
        holder = held_by(team.workspace.lock)
        assert holder and (holder.pid, holder.command) == (os.getpid(), "a test")
        with pytest.raises(WorkspaceBusy, match=f"PID {os.getpid()}"), team.supervised():
            pass
    assert held_by(team.workspace.lock) is None


def test_no_secret_of_the_environment_is_written_into_the_workspace(team: Team) -> None:
    secret = "sk-ant-a-very-secret-key"
    team.environ |= {"ANTHROPIC_API_KEY": secret, "MY_TOKEN": f"x{secret}"}
    team.request("api", "bash test -n $ANTHROPIC_API_KEY && touch $SESSION/had-it", "crash", "work")
    team.run()
    assert (team.directory("api") / "had-it").exists()
    assert not [name for name, data in contents(team.root).items() if secret.encode() in data]


def test_a_killed_agent_is_seen_at_once(team: Team) -> None:
    gate = team.gate()
    team.request("api", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: is_active(team, "api"))
        kill(team.session("api").agent_pid or 0)
        run_until(supervisor, lambda _: team.heard(events.SessionRestarting))
        run_until(supervisor, lambda _: len(team.heard(events.SessionStarted)) == 2)
        gate.open()
        run_until(supervisor, nothing_left)
    assert team.heard(events.SessionExited)[0].signal == 9


def test_a_bug_met_in_one_session_does_not_end_the_supervision_of_the_others(team: Team) -> None:
    team.request("first", "done all")
    team.request("second", "done all")
    with team.supervised() as supervisor:
        known = supervisor.tools.personas

        def personas() -> Mapping[str, Persona]:
            if team.heard(events.Warned):
                return known()
            raise RuntimeError("a bug")

        supervisor.tools = replace(supervisor.tools, personas=personas)
        run_until(supervisor, lambda world: team.heard(events.Warned))
        run_until(supervisor, nothing_left)
    assert "failed (RuntimeError: a bug)" in team.heard(events.Warned)[0].reason
    assert team.session("first").state == team.session("second").state == State.COMPLETED

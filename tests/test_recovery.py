import json
import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.adapters import processes
from team_supervisor.adapters.workspace import reserve
from team_supervisor.core import events
from team_supervisor.core.model import PUBLISHED, RequestStatus, Session, State, Wanted
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.core.timeline import sentence
from team_supervisor.core.world import World
from team_supervisor.supervisor import nothing_left

from .teams import (
    Gate,
    Team,
    end_all,
    kill,
    lines_until,
    processes_under,
    run_until,
    script,
    wait_for_end,
)

ID = "intern-1706012345680"


def at_work(team: Team, *more: str) -> Gate:
    """A session `api` whose agent waits at a gate, and no supervisor."""
    gate = team.gate()
    team.request("api", "say before", gate.step, "say after", *more, "done all")
    team.run(lambda _: team.heard(events.SessionStarted) and team.said("api"))
    return gate


def host_of(team: Team, name: str = "api") -> processes.HostView:
    row = team.session(name)
    return processes.look(team.workspace.session_control(row.id), row.attempt)


def seen_often(world: World, looks: list[World], times: int = 20) -> bool:
    looks.append(world)
    return len(looks) >= times


def by_hand(team: Team, name: str = ID, text: str | None = None) -> Path:
    path = team.root / name
    path.mkdir()
    (path / "instructions.md").write_text(script("done all") if text is None else text)
    return path


def test_a_list_that_is_as_it_was_recorded_is_read_by_the_second_look(team: Team) -> None:
    """So hundreds of sessions are adopted without reading Markdown."""
    at_work(team)
    looks: list[World | None] = []
    with team.supervised() as supervisor:
        supervisor.after_look = looks.append
        run_until(supervisor, lambda _: len(looks) >= 3)
    seen = [f.watch.reading for w in looks if w for f in w.sessions if f.watch]
    assert (seen[0].total, seen[0].done, seen[0].open_titles) == (1, 0, ())
    assert seen[-1] == replace(seen[0], open_titles=("The work",))


def test_a_killed_supervisor_is_replaced_without_a_second_start(team: Team) -> None:
    gate = team.gate()
    team.write_settings()
    team.request("api", gate.step, "done all")
    first = team.start("orchestrate", "--json")
    lines_until(first, '"session_started"')
    kill(first.pid)
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionAdopted))
        gate.open()
        run_until(supervisor, nothing_left)
    assert len(team.heard(events.SessionAdopted)) == 1
    assert (team.starts("api"), team.session("api").attempt) == (1, 1)
    assert team.session("api").state == State.COMPLETED


def test_what_ended_while_nobody_looked_is_found_as_it_ended(team: Team) -> None:
    gate = at_work(team, "exit 7")
    agent = host_of(team).host
    assert agent
    pidfd = os.pidfd_open(agent.pid)
    gate.open()
    wait_for_end(pidfd)
    os.close(pidfd)
    team.run()
    assert team.heard(events.SessionExited)[0].code == 7
    assert team.session("api").state == State.COMPLETED


def test_supervisors_killed_again_and_again_lose_nothing_and_double_nothing(team: Team) -> None:
    team.write_settings("limits: {sessions: 12}\n")
    names = [f"n{number}" for number in range(8)]
    for name in names[:4]:
        team.request(name, "done all", "wait")
    for name, moment in zip(names[4:], ("claimed", "started", "tasks_completed", "archived")):
        supervisor = team.start("orchestrate", "--json")
        team.request(name, "done all", "wait")
        lines_until(supervisor, moment)
        kill(supervisor.pid)
    team.run()
    assert sorted(s.name for s in team.sessions()) == names
    assert {s.state for s in team.sessions()} == {State.COMPLETED}
    assert [team.starts(name) for name in names] == [1] * len(names)
    kept = {p.name for p in team.root.iterdir()} - {"shared", ".supervisor", "team.yaml"}
    assert kept == {s.directory for s in team.sessions()}


def test_an_agent_whose_host_was_killed_works_on_and_is_archived(team: Team) -> None:
    gate = at_work(team)
    host = host_of(team).host
    assert host
    kill(host.pid)
    looks: list[World] = []
    with team.supervised() as supervisor:
        run_until(supervisor, lambda world: seen_often(world, looks))
        view = host_of(team)
        assert view.orphaned and team.starts("api") == 1
        assert team.session("api").state == State.ACTIVE
        gate.open()
        run_until(supervisor, nothing_left)
    assert team.starts("api") == 1
    assert team.said("api")[-1] == "after"
    assert team.session("api").state == State.COMPLETED


def test_there_is_no_second_agent_until_an_orphan_is_gone(team: Team) -> None:
    gate = at_work(team)
    view = host_of(team)
    assert view.host
    looks: list[World] = []
    with team.supervised() as supervisor:
        kill(view.host.pid)
        run_until(supervisor, lambda world: seen_often(world, looks))
        assert team.starts("api") == 1
        kill(team.session("api").agent_pid or 0)
        run_until(supervisor, lambda _: team.heard(events.SessionRestarting))
        gate.open()
        run_until(supervisor, nothing_left)
    [exited] = team.heard(events.SessionExited)
    assert (exited.code, exited.signal, exited.words) == (None, None, "exit unknown")
    lines = [line.split()[0] for line in team.audit.read_text().splitlines()]
    assert lines == ["start", "start", "end"]


def test_what_an_agent_without_a_host_started_is_ended_before_the_next_attempt(
    team: Team,
) -> None:
    gate = at_work(team)
    view = host_of(team)
    assert view.host and view.agent
    started = {view.host.pid, view.agent.pid}
    team.wait_beside(lambda: set(processes_under(team.root)) - started)
    kill(view.host.pid)
    kill(view.agent.pid)
    left = set(processes_under(team.root))
    assert left
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionRestarting))
        assert not left & set(processes_under(team.root))
        gate.open()
        run_until(supervisor, nothing_left)


def test_after_everything_was_killed_everything_is_taken_up_again(team: Team) -> None:
    gate = at_work(team)
    end_all(team.root)
    gate.open()
    team.run()
    assert team.session("api").state == State.COMPLETED
    assert (team.starts("api"), team.session("api").attempt) == (2, 2)
    assert [text for text in team.said("api") if text == "before"] == ["before"]


def lose_database(team: Team, files: str = "supervisor.db*") -> None:
    for file in team.workspace.control.glob(files):
        file.rename(team.project / file.name)


@pytest.mark.parametrize("files", ["supervisor.db*", "supervisor.db-wal", "supervisor.db-shm"])
def test_a_supervisor_whose_database_is_deleted_says_so_and_the_next_one_takes_all_up(
    team: Team, files: str
) -> None:
    gate = team.gate()
    team.write_settings()
    team.request("api", gate.step, "done all")
    program = team.start("orchestrate")
    lines_until(program, "Session:")
    team.wait_beside(lambda: team.starts("api") == 1)
    lose_database(team, files)
    program.wait(60)
    assert program.returncode == 1
    said = (team.project.parent / "errors").read_text()
    assert f"{files.rstrip('*')} was removed or replaced: this supervisor stops" in said
    gate.open()
    team.run()
    assert team.session("api").state == State.COMPLETED
    assert team.starts("api") == 1


def test_who_runs_without_directory_and_row_is_seen_and_ends_with_the_team(team: Team) -> None:
    at_work(team)
    agent = team.session("api").agent_pid
    directory = team.directory("api")
    lose_database(team)
    directory.rename(team.workspace.shared / "moved")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda w: any("directory is gone" in s.doing_detail for s in w.live))
        [found] = team.sessions()
        assert (found.id, found.agent_pid) == (directory.name, agent)
        with team.store() as store:
            store.want(found.id, Wanted.STOP_NOW)
        run_until(supervisor, lambda w: all(s.ended for s in w.live))
    [stopped] = team.heard(events.SessionStopped)
    assert sentence(stopped).endswith("its directory is gone")
    assert not processes_under(team.root)


def spent(session: Session) -> tuple[float, int, int, int]:
    return session.cost_usd, session.turns, session.input_tokens, session.output_tokens


def how_it_ended(session: Session) -> tuple[object, ...]:
    """Times are published in whole seconds."""
    times = (int(session.started_at or 0), int(session.ended_at or 0))
    return session.reason, session.exit_reason, session.exit_code, session.exit_signal, *times


def test_what_was_archived_before_the_database_was_lost_has_its_tasks_and_what_it_spent(
    team: Team,
) -> None:
    team.request("api", "cost 0.25", "tokens 100 10", "wait", "cost 0.5", "done all")
    team.run()
    before = team.session("api")
    lose_database(team)
    team.run()
    after = team.session("api")
    assert (after.state, after.tasks_total) == (State.COMPLETED, before.tasks_total)
    assert after.tasks_done == after.tasks_total > 0
    assert spent(after) == spent(before)
    assert how_it_ended(after) == how_it_ended(before)
    assert min(spent(after)) > 0
    with team.store() as store:
        [turn] = store.turns()
    assert (turn["cost_usd"], turn["output_tokens"]) == (after.cost_usd, after.output_tokens)


def test_who_works_while_the_database_is_lost_has_no_turn_counted_twice_and_none_forgotten(
    team: Team,
) -> None:
    gate, spends = team.gate(), ["cost 0.25", "tokens 100 10"]
    team.request("api", *spends, "wait", "once failed exit 1", gate.step, *spends, "done all")
    team.run(lambda _: len(team.heard(events.SessionStarted)) == 2)
    lose_database(team)
    gate.open()
    team.run()
    after = team.session("api")
    assert (after.turns, after.cost_usd) == (2, 0.5)
    assert (after.input_tokens, after.output_tokens) == (200, 20)
    with team.store() as store:
        told = [(turn["cost_usd"], turn["output_tokens"]) for turn in store.turns()]
    assert told == [(0.25, 10), (0.25, 10)]


def intended(team: Team, **values: Any) -> Session:
    """The row of a claim, as it is written before the rename."""
    found = (team.root / "intern-request-api").lstat()
    session = Session(
        id=reserve(team.workspace, "intern", 1706012345680),
        persona="intern",
        name="api",
        created_at=1706012345.68,
        request_name="intern-request-api",
        request_device=found.st_dev,
        request_inode=found.st_ino,
        conversation="7e57c0de-0000-4000-8000-000000000000",
        directory=ID,
        **values,
    )
    with team.store() as store:
        store.insert_request(
            name="intern-request-api",
            device=found.st_dev,
            inode=found.st_ino,
            persona="intern",
            wanted_name="api",
            first_seen_at=1.0,
            reason=None,
        )
        [row] = store.open_requests()
        store.insert(session)
        store.update_request(
            type(row)(
                **{
                    **{name: getattr(row, name) for name in row.__slots__},
                    "status": RequestStatus.CLAIMED,
                    "session": session.id,
                }
            )
        )
    return session


@pytest.mark.parametrize("renamed", [False, True])
def test_a_claim_cut_short_is_gone_on_with(team: Team, renamed: bool) -> None:
    path = team.request("api", "done all")
    session = intended(team)
    if renamed:
        path.rename(team.root / session.id)
    team.run()
    assert [(s.id, s.state) for s in team.sessions()] == [(ID, State.COMPLETED)]
    assert team.starts("api") == 1


def test_a_claim_whose_request_was_taken_back_fails_and_says_so(team: Team) -> None:
    path = team.request("api", "done all")
    intended(team)
    shutil.rmtree(path)
    team.run()
    [failed] = team.heard(events.SessionFailed)
    assert "intern-request-api was removed before it could be claimed" in failed.reason


def test_a_reserved_id_alone_is_never_used_again(team: Team) -> None:
    team.request("api", "done all")
    reserve(team.workspace, "intern", 9706012345680)
    team.run()
    assert [s.state for s in team.sessions()] == [State.COMPLETED]


def test_an_attempt_that_was_recorded_and_never_launched_is_launched(team: Team) -> None:
    team.request("api", "done all")
    session = intended(team)
    (team.root / "intern-request-api").rename(team.root / session.id)
    with team.store() as store:
        store.update(session.id, state=State.STARTING, attempt=1, attempt_at=1.0)
        store.begin_attempt(session.id, 1, 1.0)
    team.run(lambda _: team.heard(events.SessionStarted))
    assert team.session("api").attempt == 1


def test_an_archive_cut_short_before_it_was_recorded_is_recorded(team: Team) -> None:
    path = team.request("api", "done all")
    session = intended(team)
    path.rename(team.root / f"{session.id}-completed")
    with team.store() as store:
        store.update(session.id, state=State.STOPPING, ending=State.COMPLETED, attempt=1)
    team.run()
    [archived] = team.heard(events.SessionArchived)
    assert archived.archive == f"{ID}-completed"
    assert team.session("api").directory == f"{ID}-completed"
    assert not (team.root / ID).exists()


def test_a_rejection_cut_short_before_it_was_recorded_is_recorded(team: Team) -> None:
    path = team.request("api", "done all", persona="wizard")
    found = path.lstat()
    with team.store() as store:
        store.insert_request(
            name=path.name,
            device=found.st_dev,
            inode=found.st_ino,
            persona="wizard",
            wanted_name="api",
            first_seen_at=1.0,
            reason="there is no persona 'wizard'",
        )
    path.rename(path.with_name(f"{path.name}-rejected"))
    team.run()
    [rejected] = team.heard(events.RequestRejected)
    assert (rejected.request, rejected.directory) == (path.name, f"{path.name}-rejected")


def test_a_session_directory_made_by_hand_is_taken_up(team: Team) -> None:
    by_hand(team)
    team.run()
    assert [e.taken_up for e in team.heard(events.SessionClaimed)] == [False]
    assert [(s.id, s.state) for s in team.sessions()] == [(ID, State.COMPLETED)]
    assert (team.root / f"{ID}-completed").is_dir()


@pytest.mark.parametrize("files", [[], ["notes.md"]])
def test_a_directory_that_only_has_the_name_of_a_session_is_left_alone(
    team: Team, files: list[str]
) -> None:
    (team.root / ID).mkdir()
    for name in files:
        (team.root / ID / name).touch()
    looks: list[World] = []
    team.run(lambda world: seen_often(world, looks, 5))
    assert team.sessions() == []
    assert sorted(p.name for p in (team.root / ID).iterdir()) == files


def test_a_lost_database_is_built_again_from_the_directories(team: Team) -> None:
    gate = at_work(team)
    before, known = team.session("api"), time.time()
    [told] = team.heard(events.Delivered)
    team.events.clear()
    for path in team.workspace.control.glob("supervisor.db*"):
        path.unlink()
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionAdopted))
        assert team.heard(events.SessionClaimed, taken_up=True)
        assert not team.heard(events.SessionStarted)
        # It has worked since its process began, whoever knew of it.
        assert before.created_at <= (team.session("api").started_at or 0) <= known
        gate.open()
        run_until(supervisor, nothing_left)
    after = team.session("api")
    assert (after.id, after.conversation) == (before.id, before.conversation)
    assert after.state == State.COMPLETED
    assert team.starts("api") == 1
    with team.store() as store:
        # Its conversation takes each id once.
        assert store.rows("SELECT id FROM deliveries", {}) == [{"id": told.id}]


def test_a_broken_database_is_put_aside_and_built_again(team: Team) -> None:
    gate = at_work(team)
    team.workspace.database.write_bytes(b"garbage" * 1000)
    gate.open()
    team.run()
    [warned] = team.heard(events.Warned)
    assert "the database was broken (file is not a database)" in warned.reason
    [aside] = team.workspace.control.glob("supervisor.corrupt-*")
    assert aside.read_bytes() == b"garbage" * 1000
    assert team.session("api").state == State.COMPLETED
    assert team.starts("api") == 1


@pytest.mark.parametrize("how", ["cut short", "overwritten in the middle"])
def test_a_database_that_is_broken_inside_is_put_aside_too(team: Team, how: str) -> None:
    team.request("api", "done all")
    team.run(lambda _: team.heard(events.SessionStarted))
    with team.store() as store:
        for _ in range(500):
            store.record(events.Warned(reason="x" * 200), 1.0)
    with team.workspace.database.open("r+b") as file:
        if how == "cut short":
            file.truncate(team.workspace.database.stat().st_size // 2)
        else:
            file.seek(4096)
            file.write(b"\xff" * 8192)
    team.run()
    assert any("the database was broken" in e.reason for e in team.heard(events.Warned))
    assert team.session("api").state == State.COMPLETED


def test_who_had_failed_is_not_begun_again_without_a_database(team: Team) -> None:
    team.set(restarts=RestartPolicy(first_delay=0.01, failures=0))
    team.request("api", "exit 1", "done all")
    team.run()
    before = team.session("api")
    lose_database(team)
    team.run()
    after = team.session("api")
    assert after.state == State.FAILED
    assert how_it_ended(after) == how_it_ended(before)
    with team.store() as store:
        assert store.want_retry(team.session("api").id)
    team.run()
    assert team.session("api").state == State.COMPLETED


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"depth": "deep"}', '{"resumable": 3}', "\xff\x00", "[" * 5000]
)
def test_a_broken_session_json_is_kept_and_does_not_stop_anything(team: Team, text: str) -> None:
    path = by_hand(team)
    (path / "session.json").write_text(text, encoding="latin-1")
    team.run()
    [warned] = team.heard(events.Warned)
    assert "session.json is not usable" in warned.reason
    assert team.session(ID).state == State.COMPLETED
    kept = team.directory(ID) / "session.json.corrupt"
    assert kept.read_text(encoding="latin-1") == text
    assert json.loads((team.directory(ID) / "session.json").read_text())["state"] == "completed"


def test_a_session_json_that_an_agent_broke_is_written_anew(team: Team) -> None:
    team.request("api", "bash echo garbage > $SESSION/session.json", "done all")
    team.run()
    published = json.loads((team.directory("api") / "session.json").read_text())
    assert published["tasks"] == {"done": 1, "total": 1, "problem": None}


def test_a_copy_that_a_crash_left_behind_its_row_is_written_at_the_next_start(team: Team) -> None:
    team.request("api", "done all")
    team.run()
    copy = team.directory("api") / "session.json"
    whole = copy.read_text()
    copy.write_text("{}")
    with team.supervised():
        assert copy.read_text() == "{}", "up to the recorded event nothing is looked at"
    with team.store() as store:
        store.set_team(PUBLISHED, "0")
    with team.supervised():
        assert copy.read_text() == whole


def test_links_in_place_of_the_supervisors_files_lead_nowhere(team: Team) -> None:
    victim = team.project / "precious"
    victim.write_text("precious")
    names = ("session.json", "tracker.json", "persona-instructions.md", "tasks.md")
    links = [f"bash ln -sf {victim} $SESSION/{name}" for name in names]
    team.request("api", *links, "crash", "bash rm $SESSION/tasks.md", "tasks A", "done all")
    team.run()
    assert victim.read_text() == "precious"
    assert team.session("api").state == State.COMPLETED


def test_an_agent_that_deletes_all_of_its_files_goes_on(team: Team) -> None:
    team.request("api", "bash rm -rf $SESSION/*", "crash", "tasks A", "done all")
    team.run(lambda _: team.heard(events.SessionRestarting))
    row = team.session("api")
    (team.root / row.id / "instructions.md").write_text(
        script("bash true", "crash", "tasks A", "done all")
    )
    team.run()
    assert team.session("api").state == State.COMPLETED


def test_a_signal_ends_the_loop_and_the_team_goes_on(team: Team) -> None:
    gate = at_work(team)
    with team.supervised() as supervisor:
        before = signal.signal(signal.SIGALRM, lambda *_: supervisor.stop())
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        supervisor.run(lambda _: False)
        signal.signal(signal.SIGALRM, before)
    assert host_of(team).agent
    gate.open()
    team.run()
    assert team.starts("api") == 1


def test_a_rebuilt_session_keeps_its_runner_and_the_commit_it_started_from(team: Team) -> None:
    (team.root / "personas").mkdir()
    (team.root / "personas" / "robot.md").write_text(
        "---\nname: robot\ndescription: a program\nrunner: command\n---\nWork.\n"
    )
    commit = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    for persona, written in (("robot", commit), ("intern", "--output=/tmp/x")):
        directory = team.root / f"{persona}-1700000000000"
        directory.mkdir()
        (directory / "instructions.md").write_text(script("done all"))
        published = {"name": persona, "state": "stopped", "start_commit": written}
        (directory / "session.json").write_text(json.dumps(published))
    team.run()
    assert team.session("robot").runner == "command"
    assert team.session("robot").start_commit == commit
    assert team.session("intern").start_commit is None

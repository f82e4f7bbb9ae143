import shutil
from pathlib import Path

import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.supervisor import nothing_left
from tests.teams import Team, run_until, script

from .test_say import found

MORE = script("add-task Mend Safari", "say mended", "write $SESSION/extra.txt more", "done all")


def completed(team: Team, *steps: str) -> Path:
    """The archive of a session that has done its work."""
    team.request("api", *(steps or ("say before", "write $SESSION/result.txt first", "done all")))
    team.run()
    assert team.session("api").state == State.COMPLETED
    return team.directory("api")


def test_an_archive_goes_back_to_work_in_its_conversation_with_what_is_new(
    live_team: Team,
) -> None:
    archive = completed(live_team)
    before = live_team.session("api")
    transcript = (archive / "transcript.jsonl").read_bytes()
    there: list[bool] = []

    def look(event: events.Event) -> None:
        if isinstance(event, events.SessionRestored):
            there.append(archive.exists())

    live_team.listeners.append(look)
    with live_team.supervised() as supervisor:
        done = live_team.call("restore", "api", "-m", MORE)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"api ({before.id}) will be taken back to work\n"
        run_until(supervisor, lambda world: there and nothing_left(world))
    assert there == [False]
    after = live_team.session("api")
    assert (after.state, after.conversation) == (State.COMPLETED, before.conversation)
    assert (after.directory, after.tasks_total) == (archive.name, before.tasks_total + 1)
    assert (archive / "extra.txt").exists() and (archive / "result.txt").exists()
    assert (archive / "transcript.jsonl").read_bytes().startswith(transcript)
    assert [t for t in live_team.said("api") if t in ("before", "mended")] == ["before", "mended"]
    [restored] = live_team.heard(events.SessionRestored)
    assert (restored.session, restored.archive) == (before.id, archive.name)
    assert len(live_team.heard(events.SessionArchived)) == 2
    assert live_team.starts("api") == 2


def test_without_a_message_it_hears_that_it_was_taken_back_before_it_is_archived_again(
    live_team: Team,
) -> None:
    completed(live_team)
    live_team.call("restore", "api")
    live_team.run()
    session = live_team.session("api")
    assert (session.state, session.restored, session.attempt) == (State.COMPLETED, 0, 2)
    assert "Now you were taken back to work" in live_team.told("api")[-1]
    assert "nothing left to do" in live_team.said("api")[-1]


def test_without_a_supervisor_the_want_waits(live_team: Team) -> None:
    archive = completed(live_team)
    done = live_team.call("restore", "api", "-m", MORE)
    assert done.returncode == 0
    assert "No supervisor is running" in done.stdout
    assert archive.is_dir()
    live_team.run()
    assert "mended" in live_team.said("api")


def test_its_requester_hears_again_how_it_ended(live_team: Team) -> None:
    work = "request intern api Do it."
    live_team.request("boss", work, "wait-for later", persona="software-engineer")
    with live_team.supervised() as supervisor:
        run_until(supervisor, lambda _: len(_told(live_team)) == 1)
        live_team.call("restore", "api")
        run_until(supervisor, lambda _: len(_told(live_team)) == 2)
        assert len(live_team.heard(events.SessionArchived, name="api")) == 2


def _told(team: Team) -> list[str]:
    heard = team.heard(events.Delivered, name="boss")
    return [e.what for e in heard if e.what.startswith("notice: Your teammate")]


def test_a_program_that_does_not_talk_runs_once_more(live_team: Team) -> None:
    count = live_team.project / "count"
    program = live_team.project / "program"
    program.write_text(f'#!/bin/sh\necho x >> {count}\necho "- [x] all" > "$1"/tasks.md\n')
    program.chmod(0o755)
    command = {"argv": [str(program), "{session}"]}
    live_team.set(runner="command", runners=_runners(command))
    live_team.request("api", text="# Count\n")
    live_team.run()
    live_team.call("restore", "api")
    live_team.run()
    assert live_team.session("api").state == State.COMPLETED
    assert count.read_text() == "x\nx\n"


def _runners(command: dict[str, list[str]]) -> object:
    import msgspec

    from team_supervisor.settings import Settings

    return msgspec.convert({"runners": {"command": command}}, Settings).runners


def test_an_archive_under_a_number_is_taken_back_and_numbered_again(live_team: Team) -> None:
    gate = live_team.gate()
    live_team.request("api", gate.step, "done all")
    with live_team.supervised() as supervisor:
        run_until(supervisor, lambda _: live_team.heard(events.SessionStarted))
        in_the_way = live_team.root / f"{live_team.session('api').id}-completed"
        in_the_way.mkdir()
        (in_the_way / "mine.txt").write_text("do not touch")
        gate.open()
        run_until(supervisor, nothing_left)
    assert live_team.session("api").directory.endswith("-completed-2")
    live_team.call("restore", "api", "-m", MORE)
    live_team.run()
    assert live_team.session("api").directory.endswith("-completed-2")
    assert "mended" in live_team.said("api")
    assert (in_the_way / "mine.txt").read_text() == "do not touch"


def test_an_archive_that_a_person_has_renamed_back_is_taken_back_too(live_team: Team) -> None:
    archive = completed(live_team)
    archive.rename(live_team.workspace.directory(live_team.session("api").id))
    live_team.call("restore", "api")
    live_team.run()
    assert live_team.session("api").state == State.COMPLETED
    assert archive.is_dir()


def test_what_stands_in_the_way_is_not_touched_and_said(live_team: Team) -> None:
    archive = completed(live_team)
    session = live_team.session("api")
    live_team.workspace.directory(session.id).mkdir()
    live_team.call("restore", "api")
    live_team.run()
    [warned] = live_team.heard(events.Warned)
    assert warned.reason.startswith(f"{session.id} cannot be taken back to work: ")
    assert warned.reason.endswith(f"{session.id} is in the way: move it")
    assert archive.is_dir()
    assert live_team.session("api").state == State.COMPLETED
    assert live_team.session("api").restore_wanted == 0


def test_an_archive_that_is_gone_or_a_link_is_refused(live_team: Team) -> None:
    archive = completed(live_team)
    shutil.move(archive, live_team.project / "elsewhere")
    done = live_team.call("restore", "api")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"the archive {archive} is gone: put it back" in done.stderr
    archive.symlink_to(live_team.project / "elsewhere")
    assert live_team.call("restore", "api").returncode == 1
    assert not live_team.session("api").restore_wanted


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.STARTING, "only an archived session can be restored"),
        (State.FAILED, "team-supervisor retry"),
        (State.STOPPED, "team-supervisor retry"),
    ],
)
def test_only_an_archived_session_is_restored(live_team: Team, state: State, words: str) -> None:
    ended = None if state == State.STARTING else 1.0
    session = found(live_team, state=state, ended_at=ended)
    before = (live_team.root / session.id / "instructions.md").read_bytes()
    done = live_team.call("restore", "api", "-m", "more")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{session.id} is {state}" in done.stderr and words in done.stderr
    assert (live_team.root / session.id / "instructions.md").read_bytes() == before


def test_an_empty_message_is_a_usage_error_and_takes_nothing_back(live_team: Team) -> None:
    completed(live_team)
    assert live_team.call("restore", "api", "-m", " ").returncode == 2
    assert not live_team.session("api").restore_wanted

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State, Wanted
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.supervisor import nothing_left
from tests.adapters.test_git import run
from tests.teams import Team, run_until

from .terminals import OPEN, Terminal


@pytest.fixture
def repository(live_team: Team) -> Team:
    """A project that is a repository with one commit."""
    run(live_team.project, "init", "-q", "-b", "main")
    (live_team.project / "api.py").write_text("first = 1\n")
    run(live_team.project, "add", "api.py")
    run(live_team.project, "commit", "-q", "-m", "start")
    return live_team


def unpacked(file: Path, where: Path) -> Path:
    where.mkdir()
    subprocess.run(["tar", "-xf", file, "-C", where], check=True)
    [top] = where.iterdir()
    return top


def archive(team: Team, name: str = "api", *more: str, file: str = "out.tar.gz") -> Path:
    done = team.call("archive", name, "-o", file, *more)
    assert done.returncode == 0, done
    return team.project / file


STEPS = ("cost 0.25", "say I begin", "write api.py second = 2", "write new.py new = 1", "done all")


@pytest.mark.parametrize("kind", [".tar.zst", ".tar.gz"])
def test_everything_of_an_archived_session_is_in_one_folder(
    repository: Team, tmp_path: Path, kind: str
) -> None:
    repository.request("api", *STEPS)
    repository.run()
    session = repository.session("api")
    assert session.start_commit == run(repository.project, "rev-parse", "HEAD")
    done = repository.call("archive", "api", "-o", f"out{kind}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"Wrote api ({session.id}) to out{kind}\n"
    top = unpacked(repository.project / f"out{kind}", tmp_path / "out")
    assert top.name == session.id
    files = repository.directory("api")
    names = sorted(p.name for p in files.iterdir())
    assert sorted(p.name for p in (top / "files").iterdir()) == names
    assert all((top / "files" / n).read_bytes() == (files / n).read_bytes() for n in names)
    talk = (top / "conversation.md").read_text()
    assert "**Agent**\n\n> I begin\n" in talk
    assert f"> You are session {session.id}." in talk
    changes = (top / "changes.diff").read_text()
    assert "-first = 1" in changes and "+second = 2" in changes and "+new = 1" in changes
    assert ".database" not in changes and ".tar" not in changes
    cost = json.loads((top / "cost.json").read_text())
    assert cost["cost_usd"] == 0.25
    assert [turn["cost_usd"] for turn in cost["turns"]] == [0.25]
    assert [process["cost_usd"] for process in cost["processes"]] == [0.25]
    assert "| 1 | $0.25 |" in (top / "cost.md").read_text()
    told = (top / "timeline.md").read_text()
    assert "Claimed intern: api" in told and "Archived to: " in told
    listed = json.loads((top / "timeline.json").read_text())
    assert listed[0]["event"] == "session_claimed"
    assert {row["session"] for row in listed} == {session.id}
    readme = (top / "README.md").read_text()
    assert session.id in readme and "Nothing was left out." in readme


def test_a_session_at_work_is_written_as_it_is_and_goes_on(live_team: Team, tmp_path: Path) -> None:
    gate = live_team.gate()
    live_team.request("api", "say half way", gate.step, "done all")
    with live_team.supervised() as supervisor:
        run_until(supervisor, lambda _: "Bash" in live_team.session("api").last_words)
        top = unpacked(archive(live_team), tmp_path / "out")
        assert "> half way" in (top / "conversation.md").read_text()
        assert "| state when this was written | active |" in (top / "README.md").read_text()
        assert "| 1 | it runs |" in (top / "cost.md").read_text()
        gate.open()
        run_until(supervisor, nothing_left)
    assert live_team.session("api").state == State.COMPLETED


def test_failed_and_stopped_sessions_are_written_too(live_team: Team, tmp_path: Path) -> None:
    live_team.set(restarts=RestartPolicy(failures=0))
    live_team.request("api", "write $SESSION/notes.txt kept", "exit 1")
    live_team.request("docs", "hang")
    with live_team.supervised() as supervisor:
        run_until(supervisor, lambda _: live_team.heard(events.SessionFailed))
        run_until(supervisor, lambda _: live_team.session("docs").state == State.ACTIVE)
        with live_team.store() as store:
            store.want(live_team.session("docs").id, Wanted.STOP_NOW)
        run_until(supervisor, nothing_left)
    for name, state in (("api", "failed"), ("docs", "stopped")):
        top = unpacked(archive(live_team, name, file=f"{name}.tar.gz"), tmp_path / name)
        assert f"| state when this was written | {state} |" in (top / "README.md").read_text()
        assert (top / "files" / "instructions.md").exists()
    assert [p.read_text() for p in (tmp_path / "api").glob("*/files/notes.txt")] == ["kept"]


def test_what_could_not_be_put_in_is_said_in_it_and_beside(live_team: Team, tmp_path: Path) -> None:
    live_team.request("api", "bash mkfifo $TEAM_WORKSPACE/$TEAM_SESSION_ID/pipe", "done all")
    live_team.run()
    done = live_team.call("archive", "api", "-o", "out.tar.gz")
    assert done.returncode == 0
    assert done.stderr == "Note: files/pipe is left out: it is a FIFO\n"
    top = unpacked(live_team.project / "out.tar.gz", tmp_path / "out")
    readme = (top / "README.md").read_text()
    assert "it is a FIFO" in readme and "| start commit | none recorded |" in readme
    assert not (top / "changes.diff").exists() and "- `changes.diff`" not in readme


def test_the_file_of_a_session_whose_directory_is_gone_says_that_it_has_none(
    live_team: Team, tmp_path: Path
) -> None:
    live_team.request("api", "done all")
    live_team.run()
    live_team.directory("api").rename(tmp_path / "elsewhere")
    readme = (unpacked(archive(live_team), tmp_path / "out") / "README.md").read_text()
    assert "- `files/`" not in readme and "- `cost.md`" in readme


def test_an_existing_file_is_kept_unless_it_is_forced(live_team: Team) -> None:
    live_team.request("api", "done all")
    live_team.run()
    (live_team.project / "out.tar.gz").write_text("mine")
    done = live_team.call("archive", "api", "-o", "out.tar.gz")
    assert (done.returncode, done.stdout) == (1, "")
    assert "out.tar.gz is there already: name another file, or add --force" in done.stderr
    assert (live_team.project / "out.tar.gz").read_text() == "mine"
    assert tarfile.is_tarfile(archive(live_team, "api", "--force"))


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        ("out.zip", 2, "must end in .tar.zst or .tar.gz"),
        ("nowhere/out.tar.gz", 1, "nowhere"),
    ],
)
def test_a_file_that_cannot_be_made_is_a_sentence(
    live_team: Team, file: str, code: int, words: str
) -> None:
    live_team.request("api", "done all")
    live_team.run()
    done = live_team.call("archive", "api", "-o", file)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("Error: ") and words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_sees_that_a_large_session_is_read(live_team: Team) -> None:
    live_team.request("api", "done all")
    live_team.run()
    with (live_team.directory("api") / "large").open("wb") as file:
        for _ in range(60):
            file.write(os.urandom(1 << 20))
    words = ("archive", "api", "-o", str(live_team.project / "out.tar.gz"))
    terminal = Terminal(*words, "-w", str(live_team.root), columns=100, rows=24)
    try:
        terminal.until("MB read")
        terminal.until("Wrote api")
        text, code = terminal.end()
        assert code == 0, text
    finally:
        if terminal in OPEN:
            OPEN.remove(terminal)
            terminal.kill()

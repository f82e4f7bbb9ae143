import json
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from team_supervisor.adapters.store import open_store
from team_supervisor.adapters.workspace import create, locate
from team_supervisor.cli.tasks import command
from team_supervisor.core.model import Session
from team_supervisor.errors import TeamError

LIST = "- [x] Design\n- [~] Build the [red]API[/red]\n\n## Task: Test\n- Depends on: Design\n"
PROGRAM = "from team_supervisor.cli.tasks import command; command()"
SESSION = "software-engineer-1706012345680"


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.md"
    path.write_text(LIST)
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with one archived session."""
    place = locate(tmp_path / "team")
    create(place)
    store = open_store(place.database)
    directory = f"{SESSION}-completed"
    store.insert(Session(id=SESSION, persona="p", name="api", created_at=1.0, directory=directory))
    store.close()
    place.directory(directory).mkdir()
    (place.directory(directory) / "tasks.md").write_text(LIST)
    return place.root


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments])


def on_a_terminal(path: Path, **environ: str) -> str:
    ours, theirs = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if not key.endswith("_COLOR")}
    environ = {**plain, "TERM": "xterm-256color", **environ}
    argv = [sys.executable, "-c", PROGRAM, str(path)]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environ):
        os.close(theirs)
        shown = b"".join(iter(lambda: _chunk(ours), b""))
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def _chunk(terminal: int) -> bytes:
    assert select.select([terminal], [], [], 60)[0], "nothing was printed for 60 seconds"
    try:
        return os.read(terminal, 65_536)
    except OSError:
        # Linux reports the end of a terminal as an input/output error.
        return b""


SHOWN = """\
[x] Design
[ ] Build the [red]API[/red] ([~])
[ ] Test (pending)
1 of 3 done
"""


def test_a_file_is_shown_as_a_list_with_its_sum(plan: Path) -> None:
    result = run(plan)
    assert (result.exit_code, result.output) == (0, SHOWN)


def test_json_holds_exactly_the_counts_and_the_tasks(plan: Path) -> None:
    assert json.loads(run(plan, "--json").output) == {
        "total": 3,
        "done": 1,
        "complete": False,
        "tasks": [
            {"title": "Design", "status": "completed", "done": True, "depends_on": []},
            {
                "title": "Build the [red]API[/red]",
                "status": "[~]",
                "done": False,
                "depends_on": [],
            },
            {"title": "Test", "status": "pending", "done": False, "depends_on": ["Design"]},
        ],
    }


def test_a_file_without_tasks_is_not_complete(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_bytes(b"\xff\xfe nothing [here]")
    assert run(tmp_path / "empty.md").output == "0 of 0 done\n"
    assert json.loads(run(tmp_path / "empty.md", "--json").output)["complete"] is False


def test_a_file_may_be_a_link(plan: Path) -> None:
    link = plan.with_name("link.md")
    link.symlink_to(plan)
    assert run(link).output == SHOWN


def test_a_file_that_is_too_large_is_refused_by_name(plan: Path) -> None:
    plan.write_bytes(b"x" * ((1 << 20) + 1))
    error = run(plan).exception
    assert isinstance(error, TeamError)
    assert str(error) == (
        f"{plan} is larger than 1,024 KiB: name a session, or a regular file of at most 1 MiB"
    )


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    error = run(tmp_path / "pipe").exception
    assert isinstance(error, TeamError)
    assert "pipe is not a regular file" in str(error)


def test_a_session_without_a_list_or_a_directory_is_told_as_that(workspace: Path) -> None:
    directory = workspace / f"{SESSION}-completed"
    (directory / "tasks.md").rename(workspace / "kept")
    error = run(SESSION, "-w", workspace).exception
    assert str(error) == (
        f"{directory}/tasks.md is missing: a session's list is a regular file of at most 1 MiB"
    )
    directory.rename(workspace / "elsewhere")
    error = run(SESSION, "-w", workspace).exception
    assert isinstance(error, TeamError)
    assert str(error).startswith(f"the directory of {SESSION} is gone: put {directory} back")


@pytest.mark.parametrize("what", [SESSION, "api", "1706012345680"])
def test_a_session_is_found_in_the_workspace(workspace: Path, what: str) -> None:
    assert run(what, "-w", workspace).output == SHOWN


def test_a_directory_named_like_a_session_does_not_hide_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(workspace)
    (workspace / SESSION).mkdir()
    monkeypatch.setenv("TEAM_SUPERVISOR_WORKSPACE", str(workspace))
    assert run(SESSION).output == SHOWN


def test_the_tasks_of_a_session_may_not_be_a_link(workspace: Path, tmp_path: Path) -> None:
    tasks = workspace / f"{SESSION}-completed" / "tasks.md"
    tasks.rename(tmp_path / "secret.md")
    tasks.symlink_to(tmp_path / "secret.md")
    error = run(SESSION, "-w", workspace).exception
    assert isinstance(error, TeamError)
    assert f"{tasks} is a symbolic link" in str(error)


@pytest.mark.parametrize("what", ["nobody", "x" * 5000])
def test_what_is_neither_file_nor_session_is_named(workspace: Path, what: str) -> None:
    error = run(what, "-w", workspace).exception
    assert isinstance(error, TeamError)
    assert what in str(error)


def test_a_terminal_gets_colours(plan: Path) -> None:
    shown = on_a_terminal(plan)
    assert "\x1b[32m[x] Design\x1b[0m\n" in shown
    assert "\x1b[33m[ ] Build the [red]API[/red] ([~])\x1b[0m\n" in shown


def test_a_long_title_is_not_broken_into_lines(plan: Path) -> None:
    plan.write_text(f"- [x] {'word ' * 30}end\n")
    assert f"{'word ' * 30}end" in on_a_terminal(plan, COLUMNS="40")


@pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_colours_gets_none(plan: Path, setting: dict[str, str]) -> None:
    assert on_a_terminal(plan, **setting) == SHOWN


def test_the_help_has_an_example() -> None:
    assert "team-supervisor tasks plan.md --json" in run("--help").output


def test_help_loads_neither_the_reader_nor_the_colours() -> None:
    program = (
        "import sys, team_supervisor.cli.tasks; "
        "print([m for m in ('markdown_it', 'rich', 'sqlite3') if m in sys.modules])"
    )
    argv = [sys.executable, "-c", program]
    assert subprocess.run(argv, capture_output=True, text=True, check=True).stdout == "[]\n"

"""Is all that a person or an agent wrote still there, whatever was done with it?

Before each step the content of every file is noted; after it each has to be found again under its
own name, in whatever directory. Only what agents append to may have grown.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from team_supervisor.adapters.workspace import OURS
from team_supervisor.core import events
from team_supervisor.core.model import State, Wanted
from team_supervisor.core.restarts import RestartPolicy
from team_supervisor.supervisor import nothing_left
from tests.cli.test_archive import archive
from tests.teams import Team, run_until, script

GROWING = ("instructions.md", "transcript.jsonl", "stderr.log")
# Written by the supervisor, and again with each change of what it knows.
PUBLISHED = ("session.json", "tracker.json", "persona-instructions.md")
# What the scripted agent writes anew while it works.
REWRITTEN = ("tasks.md", ".scripted-agent.json")
KEEPS = "write $SESSION/notes.txt mine", "write $SHARED/result.txt ours"


class Written:
    """The content of every file of a project but those of the supervisor, by name."""

    def __init__(self, project: Path) -> None:
        self.files: list[tuple[str, bytes]] = []
        for folder, names, found in os.walk(project):
            if ".supervisor" in names:
                names.remove(".supervisor")
            for name in found:
                path = Path(folder, name)
                if name not in PUBLISHED and path.is_file() and not path.is_symlink():
                    self.files.append((name, path.read_bytes()))

    def is_in(self, after: "Written", but: tuple[str, ...] = ()) -> None:
        """One for one: two files of one content have to be two files afterwards."""
        kept = [f for f in self.files if f[0] not in but]
        assert not Counter(f for f in kept if f[0] not in GROWING) - Counter(after.files)
        left = list(after.files)
        for name, content in (f for f in kept if f[0] in GROWING):
            grown = next((f for f in left if f[0] == name and f[1].startswith(content)), None)
            assert grown, f"{name} is gone: {content[:200]!r}"
            left.remove(grown)


def written(team: Team) -> Written:
    return Written(team.project)


def attach(request: Path) -> None:
    """Things that a person puts beside instructions, also under names that are the supervisor's."""
    (request / "deep").mkdir(exist_ok=True)
    (request / "deep" / "picture.bin").write_bytes(bytes(range(256)))
    (request / "notes.md").write_text("see below")


@pytest.mark.parametrize("name", ["qa-request-x", "nobody-request-x", "intern-request-x\x07"])
def test_a_request_keeps_all_that_was_put_into_it(team: Team, name: str) -> None:
    hidden = team.root / ".draft"
    hidden.mkdir()
    (hidden / "instructions.md").write_text(script("done all"))
    attach(hidden)
    hidden.rename(team.root / name)
    before = written(team)
    team.run()
    before.is_in(written(team))


def test_attachments_with_the_names_of_our_files_are_kept_under_others(team: Team) -> None:
    hidden = team.root / ".draft"
    hidden.mkdir()
    (hidden / "instructions.md").write_text(script("say hello", "done all"))
    for name in OURS:
        (hidden / name).write_text(f"a person's {name}")
    hidden.rename(team.root / "intern-request-api")
    team.run()
    for name in OURS:
        kept = team.directory("api") / f"{name}.in-the-way-1"
        assert kept.read_text() == f"a person's {name}"
    assert "a person's" not in (team.directory("api") / "transcript.jsonl").read_text()
    assert team.said("api")[0] == "hello"


def test_a_stopped_team_keeps_everything_and_so_does_going_on(team: Team) -> None:
    team.request("api", *KEEPS, "hang")
    attach(team.root / "intern-request-api")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: (team.workspace.shared / "result.txt").exists())
        before = written(team)
        with team.store() as store:
            store.want(team.session("api").id, Wanted.STOP_NOW)
        run_until(supervisor, nothing_left)
    stopped = written(team)
    before.is_in(stopped)
    with team.store() as store:
        store.want_retry(team.session("api").id)
        store.want(team.session("api").id, Wanted.STOP_NOW)
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.starts("api") == 2)
        with team.store() as store:
            store.want(team.session("api").id, Wanted.STOP_NOW)
        run_until(supervisor, nothing_left)
    stopped.is_in(written(team), REWRITTEN)


def test_failure_retry_archive_and_restoration_keep_everything(team: Team) -> None:
    team.set(restarts=RestartPolicy(failures=0))
    team.request("api", *KEEPS, "once failed exit 1", "write $SESSION/second.txt 2", "done all")
    attach(team.root / "intern-request-api")
    requested = written(team)
    team.run()
    assert team.session("api").state == State.FAILED
    failed = written(team)
    requested.is_in(failed)
    team.call("retry", "api")
    team.run()
    assert team.session("api").state == State.COMPLETED
    completed = written(team)
    failed.is_in(completed, REWRITTEN)
    archive(team, "api")
    completed.is_in(written(team))
    team.call(
        "restore", "api", "-m", script("add-task more", "write $SESSION/third.txt 3", "done all")
    )
    restored = written(team)
    completed.is_in(restored)
    team.run()
    assert len(team.heard(events.SessionArchived)) == 2
    restored.is_in(written(team), REWRITTEN)


def test_a_lost_database_loses_nothing_else(team: Team) -> None:
    team.request("api", *KEEPS, "done all")
    team.run()
    before = written(team)
    team.workspace.database.write_bytes(b"not a database" * 1000)
    team.run()
    before.is_in(written(team))
    assert list(team.workspace.control.glob("supervisor.corrupt-*"))


def test_a_loss_is_seen(team: Team) -> None:
    team.request("api", *KEEPS, "done all")
    team.run()
    before = written(team)
    directory = team.directory("api")
    for name, content in (("notes.txt", b"other"), ("instructions.md", b"other")):
        kept = (directory / name).read_bytes()
        (directory / name).write_bytes(content)
        with pytest.raises(AssertionError):
            before.is_in(written(team))
        (directory / name).write_bytes(kept)
    before.is_in(written(team))

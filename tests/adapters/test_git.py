"""Does git tell what changed, and is nothing of the repository changed by asking?"""

import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from team_supervisor.adapters import git

WHO = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_CONFIG_GLOBAL": "/dev/null"}
ENVIRON = {**os.environ, **WHO, "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}


def run(directory: Path, *arguments: str, given: bytes = b"") -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=ENVIRON, input=given, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    run(made, "init", "-q", "-b", "main")
    (made / "kept.txt").write_text("one\ntwo\n")
    (made / "gone.txt").write_text("soon gone\n")
    run(made, "add", ".")
    run(made, "commit", "-q", "-m", "start")
    return made


def head(project: Path) -> str:
    found = git.head(project)
    assert found is not None
    return found


def diff(project: Path, start: str) -> tuple[str, list[str]]:
    with tempfile.TemporaryFile() as out:
        large = git.diff(project, start, [project / ".database", project.parent], out)
        out.seek(0)
        return out.read().decode(), large


def everything(project: Path) -> dict[str, str]:
    return {
        str(path.relative_to(project)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in project.rglob("*")
        if path.is_file()
    }


def test_the_head_is_that_of_git_in_every_shape_of_repository(
    project: Path, tmp_path: Path
) -> None:
    commit = run(project, "rev-parse", "HEAD")
    (project / "below").mkdir()
    assert git.head(project) == git.head(project / "below") == commit
    run(project, "pack-refs", "--all")
    assert git.head(project) == commit
    run(project, "worktree", "add", "-q", str(tmp_path / "other"), "-b", "other")
    assert git.head(tmp_path / "other") == commit
    run(project, "checkout", "-q", "--detach")
    assert git.head(project) == commit


def test_without_a_commit_a_repository_or_git_there_is_no_head(
    tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git.head(tmp_path) is None
    run(tmp_path, "init", "-q", "fresh")
    assert git.head(tmp_path / "fresh") is None
    run(project, "checkout", "-q", "--detach")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git.head(project) is None


@pytest.mark.parametrize("said", ["ref: ../../../etc/passwd", "ref: refs/heads/../../x", "\xff"])
def test_a_head_that_points_elsewhere_leads_nowhere(project: Path, said: str) -> None:
    (project / ".git" / "HEAD").write_text(said)
    assert git.head(project) is None


def test_changed_new_committed_and_removed_files_are_all_in_the_diff(project: Path) -> None:
    start = head(project)
    (project / "kept.txt").write_text("one\n2\n")
    (project / "gone.txt").unlink()
    (project / "committed.txt").write_text("committed since\n")
    run(project, "add", "committed.txt")
    run(project, "commit", "-q", "-m", "more")
    (project / "new file.txt").write_text("nobody added me\n")
    (project / "picture").write_bytes(bytes(range(256)))
    text, large = diff(project, start)
    for line in ("-two", "+2", "-soon gone", "+committed since", "+nobody added me"):
        assert f"\n{line}\n" in text
    assert "GIT binary patch" in text
    assert large == []


def test_the_diff_makes_the_start_into_what_is_there_now(project: Path, tmp_path: Path) -> None:
    start = head(project)
    (project / "kept.txt").write_text("changed\n")
    (project / "picture").write_bytes(bytes(range(256)))
    (project / "gone.txt").unlink()
    text, _ = diff(project, start)
    run(project, "worktree", "add", "-q", "--detach", str(tmp_path / "again"), start)
    run(tmp_path / "again", "apply", given=text.encode())
    names = ["kept.txt", "picture"]
    assert [(tmp_path / "again" / n).read_bytes() for n in names] == [
        (project / n).read_bytes() for n in names
    ]
    assert not (tmp_path / "again" / "gone.txt").exists()


def test_nothing_in_the_repository_is_changed_by_asking(project: Path) -> None:
    start = head(project)
    (project / "new.txt").write_text("new\n")
    (project / "kept.txt").write_text("changed\n")
    run(project, "add", "kept.txt")
    before = everything(project)
    status = run(project, "status", "--porcelain")
    before |= everything(project)
    diff(project, start)
    assert everything(project) == before
    assert run(project, "status", "--porcelain") == status


def test_a_change_in_the_second_in_which_the_index_was_written_is_seen(project: Path) -> None:
    """Where nothing but the index's own time says that git has to look closer."""
    run(project, "config", "core.trustctime", "false")
    then = (1_700_000_000, 1_700_000_000)
    (project / "kept.txt").write_text("0000")
    os.utime(project / "kept.txt", then)
    run(project, "commit", "-q", "-a", "-m", "again")
    (project / "kept.txt").write_text("0001")
    for path in ("kept.txt", ".git/index"):
        os.utime(project / path, then)
    assert "+0001" in diff(project, head(project))[0]


def test_the_workspace_and_what_is_ignored_are_left_out(project: Path) -> None:
    start = head(project)
    (project / ".database").mkdir()
    (project / ".database" / "transcript.jsonl").write_text("private\n")
    (project / ".gitignore").write_text("built/\n")
    (project / "built").mkdir()
    (project / "built" / "out").write_text("built\n")
    text, _ = diff(project, start)
    assert "private" not in text and "b/built" not in text
    assert "+built/" in text


def test_a_huge_file_is_named_and_not_compared(project: Path) -> None:
    start = head(project)
    for name in ("kept.txt", "new huge"):
        with (project / name).open("wb") as file:
            file.truncate(100 << 30)
    (project / "small").write_text("small\n")
    text, large = diff(project, start)
    assert large == ["kept.txt", "new huge"]
    assert "+small" in text and "huge" not in text


def test_a_repository_inside_and_odd_names_do_no_harm(project: Path) -> None:
    start = head(project)
    run(project, "init", "-q", "inner")
    (project / ":(top)").write_text("odd\n")
    (project / "-n").write_text("odder\n")
    os.mkfifo(project / "pipe")
    text, _ = diff(project, start)
    assert "+odd\n" in text and "+odder" in text


def test_nothing_that_the_repository_sets_is_run(project: Path, tmp_path: Path) -> None:
    start = head(project)
    evil = tmp_path / "evil"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    evil.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "diff.x.textconv", "core.pager"):
        run(project, "config", key, str(evil))
    (project / ".gitattributes").write_text("* diff=x\n")
    (project / "kept.txt").write_text("changed\n")
    text, _ = diff(project, start)
    assert "+changed" in text
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("start", ["0" * 40, "--output=x", "main", ""])
def test_a_start_that_is_no_commit_of_it_is_no_answer(project: Path, start: str) -> None:
    with pytest.raises(git.NoAnswer):
        diff(project, start)
    assert not (project / "x").exists()


def test_a_directory_that_is_gone_or_no_repository_is_no_answer(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "gone"):
        with pytest.raises(git.NoAnswer):
            diff(directory, "0" * 40)

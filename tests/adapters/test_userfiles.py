import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.adapters import userfiles
from team_supervisor.core import frontmatter
from team_supervisor.errors import TeamError, UsageError


def change(path: Path, **values: Any) -> str:
    def how(found: Any) -> None:
        found.update(values)

    userfiles.change(path, path.with_name("lock"), how)
    return path.read_text()


def test_comments_order_and_quotes_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("# top\n---\nb: 'x'  # why\nlist:\n  - one\n  # two\na: yes\n# end\n")
    assert change(path, c=3) == path.read_text()
    assert path.read_text().replace("c: 3\n", "") == (
        "# top\n---\nb: 'x'  # why\nlist:\n  - one\n  # two\na: yes\n# end\n"
    )


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "# nothing yet"])
def test_a_file_of_comments_keeps_them(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text)
    found = change(tmp_path / "a.yaml", a=1)
    assert found.startswith(text)
    assert frontmatter.load(found) == {"a": 1}


@pytest.mark.parametrize("text", ["no", "12", "~", "", "a: b", "# x", "\x07bell", "1e3", "é"])
def test_a_text_is_read_as_the_text_that_was_written(tmp_path: Path, text: str) -> None:
    found = change(tmp_path / "a.yaml", a=userfiles.scalar(text))
    assert frontmatter.load(found) == {"a": text}


def test_what_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("a:    1\n")
    before = path.stat().st_ino
    assert change(path, a=1) == "a:    1\n"
    assert path.stat().st_ino == before


@pytest.mark.parametrize("text", ["a: [", "- a\n", "a: &x 1\nb: *x\n", "a: 1\na: 2\n"])
def test_a_broken_file_is_named_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"a\.yaml"):
        change(path, c=1)
    assert path.read_text() == text


def test_files_and_their_directory_are_for_this_user_alone(tmp_path: Path) -> None:
    environ = {"TEAM_SUPERVISOR_CONFIG": str(tmp_path / "x" / "y")}
    made = userfiles.make_directory(environ)
    change(made / "a.yaml", a=1)
    assert made.stat().st_mode & 0o777 == 0o700
    assert (made / "a.yaml").stat().st_mode & 0o777 == 0o600


def test_a_file_kept_elsewhere_behind_a_link_is_changed_there(tmp_path: Path) -> None:
    (tmp_path / "kept.yaml").write_text("a: 1\n")
    (tmp_path / "config.yaml").symlink_to("kept.yaml")
    path = userfiles.place({"TEAM_SUPERVISOR_CONFIG": str(tmp_path)}, "config.yaml")
    change(path, b=2)
    assert (tmp_path / "config.yaml").is_symlink()
    assert userfiles.load(tmp_path / "kept.yaml") == {"a": 1, "b": 2}


def test_many_that_change_a_file_at_once_lose_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from team_supervisor.adapters import userfiles\n"
        "path = Path('a.yaml')\n"
        "for n in range(5):\n"
        "    userfiles.change(path, Path('lock'), lambda v: v.update({f'{sys.argv[1]}{n}': n}))\n"
    )
    argv = [sys.executable, "-c", program]
    running = [subprocess.Popen([*argv, name], cwd=tmp_path) for name in "abc"]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    assert len(userfiles.load(tmp_path / "a.yaml")) == 15


def test_where_nothing_can_be_written_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    os.mkdir(tmp_path / "lock")
    with pytest.raises(TeamError, match="cannot be written"):
        change(tmp_path / "a.yaml", b=1)

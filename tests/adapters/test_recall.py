"""Is what was kept of a file forgotten as soon as the file may be another one?"""

import json
import os
from pathlib import Path

from team_supervisor.adapters.recall import Recall


def kept(path: Path, files: list[str], value: object) -> object:
    """What a second command finds of what a first one kept."""
    first = Recall(path, "1")
    first.get("a", files)
    first.keep("a", files, value)
    first.close()
    return Recall(path, "1").get("a", files)


def test_what_was_read_of_an_old_file_is_known_until_that_changes(tmp_path: Path) -> None:
    # A program of the system: its times are old, which nobody can set for a file just made.
    there, absent = "/etc/passwd", str(tmp_path / "none")
    assert kept(tmp_path / "kept", [there, absent], {"x": 1}) == {"x": 1}
    (tmp_path / "none").write_text("now there is one")
    assert Recall(tmp_path / "kept", "1").get("a", [there, absent]) is None
    assert Recall(tmp_path / "kept", "2").get("a", [there]) is None


def test_a_file_that_changed_just_now_may_change_again_unseen_and_is_not_kept(
    tmp_path: Path,
) -> None:
    new = tmp_path / "new"
    new.write_text("new")
    os.utime(new, (1, 1))
    assert kept(tmp_path / "kept", [str(new)], 1) is None


def test_a_link_is_never_kept_nor_anything_of_a_file_of_another_shape(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    assert kept(tmp_path / "kept", [str(tmp_path / "link")], 1) is None
    for text in ("", "[", "[]", json.dumps({"version": "1", "kept": 3}), "[" * 100_000):
        (tmp_path / "kept").write_text(text)
        assert Recall(tmp_path / "kept", "1").get("a", ["/etc/passwd"]) is None


def test_where_nothing_can_be_written_nothing_is_kept_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert kept(tmp_path / "file/kept", ["/etc/passwd"], 1) is None
    assert kept(Path("/proc/none/kept"), ["/etc/passwd"], 1) is None

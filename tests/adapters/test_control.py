from pathlib import Path

import pytest

from team_supervisor.adapters import control

GARBAGE = ["", "{", "[]", '{"attempt": "1"}', '{"attempt": null}', "\x00"]


def test_nothing_was_ever_launched(tmp_path: Path) -> None:
    assert control.launched_attempt(tmp_path) == 0
    assert control.launched_attempt(tmp_path / "nothing") == 0


def test_the_attempt_that_was_launched_last_is_known(tmp_path: Path) -> None:
    (tmp_path / "launch.json").write_text('{"attempt": 3, "argv": ["claude"]}')
    assert control.launched_attempt(tmp_path) == 3


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_counts_as_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "launch.json").write_text(text)
    (tmp_path / "stop.json").write_text(text)
    assert control.launched_attempt(tmp_path) == 0
    assert control.stop_grace(tmp_path, 1) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text('{"attempt": 3}')
    (tmp_path / "launch.json").symlink_to("elsewhere")
    assert control.launched_attempt(tmp_path) == 0


def test_only_the_attempt_that_was_asked_to_stop_has_a_grace(tmp_path: Path) -> None:
    assert control.stop_grace(tmp_path, 2) is None
    (tmp_path / "stop.json").write_text('{"attempt": 2, "grace": 1.5}')
    assert control.stop_grace(tmp_path, 2) == 1.5
    assert control.stop_grace(tmp_path, 3) is None

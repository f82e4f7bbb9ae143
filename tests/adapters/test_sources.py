import os
from pathlib import Path

import pytest

from team_supervisor.adapters import sources
from team_supervisor.core.tasksources import SourceError


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    found = tmp_path / "project" / "specs"
    found.mkdir(parents=True)
    return found


def read(place: Path) -> list[str]:
    project = place if place.name == "project" else place.parent
    return [draft.id for draft in sources.read(str(place), {}, project)[0]]


def test_files_are_read_in_the_order_of_their_numbers(specs: Path) -> None:
    for name in ("T10", "T2", "T1"):
        (specs / f"{name}-spec.md").write_text("Do it.")
    assert read(specs) == read(specs.parent) == ["T1", "T2", "T10"]


def test_a_link_may_lead_to_what_is_in_the_project_and_nowhere_else(specs: Path) -> None:
    (specs.parent / "one.md").write_text("Do it.")
    os.symlink("../one.md", specs / "T1-spec.md")
    assert read(specs) == ["T1"]
    outside = specs.parent.parent / "secret"
    outside.write_text("Do not tell.")
    os.symlink(outside, specs / "T2-spec.md")
    with pytest.raises(SourceError, match=r"T2-spec\.md leads out of the project"):
        read(specs)
    assert read(specs / "T2-spec.md") == ["T2"]  # a person named it


@pytest.mark.parametrize(
    ("text", "said"),
    [(b"Caf\xe9", "is not UTF-8 text"), (b"a\0b", "holds a NUL character")],
)
def test_what_is_no_text_is_refused_with_its_file(specs: Path, text: bytes, said: str) -> None:
    (specs / "T1-spec.md").write_bytes(text)
    with pytest.raises(SourceError, match=rf"T1-spec\.md {said}"):
        read(specs)


def test_what_is_no_file_is_refused_at_once(specs: Path) -> None:
    os.mkfifo(specs / "T1-spec.md")
    with pytest.raises(SourceError, match="is not a regular file"):
        read(specs)

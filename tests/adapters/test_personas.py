import os
from pathlib import Path

import pytest

from team_supervisor.adapters.personas import (
    examine,
    fingerprint,
    load,
    search_path,
    shipped_directory,
)
from team_supervisor.core.persona import MAX_BYTES


def write(directory: Path, name: str, text: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / name
    path.write_text(text)
    return path


def problem_of(directory: Path) -> str:
    personas = load([directory])
    assert not personas.by_name
    (problem,) = personas.problems
    assert str(problem.path) in problem.problem
    return problem.problem


def test_the_earlier_directory_wins(tmp_path: Path) -> None:
    write(tmp_path / "mine", "qa.md", "Mine.")
    write(tmp_path / "theirs", "tester.md", "---\nname: qa\n---\nTheirs.")
    write(tmp_path / "theirs", "intern.md", "Help.")
    personas = load([tmp_path / "mine", tmp_path / "theirs"])
    assert list(personas.by_name) == ["intern", "qa"]
    assert personas.by_name["qa"].instructions == "Mine."
    assert personas.by_name["qa"].source == str(tmp_path / "mine" / "qa.md")
    assert personas.problems == ()


def test_a_broken_file_is_a_problem_and_hides_later_files_of_its_name(tmp_path: Path) -> None:
    write(tmp_path / "mine", "qa.md", "---\nmax_sessions: 0\n---\nMine.")
    write(tmp_path / "theirs", "qa.md", "Theirs.")
    write(tmp_path / "theirs", "intern.md", "Help.")
    personas = load([tmp_path / "mine", tmp_path / "theirs"])
    assert list(personas.by_name) == ["intern"]
    assert [p.path for p in personas.problems] == [tmp_path / "mine" / "qa.md"]


def test_a_directory_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    write(tmp_path, "file", "")
    assert load([tmp_path / "no", tmp_path / "file"]).by_name == {}
    assert fingerprint([tmp_path / "no"]) == ()


def test_only_markdown_files_directly_in_the_directory_count(tmp_path: Path) -> None:
    for name in ("README.md", "readme.md", ".draft.md", "notes.txt", "qa.md"):
        write(tmp_path, name, "Text.")
    write(tmp_path / "deeper", "intern.md", "Help.")
    personas = load([tmp_path])
    assert list(personas.by_name) == ["qa"]
    assert personas.problems == ()


def test_the_second_file_of_one_name_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\nname: qa\n---\nFirst.")
    write(tmp_path, "b.md", "---\nname: qa\n---\nSecond.")
    personas = load([tmp_path])
    assert personas.by_name["qa"].instructions == "First."
    assert "a.md has the name 'qa' already" in personas.problems[0].problem


def test_a_symlink_is_a_problem(tmp_path: Path) -> None:
    secret = write(tmp_path / "elsewhere", "secret", "Secret.")
    (tmp_path / "personas").mkdir()
    (tmp_path / "personas" / "qa.md").symlink_to(secret)
    assert "symlink" in problem_of(tmp_path / "personas")


def test_a_fifo_is_a_problem_and_blocks_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "qa.md")
    assert "regular file" in problem_of(tmp_path)


def test_a_directory_with_the_name_of_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "qa.md").mkdir()
    assert "regular file" in problem_of(tmp_path)


def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "qa.md").write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in problem_of(tmp_path)


def test_a_file_that_is_too_long_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "qa.md", "x" * (MAX_BYTES + 1))
    assert "256 KiB" in problem_of(tmp_path)
    write(tmp_path, "qa.md", "x" * MAX_BYTES)
    assert load([tmp_path]).problems == ()


def test_a_file_name_cannot_command_the_terminal(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/a\xff\x1b[31m\n.md")).write_text("Text.")
    (examined,) = examine(tmp_path)
    assert examined.problem is not None
    assert (examined.name + examined.problem).isprintable()


def test_the_fingerprint_differs_when_a_file_changes_comes_or_goes(tmp_path: Path) -> None:
    path = write(tmp_path, "qa.md", "One.")
    seen = [fingerprint([tmp_path])]
    assert fingerprint([tmp_path]) == seen[0]
    os.utime(path, ns=(1, 1))
    seen.append(fingerprint([tmp_path]))
    write(tmp_path, "intern.md", "Help.")
    seen.append(fingerprint([tmp_path]))
    path.unlink()
    seen.append(fingerprint([tmp_path]))
    assert len(set(seen)) == 4


def test_the_workspace_comes_before_the_project_before_what_is_shipped(tmp_path: Path) -> None:
    workspace = tmp_path / ".database"
    assert search_path(workspace, tmp_path) == [
        workspace / "personas",
        tmp_path / ".claude" / "agents",
        shipped_directory(),
    ]


def test_the_shipped_personas_are_in_order() -> None:
    personas = load([shipped_directory()])
    assert personas.problems == ()
    assert set(personas.by_name) == {
        "engineering-manager",
        "solutions-architect",
        "software-engineer",
        "intern",
        "qa",
        "project-manager",
    }
    assert all(persona.description for persona in personas.by_name.values())


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("engineering-manager", ("solutions-architect", "software-engineer", "qa")),
        ("solutions-architect", ("software-engineer", "qa")),
        ("software-engineer", ("intern",)),
        ("intern", ()),
        ("qa", ()),
        ("project-manager", ()),
    ],
)
def test_each_shipped_persona_may_request_what_its_role_needs(
    name: str, wanted: tuple[str, ...]
) -> None:
    assert load([shipped_directory()]).by_name[name].may_request == wanted


def test_one_manager_one_architect_and_one_project_manager_are_enough() -> None:
    by_name = load([shipped_directory()]).by_name
    assert {name for name, persona in by_name.items() if persona.singleton} == {
        "engineering-manager",
        "solutions-architect",
        "project-manager",
    }


def test_the_project_manager_can_write_only_where_it_works() -> None:
    persona = load([shipped_directory()]).by_name["project-manager"]
    assert persona.works_in == "session"
    assert "Bash" not in persona.tools
    assert persona.allowed_tools == ("Read", "Glob", "Grep")

"""Is `.database.example` what a workspace looks like in the middle of a run?"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from team_supervisor import settings
from team_supervisor.adapters import files, intake, personas, workspace
from team_supervisor.core import admission, requests
from team_supervisor.core.messages import first_message
from team_supervisor.core.model import Session
from team_supervisor.core.tasklist import TaskList, parse
from team_supervisor.runners.claude import parse as parse_line

from .teams import Team

EXAMPLE = Path(__file__).parent.parent / ".database.example"
PLACE = workspace.locate(EXAMPLE)
TASKS = {
    "engineering-manager-1769851800120": (1, 5),
    "intern-1769851886400-completed": (3, 3),
    "software-engineer-1769851857720": (3, 5),
    "solutions-architect-1769851800540-completed": (2, 2),
}
REQUESTS = ("software-engineer-request-client", "technical-writer-request-guide")
REFUSED = "docs-writer-request-guide-rejected"
SESSIONS = pytest.mark.parametrize("session", TASKS)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def tasks_of(session: str) -> TaskList:
    return parse((EXAMPLE / session / "tasks.md").read_text())


def whole_team() -> admission.Team:
    """The example's team as admission sees it."""
    loaded, _ = settings.load(PLACE.settings, {})
    rows = [read_json(path) for path in EXAMPLE.glob("*/session.json")]
    live = {
        row["id"]: Session(id=row["id"], persona=row["persona"], name=row["name"], created_at=0.0)
        for row in rows
        if row["state"] != "completed"
    }
    known = personas.load(personas.search_path(EXAMPLE, EXAMPLE / "nowhere")).by_name
    return admission.Team(
        personas=known, live=live, known=live, spawned=0, disk_free=1 << 40, limits=loaded.limits
    )


def test_every_kind_of_directory_is_there() -> None:
    found = workspace.scan(PLACE)
    assert sorted(entry.name for entry in found.requests) == sorted(REQUESTS)
    assert found.sessions == {name for name in TASKS if not name.endswith("-completed")}
    assert workspace.rejected(PLACE) == [REFUSED]
    assert PLACE.shared.is_dir()
    assert not PLACE.control.exists()


@SESSIONS
def test_the_lists_say_what_session_json_says_of_them(session: str) -> None:
    tasks, told = tasks_of(session), read_json(EXAMPLE / session / "session.json")["tasks"]
    assert (tasks.done, tasks.total) == TASKS[session]
    assert told == {"done": tasks.done, "total": tasks.total, "problem": None}
    assert tasks.complete is session.endswith("-completed")


@SESSIONS
def test_session_json_agrees_with_the_directory_that_it_is_in(session: str) -> None:
    row = read_json(EXAMPLE / session / "session.json")
    archived = session.endswith("-completed")
    assert row["id"] == session.removesuffix("-completed")
    assert row["persona"] == requests.session_persona(row["id"])
    assert (row["state"], row["pid"] is None) == (
        ("completed", True) if archived else ("active", False)
    )


def test_the_files_of_a_session_have_the_fields_that_the_program_writes(team: Team) -> None:
    team.request("notes", "work")
    team.run()
    for name in ("session.json", "tracker.json"):
        written = read_json(team.directory("notes") / name)
        for session in TASKS:
            found = read_json(EXAMPLE / session / name)
            assert shape(found) == shape(written), f"{session}/{name}"


def shape(value: Any) -> Any:
    """Keys, in their order, and those of what is inside."""
    return [(k, shape(v)) for k, v in value.items()] if isinstance(value, dict) else None


@SESSIONS
def test_the_tracker_says_that_all_was_delivered_and_which_list_was_read(session: str) -> None:
    directory = EXAMPLE / session
    tracker = read_json(directory / "tracker.json")
    assert tracker["instructions_offset"] == (directory / "instructions.md").stat().st_size
    assert tracker["tasks_digest"] == files.digest((directory / "tasks.md").read_bytes())


@SESSIONS
def test_the_transcript_reads_as_a_conversation_that_begins_with_the_instructions(
    session: str,
) -> None:
    directory = EXAMPLE / session
    lines = (directory / "transcript.jsonl").read_bytes().splitlines()
    told = [json.loads(line)["message"]["content"] for line in lines if b'"isReplay":true' in line]
    asked = (directory / "instructions.md").read_text().split("\n\n\n## Instructions from")[0]
    name = session.removesuffix("-completed")
    path = f"/home/you/notes/.database/{name}/instructions.md"
    assert told[0] == first_message(name, path, asked)
    assert any(parse_line(line) for line in lines)


@SESSIONS
def test_the_persona_instructions_have_the_sections_that_the_program_writes(
    session: str, team: Team
) -> None:
    persona = read_json(EXAMPLE / session / "session.json")["persona"]
    team.request("notes", "work", persona=persona)
    team.run()
    written = (team.directory("notes") / "persona-instructions.md").read_text()
    found = (EXAMPLE / session / "persona-instructions.md").read_text()
    assert headings(found) == headings(written)


def headings(text: str) -> list[str]:
    """Of what the program adds to a persona."""
    return re.findall(r"^# .+", text[text.index("# Where you are") :], re.MULTILINE)


def test_the_waiting_request_waits_for_its_instructions() -> None:
    facts = intake.look(EXAMPLE / "technical-writer-request-guide")
    assert (facts.waiting, facts.problem) == ("has no instructions.md yet", None)


def test_the_queued_request_is_whole_and_waits_for_the_one_engineer() -> None:
    facts = intake.look(EXAMPLE / "software-engineer-request-client")
    name = requests.request_name("software-engineer-request-client")
    assert (facts.waiting, facts.problem) == (None, None)
    assert name is not None
    verdict = admission.admit(name, requests.requester(facts.instructions), whole_team())
    assert verdict == admission.Wait("1 of 1 software-engineer sessions are at work")


def test_the_rejected_request_says_what_the_program_says() -> None:
    name = requests.request_name(REFUSED.removesuffix("-rejected"))
    assert name is not None
    reason = admission.refusal(name, whole_team())
    text = (EXAMPLE / REFUSED / "reason.md").read_text()
    assert text == f"# Rejected\n\nThis request was not started: {reason}.\n"


def test_the_personas_are_in_order(team: Team) -> None:
    result = team.call("personas", "check", EXAMPLE / "personas", "--json")
    checked = json.loads(result.stdout)["personas"]
    assert [(each["name"], each["ok"]) for each in checked] == [("technical-writer", True)]


def test_the_settings_load_without_a_warning_and_change_something() -> None:
    loaded, warnings = settings.load(PLACE.settings, {})
    assert warnings == ()
    assert loaded != settings.Settings()


def test_the_readme_names_every_entry_and_every_file_of_a_session() -> None:
    text = (EXAMPLE / "README.md").read_text()
    entries = {path.name for path in EXAMPLE.iterdir()} - {"README.md"}
    within = {path.name for session in TASKS for path in (EXAMPLE / session).iterdir()}
    assert {name for name in entries if f"]({name}" not in text} == set()
    assert {name for name in within if f"`{name}`" not in text} == set()


def test_nothing_in_it_is_of_the_machine_that_made_it() -> None:
    for path in filter(Path.is_file, EXAMPLE.rglob("*")):
        found = re.findall(
            r"(?:/tmp|/root|/work|/home/(?!you))[/\w.-]*|sk-ant-\S+", path.read_text()
        )
        assert not found, f"{path}: {found}"

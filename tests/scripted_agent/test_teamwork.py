"""Do scripted agents request teammates, wait for them and finish their tasks?"""

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.scripted_agent.files import Place
from team_supervisor.scripted_agent.plays import PLAYS, play_of, title_of
from team_supervisor.scripted_agent.script import script_of
from team_supervisor.scripted_agent.steps import tells_of_the_end_of
from team_supervisor.scripted_agent.tasks import tasks_of

from .agents import Team, said, tool_results

NESTED = """\
request-block intern docs
    Write the documentation.

    ```scripted-agent
    request-block qa check
        ```scripted-agent
        say Deep.
        ```
    done all
    ```
say Asked."""


def asked(team: Team, request: str) -> str:
    return (team.workspace / request / "instructions.md").read_text()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def all_done(folder: Path) -> bool:
    tasks = tasks_of((folder / "tasks.md").read_text())
    return bool(tasks) and all(task.done for task in tasks)


def failures(lines: list[dict[str, Any]]) -> list[str]:
    return [output["content"] for output in tool_results(lines) if output["is_error"]]


def test_a_request_begins_with_who_asks_and_when(team: Team) -> None:
    team.session("qa-1", r"request intern docs First.\nSecond, a \\n.")
    agent = team.start("qa-1")
    assert failures(agent.turn()) == [] and tool_results(agent.turn()) == []
    heading, empty, *text = asked(team, "intern-request-docs").splitlines()
    assert re.fullmatch(r"## Instructions from qa-1 \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)", heading)
    assert [empty, *text] == ["", "First.", r"Second, a \n."]
    assert names(team.workspace) == ["intern-request-docs", "qa-1", "shared"]


def test_a_request_can_hold_a_script_that_holds_a_script(team: Team) -> None:
    team.session("qa-1", NESTED)
    assert said(team.start("qa-1").turn()) == ["Asked."]
    inner = script_of(asked(team, "intern-request-docs"))
    assert [step.verb for step in inner] == ["request-block", "done"]
    assert [(step.verb, step.args) for step in script_of(inner[0].block)] == [("say", ("Deep.",))]


def test_a_name_that_is_taken_is_an_error_and_nothing_is_overwritten(team: Team) -> None:
    team.session("qa-1", "request intern docs Second.")
    (team.workspace / "intern-request-docs").mkdir()
    assert failures(team.start("qa-1").turn()) == [
        "There is a request intern-request-docs already."
    ]
    assert names(team.workspace / "intern-request-docs") == []


@pytest.mark.parametrize("renamed", [False, True])
def test_an_agent_killed_while_requesting_requests_once(team: Team, renamed: bool) -> None:
    folder = team.session("qa-1", "request intern docs Once.\nsay Asked.")
    chosen = str(uuid.uuid4())
    staged, target = team.workspace / ".staged", team.workspace / "intern-request-docs"
    if not renamed:
        staged.mkdir()
        (staged / "instructions.md").write_text("Once.\n")
    promised = {"position": 1, "turns": 1, "builtin": False, "promise": [str(staged), str(target)]}
    (folder / ".scripted-agent.json").write_text(json.dumps({chosen: promised}))
    agent = team.start("qa-1", "--resume", chosen)
    assert said(agent.turn()) == ["Asked."]
    assert target.exists() is not renamed and not staged.exists()
    agent.turn()
    assert json.loads((folder / ".scripted-agent.json").read_text())[chosen]["promise"] is None


def test_the_demonstration_gets_its_work_done(team: Team) -> None:
    (team.project / "project-requirements.md").write_text("# The note keeper\n")
    manager_home = team.session("engineering-manager-1", tasks="- [ ] Do it\n")
    manager = team.start("engineering-manager-1")
    assert "The note keeper" in said(manager.turn("Begin; nobody has ended."))[0]
    assert "The note keeper" in (team.workspace / "shared" / "plan.md").read_text()
    assert "# Build the API" in asked(team, "software-engineer-request-api-developer")

    engineer_home = team.session("software-engineer-2")
    engineer = team.start("software-engineer-2")
    lines = engineer.turn()
    assert failures(lines) == []
    assert 0.01 <= lines[-1]["total_cost_usd"] <= 0.04 and lines[-1]["usage"]["input_tokens"] > 1000
    assert "# Document the API" in asked(team, "intern-request-docs-writer")
    assert said(engineer.turn("1 task is open."))[-1] == "I am waiting for docs-writer."

    intern_home = team.session("intern-3")
    assert failures(team.start("intern-3").turn()) == []
    assert failures(engineer.turn("Teammate intern-3 (docs-writer) has ended: completed.")) == []

    notice = "Teammate software-engineer-2 (api-developer) has ended: completed."
    last = manager.turn(notice)
    assert failures(last) == [] and "OK" in tool_results(last)[-2]["content"]
    assert all(map(all_done, [manager_home, engineer_home, intern_home]))

    checker_home = team.session("qa-4")
    assert failures(team.start("qa-4").turn()) == [] and all_done(checker_home)
    assert "OK" in (team.workspace / "shared" / "qa-report.md").read_text()


@pytest.mark.parametrize("persona", ["solutions-architect", "gardener"])
def test_other_personas_complete_their_tasks_alone(team: Team, persona: str) -> None:
    folder = team.session(f"{persona}-1", tasks="- [ ] One\n- [x] Two\n- [ ] One\n")
    lines = team.start(folder.name).turn()
    assert failures(lines) == [] and all_done(folder)


def test_a_persona_without_a_list_still_ends_with_a_task_done(team: Team) -> None:
    folder = team.session("gardener-1")
    team.start("gardener-1").turn()
    assert all_done(folder)


def test_a_block_that_is_appended_follows_the_default_behaviour(team: Team) -> None:
    folder = team.session("gardener-1")
    agent = team.start("gardener-1")
    agent.turn()
    team.session(folder.name, "say One more thing.")
    assert said(agent.turn()) == ["One more thing."]


def test_tasks_are_replaced_added_and_completed(team: Team) -> None:
    script = "tasks A | B | C\nadd-task D\ndone 1\ndone b\ndone D"
    folder = team.session("qa-1", script, tasks="- [ ] Old\n")
    assert failures(team.start("qa-1").turn()) == []
    tasks = tasks_of((folder / "tasks.md").read_text())
    assert [(t.title, t.done) for t in tasks] == [
        ("A", True),
        ("B", True),
        ("C", False),
        ("D", True),
    ]


@pytest.mark.parametrize("persona", [*PLAYS, "anyone", "..", ""])
def test_every_persona_has_a_play_that_can_be_read(persona: str, tmp_path: Path) -> None:
    assert play_of(Place(f"{persona}-1", tmp_path, tmp_path))


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        ("Teammate intern-17 (docs) has ended: completed. It is in intern-17-completed.", True),
        ("Your request intern-request-docs was rejected: no such persona.", True),
        ("Teammate intern-17 (docs) has started.", False),
        ("Teammate intern-17 (mydocs) has ended.", False),
        ("Teammate intern-18 (other) has ended.\ndocs is at work.", False),
        ("docs intended to say more", False),
    ],
)
def test_only_a_notice_about_the_teammate_tells_of_its_end(text: str, ended: bool) -> None:
    assert tells_of_the_end_of("docs", text) is ended


def test_the_title_is_the_first_heading_in_one_short_line() -> None:
    assert title_of("\ntext\n##  The  `note`\tkeeper ##\n# Second") == "The `note` keeper"
    assert title_of("no heading") == "" and len(title_of("# " + "x" * 999)) == 80

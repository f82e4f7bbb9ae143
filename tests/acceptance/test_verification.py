"""Is what a real agent says of its work believed only when it passes?"""

import json

import pytest

from .model import Model, Turn
from .team import Team, described, marked
from .test_story import ENGINEER, MARK_TASKS
from .views import listed

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

SUMS = "test \"$(cat sum.txt)\" = 4 || { echo 'sum.txt does not say 4'; exit 1; }"


def ask(team: Team, name: str, *terms: str) -> None:
    text = team.project / "asked.md"
    text.write_text("Add two and two.\n- [ ] Write sum.txt\n")
    team.run("request", ENGINEER, name, "-i", str(text), *terms)


def test_an_engineer_whose_work_fails_is_told_mends_it_and_is_archived(
    team: Team, model: Model
) -> None:
    model.scripts[ENGINEER] = [
        Turn(commands=("echo 5 > sum.txt", MARK_TASKS)),
        Turn("does not pass", ("echo 4 > sum.txt",), gate="mend"),
    ]
    orchestrator = team.orchestrate()
    ask(team, "api", "--verify", SUMS)
    disputed = orchestrator.wait_for_event("work_disputed", name="api")
    engineer = disputed["session"]
    assert "failed with code 1" in disputed["what"]
    assert (disputed["attempt"], disputed["limit"]) == (1, 3)
    model.wait_for(lambda model: "sum.txt does not say 4" in model.heard_by(engineer))
    row = listed(team)[engineer]
    assert (row["status"], row["standing"], row["running"]) == ("disputed", "disputed", True)
    assert row["detail"] == disputed["what"]
    assert not [line for line in orchestrator.seen if line["event"] == "session_archived"]

    model.open("mend")
    orchestrator.wait_for_event("verification_passed", session=engineer, number=2)
    archive = orchestrator.wait_for_event("session_archived", session=engineer)["archive"]
    place = team.workspace / archive
    assert json.loads((place / "session.json").read_text())["standing"] == "verified"
    assert "sum.txt does not say 4" in (place / "verify-1.log").read_text()
    assert "does not say" not in (place / "verify-2.log").read_text().partition("\n")[2]
    assert described(marked("TEAM_SESSION_ID", engineer)) == []


def test_a_list_that_is_ticked_while_its_agent_uses_no_tool_is_disputed(
    team: Team, model: Model
) -> None:
    model.scripts[ENGINEER] = [
        Turn(says="All is done.", gate="said"),
        Turn("no tool was used", ("echo 4 > sum.txt",)),
    ]
    orchestrator = team.orchestrate()
    ask(team, "api")
    engineer = orchestrator.wait_for_event("session_started", name="api")["session"]
    model.wait_for(lambda model: bool(model.of(engineer)))
    tasks = team.workspace / engineer / "tasks.md"
    tasks.write_text(tasks.read_text().replace("[ ]", "[x]"))
    orchestrator.wait_for_event("tasks_changed", name="api", done=1)

    model.open("said")
    disputed = orchestrator.wait_for_event("work_disputed", name="api")
    assert disputed["what"] == "no tool was used"
    orchestrator.wait_for_event("session_archived", session=engineer)
    kinds = [line["event"] for line in orchestrator.seen]
    assert kinds.index("work_disputed") < kinds.index("session_archived")
    assert "no tool was used" in model.heard_by(engineer)
    assert (team.project / "sum.txt").read_text() == "4\n"

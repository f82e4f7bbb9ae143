"""Does a real agent go on in its conversation when its session is taken back from the archive?"""

import pytest

from .model import Model, Turn
from .team import Team, described, marked
from .test_story import FILES, INTERN, MARK_TASKS, OWN
from .views import check_views_agree, cost_in_transcript, tracked

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

MEND = f"echo mended >> {OWN}/result.txt"


def ask(team: Team) -> None:
    text = team.project / "asked.md"
    text.write_text("Write the form.\n- [ ] Write it\n")
    team.run("request", INTERN, "form", "-i", str(text))


def test_an_archive_taken_back_works_on_in_its_conversation_whoever_dies_meanwhile(
    team: Team, model: Model
) -> None:
    model.scripts[INTERN] = [
        Turn(commands=(f"echo form > {OWN}/result.txt", MARK_TASKS)),
        Turn("Safari cannot sign in", (MEND,), gate="mend"),
    ]
    first = team.orchestrate()
    ask(team)
    intern = first.wait_for_event("session_archived", name="form")["session"]
    first.interrupt()

    team.run("restore", "form", "-m", "Safari cannot sign in: mend it.")
    assert (team.workspace / f"{intern}-completed").exists()
    second = team.orchestrate()
    second.wait_for_event("session_restored", session=intern)
    model.wait_for(lambda model: "Safari" in model.heard_by(intern))
    pid = tracked(team)[intern]["pid"]
    second.kill()
    third = team.orchestrate()
    third.wait_for_event("session_adopted", session=intern, pid=pid)
    model.open("mend")
    ended = third.wait_for_event("session_archived", session=intern)

    again = model.of(intern)[-1].heard
    assert any("You are session" in text for text in again), "it is the conversation of before"
    assert sum("Safari cannot sign in: mend it." in text for text in again) == 1
    assert any("taken back" in text for text in again)
    archive = team.workspace / f"{intern}-completed"
    assert (archive / "result.txt").read_text() == "form\nmended\n"
    assert {path.name for path in archive.iterdir()} >= FILES
    assert not (team.workspace / intern).exists()
    assert described(marked("TEAM_SESSION_ID", intern)) == []
    assert ended["cost_usd"] == pytest.approx(sum(one.price for one in model.of(intern)))
    assert cost_in_transcript(archive / "transcript.jsonl") == pytest.approx(ended["cost_usd"])
    check_views_agree(team, [line for one in team.orchestrators for line in one.seen])

"""Does a real agent give its process back while it waits, and go on in its conversation?"""

import pytest

from .model import Model, Turn
from .team import Team, described, marked
from .test_story import ASK_INTERN, ENGINEER, INTERN, MARK_TASKS
from .views import tracked

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

PARKING = "quiet: 0.3\nsettle: 0.2\nstop_grace: 5\npark_after: 0.5\n"


def ask(team: Team, name: str) -> None:
    text = team.project / "asked.md"
    text.write_text("Build the API.\n- [ ] Build it\n")
    team.run("request", ENGINEER, name, "-i", str(text))


def test_who_waits_holds_no_process_and_its_cost_is_counted_once(team: Team, model: Model) -> None:
    team.settings(PARKING)
    model.scripts[ENGINEER] = [
        Turn(commands=(ASK_INTERN,)),
        Turn(rf"{INTERN}-\d{{13}}-completed", (MARK_TASKS,)),
    ]
    model.scripts[INTERN] = [Turn(commands=(MARK_TASKS,), gate="intern")]
    orchestrator = team.orchestrate()
    ask(team, "api")
    parked = orchestrator.wait_for_event("session_parked", name="api")
    engineer = parked["session"]
    assert parked["doing"] == "waiting" and parked["detail"] == "tests"
    assert described(marked("TEAM_SESSION_ID", engineer)) == []
    assert tracked(team)[engineer]["status"] == "parked"

    model.open("intern")
    orchestrator.wait_for_event("session_woken", name="api")
    ended = orchestrator.wait_for_event("session_archived", session=engineer)
    assert ended["cost_usd"] == pytest.approx(sum(asked.price for asked in model.of(engineer)))
    everything = "\n".join(model.of(engineer)[-1].heard)
    assert "You are session" in everything and "-completed" in everything


def test_a_session_over_its_budget_goes_on_once_it_is_raised(team: Team, model: Model) -> None:
    team.settings(PARKING + "budgets: {session: {usd: 0.0001}}\nmax_nudges: 5\nnudge_after: 0.2\n")
    model.scripts[ENGINEER] = [
        Turn(commands=("true",)),
        Turn("still open|interrupted", (MARK_TASKS,)),
    ]
    orchestrator = team.orchestrate()
    ask(team, "api")
    parked = orchestrator.wait_for_event("session_parked", name="api")
    assert parked["doing"] == "over-budget"
    assert "its budget of $0.000 is spent" in parked["detail"]
    assert described(marked("TEAM_SESSION_ID", parked["session"])) == []

    assert "$5.00" in team.run("budget", "api", "5").stdout
    ended = orchestrator.wait_for_event("session_archived", session=parked["session"])
    prices = [asked.price for asked in model.of(parked["session"])]
    assert ended["cost_usd"] == pytest.approx(sum(prices))
    assert len(prices) >= 2

"""Do `why`, `history`, `costs` and `budget` say what is so, to people and to programs?"""

import json
from typing import Any

import pytest

from team_supervisor.core import events
from team_supervisor.supervisor import nothing_left

from .teams import Team, run_until


@pytest.fixture
def done(team: Team) -> Team:
    """A team whose one session cost a dollar in two turns."""
    team.request("api", "cost 0.25", "tokens 100 10", "wait", "cost 0.75", "done all")
    team.run()
    return team


def shown(team: Team, *words: str) -> Any:
    answer = team.call(*words, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_the_history_of_a_session_begins_with_its_request_and_ends_with_its_archive(
    done: Team,
) -> None:
    told = shown(done, "history", "api")["events"]
    kinds = [event["event"] for event in told]
    assert kinds[0] == "session_claimed" and kinds[-1] == "session_archived"
    lines = done.call("history", "api").stdout.splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [event["words"] for event in told]


@pytest.mark.parametrize("by", ["session", "persona", "day"])
def test_costs_come_to_the_same_sum_however_they_are_told(done: Team, by: str) -> None:
    told = shown(done, "costs", "--by", by)
    assert told["by"] == by and len(told["costs"]) == 1
    assert told["total"]["cost_usd"] == told["costs"][0]["cost_usd"] == 1.0
    assert told["total"]["turns"] == 2
    last = done.call("costs", "--by", by).stdout.splitlines()[-1].split()
    assert last[0] == "total" and "$1.00" in last


def test_why_names_the_signal_behind_each_line(team: Team) -> None:
    gate = team.gate()
    team.request("api", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted, name="api"))
        told = shown(team, "why", "api")
        text = team.call("why", "api").stdout
        gate.open()
        run_until(supervisor, nothing_left)
    found = {finding["about"]: finding for finding in told["findings"]}
    assert found["process"]["says"].startswith("its agent runs (PID ")
    assert found["process"]["signal"] == "its lock is held, its host is alive"
    assert "from its row says active" in text and "Last:" in text
    assert told["last"][-1]["event"] in ("session_started", "delivered")


def test_why_says_where_signals_disagree(team: Team) -> None:
    gate = team.gate()
    team.request("api", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted, name="api"))
        (team.directory("api") / "tasks.md").write_text("- [x] one\n- [ ] two\n")
        assert "tasks.md says 1 of 2 done" in team.call("why", "api").stdout
        gate.open()
        run_until(supervisor, nothing_left)


def test_budgets_are_shown_with_what_is_spent_and_can_be_set(done: Team) -> None:
    rows = shown(done, "budget", "--team", "5", "--day", "2")["budgets"]
    assert [(row["name"], row["usd"]) for row in rows] == [
        ("team", {"spent": 1.0, "budget": 5.0}),
        ("today", {"spent": 1.0, "budget": 2.0}),
    ]
    assert "$1.00 of $5.00" in done.call("budget").stdout


def test_a_budget_without_an_amount_is_asked_for(done: Team) -> None:
    answer = done.call("budget", "api")
    assert answer.returncode == 2 and "how many dollars" in answer.stderr
    assert "Traceback" not in answer.stderr

"""How well is each agent?"""

import json
from typing import Any

from click.testing import CliRunner

from team_supervisor.cli import agents
from team_supervisor.cli.agents import command
from team_supervisor.core.model import Doing

from .example_team import ExampleTeam
from .terminals import option


def asked(team: ExampleTeam, *argv: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, [*argv, *option(team.place.root)])
    return result.exit_code, result.output


def rows(team: ExampleTeam, *argv: str) -> dict[str, Any]:
    found = json.loads(asked(team, *argv, "--json")[1])["agents"]
    return {row["name"]: row for row in found}


def calm(team: ExampleTeam) -> None:
    team.place.settings.write_text(
        "health: {cpu_warning: 100000, cpu_critical: 100000, memory_warning_mb: 100000,"
        " memory_critical_mb: 100000}\n"
    )


def test_the_list_tells_of_each_living_session_how_it_is(empty_team: ExampleTeam) -> None:
    calm(empty_team)
    empty_team.add("intern", "api", runs=True, turn_open=1)
    found = rows(empty_team, "list")["api"]
    assert (found["health"], found["persona"]) == ("healthy", "intern")
    assert found["memory"] > 0
    assert "api" not in asked(empty_team, "list")[1].splitlines()[0]


def test_who_works_on_a_task_of_the_plan_is_shown_with_its_id(empty_team: ExampleTeam) -> None:
    calm(empty_team)
    empty_team.add("intern", "parser", runs=True, turn_open=1, task="T003", last_words="It parses")
    empty_team.add("intern", "free", runs=True, turn_open=1)
    found = rows(empty_team, "list")
    assert (found["parser"]["task_id"], found["parser"]["task"]) == ("T003", "It parses")
    assert found["free"]["task_id"] is None
    assert rows(empty_team, "health", "parser")["parser"]["task_id"] == "T003"
    heads, *lines = asked(empty_team, "list")[1].splitlines()
    assert "TASK" in heads and any(" T003 " in line for line in lines)
    assert "), task T003: healthy" in asked(empty_team, "health", "parser")[1]


def test_one_without_its_process_is_critical_and_ends_with_1(empty_team: ExampleTeam) -> None:
    empty_team.add("intern", "lost")
    code, text = asked(empty_team, "health", "lost")
    assert code == 1
    assert "critical: its process is gone" in text


def test_what_is_over_a_threshold_of_team_yaml_is_said_with_it(empty_team: ExampleTeam) -> None:
    calm(empty_team)
    empty_team.place.settings.write_text("health: {memory_warning_mb: 1, memory_critical_mb: 2}\n")
    empty_team.add("intern", "hog", runs=True, turn_open=1)
    code, text = asked(empty_team, "health")
    assert code == 1
    assert "worse over 2 MiB" in text


def test_a_stall_that_the_supervisor_saw_ends_with_1(empty_team: ExampleTeam) -> None:
    calm(empty_team)
    empty_team.add(
        "intern", "hung", runs=True, turn_open=1, doing=Doing.STALLED, doing_detail="no output"
    )
    assert rows(empty_team, "health", "hung")["hung"]["health"] == "stalled"
    assert asked(empty_team, "health")[0] == 1


def test_a_team_without_a_living_session_is_well(empty_team: ExampleTeam) -> None:
    assert asked(empty_team, "health") == (0, "No session is alive\n")


def test_the_list_names_everybody_and_fits_a_terminal_of_80_columns() -> None:
    row: dict[str, Any] = {
        "name": "api", "session": "software-engineer-1706012345680", "persona": "software-engineer",
        "state": "needs attention", "health": "critical", "heartbeat": 3600.0, "cpu": 100.0,
        "memory": 1 << 33, "task_id": "T003", "task": "",
        "why": "its turn ended 2 times with tasks open",
    }  # fmt: skip
    rows = [row, {**row, "name": "a-name-that-is-rather-long-and-goes-on"}]
    narrow, piped = agents._table(rows, 80), agents._table(rows, None)
    assert all(len(line) <= 80 for line in narrow)
    assert narrow[1].startswith("api ") and narrow[2].startswith("a-name-that-is-rat")
    assert "its turn" in narrow[1]
    assert row["session"] in piped[1] and row["why"] in piped[1]
    assert all(len(line) <= 160 for line in agents._table(rows, 160))


def test_the_report_says_who_needs_a_person(team: ExampleTeam) -> None:
    code, text = asked(team, "report", "--since", "1h")
    assert code == 0
    assert "Needs a person: " in text
    assert "5 failures in a row" in text

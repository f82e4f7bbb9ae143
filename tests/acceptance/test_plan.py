"""Do real agents carry out a plan, each told what it builds on?"""

import pytest

from .model import Model, Turn
from .team import Team
from .test_story import ENGINEER, MARK_TASKS, OWN

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

BEFORE = 'ls -d "$TEAM_WORKSPACE"/*-completed | xargs -n1 basename'
# Of the specification; one script for all three, so each writes what its own task is called.
TASK = f"$(sed -n 's/^# \\(T[0-9]\\):.*/\\1/p' {OWN}/instructions.md | head -1)"
DO_IT = f"{BEFORE} > {TASK}.txt 2>/dev/null; team-supervisor tasks done {TASK}"
NEEDS = {"T1": "", "T2": "T1", "T3": "T1, T2"}


def test_a_chain_of_three_tasks_is_done_by_real_agents(team: Team, model: Model) -> None:
    specs = team.project / "specs"
    specs.mkdir()
    for name, needs in NEEDS.items():
        front = (
            f"---\ntitle: Write {name}\ndepends_on: [{needs}]\nverify: test -e {name}.txt\n---\n"
        )
        (specs / f"{name}-spec.md").write_text(f"{front}Write the file {name}.txt of this project.")
    model.scripts[ENGINEER] = [Turn(commands=(DO_IT, MARK_TASKS))]
    team.settings((team.workspace / "team.yaml").read_text() + f"task_persona: {ENGINEER}\n")
    assert team.json("tasks", "import", str(specs))["added"] == list(NEEDS)
    now = team.orchestrate()

    sessions = {}
    for name in NEEDS:
        moved = now.wait_for_event("task", seconds=90.0, task=name, state="completed")
        sessions[name] = moved["session"]
    assert len(set(sessions.values())) == 3

    found = {row["id"]: row for row in team.json("tasks", "list")["tasks"]}
    assert {row["state"] for row in found.values()} == {"completed"}
    assert {name: row["session"] for name, row in found.items()} == sessions
    for name, needs in NEEDS.items():
        told = "\n".join(model.of(sessions[name])[0].heard)
        assert f"{name}: Write {name}" in told
        assert f"team-supervisor tasks done {name}" in told
        for other in NEEDS:
            archive = f"{sessions[other]}-completed"
            assert (archive in told) == (other in needs), (name, other)
            if other in needs:
                assert archive in (team.project / f"{name}.txt").read_text()
    spent = sum(asked.price for asked in model.asked)
    assert sum(row["cost_usd"] for row in team.json("track", "--once", "--all")["sessions"]) == (
        pytest.approx(spent)
    )
    now.interrupt()

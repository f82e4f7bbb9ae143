"""Is work looked into before it is believed, with real processes?"""

import json

from team_supervisor.core.events import VerificationPassed, WorkDisputed
from team_supervisor.core.model import Doing, Standing, State
from team_supervisor.settings import load
from team_supervisor.supervisor import nothing_left

from .teams import Team, run_until, script


def checked(command: str, *steps: str) -> str:
    return f"---\nverify: [{command!r}]\n---\n{script(*steps)}"


def test_work_that_passes_is_archived_with_what_its_commands_printed(team: Team) -> None:
    team.request("api", text=checked("echo all well", "done all"))
    with team.supervised() as supervisor:
        run_until(supervisor, lambda world: bool(team.sessions()) and nothing_left(world))
    row = team.session("api")
    assert (row.state, row.standing, row.verification) == (
        State.COMPLETED,
        Standing.VERIFIED,
        1,
    )
    log = team.root / row.directory / "verify-1.log"
    assert log.read_text() == "$ echo all well\nall well\n"
    assert [e.number for e in team.events if isinstance(e, VerificationPassed)] == [1]


def test_work_that_fails_goes_back_to_its_agent_which_mends_it(team: Team) -> None:
    fixed = team.project / "fixed"
    work = checked(f"cat {fixed}", "done all", "wait", f"bash touch {fixed}")
    team.request("api", text=work)
    with team.supervised() as supervisor:
        run_until(supervisor, lambda world: bool(team.sessions()) and nothing_left(world))
    row = team.session("api")
    assert (row.state, row.disputes, row.verification) == (State.COMPLETED, 1, 2)
    (dispute,) = [e for e in team.events if isinstance(e, WorkDisputed)]
    assert "failed with code 1" in dispute.what
    said = (team.root / row.directory / "transcript.jsonl").read_text()
    assert "No such file" in said


def test_work_that_never_passes_needs_a_person_and_is_not_archived(team: Team) -> None:
    team.set(verify_attempts=2)
    team.request("api", text=checked("false", "done all", "wait", "wait", "wait"))
    with team.supervised() as supervisor:
        run_until(
            supervisor,
            lambda world: any(f.session.doing == Doing.ATTENTION for f in world.sessions),
        )
    row = team.session("api")
    assert (row.state, row.disputes, row.verification) == (State.ACTIVE, 2, 2)


def test_every_face_says_what_failed(team: Team) -> None:
    text = checked("false", "done all", "wait", f"{team.gate().step}")
    team.request("api", text=text)
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: bool(team.heard(WorkDisputed)))
        run_until(supervisor, lambda world: any(f.session.turn_open for f in world.sessions))
        listed = team.call("attach", "--list").stdout
        (row,) = json.loads(team.call("attach", "--list", "--json").stdout)["sessions"]
        (tracked,) = json.loads(team.call("track", "--once", "--json").stdout)["sessions"]
        why = team.call("why", "api").stdout
        copy = json.loads((team.directory("api") / "session.json").read_text())
    wanted = ("disputed", "`false` failed with code 1", "disputed")
    for one in (row, tracked):
        assert (one["status"], one["detail"], one["standing"]) == wanted
    assert "api: disputed: `false` failed with code 1" in listed
    assert "disputed (1 of 3): `false` failed with code 1" in why
    assert (copy["standing"], copy["dispute"]) == ("disputed", "`false` failed with code 1")


def test_a_program_that_is_no_claude_is_started_again_to_mend_what_failed(team: Team) -> None:
    """It cannot be told in a conversation: it ends, and a new one of it reads what failed."""
    fixed, agent = team.project / "fixed", team.project / "agent"
    agent.write_text(f"{PLAIN_AGENT}\n")
    agent.chmod(0o700)
    persona = "---\nname: robot\nrunner: command\n---\nA program.\n"
    (team.root / "personas").mkdir(exist_ok=True)
    (team.root / "personas" / "robot.md").write_text(persona)
    team.write_settings(f"runners: {{command: {{argv: ['{agent}', '{{session}}']}}}}\n")
    team.settings, _ = load(team.workspace.settings, team.environ)
    team.request("api", persona="robot", text=f"---\nverify: [cat {fixed}]\n---\n- [ ] It\n")
    team.run(lambda world: bool(team.sessions()) and nothing_left(world))
    row = team.session("api")
    assert (row.state, row.standing) == (State.COMPLETED, Standing.VERIFIED)
    assert (row.disputes, row.verification) == (1, 2)
    assert (team.root / row.directory / "verify-1.log").read_text().endswith("with code 1\n")
    assert (team.root / row.directory / "verify-2.log").read_text() == f"$ cat {fixed}\n"


# The first of it ticks its task and ends; the second one does the work, too.
PLAIN_AGENT = """#!/bin/sh
cd "$1" || exit 9
test -e once && touch "$(dirname "$TEAM_WORKSPACE")/fixed"
touch once
sed -i 's/\\[ \\]/[x]/' tasks.md
"""

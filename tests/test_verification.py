"""Is work looked into before it is believed, with real processes?"""

from team_supervisor.core.events import VerificationPassed, WorkDisputed
from team_supervisor.core.model import Doing, Standing, State
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

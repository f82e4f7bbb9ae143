"""Who is heard of is looked at when?"""

from pathlib import Path

from team_supervisor.adapters.inotify import session_events
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.attention import BURST, Attention, Common
from team_supervisor.core.due import SOON
from team_supervisor.core.model import Doing, Moment
from team_supervisor.core.world import World

from .teams import Team, run_until

NOBODY = Common((), {}, 0, False)


def heard_at(attention: Attention, now: float, tasks: Path) -> float:
    """Seconds from a write at `now` until its session is looked at."""
    attention.due({}, NOBODY, Moment(now, now))
    tasks.write_text(str(now))
    attention.hear(now)
    return attention.until_next(now)


def test_a_few_writes_are_looked_at_at_once_and_many_now_and_then(tmp_path: Path) -> None:
    (directory := tmp_path / "intern-1").mkdir()
    events = session_events()
    assert events is not None
    attention = Attention(Workspace(tmp_path), events)
    attention.mark_all()
    events.attend("intern-1", [directory])
    waits = [heard_at(attention, 100.0, directory / "tasks.md") for _ in range(BURST + 1)]
    assert waits == [0.0] * BURST + [SOON]
    later = 100.0 + 4 * SOON
    assert heard_at(attention, later, directory / "tasks.md") == 0.0
    events.close()


def test_who_waits_is_not_looked_at_while_nothing_happens(team: Team) -> None:
    team.set(file_events=True)
    gates = [team.gate(f"gate-{number}") for number in range(3)]
    for number, gate in enumerate(gates):
        team.request(f"part-{number}", gate.step, "done all")

    def at_work(world: World) -> bool:
        working = [s for s in world.live if s.agent_pid and s.doing == Doing.WORKING]
        return len(working) == len(gates)

    with team.supervised() as supervisor:
        run_until(supervisor, at_work)
        looked_at: list[int] = []

        def enough(world: World) -> bool:
            looked_at.append(len(world.sessions))
            (team.root / f"intern-request-begun-{len(looked_at)}").mkdir()
            return len(looked_at) == 5

        supervisor.run(enough)
    assert min(looked_at) == 0

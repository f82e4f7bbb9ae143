"""Which values do the tests of decisions start from?"""

from dataclasses import replace
from typing import Any

from team_supervisor.core.admission import Limits, Team
from team_supervisor.core.completion import TasksReading, TasksWatch
from team_supervisor.core.model import (
    ENDED,
    Delivery,
    DeliveryKind,
    Exit,
    Moment,
    Request,
    RequestStatus,
    Session,
    Standing,
    State,
)
from team_supervisor.core.persona import Persona
from team_supervisor.core.reconcile import plan
from team_supervisor.core.world import Action, Life, RequestLook, Rules, SessionFacts, World

NOW = Moment(wall=1_706_012_345.0, monotonic=1_000.0)
ENGINEER = "engineer-1706012345680"
MANAGER = "manager-1706012345000"
GIB = 1 << 30
CRASH = Exit(code=1, reason="exited", ended_at=NOW.wall)


def persona(name: str = "engineer", **changes: Any) -> Persona:
    return replace(Persona(name=name, description="", instructions="Do.", source=name), **changes)


PERSONAS = {
    "manager": persona("manager", may_request=("engineer", "architect"), singleton=True),
    "architect": persona("architect", may_request=("engineer",)),
    "engineer": persona("engineer", may_request=("intern",)),
    "intern": persona("intern"),
}


def session(state: State = State.ACTIVE, **changes: Any) -> Session:
    """An engineer on its first attempt since ten seconds ago."""
    begun = state in (State.ACTIVE, State.STOPPING)
    plain = Session(
        id=ENGINEER,
        persona="engineer",
        name="api",
        created_at=NOW.wall - 20,
        state=state,
        ending=State.STOPPED if state == State.STOPPING else None,
        attempt=int(begun),
        attempt_at=NOW.wall - 10 if begun else None,
        started_at=NOW.wall - 10 if begun else None,
        ended_at=NOW.wall if state in ENDED else None,
        last_activity_at=NOW.wall,
        turn_open=int(state == State.ACTIVE),
        tool_calls=1,
    )
    return replace(plain, **changes)


def idle(**changes: Any) -> Session:
    """Active, and its turn ended a minute ago."""
    values = {"turn_open": 0, "turns": 1, "last_activity_at": NOW.wall - 60, **changes}
    return session(State.ACTIVE, **values)


def reading(done: int, total: int, **changes: Any) -> TasksReading:
    titles = tuple(f"task {number}" for number in range(done, total))
    plain = TasksReading(f"{done} of {total}", total=total, done=done, open_titles=titles)
    return replace(plain, **changes)


def watch(done: int, total: int, held: float = 0.0, **changes: Any) -> TasksWatch:
    """A list that has been read as the same for `held` seconds."""
    seen = reading(done, total, **changes)
    return TasksWatch(seen, NOW.monotonic - held, NOW.monotonic)


def facts(
    of: Session, life: Life = Life.ALIVE, tasks: TasksWatch | None = None, **changes: Any
) -> SessionFacts:
    """A session as seen; `tasks` is in its row already. See `unnoted` for what is not.

    A complete list was verified, unless it is said to be `unverified`.
    """
    if tasks is not None:
        of = _noted(of, tasks.reading, changes.pop("unverified", False))
    pid = 4242 if life == Life.ALIVE else None
    end = CRASH if life == Life.ENDED else None
    return replace(SessionFacts(session=of, life=life, watch=tasks, pid=pid, exit=end), **changes)


def unnoted(seen: SessionFacts, tasks: TasksWatch) -> SessionFacts:
    """The same with a tasks.md that changed since the row was written."""
    return replace(seen, watch=tasks)


def _noted(of: Session, seen: TasksReading, unverified: bool) -> Session:
    most = max(of.tasks_most, seen.total)
    said = {"tasks_problem": seen.problem, "tasks_pause": seen.pause}
    row = replace(of, tasks_digest=seen.digest, tasks_most=most, **said)  # type: ignore[arg-type]
    if seen.complete and row.standing == Standing.OPEN and not unverified:
        mark = f"{seen.digest} {row.turns}"
        row = replace(row, standing=Standing.VERIFIED, claim_digest=mark)
    return row if seen.problem else replace(row, tasks_total=seen.total, tasks_done=seen.done)


def delivery(kind: DeliveryKind = DeliveryKind.NOTICE, **changes: Any) -> Delivery:
    plain = Delivery(id="d1", session=ENGINEER, kind=kind, text="Hear.", created_at=NOW.wall)
    return replace(plain, **changes)


def row(name: str = "engineer-request-api", **changes: Any) -> Request:
    wanted, _, called = name.partition("-request-")
    plain = Request(
        id=1,
        name=name,
        device=1,
        inode=1,
        persona=wanted,
        wanted_name=called,
        first_seen_at=NOW.wall - 10,
        status=RequestStatus.WAITING,
    )
    return replace(plain, **changes)


def look(name: str = "engineer-request-api", **changes: Any) -> RequestLook:
    """A whole request, seen before and quiet for a second."""
    plain = RequestLook(
        name=name, device=1, inode=1, row=row(name), age=1.0, steady=1.0, instructions="Build it."
    )
    return replace(plain, **changes)


def from_(who: str, text: str = "Build it.") -> str:
    return f"## Instructions from {who} (2024-01-23T12:00:00Z)\n\n{text}\n"


def team(*live: Session, **changes: Any) -> Team:
    plain = Team(
        personas=PERSONAS,
        live={s.id: s for s in live if not s.ended},
        known={s.id: s for s in live},
        spawned=0,
        disk_free=100 * GIB,
        limits=Limits(),
    )
    return replace(plain, **changes)


def world(*sessions: SessionFacts, **changes: Any) -> World:
    plain = World(
        now=NOW,
        sessions=sessions,
        requests=(),
        vanished=(),
        strays=(),
        team=team(*(f.session for f in sessions)),
        rules=Rules(),
    )
    return replace(plain, **changes)


def planned(*sessions: SessionFacts, **changes: Any) -> list[Action]:
    """World in, actions out."""
    return plan(world(*sessions, **changes))

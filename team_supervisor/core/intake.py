"""Which request directories are ready, and what becomes of each?"""

from dataclasses import replace

from team_supervisor.core.admission import Admit, Refuse, Team, Wait, admit, refusal, second
from team_supervisor.core.budgets import granted
from team_supervisor.core.holding import limited_anew
from team_supervisor.core.model import RequestStatus, Session
from team_supervisor.core.requests import CHANGING, STOPPED, RequestName, request_name, requester
from team_supervisor.core.terms import TermsError, read
from team_supervisor.core.words import age
from team_supervisor.core.world import (
    Action,
    ClaimRequest,
    ForgetRequest,
    QueueRequest,
    RejectRequest,
    RequestLook,
    SeeRequest,
    World,
)

# Where no lease can tell whether a writer has the file open, unchanged for this long (seconds).
SETTLE_BLIND = 2.0
# What is refused anyway is not renamed under the hands of who is still writing it.
SETTLE_REFUSED = 3.0


def plan(world: World) -> list[Action]:
    """Oldest first; each admitted one counts for those behind it."""
    actions: list[Action] = [ForgetRequest(request) for request in world.vanished]
    team = world.team
    place = 0
    for look in sorted(world.requests, key=_age):
        action = _one(look, team, world)
        place += _is_queued(look, action)
        if isinstance(action, QueueRequest):
            action = replace(action, place=place)
        if isinstance(action, ClaimRequest):
            team = _with(team, action)
        if action is not None:
            actions.append(action)
    return actions


def _is_queued(look: RequestLook, action: Action | None) -> bool:
    if action is None:
        return look.row is not None and look.row.status == RequestStatus.QUEUED
    return isinstance(action, QueueRequest)


def _age(look: RequestLook) -> tuple[float, str]:
    return (look.row.first_seen_at if look.row else float("inf"), look.name)


def _with(team: Team, claim: ClaimRequest) -> Team:
    name = claim.look.name
    persona = claim.verdict.persona
    asked = read(claim.look.instructions).budget_usd
    budget = granted(asked, persona.terms.budget_usd, team.budgets)
    reserved = Session(id=name, persona=persona.name, name=name, created_at=0.0, budget_usd=budget)
    return replace(team, live={**team.live, name: reserved}, spawned=team.spawned + 1)


def _one(look: RequestLook, team: Team, world: World) -> Action | None:
    name = request_name(look.name)
    if name is None:
        return None
    if look.row is None:
        return SeeRequest(look, waiting(look, world) or "")
    reason = waiting(look, world)
    problem = look.problem or refusal(name, team)
    if problem and (reason is None or (look.steady >= SETTLE_REFUSED and not look.writing)):
        return RejectRequest(look, problem)
    if late := _too_late(look, world):
        return RejectRequest(look, late)
    if reason:
        return _still(look, RequestStatus.WAITING, reason, look.row.requester)
    return _decide(look, name, team, world)


def _decide(look: RequestLook, name: RequestName, team: Team, world: World) -> Action | None:
    asker = requester(look.instructions)
    known = asker if asker in team.known else None
    try:
        terms = read(look.instructions)
    except TermsError as error:
        return RejectRequest(look, str(error))
    if not world.accepting:
        return _still(look, RequestStatus.QUEUED, STOPPED, known)
    if held_up := world.work.queue.held_up:
        return _still(look, RequestStatus.QUEUED, held_up, known)
    if limited_anew(len(team.live), world):
        return _still(look, RequestStatus.QUEUED, "the team waits for its rate limit", known)
    match admit(name, known, team, terms):
        case Admit() as verdict:
            return ClaimRequest(look, verdict)
        case Wait(reason):
            return _still(look, RequestStatus.QUEUED, reason, known)
        case Refuse(reason):
            later = reason == second(name.persona, team) and _of_a_task(look, world)
            queued = _still(look, RequestStatus.QUEUED, reason, known)
            return queued if later else RejectRequest(look, reason)


def _of_a_task(look: RequestLook, world: World) -> bool:
    """Made for the plan while the persona was free; somebody else came first since then."""
    return any(worker.task.request == look.name for worker in world.work.workers)


def _still(
    look: RequestLook, status: RequestStatus, reason: str, asker: str | None
) -> Action | None:
    """Say why it waits, once per reason."""
    row = look.row
    if row is not None and (row.status, row.reason, row.requester) == (status, reason, asker):
        return None
    if status == RequestStatus.WAITING:
        return SeeRequest(look, reason)
    return QueueRequest(look, reason, asker)


def waiting(look: RequestLook, world: World) -> str | None:
    """Why this request is not ready yet; None when it is."""
    if look.waiting:
        return look.waiting
    if look.arrived_whole and look.writing is False:
        return None
    needed = world.rules.settle if look.writing is False else SETTLE_BLIND
    return None if look.steady >= needed else CHANGING


def _too_late(look: RequestLook, world: World) -> str | None:
    """Somebody who holds instructions.md open is slow, not gone."""
    if not look.waiting or look.writing or look.steady < world.rules.request_timeout:
        return None
    return f"it {look.waiting} after {age(world.rules.request_timeout)}"

"""May this request become a session now, later, or never?"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from team_supervisor.core.budgets import Account, Budgets, granted, lacking, reserve, reserved
from team_supervisor.core.model import Session, State
from team_supervisor.core.persona import Persona, may_request
from team_supervisor.core.requests import RequestName, name_problem
from team_supervisor.core.terms import Terms

MEBIBYTE = 1 << 20
NO_TERMS = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sessions at once, of one persona, spawned per hour, depth of requests; free MiB to keep."""

    sessions: int = 8
    per_persona: dict[str, int] = field(default_factory=dict)
    spawned_per_hour: int = 60
    depth: int = 4
    disk_free_mb: int = 256
    memory_free_mb: int = 1024


@dataclass(frozen=True, slots=True)
class Admit:
    persona: Persona
    requester: Session | None


@dataclass(frozen=True, slots=True)
class Wait:
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    reason: str


Verdict = Admit | Wait | Refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """What admission looks at; `spawned` in the last hour, what is free in bytes.

    `broken` says of personas why their file can't be used.
    """

    personas: Mapping[str, Persona]
    live: Mapping[str, Session]
    known: Mapping[str, Session]
    spawned: int
    disk_free: int
    limits: Limits
    memory_free: int | None = None
    accounts: tuple[Account, ...] = ()
    budgets: Budgets = Budgets()
    broken: Mapping[str, str] = field(default_factory=dict)


def refusal(request: RequestName, team: Team) -> str | None:
    """What can be said from the name alone."""
    if problem := name_problem(request):
        return problem
    if request.persona not in team.personas:
        if problem := team.broken.get(request.persona):
            return f"its persona cannot be used: {problem.rstrip('.')}"
        known = ", ".join(sorted(team.personas)) or "none"
        return f"there is no persona {request.persona!r}; known are: {known}"
    return None


def admit(
    request: RequestName, requester: str | None, team: Team, terms: Terms = NO_TERMS
) -> Verdict:
    """The one choke point: every session goes through here."""
    persona = team.personas[request.persona]
    asker = team.known.get(requester) if requester else None
    if reason := _never(persona, asker, team) or _no_shell(persona, terms):
        return Refuse(reason)
    if reason := _not_now(persona, team, _granted(persona, team, terms)):
        return Wait(reason)
    return Admit(persona, asker)


def _never(persona: Persona, asker: Session | None, team: Team) -> str | None:
    if asker is not None:
        asking = team.personas.get(asker.persona)
        if asking is not None and not may_request(asking, persona.name):
            allowed = ", ".join(asking.may_request) or "nobody"
            who, whom = _a(asker.persona), _a(persona.name)
            return f"{who} may not request {whom}; it may request: {allowed}"
        if asker.depth + 1 > team.limits.depth:
            return (
                f"requests may be {team.limits.depth} deep and {asker.id} is at {asker.depth}; "
                "raise limits.depth in team.yaml"
            )
    return second(persona.name, team)


def second(name: str, team: Team) -> str | None:
    """Why no further session of this persona may live; the oldest one stays."""
    persona = team.personas.get(name)
    if persona is None or not persona.singleton:
        return None
    others = [s for s in team.live.values() if s.persona == name]
    if not others:
        return None
    return f"there may be only one {name}, and {min(others, key=_age).id} is at work"


def doubles(live: Iterable[Session], personas: Mapping[str, Persona]) -> list[str]:
    """Of which singleton persona more than one session lives, in words; the oldest first."""
    groups: dict[str, list[Session]] = {}
    for session in sorted(live, key=_age):
        persona = personas.get(session.persona)
        if persona is not None and persona.singleton:
            groups.setdefault(session.persona, []).append(session)
    return [
        f"there may be only one {name}, and {', '.join(s.id for s in those)} live"
        for name, those in groups.items()
        if len(those) > 1
    ]


def _age(session: Session) -> tuple[float, str]:
    return session.created_at, session.id


def _a(word: str) -> str:
    return f"an {word}" if word[:1].lower() in "aeiou" else f"a {word}"


def _no_shell(persona: Persona, terms: Terms) -> str | None:
    """Nobody gets a command run by asking for it who could not have one run otherwise."""
    if not terms.verify or persona.has_shell or persona.runner == "command":
        return None
    return (
        f"it sets `verify`, but {_a(persona.name)} may not run commands: "
        "set it in the persona file or in team.yaml"
    )


def _granted(persona: Persona, team: Team, terms: Terms) -> float | None:
    return granted(terms.budget_usd, persona.terms.budget_usd, team.budgets)


def _not_now(persona: Persona, team: Team, budget_usd: float | None) -> str | None:
    limits = team.limits
    if team.disk_free < limits.disk_free_mb * MEBIBYTE:
        free = team.disk_free // MEBIBYTE
        return f"only {free} MiB are free on the disk, {limits.disk_free_mb} must be"
    if reason := crowded(team) or full(persona.name, team):
        return reason
    if team.spawned >= limits.spawned_per_hour:
        return f"{team.spawned} sessions were started in the last hour, the limit"
    limited = any(account.budget.usd is not None for account in team.accounts)
    set_aside = sum(reserved(s, team.budgets) for s in team.live.values()) if limited else 0.0
    return lacking(team.accounts, set_aside, reserve(budget_usd, team.budgets))


def crowded(team: Team) -> str | None:
    """Why no further process may start at all; also asked before a parked session wakes."""
    limits, working = team.limits, len(_at_work(team))
    if working >= limits.sessions:
        return f"{working} of {limits.sessions} sessions are at work"
    if team.memory_free is not None and team.memory_free < limits.memory_free_mb * MEBIBYTE:
        free = team.memory_free // MEBIBYTE
        return f"only {free} MiB of memory are free, {limits.memory_free_mb} must be"
    return None


def full(persona: str, team: Team) -> str | None:
    """Why no further process of this persona may start; also asked before one wakes."""
    if (most := _most(persona, team)) is None:
        return None
    at_work = Counter(s.persona for s in _at_work(team))[persona]
    if at_work < most:
        return None
    return f"{at_work} of {most} {persona} sessions are at work"


def _at_work(team: Team) -> list[Session]:
    """A parked session takes no place."""
    return [s for s in team.live.values() if s.state != State.PARKED]


def _most(name: str, team: Team) -> int | None:
    persona = team.personas.get(name)
    found = (team.limits.per_persona.get(name), persona.max_sessions if persona else None)
    return min((n for n in found if n is not None), default=None)

"""What holds of all live sessions together, counted once for one World?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from team_supervisor.core.facts import RequestLook
from team_supervisor.core.model import Session, State
from team_supervisor.core.requests import request_name, requester


@dataclass(frozen=True, slots=True)
class Census:
    """`limited_until`: when the latest of the rate limits ends that a live session was told of.

    `before`: how many live sessions have a smaller id. `asked`: by requester, the names of the
    live sessions and open requests that it asked for. `crew`: how many have a process.
    """

    limited_until: float | None
    before: Mapping[str, int]
    asked: Mapping[str, tuple[str, ...]]
    crew: int = 0


def count(live: Iterable[Session], requests: Iterable[RequestLook]) -> Census:
    """One pass over everybody, however often its answers are asked for."""
    told: list[float] = []
    ids: list[str] = []
    asked: dict[str, list[str]] = {}
    crew = 0
    for session in live:
        if session.rate_limited_until is not None:
            told.append(session.rate_limited_until)
        if session.ended:
            continue
        ids.append(session.id)
        crew += session.state != State.PARKED
        if session.requester:
            asked.setdefault(session.requester, []).append(session.name)
    for asker, name in filter(None, map(asked_by, requests)):
        asked.setdefault(asker, []).append(name)
    before = {session: number for number, session in enumerate(sorted(ids))}
    names = {asker: tuple(sorted(found)) for asker, found in asked.items()}
    return Census(max(told, default=None), before, names, crew)


def asked_by(look: RequestLook) -> tuple[str, str] | None:
    """(requester, name) of a request; its heading says so before any row does."""
    asker = (look.row.requester if look.row else None) or requester(look.instructions)
    found = request_name(look.name)
    return (asker, found.name) if found and asker else None

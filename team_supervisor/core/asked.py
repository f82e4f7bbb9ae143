"""What can be done about a request?"""

from dataclasses import dataclass

from team_supervisor.core.admission import Admit
from team_supervisor.core.facts import RequestLook
from team_supervisor.core.model import Request


@dataclass(frozen=True, slots=True)
class SeeRequest:
    look: RequestLook
    reason: str


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    request: Request


@dataclass(frozen=True, slots=True)
class QueueRequest:
    """`place` counts from 1 among those that are queued."""

    look: RequestLook
    reason: str
    requester: str | None
    place: int = 1


@dataclass(frozen=True, slots=True)
class RejectRequest:
    look: RequestLook
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    look: RequestLook
    verdict: Admit


RequestAction = SeeRequest | ForgetRequest | QueueRequest | RejectRequest | ClaimRequest

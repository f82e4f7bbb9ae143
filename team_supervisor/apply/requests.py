"""How does a request directory become a session, or is refused, without being lost?"""

import json
import os
import uuid
from dataclasses import replace
from typing import Any

from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.adapters.workspace import refuse, rejected, reserve
from team_supervisor.apply.tools import Tools, tell
from team_supervisor.core import messages
from team_supervisor.core.budgets import granted
from team_supervisor.core.events import (
    RequestQueued,
    RequestRejected,
    SessionClaimed,
    Warned,
)
from team_supervisor.core.model import DeliveryKind, Moment, Request, RequestStatus, Session
from team_supervisor.core.persona import Persona
from team_supervisor.core.requests import request_name, requester
from team_supervisor.core.taskbrief import is_for
from team_supervisor.core.terms import Terms, commands, read, stored
from team_supervisor.core.world import (
    ClaimRequest,
    ForgetRequest,
    QueueRequest,
    RejectRequest,
    RequestLook,
    SeeRequest,
)

# More than this in a session.json was never spent.
MOST_DOLLARS = 1e6


def see(tools: Tools, action: SeeRequest, now: Moment) -> bool:
    """A row for a directory seen for the first time, or its new reason to wait."""
    look = action.look
    if look.row is not None:
        row = replace(look.row, status=RequestStatus.WAITING, reason=action.reason)
        tools.store.update_request(row)
        return True
    name = request_name(look.name)
    if name is not None:
        tools.store.insert_request(
            name=look.name,
            device=look.device,
            inode=look.inode,
            persona=name.persona,
            wanted_name=name.name,
            first_seen_at=now.wall,
            reason=action.reason or None,
        )
    return True


def queue(tools: Tools, action: QueueRequest, now: Moment) -> bool:
    """Good, but not now: kept where it is, in order."""
    row = action.look.row
    if row is None:
        return False
    changed = replace(
        row, status=RequestStatus.QUEUED, reason=action.reason, requester=action.requester
    )
    with tools.store.transaction():
        tools.store.update_request(changed)
        if row.status != RequestStatus.QUEUED:
            event = RequestQueued(request=row.name, reason=action.reason, place=action.place)
            tools.store.record(event, now.wall)
            _tell_its_place(tools, row, action)
    return True


def _tell_its_place(tools: Tools, row: Request, action: QueueRequest) -> None:
    if action.requester:
        text = messages.request_queued(row.name, action.place, action.reason)
        tell(tools, action.requester, DeliveryKind.NOTICE, text, f"queued-{row.id}")


def forget(tools: Tools, action: ForgetRequest, now: Moment) -> bool:
    """Its directory is gone: taken back by whoever made it, or renamed by a refusal cut short."""
    request = action.request
    for name in rejected(tools.workspace):
        found = os.lstat(tools.workspace.root / name)
        if (found.st_dev, found.st_ino) == (request.device, request.inode) and request.reason:
            _record_rejection(tools, request, name, now)
            return True
    tools.store.forget_request(request.id)
    return True


def reject(tools: Tools, action: RejectRequest, now: Moment) -> bool:
    """Intent (the reason in the row), reason.md and rename, fact."""
    look = action.look
    if look.row is None:
        return False
    asker = requester(look.instructions)
    row = replace(look.row, status=RequestStatus.WAITING, reason=action.reason, requester=asker)
    tools.store.update_request(row)
    directory = refuse(tools.workspace, look.name, action.reason)
    _record_rejection(tools, row, directory, now)
    return True


def _record_rejection(tools: Tools, row: Request, directory: str, now: Moment) -> None:
    reason = row.reason or "refused"
    path = str(tools.workspace.root / directory)
    with tools.store.transaction():
        tools.store.update_request(replace(row, status=RequestStatus.REJECTED))
        tools.store.record(
            RequestRejected(request=row.name, reason=reason, directory=directory), now.wall
        )
        if row.requester:
            text = messages.request_rejected(row.name, reason, path)
            tell(tools, row.requester, DeliveryKind.NOTICE, text, f"rejected-{row.id}")


def claim(tools: Tools, action: ClaimRequest, now: Moment) -> bool:
    """Reserve the id and write the row; the rename and the rest are `prepare`'s."""
    look, verdict = action.look, action.verdict
    name = request_name(look.name)
    if name is None or look.row is None:
        return False
    session = _new(tools, verdict.persona, name.name, verdict.requester, now)
    terms = read(look.instructions)
    session = replace(
        session,
        task=_task(tools, look, terms, session),
        request_name=look.name,
        request_device=look.device,
        request_inode=look.inode,
        **agreed(tools, verdict.persona, terms),
    )
    asker = session.requester
    with tools.store.transaction():
        tools.store.insert(session)
        claimed = replace(
            look.row, status=RequestStatus.CLAIMED, session=session.id, requester=asker, reason=None
        )
        tools.store.update_request(claimed)
        event = SessionClaimed(
            session=session.id,
            request=look.name,
            persona=session.persona,
            name=session.name,
            requester=asker,
        )
        tools.store.record(event, now.wall)
        _tell_unknown(tools, session, terms, now)
        if session.task:
            TaskTable(tools.store).take_up(session.task, now.wall)
    return True


def _task(tools: Tools, look: RequestLook, terms: Terms, session: Session) -> str | None:
    """For which task it was asked; where the database was lost since then, what the request says.

    Only a task that nobody began yet, and that is described as it was, can be meant by that.
    """
    table = TaskTable(tools.store)
    known = table.of_request(look.name)
    if known or session.requester or terms.task is None:
        return known
    task = table.get(terms.task)
    return terms.task if task is None or is_for(look.instructions, task) else None


def agreed(tools: Tools, persona: Persona | None, terms: Terms) -> dict[str, Any]:
    """Columns: what the request says, else its persona, else team.yaml."""
    settings = tools.settings
    team = Terms(verify=commands(settings.verify), timeout=settings.timeout)
    own = persona.terms if persona else Terms()
    found = terms.over(own).over(team)
    return {
        "verify": stored(found.verify or ()),
        "timeout": found.timeout,
        "budget_usd": granted(terms.budget_usd, own.budget_usd, settings.budgets),
        "depends_on": json.dumps(found.depends_on),
    }


def _tell_unknown(tools: Tools, session: Session, terms: Terms, now: Moment) -> None:
    if terms.unknown:
        names = ", ".join(f"`{key}`" for key in terms.unknown)
        reason = f"the front matter of {session.request_name or session.id} says {names}: ignored"
        tools.store.record(Warned(session=session.id, reason=reason), now.wall)


def _new(tools: Tools, persona: Persona, name: str, asker: Session | None, now: Moment) -> Session:
    """The id's milliseconds only ever grow, whatever the clock does."""
    last = int(tools.store.team("last_ms") or 0)
    wanted = max(int(now.wall * 1000), last + 1)
    session = reserve(tools.workspace, persona.name, wanted)
    tools.store.set_team("last_ms", str(max(wanted, int(session.rpartition("-")[2]))))
    return Session(
        id=session,
        persona=persona.name,
        name=name,
        created_at=now.wall,
        requester=asker.id if asker else None,
        depth=asker.depth + 1 if asker else 0,
        runner=tools.settings.runner or persona.runner,
        conversation=str(uuid.uuid4()),
        directory=session,
        start_commit=tools.head.at(tools.workspace.project, now),
        **agreed(tools, persona, Terms()),
    )

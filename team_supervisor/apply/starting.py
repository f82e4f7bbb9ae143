"""How is a session prepared and started?"""

from team_supervisor.adapters import files
from team_supervisor.adapters.workspace import claim
from team_supervisor.apply.tools import FRESH, Tools, change, tell
from team_supervisor.core import messages, tasklist
from team_supervisor.core.events import (
    Event,
    SessionAdopted,
    SessionFailed,
    SessionRetried,
    SessionStarted,
    Warned,
)
from team_supervisor.core.lifecycle import check
from team_supervisor.core.model import DeliveryKind, Doing, Moment, Session, State
from team_supervisor.core.terms import divided
from team_supervisor.core.world import (
    MarkActive,
    Prepare,
    Retry,
)


def prepare(tools: Tools, action: Prepare, now: Moment) -> bool:
    """Claim the directory if that is still to be done, and write what is missing in it.

    session.json and tracker.json come with its list's first reading, in the next look.
    """
    session, workspace = action.session, tools.workspace
    if session.request_name is not None:
        identity = (session.request_device or 0, session.request_inode or 0)
        if not claim(workspace, session.request_name, identity, session.id):
            return _vanished(tools, session, now)
    directory = workspace.directory(session.id)
    directory.mkdir(exist_ok=True)
    workspace.session_control(session.id).mkdir(mode=0o700, exist_ok=True)
    path = directory / "instructions.md"
    instructions = _text(tools, session)
    seed(tools, session)
    found = files.signature(path)
    offset = found.size if found else 0
    text = messages.first_message(session.id, str(path), instructions)
    with tools.store.transaction(durable=False):
        tell(tools, session.id, DeliveryKind.FIRST, text, "first")
        tools.store.update(
            session.id,
            state=check(session.state, State.STARTING),
            instructions_offset=offset,
        )
    return True


def seed(tools: Tools, session: Session) -> None:
    """tasks.md where there is none; an empty one is what a loss of power left of it."""
    path = tools.workspace.directory(session.id) / "tasks.md"
    try:
        missing = not files.read(path)
    except files.Unreadable:
        missing = files.signature(path) is None
    if missing:
        first = tasklist.first_tasks(session.name, divided(_text(tools, session))[1])
        files.write(path, first, durable=False)


def _text(tools: Tools, session: Session) -> str:
    try:
        data = files.read(tools.workspace.directory(session.id) / "instructions.md")
    except files.Unreadable:
        return ""
    return data.decode("utf-8-sig", "replace")


def _vanished(tools: Tools, session: Session, now: Moment) -> bool:
    reason = f"its request {session.request_name} was removed before it could be claimed"
    event = SessionFailed(session=session.id, name=session.name, reason=reason, task=session.task)
    state = check(session.state, State.FAILED)
    change(tools, session, now, event, state=state, reason=reason, ended_at=now.wall)
    return True


def mark_active(tools: Tools, action: MarkActive, now: Moment) -> bool:
    """The host reported a running agent."""
    session, pid = action.session, action.pid or 0
    tools.started(session.id)
    event: Event
    if action.adopted:
        event = SessionAdopted(
            session=session.id, persona=session.persona, name=session.name, pid=pid
        )
        change(tools, session, now, event)
        return True
    event = SessionStarted(
        session=session.id,
        persona=session.persona,
        name=session.name,
        pid=pid,
        attempt=session.attempt,
        resumed=bool(session.resumable),
    )
    tools.store.attempt_running(session.id, session.attempt, action.pid)
    change(
        tools,
        session,
        now,
        event,
        state=check(session.state, State.ACTIVE),
        agent_pid=action.pid,
        started_at=session.started_at or now.wall,
        doing=Doing.WORKING,
        doing_detail="",
        doing_since=now.wall,
        parked_at=None,
    )
    return True


def retry(tools: Tools, action: Retry, now: Moment) -> bool:
    """A person wants an ended session to go on."""
    session = action.session
    if not tools.workspace.directory(session.id).is_dir():
        reason = f"{session.id} cannot be retried: its directory is gone"
        change(tools, session, now, Warned(session=session.id, reason=reason), retry_wanted=0)
        return True
    change(
        tools,
        session,
        now,
        SessionRetried(session=session.id, name=session.name),
        state=check(session.state, State.STARTING),
        retry_wanted=0,
        **FRESH,
    )
    return True

"""How do texts reach an agent, and how is written down what it says?"""

from team_supervisor.adapters import files
from team_supervisor.apply.tools import Tools, change, publish, tell, track
from team_supervisor.core import messages
from team_supervisor.core.conduct import HOPELESS, needs_a_person
from team_supervisor.core.events import (
    AttentionNeeded,
    Delivered,
    DoingChanged,
    Nudged,
    TasksChanged,
)
from team_supervisor.core.model import DeliveryKind, Moment, Session, State
from team_supervisor.core.world import (
    Deliver,
    Hear,
    NoteDoing,
    NoteTasks,
    Nudge,
    NudgeStalled,
    ReadInstructions,
)
from team_supervisor.runners import RUNNERS

# A write of more than PIPE_BUF bytes into a FIFO may be torn.
LONGEST_LINE = 4096


def hear(tools: Tools, action: Hear, now: Moment) -> bool:
    """What the transcript said since the last look, and which messages it answered."""
    session, values = action.session, dict(action.values)
    if session.stall_rung:
        values["stall_rung"] = 0
    if values.get("turn_open") or values.get("turns"):
        values["resumable"] = 1
    if action.turns and _can_hear(session):
        values["restored"] = 0
    with tools.store.transaction(durable=False):
        tools.store.update(session.id, **values)
        for delivery in action.seen:
            tools.store.seen(delivery, now.wall)
        for turn in action.turns:
            tools.store.add_turn(session, turn, now.wall)
    if "turns" in values:
        publish(tools, session.id)
    return True


def _can_hear(session: Session) -> bool:
    """A restored session's turn that cannot succeed has told it nothing."""
    return session.state == State.ACTIVE and session.error_status not in HOPELESS


def note_tasks(tools: Tools, action: NoteTasks, now: Moment) -> bool:
    """New counts; a task more done is progress, which forgives failures."""
    session, reading = action.session, action.reading
    values: dict[str, object] = {"tasks_digest": reading.digest, "tasks_problem": reading.problem}
    if reading.problem is None:
        values |= {
            "tasks_total": reading.total,
            "tasks_done": reading.done,
            "tasks_pause": reading.pause,
            "tasks_most": max(session.tasks_most, reading.total),
            "nudges": 0,
        }
        if session.state == State.ACTIVE:
            values["restored"] = 0
        if reading.done > session.tasks_done:
            values["failures"] = 0
    event = TasksChanged(
        session=session.id,
        name=session.name,
        done=reading.done,
        total=reading.total,
        problem=reading.problem,
    )
    changed = (reading.done, reading.total, reading.problem) != (
        session.tasks_done,
        session.tasks_total,
        session.tasks_problem,
    )
    change(tools, session, now, *([event] if changed else []), **values)
    track(tools, session, session.instructions_offset, reading.digest)
    return True


def note_doing(tools: Tools, action: NoteDoing, now: Moment) -> bool:
    """One event per episode."""
    session = action.session
    event = (
        AttentionNeeded(
            session=session.id, name=session.name, reason=action.detail, doing=action.doing
        )
        if needs_a_person(action.doing, action.detail)
        else DoingChanged(
            session=session.id, name=session.name, doing=action.doing, detail=action.detail
        )
    )
    change(
        tools,
        session,
        now,
        event,
        doing=action.doing,
        doing_detail=action.detail,
        doing_since=now.wall,
    )
    return True


def read_instructions(tools: Tools, action: ReadInstructions, now: Moment) -> bool:
    """What was appended becomes one delivery; the offset moves in the same transaction."""
    session, start, end = action.session, action.start, action.end
    path = tools.workspace.directory(session.id) / "instructions.md"
    data = files.read_from(path, start, min(end - start, files.MEBIBYTE))
    text = data.decode("utf-8", "replace").strip()
    with tools.store.transaction(durable=False):
        tools.store.update(session.id, instructions_offset=end, nudges=0, disputes=0)
        if text:
            message = messages.new_instructions(text, str(path))
            source = f"instructions-{start}-{end}-{files.digest(data)[:8]}"
            tell(tools, session.id, DeliveryKind.INSTRUCTIONS, message, source)
    track(tools, session, end, session.tasks_digest)
    return True


def deliver(tools: Tools, action: Deliver, now: Moment) -> bool:
    """Into the inbox, then recorded: after a crash in between it is sent again under the same
    uuid, which the agent takes once."""
    session, delivery = action.session, action.delivery
    runner = RUNNERS[session.runner]
    line = runner.message(delivery.id, delivery.text)
    if len(line) > LONGEST_LINE:
        line = runner.message(delivery.id, _by_file(tools, session, delivery.id, delivery.text))
    if not files.send(tools.workspace.session_control(session.id) / "inbox", line):
        return False
    what = f"{delivery.kind}: {messages.short(delivery.text, 120)}" if delivery.text else ""
    with tools.store.transaction(durable=False):
        tools.store.sent(delivery.id, now.wall, session.attempt)
        if not runner.TALKS:
            tools.store.seen(delivery.id, now.wall)
        event = Delivered(session=session.id, name=session.name, what=what, id=delivery.id)
        tools.store.record(event, now.wall)
    return True


def _by_file(tools: Tools, session: Session, delivery: str, text: str) -> str:
    directory = tools.workspace.directory(session.id) / "messages"
    files.make_directory(directory)
    path = directory / f"{delivery}.md"
    files.write_new(path, text, real=2)
    return f"You have a new message. It is long: read the whole of it in {path}"


def nudge_stalled(tools: Tools, action: NudgeStalled, now: Moment) -> bool:
    """It may read this in the middle of its turn, if it reads at all."""
    session = action.session
    with tools.store.transaction(durable=False):
        tools.store.update(session.id, stall_rung=1)
        source = f"stall-{session.attempt}-{session.turns}-{session.transcript_offset}"
        tell(tools, session.id, DeliveryKind.NUDGE, messages.stalled(), source)
        event = Nudged(session=session.id, name=session.name, nudges=1, limit=1)
        tools.store.record(event, now.wall)
    return True


def nudge(tools: Tools, action: Nudge, now: Moment) -> bool:
    """Names the open tasks."""
    session = action.session
    nudges = session.nudges + 1
    path = str(tools.workspace.directory(session.id) / "tasks.md")
    text = messages.nudge(action.open_titles, path)
    with tools.store.transaction(durable=False):
        tools.store.update(session.id, nudges=nudges)
        source = f"nudge-{session.attempt}-{session.turns}-{nudges}"
        tell(tools, session.id, DeliveryKind.NUDGE, text, source)
        event = Nudged(
            session=session.id, name=session.name, nudges=nudges, limit=tools.settings.max_nudges
        )
        tools.store.record(event, now.wall)
    return True

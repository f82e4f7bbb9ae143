"""What does each action do to a simulated team?

What must never happen is asserted here, where it would.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from team_supervisor.core.completion import Verdict
from team_supervisor.core.model import (
    DeliveryKind,
    Doing,
    RequestStatus,
    Session,
    Standing,
    State,
    Wanted,
)
from team_supervisor.core.reconcile import plan
from team_supervisor.core.requests import request_name
from team_supervisor.core.restarts import GiveUp, RestartAfter
from team_supervisor.core.world import (
    Action,
    AskToStop,
    ClaimRequest,
    Deliver,
    EndForRestart,
    EndVerification,
    Finish,
    ForgetRequest,
    Hear,
    Launch,
    Life,
    MarkActive,
    NoteDeath,
    NoteDoing,
    NoteTasks,
    NoteVerdict,
    Nudge,
    NudgeStalled,
    Prepare,
    QueueRequest,
    ReadInstructions,
    RejectRequest,
    Reopen,
    Restore,
    Retry,
    SeeRequest,
    Sweep,
    Verify,
    Wake,
)

from .simulation import GONE, Outside, Simulation
from .worlds import row, session


def tick(team: Simulation, seconds: float = 0.0, cut_after: int | None = None) -> list[Action]:
    """The actions that were carried out; after `cut_after` of them the supervisor is killed."""
    team.pass_time(seconds)
    seen = team.look()
    actions = plan(seen)
    assert actions == plan(seen), "the same world gave another plan"
    for action in actions[:cut_after]:
        EFFECTS[type(action)](team, action)
    if cut_after is not None:
        team.restart_supervisor()
    return actions


def prepare(team: Simulation, action: Prepare) -> None:
    one = action.session
    team.post(one, DeliveryKind.FIRST)
    team.set(one, state=State.STARTING)


def launch(team: Simulation, action: Launch) -> None:
    one, outside = action.session, team.outside[action.session.id]
    assert outside.life in GONE, f"launched while {outside.life}"
    assert outside.lives == outside.deaths, "two launches without a death in between"
    assert one.wanted == Wanted.RUN, "launched what is to be stopped"
    assert not outside.archived, "launched an archive"
    if one.attempt_at is None:
        if one.restored:
            team.post(one, DeliveryKind.RESUMED)
        begun = {"attempt_at": team.now.wall, "attempt_done": one.tasks_done}
        team.set(one, restart_wanted=0)
        team.set(one, attempt=one.attempt + 1, restart_at=None, turn_open=0, **begun)
    if not team.launches_fail:
        outside.life, outside.exit, outside.grace = Life.STARTING, None, None
        outside.lives += 1
    team.launches_fail = False


def mark_active(team: Simulation, action: MarkActive) -> None:
    one = action.session
    team.adopted.discard(one.id)
    assert team.outside[one.id].life in (Life.ALIVE, Life.ORPHANED)
    if not action.adopted:
        team.set(one, state=State.ACTIVE, started_at=team.now.wall, doing=Doing.WORKING)


def note_death(team: Simulation, action: NoteDeath) -> None:
    one, then = action.session, action.then
    _close(team, one)
    team.set(one, restart_wanted=0)
    if isinstance(then, RestartAfter):
        assert 0 <= then.failures < 5
        due = team.now.wall + then.delay
        team.set(one, state=State.STARTING, failures=then.failures, restart_at=due)
        return
    if then == State.STARTING:
        team.set(one, state=State.STARTING, restart_at=None)
        return
    ending = State.FAILED if isinstance(then, GiveUp) else then
    team.set(one, state=State.STOPPING, ending=ending, reason="died")


def _close(team: Simulation, one: Session) -> None:
    outside = team.outside[one.id]
    assert outside.life in GONE, f"took for dead what is {outside.life}"
    outside.life, outside.grace = Life.NONE, None
    team.set(one, attempt_at=None, turn_open=0)


def ask_to_stop(team: Simulation, action: AskToStop) -> None:
    one = action.session
    if one.state != State.STOPPING:
        heard = not one.restored or action.ending != State.COMPLETED
        assert heard, "ended before it heard that it was taken back"
        stopping = {"ending": action.ending, "reason": action.reason, "restart_wanted": 0}
        team.set(one, state=State.STOPPING, **stopping)
    if one.attempt_at is not None:
        grace = team.outside[one.id].grace
        # For a restart it may have been asked before: that it stops is new.
        fresh = grace is None or action.grace < grace or one.state != State.STOPPING
        assert fresh, "asked again for nothing"
        team.outside[one.id].grace = action.grace


def end_for_restart(team: Simulation, action: EndForRestart) -> None:
    one = action.session
    assert one.restart_wanted and team.outside[one.id].grace is None, "asked for nothing"
    team.outside[one.id].grace = action.grace


def sweep(team: Simulation, action: Sweep) -> None:
    outside = team.outside[action.session.id]
    assert outside.life == Life.ORPHANED
    outside.die(None)


def finish(team: Simulation, action: Finish) -> None:
    one, outside = action.session, team.outside[action.session.id]
    ending = one.ending or State.STOPPED
    if ending == State.COMPLETED:
        assert outside.tasks and all(outside.tasks), "archived with tasks open"
        assert team.rows[one.id].standing == Standing.VERIFIED, "archived without being verified"
        outside.archived = True
    if one.wanted != Wanted.RUN:
        assert ending in team.may_end[one.id], f"was to be stopped and ended as {ending}"
    _close(team, one)
    if ending == State.PARKED:
        team.set(one, state=State.PARKED, ending=None, parked_at=team.now.wall)
    else:
        team.set(one, state=ending, ended_at=team.now.wall)


def reopen(team: Simulation, action: Reopen) -> None:
    _close(team, action.session)
    team.may_end.get(action.session.id, set()).discard(State.COMPLETED)
    team.set(action.session, state=State.STARTING, ending=None, restart_at=None)


def retry(team: Simulation, action: Retry) -> None:
    fresh = {"failures": 0, "nudges": 0, "restart_at": None, "ended_at": None, "ending": None}
    again = {"standing": Standing.OPEN, "disputes": 0}
    team.set(
        action.session, state=State.STARTING, retry_wanted=0, error_status=None, **fresh, **again
    )


def wake(team: Simulation, action: Wake) -> None:
    fresh = {"nudges": 0, "restart_at": None, "ending": None}
    assert team.outside[action.session.id].life in GONE, "woken while it lives"
    team.set(action.session, state=State.STARTING, retry_wanted=0, error_status=None, **fresh)


def restore(team: Simulation, action: Restore) -> None:
    one, outside = action.session, team.outside[action.session.id]
    assert outside.archived, "taken back what was not put away"
    outside.archived = False
    fresh = {"failures": 0, "nudges": 0, "restart_at": None, "ended_at": None, "ending": None}
    team.set(one, state=State.STARTING, restore_wanted=0, error_status=None, restored=1, **fresh)


def verify(team: Simulation, action: Verify) -> None:
    one, outside = action.session, team.outside[action.session.id]
    assert outside.check in GONE, "two verifications at once"
    assert outside.check == Life.NONE or action.number > one.verification, "verified twice"
    claimed = {"standing": Standing.CLAIMED, "claim_digest": action.mark}
    team.set(one, verification=action.number, **claimed)
    outside.check, outside.verdict = Life.ALIVE, None


def note_verdict(team: Simulation, action: NoteVerdict) -> None:
    one, outside = action.session, team.outside[action.session.id]
    if action.passed:
        assert one.verify == "[]" or outside.verdict == Verdict(True), "believed without proof"
        team.set(one, standing=Standing.VERIFIED, claim_digest=action.mark)
        return
    disputed = {"standing": Standing.DISPUTED, "claim_digest": action.mark}
    team.set(one, disputes=one.disputes + 1, **disputed)
    if one.disputes + 1 < 3:
        team.post(one, DeliveryKind.DISPUTE)


def end_verification(team: Simulation, action: EndVerification) -> None:
    outside = team.outside[action.session.id]
    assert outside.check not in GONE, "ended what does not run"
    outside.check = Life.ENDED


def nudge_stalled(team: Simulation, action: NudgeStalled) -> None:
    team.set(action.session, stall_rung=1)
    team.post(action.session, DeliveryKind.NUDGE)


def hear(team: Simulation, action: Hear) -> None:
    one = action.session
    ended = one.turns > team.rows[one.id].turns
    if one.restored and ended and one.state == State.ACTIVE:
        team.set(one, restored=0)
    team.set(one, **action.values)
    team.heard.pop(action.session.id, None)
    for delivery in action.seen:
        del team.deliveries[delivery]


def note_tasks(team: Simulation, action: NoteTasks) -> None:
    one, found = action.session, action.reading
    counts = {"tasks_done": found.done, "tasks_total": found.total, "nudges": 0}
    if one.state == State.ACTIVE:
        counts["restored"] = 0
    if found.done > one.tasks_done:
        counts["failures"] = 0
    most = max(one.tasks_most, found.total)
    team.set(one, tasks_digest=found.digest, tasks_most=most, **counts)


def note_doing(team: Simulation, action: NoteDoing) -> None:
    said = {"doing": action.doing, "doing_detail": action.detail}
    team.set(action.session, doing_since=team.now.wall, **said)


def read_instructions(team: Simulation, action: ReadInstructions) -> None:
    assert action.start == team.rows[action.session.id].instructions_offset, "read twice"
    team.set(action.session, instructions_offset=action.end, nudges=0, disputes=0)
    team.post(action.session, DeliveryKind.INSTRUCTIONS)


def deliver(team: Simulation, action: Deliver) -> None:
    told = team.deliveries[action.delivery.id]
    attempt = action.session.attempt
    assert told.sent_attempt != attempt, "told twice"
    assert team.outside[action.session.id].life not in GONE, "told the dead"
    sent = {"sent_at": team.now.wall, "sent_attempt": attempt}
    team.deliveries[told.id] = replace(told, **sent)  # type: ignore[arg-type]


def nudge(team: Simulation, action: Nudge) -> None:
    one = action.session
    assert one.nudges < 3 and not one.turn_open, "nudged without need"
    team.set(one, nudges=one.nudges + 1)
    team.post(one, DeliveryKind.NUDGE)


def see(team: Simulation, action: SeeRequest) -> None:
    found = action.look
    team.made += 1
    fresh = row(found.name, id=team.made, inode=found.inode, first_seen_at=team.now.wall)
    before = found.row or fresh
    team.known[found.name] = replace(
        before, status=RequestStatus.WAITING, reason=action.reason or None
    )


def forget(team: Simulation, action: ForgetRequest) -> None:
    del team.known[action.request.name]


def queue(team: Simulation, action: QueueRequest) -> None:
    assert action.look.row is not None
    team.known[action.look.name] = replace(
        action.look.row,
        status=RequestStatus.QUEUED,
        reason=action.reason,
        requester=action.requester,
    )


def reject(team: Simulation, action: RejectRequest) -> None:
    del team.known[action.look.name], team.asked[action.look.name]


def claim(team: Simulation, action: ClaimRequest) -> None:
    found, asker = action.look, action.verdict.requester
    team.places -= 1
    assert team.places >= 0, "more sessions than allowed"
    assert team.accepting, "claimed although the team is stopped"
    assert found.inode not in team.claimed, "claimed twice"
    assert found.waiting is None, "claimed half a request"
    team.claimed.add(found.inode)
    name = request_name(found.name)
    assert name is not None
    one = session(
        State.REQUESTED,
        id=f"{name.persona}-{1_706_012_345_680 + found.inode}",
        persona=name.persona,
        name=name.name,
        created_at=team.now.wall,
        requester=asker.id if asker else None,
        depth=asker.depth + 1 if asker else 0,
    )
    team.rows[one.id], team.outside[one.id] = one, Outside()
    del team.known[found.name], team.asked[found.name]


EFFECTS: dict[type, Callable[[Simulation, Any], None]] = {
    SeeRequest: see,
    ForgetRequest: forget,
    QueueRequest: queue,
    RejectRequest: reject,
    ClaimRequest: claim,
    Prepare: prepare,
    Launch: launch,
    MarkActive: mark_active,
    NoteDeath: note_death,
    AskToStop: ask_to_stop,
    Sweep: sweep,
    EndForRestart: end_for_restart,
    Finish: finish,
    Reopen: reopen,
    Retry: retry,
    Wake: wake,
    Verify: verify,
    NoteVerdict: note_verdict,
    EndVerification: end_verification,
    Restore: restore,
    Hear: hear,
    NoteTasks: note_tasks,
    NoteDoing: note_doing,
    ReadInstructions: read_instructions,
    Deliver: deliver,
    Nudge: nudge,
    NudgeStalled: nudge_stalled,
}

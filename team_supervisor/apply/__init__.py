"""How is each action carried out? Intent first, then effect, then fact."""

from collections.abc import Callable, Sequence
from typing import Any

from team_supervisor.adapters import files
from team_supervisor.apply import (
    again,
    conversation,
    deadlocks,
    ending,
    importing,
    launching,
    logs,
    parking,
    requests,
    restoring,
    starting,
    tasks,
    verifying,
)
from team_supervisor.apply.tools import Tools
from team_supervisor.core import deadlock, taskfacts, world
from team_supervisor.core.logs import MoveLogs
from team_supervisor.core.model import Moment
from team_supervisor.core.together import durable

# Each answers whether anything changed, so that the loop knows when to rest.
EFFECTS: dict[type, Callable[[Tools, Any, Moment], bool]] = {
    world.SeeRequest: requests.see,
    world.ForgetRequest: requests.forget,
    world.QueueRequest: requests.queue,
    world.RejectRequest: requests.reject,
    world.ClaimRequest: requests.claim,
    world.ImportDirectory: importing.import_directory,
    world.Prepare: starting.prepare,
    world.Launch: launching.launch,
    world.MarkActive: starting.mark_active,
    world.NoteDeath: ending.note_death,
    world.AskToStop: ending.ask_to_stop,
    world.Sweep: ending.sweep,
    world.Finish: ending.finish,
    world.Reopen: ending.reopen,
    world.Retry: starting.retry,
    world.RefuseAgain: again.refuse_again,
    deadlock.AnnounceDeadlock: deadlocks.announce,
    deadlock.EndDeadlock: deadlocks.end,
    world.EndForRestart: again.end_for_restart,
    world.Wake: parking.wake,
    world.WarnOfBudget: parking.warn_of_budget,
    world.Verify: verifying.verify,
    world.NoteVerdict: verifying.note_verdict,
    world.EndVerification: verifying.end_verification,
    world.Restore: restoring.restore,
    world.Hear: conversation.hear,
    world.NoteTasks: conversation.note_tasks,
    world.NoteDoing: conversation.note_doing,
    world.ReadInstructions: conversation.read_instructions,
    world.Deliver: conversation.deliver,
    world.Nudge: conversation.nudge,
    world.NudgeStalled: conversation.nudge_stalled,
    MoveLogs: logs.move_logs,
    taskfacts.AskForWorker: tasks.ask_for_worker,
    taskfacts.MoveTask: tasks.move_task,
    taskfacts.TellBeads: tasks.tell_beads,
    taskfacts.StopWorker: tasks.stop_worker,
}


def apply(action: world.Action, tools: Tools, now: Moment) -> bool:
    """Carry out one action; True when something changed."""
    return EFFECTS[type(action)](tools, action, now)


def together(actions: Sequence[world.Action], tools: Tools, now: Moment) -> bool:
    """Carry out one of `groups`, all or none of it; True when something changed."""
    how = durable(actions)
    if how is None:
        return any([apply(action, tools, now) for action in actions])
    with tools.store.transaction(durable=how):
        changed = any([apply(action, tools, now) for action in actions])
        if any(isinstance(action, world.Prepare) for action in actions):
            # A claim that is recorded while its rename may be taken back would be lost.
            files.sync_directory(tools.workspace.root)
    return changed


__all__ = ["EFFECTS", "Tools", "apply", "together"]

"""How does the agent get through its script, turn by turn?"""

from typing import NamedTuple

from team_supervisor.scripted_agent.files import read_text
from team_supervisor.scripted_agent.inbox import Message
from team_supervisor.scripted_agent.plays import play_of
from team_supervisor.scripted_agent.requests import keep_old_promise
from team_supervisor.scripted_agent.script import ScriptError, Step, script_of
from team_supervisor.scripted_agent.stage import Stage
from team_supervisor.scripted_agent.steps import Flow, perform


class Script(NamedTuple):
    """All steps; the first `paced` ones are the default behaviour, done at a human pace."""

    steps: tuple[Step, ...]
    paced: int


def converse(stage: Stage) -> None:
    """One turn for each message, until the input ends."""
    while (message := stage.inbox.next()) is not None:
        if stage.memory.take(message.uuid):
            take_turn(stage, message)
        else:
            stage.stream.replay(message)


def take_turn(stage: Stage, message: Message) -> None:
    """One turn, from its init line to its result line."""
    stage.begin_turn(message)
    try:
        _go_on(stage, load(stage))
    except ScriptError as error:
        stage.fail(str(error))
    stage.end_turn()


def load(stage: Stage) -> Script:
    """The script as instructions.md has it now; later blocks follow the default behaviour."""
    path = stage.place.session / "instructions.md"
    try:
        written = script_of(read_text(path))
    except OSError as error:
        raise ScriptError(f"The instructions cannot be read: {error}.") from error
    if stage.memory.now.builtin is None:
        stage.memory.keep(builtin=not written)
    play = play_of(stage.place) if stage.memory.now.builtin else ()
    return Script(play + written, len(play))


def _go_on(stage: Stage, script: Script) -> None:
    keep_old_promise(stage)
    if stage.memory.now.position >= len(script.steps):
        stage.say("The script has ended; there is nothing left to do.")
    elif stage.memory.now.position < script.paced:
        _charge(stage)
    flow = Flow.NEXT
    while flow is Flow.NEXT and stage.memory.now.position < len(script.steps):
        flow = _next_step(stage, script)
        if flow is Flow.NEXT and stage.hear_arrivals():
            script = load(stage)


def _next_step(stage: Stage, script: Script) -> Flow:
    at = stage.memory.now.position
    flow = perform(stage, script.steps[at])
    if flow is not Flow.AGAIN:
        stage.memory.keep(position=at + 1)
    if flow is Flow.NEXT and at + 1 < script.paced:
        stage.inbox.pause(stage.pace)
    return flow


def _charge(stage: Stage) -> None:
    """Make the default behaviour cost 0.01 to 0.04 USD a turn, the same each time it is run."""
    spread = (stage.memory.now.turns * 7919 + sum(stage.options.session_id.encode())) % 300
    stage.cost += 0.01 + spread / 10_000
    stage.bill.tokens = (2_000 + spread * 20, 300 + spread)

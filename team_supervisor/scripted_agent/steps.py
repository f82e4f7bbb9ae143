"""How is each step of a script carried out?"""

import os
import re
import signal
from collections.abc import Callable
from enum import Enum
from typing import NoReturn

from team_supervisor.scripted_agent import commands, moments, requests, tasks
from team_supervisor.scripted_agent.files import read_text, replace_text
from team_supervisor.scripted_agent.script import Step
from team_supervisor.scripted_agent.stage import Stage, Tool, ToolFailed

ASKED = "Do what the instructions ask"


class Flow(Enum):
    """What follows a step: the next one, the end of the turn, or this step again in a new turn."""

    NEXT = "next"
    END = "end"
    AGAIN = "again"


def perform(stage: Stage, step: Step) -> Flow:
    """Carry out one step."""
    return STEPS[step.verb](stage, step)


def _say(stage: Stage, step: Step) -> Flow:
    stage.say(step.args[0])
    return Flow.NEXT


def _bash(stage: Stage, step: Step) -> Flow:
    tool = Tool("Bash", {"command": step.args[0], "description": "A step of the script"})
    stage.tool(tool, lambda: commands.output_of(step.args[0], stage.place.variables()))
    return Flow.NEXT


def _write(stage: Stage, step: Step) -> Flow:
    path = stage.place.expand(step.args[0])
    text = step.block or unescaped(step.args[1])

    def effect() -> str:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return f"File written: {path}"

    stage.tool(Tool("Write", {"file_path": str(path), "content": text}), effect)
    return Flow.NEXT


def _request(stage: Stage, step: Step) -> Flow:
    text = step.block or unescaped(step.args[2])
    target = stage.place.workspace / f"{step.args[0]}-request-{step.args[1]}"
    tool = Tool("Write", {"file_path": str(target / "instructions.md"), "content": text})
    stage.tool(tool, lambda: requests.make(stage, target, text))
    return Flow.NEXT


def _sleep(stage: Stage, step: Step) -> Flow:
    stage.inbox.pause(float(step.args[0]))
    return Flow.NEXT


def _wait(stage: Stage, step: Step) -> Flow:
    return Flow.END


def _wait_for(stage: Stage, step: Step) -> Flow:
    return _awaited(stage, step.args[0], lambda text: step.args[0] in text)


def _await(stage: Stage, step: Step) -> Flow:
    return _awaited(stage, step.args[0], lambda text: tells_of_the_end_of(step.args[0], text))


def _awaited(stage: Stage, what: str, answers: Callable[[str], bool]) -> Flow:
    for text in stage.memory.now.heard:
        if answers(text):
            stage.memory.forget(text)
            return Flow.NEXT
    stage.say(f"I am waiting for {what}.")
    return Flow.AGAIN


def tells_of_the_end_of(name: str, text: str) -> bool:
    """Whether a line of a message says that the teammate has ended, or was refused."""
    named = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    over = re.compile(r"\b(ended|rejected)\b", re.IGNORECASE)
    return any(named.search(line) and over.search(line) for line in text.splitlines())


def _edit_tasks(stage: Stage, what: str, edit: Callable[[str], str]) -> Flow:
    path = stage.place.tasks

    def effect() -> str:
        replace_text(path, edit(read_text(path)))
        return f"tasks.md updated: {what}"

    stage.tool(Tool("Edit", {"file_path": str(path), "change": what}), effect)
    return Flow.NEXT


def _done(stage: Stage, step: Step) -> Flow:
    which = step.args[0]
    return _edit_tasks(stage, f"done: {which}", lambda text: tasks.mark_done(text, which))


def _add_task(stage: Stage, step: Step) -> Flow:
    title = step.args[0]
    return _edit_tasks(stage, f"new: {title}", lambda text: tasks.with_task(text, title))


def _tasks(stage: Stage, step: Step) -> Flow:
    titles = [title for part in step.args[0].split(" | ") if (title := part.strip())]
    return _edit_tasks(stage, f"the list is now {step.args[0]}", lambda _: tasks.new_list(titles))


def _work(stage: Stage, step: Step) -> Flow:
    try:
        found = tasks.tasks_of(read_text(stage.place.tasks))
    except OSError as error:
        stage.say(f"I cannot read my tasks: {error}")
        return Flow.NEXT
    if not found:
        stage.say("My list has no task, so the instructions are the task.")
        return _edit_tasks(stage, "the only task", lambda text: tasks.with_done_task(text, ASKED))
    for title in [task.title for task in found if not task.done]:
        stage.say(f"I am working on: {title}")
        stage.inbox.pause(stage.pace)
        _edit_tasks(stage, f"done: {title}", tasks.mark_next)
        stage.hear_arrivals()
    return Flow.NEXT


def _cost(stage: Stage, step: Step) -> Flow:
    stage.cost += float(step.args[0])
    return Flow.NEXT


def _tokens(stage: Stage, step: Step) -> Flow:
    used = stage.bill.tokens
    stage.bill.tokens = (used[0] + int(step.args[0]), used[1] + int(step.args[1]))
    return Flow.NEXT


def _exit(stage: Stage, step: Step) -> NoReturn:
    _count_as_done(stage)
    raise SystemExit(int(step.args[0]))


def _crash(stage: Stage, step: Step) -> NoReturn:
    _count_as_done(stage)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("SIGKILL does not return")


def _hang(stage: Stage, step: Step) -> NoReturn:
    _count_as_done(stage)
    while True:
        signal.pause()


def _count_as_done(stage: Stage) -> None:
    stage.memory.keep(position=stage.memory.now.position + 1)


def _ignore_term(stage: Stage, step: Step) -> Flow:
    # Not SIG_IGN, which every command that is started later would inherit.
    signal.signal(signal.SIGTERM, lambda *_: None)
    return Flow.NEXT


def _stderr(stage: Stage, step: Step) -> Flow:
    stage.complain(step.args[0])
    return Flow.NEXT


def _error(stage: Stage, step: Step) -> Flow:
    stage.fail(step.args[1], status=int(step.args[0]))
    return Flow.END


def _rate_limit(stage: Stage, step: Step) -> Flow:
    resets = int(moments.wall() + float(step.args[0]))
    limit = {"status": "rejected", "resetsAt": resets, "rateLimitType": "five_hour"}
    stage.stream.emit("rate_limit_event", rate_limit_info=limit)
    stage.fail("You have reached your usage limit.", status=429)
    return Flow.END


def _deny(stage: Stage, step: Step) -> Flow:
    tool = Tool(step.args[0], {})

    def refuse() -> str:
        raise ToolFailed(f"Permission to use {tool.name} has not been granted.")

    denial = {"tool_name": tool.name, "tool_use_id": stage.tool(tool, refuse), "tool_input": {}}
    stage.bill.denials.append(denial)
    return Flow.NEXT


def _raw(stage: Stage, step: Step) -> Flow:
    stage.stream.line(step.args[0])
    return Flow.NEXT


def _once(stage: Stage, step: Step) -> Flow:
    assert step.inner is not None
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
    marker = stage.place.session / step.args[0]
    try:
        os.close(os.open(marker, flags, 0o644))
    except FileExistsError:
        return Flow.NEXT
    flow = perform(stage, step.inner)
    if flow is Flow.AGAIN:
        marker.unlink()
    return flow


def unescaped(text: str) -> str:
    r"""The text with \n, \t and \\ replaced by what they mean."""
    meant = {"n": "\n", "t": "\t", "\\": "\\"}
    return re.sub(r"\\([nt\\])", lambda m: meant[m[1]], text)


STEPS: dict[str, Callable[[Stage, Step], Flow]] = {
    "say": _say,
    "bash": _bash,
    "write": _write,
    "write-block": _write,
    "request": _request,
    "request-block": _request,
    "sleep": _sleep,
    "wait": _wait,
    "wait-for": _wait_for,
    "await": _await,
    "done": _done,
    "tasks": _tasks,
    "add-task": _add_task,
    "work": _work,
    "cost": _cost,
    "tokens": _tokens,
    "exit": _exit,
    "crash": _crash,
    "hang": _hang,
    "ignore-term": _ignore_term,
    "stderr": _stderr,
    "error": _error,
    "rate-limit": _rate_limit,
    "deny": _deny,
    "raw": _raw,
    "once": _once,
}

"""How is a teammate requested, neither lost nor twice?"""

import os
from pathlib import Path

from team_supervisor.scripted_agent import moments
from team_supervisor.scripted_agent.stage import Stage, Tool, ToolFailed


def make(stage: Stage, target: Path, text: str) -> str:
    """Make a request directory by one rename.

    The promise to rename is kept on disk together with the step that made it, so that an
    agent killed between the two renames once, after it was resumed.
    """
    if os.path.lexists(target):
        raise ToolFailed(f"There is a request {target.name} already.")
    position = stage.memory.now.position
    staged = target.with_name(f".{target.name}.{stage.options.session_id[:8]}.{position}")
    staged.mkdir(exist_ok=True)
    heading = f"## Instructions from {stage.place.name or 'scripted-agent'} ({moments.stamp()})"
    (staged / "instructions.md").write_text(f"{heading}\n\n{text.rstrip()}\n", encoding="utf-8")
    stage.memory.keep(promise=(str(staged), str(target)), position=position + 1)
    return _keep_promise(stage)


def keep_old_promise(stage: Stage) -> None:
    """Finish the request that an agent was killed in, if there is one."""
    if stage.memory.now.promise is not None:
        target = stage.memory.now.promise[1]
        tool = Tool("Write", {"file_path": f"{target}/instructions.md"})
        stage.tool(tool, lambda: _keep_promise(stage))


def _keep_promise(stage: Stage) -> str:
    staged, target = map(Path, stage.memory.now.promise or ("", ""))
    if staged.is_dir():
        _rename(stage, staged, target)
    else:
        stage.memory.keep(promise=None)
    return f"Request made: {target.name}"


def _rename(stage: Stage, staged: Path, target: Path) -> None:
    # Asked first, because a rename onto an empty directory succeeds without a word.
    free = not os.path.lexists(target)
    if free:
        staged.rename(target)
    stage.memory.keep(promise=None)
    if not free:
        raise ToolFailed(f"There is a request {target.name} already; this one is in {staged}.")

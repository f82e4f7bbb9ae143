"""What does a person see and get who steps into a session?"""

import os
import signal
import subprocess
from pathlib import Path

from team_supervisor.adapters import clock
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.cli import options
from team_supervisor.cli.show import (
    Line,
    cells,
    count,
    cut,
    emit,
    fitted,
    look,
    plain,
    safe,
    status,
    styled,
)
from team_supervisor.core.roster import SessionView
from team_supervisor.core.words import dollars
from team_supervisor.errors import TeamError

FALLBACK = "/bin/sh"
PROGRAM = "team-supervisor"
WIDEST = 100
BORDERS = 4
FILES = {
    "instructions.md": "what it was asked, and what was added since",
    "tasks.md": "its own list of tasks",
    "persona-instructions.md": "who it is: its system prompt",
    "transcript.jsonl": "everything that was said and done",
    "stderr.log": "what its program complained of",
    "session.json": "the supervisor's view of it",
    "reason.md": "why it was refused",
}


def enter(workspace: Workspace, session: SessionView, handle: str) -> None:
    """Until the person leaves the shell; `handle` names the session in the commands shown."""
    directory = workspace.root / session.directory
    if directory.is_symlink() or not directory.is_dir():
        raise TeamError(
            f"the directory of {session.id} is gone: {directory} was removed or replaced; "
            "see what is left with `team-supervisor attach --list --all`"
        )
    _print_banner(directory, session, handle)
    # The shell's Ctrl-C is not ours; a handler, as an ignored signal stays ignored in children.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGQUIT, lambda *_: None)
    _run(directory, _environment(workspace, session))
    emit([f"Back from {safe(session.name)} ({session.id})."])


def _run(directory: Path, environ: dict[str, str]) -> None:
    wanted = environ.get("SHELL") or FALLBACK
    for shell in (wanted, FALLBACK):
        try:
            subprocess.run([shell], cwd=directory, env=environ, check=False)
            return
        except OSError as error:
            problem = f"{shell} cannot be started in {directory}: {error.strerror}"
    raise TeamError(f"{problem}; set SHELL to a shell that works")


def _environment(workspace: Workspace, session: SessionView) -> dict[str, str]:
    """TEAM_ATTACHED keeps the supervisor from taking the shell for a process of the agent."""
    environ = {
        **os.environ,
        "TEAM_SESSION_ID": session.id,
        "TEAM_WORKSPACE": str(workspace.root),
        "TEAM_ATTACHED": "1",
    }
    # Last on PATH: for who runs this program from a virtual environment that is not active.
    programs = workspace.control / "bin"
    if programs.is_dir():
        environ["PATH"] = os.pathsep.join([environ.get("PATH", os.defpath), str(programs)])
    return environ


def _print_banner(directory: Path, session: SessionView, handle: str) -> None:
    title = f"{safe(session.name)} · {safe(session.persona)}"
    if not options.rich_output():
        lines = [*_banner(directory, session, WIDEST), (), *_ways(session, handle)]
        emit([title, *map(plain, lines), ""])
        return
    from rich.box import ROUNDED
    from rich.console import Console, Group
    from rich.panel import Panel
    from rich.text import Text

    console = Console(highlight=False)
    width = min(console.width, WIDEST)
    lines = [*_banner(directory, session, width - BORDERS), (), *_ways(session, handle)]
    name = Text(cut(title, width - 10), style="bold")
    style = look(session)[1].split()[-1]
    console.print(
        Panel(
            Group(*map(styled, lines)),
            title=name,
            title_align="left",
            box=ROUNDED,
            border_style=style,
            width=width,
        )
    )


def _banner(directory: Path, session: SessionView, width: int) -> list[Line]:
    mark, style = look(session)
    facts = [f"{count(session)} tasks", dollars(session.cost_usd)]
    facts += [f"PID {session.pid}"] if session.pid else []
    words = cut(f"{mark} {status(session, clock.now().wall)}", width)
    return [
        ((words, style),),
        ((cut(" · ".join([session.id, *facts]), width), "dim"),),
        ((cut(str(directory), width), "dim"),),
        (),
        *_files(directory),
    ]


def _files(directory: Path) -> list[Line]:
    return [
        ((f"{name:<25}", "cyan"), (about, ""))
        for name, about in FILES.items()
        if os.path.lexists(directory / name)
    ]


def _ways(session: SessionView, handle: str) -> list[Line]:
    """What can be done from here."""
    ways = {
        f'{PROGRAM} say {handle} "…"': "to talk to it",
        f"{PROGRAM} attach --follow {handle}": "to watch it",
        "exit": "to come back",
    }
    if session.ended:
        ways.pop(f'{PROGRAM} say {handle} "…"')
    room = max(map(cells, ways))
    return [((f"{fitted(way, room)}  ", "bold"), (what, "")) for way, what in ways.items()]

"""Which verbs are there, and what becomes of an error?"""

import errno
import os
import sys
from importlib import import_module
from typing import NoReturn

import click

from team_supervisor import __version__
from team_supervisor.errors import TeamError

# One verb, one file; a file is imported when its verb is used, so that `--help` stays fast.
VERBS = {
    "team": ("team", "Start, stop and look at the team of a workspace."),
    "orchestrate": ("orchestrate", "Run the team: start, watch, restart, complete, archive."),
    "track": ("track", "Watch the team's status, refreshed in place."),
    "attach": ("attach", "Step into a session: a shell in its directory, or its conversation."),
    "agents": ("agents", "See how well each agent is, and what was done; restart or end one."),
    "say": ("say", "Put a message into a session's running conversation."),
    "logs": ("logs", "Show what a session said and did."),
    "request": ("request", "Ask for a teammate, the atomic way."),
    "retry": ("retry", "Let a failed or stopped session go on."),
    "restore": ("restore", "Take an archived session back to work."),
    "archive": ("archive", "Write all there is of a session into one portable file."),
    "why": ("why", "Say why a session is in the state it is shown in."),
    "history": ("history", "Show everything that happened to a session."),
    "costs": ("costs", "Show what each session, persona or day cost."),
    "budget": ("budget", "Show the budgets and what is spent of them; set one."),
    "tasks": ("tasks", "Import, show and change the plan; show the tasks of a session or file."),
    "iterations": ("iterations", "Divide the plan into iterations; one is active at a time."),
    "queue": ("queue", "See and steer which task of the plan starts next."),
    "projects": ("projects", "Register projects, see how each is, start and stop them."),
    "ready": ("ready", "List the tasks that could start now, over all projects."),
    "tick": ("tick", "Decide once for all projects what starts and ends; for cron and scripts."),
    "personas": ("personas", "List, show and check personas."),
    "service": ("service", "Have the team supervised for good, from each login on."),
    "notify": ("notify", "Be told elsewhere of what needs you; see what waits to be delivered."),
    "config": ("config", "Get and set what holds for all projects of this machine."),
    "schedule": ("schedule", "Have cron run the tick, as long as there is something to do."),
    "doctor": ("doctor", "Check this machine: claude, sign-in, disk, file system, tmux."),
    "demo": ("demo", "Run a scripted team in a temporary workspace, in view; no account needed."),
}

INTERNAL = 3


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"team_supervisor.cli.{VERBS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in VERBS.items()])


@click.group(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with: team-supervisor team start 'Build a REST API' --run",
)
@click.version_option(__version__, "-V", "--version", prog_name="team-supervisor")
def main() -> None:
    """Supervise a team of coding agents that works in one directory.

    One directory in, one Claude Code process running, one archive out.
    """


def run() -> NoReturn:
    """The one place where errors become sentences and exit codes."""
    try:
        code = main(standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit) as error:
        _reader_has_enough(error)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception as error:
        sys.exit(_say(error))
    # `ctx.exit(1)` comes back as a value.
    sys.exit(code if isinstance(code, int) else 0)


def _say(error: Exception) -> int:
    """One sentence on standard error; the exit code."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.ClickException():
            _show_usage(error)
            return error.exit_code
        case TeamError():
            click.echo(f"Error: {_shown(str(error))}", err=True)
            return error.exit_code
    if sentence := _of_the_machine(error):
        click.echo(f"Error: {_shown(sentence)}", err=True)
        return TeamError.exit_code
    return _internal(error)


def _reader_has_enough(error: BrokenPipeError | SystemExit) -> NoReturn:
    """`| head`: no error. Python would complain again while closing stdout.

    Click, where it meets the closed pipe first, ends with 1.
    """
    replaced = type(sys.stdout).__name__.endswith("PacifyFlushWrapper")
    if isinstance(error, SystemExit) and not replaced:
        raise error
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
    sys.exit(0)


def _show_usage(error: click.ClickException) -> None:
    """As click shows it, but for what was on the command line that commands a terminal."""
    from io import StringIO

    from team_supervisor.core.progress import plain

    shown = StringIO()
    error.show(file=shown)
    click.echo(plain(shown.getvalue()), err=True, nl=False)


def _shown(sentence: str) -> str:
    """Names and paths in it are anybody's: they must not command the terminal."""
    from team_supervisor.core.progress import clean

    return clean(sentence, 4000)


# What the machine refuses is not a bug: the person frees space or mends permissions.
_REFUSALS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})


def _of_the_machine(error: Exception) -> str | None:
    """A sentence when the disk is full or the workspace can't be written."""
    if isinstance(error, OSError) and error.errno in _REFUSALS:
        where = error.filename or "the workspace"
        return f"{where} cannot be written ({error.strerror}): free space or mend its permissions"
    if type(error).__name__ == "OperationalError":
        return f"the workspace's database cannot be used ({error}): see that its disk has room"
    if type(error).__name__ == "DatabaseError":
        return (
            f"the workspace's database is broken ({error}): run `orchestrate`, which keeps it "
            "aside and builds a new one from the session directories"
        )
    return None


def _internal(error: Exception) -> int:
    """A bug: one sentence, and everything else in a log file."""
    import platform
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w", prefix="team-supervisor-", suffix=".log", delete=False
    ) as log:
        log.write(f"team-supervisor {__version__}, Python {platform.python_version()}\n")
        log.write(f"{platform.platform()}\n\n")
        traceback.print_exception(error, file=log)
    click.echo(
        f"Error: something unexpected happened ({type(error).__name__}: {_shown(str(error))}). "
        f"It is a bug; the details are in {log.name}",
        err=True,
    )
    return INTERNAL

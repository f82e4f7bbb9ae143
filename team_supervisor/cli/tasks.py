"""How does a person, or a worker, see and change the plan?"""

from importlib import import_module

import click

# One file for those that look, one for those that change; imported when one is used.
VERBS = {
    "import": ("importing", "Read tasks from specifications, a check list or beads."),
    "list": ("planning", "Show the tasks of the plan, or those in some state."),
    "show": ("planning", "Show all there is of one task."),
    "plan": ("planning", "Show the waves in which the tasks can be done."),
    "graph": ("planning", "Draw what needs what, as text, Mermaid, DOT or SVG."),
    "add": ("tasking", "Add a task to the plan."),
    "edit": ("tasking", "Change what a task is."),
    "done": ("tasking", "Report a task done."),
    "fail": ("tasking", "Report that a task failed; its worker is stopped."),
    "block": ("tasking", "Report that a task waits for somebody."),
    "retry": ("tasking", "Put a failed, blocked or cancelled task into the queue again."),
    "cancel": ("tasking", "Take a task out of the plan; its worker is stopped."),
}
EPILOG = """\b
Examples:
  team-supervisor tasks import specs/
  team-supervisor tasks plan
  team-supervisor tasks software-engineer-1706012345680
  team-supervisor tasks plan.md --json
"""


class _Tasks(click.Group):
    """`tasks SESSION|FILE` shows a tasks.md, as long as no subcommand has that name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in VERBS and args[0] not in ("-h", "--help"):
            args = ["of", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return _command("taskfile", "command")
        return _command(VERBS[cmd_name][0], f"{cmd_name}_")

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return ["COMMAND | SESSION | FILE", "[ARGS]..."]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in VERBS.items()])


def _command(module: str, name: str) -> click.Command:
    found: click.Command = getattr(import_module(f"team_supervisor.cli.{module}"), name)
    return found


@click.group("tasks", cls=_Tasks, epilog=EPILOG)
def command() -> None:
    """Import, show and change the plan; or show the tasks of a SESSION, or of a Markdown FILE.

    A task of the plan becomes a request as soon as what it needs is completed and the queue has
    room; its session is its worker. In a tasks.md a task is a heading "Task: title" with an item
    "Status: completed" (or pending, in progress, ...) below it, or a check box "- [ ] title".
    """

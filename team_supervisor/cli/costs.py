"""costs: what did what cost?"""

import json
from collections import Counter
from typing import TYPE_CHECKING

import click

from team_supervisor.cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from team_supervisor.adapters.store import Store
    from team_supervisor.core.costs import Cost, Turn

EPILOG = """\b
Examples:
  team-supervisor costs
  team-supervisor costs --by day
  team-supervisor costs --by persona --json | jq .total.cost_usd
"""


@click.command("costs", epilog=EPILOG)
@click.option(
    "--by",
    type=click.Choice(["session", "persona", "day"]),
    default="session",
    show_default=True,
    help="What each line is for.",
)
@options.as_json
@options.workspace
def command(by: str, workspace: str, as_json: bool) -> None:
    """Show what the team cost, turn by turn counted once, over all restarts and resumes.

    By session, a second amount adds the sessions that it asked for, and those that they asked for.
    """
    import msgspec

    from team_supervisor.cli import sessions
    from team_supervisor.core import costs

    _, store = sessions.opened(workspace)
    turns = _turns(store)
    lines = _lines(by, turns, store)
    whole = costs.total(turns)
    if as_json:
        shown = {"by": by, "costs": msgspec.to_builtins(lines), "total": msgspec.to_builtins(whole)}
        click.echo(json.dumps(shown, indent=2))
        return
    _print([*lines, whole], by)


def _turns(store: "Store") -> "list[Turn]":
    from datetime import datetime

    from team_supervisor.core.costs import Turn

    return [
        Turn(
            session=row["session"],
            day=f"{datetime.fromtimestamp(row['at']):%Y-%m-%d}",
            cost_usd=row["cost_usd"],
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
        )
        for row in store.turns()
    ]


def _lines(by: str, turns: "list[Turn]", store: "Store") -> "list[Cost]":
    from team_supervisor.core import costs

    if by == "day":
        return costs.by_day(turns)
    sessions = store.sessions()
    if by == "persona":
        return costs.by_persona(turns, sessions)
    return costs.by_session(turns, sessions)


def _print(costs: "Sequence[Cost]", by: str) -> None:
    """Aligned by hand, so that a pipe and a terminal read the same; the sum stands last."""
    from team_supervisor.cli.show import cells, emit
    from team_supervisor.core.progress import clean

    often = Counter(cost.called for cost in costs if cost.called)
    rows = [_row(cost, by, often) for cost in costs]
    heads = [by.upper(), "TURNS", "IN", "OUT", "COST", *(["WITH ASKED"] if by == "session" else [])]
    widths = [max(cells(row[n]) for row in [heads, *rows]) for n in range(len(heads))]
    lines = []
    for row in [heads, *rows]:
        name = clean(row[0], 80)
        first = name + " " * (widths[0] - cells(name))
        lines.append("  ".join([first, *(f"{c:>{w}}" for c, w in zip(row[1:], widths[1:]))]))
    emit(_styled(lines))


def _label(cost: "Cost", often: "Mapping[str, int]") -> str:
    """Its name, or its id where several have that name."""
    return cost.called if often.get(cost.called) == 1 else cost.name


def _row(cost: "Cost", by: str, often: "Mapping[str, int]") -> list[str]:
    from team_supervisor.core.words import dollars, tokens

    row = [
        f"{cost.called} ({cost.name})" if cost.called else cost.name,
        str(cost.turns),
        tokens(cost.input_tokens),
        tokens(cost.output_tokens),
    ]
    row.append(dollars(cost.cost_usd))
    if by == "session":
        row.append("" if cost.with_asked_usd is None else dollars(cost.with_asked_usd))
    return row


def _styled(lines: list[str]) -> list[str]:
    import os

    if not options.rich_output() or os.environ.get("NO_COLOR"):
        return lines
    first, *middle, last = lines
    return [click.style(first, dim=True), *middle, click.style(last, bold=True)]

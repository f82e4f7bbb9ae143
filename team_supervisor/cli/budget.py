"""How does a person see and change what may be spent?"""

import json
import os
from typing import Any, NamedTuple

import click

from team_supervisor.adapters import clock, locks
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.cli import options
from team_supervisor.cli.sessions import find, opened
from team_supervisor.core import terms
from team_supervisor.core.budgets import Account, account_of
from team_supervisor.core.model import Session
from team_supervisor.core.progress import clean
from team_supervisor.core.words import age, dollars, tokens
from team_supervisor.errors import UsageError

EPILOG = """\b
Examples:
  team-supervisor budget
  team-supervisor budget api-developer 5
  team-supervisor budget api-developer --time 3h
  team-supervisor budget --team 50 --day 20
"""


class Wish(NamedTuple):
    """What one session may spend from now on: dollars, seconds; None leaves it."""

    usd: float | None
    seconds: float | None


class Line(NamedTuple):
    """One budget: whose it is, and what it is of."""

    name: str
    account: Account


@click.command(epilog=EPILOG)
@click.argument("session", required=False)
@click.argument("usd", required=False, type=options.usd)
@click.option("--time", metavar="TIME", help="How long SESSION may run in all: 90, 45m, 2h.")
@click.option("--team", type=options.usd, metavar="USD", help="What the team may spend in all.")
@click.option("--day", type=options.usd, metavar="USD", help="What the team may spend in a day.")
@options.as_json
@options.workspace
def command(
    session: str | None, usd: float | None, workspace: str, as_json: bool, **more: Any
) -> None:
    """Show the budgets and what is spent of them, or set one.

    With SESSION and USD that session may spend so much, over all its processes; a session that is
    parked because its budget was spent goes on by itself. What is set here comes before team.yaml.
    """
    seconds = None if more["time"] is None else _seconds(more.pop("time"))
    if session is not None and usd is None and seconds is None:
        raise UsageError(f"how many dollars may {session} spend? give them after its name")
    if session is None and seconds is not None:
        raise UsageError("whose time is it? name the session before --time")
    found, store = opened(workspace)
    meant = find(store, session) if session else None
    store.close()
    amounts = {scope: amount for scope, amount in more.items() if amount is not None}
    if meant is not None or amounts:
        _set(found, meant, Wish(usd, seconds), amounts)
    _show(found, as_json)


def _seconds(time: str) -> float:
    try:
        return terms.seconds(
            "--time", float(time) if time.replace(".", "", 1).isdecimal() else time
        )
    except terms.TermsError:
        words = f"--time must be seconds, or a time such as 45m or 2h; it is {time!r}"
        raise UsageError(words) from None


def _set(found: Workspace, session: Session | None, wish: Wish, amounts: dict[str, float]) -> None:
    from team_supervisor.money import SET_BY_COMMAND

    store = open_store(found.database)
    with store.transaction():
        if session is not None and wish.usd is not None:
            store.want_budget(session.id, wish.usd)
        if session is not None and wish.seconds is not None:
            store.want_time(session.id, wish.seconds)
        for scope, amount in amounts.items():
            store.set_team(SET_BY_COMMAND[scope], str(amount))
    store.close()
    locks.ring(found.doorbell)


def _show(found: Workspace, as_json: bool) -> None:
    _, store = opened(str(found.root))
    lines = _lines(found, store)
    store.close()
    if as_json:
        rows = [_row(line) for line in lines]
        click.echo(json.dumps({"budgets": rows}, indent=2))
        return
    width = max(len(line.name) for line in lines)
    for line in lines:
        click.echo(f"{line.name:<{width}}  {_words(line.account)}")


def _lines(found: Workspace, store: Store) -> list[Line]:
    from team_supervisor.money import Money, with_options
    from team_supervisor.settings import load

    now = clock.now()
    settings, _ = load(found.settings, os.environ)
    if locks.held_by(found.lock):
        settings = with_options(settings, store)
    bounds = Money(settings, store).bounds(now)
    team = [
        Line("team", Account("the team's", bounds.budgets.team, store.spent_since(0.0, now.wall))),
        Line(
            "today",
            Account(
                "today's",
                bounds.budgets.day,
                store.spent_since(clock.midnight(now.wall), now.wall),
            ),
        ),
    ]
    live = [s for s in store.sessions() if not s.ended]
    return team + [Line(clean(s.name, 40), account_of(s, bounds.budgets, now)) for s in live]


def _words(account: Account) -> str:
    _, budget, spent = account
    parts = [_of(dollars(spent.usd), budget.usd is not None, dollars(budget.usd or 0))]
    parts.append(_of(tokens(spent.tokens), budget.tokens is not None, tokens(budget.tokens or 0)))
    parts.append(_of(age(spent.seconds), budget.seconds is not None, age(budget.seconds or 0)))
    return f"{parts[0]}, {parts[1]} tokens, {parts[2]} of agents at work"


def _of(spent: str, limited: bool, limit: str) -> str:
    return f"{spent} of {limit}" if limited else spent


def _row(line: Line) -> dict[str, object]:
    budget, spent = line.account.budget, line.account.spent
    return {
        "name": line.name,
        "usd": {"spent": round(spent.usd, 6), "budget": budget.usd},
        "tokens": {"spent": spent.tokens, "budget": budget.tokens},
        "seconds": {"spent": round(spent.seconds, 1), "budget": budget.seconds},
    }

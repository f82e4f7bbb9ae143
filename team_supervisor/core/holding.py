"""Which limits keep a session from going on right now?"""

from team_supervisor.core.budgets import Account, account_of, exhausted, first, left_usd, nearly
from team_supervisor.core.model import Session
from team_supervisor.core.world import WarnOfBudget, World

# A team that comes back from a rate limit comes back within this time (seconds).
LONGEST_STAGGER = 60.0


def held(session: Session, world: World) -> bool:
    """No new turn and no process for it now."""
    return limited(session, world) or over_budget(session, world) is not None


def limited(session: Session, world: World) -> bool:
    until = limited_until(session, world)
    return until is not None and until > world.now.wall


def limited_until(session: Session, world: World) -> float | None:
    """Its own limit, or the one of the account that the whole team works with.

    Each comes back a little later than the one before it, so that they do not run into the
    next limit together. Who was told itself of the end of its limit knows it best.
    """
    team = team_limit(world)
    if team is None or (session.rate_limited_until is None and not world.rules.share_rate_limits):
        return None
    if not world.rules.share_rate_limits:
        return session.rate_limited_until
    return team + _stagger(session, world)


def limited_anew(others: int, world: World) -> bool:
    """Who is new comes back from the team's limit after all the `others` that live."""
    team = team_limit(world)
    if team is None or not world.rules.share_rate_limits:
        return False
    return team + _nth(others, world) > world.now.wall


def team_limit(world: World) -> float | None:
    """When the latest of the limits ends that any live session was told of."""
    return world.census.limited_until


def _stagger(session: Session, world: World) -> float:
    return _nth(world.census.before.get(session.id, 0), world)


def _nth(before: int, world: World) -> float:
    return min(before * world.rules.stagger, LONGEST_STAGGER)


def over_budget(session: Session, world: World) -> str | None:
    """Which budget is spent, in words."""
    return first(exhausted(account) for account in accounts(session, world))


def out_of_time(session: Session, world: World) -> bool:
    """Money is counted when a turn ends; time runs out in the middle of one, too."""
    its = account_of(session, world.rules.budgets, world.now)
    return its.budget.seconds is not None and its.spent.seconds >= its.budget.seconds


def outgrown(session: Session, world: World) -> bool:
    """Its process ended a turn at what was left when it started, and more is left by now.

    A process that spent nothing met somebody else's 402, and a new one would meet it again.
    """
    cap = world.rules.process_usd
    if session.error_status != 402 or session.cost_attempt <= 0:
        return False
    if cap is not None and session.cost_attempt >= cap:
        return False
    return left_usd(accounts(session, world)) is not None


def accounts(session: Session, world: World) -> tuple[Account, ...]:
    return (account_of(session, world.rules.budgets, world.now), *team_accounts(world))


def team_accounts(world: World) -> tuple[Account, ...]:
    budgets = world.rules.budgets
    return (
        Account("the team's", budgets.team, world.spent_team),
        Account("today's", budgets.day, world.spent_today),
    )


def warnings(world: World) -> list[WarnOfBudget]:
    """One for each budget that passes its share, once; who was not looked at spent nothing new.

    What one turn carries past its end is spent, and was never nearly so.
    """
    share = world.rules.budgets.warn_at
    found: list[WarnOfBudget] = []
    for session in (facts.session for facts in world.sessions):
        if session.ended or session.budget_warned:
            continue
        its = account_of(session, world.rules.budgets, world.now)
        if words := exhausted(its) or nearly(its, share):
            found.append(WarnOfBudget(session, "session", words))
    stamps = ("team", f"day {world.today}")
    for name, account in zip(stamps, team_accounts(world), strict=True):
        stamp = f"{name} {account.budget}"
        if stamp in world.warned:
            continue
        if words := exhausted(account) or nearly(account, share):
            found.append(WarnOfBudget(None, name.split(" ")[0], words, stamp))
    return found

"""What may be spent, what is spent, and what follows when it is?"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from team_supervisor.core.model import Moment, Session
from team_supervisor.core.words import age, dollars, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Dollars, tokens (in and out), seconds of running agents; None is no limit."""

    usd: float | None = None
    tokens: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Of each session, of the team for good, and of the team for one day.

    `reserve_usd` is set aside for a session without a budget of its own before it starts.
    """

    session: Budget = Budget()
    team: Budget = Budget()
    day: Budget = Budget()
    reserve_usd: float = 0.5
    warn_at: float = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """In the units of a Budget."""

    usd: float = 0.0
    tokens: int = 0
    seconds: float = 0.0


class Account(NamedTuple):
    """One budget, what is spent of it, and whose it is."""

    scope: str
    budget: Budget
    spent: Spent


def worked(session: Session, now: Moment) -> float:
    """Seconds in which a process of this session ran; a clock that was set changes nothing."""
    begun = session.attempt_monotonic
    if session.attempt_at is None or begun is None:
        return session.worked_before
    # A monotonic clock that is behind is another boot's: that process is gone.
    return session.worked_before + max(0.0, now.monotonic - begun)


def account_of(session: Session, budgets: Budgets, now: Moment) -> Account:
    """A session's own budget: what it was given comes before what holds for all."""
    usd = budgets.session.usd if session.budget_usd is None else session.budget_usd
    seconds = budgets.session.seconds if session.timeout is None else session.timeout
    budget = replace(budgets.session, usd=usd, seconds=seconds)
    used = session.input_tokens + session.output_tokens
    return Account(
        "its", budget, Spent(usd=session.cost_usd, tokens=used, seconds=worked(session, now))
    )


def exhausted(account: Account) -> str | None:
    """`its budget of $2.00 is spent ($2.03)`; None while there is something left."""
    return _reached(account, 1.0, "is spent")


def nearly(account: Account, share: float) -> str | None:
    """`$1.63 of its budget of $2.00 is spent`, from `share` of it on."""
    return _reached(account, share, "is nearly spent")


def _reached(account: Account, share: float, how: str) -> str | None:
    scope, budget, spent = account
    if budget.usd is not None and spent.usd >= budget.usd * share:
        return f"{scope} budget of {dollars(budget.usd)} {how} ({dollars(spent.usd)})"
    if budget.tokens is not None and spent.tokens >= budget.tokens * share:
        return f"{scope} budget of {tokens(budget.tokens)} tokens {how} ({tokens(spent.tokens)})"
    if budget.seconds is not None and spent.seconds >= budget.seconds * share:
        return f"{scope} time of {age(budget.seconds)} {how} ({age(spent.seconds)})"
    return None


def first(words: Iterable[str | None]) -> str | None:
    return next((each for each in words if each), None)


def reserved(session: Session, budgets: Budgets) -> float:
    """Dollars that are still set aside for a live session."""
    return max(0.0, reserve(session.budget_usd, budgets) - session.cost_usd)


def reserve(budget_usd: float | None, budgets: Budgets) -> float:
    """Dollars to set aside for a session that is to start."""
    own = budgets.session.usd if budget_usd is None else budget_usd
    return budgets.reserve_usd if own is None else own


def granted(asked: float | None, persona: float | None, budgets: Budgets) -> float | None:
    """Dollars of a new session's own; None: what holds for each.

    Who asks may ask for less than its persona or team.yaml allows, never for more.
    """
    most = budgets.session.usd if persona is None else persona
    if asked is None or (most is not None and asked > most):
        return persona
    return asked


def lacking(accounts: Iterable[Account], set_aside: float, needed: float) -> str | None:
    """Why a session that needs so many dollars cannot start now."""
    for scope, budget, spent in accounts:
        if budget.usd is not None and spent.usd + set_aside + needed > budget.usd:
            kept = f", {dollars(set_aside)} is set aside for those at work" if set_aside else ""
            return (
                f"{scope} budget of {dollars(budget.usd)} has no {dollars(needed)} left for it "
                f"({dollars(spent.usd)} is spent{kept}): raise it with `budget`"
            )
    return None


def left_usd(accounts: Iterable[Account]) -> float | None:
    """The least that any of these budgets has left; None where none is limited."""
    left = (a.budget.usd - a.spent.usd for a in accounts if a.budget.usd is not None)
    found = least(left)
    return None if found is None else max(0.0, found)


def least(amounts: Iterable[float | None]) -> float | None:
    return min((amount for amount in amounts if amount is not None), default=None)

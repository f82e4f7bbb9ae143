"""How does a parked session get a process again, and who hears of money?"""

from team_supervisor.apply.tools import Tools, change
from team_supervisor.core.events import BudgetWarned, SessionWoken
from team_supervisor.core.lifecycle import check
from team_supervisor.core.model import Moment, Standing, State
from team_supervisor.core.world import Wake, WarnOfBudget


def wake(tools: Tools, action: Wake, now: Moment) -> bool:
    """It is started as after any other end of its process, in its conversation."""
    session = action.session
    again = {"standing": Standing.OPEN, "disputes": 0} if session.retry_wanted else {}
    change(
        tools,
        session,
        now,
        SessionWoken(session=session.id, name=session.name),
        state=check(session.state, State.STARTING),
        retry_wanted=0,
        ending=None,
        reason=None,
        restart_at=None,
        error_status=None,
        nudges=0,
        **again,
    )
    return True


def warn_of_budget(tools: Tools, action: WarnOfBudget, now: Moment) -> bool:
    """Once for each budget; a budget that was raised warns again."""
    session = action.session
    if session is not None:
        event = BudgetWarned(
            session=session.id, name=session.name, scope=action.scope, words=action.words
        )
        change(tools, session, now, event, budget_warned=1)
        return True
    with tools.store.transaction(durable=False):
        tools.store.set_team(f"warned_{action.scope}", action.stamp)
        tools.store.record(BudgetWarned(scope=action.scope, words=action.words), now.wall)
    return True

"""Which state may follow which?"""

from team_supervisor.core.model import State

# Everything that says which transition is allowed lives in this table (after h11's _state.py).
FOLLOWS: dict[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.STARTING, State.STOPPED, State.FAILED}),
    State.STARTING: frozenset({State.ACTIVE, State.STOPPING, State.STOPPED, State.FAILED}),
    State.ACTIVE: frozenset({State.STARTING, State.STOPPING, State.STOPPED, State.FAILED}),
    State.STOPPING: frozenset(
        {State.STARTING, State.PARKED, State.COMPLETED, State.FAILED, State.STOPPED}
    ),
    State.PARKED: frozenset({State.STARTING, State.STOPPING, State.FAILED}),
    State.COMPLETED: frozenset({State.STARTING}),
    State.FAILED: frozenset({State.STARTING}),
    State.STOPPED: frozenset({State.STARTING}),
}


class IllegalTransition(Exception):
    """A bug: a state was to follow another that it cannot follow."""


def check(before: State, after: State) -> State:
    """`after`, or IllegalTransition when it cannot follow `before`; staying is allowed."""
    if after != before and after not in FOLLOWS[before]:
        raise IllegalTransition(f"a session cannot go from {before} to {after}")
    return after

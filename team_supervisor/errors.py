"""What can go wrong that a person must hear of, and with which exit code?"""

from collections.abc import Sequence


class TeamError(Exception):
    """Something a person can mend; the message is one sentence that says how."""

    exit_code = 1


class UsageError(TeamError):
    """The command line or a settings file asks for something that makes no sense."""

    exit_code = 2


class AgentNotFound(UsageError):
    """No session is meant by this name."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"agent not found: there is no session {name!r}: see `team-supervisor attach --list`"
        )


class UnknownTask(UsageError):
    """No task of the plan has this id; `near` are those that nearly have it."""

    def __init__(self, name: str, near: Sequence[str] = ()) -> None:
        asks = f"did you mean {', '.join(near)}?" if near else "see `team-supervisor tasks list`"
        super().__init__(f"unknown task {name!r}: {asks}")


class ProjectNotRegistered(UsageError):
    """No project of this machine is meant by this name; `known` says which there are."""

    def __init__(self, name: str, known: str) -> None:
        super().__init__(f"project {name!r} is not registered: {known}")


class DependencyCycle(UsageError):
    """Tasks that wait for one another; `ring` names them, the first one last again."""

    def __init__(self, ring: str) -> None:
        super().__init__(
            f"dependency cycle: these tasks wait for one another: {ring}; nothing was changed: "
            "take one dependency out"
        )


class NoAvailableWork(TeamError):
    """Nothing of the plan can start; `why` says what each open task waits for."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no task of the plan can start: {why}")


class SingletonViolated(TeamError):
    """Of this persona there may be only one session, and `other` lives."""

    def __init__(self, persona: str, other: str) -> None:
        super().__init__(
            f"there may be only one {persona}, and {other} lives: stop that one first "
            f"(`team-supervisor agents kill {other}`), or wait until it ends"
        )


class WorkspaceBusy(TeamError):
    """Another supervisor holds this workspace."""

    exit_code = 4

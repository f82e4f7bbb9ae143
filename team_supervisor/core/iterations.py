"""Whose turn is it: which part of a plan may start, and which one is closed for good?"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from team_supervisor.core.taskgraph import OVER, Task

# What tasks belong to that name no iteration.
DEFAULT = "default"
LONGEST = 48


class Phase(StrEnum):
    """Where an iteration is; each follows the one before it, and nothing follows the last."""

    PLANNING = "planning"
    ACTIVE = "active"
    COMPLETE = "complete"


class IterationError(ValueError):
    """What cannot be done with an iteration; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Iteration:
    """Numbered as they were made, from 1; times are wall-clock seconds."""

    number: int
    name: str
    state: Phase = Phase.PLANNING
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Iterations:
    """All of a workspace, by number."""

    all: tuple[Iteration, ...] = ()

    @property
    def active(self) -> Iteration | None:
        return next((each for each in self.all if each.state == Phase.ACTIVE), None)

    def get(self, name: str) -> Iteration | None:
        """By its name, else by its number."""
        named = next((each for each in self.all if each.name == name), None)
        return named or next((each for each in self.all if str(each.number) == name), None)

    def wanted(self, name: str) -> Iteration:
        """The same, or an error that says which there are."""
        if found := self.get(name):
            return found
        known = ", ".join(each.name for each in self.all[-8:])
        hint = f"there are {known}" if known else "there are none"
        raise IterationError(
            f"unknown iteration {name!r}: {hint}; `team-supervisor iterations add NAME` makes one"
        )

    def waits(self, name: str | None) -> str | None:
        """Why no task of this iteration starts; None when it is its turn."""
        active = self.active
        if not name:
            return f"iteration {active.name} comes first: it names none" if active else None
        if active is not None and active.name == name:
            return None
        state = next((each.state for each in self.all if each.name == name), Phase.PLANNING)
        said = "in planning" if state == Phase.PLANNING else str(state)
        return f"its iteration {name} is {said}"

    def frozen(self, name: str | None) -> bool:
        return any(each.name == name and each.state == Phase.COMPLETE for each in self.all)

    def refuse_frozen(self, name: str | None) -> None:
        """IterationError when nothing of this iteration may be changed any more."""
        if self.frozen(name):
            raise IterationError(
                f"iteration {name} is complete, and what is in it stays as it is: "
                "put the work into another iteration"
            )


NONE = Iterations()


def name_problem(name: str) -> str | None:
    """Why an iteration cannot have this name."""
    if not name.strip() or len(name) > LONGEST or not name.isprintable():
        return f"an iteration's name is one line of 1 to {LONGEST} characters: {name[:60]!r} is not"
    if name == DEFAULT:
        return f"{DEFAULT!r} is what tasks belong to that name no iteration: choose another name"
    return None


def started(iterations: Iterations, name: str, now: float) -> Iteration:
    """This iteration, active; IterationError when another one is, or it had its turn."""
    found = iterations.wanted(name)
    active = iterations.active
    if found.state == Phase.COMPLETE:
        raise IterationError(f"iteration {found.name} is complete: it does not start again")
    if active is not None and active != found:
        raise IterationError(
            f"iteration {active.name} is active, and one is at a time: "
            f"`team-supervisor iterations complete '{active.name}'` ends it"
        )
    return replace(found, state=Phase.ACTIVE, started_at=found.started_at or now)


def completed(iterations: Iterations, name: str, still: list[Task], now: float) -> Iteration:
    """This iteration, complete; `still` are tasks that keep it open (none when forced)."""
    found = iterations.wanted(name)
    if found.state == Phase.PLANNING:
        raise IterationError(
            f"iteration {found.name} was never started: `team-supervisor iterations start "
            f"'{found.name}'` does"
        )
    if still:
        more = f" and {len(still) - 5} more" if len(still) > 5 else ""
        names = ", ".join(f"{task.id} ({task.state.replace('_', ' ')})" for task in still[:5])
        raise IterationError(
            f"iteration {found.name} has open tasks: {names}{more}; finish or cancel them, or say "
            "--force, and they stay as they are"
        )
    return replace(found, state=Phase.COMPLETE, ended_at=found.ended_at or now)


def of(name: str | None, tasks: Iterable[Task]) -> list[Task]:
    """The tasks of an iteration; None: those that name none."""
    return [task for task in tasks if (task.iteration or None) == name]


def open_ones(tasks: Iterable[Task]) -> list[Task]:
    return [task for task in tasks if task.state not in OVER]

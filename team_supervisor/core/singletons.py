"""Which tasks wait because only one session of their persona may live?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from team_supervisor.core.taskgraph import AT_WORK, Task

if TYPE_CHECKING:
    from team_supervisor.core.model import Session
    from team_supervisor.core.persona import Persona


@dataclass(frozen=True, slots=True)
class Singletons:
    """`taken`: of each singleton persona, who lives or was asked for. `usual`: of a task that
    names none."""

    personas: frozenset[str] = frozenset()
    taken: Mapping[str, str] = field(default_factory=dict)
    usual: str = ""

    def waits(self, task: Task) -> str | None:
        """Why this task starts only later; None when it may now."""
        name = self.only(task)
        if name is None or name not in self.taken:
            return None
        return f"there may be only one {name}, and {self.taken[name]} comes first"

    def with_(self, task: Task) -> "Singletons":
        """When this one has begun."""
        name = self.only(task)
        if name is None:
            return self
        return Singletons(self.personas, {name: task.id, **self.taken}, self.usual)

    def only(self, task: Task) -> str | None:
        """The persona of this task, if there may be only one of it."""
        name = task.persona or self.usual
        return name if name in self.personas else None


NO_SINGLETONS = Singletons()


def singletons(
    personas: "Mapping[str, Persona]",
    live: "Iterable[Session]",
    tasks: Iterable[Task],
    usual: str,
    requests: Iterable[str] = (),
) -> Singletons:
    """`requests` are the names of those that stand in the workspace."""
    names = frozenset(name for name, persona in personas.items() if persona.singleton)
    if not names:
        return NO_SINGLETONS
    from team_supervisor.core.requests import request_name

    asked = filter(None, map(request_name, requests))
    taken = {each.persona: f"request {each.name}" for each in asked if each.persona in names}
    for task in tasks:
        name = task.persona or usual
        if task.state in AT_WORK and name in names:
            taken[name] = f"task {task.id}"
    sessions = [one for one in live if not one.ended and one.persona in names]
    # The oldest one stays, whatever else lives against the rule.
    for one in sorted(sessions, key=lambda one: (one.created_at, one.id), reverse=True):
        taken[one.persona] = one.id
    return Singletons(names, taken, usual)


def startable(ready: Sequence[Task], known: Singletons, most: int | None = None) -> list[Task]:
    """The first that may start together, in their order: of each singleton persona one."""
    found: list[Task] = []
    for task in ready:
        if most is not None and len(found) >= most:
            break
        if known.waits(task) is None:
            found.append(task)
            known = known.with_(task)
    return found

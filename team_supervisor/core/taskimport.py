"""What does an import change in the plan, and why is it refused?"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from team_supervisor.core.taskgraph import WAITING, Task, cycle, needs_of
from team_supervisor.core.tasksources import Draft, SourceError
from team_supervisor.errors import DependencyCycle

# Of a long cycle so many are named from each end.
_ENDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What to write. `done` and `queue` are ids; `gone`: in the plan, no longer in the source."""

    add: tuple[Draft, ...] = ()
    define: tuple[Draft, ...] = ()
    same: int = 0
    done: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def merge(
    drafts: Sequence[Draft], known: Sequence[Task], digests: Mapping[str, str], *, moved: bool
) -> Merge:
    """A task keeps its state. What was edited since stays so, as long as its source is the same.

    SourceError for a task that two sources describe (unless the former file was `moved`),
    DependencyCycle for a cycle, which it names.
    """
    tasks = {task.id: task for task in known}
    _refuse_doubles(drafts, tasks, moved)
    add = tuple(d for d in drafts if d.id not in tasks)
    define = tuple(d for d in drafts if d.id in tasks and digests.get(d.id) != d.digest)
    refuse_cycle(needs_of(known) | {d.id: d.depends_on for d in (*add, *define)})
    after = {**tasks, **{d.id: None for d in add}}
    named = {d.id for d in drafts}
    sources = {d.source for d in drafts}
    return Merge(
        add=add,
        define=define,
        same=len(drafts) - len(add) - len(define),
        done=tuple(d.id for d in drafts if d.done and _may_be_done(tasks.get(d.id))),
        queue=tuple(d.id for d in add if not d.done and not d.optional),
        gone=tuple(t.id for t in known if t.source in sources and t.id not in named),
        missing=_missing(drafts, after),
    )


def _missing(drafts: Iterable[Draft], after: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    found = {d.id: tuple(n for n in d.depends_on if n not in after) for d in drafts}
    return {name: needs for name, needs in found.items() if needs}


def for_nobody(drafts: Iterable[Draft], personas: Collection[str]) -> dict[str, str]:
    """By the task that is to be done: its persona, where there is none of that name."""
    open_ones = (d for d in drafts if d.persona and not d.done)
    return {d.id: d.persona for d in open_ones if d.persona and d.persona not in personas}


def _may_be_done(task: Task | None) -> bool:
    """Ticked by hand in the source; what has a worker is decided by that."""
    return task is None or task.state in WAITING


def _refuse_doubles(drafts: Iterable[Draft], tasks: Mapping[str, Task], moved: bool) -> None:
    seen: dict[str, Draft] = {}
    for draft in drafts:
        if draft.id in seen:
            raise SourceError(
                f"both {seen[draft.id].source} and {draft.source} describe a task {draft.id}: "
                "give one of them another id"
            )
        seen[draft.id] = draft
        task = tasks.get(draft.id)
        if task is not None and task.source != draft.source and not moved:
            raise SourceError(
                f"{draft.source} describes a task {draft.id}, which {task.source or 'a person'} "
                "did already: import it with `--prefix NAME-`, or give it another id"
            )


def refuse_cycle(needs: Mapping[str, Iterable[str]]) -> None:
    """DependencyCycle that names it, if there is one."""
    if found := cycle(needs):
        raise DependencyCycle(_ring(found))


def _ring(names: Sequence[str]) -> str:
    """Of a long one its ends."""
    left_out = len(names) - 2 * _ENDS
    if left_out > 1:
        names = (*names[:_ENDS], f"… {left_out} more …", *names[-_ENDS:])
    return " needs ".join(names)

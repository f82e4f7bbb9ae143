"""How is a task graph drawn, as Mermaid, DOT or SVG?"""

from collections.abc import Iterator, Sequence
from html import escape

from team_supervisor.core.taskgraph import Task, TaskState, missing, waves

_FILLS = {
    TaskState.PENDING: "#f6f8fa",
    TaskState.QUEUED: "#eef2ff",
    TaskState.ASSIGNED: "#cfe3ff",
    TaskState.IN_PROGRESS: "#cfe3ff",
    TaskState.COMPLETED: "#d3f0d8",
    TaskState.FAILED: "#ffd6d6",
    TaskState.BLOCKED: "#ffe9c2",
    TaskState.CANCELLED: "#e1e4e8",
}
# Of what is needed and not there.
_NOTHING, _ALARM = "#ffffff", "#cf222e"
# Pixels.
_WIDTH, _HEIGHT, _ACROSS, _DOWN, _EDGE = 220, 48, 90, 22, 20
_LETTERS = 30
_DASHED = f'stroke="{_ALARM}" stroke-dasharray="5 4"'


def _edges(tasks: Sequence[Task]) -> Iterator[tuple[Task, Task]]:
    """(what is needed, who needs it), of those that are there."""
    known = {task.id: task for task in tasks}
    for task in tasks:
        yield from ((known[need], task) for need in task.depends_on if need in known)


def mermaid(tasks: Sequence[Task]) -> str:
    """A flow chart, left to right; states as classes."""
    number = {task.id: f"t{n}" for n, task in enumerate(tasks)}
    nodes = [f'  {number[t.id]}["{_plain(t)}"]:::{t.state}' for t in tasks]
    edges = [f"  {number[a.id]} --> {number[b.id]}" for a, b in _edges(tasks)]
    for n, (need, whose) in enumerate(missing(tasks).items()):
        nodes.append(f'  m{n}["{escape(need)}, not there"]:::missing')
        edges += [f"  m{n} -.-> {number[name]}" for name in whose]
    used = [state for state in TaskState if any(task.state == state for task in tasks)]
    classes = [f"  classDef {state} fill:{_FILLS[state]},stroke:#57606a" for state in used]
    if missing(tasks):
        classes.append(f"  classDef missing fill:{_NOTHING},stroke:{_ALARM},stroke-dasharray:4")
    return "\n".join(["flowchart LR", *nodes, *edges, *classes])


def _plain(task: Task) -> str:
    """Nothing in it can end the label or begin a tag."""
    return escape(f"{task.id}: {task.title}".replace("\\", "/"), quote=True).replace("&#x27;", "'")


def dot(tasks: Sequence[Task]) -> str:
    """A digraph for Graphviz."""
    nodes = [
        f'  {_quoted(t.id)} [label={_quoted(f"{t.id}: {t.title}")}, fillcolor="{_FILLS[t.state]}"];'
        for t in tasks
    ]
    edges = [f"  {_quoted(a.id)} -> {_quoted(b.id)};" for a, b in _edges(tasks)]
    for need, whose in missing(tasks).items():
        label = _quoted(f"{need}, not there")
        nodes.append(f'  {_quoted(need)} [label={label}, style=dashed, color="{_ALARM}"];')
        edges += [f"  {_quoted(need)} -> {_quoted(name)} [style=dashed];" for name in whose]
    head = ["digraph tasks {", "  rankdir=LR;", "  node [shape=box, style=filled];"]
    return "\n".join([*head, *nodes, *edges, "}"])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def svg(tasks: Sequence[Task]) -> str:
    """A column for each wave, a line for each dependency; a picture that needs nothing else."""
    lost = missing(tasks)
    places = dict(_places([*tasks, *(Task(id=need, title="") for need in lost)]))
    width = max((x for x, _ in places.values()), default=0) + _WIDTH + _EDGE
    height = max((y for _, y in places.values()), default=0) + _HEIGHT + _EDGE
    lines = [_line(places[a.id], places[b.id]) for a, b in _edges(tasks)]
    lines += [_line(places[n], places[w], _DASHED) for n, whose in lost.items() for w in whose]
    boxes = [_box(task, places[task.id]) for task in tasks]
    boxes += [_hole(need, places[need]) for need in lost]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, *lines, *boxes, "</svg>", ""])


def _places(tasks: Sequence[Task]) -> Iterator[tuple[str, tuple[int, int]]]:
    for column, wave in enumerate(waves(tasks)):
        for row, name in enumerate(wave):
            yield name, (_EDGE + column * (_WIDTH + _ACROSS), _EDGE + row * (_HEIGHT + _DOWN))


def _line(start: tuple[int, int], end: tuple[int, int], style: str = 'stroke="#8c959f"') -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    x2, y2 = end[0], end[1] + _HEIGHT // 2
    bend = max(30, (x2 - x1) // 2)
    path = f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    return f'<path d="{path}" fill="none" {style}/>'


def _hole(need: str, place: tuple[int, int]) -> str:
    x, y = place
    return (
        f'<g><title>{escape(need)} is needed and not there</title><rect x="{x}" y="{y}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{_NOTHING}" {_DASHED}/>'
        f'<text x="{x + 10}" y="{y + 28}" fill="{_ALARM}">{escape(need)}, not there</text></g>'
    )


def _box(task: Task, place: tuple[int, int]) -> str:
    x, y = place
    words = task.title if len(task.title) <= _LETTERS else f"{task.title[: _LETTERS - 1]}…"
    state = task.state.replace("_", " ")
    return (
        f'<g><title>{escape(task.id)}: {escape(task.title)} ({state})</title><rect x="{x}" y="{y}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{_FILLS[task.state]}" stroke="#57606a"/>'
        f'<text x="{x + 10}" y="{y + 19}" font-weight="bold">{escape(task.id)} · {state}</text>'
        f'<text x="{x + 10}" y="{y + 37}">{escape(words)}</text></g>'
    )

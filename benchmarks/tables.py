"""How do the figures stand in a document, beside their peers and floors?"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from benchmarks.figures import Figures, ratio, spread
from benchmarks.peers.floors import BareHosts, PosixSpawn
from benchmarks.peers.ours import TeamSupervisor
from benchmarks.peers.supervisord import Supervisord
from benchmarks.plan import Plan
from benchmarks.report import spelled, unit
from benchmarks.scenarios import archives, commands, crowd, plans, tasklists, ticks, worked
from benchmarks.targets import targets

Rows = list[list[str]]
NONE = "–"


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the first column holds words, the others numbers."""
    rule = ["---", *["--:"] * (len(heading) - 1)]
    lines = ("| " + " | ".join(cells) + " |" for cells in (heading, rule, *rows))
    return "\n".join(lines)


def _value(figures: Figures, what: str, who: str, count: int) -> str:
    samples = figures.get(what, who, count)
    return spelled(spread(samples), unit(what)[1]) if samples else NONE


def _ratio(figures: Figures, what: str, who: tuple[str, int], floor: tuple[str, int]) -> str:
    """Of figures that were taken in turns, where there are as many; else of their medians."""
    mine, other = figures.get(what, *who), figures.get(what, *floor)
    if not mine or not other or spread(other).median <= 0:
        return NONE
    if len(mine) != len(other):
        return f"{spread(mine).median / spread(other).median:.2f}"
    return spelled(ratio(mine, other), lambda value: f"{value:.2f}")


def _whos(figures: Figures, what: str) -> list[str]:
    return list(dict.fromkeys(figure.who for figure in figures.of(what)))


def grown(figures: Figures, plan: Plan, what: str) -> str:
    """One row a program, one column a number of agents, and the ratio of the last to the floor."""
    counts = [count for count in plan.counts if count]
    most = counts[-1]
    rows = [
        [
            who,
            *(_value(figures, what, who, count) for count in counts),
            _ratio(figures, what, (who, most), (PosixSpawn.name, most)),
            _ratio(figures, what, (who, most), (BareHosts.name, most)),
        ]
        for who in _whos(figures, what)
    ]
    heading = ["", *map(str, counts), f"{most}: × {PosixSpawn.name}", f"× {BareHosts.name}"]
    return markdown(heading, rows)


def costs(figures: Figures, plan: Plan) -> str:
    """Memory in MiB and processor time in percent of one processor."""
    counts = plan.idle_counts
    rows = [
        [who, *(_value(figures, w, who, c) for w in ("memory", "idle cpu") for c in counts)]
        for who in _whos(figures, "memory")
        if who != archives.NAME
    ]
    heading = ["", *(f"MiB at {c}" for c in counts), *(f"% CPU at {c}" for c in counts)]
    return markdown(heading, rows)


def latencies(figures: Figures, plan: Plan) -> str:
    """Each as a multiple of a bare host's own start and end."""
    named = {
        (PosixSpawn.name, 0): "the agent alone",
        (BareHosts.name, 0): "a bare host and its agent",
        (TeamSupervisor.name, 0): "a session",
        **{
            (TeamSupervisor.name, count): f"… beside {count} sessions at work"
            for count in plan.crowds
            if count
        },
        (archives.NAME, plan.archives): f"… in a workspace with {plan.archives} archives",
        (tasklists.NAME, plan.sizes[-1]): f"… beside a {plan.sizes[-1]} KiB list, rewritten "
        "10 × a second",
    }
    rows = [
        [words, *_with_ratio(figures, "running", at), *_with_ratio(figures, "archived", at)]
        for at, words in named.items()
    ]
    heading = ["", "request → running, ms", "×", "tasks complete → archived, ms", "×"]
    return markdown(heading, rows)


def _with_ratio(figures: Figures, what: str, at: tuple[str, int]) -> list[str]:
    return [_value(figures, what, *at), _ratio(figures, what, at, (BareHosts.name, 0))]


def restarts(figures: Figures, plan: Plan) -> str:
    """How long, and how many agents there are then: more than before means duplicates."""
    named = [
        (crowd.FLOOR, plan.crowd),
        *((TeamSupervisor.name, count) for count in plan.crowds),
        (Supervisord.name, plan.crowd),
    ]
    rows = [
        [
            f"{who}, {count} agents",
            _value(figures, "restart", who, count),
            _ratio(figures, "restart", (who, count), (crowd.FLOOR, plan.crowd)),
            _value(figures, "alive", who, count),
        ]
        for who, count in named
    ]
    return markdown(["", "ms", "×", "agents then"], rows)


def looks(figures: Figures, plan: Plan) -> str:
    named = {
        (commands.FLOOR, 0): f"`{commands.FLOOR}`",
        ("--help", 0): "`--help`",
        ("attach --list", plan.listed // 100): f"`attach --list`, {plan.listed // 100} sessions",
        ("attach --list", plan.listed): f"`attach --list`, {plan.listed} sessions",
    }
    rows = [
        [
            words,
            _value(figures, "command", *at),
            _ratio(figures, "command", at, (commands.FLOOR, 0)),
        ]
        for at, words in named.items()
    ]
    return markdown(["", "ms", "×"], rows)


def parses(figures: Figures, plan: Plan) -> str:
    rows = [
        [
            f"{size} KiB",
            _value(figures, "parse", tasklists.FLOOR, size),
            _value(figures, "parse", TeamSupervisor.name, size),
            _ratio(figures, "parse", (TeamSupervisor.name, size), (tasklists.FLOOR, size)),
        ]
        for size in plan.sizes
    ]
    return markdown(["", f"{tasklists.FLOOR}, ms", "read as Markdown, ms", "×"], rows)


def wakes(figures: Figures, plan: Plan) -> str:
    """Processor time until it is known what may start once one more task has ended."""
    first = (plans.NAME, plan.finished[0])
    rows = [
        [
            f"{plan.tasks} tasks, {count} finished, {plan.at_work} at work",
            _value(figures, "wake", plans.NAME, count),
            _ratio(figures, "wake", (plans.NAME, count), first),
        ]
        for count in plan.finished
    ]
    return markdown(["", "processor time, ms", "×"], rows)


def work(figures: Figures, plan: Plan) -> str:
    """The supervisor's processor time for each task that scripted agents did."""
    counts = (0, plan.tasks - plan.at_work)
    rows = [
        [
            f"{plan.tasks} tasks, {count} finished, {plan.at_work} sessions",
            _value(figures, "worked", worked.NAME, count),
            _ratio(figures, "worked", (worked.NAME, count), (worked.NAME, counts[0])),
        ]
        for count in counts
    ]
    return markdown(["", "processor time of the supervisor for a task, ms", "×"], rows)


def decisions(figures: Figures, plan: Plan) -> str:
    named = {
        (ticks.FLOOR, 0): "`--help`",
        (ticks.NAME, plan.projects): f"`tick`, {plan.projects} projects, {plan.tasks} tasks",
    }
    rows = [
        [words, _value(figures, "tick", *at), _ratio(figures, "tick", at, (ticks.FLOOR, 0))]
        for at, words in named.items()
    ]
    return markdown(["", "ms", "×"], rows)


def reached(figures: Figures, plan: Plan) -> str:
    rows = [target.cells() for target in targets(figures, plan)]
    return markdown(["", "measured", "limit", ""], rows)


Table = Callable[[Figures, Plan], str]
TABLES: Mapping[str, Table] = {
    "Targets": reached,
    "Start N agents, ms": lambda f, p: grown(f, p, "start"),
    "Stop N agents, ms": lambda f, p: grown(f, p, "stop"),
    "Memory and processor time of N sleeping agents": costs,
    "One session": latencies,
    "Restart": restarts,
    "Commands": looks,
    "A task list": parses,
    "A plan": wakes,
    "A plan at work": work,
    "A tick": decisions,
}

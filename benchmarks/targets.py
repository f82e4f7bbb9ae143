"""What is to be reached, and is it?"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.figures import Figures, spread
from benchmarks.peers.circus import Circus
from benchmarks.peers.floors import BareHosts
from benchmarks.peers.ours import TeamSupervisor
from benchmarks.peers.pm2 import Pm2
from benchmarks.peers.supervisord import Supervisord
from benchmarks.plan import Plan
from benchmarks.report import unit
from benchmarks.scenarios import archives, commands, crowd, plans, tasklists, ticks, worked

OURS = TeamSupervisor.name
HOSTED = f"{OURS}, with hosts"
MEBIBYTE = 1 << 20
# What a request or an archive may take longer because of 10,000 archives: one scandir of them.
SCAN = 10.0
# What another session may be delayed by one agent's large list.
DELAY = 50.0


@dataclass(frozen=True, slots=True)
class Target:
    """`measured` must be at most `limit`; nan where something was not measured."""

    words: str
    what: str
    measured: float
    limit: float

    @property
    def verdict(self) -> str:
        if math.isnan(self.measured) or math.isnan(self.limit):
            return "not measured"
        if self.measured <= self.limit:
            return "reached"
        return f"missed, by {self.measured / self.limit:.2f} ×" if self.limit else "missed"

    def cells(self) -> list[str]:
        name, write = unit(self.what)
        values = (f"{write(v)} {name}" for v in (self.measured, self.limit))
        return [self.words, *("–" if v.startswith("nan") else v for v in values), self.verdict]


class Medians:
    """The medians of a run, nan for what was not measured."""

    def __init__(self, figures: Figures, plan: Plan) -> None:
        self._figures = figures
        self.plan = plan
        self.most = max(plan.counts)

    def of(self, what: str, who: str, count: int) -> float:
        samples = self._figures.get(what, who, count)
        return spread(samples).median if samples else math.nan

    def most_of(self, what: str, who: str) -> float:
        return self.of(what, who, self.most)


def targets(figures: Figures, plan: Plan) -> list[Target]:
    """All of them, in the order of the document."""
    medians = Medians(figures, plan)
    return [target for group in GROUPS.values() for target in group(medians)]


def _latency(m: Medians) -> list[Target]:
    bare, end = m.of("running", BareHosts.name, 0), m.of("archived", BareHosts.name, 0)
    running, archived = m.of("running", OURS, 0), m.of("archived", OURS, 0)
    return [
        Target("request → running ≤ 1.5 × a bare host + 5 ms", "", running, 1.5 * bare + 5),
        Target("tasks complete → archived ≤ the host's own end + 10 ms", "", archived, end + 10),
    ]


def _burst(m: Medians) -> list[Target]:
    words = f"{m.most} requests → all running"
    start = m.most_of("start", OURS)
    floor = 1.3 * m.most_of("start", BareHosts.name)
    others = [Supervisord.name, Circus.name, Pm2.name]
    return [
        Target(f"{words} ≤ 1.3 × as many bare hosts", "", start, floor),
        *(Target(f"{words}, ahead of {o}", "", start, m.most_of("start", o)) for o in others),
    ]


def _stop(m: Medians) -> list[Target]:
    stop = m.most_of("stop", OURS)
    limit = 2 * m.most_of("stop", Supervisord.name)
    return [
        Target(f"stop {m.most}, with their trees ≤ 2 × supervisord", "", stop, limit),
        Target(f"stop {m.most}: a hundredth of pm2", "", stop, m.most_of("stop", Pm2.name) / 100),
    ]


def _cost(m: Medians) -> list[Target]:
    hosts = (m.most_of("memory", HOSTED) - m.most_of("memory", OURS)) / m.most
    found = [
        Target(
            f"memory with {count} sessions ≤ supervisord",
            "memory",
            m.of("memory", OURS, count),
            m.of("memory", Supervisord.name, count),
        )
        for count in (0, m.most)
    ]
    share, other = m.most_of("idle cpu", OURS), m.most_of("idle cpu", Supervisord.name)
    return [
        *found,
        Target("memory of one host ≤ 6 MiB", "memory", hosts, 6 * MEBIBYTE),
        Target(f"idle CPU with {m.most} sessions ≤ supervisord", "idle cpu", share, other),
    ]


def _restart(m: Medians) -> list[Target]:
    count = m.plan.crowd
    limit = 3 * m.of("restart", crowd.FLOOR, count) + m.of("restart", OURS, 0)
    words = f"restart, {count} adopted ≤ 3 × a look at each + a restart without sessions"
    return [Target(words, "", m.of("restart", OURS, count), limit)]


def _commands(m: Medians) -> list[Target]:
    floor = 2.5 * m.of("command", commands.FLOOR, 0)
    few, many = m.plan.listed // 100, m.plan.listed
    helped = m.of("command", "--help", 0)
    lists = [m.of("command", "attach --list", count) for count in (few, many)]
    return [
        Target("`--help` ≤ 2.5 × `import click`", "", helped, floor),
        Target(f"`attach --list`, {few} sessions ≤ 2.5 × `import click`", "", lists[0], floor),
        Target(f"`attach --list`, {many} sessions ≤ the same + 100 ms", "", lists[1], floor + 100),
    ]


def _growth(m: Medians) -> list[Target]:
    sizes = {archives.NAME: m.plan.archives, tasklists.NAME: m.plan.sizes[-1]}
    words = {
        archives.NAME: (f"{m.plan.archives} archives add at most one scan", SCAN),
        tasklists.NAME: (f"a list of {m.plan.sizes[-1]} KiB, rewritten 10 × a second", DELAY),
    }
    return [
        Target(
            f"{text}: {what} ≤ alone + {more:g} ms",
            "",
            m.of(what, name, sizes[name]),
            m.of(what, OURS, 0) + more,
        )
        for name, (text, more) in words.items()
        for what in ("running", "archived")
    ]


def _plans(m: Medians) -> list[Target]:
    few, many = m.plan.finished[0], m.plan.finished[-1]
    words = f"a wake, {m.plan.tasks} tasks, {many} finished ≤ 1.3 × with {few} finished"
    limit = 1.3 * m.of("wake", plans.NAME, few)
    return [Target(words, "", m.of("wake", plans.NAME, many), limit)]


def _worked(m: Medians) -> list[Target]:
    many = m.plan.tasks - m.plan.at_work
    words = f"a task done, {m.plan.tasks} in the plan, {many} finished ≤ 1.3 × with 0 finished"
    limit = 1.3 * m.of("worked", worked.NAME, 0)
    return [Target(words, "", m.of("worked", worked.NAME, many), limit)]


def _ticks(m: Medians) -> list[Target]:
    words = f"`tick`, {m.plan.projects} projects, {m.plan.tasks} tasks ≤ 3 × `--help`"
    limit = 3 * m.of("tick", ticks.FLOOR, 0)
    return [Target(words, "", m.of("tick", ticks.NAME, m.plan.projects), limit)]


GROUPS: Mapping[str, Callable[[Medians], list[Target]]] = {
    "latency": _latency,
    "burst": _burst,
    "stop": _stop,
    "cost": _cost,
    "restart": _restart,
    "commands": _commands,
    "growth": _growth,
    "plans": _plans,
    "worked": _worked,
    "ticks": _ticks,
}

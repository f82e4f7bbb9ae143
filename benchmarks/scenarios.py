"""What is measured, and between which two moments?"""

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from benchmarks import peers
from benchmarks.machine import Arrivals, Deaths, cpu, end_marked, marked, now, pss, timed
from benchmarks.ours import PROGRAM, QUIET, Ours
from benchmarks.peers import Peer, Site
from team_supervisor.core import tasklist

Figures = dict[str, list[float]]
Make = Callable[[Site], Peer]
SETTLED = 3.0  # seconds after a start that do not count as idle


@dataclass(frozen=True, slots=True)
class Bench:
    """One run: its directory, the agent, where the peers are, and how much is measured."""

    directory: Path
    agent: Path
    tools: Path
    pm2: Path | None
    counts: tuple[int, ...]
    samples: int
    idle: float
    archives: int

    @contextmanager
    def site(self, name: str) -> Iterator[tuple[Site, Arrivals]]:
        """A fresh directory; nothing carries its mark when it is left."""
        number = sum(1 for _ in self.directory.iterdir())
        where = self.directory / f"{number}-{re.sub('[^a-z0-9]+', '-', name.lower())}"
        where.mkdir()
        arrivals = Arrivals(where / "fifo")
        arrivals.open()
        mark = f"{self.directory.name}-{where.name}"
        site = Site(where, self.agent, arrivals.path, self.tools, mark)
        try:
            yield site, arrivals
        finally:
            left = end_marked(mark)
            arrivals.close()
            if left:
                print(f"    ({left} processes of {where.name} had to be killed)", file=sys.stderr)

    def contenders(self) -> dict[str, Make]:
        found: dict[str, Make] = {
            "posix_spawn loop": peers.SpawnLoop,
            "Popen loop of hosts": peers.HostLoop,
            "team-supervisor": Ours,
        }
        if (self.tools / "supervisord").exists():
            found["supervisord"] = peers.Supervisord
        if (self.tools / "circusd").exists():
            found["circus"] = peers.Circus
        if pm2 := self.pm2:
            found["pm2"] = lambda site: peers.Pm2(site, pm2)
        if tsp := which("tsp"):
            found["task-spooler"] = lambda site: peers.TaskSpooler(site, tsp)
        return found


def crowd(bench: Bench, name: str, count: int, idle: bool) -> dict[str, float]:
    """Start and stop `count` agents; memory and idle CPU beside them if `idle`."""
    found: dict[str, float] = {}
    with bench.site(f"{name}-{count}") as (site, arrivals):
        peer = bench.contenders()[name](site)
        peer.up(count)
        try:
            if idle:
                found |= _overhead(bench, site, set(), "at 0")
            began = now()
            peer.start(count)
            agents = arrivals.wait(count)
            found["start"] = max(agents.values()) - began
            if idle:
                found |= _overhead(bench, site, set(agents), f"at {count}")
            found |= _stop(peer, site, set(agents))
        finally:
            peer.down()
    return found


def _stop(peer: Peer, site: Site, agents: set[int]) -> dict[str, float]:
    deaths = Deaths.of(agents)
    began = now()
    peer.stop(sorted(agents))
    returned = now()
    gone = deaths.wait()
    return {"stop": max(returned, gone) - began, "agents gone": gone - began}


def _overhead(bench: Bench, site: Site, agents: set[int], when: str) -> dict[str, float]:
    """Of everything but the agents themselves: the supervisor, and what it keeps beside them."""
    pids = marked(site.mark) - agents
    if not pids:
        return {}
    deaths = Deaths.of(pids)
    if not deaths.quiet_for(SETTLED):
        print(f"    (something of {site.mark} ended while idle)", file=sys.stderr)
    pids = marked(site.mark) - agents
    hosts = {pid for pid in pids if _name(pid) == "team-host"}
    before, began = {"all": cpu(pids), "hosts": cpu(hosts)}, now()
    Deaths.of(pids).quiet_for(bench.idle)
    took = now() - began
    return {
        f"MB {when}": pss(pids - hosts),
        f"MB of hosts {when}": pss(hosts),
        f"processes {when}": float(len(pids)),
        f"CPU % {when}": 100 * (cpu(pids - hosts) - before["all"] + before["hosts"]) / took,
        f"CPU % of hosts {when}": 100 * (cpu(hosts) - before["hosts"]) / took,
    }


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def latency(bench: Bench) -> Figures:
    """One request at a time: asked -> agent runs; and of sessions that were long at work, one
    after the other: tasks complete -> archived."""
    chance = random.Random(1)
    with ours(bench, "latency") as (our, arrivals):
        our.hide(bench.samples)
        asked = [_ask(our, arrivals) for _ in range(bench.samples)]
        agents = set(arrivals.seen)
        archived: list[float] = []
        for session in our.sessions():
            # The moment of completion must not be in step with any look of the loop.
            Deaths.of(agents).quiet_for(SETTLED * chance.random())
            archived.append(_complete(our, session))
    return {"request to agent": asked, "tasks complete to archived": archived}


def _complete(our: Ours, session: Path) -> float:
    our.forget_events()
    began = now()
    our.complete(session)
    ((read, _),) = our.wait("session_archived")
    return read - began - QUIET


def _ask(our: Ours, arrivals: Arrivals) -> float:
    arrivals.clear()
    began = now()
    our.start(1)
    return max(arrivals.wait(1).values()) - began


def floors(bench: Bench) -> Figures:
    """The same for a bare spawn of the agent, and a bare Popen of the same host and agent."""
    found: Figures = {"posix_spawn": [], "bare host": [], "bare host stop": []}
    with bench.site("floor") as (site, arrivals):
        loop, hosts = peers.SpawnLoop(site), peers.HostLoop(site)
        hosts.up(bench.samples)
        controls = hosts.controls
        for control in controls:
            for name, peer in (("posix_spawn", loop), ("bare host", hosts)):
                hosts.controls = [control]
                arrivals.clear()
                began = now()
                peer.start(1)
                (pid, moment), *_ = arrivals.wait(1).items()
                found[name].append(moment - began)
                deaths, began = Deaths.of([pid]), now()
                peer.stop([pid])
                if name == "bare host":
                    found["bare host stop"].append(deaths.wait() - began)
        deaths = Deaths.of(marked(site.mark))
        deaths.wait()
        loop.down()
    return found


def done_burst(bench: Bench, count: int) -> Figures:
    """`count` sessions complete at once -> all archived."""
    with ours(bench, "burst") as (our, arrivals):
        our.hide(count)
        our.start(count)
        arrivals.wait(count)
        our.wait("session_started", count)
        sessions = our.sessions()
        began = now()
        for session in sessions:
            our.complete(session)
        our.wait("session_archived", count)
        return {f"{count} complete to archived": [now() - began - QUIET]}


def adoption(bench: Bench, count: int) -> dict[str, float]:
    """kill -9 of the supervisor, then exec of the next one -> every session adopted."""
    with ours(bench, "adoption") as (our, arrivals):
        our.hide(count)
        our.start(count)
        agents = arrivals.wait(count)
        our.wait("session_started", count)
        our.kill()
        began = now()
        our.orchestrate()
        ((first, _),) = our.wait("supervisor_started")
        our.wait("session_adopted", count - 1)
        adopted = now()
        same = set(arrivals.seen) == set(agents)
        our.stop([])
        if not same:
            raise RuntimeError("an agent was started twice")
        return {"up": first - began, "adopted": adopted - began}


@contextmanager
def ours(bench: Bench, name: str) -> Iterator[tuple[Ours, Arrivals]]:
    """A running supervisor; its agents are stopped by it at the end."""
    with bench.site(name) as (site, arrivals):
        our = Ours(site)
        our.up(0)
        try:
            yield our, arrivals
        finally:
            our.stop([])
            our.down()


def rewriting(bench: Bench) -> Figures:
    """What other sessions see while one agent writes a 1 MiB tasks.md anew ten times a second."""
    found: Figures = {}
    for label in ("alone", "beside the writer"):
        with ours(bench, "rewriting") as (our, arrivals):
            our.hide(bench.samples + 1)
            our.start(1)
            arrivals.wait(1)
            (busy,) = our.sessions()
            words = [sys.executable, "-m", "benchmarks.writer", str(busy / "tasks.md")]
            if label == "alone":
                words.append("once")
            writer = subprocess.Popen(words, env=our.site.environ, stdout=subprocess.PIPE)
            assert writer.stdout is not None
            writer.stdout.readline()
            found[f"request to agent, {label}"] = [
                _ask(our, arrivals) for _ in range(bench.samples)
            ]
            archived = found[f"complete to archived, {label}"] = []
            for session in sorted(set(our.sessions()) - {busy}):
                archived.append(_complete(our, session))
            writer.kill()
            writer.communicate()
    return found


def command_line(bench: Bench) -> Figures:
    """Of programs that look: `--help` and `attach --list`, beside `import click`."""
    from benchmarks.rows import fill

    found: Figures = {}
    with bench.site("command-line") as (site, _):
        words = {"import click": [sys.executable, "-c", "import click"]}
        words["--help"] = [*PROGRAM, "--help"]
        for count in (10, 1000):
            our = Ours(Site(site.directory / str(count), site.agent, site.fifo, site.tools, ""))
            our.site.directory.mkdir()
            our.prepare()
            fill(our.workspace, count)
            listing = ["attach", "--list", "--workspace", str(our.root)]
            words[f"attach --list, {count}"] = PROGRAM + listing
        for _ in range(bench.samples):
            for name, argv in words.items():
                with timed(found.setdefault(name, [])):
                    subprocess.run(argv, stdout=subprocess.DEVNULL, check=True, cwd=site.directory)
    return found


_TASK = re.compile(r"^\s*[-*+] \[[ xX]\]|^\s*[-*] \**Status", re.M)


def parsing(bench: Bench) -> dict[int, dict[str, float]]:
    """KB -> seconds of our reading of tasks.md, and of one regular expression over the lines."""
    block = "## Task: Do the thing\n- **Status**: completed\n- **Description**: words about it\n\n"
    found: dict[int, dict[str, float]] = {}
    for size in (1, 10, 100, 1000):
        text = "# Tasks\n\n" + block * (size * 1000 // len(block))
        times: dict[str, list[float]] = {"tasklist": [], "regex": []}
        for _ in range(3 if size == 1000 else 5):
            with timed(times["regex"]):
                _TASK.findall(text)
            with timed(times["tasklist"]):
                tasklist.parse(text)
        found[size] = {name: min(values) for name, values in times.items()}
    return found


def wakes(bench: Bench) -> dict[str, dict[str, float]]:
    """Seconds of one look of the loop, in a process of its own, by what stands in the workspace."""
    found: dict[str, dict[str, float]] = {}
    for live, archives in ((0, 0), (0, bench.archives), (bench.counts[-1], 0)):
        name = f"{live} live, {archives} archived"
        with bench.site(f"wakes-{live}-{archives}") as (site, arrivals):
            our = Ours(site)
            our.up(live)
            try:
                our.start(live)
                arrivals.wait(live)
                if live:
                    our.wait("session_started", live)
                our.kill()
                found[name] = _looks(our, archives)
                our.stop([])
            finally:
                our.down()
    return found


def _looks(our: Ours, archives: int) -> dict[str, float]:
    words = [sys.executable, "-m", "benchmarks.looks", str(our.root), str(archives)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True, env=our.site.environ)
    values: dict[str, float] = json.loads(done.stdout)
    return values

"""What happens when the supervisor, or a host, is killed just before each thing it does?

A case is a list of lives of the supervisor, one after the other, each killed at one point, and
one more that is left alone; then the oracle is asked. `python -m tests.faults.crashing DIRECTORY`
reads one search as JSON and runs cases until one came through without being killed: then every
point that it passed had been a case before. Several of these share the work.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from team_supervisor.adapters import processes
from team_supervisor.core.model import State
from team_supervisor.core.world import World
from team_supervisor.supervisor import nothing_left
from tests.teams import end

from . import plans
from .ground import Ground, reap_all
from .points import Aimed, Tripwire
from .power import Disk, lose

PATIENCE = 60.0
Over = Callable[[World], bool]


@dataclass
class Search:
    """`lives`: where each life of the supervisor ends, as an `Aim`; `host`: the same for the
    first host that comes to it; `steps`: what the agent does; `agents`: how many processes that
    takes (one more where a host was killed); `power`: it is not only the supervisor that ends;
    `error`: it is not killed, its calls fail with this number for a while; `restored`: the lives
    begin when a person wants the finished session back from its archive; `renewed`: they begin when
    a person wants a new process of one that is at work; `verify`: the command that
    its work has to pass, `checks`: how often that runs; `only`, `host_of`: as in `Aimed`;
    `planned`: the work is a task of the plan, and the supervisor asks for its worker itself;
    `tasks`: it is the whole plan of `plans`, with what a person does for it;
    `more`: so many others are asked for with it, and all of them are started at once."""

    lives: list[str] = field(default_factory=list)
    host: str = ""
    steps: list[str] = field(default_factory=lambda: ["done all"])
    agents: int = 1
    power: bool = False
    error: int = 0
    restored: bool = False
    renewed: bool = False
    verify: str = ""
    checks: int = 0
    only: list[str] = field(default_factory=list)
    host_of: str = ""
    planned: bool = False
    tasks: bool = False
    more: int = 0

    @property
    def good(self) -> list[str]:
        """The names of those that are to be done in the end."""
        return [] if self.tasks else ["good", *(f"good-{number}" for number in range(self.more))]


def run(case: Search, where: Path) -> dict[str, Any]:
    """The lives of one case: where each ended ("": by itself), and what the oracle says."""
    ground = Ground(where)
    if case.tasks:
        plans.write(ground, *plans.PLAN)
    elif case.planned:
        ground.plan("good", *case.steps)
    else:
        for name in case.good:
            ground.request(name, *case.steps, verify=case.verify)
    ground.request("bad", "done all", persona="nobody")
    killed: list[str] = []
    spent = where / "host-killed"
    try:
        if case.restored:
            _life(ground, Aimed("", ground.root / "last", ("", spent), None, 0))
            with ground.team.store() as store:
                assert store.want_restore(ground.team.session("good").id)
        if case.renewed:
            # Its agent is in the middle of what it would never end.
            ground.team.run(lambda world: any("sleep" in one.last_words for one in world.live))
            with ground.team.store() as store:
                assert store.want_restart(ground.team.session("good").id, "to see")
        for aim in [*case.lives, ""]:
            disk = Disk(ground.workspace) if case.power and aim else None
            last = ground.root / "last"
            host = (case.host, spent)
            apart = {"only": tuple(case.only), "host_of": case.host_of}
            aimed = Aimed(aim, last, host, disk, case.error, **apart)
            killed.append(
                _life(ground, aimed, plans.person(ground) if case.tasks else nothing_left)
            )
            if not killed[-1]:
                break
            if disk:
                end(ground.marked())
                lose(ground.workspace, where / "lost")
        wrong = _judged(ground, case.power)
        wrong += [line for name in case.good for line in _outcome(ground, case, name)]
        wrong += plans.wrong(ground) if case.tasks else []
    except AssertionError as error:
        wrong = [str(error)[:2000]]
    finally:
        end(ground.marked())
        reap_all()
    return {
        "killed": killed,
        "host": spent.read_text() if spent.exists() else "",
        "wrong": wrong,
    }


def _judged(ground: Ground, power: bool) -> list[str]:
    try:
        ground.oracle()
    except AssertionError as error:
        # The record of an attempt may be lost with its process, so that it is made once more.
        return [line for line in str(error).splitlines() if not (power and "more agents" in line)]
    return []


def _outcome(ground: Ground, case: Search, name: str) -> list[str]:
    """A request that was whole is done in the end, and a supervisor's death costs no agent."""
    session, began = ground.team.session(name), ground.began(name)
    wrong = [] if session.state == State.COMPLETED else [f"it is {session.state}, {session.reason}"]
    if not case.agents <= began <= case.agents + (bool(case.host) or case.power):
        wrong.append(f"{began} agents ran")
    checks = ground.checks(name)
    # What a host was killed in the middle of is looked into once more.
    if not case.checks <= checks <= case.checks + bool(case.host):
        wrong.append(f"its work was looked into {checks} times")
    if case.planned and (state := ground.planned(name)) != "completed":
        wrong.append(f"its task is {state}")
    return wrong


def _life(ground: Ground, aimed: Aimed, over: Over = nothing_left) -> str:
    """One supervisor until nothing is left, or until it is killed: what it was about to do."""
    aimed.last.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _supervise(ground, aimed, over)
    pidfd = os.pidfd_open(child)
    ended = select.select([pidfd], [], [], PATIENCE)[0]
    os.close(pidfd)
    if not ended:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended, "it did not come to an end"
    assert status in (0, -signal.SIGKILL), (ground.root / "traceback").read_text()
    assert status == 0 or aimed.last.exists(), "somebody else killed it"
    return aimed.last.read_text() if aimed.last.exists() else ""


def _supervise(ground: Ground, aimed: Aimed, over: Over) -> None:
    code = 70
    try:
        Tripwire(ground.workspace, aimed)
        ground.team.run(over)
        code = 0
    except BaseException:
        (ground.root / "traceback").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def main(directory: Path) -> None:
    """Answers each case with its result, as JSON, until one was killed nowhere new."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    search = Search(**json.loads(sys.stdin.readline()))
    number, over = 0, False
    while not over:
        where = directory / str(number)
        try:
            result = run(search, where)
        except Exception:
            result = {"killed": [], "host": "", "wrong": [traceback.format_exc()]}
        print(json.dumps(result), flush=True)
        if not result["wrong"]:
            shutil.rmtree(where, ignore_errors=True)
        number += 1
        over = bool(result["wrong"]) or not (new(search, result))
    processes.reap()


def new(search: Search, result: dict[str, Any]) -> bool:
    """Did this case come to a point that none had come to before?"""
    if search.host.startswith("*"):
        return bool(result["host"])
    aims = zip(search.lives, result["killed"], strict=False)
    return any(aim.startswith("*") and point for aim, point in aims)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""What happens when `tick --run`, or the visit that it makes, is killed before a thing it does?

No supervisor runs: each life is one tick, as cron makes it. In a case one of them is killed; then
they go on until one says that there is nothing left to do. `python -m tests.faults.ticks DIRECTORY`
reads aims as JSON and runs cases until one came through without being killed.
"""

import contextlib
import ctypes
import io
import itertools
import json
import os
import shutil
import signal
import sys
import traceback
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from team_supervisor.adapters import registry
from team_supervisor.adapters.tasktable import TaskTable
from team_supervisor.cli import main
from team_supervisor.core.projects import Project
from team_supervisor.core.taskgraph import TaskState
from tests.teams import end

from . import plans
from .ground import QUICK_YAML, Ground, reap_all, wait_until
from .points import Aimed, Tripwire

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = QUICK_YAML.replace("restarts: {", "restarts: {failures: 1, ")
BOOT = (
    f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.faults import ticks; ticks.visit()"
)
# A plan of a few tasks needs about ten.
MOST_TICKS = 200


@dataclass(frozen=True)
class Aims:
    """Where a tick, or a visit, is killed, as an `Aim`; with `only` just the points of these
    actions count. `after`: from the tick on that finds this task in progress. `alone`: the tick is
    killed as soon as its visit begins, which goes on."""

    tick: str = ""
    visit: str = ""
    only: list[str] = field(default_factory=list)
    after: str = ""
    alone: bool = False


def run(aims: Aims, where: Path) -> dict[str, Any]:
    """One case: what was about to be done at the kill ("": nobody was killed), what is wrong."""
    ground = Ground(where)
    last = ground.root / "last"
    try:
        _begin(ground)
        wrong = _until_idle(ground, aims) or [*_oracle(ground), *plans.wrong(ground)]
    except AssertionError as error:
        wrong = [str(error)[:2000]]
    finally:
        end(ground.marked())
        reap_all()
    return {"killed": last.read_text() if last.exists() else "", "wrong": wrong}


def _begin(ground: Ground) -> None:
    """A worker hangs whose task a person has done meanwhile: the next tick has to end it."""
    ground.team.workspace.settings.write_text(SETTINGS)
    ground.team.environ["TEAM_SUPERVISOR_CONFIG"] = str(ground.root / "configuration")
    place = {"path": str(ground.team.project), "workspace": str(ground.workspace)}
    registry.add(ground.team.environ, Project(slug="api", name="api", added_at="", **place))
    plans.write(ground, "closed", "fails", "last")
    _tick(ground, Aims())
    wait_until(ground.reached)
    with ground.team.store() as store, store.transaction():
        table = TaskTable(store)
        task = table.get("closed")
        assert task is not None
        table.shift(task, TaskState.COMPLETED, 0.0)


def _until_idle(ground: Ground, aims: Aims) -> list[str]:
    """Nobody is killed any more after one was."""
    said: dict[str, Any] | None = None
    for _ in range(MOST_TICKS):
        if aims.after and ground.planned(aims.after) == TaskState.IN_PROGRESS:
            aims = replace(aims, after="")
        spared = aims.after or (ground.root / "last").exists()
        said = _tick(ground, Aims() if spared else aims)
        if said and said["action"] == "idle" and said["disable_cron"]:
            return []
    return [f"it never came to rest: {said}"]


def _oracle(ground: Ground) -> list[str]:
    try:
        ground.oracle()
    except AssertionError as error:
        return str(error).splitlines()
    return []


def _tick(ground: Ground, aims: Aims) -> Any:
    """In a copy of this process, which has everything loaded: what it printed, None if killed."""
    said = ground.root / "said"
    said.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        _become(ground, aims, said)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), said.read_text()
    return json.loads(said.read_text()) if code == 0 else None


def _become(ground: Ground, aims: Aims, said: Path) -> None:
    os.environ.clear()
    os.environ.update(ground.team.environ)
    code = 70
    try:
        _arm_visits(ground, aims)
        Tripwire(ground.team.project, _aimed(aims.tick, ground.root))
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            main(["tick", "--run"], standalone_mode=False)
        said.write_text(printed.getvalue())
        code = 0
    except BaseException:
        said.write_text(traceback.format_exc())
    finally:
        os._exit(code)


def _arm_visits(ground: Ground, aims: Aims) -> None:
    """Before anything of a visit is loaded, as with a host."""

    def hear(event: str, args: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and "--visit" in args[1]:
            words = args[1][args[1].index("orchestrate") :]
            args[1][1:] = ["-c", BOOT, str(ground.root), json.dumps(asdict(aims)), *words]

    sys.addaudithook(hear)


def visit() -> None:
    """The program of an armed visit: a case's directory, its aims, and the words of the visit."""
    root, aims = Path(sys.argv[1]), Aims(**json.loads(sys.argv[2]))
    if aims.alone:
        (root / "last").write_text("its visit begins")
        os.kill(os.getppid(), signal.SIGKILL)
    Tripwire(Path(sys.argv[-1]), _aimed(aims.visit, root, *aims.only))
    main(sys.argv[3:], standalone_mode=False)


def _aimed(at: str, root: Path, *only: str) -> Aimed:
    return Aimed(at, root / "last", ("", root / "spent"), only=only)


def search(directory: Path) -> None:
    """Answers each case with its result, as JSON, until one was killed nowhere or is wrong."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    aims = Aims(**json.loads(sys.stdin.readline()))
    for number in itertools.count():
        result = run(aims, directory / str(number))
        print(json.dumps(result), flush=True)
        if result["wrong"] or not result["killed"]:
            break
        shutil.rmtree(directory / str(number), ignore_errors=True)


if __name__ == "__main__":
    search(Path(sys.argv[1]))

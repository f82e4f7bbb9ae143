"""Several sessions begin at once: are their hosts copies, and what if these can't be had?"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.core import events
from team_supervisor.core.model import State
from team_supervisor.core.restarts import RestartPolicy

from .teams import Team

NAMES = ("a", "b", "c")
_hooks: list[Callable[[list[Any]], None]] = []


def _hear(event: str, args: tuple[Any, ...]) -> None:
    """There is no way to take an audit hook away again."""
    if event == "subprocess.Popen":
        for hook in _hooks:
            hook(args[1])


sys.addaudithook(_hear)


@contextmanager
def each_start(hook: Callable[[list[Any]], None]) -> Iterator[None]:
    _hooks.append(hook)
    try:
        yield
    finally:
        _hooks.remove(hook)


def program(argv: list[Any]) -> str:
    """What of ours is started."""
    code = " ".join(map(str, argv))
    return next((name for name in ("launcher", "host") if f"supervisor.{name} import" in code), "")


def begin(team: Team, *names: str) -> list[str]:
    """Requests that are there together; what was started for them until all was done."""
    started: list[str] = []
    for name in names:
        team.request(name, "bash echo $TEAM_SESSION_ID > $SESSION/id", "done all")
    with each_start(lambda argv: started.append(program(argv))):
        team.run()
    return [name for name in started if name]


def done_once(team: Team, name: str) -> bool:
    session = team.session(name)
    said = (team.directory(name) / "id").read_text().strip()
    return (session.state, session.attempt, said) == (State.COMPLETED, 1, session.id) and (
        team.starts(name) == 1
    )


def test_several_are_started_by_one_launcher(team: Team) -> None:
    assert begin(team, *NAMES) == ["launcher"]
    assert all(done_once(team, name) for name in NAMES)
    assert not team.heard(events.Warned)


def test_one_alone_is_started_by_itself(team: Team) -> None:
    assert begin(team, "a") == ["host"]
    assert done_once(team, "a")


@pytest.mark.parametrize(
    ("first", "by_themselves"),
    [
        pytest.param("raise SystemExit(1)", 3, id="at all"),
        pytest.param("import time; time.sleep(100)", 3, id="in time"),
        pytest.param(
            "import os, sys; me, forks = os.getpid(), []; "
            "sys.addaudithook(lambda e, _: e == 'os.fork' and os.getpid() == me and "
            "(forks.append(e), len(forks) == 2 and os._exit(1)))",
            2,
            id="to the end",
        ),
    ],
)
def test_where_a_launcher_does_not_work_the_others_are_started_by_themselves(
    team: Team, first: str, by_themselves: int
) -> None:
    def break_it(argv: list[Any]) -> None:
        if program(argv) == "launcher":
            code = argv.index("-c") + 1
            argv[code] = f"{first}\n{argv[code]}"

    with each_start(break_it):
        assert begin(team, *NAMES) == ["launcher", *["host"] * by_themselves]
    assert all(done_once(team, name) for name in NAMES)


def test_one_that_cannot_be_started_at_all_keeps_no_other_from_it(
    team: Team, tmp_path: Path
) -> None:
    """Its persona is gone by the time it could start."""
    team.set(restarts=RestartPolicy(first_delay=0.01, max_delay=0.01, failures=1))
    persona = team.root / "personas" / "passing.md"
    persona.parent.mkdir()
    persona.write_text("---\nname: passing\ndescription: Goes.\n---\n\n# Passing\n")
    team.request("gone", "done all", persona="passing")
    team.listeners.append(
        lambda event: (
            persona.unlink(missing_ok=True) if isinstance(event, events.SessionClaimed) else None
        )
    )
    begin(team, "a", "b")
    assert team.session("gone").state == State.FAILED
    assert "personas check" in (team.session("gone").reason or "")
    assert done_once(team, "a") and done_once(team, "b")


def test_a_list_of_which_a_loss_of_power_left_no_byte_is_begun_again(team: Team) -> None:
    """The first one is not synced: it is made again as long as no agent has written to it."""
    team.request("a", "done all")
    with team.supervised() as supervisor:
        while not (lists := list(team.root.glob("intern-*/tasks.md"))):
            supervisor.tick()
    lists[0].write_bytes(b"")
    team.run()
    assert team.session("a").state == State.COMPLETED
    assert "# Task: The work" in (team.directory("a") / "tasks.md").read_text()

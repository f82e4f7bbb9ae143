"""Case 54: an agent that writes without end."""

import concurrent.futures
import select
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from team_supervisor.adapters import logs
from team_supervisor.core.events import AttentionNeeded
from team_supervisor.core.model import State
from team_supervisor.core.world import World
from team_supervisor.settings import CommandRunner, RunnerSettings
from tests.teams import PATIENCE, Gate, Team, kill, run_until

COUNT = 60_000
LIMIT = 1 << 19
WRITER = """
import os, sys
session, gate, count = sys.argv[1:]
gate = os.open(gate, os.O_RDWR)
for n in range(int(count)):
    if n in (int(count) // 3, int(count) * 2 // 3):
        os.read(gate, 3)
    os.write(1, b'{"n": %d, "text": "the same words again and again"}\\n' % n)
    if n % 2 == 0:
        os.write(2, b'complaint %d about the same thing as before\\n' % n)
os.read(gate, 3)
with open(os.path.join(session, "tasks.md"), "w") as tasks:
    tasks.write("- [x] write\\n")
"""


@pytest.fixture
def writing(live_team: Team) -> tuple[Team, Gate]:
    """A team whose agents write a third, wait at the gate, another third, and so on."""
    team, gate = live_team, live_team.gate()
    argv = (sys.executable, "-c", WRITER, "{session}", str(team.workspace.shared / "gate"))
    command = CommandRunner((*argv, str(COUNT)))
    team.set(
        runner="command",
        runners=RunnerSettings(command),
        log_limit_mb=LIMIT / (1 << 20),
        log_keep=2,
    )
    team.request("talker", text="# Talk\n")
    return team, gate


def whole() -> bytes:
    text = b'{"n": %d, "text": "the same words again and again"}\n'
    return b"".join(text % n for n in range(COUNT))


def small(team: Team) -> bool:
    """All has been written, and most of it moved."""
    directory = team.directory("talker")
    complaint = b"complaint %d about the same thing as before\n"
    sizes = {
        "transcript.jsonl": len(whole()),
        "stderr.log": sum(len(complaint % n) for n in range(0, COUNT, 2)),
    }
    return all(
        (directory / name).exists()
        and (directory / name).stat().st_size == size
        and logs.on_disk(directory / name) <= LIMIT + logs.BLOCK
        for name, size in sizes.items()
    )


def test_the_disk_is_bounded_and_no_line_is_lost(writing: tuple[Team, Gate]) -> None:
    team, gate = writing
    team.run(lambda world: world.live and segments(team))
    with concurrent.futures.ThreadPoolExecutor() as beside:
        words = ("logs", "talker", "--raw", "--follow", "-n", COUNT)
        followed = beside.submit(team.call, *words)
        gate.open()
        gate.open()
        team.run(lambda world: world.live and small(team))
        gate.open()
        team.run()
        assert followed.result().stdout.encode() == whole()
    archive = team.directory("talker")
    assert team.session("talker").state == State.COMPLETED
    assert archive.name.endswith("-completed")
    assert team.call("logs", "talker", "--raw").stdout.encode() == whole()
    assert team.session("talker").transcript_offset == len(whole())
    assert 1 <= len(logs.segments(archive / "stderr.log")) <= 2
    assert on_disk(archive) < len(whole()) / 2
    shown = team.call("logs", "talker", "--raw", "-n", "30000").stdout
    assert shown.encode() == whole()[-len(shown) :] and len(shown.splitlines()) == 30_000


def on_disk(directory: Path) -> int:
    return sum(logs.on_disk(path) for path in directory.iterdir())


def test_a_supervisor_killed_while_it_moves_loses_no_line(writing: tuple[Team, Gate]) -> None:
    team, gate = writing
    runners = msgspec.json.encode(team.settings.runners).decode()
    team.workspace.settings.write_text(
        f"runner: command\nlog_limit_mb: 0.5\nlog_keep: 2\nrunners: {runners}\n"
    )
    team.environ |= {"TEAM_SUPERVISOR_FILE_EVENTS": "off"}
    for number in range(1, 4):
        program = team.start("orchestrate")
        # A segment is there before its hole.
        until(lambda number=number: segments(team) >= number)
        kill(program.pid)
        if number < 3:
            gate.open()
    assert team.session("talker").attempt == 1
    team.run(lambda world: world.live and small(team))
    assert team.call("logs", "talker", "--raw").stdout.encode() == whole()
    gate.open()
    team.run()
    assert team.session("talker").transcript_offset == len(whole())


def until(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not fact():
        assert time.monotonic() < deadline, "waited in vain"
        select.select([], [], [], 0.001)


def segments(team: Team) -> int:
    found = team.sessions()
    return len(logs.segments(team.root / found[0].directory / "transcript.jsonl")) if found else 0


def test_logs_that_pass_the_total_need_a_person_and_nobody_is_stopped(
    writing: tuple[Team, Gate],
) -> None:
    team, gate = writing
    team.set(log_total_mb=0.25, log_limit_mb=0.1)
    with team.supervised() as supervisor:
        run_until(supervisor, lambda world: "passed 0 MiB" in detail(world))
        gate.open()
        gate.open()
        (told,) = team.heard(AttentionNeeded)
        assert "see what it writes" in told.reason
        assert team.session("talker").state == State.ACTIVE
        gate.open()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    assert team.session("talker").state == State.COMPLETED


def detail(world: World) -> str:
    return world.live[0].doing_detail if world.live else ""

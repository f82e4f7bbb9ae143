"""Something else stands where a file of ours or of a session should be: is anything outside hit?"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from team_supervisor.adapters import files
from team_supervisor.core import events
from team_supervisor.core.admission import Limits
from team_supervisor.core.model import State
from team_supervisor.supervisor import Supervisor
from tests.teams import heading, run_until

from .ground import Ground, active, gate, kill

# What one look may read, however large what it meets is, and however busy the machine (bytes).
MOST_READ = 4 << 20
# A look for what bears a mark reads the environment of each process of the machine (bytes).
OF_A_PROCESS = 32 << 10
# Of the processor's time, which other processes do not use up (seconds).
MOST_WORK = 2.0


def _fifo(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def _directory(path: Path, outside: Path) -> None:
    path.mkdir()
    (path / "mine").touch()


def _link(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "kept.txt")


def _link_to_directory(path: Path, outside: Path) -> None:
    path.symlink_to(outside)


def _device(path: Path, outside: Path) -> None:
    path.symlink_to("/dev/zero")


def _sparse(path: Path, outside: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 << 30)


def _socket(path: Path, outside: Path) -> None:
    here = os.getcwd()
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


KINDS = (_fifo, _directory, _link, _link_to_directory, _device, _sparse, _socket)
OF_SESSIONS = (
    "instructions.md",
    "tasks.md",
    "transcript.jsonl",
    "stderr.log",
    "session.json",
    "tracker.json",
    "persona-instructions.md",
    "messages",
)
OF_CONTROL = (
    "launch.json",
    "host.json",
    "host.log",
    "stop.json",
    "exit.json",
    "exit.json.new",
    "inbox",
    "lock",
    "reserve",
)
_OTHERS = (0, 2, 3, 4, 5, 6)
Make = Callable[[Path, Path], None]


# Every place meets every kind in seven turns.
TURNS = [turn if turn < 2 else pytest.param(turn, marks=pytest.mark.soak) for turn in range(7)]


def _kinds(turn: int, places: Sequence[str]) -> list[tuple[str, Make]]:
    return [(place, KINDS[(turn + n) % len(KINDS)]) for n, place in enumerate(places)]


@pytest.mark.parametrize("turn", TURNS)
def test_whatever_stands_in_place_of_a_session_s_file_holds_nobody_up(
    ground: Ground, turn: int
) -> None:
    """Case 44 for every file: put there under a working agent, met by its next start, too."""
    _among_others(ground, _kinds(turn, OF_SESSIONS), ground.team.directory)


@pytest.mark.parametrize("turn", TURNS)
def test_whatever_stands_in_place_of_a_control_file_holds_nobody_up(
    ground: Ground, turn: int
) -> None:
    _among_others(ground, _kinds(turn, OF_CONTROL), ground.control)


def _among_others(
    ground: Ground, kinds: list[tuple[str, Make]], where: Callable[[str], Path]
) -> None:
    ground.set(limits=Limits(sessions=20))
    names = [f"at-{place.replace('.', '-')}" for place, _ in kinds]
    steps = (gate(), "bash rm -rf $SESSION/tasks.md", "tasks one", "done all")
    for name in names:
        ground.team.request(name, *steps)
    ground.request("good", gate(), "done all")
    with ground.team.supervised() as supervisor:
        run_until(supervisor, active("good", *names))
        agents = [ground.agent(name) for name in names]
        for name, (place, make) in zip(names, kinds, strict=True):
            _replace(make, where(name) / place, ground.outside)
        for name in ("good", *names):
            _talk(ground.team.directory(name))
        for _ in range(10):
            _look_within_bounds(supervisor)
        for agent in agents:
            kill(agent)
        for _ in range(30):
            _look_within_bounds(supervisor)
        ground.open_gate()
        run_until(supervisor, _ended("good"))
        supervisor.draining = True
        ground.end_sessions()
        run_until(supervisor, lambda world: all(s.ended for s in world.live))
    assert ground.team.session("good").state == State.COMPLETED
    _no_bug(ground)


def _replace(make: Make, path: Path, outside: Path) -> None:
    """The old one is kept beside: nobody may miss what was written."""
    with contextlib.suppress(FileNotFoundError):
        path.rename(path.with_name(f"{path.name}.former"))
    make(path, outside)


MOST_SAID = 50


def _talk(directory: Path) -> None:
    """More than a line of the inbox can hold, so that it goes by a file."""
    with contextlib.suppress(OSError):
        files.append(directory / "instructions.md", "\n\n" + heading("user") + "more " * 2000)


def _look_within_bounds(supervisor: Supervisor) -> None:
    """One that waits for anything ends with the time of its test."""
    read, worked = _bytes_read(), time.thread_time()
    supervisor.tick()
    assert _bytes_read() - read < MOST_READ + OF_A_PROCESS * len(psutil.pids())
    assert time.thread_time() - worked < MOST_WORK


def _bytes_read() -> int:
    """By this thread until now; where the kernel does not count them, none."""
    try:
        counted = Path("/proc/thread-self/io").read_text()
    except OSError:
        return 0
    return int(counted.split()[1])


def _ended(name: str) -> Callable[[object], bool]:
    def fact(world: object) -> bool:
        sessions = {s.name: s for s in world.live}  # type: ignore[attr-defined]
        return name not in sessions or sessions[name].ended

    return fact


def _no_bug(ground: Ground) -> None:
    """What the supervisor calls a bug of its own ends in "failed (TheException: …)"."""
    assert not [w.reason for w in ground.team.heard(events.Warned) if "failed (" in w.reason]
    changed = ground.case(finished=False).changed
    assert not changed


def test_a_session_s_directory_that_turns_into_a_link_and_back_leads_nowhere(
    ground: Ground,
) -> None:
    """Case 47: under a working agent, while we write into it at every look."""
    ground.request("api", gate(), "done all")
    over = threading.Event()
    with ground.team.supervised() as supervisor:
        # It has read its script by then, which it would not find behind the link.
        run_until(supervisor, lambda _: ground.team.session("api").last_words.startswith("Bash"))
        directory = ground.team.directory("api")
        (ground.outside / "messages").mkdir()
        ground.before = ground.surroundings()
        swaps = threading.Thread(target=_swap, args=(directory, ground.outside, over))
        swaps.start()
        try:
            deadline = time.monotonic() + 3.0
            said = 0
            while time.monotonic() < deadline:
                # An agent reads instructions of a MiB at most.
                if said < MOST_SAID:
                    _talk(directory)
                    said += 1
                supervisor.tick()
        finally:
            over.set()
            swaps.join()
        ground.open_gate()
        run_until(supervisor, _ended("api"))
    assert not (ground.workspace / ground.team.session("api").directory).is_symlink()
    with ground.team.supervised():
        """Publishes session.json again, which may have been refused as the last thing."""
    _no_bug(ground)
    ground.oracle()


def _swap(directory: Path, outside: Path, over: threading.Event) -> None:
    """Ends with the directory in its place."""
    hidden, link = directory.with_name(".hidden"), directory.with_name(".link")
    link.symlink_to(outside)
    while not over.is_set():
        directory.rename(hidden)
        link.rename(directory)
        over.wait(0.0005)
        directory.rename(link)
        hidden.rename(directory)
        over.wait(0.002)


OF_THE_WORKSPACE = (
    "team.yaml",
    "personas",
    ".supervisor/lock",
    ".supervisor/doorbell",
    ".supervisor/supervisor.db",
    ".supervisor/supervisor.db-wal",
    ".supervisor/sessions",
    ".supervisor/bin",
    "shared",
)
VERBS = (
    ("attach", "--list"),
    ("track", "--once"),
    ("team", "status"),
    ("personas", "list"),
    ("doctor",),
)


@pytest.mark.parametrize("turn", [1, *(pytest.param(n, marks=pytest.mark.soak) for n in _OTHERS)])
def test_whatever_stands_in_place_of_the_workspace_s_own_is_said_in_a_sentence(
    ground: Ground, turn: int
) -> None:
    """No verb hangs, none ends with a bug, none writes to where a link leads."""
    ground.write_settings()
    ground.request("api", "done all")
    ground.team.run()
    for number, (place, make) in enumerate(_kinds(turn, OF_THE_WORKSPACE)):
        path = ground.workspace / place
        _replace(make, path, ground.outside)
        for words in (("orchestrate", "--once"), VERBS[(number + turn) % len(VERBS)]):
            ran = ground.team.call(*words, "--workspace", ground.workspace)
            assert ran.returncode in (0, 1, 2, 4), (place, words, ran.stderr)
            assert "Traceback" not in ran.stderr
        _put_back(path)
    _no_bug(ground)


def _put_back(path: Path) -> None:
    former = path.with_name(f"{path.name}.former")
    if os.path.lexists(path):
        path.rename(path.with_name(f"{path.name}.odd-{time.monotonic_ns()}"))
    if os.path.lexists(former):
        former.rename(path)


def test_the_workspace_is_its_user_s_alone_and_no_secret_is_told(ground: Ground) -> None:
    """The environment goes to the agents and nowhere else: no file, no log, no listing."""
    secret = "sk-ant-a-planted-secret"
    ground.team.environ |= {"ANTHROPIC_API_KEY": secret, "GIT_URL": f"https://x:{secret}@host/"}
    ground.write_settings()
    ground.request("api", "crash", "done all")
    ground.team.run()
    for words in (
        *VERBS,
        ("logs", "api"),
        ("team", "status", "--json"),
        ("attach", "--list", "-a"),
    ):
        ran = ground.team.call(*words, "--workspace", ground.workspace)
        assert secret not in ran.stdout + ran.stderr
    control = ground.team.workspace.control
    places = [ground.workspace, control, *control.rglob("*")]
    assert not [path for path in places if path.lstat().st_mode & 0o077 and not path.is_symlink()]
    files_within = [path for path in ground.workspace.rglob("*") if path.is_file()]
    assert len(files_within) > 10
    assert not [path for path in files_within if secret.encode() in path.read_bytes()]

"""Agents name, say and write what they like: can any of it do something to a terminal?"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from team_supervisor.cli import VERBS
from team_supervisor.core.model import Doing, RequestStatus, State

from .example_team import ExampleTeam, spoken, used
from .terminals import Terminal

# A title set, a clipboard filled, a colour nobody else uses, a screen cleared, the one-byte forms,
# a bell, a line overwritten, and text that is read backwards.
HOSTILE = (
    "x\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x1b\\\x1b[38;5;213mpink\x1b[2J\x9b31m\x9d0;owned\x9c"
    "\x1bPq\x1b\\\x07\b\b\rover\u202eback\u2066\U000e0041"
)
ALLOWED = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?(25|1049)[hl]|\x1b\[H|\r?\n")
COMMANDS = (
    ("attach", "--list", "--all"),
    ("attach", "--follow", "gone"),
    ("track", "--once", "--all"),
    ("team", "status"),
    ("logs", "gone"),
    ("logs", "gone", "--raw"),
    ("tasks", "gone"),
    ("personas", "list"),
    ("personas", "show", "odd"),
    ("personas", "check"),
    ("doctor",),
    ("say", "x", "hello"),
    ("say", f"{HOSTILE}", "hello"),
    ("retry", "x"),
    ("request", HOSTILE, "name"),
    ("team", "stop", "x"),
    ("costs",),
    ("why", "gone"),
    ("history", "gone"),
)
KNOWN = [words for words in COMMANDS if words[0] in VERBS]


@pytest.fixture
def hostile(empty_team: ExampleTeam) -> ExampleTeam:
    """Wherever an agent's words end up, there is something that commands a terminal."""
    team = empty_team
    words = {"last_words": HOSTILE, "tasks_problem": HOSTILE, "last_activity_at": team.now - 5}
    team.add("intern", HOSTILE, runs=True, doing=Doing.ATTENTION, doing_detail=HOSTILE, **words)
    team.add("intern", HOSTILE + "2", runs=True, doing=Doing.WAITING, doing_detail=HOSTILE, **words)
    team.add("intern", HOSTILE + "3", runs=True, **words)
    gone = team.add("intern", "gone", state=State.FAILED, reason=HOSTILE, **words)
    directory = team.place.root / gone.directory
    team.say(gone, spoken(HOSTILE), used(HOSTILE, command=HOSTILE), used("Read", file_path=HOSTILE))
    team.say(gone, {"type": "result", "is_error": True, "result": HOSTILE, "subtype": HOSTILE})
    team.say(gone, {"type": "system", "subtype": "init", "model": HOSTILE}, f"{HOSTILE}\n".encode())
    (directory / "stderr.log").write_text(f"{HOSTILE}\n")
    (directory / "tasks.md").write_text(
        f"## Task: {HOSTILE}\n- **Status**: {HOSTILE}\n- **Depends on**: {HOSTILE}\n"
        f"- [{HOSTILE}] b\n"
    )
    team.request("intern", HOSTILE, RequestStatus.QUEUED, HOSTILE)
    team.request("intern", HOSTILE + "2", RequestStatus.REJECTED, HOSTILE)
    _personas(team.place.root / "personas")
    team.place.settings.write_text(f"{HOSTILE!r}: 1\n")
    return team


def _personas(directory: Path) -> None:
    directory.mkdir()
    (directory / "odd.md").write_text(f"---\ndescription: {HOSTILE!r}\n---\nDo {HOSTILE}\n")
    (directory / f"{HOSTILE.replace('/', '')}.md").write_text(f"---\nmodel: {HOSTILE!r}\n---\nDo\n")


@pytest.mark.parametrize("words", KNOWN, ids=lambda words: "-".join(words[:2])[:20])
def test_in_a_pipe_nothing_is_left_that_commands_a_terminal(
    hostile: ExampleTeam, words: tuple[str, ...]
) -> None:
    """But for `logs --raw`, which is for programs: it gives the bytes as they are."""
    ran = subprocess.run(
        [sys.executable, "-m", "team_supervisor", *words, "--workspace", hostile.place.root],
        capture_output=True,
        env={k: v for k, v in os.environ.items() if k != "TEAM_SESSION_ID"},
        timeout=60,
    )
    assert ran.returncode in (0, 1, 2)
    shown = ran.stderr.decode()
    shown += "" if "--raw" in words else ran.stdout.decode()
    assert _commands(shown) == set()


@pytest.mark.parametrize("words", KNOWN, ids=lambda words: "-".join(words[:2])[:20])
def test_on_a_terminal_there_are_no_commands_but_our_own_colours(
    hostile: ExampleTeam, words: tuple[str, ...]
) -> None:
    terminal = Terminal(*words, "--workspace", str(hostile.place.root), columns=150)
    shown, code = terminal.end()
    assert code in (0, 1, 2)
    # A spinner goes back to where it began; that is of our own making.
    ours = re.sub(r"\r\x1b\[1?K?|\x1b\[[12]?[AK]|\r(?!over)", "", shown)
    assert _commands(ALLOWED.sub("\n", ours)) == set()
    assert "\x1b[38;5;213" not in shown


def test_the_dashboard_shows_no_commands_but_its_own(hostile: ExampleTeam) -> None:
    terminal = Terminal("track", "--workspace", str(hostile.place.root), columns=150, rows=60)
    terminal.until("q ends")
    shown = terminal.until("gone")
    terminal.send("q")
    shown += terminal.end()[0]
    assert not re.search(r"\x1b\[38;5;213|\x1b\]|\x9b|\x9d|\x1bP|\x07|\x08|\u202e", shown)


def _commands(text: str) -> set[str]:
    """What is neither a line break nor something that can be seen."""
    return {repr(c) for c in text if not (c.isprintable() or c in "\n\ufe0f\u200d")}

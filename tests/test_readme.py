"""Do the commands in the documents work as they stand there?"""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .cli.terminals import OPEN, Terminal
from .teams import BIN, PATIENCE, Team, lines_until

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PROTOCOL = ROOT / "docs" / "protocol.md"
EXAMPLE = ROOT / ".database.example" / "README.md"
DOCUMENTS = (README, PROTOCOL, EXAMPLE, ROOT / "docs" / "architecture.md")
HEREDOC = re.compile(r"<<'(\w+)'")


@dataclass(frozen=True, slots=True)
class Ends:
    """Run to its end, which has to be a good one, having said `says`."""

    says: str = ""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """Runs beside what follows, from the moment in which it has said `says`."""

    says: str


@dataclass(frozen=True, slots=True)
class AtTerminal:
    """Run at a terminal until it has said `says`; then `keys` have to end it well."""

    says: str
    keys: str


@dataclass(frozen=True, slots=True)
class NotRun:
    because: str


How = Ends | GoesOn | AtTerminal | NotRun
SCRIPT = """cat > .database/.draft/instructions.md <<'EOF_INSTRUCTIONS'
# Check the design

Read design.md beside this file. Say what is missing, in shared/design-review.md.
EOF_INSTRUCTIONS"""

HOW: dict[Path, dict[str, How]] = {
    README: {
        "make demo": NotRun("it makes a virtual environment; `demo --fast` is run instead"),
        "make test": NotRun("it is what runs this test"),
        "make soak": NotRun(
            "it takes about half an hour; tests/faults/test_soak.py runs a little of it"
        ),
        "make check": NotRun("it makes a virtual environment and looks at the whole repository"),
        "python3 -m pip install .": NotRun("it changes this machine and needs the network"),
        "npm install -g @anthropic-ai/claude-code": NotRun("so does it"),
        "team-supervisor doctor": Ends("leases"),
        'team-supervisor team start "An HTTP API that keeps notes, with tests and a README"': Ends(
            "engineering-manager-"
        ),
        'echo "budgets: {session: {usd: 2}, team: {usd: 20}}" > .database/team.yaml': Ends(),
        "team-supervisor why manager": Ends("from its row says"),
        "team-supervisor history manager": Ends("Claimed engineering-manager"),
        "team-supervisor costs": Ends("total"),
        "team-supervisor agents list": Ends("manager"),
        "team-supervisor agents report --since 1h": Ends("Completed sessions"),
        "team-supervisor budget manager 5": Ends("of $5.00"),
        "team-supervisor orchestrate": GoesOn("PID:"),
        "team-supervisor track": AtTerminal("manager", "q"),
        "team-supervisor attach --list": Ends("manager: active"),
        "team-supervisor attach --follow manager": AtTerminal("You are session", "\x03"),
        "team-supervisor attach manager": AtTerminal("to come back", "exit\n"),
        'team-supervisor say manager "The standard library only, please."': Ends("Said to manager"),
        "team-supervisor logs manager": Ends("You are session"),
        "team-supervisor tasks manager": Ends("0 of 1 done"),
        'echo "Run the tests and write what you see to shared/qa.md"'
        " | team-supervisor request qa first-look": Ends("qa-request-first-look"),
        'echo "Mend the failing tests"'
        ' | team-supervisor request software-engineer mend --verify "pytest -q"': Ends(
            "software-engineer-request-mend"
        ),
        "mkdir -p specs": Ends(),
        'echo "# Write a changelog from the git history" > specs/changelog-spec.md': Ends(),
        "team-supervisor tasks import specs": Ends("1 added"),
        "team-supervisor tasks plan": Ends("Wave 1"),
        "team-supervisor queue list": Ends("of 1 at work"),
        "team-supervisor archive manager -o manager.tar.zst": Ends("manager.tar.zst"),
        "team-supervisor team stop": Ends("Stopped manager"),
        "team-supervisor service install": Ends("Wrote "),
        "team-supervisor service status": Ends("Unit: "),
        "team-supervisor service uninstall": Ends("Removed "),
        "team-supervisor projects add . --slug notes": Ends("Registered notes"),
        "team-supervisor projects pause notes": Ends("paused"),
        "team-supervisor projects resume notes": Ends("active"),
        "team-supervisor projects list": Ends("notes"),
        "team-supervisor personas list": Ends("engineering-manager"),
        "team-supervisor personas show software-engineer": Ends("may_request"),
        "team-supervisor personas check": Ends("0 not usable"),
    },
    PROTOCOL: {
        "team-supervisor request qa login-check -i login-check.md": Ends("qa-request-login-check"),
        'echo "Run the tests and report." | team-supervisor request qa test-run': Ends("test-run"),
        "team-supervisor archive login-check -o login-check.tar.zst": NotRun(
            "there is no supervisor yet that would take the request"
        ),
        "mkdir .database/intern-request-changelog": Ends(),
        'echo "# Write CHANGELOG.md from the git history"'
        " > .database/intern-request-changelog/instructions.md": Ends(),
        "mkdir .database/.draft": Ends(),
        "cp docs/design.md .database/.draft/": Ends(),
        SCRIPT: Ends(),
        "mv -T .database/.draft .database/qa-request-design-review": Ends(),
        'eval "$(_TEAM_SUPERVISOR_COMPLETE=bash_source team-supervisor)"': Ends(),
    },
    EXAMPLE: {
        "team-supervisor tasks .database.example/software-engineer-1769851857720/tasks.md": Ends(
            "3 of 5 done"
        ),
        "team-supervisor personas check .database.example/personas": Ends("0 not usable"),
    },
}


def shown(document: Path) -> list[str]:
    """The commands in the document's `sh` and `console` blocks, in their order."""
    text = document.read_text()
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [command for block in blocks for command in _commands(block.splitlines())]


def _commands(lines: list[str]) -> Iterator[str]:
    rest = iter(lines)
    for line in rest:
        command = line.removeprefix("$ ").split("  # ")[0].rstrip()
        if end := HEREDOC.search(command):
            for more in rest:
                command += f"\n{more}"
                if more == end[1]:
                    break
        if command:
            yield command


class Story:
    """Commands, one after the other, as a person would type them in the project's directory."""

    def __init__(self, team: Team, directory: Path, pace: str) -> None:
        self.team, self.directory = team, directory
        path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
        more = {"PATH": path, "TEAM_SCRIPTED_PACE": pace, "SHELL": "/bin/sh", "TERM": "xterm"}
        # No service manager is to be found, and units go where nobody looks for them.
        nowhere = str(team.project.parent / "nowhere")
        apart = {"XDG_CONFIG_HOME": nowhere, "XDG_RUNTIME_DIR": nowhere}
        apart |= {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={nowhere}"}
        self.environ = team.environ | more | apart
        self.beside: subprocess.Popen[str] | None = None

    def tell(self, document: Path) -> None:
        for command in shown(document):
            match HOW[document][command]:
                case Ends(says):
                    self.ends(command, says)
                case GoesOn(says):
                    self.goes_on(command, says)
                case AtTerminal(says, keys):
                    self.at_terminal(command, says, keys)

    def ends(self, command: str, says: str = "") -> str:
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", command],
            cwd=self.directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, ""), f"{command}: {done}"
        assert says in done.stdout, f"{command}: {done.stdout}"
        return done.stdout

    def goes_on(self, command: str, says: str) -> None:
        """Whatever ran beside has been ended by the commands since."""
        if self.beside:
            assert self.beside.wait(PATIENCE) == 0
        self.beside = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.directory,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.team.programs.append(self.beside)
        lines_until(self.beside, says)

    def at_terminal(self, command: str, says: str, keys: str) -> None:
        terminal = Terminal(*shlex.split(command)[1:], columns=100, rows=40, **self.environ)
        try:
            terminal.until(says)
            terminal.send(keys)
            text, code = terminal.end()
            assert code == 0, f"{command}: {text}"
        finally:
            if terminal in OPEN:
                OPEN.remove(terminal)
                terminal.kill()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_shown_is_in_the_table_and_nothing_else_is(document: Path) -> None:
    assert set(shown(document)) == set(HOW.get(document, {}))


def test_the_commands_of_the_readme_work_one_after_the_other(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(team.project)
    # An hour from step to step: the team is at its first task throughout.
    story = Story(team, team.project, pace="3600")
    story.tell(README)
    assert story.beside is not None
    lines_until(story.beside, "first-look")
    assert {s.name for s in team.sessions()} >= {"manager", "architect", "first-look"}
    said = (team.directory("manager") / "instructions.md").read_text()
    assert "The standard library only, please." in said
    mend = (team.directory("mend") / "instructions.md").read_text()
    assert "verify:\n- pytest -q\n" in mend


def test_the_requests_of_the_protocol_become_sessions_with_their_attachments(team: Team) -> None:
    (team.project / "login-check.md").write_text("# Check the login\n")
    (team.project / "docs").mkdir()
    (team.project / "docs" / "design.md").write_text("# The design\n")
    Story(team, team.project, pace="0").tell(PROTOCOL)
    team.run()
    names = {"login-check", "test-run", "changelog", "design-review"}
    assert {s.name for s in team.sessions()} == names
    assert (team.directory("design-review") / "design.md").read_text() == "# The design\n"


def test_the_commands_of_the_example_work_at_the_top_of_the_repository(team: Team) -> None:
    Story(team, ROOT, pace="0").tell(EXAMPLE)


def test_bash_completes_verbs_after_the_line_of_the_protocol(team: Team) -> None:
    line = next(command for command in shown(PROTOCOL) if command.startswith("eval"))
    complete = (
        f"{line}; complete -p team-supervisor; COMP_WORDS=(team-supervisor orch); COMP_CWORD=1; "
        "_team_supervisor_completion team-supervisor; echo ${COMPREPLY[@]}"
    )
    assert Story(team, team.project, "0").ends(complete).split()[-1] == "orchestrate"


def test_make_demo_is_the_demonstration_which_ends_well(team: Team) -> None:
    make = ["make", "--no-print-directory", "-n", "demo"]
    outside = {k: v for k, v in team.environ.items() if not k.startswith("MAKE")}
    told = subprocess.run(make, cwd=ROOT, env=outside, capture_output=True, text=True)
    assert told.stdout.splitlines()[-1].endswith("team-supervisor demo")
    environ = team.environ | {"TMPDIR": str(team.project)}
    shown = team.call("demo", "--fast", env=environ)
    assert shown.returncode == 0, shown
    assert "4 of 4 sessions completed" in shown.stdout


def test_the_screen_in_the_readme_has_the_headings_that_track_prints(team: Team) -> None:
    team.request("notes", "work")
    team.run()
    printed = Story(team, team.project, "0").ends("team-supervisor track --once --all")
    heading = next(line for line in printed.splitlines() if "SESSION" in line).split()
    screen = re.search(r"^```text\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    assert screen is not None
    found = next(line for line in screen[1].splitlines() if "SESSION" in line).split()
    # A column that does not fit into the width is left out.
    assert [word for word in heading if word in found] == found
    assert len(found) >= 5
    totals = json.loads(team.call("track", "--once", "--json").stdout)["totals"]
    assert totals["sessions"] == 1

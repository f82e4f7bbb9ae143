"""Does the Claude Code CLI still do what the `claude` runner relies upon?"""

import json
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .lines import JsonLines, Line
from .model import Model, Turn
from .team import described, marked

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(90)]

SESSION = "tester-1706012345680"
PROMPT = f"""Session `engineering-manager-1706012345600` has a tester.

You are session `{SESSION}` (tester, "tests") in a team of coding agents.
"""


class Cli:
    """The CLI as the runner starts it, without a supervisor."""

    def __init__(self, claude: Path, work: Path, environ: dict[str, str]) -> None:
        self.claude = claude
        self.work = work
        self.environ = {**environ, "TEAM_SESSION_ID": SESSION, "TEST_MARK": str(uuid.uuid4())}
        work.mkdir()
        (work / "persona-instructions.md").write_text(PROMPT)

    @contextmanager
    def start(self, *words: str) -> Iterator["Conversation"]:
        command = [os.fspath(self.claude), "-p", "--input-format", "stream-json"]
        command += ["--output-format", "stream-json", "--verbose", "--replay-user-messages"]
        command += ["--append-system-prompt-file", "persona-instructions.md"]
        command += ["--permission-mode", "acceptEdits", "--allowedTools", "Bash", *words]
        with subprocess.Popen(
            command,
            cwd=self.work,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.work / "stderr.log").open("ab"),
        ) as process:
            try:
                yield Conversation(process)
            finally:
                process.kill()

    def processes(self) -> list[str]:
        return described(marked("TEST_MARK", self.environ["TEST_MARK"]))


class Conversation(JsonLines):
    def say(self, text: str, name: str | None = None) -> str:
        """The uuid that the message was sent with."""
        name = name or str(uuid.uuid4())
        message = {"role": "user", "content": text}
        line = json.dumps({"type": "user", "message": message, "uuid": name})
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return name

    def results(self) -> list[Line]:
        return [line for line in self.seen if line["type"] == "result"]

    def turn(self, text: str) -> Line:
        """Say it and wait for the end of the turn."""
        before = len(self.results())
        self.say(text)
        self.wait_for(lambda _: len(self.results()) > before)
        return self.results()[-1]

    def finish(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.rest()
        return self.process.returncode


@pytest.fixture
def cli(claude: Path, tmp_path: Path, environ: dict[str, str]) -> Iterator[Cli]:
    started = Cli(claude, tmp_path / "work", environ)
    yield started
    for process in marked("TEST_MARK", started.environ["TEST_MARK"]):
        process.kill()


def write(text: str, name: str) -> str:
    return f"echo {text} >> {name}"


def test_a_bash_tool_use_really_runs_in_the_working_directory(cli: Cli, model: Model) -> None:
    model.scripts["tester"] = [Turn(commands=(write("$TEAM_SESSION_ID", "who"),), says="Done.")]
    with cli.start("--session-id", str(uuid.uuid4())) as conversation:
        result = conversation.turn("Go.")
    assert (cli.work / "who").read_text() == f"{SESSION}\n"
    assert result["result"] == "Done."
    assert result["is_error"] is False
    assert result["permission_denials"] == []


def test_the_appended_system_prompt_names_the_session_that_asks(cli: Cli, model: Model) -> None:
    with cli.start("--session-id", str(uuid.uuid4())) as conversation:
        conversation.turn("Go.")
    assert [asked.session for asked in model.asked] == [SESSION]


def test_a_message_comes_back_with_its_uuid_once_it_is_taken(cli: Cli, model: Model) -> None:
    with cli.start("--session-id", str(uuid.uuid4())) as conversation:
        name = conversation.say("Hello there.")
        replay = conversation.wait_for(lambda line: line.get("uuid") == name)
    assert replay["type"] == "user"
    assert replay["isReplay"] is True
    assert replay["message"]["content"] == "Hello there."


def test_a_message_in_the_middle_of_a_turn_is_put_before_the_model(cli: Cli, model: Model) -> None:
    os.mkfifo(cli.work / "go")
    model.scripts["tester"] = [
        Turn(commands=("read line < go; sleep 0.5",)),
        Turn(hears="Change of plan", commands=(write("heard", "plan"),)),
    ]
    with cli.start("--session-id", str(uuid.uuid4())) as conversation:
        conversation.say("Go.")
        with (cli.work / "go").open("w"):
            name = conversation.say("Change of plan: write it down.")
        result = conversation.wait_for(lambda line: line["type"] == "result")
        assert conversation.wait_for(lambda line: line.get("uuid") == name)["isReplay"] is True
    assert (cli.work / "plan").read_text() == "heard\n"
    assert result["num_turns"] == 3


def test_a_message_that_comes_twice_under_one_uuid_is_taken_once(cli: Cli, model: Model) -> None:
    session = str(uuid.uuid4())
    with cli.start("--session-id", session) as conversation:
        name = conversation.say("Hello there.")
        conversation.wait_for(lambda line: line["type"] == "result")
        conversation.say("Hello there.", name)
        conversation.wait_for(lambda _: replays(conversation, name) == 2)
        conversation.turn("And now another.")
        assert len(conversation.results()) == 2
        conversation.finish()
    with cli.start("--resume", session) as conversation:
        conversation.say("Hello there.", name)
        conversation.wait_for(lambda _: replays(conversation, name) == 1)
        conversation.turn("A third.")
        assert len(conversation.results()) == 1
    assert len(model.asked) == 3


def replays(conversation: Conversation, name: str) -> int:
    return sum(line.get("uuid") == name for line in conversation.seen)


def test_resume_goes_on_with_the_conversation(cli: Cli, model: Model) -> None:
    name = str(uuid.uuid4())
    model.scripts["tester"] = [
        Turn(commands=(write("one", "log"),)),
        Turn(hears="And now the rest", commands=(write("two", "log"),)),
    ]
    with cli.start("--session-id", name) as conversation:
        conversation.turn("Begin.")
        assert conversation.finish() == 0
    with cli.start("--resume", name) as conversation:
        conversation.turn("And now the rest.")
        assert conversation.wait_for(lambda line: line["type"] == "system")["session_id"] == name
    assert (cli.work / "log").read_text() == "one\ntwo\n"
    assert model.asked[-1].heard[0].startswith("Begin.")


def test_a_session_id_that_was_used_before_is_refused(cli: Cli, model: Model) -> None:
    name = str(uuid.uuid4())
    with cli.start("--session-id", name) as conversation:
        conversation.turn("Begin.")
        conversation.finish()
    with cli.start("--session-id", name) as conversation:
        assert conversation.rest() == []
        assert conversation.process.returncode == 1
    assert "already in use" in (cli.work / "stderr.log").read_text()


def test_cost_adds_up_within_a_process_and_begins_anew_with_resume(cli: Cli, model: Model) -> None:
    name = str(uuid.uuid4())
    with cli.start("--session-id", name) as conversation:
        conversation.turn("One.")
        before = conversation.turn("Two.")["total_cost_usd"]
        conversation.finish()
    with cli.start("--resume", name) as conversation:
        after = conversation.turn("Three.")["total_cost_usd"]
    prices = [asked.price for asked in model.of(SESSION)]
    assert before == pytest.approx(prices[0] + prices[1])
    assert after == pytest.approx(prices[2])


def test_the_end_of_the_cli_leaves_what_its_bash_tool_started(cli: Cli, model: Model) -> None:
    os.mkfifo(cli.work / "up")
    server = "setsid nohup sh -c 'echo > up; exec sleep 300' > nohup.log 2>&1 &"
    model.scripts["tester"] = [Turn(commands=(server,))]
    with cli.start("--session-id", str(uuid.uuid4())) as conversation:
        conversation.say("Go.")
        (cli.work / "up").read_text()
        conversation.wait_for(lambda line: line["type"] == "result")
        conversation.process.send_signal(signal.SIGTERM)
        conversation.rest()
    assert conversation.process.returncode == 143
    assert [words for words in cli.processes() if "sleep 300" in words]

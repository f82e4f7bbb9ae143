import fcntl
import json
import select
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from team_supervisor.core.model import State
from tests.teams import AGENT, Team, kill, lines_until, processes_under


@pytest.fixture
def ready(live_team: Team) -> Team:
    live_team.write_settings()
    return live_team


def completed(team: Team) -> bool:
    return any(s.name == "api" and s.state == State.COMPLETED for s in team.sessions())


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_it_runs_a_team_and_tells_what_happens_in_plain_words(ready: Team) -> None:
    ready.request("api", "done all")
    program = ready.start("orchestrate")
    lines = lines_until(program, "Archived to")
    row = ready.session("api")
    text = "".join(lines)
    assert lines[0] == "🎯 Team supervisor started\n"
    assert lines[1].split() == ["Workspace:", ".database"]
    assert "🚀 Spawning intern: api\n" in lines
    assert f"   ✅ Session: {row.id} (PID: " in text
    assert f"🎉 All tasks completed for api ({row.id})\n" in lines
    assert lines[-1] == f"   📦 Archived to: {row.id}-completed\n"
    assert "\x1b" not in text


def test_with_json_every_line_is_an_object(ready: Team) -> None:
    ready.request("api", "done all")
    program = ready.start("orchestrate", "--json")
    found = events_of("".join(lines_until(program, "session_archived")))
    kinds = [event["event"] for event in found]
    assert kinds[0] == "supervisor_started"
    assert {"session_claimed", "session_started", "tasks_completed"} <= set(kinds)
    assert all(event["at"].endswith("Z") for event in found)
    assert found[-1]["session"] == ready.session("api").id


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_leaves_the_team_running(ready: Team, number: int) -> None:
    gate = ready.gate()
    ready.request("api", gate.step, "done all")
    program = ready.start("orchestrate")
    lines_until(program, "Session:")
    kill(program.pid, number)
    assert program.wait() == 0
    assert program.stdout
    rest = program.stdout.read()
    assert "1 agent goes on without it" in rest
    assert "team-supervisor orchestrate" in rest and "team-supervisor team stop" in rest
    assert processes_under(ready.root)
    again = ready.start("orchestrate", "--json")
    lines_until(again, "session_adopted")
    gate.open()
    lines_until(again, "session_archived")
    assert ready.starts("api") == 1


def test_a_second_one_ends_with_4_and_names_the_first(ready: Team) -> None:
    first = ready.start("orchestrate")
    lines_until(first, "Workspace")
    for words in (["orchestrate"], ["orchestrate", "--once"]):
        second = ready.call(*words)
        assert (second.returncode, second.stdout) == (4, "")
        assert f"{ready.root} is supervised by orchestrate (PID {first.pid} on " in second.stderr
        assert "Traceback" not in second.stderr
    assert first.poll() is None


def test_once_starts_what_should_run_and_ends(ready: Team) -> None:
    gate = ready.gate()
    ready.request("api", gate.step, "done all")
    done = ready.call("orchestrate", "--once", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert "session_started" in [event["event"] for event in events_of(done.stdout)]
    assert ready.session("api").state == State.ACTIVE
    assert processes_under(ready.root)


def test_once_with_nothing_to_do_ends_at_once(ready: Team) -> None:
    assert ready.call("orchestrate", "--once").returncode == 0


def test_once_with_a_program_that_exits_at_once_ends_with_1(ready: Team) -> None:
    ready.write_settings("claude: /bin/false\n")
    text = ready.workspace.settings.read_text().replace("max_delay: 1}", "failures: 0}")
    ready.workspace.settings.write_text(text)
    del ready.environ["TEAM_SUPERVISOR_CLAUDE"]
    ready.request("api", "done all")
    done = ready.call("orchestrate", "--once")
    if done.returncode == 0:  # it was seen at work before it had exited
        done = ready.call("orchestrate", "--once")
    assert done.returncode == 1
    assert done.stderr == "Error: given up: api; see `team-supervisor attach --list`\n"
    assert "❌ Gave up on api" in done.stdout and "code 1" in done.stdout


def test_without_claude_nothing_is_begun(ready: Team) -> None:
    path = ready.request("api", "done all")
    del ready.environ["TEAM_SUPERVISOR_CLAUDE"]
    ready.environ |= {"PATH": "/nowhere", "HOME": str(ready.project)}
    done = ready.call("orchestrate")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: Claude Code was not found: install it with `npm install")
    assert path.exists()


@pytest.mark.parametrize("how", ["option", "variable", "settings"])
def test_a_claude_that_is_not_there_is_named(ready: Team, how: str) -> None:
    del ready.environ["TEAM_SUPERVISOR_CLAUDE"]
    words = ["--claude", "/nowhere/claude"] if how == "option" else []
    if how == "variable":
        ready.environ["TEAM_SUPERVISOR_CLAUDE"] = "/nowhere/claude"
    if how == "settings":
        ready.write_settings("claude: /nowhere/claude\n")
    done = ready.call("orchestrate", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert "/nowhere/claude, which should be Claude Code, cannot be executed" in done.stderr


def test_options_outweigh_team_yaml(ready: Team) -> None:
    ready.write_settings("claude: /nowhere/claude\nmodel: slow\n")
    del ready.environ["TEAM_SUPERVISOR_CLAUDE"]
    ready.request("api", "bash tr '\\0' '\\n' < /proc/$PPID/cmdline > $SHARED/argv", "done all")
    options = ["--claude", AGENT, "--model", "fast", "--max-budget-usd", "2.5"]
    program = ready.start("orchestrate", *options)
    lines_until(program, "Archived")
    argv = (ready.workspace.shared / "argv").read_text().splitlines()
    assert argv[argv.index("--model") + 1] == "fast"
    assert argv[argv.index("--max-budget-usd") + 1] == "2.5"


def test_unknown_settings_are_warned_of(ready: Team) -> None:
    ready.write_settings("limit: 3\nlimits: {per_persona: {inern: 2}}\n")
    done = ready.call("orchestrate", "--once")
    assert done.returncode == 0
    assert "unknown setting `limit`" in done.stdout
    assert "limits.per_persona limits 'inern', and there is no such persona" in done.stdout


def test_a_reader_that_went_away_does_not_end_it(ready: Team) -> None:
    gate = ready.gate()
    ready.request("api", gate.step, "done all")
    program = ready.start("orchestrate")
    lines_until(program, "Session")
    assert program.stdout
    program.stdout.close()
    program.stdout = None
    program.stdout = None
    gate.open()
    ready.wait_beside(lambda: [s for s in ready.sessions() if s.state == State.COMPLETED])
    kill(program.pid, signal.SIGINT)
    assert program.wait() == 0


def test_without_file_events_it_works_too(ready: Team) -> None:
    ready.environ["TEAM_SUPERVISOR_FILE_EVENTS"] = "off"
    program = ready.start("orchestrate", "--json")
    lines_until(program, "supervisor_started")
    ready.request("api", "done all")
    lines_until(program, "session_archived")


def test_the_workspace_is_an_option_or_a_variable(ready: Team) -> None:
    elsewhere = ready.project.parent
    for words, env in (
        (["-w", str(ready.root)], {}),
        ([], {"TEAM_SUPERVISOR_WORKSPACE": str(ready.root)}),
    ):
        done = ready.call("orchestrate", "--once", *words, env=env, cwd=elsewhere)
        assert (done.returncode, done.stderr) == (0, "")
        assert str(ready.root.relative_to(elsewhere)) in done.stdout


def test_a_team_that_was_stopped_goes_on_but_for_those_who_were_stopped_alone(ready: Team) -> None:
    gate = ready.gate()
    ready.request("alone", "wait")
    ready.request("with-all", gate.step, "done all")
    ready.call("orchestrate", "--once")
    assert ready.call("team", "stop", "alone").returncode == 0
    assert ready.call("team", "stop").returncode == 0
    assert {s.state for s in ready.sessions()} == {State.STOPPED}
    program = ready.start("orchestrate", "--json")
    gate.open()
    lines_until(program, "session_archived")
    assert ready.session("with-all").state == State.COMPLETED
    assert ready.session("alone").state == State.STOPPED


def test_a_service_manager_hears_that_it_is_ready_and_how_it_is(ready: Team) -> None:
    gate = ready.gate()
    ready.request("api", gate.step, "done all")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        address = str(ready.project.parent / "notify")
        manager.bind(address)
        manager.settimeout(20)
        ready.environ |= {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "120000000"}
        program = ready.start("orchestrate", "--service")
        said = [manager.recv(4096) for _ in range(3)]
        # Ready means that the workspace is held and that it was looked at once.
        assert said[:2] == [b"WATCHDOG=1", b"READY=1"] and said[2].startswith(b"STATUS=")
        assert "supervised by service" in ready.call("orchestrate").stderr
        lines_until(program, "Session:")
        program.send_signal(signal.SIGTERM)
        while said[-1] != b"STOPPING=1":
            said.append(manager.recv(4096))
    assert b"STATUS=sessions at work: 1, requests waiting: 0" in said
    assert said.count(b"READY=1") == 1
    assert program.wait(60) == 0
    (agent,) = [pid for pid in processes_under(ready.root) if _is_agent(pid)]
    assert b"NOTIFY_SOCKET" not in Path(f"/proc/{agent}/environ").read_bytes()
    gate.open()


def _is_agent(pid: int) -> bool:
    return b"scripted-agent" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_service_stays_when_the_team_is_stopped_and_goes_on_when_it_is_resumed(
    ready: Team,
) -> None:
    gate = ready.gate()
    ready.request("api", gate.step, "done all")
    first = ready.start("orchestrate", "--service")
    lines_until(first, "Session:")
    assert ready.call("team", "stop").returncode == 0
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    # As after a login: what a person stopped is not started by itself.
    again = ready.start("orchestrate", "--service", "--json")
    lines_until(again, "supervisor_started")
    ready.request("later", "done all")
    ready.wait_beside(lambda: _queued(ready))
    assert ready.session("api").state == State.STOPPED
    resumed = ready.call("team", "resume")
    assert (resumed.returncode, resumed.stdout) == (0, "The team goes on\n")
    gate.open()
    lines_until(again, "session_archived")
    lines_until(again, "session_archived")
    assert "was not stopped" in ready.call("team", "resume").stdout


def _queued(team: Team) -> bool:
    with team.store() as store:
        return any(request.status == "queued" for request in store.open_requests())


def test_a_pipe_that_nobody_empties_does_not_stop_supervision(ready: Team) -> None:
    program = ready.start("orchestrate", "--json")
    assert program.stdout
    fcntl.fcntl(program.stdout, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    for number in range(30):
        ready.request(f"part-{number}", "done all", persona="nobody")
    ready.request("api", "done all")
    ready.wait_beside(lambda: completed(ready))
    found = events_of("".join(lines_until(program, "session_archived")))
    assert sum(event["event"] == "request_rejected" for event in found) == 30
    assert found[0]["event"] == "supervisor_started"


def test_a_reader_that_has_gone_does_not_end_it(ready: Team) -> None:
    program = ready.start("orchestrate")
    lines_until(program, "Workspace:")
    assert program.stdout
    program.stdout.close()
    program.stdout = None
    ready.request("api", "done all")
    ready.wait_beside(lambda: completed(ready))
    assert program.poll() is None
    kill(program.pid, signal.SIGTERM)
    assert program.wait() == 0

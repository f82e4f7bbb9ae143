"""Settings change while the team works: is anybody disturbed?"""

import json
import subprocess

from team_supervisor.adapters import processes
from team_supervisor.core.model import State
from tests.teams import lines_until

from .ground import Ground, gate, kill_program, wait_until


def test_settings_that_are_broken_and_mended_under_a_team_disturb_no_agent(ground: Ground) -> None:
    """Case 52: the old ones hold until the new ones can be read; then they hold for what comes."""
    ground.request("api", gate(), "done all")
    program = ground.supervisor()
    wait_until(ground.reached)
    host, agent = ground.host("api"), ground.agent("api")
    ground.team.workspace.settings.write_text("limits: {sessions: many}\n")
    broken = json.loads(lines_until(program, '"settings_reloaded"')[-1])
    assert "limits.sessions" in broken["problem"]
    ground.request("meanwhile", "done all")
    lines_until(program, '"session_archived"')
    ground.write_settings("limits: {sessions: 1}\n")
    mended = json.loads(lines_until(program, '"settings_reloaded"')[-1])
    assert not mended.get("problem")
    ground.request("later", "done all")
    lines_until(program, '"request_queued"')
    assert processes.alive(host)
    assert (ground.host("api"), ground.agent("api")) == (host, agent)
    ground.open_gate()
    lines_until(program, '"session_archived"')
    lines_until(program, '"session_archived"')
    kill_program(program)
    assert ground.team.session("later").state == State.COMPLETED
    assert all(ground.began(name) == 1 for name in ("api", "meanwhile", "later"))
    ground.oracle(cli=True)


def test_a_supervisor_that_is_started_with_broken_settings_says_so_and_disturbs_no_agent(
    ground: Ground,
) -> None:
    """Case 52, by a restart."""
    ground.request("api", gate(), "done all")
    kill_program(_at_work(ground))
    agent = ground.agent("api")
    ground.team.workspace.settings.write_text("quiet: [")
    ran = ground.team.call("orchestrate", "--workspace", ground.workspace)
    assert (ran.returncode, len(ran.stderr.strip().splitlines())) == (2, 1)
    assert "team.yaml" in ran.stderr
    assert processes.alive(agent)
    ground.open_gate()
    ground.team.run()
    assert ground.began("api") == 1
    ground.oracle()


def _at_work(ground: Ground) -> "subprocess.Popen[str]":
    program = ground.supervisor()
    wait_until(ground.reached)
    return program

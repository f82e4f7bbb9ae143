import subprocess

import pytest

from team_supervisor.adapters import locks
from team_supervisor.cli import service
from team_supervisor.core.model import Session, State
from tests import managers
from tests.teams import Team, kill

WITHOUT = managers.why_no_systemd()


@pytest.mark.skipif(WITHOUT is not None, reason=str(WITHOUT))
def test_agents_survive_what_systemd_does_to_their_supervisor(live_team: Team) -> None:
    """Case 53, with a real systemd: restart, crash, stop and uninstall of the service."""
    team = live_team
    team.write_settings()
    gate = team.gate()
    with managers.systemd(team.environ["PATH"]) as environ:
        team.environ |= environ
        installed = team.call("service", "install")
        assert installed.returncode == 0, installed.stderr
        team.request("api", gate.step, "done all")
        team.wait_beside(lambda: at_work(team))
        agent = team.session("api").agent_pid
        assert supervisor(team) == main_pid(team)

        for restart in (restarted_by_systemd, killed):
            old = supervisor(team)
            restart(team, old)
            team.wait_beside(lambda old=old: supervisor(team) not in (old, None))
            assert supervisor(team) == main_pid(team)
        team.wait_beside(lambda: "sessions at work: 1" in shown(team, "StatusText"))
        assert shown(team, "KillMode") == "process" and shown(team, "Delegate") == "yes"

        assert team.call("service", "uninstall").returncode == 0
        assert supervisor(team) is None
        assert (team.session("api").agent_pid, team.session("api").attempt) == (agent, 1)
        gate.open()
        team.run()
        assert team.session("api").state == State.COMPLETED
        assert team.session("api").attempt == 1


def at_work(team: Team) -> bool:
    found: list[Session] = team.sessions()
    return bool(found) and found[0].agent_pid is not None


def supervisor(team: Team) -> int | None:
    holder = locks.held_by(team.workspace.lock)
    return holder.pid if holder else None


def restarted_by_systemd(team: Team, pid: int | None) -> None:
    systemctl(team, "restart", unit_name(team))


def killed(team: Team, pid: int | None) -> None:
    assert pid is not None
    kill(pid)


def main_pid(team: Team) -> int:
    return int(shown(team, "MainPID"))


def shown(team: Team, name: str) -> str:
    return systemctl(team, "show", "--value", f"--property={name}", unit_name(team))


def systemctl(team: Team, *words: str) -> str:
    done = subprocess.run(
        ["systemctl", "--user", *words], env=team.environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def unit_name(team: Team) -> str:
    return service.unit(team.workspace, team.environ).name

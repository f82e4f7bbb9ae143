import os
import shutil
import subprocess
from pathlib import Path

import pytest

from team_supervisor.adapters import service
from team_supervisor.adapters.service import Launchd, Systemd
from team_supervisor.core.unit import Unit
from team_supervisor.errors import TeamError
from tests.managers import said_to, stand_in


def unit(workspace: str = "/home/ada/notes/.database") -> Unit:
    return Unit(
        workspace=workspace,
        program=(shutil.which("python3") or "/usr/bin/python3", "-m", "team_supervisor"),
        environment={"PATH": "/usr/bin:/bin"},
        protected=True,
    )


def test_units_are_where_systemd_looks_for_them(tmp_path: Path) -> None:
    name = f"{unit().name}.service"
    home = {"HOME": str(tmp_path)}
    assert Systemd(home).path(unit()) == tmp_path / ".config/systemd/user" / name
    moved = home | {"XDG_CONFIG_HOME": "/etc/ada"}
    assert Systemd(moved).path(unit()) == Path("/etc/ada/systemd/user", name)
    # The specification of base directories has relative ones ignored.
    relative = home | {"XDG_CONFIG_HOME": "config"}
    assert Systemd(relative).path(unit()) == tmp_path / ".config/systemd/user" / name


def test_agents_are_where_launchd_looks_for_them(tmp_path: Path) -> None:
    found = Launchd({"HOME": str(tmp_path)}).path(unit())
    assert found == tmp_path / "Library/LaunchAgents" / f"{unit().name}.plist"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
@pytest.mark.parametrize("workspace", ["/home/ada/notes/.database", '/tmp/a %h $HOME "b" \\n/.db'])
def test_systemd_itself_has_nothing_to_say_against_the_unit(tmp_path: Path, workspace: str) -> None:
    made = unit(workspace)
    path = tmp_path / f"{made.name}.service"
    path.write_text(Systemd({}).text(made))
    environ = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    checked = subprocess.run(
        ["systemd-analyze", "--user", "--man=no", "verify", path],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_our_own_unit_is_replaced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.service"
    assert service.write(path, Systemd({}).text(unit())) is None
    assert service.write(path, Systemd({}).text(unit("/other"))) is None
    assert "/other" in (service.installed(path) or "")
    assert service.remove(path) is None
    assert list(path.parent.iterdir()) == []
    assert service.installed(path) is None


def test_a_unit_that_somebody_changed_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "x.service"
    for number, change in ((1, service.write), (2, lambda path, _: service.remove(path))):
        path.write_text(f"[Service]\nMemoryMax={number}G\n")
        kept = change(path, Systemd({}).text(unit()))
        assert kept == tmp_path / f"x.service.kept-{number}"
        assert kept.read_text() == f"[Service]\nMemoryMax={number}G\n"
    assert not path.exists()


def test_a_person_may_keep_the_directory_elsewhere_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "user").symlink_to(tmp_path / "dotfiles")
    service.write(tmp_path / "user" / "x.service", "ours")
    assert service.installed(tmp_path / "user" / "x.service") == "ours"


def test_a_unit_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "x.service").symlink_to(tmp_path / "mine")
    with pytest.raises(TeamError, match="symbolic link"):
        service.write(tmp_path / "x.service", "ours")
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_systemd_is_asked_to_do(tmp_path: Path) -> None:
    systemd = Systemd(stand_in(tmp_path, systemctl="echo active", loginctl="echo no"))
    name = f"{unit().name}.service"
    assert systemd.answers()
    assert [answer.code for answer in systemd.start(unit())] == [0, 0, 0]
    assert [answer.code for answer in systemd.stop(unit())] == [0]
    assert systemd.state(unit()) == "running"
    assert systemd.lingers() is False
    assert said_to(tmp_path)[1:5] == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable {name}",
        f"systemctl --user restart {name}",
        f"systemctl --user disable --now {name}",
    ]


def test_what_launchd_is_asked_to_do(tmp_path: Path) -> None:
    launchd = Launchd(stand_in(tmp_path, launchctl="echo state = running"))
    domain = f"gui/{os.getuid()}"
    assert launchd.answers()
    assert [answer.code for answer in launchd.start(unit())] == [0, 0]
    assert launchd.state(unit()) == "running"
    assert [answer.code for answer in launchd.stop(unit())] == [0]
    assert said_to(tmp_path)[1:4] == [
        f"launchctl bootout {domain}/{unit().name}",
        f"launchctl enable {domain}/{unit().name}",
        f"launchctl bootstrap {domain} {launchd.path(unit())}",
    ]


def test_nothing_more_is_asked_after_a_refusal(tmp_path: Path) -> None:
    systemd = Systemd(stand_in(tmp_path, systemctl="echo Access denied; exit 4"))
    answers = list(systemd.start(unit()))
    assert [(answer.code, answer.text) for answer in answers] == [(4, "Access denied\n")]
    assert not systemd.answers()


def test_without_a_manager_nobody_answers(tmp_path: Path) -> None:
    nowhere = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    assert not Systemd(nowhere).answers() and not Launchd(nowhere).answers()
    assert Systemd(nowhere).state(unit()) == "unknown"
    assert Systemd(nowhere).lingers() is None


def test_whether_it_may_be_spared_is_what_the_kernel_says() -> None:
    asked = subprocess.run(
        ["sh", "-c", "echo -100 > /proc/self/oom_score_adj"], capture_output=True
    )
    assert service.may_be_protected() == (asked.returncode == 0)

import plistlib
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import unit as units
from team_supervisor.core.unit import Unit
from team_supervisor.errors import UsageError

PYTHON = ("/opt/venv/bin/python", "-P", "-m", "team_supervisor")
PATHS = st.text(
    st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"])
)


def made(workspace: str = "/home/ada/notes/.database", **others: object) -> Unit:
    values = {"program": PYTHON, "environment": {"PATH": "/usr/bin:/bin"}} | others
    return Unit(workspace=workspace, **values)  # type: ignore[arg-type]


def sections(text: str) -> dict[str, list[tuple[str, str]]]:
    """As systemd.syntax(7) has it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in text.split("\n"):
        if line.startswith("["):
            here = found.setdefault(line.strip("[]"), [])
        elif line and line[0] not in "#;":
            name, _, value = line.partition("=")
            here.append((name, value))
    return found


def words(value: str) -> list[str]:
    """What systemd makes of a command line: quotes, then specifiers, then variables."""
    found = []
    for word in shlex.split(value):
        assert not word.replace("%%", "").count("%"), "a specifier"
        found.append(word.replace("%%", "%"))
    first, *rest = found
    for word in rest:
        assert not word.replace("$$", "").count("$"), "a variable"
    return [first, *(word.replace("$$", "$") for word in rest)]


def test_the_systemd_unit_has_each_setting_that_agents_need_to_live_on() -> None:
    found = sections(units.systemd(made()))
    assert found == {
        "Unit": [
            ("Description", "team_supervisor of /home/ada/notes/.database"),
            ("StartLimitIntervalSec", "0"),
        ],
        "Service": [
            ("Type", "notify"),
            (
                "ExecStart",
                "/opt/venv/bin/python -P -m team_supervisor "
                "orchestrate --service --workspace /home/ada/notes/.database",
            ),
            ("Environment", "PATH=/usr/bin:/bin"),
            ("KillMode", "process"),
            ("Delegate", "yes"),
            ("Restart", "always"),
            ("RestartSec", "2"),
            ("WatchdogSec", "120"),
        ],
        "Install": [("WantedBy", "default.target")],
    }


def test_it_is_spared_by_the_kernel_only_where_that_is_permitted() -> None:
    assert ("OOMScoreAdjust", "-100") in sections(units.systemd(made(protected=True)))["Service"]
    assert "OOMScoreAdjust" not in units.systemd(made())


def test_the_launchd_agent_has_each_setting_that_agents_need_to_live_on() -> None:
    found = plistlib.loads(units.launchd(made(), "/home/ada/log").encode())
    assert found == {
        "Label": made().name,
        "ProgramArguments": [
            *PYTHON,
            "orchestrate",
            "--service",
            "--workspace",
            "/home/ada/notes/.database",
        ],
        "EnvironmentVariables": {"PATH": "/usr/bin:/bin"},
        "RunAtLoad": True,
        "KeepAlive": True,
        "AbandonProcessGroup": True,
        "StandardOutPath": "/home/ada/log",
        "StandardErrorPath": "/home/ada/log",
    }


@given(PATHS, PATHS, PATHS)
def test_any_path_arrives_as_it_is(workspace: str, program: str, path: str) -> None:
    unit = made(f"/{workspace}", program=(f"/{program}", "-m"), environment={"PATH": path})
    service = dict(sections(units.systemd(unit))["Service"])
    first, *rest = words(service["ExecStart"])
    if first.startswith("@"):
        first, named, *rest = first[1:], *rest
        assert named == first
    else:
        assert "$" not in first
    assert (first, *rest) == unit.command
    assert words(f"x {service['Environment']}".replace("$", "$$"))[1] == f"PATH={path}"
    assert plistlib.loads(units.launchd(unit, "/log").encode())["ProgramArguments"] == [
        *unit.command
    ]


@pytest.mark.parametrize("text", ["/a\nExecStart=/bin/evil", "/a\x1b[2J", "/\udce9", "/a\0"])
def test_what_could_be_read_as_another_setting_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="control characters"):
        made(text)
    with pytest.raises(UsageError):
        made(environment={"PATH": text})


@given(PATHS, PATHS)
def test_each_workspace_has_one_name_of_its_own(one: str, other: str) -> None:
    assert made(f"/{one}").name == made(f"/{one}").name
    assert (made(f"/{one}").name == made(f"/{other}").name) == (one == other)
    assert set(made(f"/{one}").name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert len(made(f"/{one}").name) < 80


def test_the_name_says_which_project_it_is() -> None:
    assert made("/home/ada/My Notes!/.database").name.startswith("team-supervisor-my-notes-")
    assert made("/.database").name.startswith("team-supervisor-")


@pytest.mark.parametrize("text", [units.systemd(made()), units.launchd(made(), "/log")])
def test_a_unit_that_somebody_changed_is_not_ours_any_more(text: str) -> None:
    assert units.is_ours(text)
    assert not units.is_ours(text.replace("/bin", "/opt"))
    assert not units.is_ours(text + "\n")
    assert not units.is_ours("")


def test_settings_that_undo_our_promises_are_named() -> None:
    ours = units.systemd(made(protected=True))
    theirs = ours.replace("KillMode=process", "KillMode=control-group").replace("=yes", "=no")
    assert units.differences(theirs, ours) == ("KillMode", "Delegate")
    assert units.differences(units.systemd(made()), ours) == ()
    assert units.differences(units.systemd(made("/home/bob/.database")), ours) == ("ExecStart",)
    agent = units.launchd(made(), "/log")
    assert units.differences(agent.replace("<true/>", "<false/>"), agent) == (
        "RunAtLoad",
        "KeepAlive",
        "AbandonProcessGroup",
    )
    other_path = units.launchd(made(environment={"PATH": "/bin"}), "/log")
    assert units.differences(other_path, agent) == ()


@given(st.text())
def test_anything_that_lies_there_instead_is_merely_different(text: str) -> None:
    ours = units.systemd(made())
    assert units.differences(text, ours) or not text.isascii()
    assert units.settings("<?xml" + text) == {}

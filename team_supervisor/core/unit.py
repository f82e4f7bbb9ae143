"""What does a service manager have to know to run a supervisor for good?

The settings are those of containerd.service, as it has the same task: processes that outlive
the one that started them.
"""

import hashlib
import plistlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from team_supervisor.errors import UsageError

_PLAIN = re.compile(r"[A-Za-z0-9/_.=:+@,-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_UNSEALED = "0" * 16
# By the verb that writes a unit.
HEADS = {
    "service": f"Written by team-supervisor service install, seal {_UNSEALED}",
    "schedule": f"Written by team-supervisor schedule on, seal {_UNSEALED}",
}
_BEFORE = "|".join(f"(?<={head.removesuffix(_UNSEALED)})" for head in HEADS.values())
_SEAL = re.compile(f"(?:{_BEFORE})[0-9a-f]{{16}}")
# Which of the settings may differ from machine to machine and from day to day.
_FREE = ("Environment", "EnvironmentVariables", "OOMScoreAdjust", "Description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One workspace's supervisor; `program` and `workspace` are absolute paths.

    `protected`: this user may have it spared by the kernel when memory runs out.
    """

    workspace: str
    program: tuple[str, ...]
    environment: Mapping[str, str]
    protected: bool = False

    def __post_init__(self) -> None:
        refuse_control_characters((self.workspace, *self.program, *self.environment.values()))

    @property
    def name(self) -> str:
        """Stable, one for each workspace, without a suffix."""
        project = self.workspace.rstrip("/").rpartition("/")[0].rpartition("/")[2]
        words = re.sub(r"[^a-z0-9]+", "-", project.lower()).strip("-")[:32].strip("-")
        digest = hashlib.sha256(self.workspace.encode()).hexdigest()[:8]
        return "-".join(filter(None, ("team-supervisor", words, digest)))

    @property
    def command(self) -> tuple[str, ...]:
        return (*self.program, "orchestrate", "--service", "--workspace", self.workspace)


def refuse_control_characters(texts: Iterable[str]) -> None:
    """UsageError when one of them can't stand in a unit."""
    for text in texts:
        if _CONTROL.search(text):
            shown = text.encode("unicode_escape", "backslashreplace").decode()
            raise UsageError(
                f"{shown} has characters that no service can be given: "
                "use a workspace and a PATH without control characters, in UTF-8"
            )


def systemd(unit: Unit) -> str:
    """A systemd user unit (systemd.service(5), systemd.kill(5))."""
    oom = "OOMScoreAdjust=-100\n" if unit.protected else ""
    text = f"""# {HEADS["service"]}
# Change it by `systemctl --user edit {unit.name}`: that survives the next install.

[Unit]
Description=team_supervisor of {unit.workspace.replace("%", "%%")}
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={words(unit.command)}
{environment(unit.environment)}# Only the supervisor is restarted and stopped: its agents go on.
KillMode=process
Delegate=yes
Restart=always
RestartSec=2
WatchdogSec=120
{oom}
[Install]
WantedBy=default.target
"""
    return sealed(text)


def launchd(unit: Unit, log: str) -> str:
    """A launchd agent (launchd.plist(5)); what the supervisor prints is appended to `log`."""
    values = {
        "Label": unit.name,
        "ProgramArguments": list(unit.command),
        "EnvironmentVariables": dict(unit.environment),
        "RunAtLoad": True,
        "KeepAlive": True,
        # By default the agents, which outlive the supervisor, would be killed with it.
        "AbandonProcessGroup": True,
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    text = plistlib.dumps(values, sort_keys=False).decode()
    return sealed(text.replace("<plist ", f"<!-- {HEADS['service']} -->\n<plist ", 1))


def is_ours(text: str) -> bool:
    """Whether we wrote it and nobody changed it since."""
    return _SEAL.search(text) is not None and sealed(text) == text


def differences(found: str, wanted: str) -> tuple[str, ...]:
    """Which settings of an installed unit are not as we would write them now."""
    theirs, ours = settings(found), settings(wanted)
    checked = [name for name in ours if name not in _FREE]
    return tuple(name for name in checked if theirs.get(name) != ours[name])


def settings(text: str) -> dict[str, Any]:
    """Of a unit or a property list; the last value of a name counts. Empty when it is neither."""
    if text.lstrip().startswith("<?xml"):
        try:
            found = plistlib.loads(text.encode("utf-8", "replace"))
        except Exception:  # plistlib raises what expat, base64 and int do
            return {}
        return found if isinstance(found, dict) else {}
    lines = (line.partition("=") for line in text.split("\n") if line[:1] not in "#;[")
    return {name.strip(): value.strip() for name, separator, value in lines if separator}


def sealed(text: str) -> str:
    """With the digest of all the rest in its head: who changes it breaks the seal."""
    blank = _SEAL.sub(_UNSEALED, text, count=1)
    return _SEAL.sub(hashlib.sha256(blank.encode("utf-8", "replace")).hexdigest()[:16], blank, 1)


def environment(variables: Mapping[str, str]) -> str:
    """One line of a unit for each."""
    return "".join(f"Environment={_quoted(f'{n}={value}')}\n" for n, value in variables.items())


def words(command: tuple[str, ...]) -> str:
    """A command as a unit has it.

    `$` is doubled in arguments, but must not be in the program's path: hence `@`.
    """
    first, *rest = (_quoted(word, variables=True) for word in command)
    program = first if "$" not in command[0] else f"{_quoted('@' + command[0])} {first}"
    return " ".join((program, *rest))


def _quoted(word: str, variables: bool = False) -> str:
    if _PLAIN.fullmatch(word):
        return word
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{word.replace("$", "$$") if variables else word}"'

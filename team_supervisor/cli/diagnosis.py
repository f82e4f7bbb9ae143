"""What does a finding about this machine mean, and what is to be done about it?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from team_supervisor.core.deadlock import PLAN

if TYPE_CHECKING:
    from team_supervisor.adapters.locks import Holder
    from team_supervisor.cli.service import Found

Status = Literal["ok", "warn", "fail"]

LEAST_PYTHON, LEAST_INODES = (3, 11), 1_000
MEGABYTE = 1_000_000
DISK_FAILS, DISK_WARNS = 256 * MEGABYTE, 1000 * MEGABYTE
LEAST_INOTIFY = {"max_user_watches": 8_192, "max_user_instances": 64}
# Settings of a unit, systemd's and launchd's, and what others than ours do.
FATAL = {
    frozenset({"KillMode", "Delegate", "AbandonProcessGroup"}): "ends agents with the supervisor",
    frozenset({"ExecStart", "ProgramArguments"}): "runs another program or workspace",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `advice` says what to do about it."""

    name: str
    status: Status
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the workspace is or would be; `nearest` is what exists of its path."""

    path: Path
    nearest: Path
    is_directory: bool
    is_writable: bool
    mode: int = 0o700


def judge_python(version: tuple[int, ...]) -> Check:
    shown = ".".join(map(str, version))
    if version[:2] >= LEAST_PYTHON:
        return Check("python", "ok", shown)
    least = ".".join(map(str, LEAST_PYTHON))
    return Check("python", "fail", shown, f"install Python {least} or newer")


def judge_settings(path: Path, exists: bool, warnings: Sequence[str]) -> Check:
    if warnings:
        return Check("settings", "warn", "; ".join(warnings), "correct or remove it there")
    return Check("settings", "ok", str(path) if exists else "the defaults (no team.yaml)")


def judge_claude(binary: str, version: str | None) -> Check:
    if version:
        return Check("claude", "ok", f"{version} at {binary}")
    detail = f"{binary} does not say its version as Claude Code does"
    return Check("claude", "fail", detail, f"see what `{binary} --version` prints")


def judge_sign_in(state: str) -> Check:
    match state:
        case "not signed in":
            advice = "run `claude auth login`, or set ANTHROPIC_API_KEY"
            return Check("sign-in", "fail", state, advice)
        case "unknown":
            detail = "cannot tell whether Claude Code is signed in"
            return Check("sign-in", "warn", detail, "run `claude auth status`")
    return Check("sign-in", "ok", state)


def judge_workspace(place: Place) -> Check:
    exists = place.nearest == place.path
    if not place.is_directory:
        detail = f"{place.nearest} is not a directory"
        return Check("workspace", "fail", detail, "move it, or name another with --workspace")
    if not place.is_writable:
        detail = f"{place.nearest} is not writable"
        advice = "make it writable, or name another with --workspace"
        return Check("workspace", "fail", detail, advice)
    if exists and place.mode & 0o077:
        detail = f"{place.path} is open to other users (mode {place.mode:o})"
        return Check("workspace", "warn", detail, f"run `chmod 700 {place.path}`")
    return Check("workspace", "ok", f"{place.path} {'exists' if exists else 'can be made'}")


def judge_filesystem(kind: str) -> Check:
    from team_supervisor.adapters import machine

    if not machine.is_network_filesystem(kind):
        return Check("file system", "ok", kind)
    detail = f"{kind} is a network file system: locks and file events may not hold there"
    return Check("file system", "warn", detail, "keep the workspace on a local disk")


def judge_disk(free: int, inodes: int | None) -> Check:
    room = f"{free / MEGABYTE:,.0f} MB free"
    if inodes is not None and inodes < LEAST_INODES:
        return Check("disk", "fail", f"{room}, but only {inodes:,} more files fit", "remove files")
    if free >= DISK_WARNS:
        return Check("disk", "ok", room)
    return Check("disk", "fail" if free < DISK_FAILS else "warn", room, "make room on this disk")


def judge_leases(work: bool) -> Check:
    if work:
        return Check("leases", "ok", "a file that is still being written is known exactly")
    detail = "no file leases here: a request counts once it is unchanged for 2 s"
    return Check("leases", "warn", detail, "make requests with `team-supervisor request`")


def judge_inotify(limits: Mapping[str, int] | None) -> Check:
    if limits is None:
        detail = "no inotify here: requests are found by looking every 2 s"
        return Check("inotify", "warn", detail, "nothing needs to be done")
    low = {key: least for key, least in LEAST_INOTIFY.items() if limits.get(key, least) < least}
    shown = ", ".join(f"{key} {limits[key]:,}" for key in LEAST_INOTIFY if key in limits)
    if not low:
        return Check("inotify", "ok", shown)
    raise_them = " ".join(f"fs.inotify.{key}={least}" for key, least in low.items())
    return Check("inotify", "warn", shown, f"run `sudo sysctl {raise_them}`")


def judge_git(path: str | None) -> Check:
    if path:
        return Check("git", "ok", path)
    return Check("git", "warn", "not found", "install git: agents keep their work with it")


def judge_tmux(path: str | None) -> Check:
    if path:
        return Check("tmux", "ok", path)
    advice = "optional: it keeps a terminal, and a supervisor in it, when you log out"
    return Check("tmux", "warn", "not found", advice)


def judge_supervisor(holder: "Holder | None") -> Check:
    return Check("supervisor", "ok", f"running: {holder}" if holder else "none runs here")


def judge_team(doubles: Sequence[str], deadlocks: Mapping[str, str]) -> Check:
    """Who should not live beside whom, and who waits for one another for ever: words by name."""
    if doubles:
        advice = "end all but the oldest with `team-supervisor agents kill ID`"
        return Check("team", "warn", "; ".join((*doubles, *deadlocks.values())), advice)
    if deadlocks:
        ways = []
        if deadlocks.keys() - {PLAN}:
            ways.append("`team-supervisor say` one of them what it waits for")
        if PLAN in deadlocks:
            ways.append(
                "add with `team-supervisor tasks add` what is not there, `tasks retry` what "
                "failed, or change with `tasks edit TASK --needs IDS` who needs it"
            )
        return Check("team", "warn", f"deadlock: {'; '.join(deadlocks.values())}", "; ".join(ways))
    return Check("team", "ok", "no deadlock, and no second session of a singleton")


def judge_service(found: "Found") -> Check:
    again = "run `team-supervisor service install`"
    if not found.installed:
        return Check("service", "ok", f"none; to have the team supervised for good, {again}")
    different = ", ".join(found.different)
    for settings, does in FATAL.items():
        if settings & {*found.different}:
            return Check("service", "fail", f"{found.path} {does} ({different})", again)
    if found.state == "failed":
        return Check("service", "fail", "has failed", f"see `journalctl --user -u {found.name}`")
    if found.state == "unknown":
        words = f"{found.path} is there, and no service manager of this user answers"
        return Check("service", "warn", words, "start it after a real login, or `orchestrate`")
    if different or found.state != "running":
        words = f"has other settings ({different})" if different else f"is {found.state}"
        return Check("service", "warn", f"{found.path} {words}", again)
    if found.lingers is False:
        detail = "it, and the agents with it, ends with your last logout"
        return Check("service", "warn", detail, "run `loginctl enable-linger`")
    return Check("service", "ok", f"running: {found.path}")

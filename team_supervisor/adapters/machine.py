"""What is this machine able to do?"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from team_supervisor.adapters import files
from team_supervisor.core.progress import clean

# Here other machines may write too: no file events for what they do, and leases and locks may
# hold on one machine alone. 9p is what WSL shows of Windows' drives.
_NETWORK = re.compile(
    r"9p|acfs|afpfs|afs|beegfs|ceph|cifs|coda|davfs|drvfs|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2"
    r"|orangefs|prl_fs|pvfs2|smb3|smbfs|vboxsf|vmhgfs|webdav"
    r"|fuse\.(ceph(-fuse)?|davfs2?|gcsfuse|glusterfs|goofys|juicefs|rclone|s3fs|smbnetfs|sshfs"
    r"|vmhgfs-fuse)"
)
_OCTAL = re.compile(r"\\([0-7]{3})")
_VERSION = re.compile(r"\d+\.\d+[\w.+-]*")
_INOTIFY = Path("/proc/sys/fs/inotify")


class Mount(NamedTuple):
    """What is mounted where."""

    point: str
    kind: str


class _SignIn(msgspec.Struct):
    """`claude auth status --json`, as of 2.1; it holds no secret and spends nothing."""

    loggedIn: bool
    authMethod: str = ""
    apiProvider: str = ""
    email: str | None = None


def mounts(mountinfo: str) -> list[Mount]:
    """The lines of /proc/self/mountinfo, those mounted last at the end (see proc(5))."""
    found = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if separator and len(fields) > 4 and after:
            point = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
            found.append(Mount(point, after.split(" ")[0]))
    return found


def mounted_at(path: str, mounted: list[Mount]) -> str:
    """The type of the file system that an absolute, resolved path is on; "unknown" if none is."""
    best = Mount("", "unknown")
    for mount in mounted:
        prefix = mount.point.rstrip("/") + "/"
        if f"{path}/".startswith(prefix) and len(mount.point) >= len(best.point):
            best = mount
    return best.kind


def filesystem_type(path: Path) -> str:
    """As in `ext4`; of the nearest parent when there is nothing at the path."""
    resolved = os.path.realpath(path)
    try:
        text = os.fsdecode(Path("/proc/self/mountinfo").read_bytes())
    except OSError:
        import psutil

        partitions = psutil.disk_partitions(all=True)
        return mounted_at(resolved, [Mount(p.mountpoint, p.fstype) for p in partitions])
    return mounted_at(resolved, mounts(text))


def is_network_filesystem(kind: str) -> bool:
    """Can other machines change what is there?"""
    return _NETWORK.fullmatch(kind.lower()) is not None


def shared_with_others(path: Path) -> bool:
    """May what happens at a path be the doing of another machine, of which no event tells?"""
    return is_network_filesystem(filesystem_type(path))


def existing(path: Path) -> Path:
    """The path, or the nearest parent that exists."""
    path = path.absolute()
    return next(place for place in (path, *path.parents) if os.access(place, os.F_OK))


def free_bytes(path: Path) -> int:
    """What this user may still write."""
    found = os.statvfs(existing(path))
    return found.f_bavail * found.f_frsize


def available_memory() -> int | None:
    """Bytes that new processes can have without swapping; None where nobody can tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    import psutil

    try:
        return int(psutil.virtual_memory().available)
    except (OSError, RuntimeError):
        return None


def free_inodes(path: Path) -> int | None:
    """How many files may still be made; None where the file system does not count them."""
    found = os.statvfs(existing(path))
    return found.f_favail if found.f_files else None


def has_room(path: Path, size: int) -> bool:
    """Can so many bytes be written in this directory? Tried out: quotas are in no statistic."""
    name = f".room.{os.urandom(6).hex()}.tmp"
    try:
        with files.directory(path) as within:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(name, flags, 0o600, dir_fd=within)
            try:
                os.unlink(name, dir_fd=within)
                return _reserve(descriptor, size)
            finally:
                os.close(descriptor)
    except OSError:
        return False


def _reserve(descriptor: int, size: int) -> bool:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return True
    return os.write(descriptor, bytes(size)) == size


def inotify_limits() -> dict[str, int] | None:
    """`max_user_watches`, `max_user_instances` and `max_queued_events`; None without inotify."""
    try:
        return {file.name: int(file.read_text()) for file in sorted(_INOTIFY.iterdir())} or None
    except (OSError, ValueError):
        return None


def which(name: str) -> str | None:
    """Where a program is."""
    return shutil.which(name)


def leases_work(directory: Path) -> bool:
    """Can the kernel say exactly whether a file here is open for writing?"""
    import tempfile

    try:
        with tempfile.NamedTemporaryFile(
            dir=existing(directory), prefix=".team-supervisor-"
        ) as file:
            reader = os.open(file.name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                while_written = files.has_writer(reader)
                file.file.close()
                return while_written is True and files.has_writer(reader) is False
            finally:
                os.close(reader)
    except OSError:
        return False


def claude_version(binary: str, timeout: float = 15.0) -> str | None:
    """As in `2.1.197`; None when the program does not answer like Claude Code."""
    answer = _ask([binary, "--version"], os.environ, timeout)
    found = _VERSION.search(answer) if "claude" in answer.lower() else None
    return clean(found[0], 40) if found else None


def claude_sign_in(binary: str, environ: Mapping[str, str], timeout: float = 20.0) -> str:
    """`signed in …`, `api key`, `not signed in`, or `unknown` (an older CLI, no answer)."""
    answer = _ask([binary, "auth", "status", "--json"], environ, timeout)
    try:
        told = msgspec.json.decode(answer.encode("utf-8", "replace"), type=_SignIn)
    except msgspec.MsgspecError:
        return "unknown"
    return _sign_in(told)


def _sign_in(told: _SignIn) -> str:
    if not told.loggedIn:
        return "not signed in"
    match told.authMethod:
        case "api_key" | "api_key_helper":
            return "api key"
        case "third_party":
            return f"signed in through {clean(told.apiProvider, 40) or 'another provider'}"
        case "oauth_token":
            return "signed in with a token"
    return f"signed in as {clean(told.email, 80)}" if told.email else "signed in"


def _ask(argv: list[str], environ: Mapping[str, str], timeout: float) -> str:
    """What a program prints; "" when it can't be started or takes longer than `timeout` seconds."""
    try:
        process = subprocess.Popen(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        return ""
    with process:
        try:
            printed, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            return ""
    return printed.decode("utf-8", "replace")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Its whole group: the program may be a script around the real one."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    # What left the group may still hold the pipe.
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=1)

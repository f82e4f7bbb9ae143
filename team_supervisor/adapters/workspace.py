"""Where is everything in a workspace, and how are its directories claimed and put away?"""

import contextlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import files
from team_supervisor.core.requests import is_rejected, request_name, session_persona
from team_supervisor.errors import TeamError

# What the supervisor writes, or reads as the agent's, in a session's directory.
OURS = (
    "session.json", "tracker.json", "persona-instructions.md", "transcript.jsonl", "stderr.log",
)  # fmt: skip
# Bytes; NAME_MAX of every file system of today.
LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Workspace:
    """Every path that we own; `root` is absolute."""

    root: Path

    @property
    def project(self) -> Path:
        """The directory that holds the workspace: where agents work by default."""
        return self.root.parent

    @property
    def control(self) -> Path:
        return self.root / ".supervisor"

    @property
    def database(self) -> Path:
        return self.control / "supervisor.db"

    @property
    def lock(self) -> Path:
        return self.control / "lock"

    @property
    def doorbell(self) -> Path:
        return self.control / "doorbell"

    @property
    def settings(self) -> Path:
        return self.root / "team.yaml"

    @property
    def shared(self) -> Path:
        return self.root / "shared"

    def session_control(self, session: str) -> Path:
        return self.control / "sessions" / session

    def session_lock(self, session: str) -> str:
        """As text: a thousand of them are asked for at once."""
        return f"{self.root}/.supervisor/sessions/{session}/lock"

    def verification_control(self, session: str) -> Path:
        return self.control / "sessions" / f"{session}.verify"

    def directory(self, session: str) -> Path:
        return self.root / session


def locate(given: str | os.PathLike[str]) -> Workspace:
    """The workspace at a path, whether or not it exists."""
    return Workspace(Path(os.path.abspath(given)))


def require(workspace: Workspace) -> Workspace:
    """The workspace if it exists, else TeamError."""
    if not workspace.root.is_dir():
        raise TeamError(
            f"there is no workspace at {workspace.root}: make one with "
            "`team-supervisor team start`, or name it with --workspace"
        )
    return workspace


def create(workspace: Workspace) -> None:
    """Make what is missing, for this user alone; TeamError when it can't be written."""
    try:
        for directory in (workspace.root, workspace.control, workspace.control / "sessions"):
            directory.mkdir(mode=0o700, exist_ok=True)
        workspace.shared.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise TeamError(f"{error.filename} is in the way: it is not a directory, move it") from None
    except OSError as error:
        raise TeamError(
            f"the workspace {workspace.root} cannot be written ({error.strerror}): "
            "make the directory writable, or name another with --workspace"
        ) from None


@dataclass(frozen=True, slots=True)
class Entry:
    """A directory entry that could concern us; device and inode are of the entry itself."""

    name: str
    device: int
    inode: int
    directory: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """What stands in the workspace's root."""

    requests: tuple[Entry, ...]
    sessions: frozenset[str]
    root: tuple[int, int]


def scan(workspace: Workspace) -> Scan:
    """One `scandir`; OSError when the root is gone. Only requests are looked at closer."""
    root = os.stat(workspace.root)
    requests: list[Entry] = []
    sessions: set[str] = set()
    with os.scandir(workspace.root) as entries:
        for entry in entries:
            name = entry.name
            # Looked at before an expression is: of ten thousand archives none needs one.
            if "-request-" in name and request_name(name) is not None:
                with contextlib.suppress(FileNotFoundError):
                    requests.append(_entry(entry))
            elif name[-1:].isdecimal() and session_persona(name) and _is_directory(entry):
                sessions.add(name)
    return Scan(tuple(requests), frozenset(sessions), (root.st_dev, root.st_ino))


def unrecorded(workspace: Workspace) -> TeamError:
    """What to say where there is no database: it may be lost, or nobody supervised here yet."""
    root = workspace.root
    with contextlib.suppress(OSError):
        found = scan(workspace)
        if found.sessions or archives(workspace):
            mend = "run `orchestrate`, which takes them up again"
            return TeamError(f"the database of {root} is gone, its sessions are not: {mend}")
        if found.requests:
            return TeamError(f"no session yet in {root}, only requests: start with `orchestrate`")
    return TeamError(f"no session yet in {root}: start with `orchestrate` or `team start`")


def _is_directory(entry: "os.DirEntry[str]") -> bool:
    return entry.is_dir(follow_symlinks=False)


def _entry(entry: "os.DirEntry[str]") -> Entry:
    found = entry.stat(follow_symlinks=False)
    return Entry(entry.name, found.st_dev, found.st_ino, stat.S_ISDIR(found.st_mode))


def reserve(workspace: Workspace, persona: str, milliseconds: int) -> str:
    """A session id nobody has: taken means the next millisecond. Intent comes before effect."""
    while True:
        session = f"{persona}-{milliseconds:013d}"
        taken = workspace.root / session
        if not (taken.exists() or (workspace.root / f"{session}-completed").exists()):
            try:
                workspace.session_control(session).mkdir(mode=0o700)
                return session
            except FileExistsError:
                pass
        milliseconds += 1


def claim(workspace: Workspace, request: str, identity: tuple[int, int], session: str) -> bool:
    """Rename a request directory into its session's; False when it is not (or no more) there.

    The id was reserved, so the target can't be an empty directory that rename would replace.
    Whoever claims makes it durable: `files.sync_directory` of the root.
    """
    source, target = workspace.root / request, workspace.directory(session)
    if target.is_dir() and not target.is_symlink():
        return True
    try:
        if _identity(source) != identity:
            return False
        _make_room(source)
        os.rename(source, target)
        if _identity(target) != identity:
            # Swapped between the look and the rename: it is given back, whatever it is.
            put_back(workspace, session, request)
            return False
    except FileNotFoundError:
        return False
    return True


def _make_room(request: Path) -> None:
    """Attachments that have the names of our own files get others: ours would replace them.

    Before the claim nothing in there can be ours, so that doing it twice does no harm.
    """
    with files.directory(request) as inside:
        for name in OURS:
            if os.path.lexists(request / name):
                files.put_aside(inside, name)


def _identity(path: Path) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def put_back(workspace: Workspace, name: str, former: str) -> None:
    """To its former name, unless that was taken since."""
    if not os.path.lexists(workspace.root / former):
        os.rename(workspace.root / name, workspace.root / former)


def put_away(workspace: Workspace, name: str, suffix: str) -> str:
    """Rename an entry to `<name>-<suffix>`, numbered when that is taken; returns the new name."""
    target = _free(workspace, name, suffix)
    os.rename(workspace.root / name, workspace.root / target)
    files.sync_directory(workspace.root)
    return target


def _free(workspace: Workspace, name: str, suffix: str) -> str:
    for number in range(1, 10_000):
        ending = f"-{suffix}" if number == 1 else f"-{suffix}-{number}"
        target = os.fsdecode(os.fsencode(name)[: LONGEST_NAME - len(ending)]) + ending
        if not os.path.lexists(workspace.root / target):
            return target
    raise OSError(f"ten thousand directories named {name}-{suffix} stand in the way")


def put_away_as(workspace: Workspace, session: str) -> str | None:
    """The archive of a session that was renamed before a crash; None when there is none.

    Of several the one that was renamed last: a rename changes a directory's ctime.
    """
    names = [f"{session}-completed{f'-{n}' if n > 1 else ''}" for n in range(1, 10)]
    found = [name for name in names if is_real(workspace.root / name)]
    return max(found, key=lambda name: os.lstat(workspace.root / name).st_ctime_ns, default=None)


def bring_back(workspace: Workspace, session: str, archive: str) -> str | None:
    """Rename an archive to its session's directory, if that is still to be done.

    Answers what is in the way; then nothing was changed.
    """
    target = workspace.directory(session)
    if not is_real(workspace.root / archive):
        archive = put_away_as(workspace, session) or ""
    if os.path.lexists(target):
        alone = not archive and is_real(target)
        return None if alone else f"{target} is in the way: move it"
    if not archive:
        return "its archive is gone"
    os.rename(workspace.root / archive, target)
    files.sync_directory(workspace.root)
    return None


def is_real(path: Path) -> bool:
    """A directory, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def refuse(workspace: Workspace, name: str, reason: str) -> str:
    """Add reason.md and rename to `<name>-rejected`; returns the new name, always a directory's.

    What is not a directory is put into one, as it is.
    """
    path = workspace.root / name
    text = f"# Rejected\n\nThis request was not started: {reason}.\n"
    if path.is_dir() and not path.is_symlink():
        if not os.path.lexists(path / "reason.md"):
            files.write(path / "reason.md", text)
        return put_away(workspace, name, "rejected")
    around = _free(workspace, name, "rejected")
    (workspace.root / around).mkdir()
    files.write(workspace.root / around / "reason.md", text)
    files.move_into(path, workspace.root / around)
    files.sync_directory(workspace.root)
    return around


def archives(workspace: Workspace) -> Sequence[str]:
    """Names of archived sessions, oldest first."""
    with os.scandir(workspace.root) as entries:
        found = [
            entry.name
            for entry in entries
            if "-completed" in entry.name and entry.is_dir(follow_symlinks=False)
        ]
    return sorted(found)


def rejected(workspace: Workspace) -> Sequence[str]:
    """Names of refused requests."""
    return sorted(name for name in os.listdir(workspace.root) if is_rejected(name))

"""At which commit is a project, and how does it differ from an earlier one?"""

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from team_supervisor.adapters import files

# Seconds. The first one holds up the supervisor, the second one only who asked for a diff.
HEAD_TIMEOUT = 2.0
DIFF_TIMEOUT = 120.0
# Git takes a whole file into memory to compare it.
LARGEST = 16 << 20
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REFERENCE = re.compile(r"ref: (refs/[A-Za-z0-9][A-Za-z0-9/_.-]*)")
# What a repository's settings would run is not run, and nothing in it is written.
_CAUTIOUS = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false")
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
_ENVIRONMENT = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "0",
}


class NoAnswer(Exception):
    """Git is not there, took too long, or refused; the message says which."""


def head(directory: Path) -> str | None:
    """The commit that is checked out; None where there is none, or git cannot say."""
    found = next((p / ".git" for p in (directory, *directory.parents) if _has_git(p)), None)
    if found is None:
        return None
    # Looked up by hand first: a process of its own would cost each start some milliseconds.
    return _plain_head(found) or _asked_head(directory)


def known(commit: str | None) -> str | None:
    """What has the form of a commit; None for all else, as anybody may have written it."""
    return commit if commit and _COMMIT.fullmatch(commit) else None


def _has_git(directory: Path) -> bool:
    return os.path.lexists(directory / ".git")


def _plain_head(repository: Path) -> str | None:
    """None where it is not the common case: a branch in a file of its own."""
    named = _REFERENCE.fullmatch(_line(repository / "HEAD"))
    if named is None or ".." in named[1]:
        return None
    commit = _line(repository / named[1])
    return known(commit)


def _line(path: Path) -> str:
    try:
        return files.read(path, 4096).decode("ascii", "replace").strip()
    except (files.Unreadable, OSError):
        return ""


def _asked_head(directory: Path) -> str | None:
    try:
        said = _run(directory, ["rev-parse", "--verify", "--quiet", "HEAD"], _Call(HEAD_TIMEOUT))
    except NoAnswer:
        return None
    commit = said.decode("ascii", "replace").strip()
    return known(commit)


def diff(directory: Path, start: str, leave_out: Sequence[Path], out: IO[bytes]) -> list[str]:
    """Write what differs below `directory` from the commit `start`, new files included, but for
    the paths to leave out.

    Nothing of the repository is changed: new files are made known to a copy of its index.
    Answers which files are too large to be compared; NoAnswer when there is no diff.
    """
    if not _COMMIT.fullmatch(start):
        raise NoAnswer(f"{start[:80]!r} is no commit")
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="team-supervisor-") as scratch:
        repository = _Repository(directory, leave_out, Path(scratch))
        repository.prepare()
        return repository.write(start, out)


@dataclass(frozen=True, slots=True)
class _Call:
    """How git is run; `more` is added to its environment."""

    timeout: float = DIFF_TIMEOUT
    more: dict[str, str] = field(default_factory=dict)
    given: bytes = b""
    out: IO[bytes] | None = None


def _run(directory: Path, arguments: Sequence[str], how: _Call) -> bytes:
    """What it printed, where it is not written to `how.out`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "--no-pager", *_CAUTIOUS, *arguments],
            cwd=directory,
            env={**inherited, **_ENVIRONMENT, **how.more},
            input=how.given,
            stdout=how.out or subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=how.timeout,
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"git took longer than {how.timeout:g} s") from None
    except OSError as error:
        raise NoAnswer(f"git cannot be run: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NoAnswer(f"git: {said[-1] if said else f'code {done.returncode}'}")
    return done.stdout or b""


@dataclass(slots=True)
class _Repository:
    """A repository seen through an index and an object store of our own."""

    directory: Path
    leave_out: Sequence[Path]
    scratch: Path
    large: list[str] = field(default_factory=list)
    _own: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Copy the index, so that what git knows of unchanged files is not found out again."""
        asked = ["rev-parse", "--path-format=absolute"]
        paths = self._ask(*asked, "--git-path", "index", "--git-path", "objects")
        index, objects = (os.fsdecode(line) for line in paths.splitlines()[:2])
        if os.path.exists(index):
            import shutil

            # With its time: git looks closer at files that changed no earlier than it was written.
            shutil.copy2(index, self.scratch / "index")
        (self.scratch / "objects").mkdir()
        self._own = {
            "GIT_INDEX_FILE": str(self.scratch / "index"),
            "GIT_OBJECT_DIRECTORY": str(self.scratch / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
        }
        fresh = [name for name in self._new() if self._comparable(name)]
        if fresh:
            listed = ["--pathspec-from-file=-", "--pathspec-file-nul"]
            self._ask("--literal-pathspecs", "add", "-N", *listed, given=_zeros(fresh))

    def _new(self) -> Iterator[bytes]:
        """Files that git does not know; a repository inside it (`name/`) is another's matter."""
        found = self._ask("ls-files", "--others", "--exclude-standard", "-z", *self._where())
        return (name for name in found.split(b"\0") if name and not name.endswith(b"/"))

    def write(self, start: str, out: IO[bytes]) -> list[str]:
        listed = ["--name-only", "--relative", "-z", start]
        changed = self._ask("diff", *_PLAIN, *listed, *self._where())
        unfit = [name for name in changed.split(b"\0") if name and not self._comparable(name)]
        without = [f":(exclude,literal){os.fsdecode(name)}" for name in unfit]
        shown = ["diff", *_PLAIN, "--binary", "--relative", start, *self._where(), *without]
        self._ask(*shown, out=out)
        return sorted(set(self.large))

    def _where(self) -> list[str]:
        inside = [p for p in self.leave_out if p.is_relative_to(self.directory)]
        without = [f":(exclude,literal){path.relative_to(self.directory)}" for path in inside]
        return ["--", ".", *without]

    def _comparable(self, name: bytes) -> bool:
        try:
            found = os.lstat(os.path.join(os.fsencode(self.directory), name))
        except OSError:
            return True
        if found.st_size <= LARGEST:
            return True
        self.large.append(os.fsdecode(name))
        return False

    def _ask(self, *arguments: str, given: bytes = b"", out: IO[bytes] | None = None) -> bytes:
        return _run(self.directory, arguments, _Call(more=self._own, given=given, out=out))


def _zeros(names: Sequence[bytes]) -> bytes:
    return b"".join(name + b"\0" for name in names)

"""Where are the user's own files, and how is a YAML file changed so that nobody's comment is lost?

ruamel.yaml alone keeps comments, order and quotes; it is imported when a file is changed.
"""

import contextlib
import fcntl
import io
import os
import select
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from team_supervisor.adapters import files
from team_supervisor.core import frontmatter
from team_supervisor.errors import TeamError, UsageError

T = TypeVar("T")
REGISTRY = "projects.yaml"
CONFIG = "config.yaml"
VARIABLE = "TEAM_SUPERVISOR_CONFIG"
# Whoever changes a file needs milliseconds: who takes longer hangs.
PATIENCE = 10.0


def directory(environ: Mapping[str, str]) -> Path:
    """The user's configuration directory, there or not; $TEAM_SUPERVISOR_CONFIG comes first."""
    if given := environ.get(VARIABLE):
        return Path(os.path.abspath(given))
    from platformdirs import user_config_path

    return user_config_path("team-supervisor")


def cache(environ: Mapping[str, str]) -> Path:
    """Where what can be read again is kept; in $TEAM_SUPERVISOR_CONFIG when that is set."""
    if environ.get(VARIABLE):
        return directory(environ) / "cache"
    from platformdirs import user_cache_path

    return user_cache_path("team-supervisor")


def place(environ: Mapping[str, str], name: str) -> Path:
    """Where such a file of the user really is: some keep theirs elsewhere, behind a link."""
    return Path(os.path.realpath(directory(environ) / name))


def make_directory(environ: Mapping[str, str]) -> Path:
    """The configuration directory, made for this user alone; TeamError when it can't be."""
    made = directory(environ)
    try:
        made.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise TeamError(
            f"{made} cannot be made ({error.strerror}): mend that, or name another directory in "
            f"{VARIABLE}"
        ) from None
    return made


def load(path: Path) -> dict[str, Any]:
    """What a YAML file of settings holds, {} when there is none; UsageError when it is broken."""
    return _mapping(path, _text(path))


def _text(path: Path) -> str:
    if files.signature(path) is None:
        return ""
    try:
        return files.read(path, real=0).decode("utf-8", "replace")
    except files.Unreadable as error:
        raise UsageError(f"{path} {error}: replace it by a small text file") from None


def _mapping(path: Path, text: str) -> dict[str, Any]:
    try:
        found = frontmatter.load(text) if text else None
    except frontmatter.Bomb as error:
        raise UsageError(f"{path} {error}") from None
    except ValueError as error:
        raise UsageError(f"{path} is not valid YAML ({error}): correct it there") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UsageError(f"{path} must hold settings as `name: value` lines, not a list or a text")
    return {str(key): value for key, value in found.items()}


def change(path: Path, lock: Path, how: Callable[[Any], T]) -> T:
    """Let `how` change the mapping of a YAML file in place; what it returns.

    One process at a time, by `lock` (made 0600, left where it is). The file is replaced whole,
    0600 or as it was, and only if something changed; if `how` raises, it stays as it was.
    UsageError when it is broken, TeamError when somebody else does not let go of it.
    """
    with _locked(lock):
        before = _text(path)
        _mapping(path, before)
        after, result = _changed(path, before, how)
        if after != before:
            _mapping(path, after)
            files.write(path, after, mode=_mode(path), real=0)
        return result


def _changed(path: Path, before: str, how: Callable[[Any], T]) -> tuple[str, T]:
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    # One `---` is all that ruamel.yaml would leave out.
    head, text = _without_marker(before)
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 16
    yaml.indent(**_indents(text))
    try:
        found = yaml.load(text)
    except YAMLError as error:
        raise UsageError(f"{path} cannot be changed ({_short(error)}): correct it there") from None
    values = CommentedMap() if found is None else found
    was = _dumped(yaml, values)
    result = how(values)
    now = _dumped(yaml, values)
    if now == was:
        return before, result
    # A file of comments alone has nowhere to keep them.
    kept = text.rstrip("\n") + "\n" if found is None and text.strip() else ""
    return head + kept + now, result


def _without_marker(text: str) -> tuple[str, str]:
    """(all up to the line `---`, the rest); nothing but comments may stand before it."""
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if line.rstrip() == "---":
            return "".join(lines[: number + 1]), "".join(lines[number + 1 :])
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return "", text


def _indents(text: str) -> dict[str, int]:
    """How far this file indents what is inside of something, and its lists."""
    found = {"mapping": 2, "sequence": 2, "offset": 0}
    for line in reversed(text.splitlines()):
        offset = len(line) - len(line.lstrip(" "))
        if line.lstrip().startswith("- "):
            found |= {"sequence": 4, "offset": 2} if offset else {"sequence": 2, "offset": 0}
        elif offset and not line.lstrip().startswith("#"):
            found["mapping"] = offset
    return found


def _dumped(yaml: Any, values: Any) -> str:
    out = io.StringIO()
    yaml.dump(values, out)
    return out.getvalue()


def _short(error: Exception) -> str:
    problem = getattr(error, "problem", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    words = str(problem).splitlines()[0]
    return f"{words}, line {mark.line + 1}" if mark else words


def scalar(text: str) -> Any:
    """A text as every reader of YAML takes it for one: `no` and `12` in quotes."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    try:
        same = frontmatter.load(text) == text
    except ValueError:
        same = False
    return text if same else DoubleQuotedScalarString(text)


def _mode(path: Path) -> int:
    try:
        return os.stat(path).st_mode & 0o666
    except OSError:
        return 0o600


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        raise TeamError(
            f"{path.parent} cannot be written ({error.strerror}): see that it belongs to you and "
            "that its disk has room"
        ) from None
    try:
        _wait_for(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path) -> None:
    step = 0.02
    for _ in range(int(PATIENCE / step)):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        select.select([], [], [], step)
    raise TeamError(f"{path} is held by another process: try again when that has ended")

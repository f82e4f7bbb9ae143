"""Which terms does a request set for its session: checks, time, money?"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from team_supervisor.core import frontmatter
from team_supervisor.core.taskgraph import ID

MAX_COMMANDS = 50
MAX_COMMAND = 8_000
MAX_SECONDS = 366 * 86_400.0
MAX_DOLLARS = 1e6
KEYS = ("verify", "timeout", "budget_usd", "depends_on")

_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:min|[smhd])\s*)+\Z")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(min|[smhd])")


class TermsError(ValueError):
    """Terms that make no sense; the message says which and what they must be."""


@dataclass(frozen=True, slots=True)
class Command:
    """A check: text goes through `sh -c` as it is, a list is run as it is; seconds it may take."""

    run: str | tuple[str, ...]
    timeout: float | None = None

    @property
    def argv(self) -> tuple[str, ...]:
        return ("sh", "-c", self.run) if isinstance(self.run, str) else self.run

    @property
    def words(self) -> str:
        return self.run if isinstance(self.run, str) else shlex.join(self.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """None where nothing was said; `unknown` are keys that are not ours.

    `task`: for which task of the plan the supervisor made the request.
    """

    verify: tuple[Command, ...] | None = None
    timeout: float | None = None
    budget_usd: float | None = None
    depends_on: tuple[str, ...] = ()
    task: str | None = None
    unknown: tuple[str, ...] = ()

    def over(self, other: "Terms") -> "Terms":
        """These terms, with the other ones where they say nothing."""
        return Terms(
            verify=other.verify if self.verify is None else self.verify,
            timeout=other.timeout if self.timeout is None else self.timeout,
            budget_usd=other.budget_usd if self.budget_usd is None else self.budget_usd,
            depends_on=self.depends_on or other.depends_on,
            task=self.task,
            unknown=self.unknown,
        )


@lru_cache(maxsize=64)
def read(instructions: str) -> Terms:
    """What the front matter of a request says; TermsError when it cannot be meant so."""
    front, _ = divided(instructions)
    return convert(_mapping(front)) if front else Terms()


def divided(instructions: str) -> tuple[str, str]:
    """(front matter, the rest). A line `---` that opens no `key: value` lines is just a line."""
    if not instructions.removeprefix("\ufeff").startswith("---"):
        return "", instructions
    try:
        front, body = frontmatter.split(instructions)
    except ValueError:
        return "", instructions
    first = next((line for line in front.split("\n") if line.strip()), "")
    if not re.match(r"\s*(#|[\w-]+\s*:(\s|\Z)|[\[{&*!-])", first):
        return "", instructions
    return front, body


def _mapping(front: str) -> Mapping[Any, Any]:
    try:
        found = frontmatter.load(front)
    except frontmatter.Bomb as error:
        raise TermsError(f"its front matter {error}") from None
    except ValueError as error:
        raise TermsError(f"its front matter is not valid YAML ({error}): correct it") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise TermsError("its front matter is not `key: value` lines: write it so")
    return found


def convert(found: Mapping[Any, Any]) -> Terms:
    """From values as YAML gives them; also those of a persona file."""
    given = {key: found[key] for key in KEYS if found.get(key) is not None}
    return Terms(
        verify=commands(given["verify"]) if "verify" in given else None,
        timeout=seconds("timeout", given["timeout"]) if "timeout" in given else None,
        budget_usd=_dollars(given["budget_usd"]) if "budget_usd" in given else None,
        depends_on=_names(given.get("depends_on", [])),
        task=task_id(found.get("task")),
        unknown=tuple(str(key)[:80] for key in found if key not in (*KEYS, "task")),
    )


def task_id(value: Any) -> str | None:
    """None for what cannot be the id of a task."""
    return value if isinstance(value, str) and ID.fullmatch(value) else None


def commands(value: Any) -> tuple[Command, ...]:
    """One command or a list of them: text, a list of arguments, or `{run: …, timeout: …}`."""
    each = value if isinstance(value, list | tuple) else [value]
    if len(each) > MAX_COMMANDS:
        raise TermsError(f"`verify` has more than {MAX_COMMANDS} commands: put them in a script")
    return tuple(_command(one) for one in each)


def _command(value: Any) -> Command:
    if not isinstance(value, dict):
        return Command(_run(value))
    if "run" not in value or set(value) - {"run", "timeout"}:
        raise _wrong("verify", value, "a command, or `{run: command, timeout: seconds}`")
    limit = value.get("timeout")
    return Command(_run(value["run"]), None if limit is None else seconds("timeout", limit))


def _run(value: Any) -> str | tuple[str, ...]:
    words = list(value) if isinstance(value, list | tuple) else [value]
    usable = bool(words) and all(isinstance(word, str) and "\0" not in word for word in words)
    if not usable or not words[0].strip() or sum(map(len, words)) > MAX_COMMAND:
        raise _wrong("verify", value, f"text or a list of texts of at most {MAX_COMMAND} signs")
    return tuple(words) if isinstance(value, list | tuple) else words[0]


def seconds(key: str, value: Any) -> float:
    """`90`, `"45m"`, `"1h 30m"` as seconds."""
    expected = 'seconds, or a time such as "45m" or "2h"'
    if isinstance(value, str) and _DURATION.match(value.strip().lower()):
        parts = _PART.findall(value.lower())
        value = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(key, value, expected)
    if not 0 < value <= MAX_SECONDS:
        raise _wrong(key, value, f"{expected}, more than 0 and at most a year")
    return float(value)


def _dollars(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong("budget_usd", value, "a number of dollars")
    if not 0 < value <= MAX_DOLLARS:
        raise _wrong("budget_usd", value, f"more than 0 and at most {MAX_DOLLARS:,.0f} dollars")
    return float(value)


def _names(value: Any) -> tuple[str, ...]:
    names = value if isinstance(value, list) else [value]
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise _wrong("depends_on", value, "a list of names")
    return tuple(name.strip() for name in names)


def _wrong(key: str, value: Any, expected: str) -> TermsError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return TermsError(f"`{key}` in its front matter must be {expected}; it is {shown}")


def _plain(command: Command) -> Any:
    run = command.run if isinstance(command.run, str) else list(command.run)
    return run if command.timeout is None else {"run": run, "timeout": command.timeout}


def facts(terms: Terms) -> dict[str, Any]:
    """What a persona may set, as it would be written."""
    commands = None if terms.verify is None else [_plain(command) for command in terms.verify]
    return {"verify": commands, "timeout": terms.timeout, "budget_usd": terms.budget_usd}


def stored(found: tuple[Command, ...]) -> str:
    """As JSON, for the row."""
    return json.dumps([{"run": c.run, "timeout": c.timeout} for c in found])


@lru_cache(maxsize=256)
def restored(text: str) -> tuple[Command, ...]:
    """From the row; what cannot be read is no command."""
    try:
        return commands(json.loads(text))
    except (ValueError, RecursionError):
        return ()


def written(terms: Terms) -> str:
    """Front matter that says so, with its `---` lines; empty when there is nothing to say."""
    import yaml

    values = {"task": terms.task, **facts(terms)}
    values["depends_on"] = list(terms.depends_on) or None
    said = {key: value for key, value in values.items() if value is not None}
    if not said:
        return ""
    return f"---\n{yaml.safe_dump(said, sort_keys=False, width=1_000_000)}---\n\n"

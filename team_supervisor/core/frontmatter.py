"""What stands between the `---` lines at the top of a file, and is it safe to read?"""

from functools import cache
from typing import Any

MAX_DEPTH = 16
NESTED = "is nested too deep; make it flat"


class Bomb(ValueError):
    """YAML that would grow or nest without end; the message says what to change."""


def split(text: str) -> tuple[str, str]:
    """(front matter, body) without the `---` lines; ValueError when it is never closed."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    if lines[0].rstrip() != "---":
        return "", "\n".join(lines)
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == "---":
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :])
    raise ValueError("opens its front matter with '---' and never closes it")


def load(text: str) -> Any:
    """What this YAML holds; ValueError says why it is none, Bomb why it is not read."""
    import yaml

    try:
        _refuse_bombs(text)
        return yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        if "nesting depth" in (error.problem or ""):  # newer libyaml stops by itself
            raise Bomb(NESTED) from error
        mark = error.problem_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"{error.problem or 'a syntax error'}{line}") from error
    except (yaml.YAMLError, LookupError, TypeError, OverflowError) as error:
        raise ValueError("a value that cannot be read") from error


def written(text: str) -> Any:
    """The same with each value as it is written: `1.10` and `no` stay what they are."""
    import yaml

    load(text)
    return yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))


@cache
def _loader() -> Any:
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _refuse_bombs(text: str) -> None:
    """A few aliases of aliases grow to gigabytes, and deep nesting ends the process."""
    import yaml

    depth = 0
    for event in yaml.parse(text, Loader=_loader()):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise Bomb(NESTED)
        if getattr(event, "anchor", None) is not None:
            raise Bomb(
                "uses a YAML anchor or alias (& or *); put the value in quotes or write it out"
            )

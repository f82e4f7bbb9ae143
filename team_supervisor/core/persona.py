"""Who is this agent, and what may it do?"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from team_supervisor.core import frontmatter
from team_supervisor.core.terms import Terms, TermsError, convert
from team_supervisor.errors import TeamError

MAX_BYTES = 256 * 1024
MAX_FRONT_MATTER = 64 * 1024
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
DEFAULT_TOOLS = ("Bash", "Edit", "Glob", "Grep", "Read", "Write")

# Names that would read as something else in a workspace: a request, an archive, a session.
_TAKEN = re.compile(r"-request(-|\Z)|-(completed|rejected)\Z|-\d{10,}\Z")
# Tools and models become arguments of a command line, so none may begin like an option.
_TOOL = re.compile(r"[A-Za-z][\w.:*-]*(\([^\x00-\x1f]*\))?\Z")
_MODEL = re.compile(r"[A-Za-z0-9][\w.:/@\[\]-]{0,127}\Z")
_TOOLS_IN_A_LINE = re.compile(r"(?:\([^()]*\)|[^\s,])+")
# What Claude Code's agent files may hold besides the keys below; a value ends where one begins.
_FOREIGN_KEYS = (
    "background|color|disallowedTools|effort|hooks|initialPrompt|isolation|maxTurns|mcpServers|"
    "memory|permissionMode|skills"
)

PermissionMode = Literal["default", "acceptEdits", "plan", "dontAsk", "auto", "bypassPermissions"]
WorksIn = Literal["project", "session"]


class PersonaError(TeamError):
    """A persona file that cannot be used; the message names it and says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """One agent file; `source` is its path, `tools` what it has (empty: all there are)."""

    name: str
    description: str
    instructions: str
    source: str
    tools: tuple[str, ...] = ()
    model: str | None = None
    may_request: tuple[str, ...] = ()
    singleton: bool = False
    permission_mode: str = "acceptEdits"
    allowed_tools: tuple[str, ...] = DEFAULT_TOOLS
    max_sessions: int | None = None
    runner: str = "claude"
    works_in: WorksIn = "project"
    terms: Terms = Terms()

    @property
    def has_shell(self) -> bool:
        """Whether it may run commands without being asked."""
        there = not self.tools or "Bash" in self.tools
        return there and (
            "Bash" in self.allowed_tools or self.permission_mode == "bypassPermissions"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _FrontMatter:
    name: str | None = None
    description: str = ""
    tools: str | list[str] | None = None
    model: str | None = None
    may_request: str | list[str] = ""
    singleton: bool = False
    permission_mode: PermissionMode = "acceptEdits"
    allowed_tools: str | list[str] | None = None
    max_sessions: int | None = None
    runner: str = "claude"
    works_in: WorksIn = "project"
    verify: Any = None
    timeout: Any = None
    budget_usd: Any = None


_KEYS = tuple(field.name for field in fields(_FrontMatter))
_KEY_LINE = re.compile(rf"^({'|'.join(_KEYS)}|{_FOREIGN_KEYS})[ \t]*:(?=\s|\Z)", re.MULTILINE)
_EXPECTED = {
    "name": "up to 64 letters, digits, '.', '_' and '-', in quotes if it is a number",
    "description": "text, in quotes if it reads as something else",
    "tools": "a list of tool names",
    "allowed_tools": "a list of tool names",
    "model": "the name of a model, or inherit",
    "may_request": "a list of persona names",
    "singleton": "true or false",
    "permission_mode": "default, acceptEdits, plan, dontAsk, auto or bypassPermissions",
    "max_sessions": "a whole number of at least 1",
    "runner": "the name of a runner",
    "works_in": "project or session",
    "verify": "a command or a list of commands",
    "timeout": "seconds, or a time such as 45m",
    "budget_usd": "a number of dollars",
}


def parse(text: str, *, source: str, default_name: str) -> Persona:
    """Read one agent file in Claude Code's format, plus our keys; raises PersonaError."""
    front, body = _split(text, source)
    given = _validated(_mapping(front, source), source)
    if not body.strip():
        raise PersonaError(
            f"{source} has no instructions: write what this agent should do below the front matter."
        )
    tools = _tools("tools", given.tools, source)
    allowed = _tools("allowed_tools", given.allowed_tools, source)
    return Persona(
        name=_name(given.name, default_name, source),
        description=_description(given.description, body),
        instructions=body.strip(),
        source=source,
        tools=tools,
        model=_model(given.model, source),
        may_request=_may_request(given.may_request, source),
        singleton=given.singleton,
        permission_mode=given.permission_mode,
        allowed_tools=allowed if given.allowed_tools is not None else tools or DEFAULT_TOOLS,
        max_sessions=_max_sessions(given.max_sessions, source),
        runner=_matching(NAME, "runner", given.runner, source),
        works_in=given.works_in,
        terms=_terms(given, source),
    )


def may_request(requester: Persona, wanted: str) -> bool:
    """Whether a session of this persona may ask for one of the persona `wanted`."""
    return wanted in requester.may_request


def _split(text: str, source: str) -> tuple[str, str]:
    try:
        return frontmatter.split(text)
    except ValueError as error:
        raise PersonaError(f"{source} {error}: add a line '---' after the last key.") from None


def _mapping(front: str, source: str) -> Mapping[Any, Any]:
    if len(front) > MAX_FRONT_MATTER:
        raise PersonaError(
            f"{source} has a front matter of over {MAX_FRONT_MATTER} characters: "
            "move the text below it."
        )
    try:
        loaded = _yaml(front, source)
    except ValueError as error:
        return dict(_line_by_line(front, source, str(error)))
    if loaded is None:
        return {}
    if isinstance(loaded, dict):
        return loaded
    raise PersonaError(f"{source}: the front matter is not 'key: value' lines; write it so.")


def _yaml(text: str, source: str) -> Any:
    """What this YAML holds; ValueError says why it is none."""
    try:
        return frontmatter.load(text)
    except frontmatter.Bomb as error:
        raise PersonaError(f"{source}: the front matter {error}.") from None


def _line_by_line(front: str, source: str, why: str) -> Iterator[tuple[str, Any]]:
    """Many agent files describe themselves with bare colons, which YAML refuses as a whole."""
    starts = list(_KEY_LINE.finditer(front))
    if not starts:
        raise PersonaError(f"{source}: the front matter is not YAML ({why}); correct it.")
    ends = [start.start() for start in starts[1:]] + [len(front)]
    for start, end in zip(starts, ends, strict=True):
        key, block = start[1], front[start.start() : end]
        if key in _KEYS:
            yield key, _one_value(key, block, source)


def _one_value(key: str, block: str, source: str) -> Any:
    try:
        return _yaml(block, source)[key]
    except ValueError as error:
        if key in ("description", "tools"):
            return block.split(":", 1)[1].strip()
        raise PersonaError(
            f"{source}: {key} is not YAML ({error}); it must be {_EXPECTED[key]}."
        ) from None


def _validated(found: Mapping[Any, Any], source: str) -> _FrontMatter:
    import msgspec

    given = {key: found[key] for key in _KEYS if found.get(key) is not None}
    try:
        return msgspec.convert(given, _FrontMatter)
    except msgspec.ValidationError as error:
        key = next((key for key in _KEYS if f"`$.{key}" in str(error)), "")
        raise _wrong(key, given.get(key), source) from None


def _wrong(key: str, value: object, source: str) -> PersonaError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return PersonaError(f"{source}: {key} must be {_EXPECTED[key]}; it is {shown}.")


def _matching(pattern: re.Pattern[str], key: str, value: str, source: str) -> str:
    if pattern.match(value):
        return value
    raise _wrong(key, value, source)


def _name(given: str | None, default: str, source: str) -> str:
    name = _matching(NAME, "name", default if given is None else given.strip(), source)
    if _TAKEN.search(name):
        raise PersonaError(
            f"{source}: the name {name!r} reads as a request, an archive or a session; "
            "choose one without '-request', '-completed', '-rejected' and a long number."
        )
    return name


def _description(given: str, body: str) -> str:
    heading = body.strip().split("\n", 1)[0].lstrip("#")
    return (given.replace("\\n", "\n") or heading).strip()


def _listed(value: str | list[str]) -> tuple[str, ...]:
    items = value if isinstance(value, list) else _TOOLS_IN_A_LINE.findall(value)
    return tuple(dict.fromkeys(item.strip() for item in items))


def _tools(key: str, value: str | list[str] | None, source: str) -> tuple[str, ...]:
    names = _listed(value or "")
    if "*" in names:
        return ()
    return tuple(_matching(_TOOL, key, name, source) for name in names)


def _may_request(value: str | list[str], source: str) -> tuple[str, ...]:
    return tuple(_matching(NAME, "may_request", name, source) for name in _listed(value))


def _model(value: str | None, source: str) -> str | None:
    if value is None or value.strip() in ("", "inherit"):
        return None
    return _matching(_MODEL, "model", value.strip(), source)


def _max_sessions(value: int | None, source: str) -> int | None:
    if value is not None and value < 1:
        raise _wrong("max_sessions", value, source)
    return value


def _terms(given: _FrontMatter, source: str) -> Terms:
    said = {"verify": given.verify, "timeout": given.timeout, "budget_usd": given.budget_usd}
    try:
        return convert(said)
    except TermsError as error:
        raise PersonaError(f"{source}: {error}.") from None

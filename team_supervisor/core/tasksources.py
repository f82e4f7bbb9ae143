"""What tasks does a specification, a check list or a list of beads describe?"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import PurePosixPath
from typing import Any

from team_supervisor.core import frontmatter, terms
from team_supervisor.core.requests import NAME
from team_supervisor.core.taskgraph import ID, NORMAL, PRIORITIES
from team_supervisor.core.tasklist import plain, short

SPEC_FILE = re.compile(r"(?P<id>.+)-spec\.md")
# What is a number or a list by its meaning; all other values are taken as they are written.
_MEANT = ("verify", "timeout")
KEYS = ("id", "title", "depends_on", "priority", "persona", "verify", "timeout", "iteration")
# A request is at most 1 MiB, and holds more than the specification.
LONGEST_SPEC = 512 * 1024
_WORDS = {name: number for number, name in enumerate(PRIORITIES)} | {"medium": NORMAL}
_HEADING = re.compile(r"^#\s+(.+)$", re.MULTILINE)


class SourceError(ValueError):
    """A source that cannot be meant so; the message says where and what to correct."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A task as its source describes it. `done`: the source says so. `optional`: not queued."""

    id: str
    title: str
    spec: str = ""
    source: str = ""
    depends_on: tuple[str, ...] = ()
    priority: int = NORMAL
    persona: str | None = None
    verify: str = "[]"
    timeout: float | None = None
    iteration: str | None = None
    done: bool = False
    optional: bool = False

    @property
    def digest(self) -> str:
        """Another text when the source says something else; `done` is a state, not in it."""
        said = [getattr(self, f.name) for f in fields(self) if f.name not in ("done", "source")]
        return json.dumps(said, ensure_ascii=True)


def id_problem(name: str) -> str | None:
    """Why a task cannot have this id."""
    if not ID.fullmatch(name):
        return (
            f"the task id {name[:80]!r} may have only letters, digits, '.', '_' and '-', "
            "start with a letter or digit, and be at most 48 characters long"
        )
    if re.search(r"-(rejected|completed)(-[0-9]+)?\Z", name):
        return f"the task id {name!r} ends as a refused request or an archive does: choose another"
    return None


def priority(value: Any) -> int:
    """`high`, `P1` or 0 (the most urgent) to 4."""
    word = str(value).strip().lower()
    if word in _WORDS:
        return _WORDS[word]
    if re.fullmatch(r"p?[0-4]", word):
        return int(word[-1])
    raise SourceError(
        f"`priority` must be one of {', '.join(PRIORITIES)}, or 0 (the most urgent) to 4; "
        f"it is {str(value)[:40]!r}"
    )


def specification(text: str, path: str) -> tuple[Draft, tuple[str, ...]]:
    """The task of `<TASK-ID>-spec.md`, and its front matter's keys that are not known."""
    try:
        front, body = frontmatter.split(text)
        found = _front(front) if front.strip() else {}
    except ValueError as error:
        raise SourceError(f"{path} {error}: correct its front matter") from None
    if found is None:
        raise SourceError(f"{path}: its front matter is not `key: value` lines: write it so")
    try:
        return _specified(found, body, path), tuple(k[:80] for k in found if k not in KEYS)
    except (SourceError, terms.TermsError) as error:
        raise SourceError(f"{path}: {error}") from None


def _front(text: str) -> dict[str, Any] | None:
    """Ids and words as they are written (`1.10`, `no`), a dash in a key as `_`."""
    meant, as_written = frontmatter.load(text), frontmatter.written(text)
    if not isinstance(meant, dict):
        return None if meant is not None else {}
    values = meant | {k: v for k, v in as_written.items() if k not in _MEANT}
    empty = {k for k, v in meant.items() if v is None}
    known = {str(k): v for k, v in values.items() if k in meant and k not in empty}
    return {key.replace("-", "_"): value for key, value in known.items()}


def _specified(found: Mapping[str, Any], body: str, path: str) -> Draft:
    file = SPEC_FILE.fullmatch(PurePosixPath(path).name)
    name = _text(found, "id") or (file["id"] if file else "")
    if problem := id_problem(name):
        raise SourceError(problem)
    if not body.strip():
        raise SourceError("it holds no specification: write below its front matter what to do")
    if len(body.encode(errors="replace")) > LONGEST_SPEC:
        raise SourceError("its specification is over 512 KiB: name long material by its path")
    agreed = terms.convert({k: found[k] for k in _MEANT if k in found})
    heading = _HEADING.search(body)
    return Draft(
        id=name,
        title=title(_text(found, "title") or (heading[1] if heading else name)),
        spec=body.strip() + "\n",
        source=path,
        depends_on=names(found.get("depends_on")),
        priority=priority(found.get("priority") or PRIORITIES[NORMAL]),
        persona=persona(_text(found, "persona")),
        verify=terms.stored(agreed.verify or ()),
        timeout=agreed.timeout,
        iteration=iteration(_text(found, "iteration")),
    )


def _text(found: Mapping[str, Any], key: str) -> str | None:
    value = found.get(key)
    if value is not None and not isinstance(value, str):
        raise SourceError(f"`{key}` must be text; it is {str(value)[:40]}: put it in quotes")
    return value.strip() or None if value else None


def persona(name: str | None) -> str | None:
    if name is not None and not NAME.fullmatch(name):
        raise SourceError(f"`persona` must be the name of a persona; it is {name[:80]!r}")
    # Its request would be taken for one of another persona.
    if name is not None and "-request-" in f"{name}-":
        raise SourceError(
            f"`persona` cannot be {name!r}: what is before `-request-` is the persona"
        )
    return name


def iteration(name: str | None) -> str | None:
    return " ".join(plain(name).split())[:80] or None if name else None


def title(raw: str) -> str:
    return short(plain(raw)) or "(no title)"


def names(value: Any) -> tuple[str, ...]:
    """A list of ids, or one text with commas between them; each once."""
    each = value if isinstance(value, list) else re.split(r"[,\s]+", str(value or ""))
    if isinstance(value, dict) or not all(isinstance(name, str) for name in each):
        raise SourceError("`depends_on` must be ids of tasks, such as `[T001, T002]`")
    found = [name.strip().strip("[]` ") for name in each]
    needs = tuple(dict.fromkeys(name for name in found if name and name.lower() != "none"))
    if problem := next(filter(None, map(id_problem, needs)), None):
        raise SourceError(f"`depends_on`: {problem}")
    return needs


def beads(found: Any) -> list[Draft]:
    """From `bd list --json`. An epic only groups others: it is no work."""
    if not isinstance(found, list):
        raise SourceError("`bd list --json` printed no list: does this version of bd know it?")
    return [_bead(each) for each in found if isinstance(each, dict) and not _is_epic(each)]


def _is_epic(bead: Mapping[str, Any]) -> bool:
    return bead.get("issue_type") == "epic"


def _bead(bead: Mapping[str, Any]) -> Draft:
    name = str(bead.get("id") or "")
    if problem := id_problem(name):
        raise SourceError(f"bd: {problem}")
    said = ("description", "design", "acceptance_criteria", "notes")
    texts = [(key.replace("_", " ").capitalize(), str(bead[key])) for key in said if bead.get(key)]
    return Draft(
        id=name,
        title=title(str(bead.get("title") or name)),
        spec="\n\n".join(f"## {head}\n\n{text.strip()}" for head, text in texts)[:LONGEST_SPEC],
        source="bd",
        depends_on=_blockers(bead),
        priority=priority(bead.get("priority", NORMAL)),
        done=bead.get("status") == "closed",
    )


def _blockers(bead: Mapping[str, Any]) -> tuple[str, ...]:
    """Of its dependencies only what blocks it; a parent or a related bead does not."""
    found = bead.get("dependencies") or bead.get("depends_on") or []
    return tuple(dict.fromkeys(filter(None, map(_blocker, found)))) if _is_list(found) else ()


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _blocker(found: Any) -> str:
    if not isinstance(found, dict):
        return str(found)
    kind = found.get("type") or found.get("dependency_type") or "blocks"
    return str(found.get("depends_on_id") or found.get("id") or "") if kind == "blocks" else ""


def prefixed(drafts: Iterable[Draft], prefix: str) -> list[Draft]:
    """The same under ids that begin with `prefix`, also where one names another."""
    from dataclasses import replace

    found = list(drafts)
    own = {draft.id for draft in found}
    return [
        replace(
            draft,
            id=prefix + draft.id,
            depends_on=tuple(prefix + n if n in own else n for n in draft.depends_on),
        )
        for draft in found
    ]

"""What tasks does a plan hold that is written as check boxes (spec-kit, OpenSpec, Kiro)?"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from markdown_it.token import Token

from team_supervisor.core.markdown import tokens
from team_supervisor.core.tasklist import BOX, plain
from team_supervisor.core.tasksources import LONGEST_SPEC, Draft, SourceError, id_problem, title

# `T001`, `1.1`, `2.`, `API-7`, each followed by its title.
_ID = re.compile(r"\**((?:[A-Za-z]{1,12}-?)?\d+(?:\.\d+)*[a-z]?)\**[.:)]?\s+(?=\S)")
_MARK = re.compile(r"\[(P|US-?\d+|Story \d+)\]\s*")
_NEEDS = re.compile(r"\(?\b(?:depends on|requires|after)[:\s]+([^()\n]+)\)?", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\s*\((?:depends on|requires|after)[:\s][^()]*\)", re.IGNORECASE)
_NAMED = re.compile(r"\b(?:[A-Za-z]{1,12}-?)?\d+(?:\.\d+)*[a-z]?\b")
_RANGE = re.compile(r"\b([A-Za-z]{1,12}-?)(\d+)\s*(?:-|–|to|through)\s*\1?(\d+)\b")
# A phase of more boxes is not waited for box by box.
MOST_NAMED = 50
_SLUG = re.compile(r"[a-z0-9]+")


@dataclass(slots=True)
class _Item:
    """One check box; `level` is its nesting, `lines` what it takes up in the file."""

    level: int
    mark: str
    optional: bool
    text: str
    lines: tuple[int, int]
    phase: str
    parents: tuple[str, ...] = ()
    children: list["_Item"] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.mark in ("x", "X")

    @property
    def own_id(self) -> str | None:
        found = _ID.match(self.text)
        return found[1] if found else None

    @property
    def parallel(self) -> bool:
        return "P" in _MARK.findall(self.text)

    @property
    def title(self) -> str:
        words = _MARK.sub("", _ID.sub("", self.text, count=1))
        return title(_IN_BRACKETS.sub("", words) or words)


def drafts(text: str, path: str) -> list[Draft]:
    """The leaves of the list, each after what stands before it.

    Phases follow one another. Within one, a task needs the one before it, unless both are marked
    `[P]` as spec-kit does; `(depends on T001)` comes in place of that. What groups others (Kiro's
    `2.` over `2.1`) is no task of its own, and an optional one (`[ ]*`) is not queued.
    """
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    items = _by_number(_items(tokens(text)))
    leaves = [item for item in items if not item.children]
    named = _names(leaves, path)
    groups = _groups(items, named)
    plan = _Plan(known=groups)
    return [plan.add(item, named[id(item)], _spec(item, lines, path), path) for item in leaves]


def _items(found: list[Token]) -> list[_Item]:
    items: list[_Item] = []
    open_items: list[_Item] = []
    phase, opened = "", (0, 0)
    for index, token in enumerate(found):
        if token.type == "list_item_open" and token.map:
            opened = (token.map[0], token.map[1])
            open_items = [i for i in open_items if i.level < token.level]
        elif token.type == "inline" and found[index - 1].type == "heading_open":
            phase, open_items = plain(token.content), []
        elif item := _item(token, found[max(0, index - 2)], opened, phase):
            _hang(item, open_items)
            items.append(item)
    return items


def _item(token: Token, before: Token, lines: tuple[int, int], phase: str) -> _Item | None:
    first = token.type == "inline" and before.type == "list_item_open"
    box = BOX.match(token.content) if first else None
    if box is None:
        return None
    rest = token.content[box.end() :].partition("\n")[0]
    optional = "]*" in box[0] or rest.startswith("* ")
    return _Item(
        before.level, box[1].strip(), optional, plain(rest.removeprefix("* ")), lines, phase
    )


def _hang(item: _Item, open_items: list[_Item]) -> None:
    if open_items:
        open_items[-1].children.append(item)
        item.parents = (*open_items[-1].parents, open_items[-1].text)
    open_items.append(item)


def _by_number(items: list[_Item]) -> list[_Item]:
    """Kiro writes `2.1` beside its `2.` as often as below it; what only optional ones stand
    below is the work itself."""
    numbered = {item.own_id: item for item in items if item.own_id}
    for item in items:
        above = numbered.get((item.own_id or "").rpartition(".")[0])
        if above is not None and item not in above.children and not item.parents:
            above.children.append(item)
            item.parents = (*above.parents, above.text)
    for item in items:
        if all(child.optional for child in item.children):
            item.children = []
    return items


def _names(leaves: list[_Item], path: str) -> dict[int, str]:
    """Ids by item: its own, else made of its title, so that the next import finds it again."""
    taken: set[str] = set()
    found: dict[int, str] = {}
    for item in leaves:
        name = item.own_id or _free(_slug(item.title), taken)
        if name in taken:
            raise SourceError(f"{path}: two tasks have the id {name}: give one of them another")
        if problem := id_problem(name):
            raise SourceError(f"{path}: {problem}")
        taken.add(name)
        found[id(item)] = name
    return found


def _slug(text: str) -> str:
    return "-".join(_SLUG.findall(text.lower())[:6])[:40].strip("-") or "task"


def _free(name: str, taken: set[str]) -> str:
    number = 2
    free = name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    return free


def _groups(items: list[_Item], named: dict[int, str]) -> dict[str, tuple[str, ...]]:
    """What each id stands for: itself, or for a group all its leaves."""
    found: dict[str, tuple[str, ...]] = {}
    for item in reversed(items):
        below = tuple(n for child in item.children for n in _leaves(child, named))
        if name := named.get(id(item)) or item.own_id:
            found.setdefault(name, below or (name,))
    return found


def _leaves(item: _Item, named: dict[int, str]) -> list[str]:
    if not item.children:
        return [named[id(item)]]
    return [name for child in item.children for name in _leaves(child, named)]


def _spec(item: _Item, lines: list[str], path: str) -> str:
    first, last = item.lines
    own = lines[first:last]
    indent = len(own[0]) - len(own[0].lstrip()) if own else 0
    body = "\n".join(line[indent:] if not line[:indent].strip() else line for line in own).rstrip()
    above = [part for part in (item.phase, *item.parents) if part]
    where = f"From `{path}`" + (f", below “{' / '.join(above)}”" if above else "")
    return f"{body}\n\n{where}. Read that file for the whole plan.\n"[-LONGEST_SPEC:]


@dataclass(slots=True)
class _Plan:
    """What has been read so far. `gate`: what the next task needs if it names nothing itself.

    `entry` is what a phase needs: all of the one before, for a box may be ticked out of its turn.
    """

    known: dict[str, tuple[str, ...]]
    phase: str | None = None
    entry: tuple[str, ...] = ()
    gate: tuple[str, ...] = ()
    side_by_side: list[str] = field(default_factory=list)
    in_phase: list[Draft] = field(default_factory=list)
    passed: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def add(self, item: _Item, name: str, spec: str, path: str) -> Draft:
        if item.phase != self.phase:
            self._next_phase(item.phase)
        explicit = self._explicit(item.text, name)
        if not item.parallel and self.side_by_side:
            self.gate, self.side_by_side = tuple(self.side_by_side), []
        needs = self._with_what_was_passed([*self.entry, *explicit] if explicit else self.gate)
        draft = Draft(id=name, title=item.title, spec=spec, source=path, depends_on=needs)
        if item.done:
            self.passed[name] = tuple(need for need in needs if need not in self.passed)
        if not item.optional:
            self._follow(item, name)
            self.in_phase.append(draft)
        return replace(draft, done=item.done, optional=item.optional)

    def _with_what_was_passed(self, needs: Iterable[str]) -> tuple[str, ...]:
        """What a ticked box itself waited for is still to be done before who comes after it."""
        found: dict[str, None] = {}
        for name in needs:
            found |= dict.fromkeys((name, *self.passed.get(name, ())))
        return tuple(found)

    def _follow(self, item: _Item, name: str) -> None:
        if item.parallel:
            self.side_by_side.append(name)
        else:
            self.gate = (name,)

    def _next_phase(self, phase: str) -> None:
        """All of the last phase has to be done first; of a huge one what nothing else needs."""
        needed = {name for draft in self.in_phase for name in draft.depends_on}
        huge = len(self.in_phase) > MOST_NAMED
        ends = tuple(d.id for d in self.in_phase if not huge or d.id not in needed)
        self.entry = self.gate = ends or self.entry
        self.phase, self.side_by_side, self.in_phase = phase, [], []

    def _explicit(self, text: str, name: str) -> list[str]:
        said = _NEEDS.search(text)
        if said is None:
            return []
        named = _NAMED.findall(said[1])
        missing = {n for n in named if self._names_a_task(n, said[0])} - self.known.keys()
        found: list[str] = []
        for each in _NAMED.findall(_RANGE.sub(_each, said[1])):
            leaves = self.known.get(each, (each,) if each in missing else ())
            # Who names the box it stands below cannot wait for what waits for it there.
            found += leaves if name not in leaves else ()
        return found

    def _names_a_task(self, word: str, said: str) -> bool:
        """`T404` beside `T001`, or any number that is depended on; not `requires Python 3.11`."""
        letters = word.rstrip("0123456789.").rstrip("-")
        if not letters:
            return "depends" in said.lower()
        return any(each.startswith(letters) and each != letters for each in self.known)


def _each(found: "re.Match[str]") -> str:
    """`T004-T007` as `T004 T005 T006 T007`."""
    first, last, width = int(found[2]), int(found[3]), len(found[2])
    return " ".join(f"{found[1]}{number:0{width}d}" for number in range(first, last + 1)[:200])

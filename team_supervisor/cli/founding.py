"""Whom does a new team consist of, what is each told, and how is it there whole or not at all?"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from team_supervisor.adapters import clock, files, git
from team_supervisor.adapters.store import Store
from team_supervisor.adapters.workspace import Workspace, is_real, reserve
from team_supervisor.apply.importing import import_directory
from team_supervisor.apply.tools import Tools, publish
from team_supervisor.core.admission import Limits
from team_supervisor.core.persona import Persona
from team_supervisor.core.requests import session_persona
from team_supervisor.core.world import ImportDirectory
from team_supervisor.errors import TeamError, UsageError
from team_supervisor.settings import Settings

# In the table `team`: the ids of a team that is being founded, until each has its row.
PROMISED = "founding"
UNTIL_TOLD = """# Tasks

## Task: Take up the work that the manager sends
- **Status**: waiting
"""


@dataclass(frozen=True, slots=True)
class Founding:
    """Who is wanted: a manager with the goal, an architect, engineers and interns who wait."""

    goal: str
    engineers: int
    interns: int

    @property
    def members(self) -> list[tuple[str, str]]:
        """Persona and name of each, the manager first."""
        found = [("engineering-manager", "manager"), ("solutions-architect", "architect")]
        found += [("software-engineer", f"engineer-{n}") for n in range(1, self.engineers + 1)]
        return found + [("intern", f"intern-{n}") for n in range(1, self.interns + 1)]


class Member(NamedTuple):
    """One of a new team, with the id that is reserved for its session."""

    id: str
    persona: str
    name: str


def found_members(tools: Tools, wanted: Founding) -> list[Member]:
    """Whoever calls this holds the workspace."""
    known = tools.personas()
    check(tools.workspace, tools.settings, known, wanted)
    made = draft(tools.workspace, tools.store, wanted)
    complete(tools)
    return made


def draft(place: Workspace, store: Store, wanted: Founding) -> list[Member]:
    """Everybody's directory, whole but hidden, and then the promise that they will all be there.

    Cut short before the promise, there is no team; after it, whoever comes next keeps it.
    """
    commit = git.head(place.project)
    team = [_member(place, store, *member) for member in wanted.members]
    for member in team:
        hidden = _hidden(place, member.id)
        hidden.mkdir()
        write_files(hidden, member, wanted, team)
        published = {"name": member.name, "start_commit": commit}
        files.write(hidden / "session.json", msgspec.json.encode(published) + b"\n")
    files.sync_directory(place.root)
    with store.transaction():
        store.set_team("wanted", "run")
        store.set_team(PROMISED, json.dumps([member.id for member in team]))
    return team


def promised(store: Store) -> list[str]:
    """The ids of a team whose founding is not over, the manager first."""
    try:
        found = json.loads(store.team(PROMISED) or "[]")
    except ValueError:
        return []
    ids = found if isinstance(found, list) else []
    return [name for name in ids if isinstance(name, str) and session_persona(name)]


def show(place: Workspace, ids: Sequence[str]) -> None:
    """Give the directories their names, those that have not got them yet."""
    # The manager last: whoever it writes to is there.
    for name in reversed(ids):
        hidden, target = _hidden(place, name), place.directory(name)
        if is_real(hidden) and not os.path.lexists(target):
            os.rename(hidden, target)
    files.sync_directory(place.root)


def complete(tools: Tools) -> list[str]:
    """Keep a promise, as the one that holds the workspace: each member has its row. The ids."""
    ids = promised(tools.store)
    if ids:
        show(tools.workspace, ids)
        for name in sorted(set(ids) - tools.store.known_ids(ids), key=ids.index):
            if is_real(tools.workspace.directory(name)):
                import_directory(tools, ImportDirectory(name), clock.now())
                publish(tools, name)
        kept(tools.store)
    return ids


def kept(store: Store) -> None:
    """Every member is known: nothing of the founding is left to be done."""
    store.set_team(PROMISED, "")


def _member(place: Workspace, store: Store, persona: str, name: str) -> Member:
    now = clock.now().wall
    last = int(store.team("last_ms") or 0)
    session = reserve(place, persona, max(int(now * 1000), last + 1))
    store.set_team("last_ms", str(max(last, int(session.rpartition("-")[2]))))
    return Member(session, persona, name)


def _hidden(place: Workspace, session: str) -> Path:
    return place.root / f".{session}"


def write_files(directory: Path, member: Member, wanted: Founding, team: Sequence[Member]) -> None:
    """What a member finds in its directory; the first of a team is its manager."""
    if member is team[0]:
        requirements = f"# Project requirements\n\n{wanted.goal.strip()}\n"
        files.write(directory / "project-requirements.md", requirements)
    files.write(directory / "instructions.md", _instructions(member, wanted.goal, team))
    if member.persona in ("software-engineer", "intern"):
        files.write(directory / "tasks.md", UNTIL_TOLD)


def check(
    place: Workspace, settings: Settings, known: Mapping[str, Persona], wanted: Founding
) -> None:
    """Raises TeamError or UsageError when this team can't be founded here."""
    personas = [persona for persona, _ in wanted.members]
    _check_limits(place, settings.limits, personas)
    missing = sorted(set(personas) - set(known))
    if missing:
        raise TeamError(
            f"the persona {missing[0]} is not usable: see `team-supervisor personas check`"
        )


def _check_limits(place: Workspace, limits: Limits, personas: list[str]) -> None:
    """A team that would not be let in by requests is not let in by its founding either."""
    if len(personas) > limits.sessions:
        raise UsageError(
            f"the team would have {len(personas)} sessions, and limits.sessions is "
            f"{limits.sessions}: ask for fewer, or raise it in {place.settings}"
        )
    for persona, most in limits.per_persona.items():
        if personas.count(persona) > most:
            raise UsageError(
                f"the team would have {personas.count(persona)} {persona} sessions, and "
                f"limits.per_persona allows {most}: see {place.settings}"
            )


def _instructions(member: Member, goal: str, team: Sequence[Member]) -> str:
    manager = team[0]
    others = "\n".join(f"- {m.persona} {m.name}: session {m.id}" for m in team if m.id != member.id)
    text = {
        "engineering-manager": (
            f"# Lead this project: {goal}\n\n"
            "Read project-requirements.md in your session directory. Plan the work, request the "
            "teammates it needs, check what they deliver, and finish when the goal is reached.\n"
        ),
        "solutions-architect": (
            f"# Design the architecture for: {goal}\n\n"
            "Look at the project as it is, and write the design that the team will build from to "
            "architecture.md in the workspace's shared/ directory. Keep it as short as the goal "
            f"allows. Tell the manager ({manager.id}) when it stands.\n"
        ),
        "software-engineer": (
            f"# Engineer for: {goal}\n\n"
            f"The manager ({manager.id}) will send you your work as appended instructions. Tell "
            "it that you are ready, then end your turn and wait; put the work into tasks.md when "
            "it comes.\n"
        ),
        "intern": (
            f"# Intern for: {goal}\n\n"
            f"The manager ({manager.id}) will send you your work as appended instructions. Tell "
            "it that you are ready, then end your turn and wait; put the work into tasks.md when "
            "it comes.\n"
        ),
    }[member.persona]
    return f"{text}\n## Your team\n{others}\n"

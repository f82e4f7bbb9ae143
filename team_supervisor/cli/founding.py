"""Whom does a new team consist of, and what is each told?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from team_supervisor.adapters import clock, files
from team_supervisor.adapters.workspace import Workspace
from team_supervisor.apply.requests import found_session
from team_supervisor.apply.starting import prepare
from team_supervisor.apply.tools import Tools
from team_supervisor.core.admission import Limits
from team_supervisor.core.model import Session
from team_supervisor.core.persona import Persona
from team_supervisor.core.world import Prepare
from team_supervisor.errors import TeamError, UsageError
from team_supervisor.settings import Settings

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


def found_members(tools: Tools, wanted: Founding) -> list[Session]:
    """Whoever calls this holds the workspace."""
    known = tools.personas()
    check(tools.workspace, tools.settings, known, wanted)
    made: list[Session] = []
    for persona, name in wanted.members:
        session = found_session(tools, known[persona], name, clock.now())
        made.append(session)
    for session in made:
        write_files(tools.workspace.directory(session.id), session, wanted, made)
        prepare(tools, Prepare(session), clock.now())
    return made


def write_files(
    directory: Path, session: Session, wanted: Founding, team: Sequence[Session]
) -> None:
    """What a member finds in its directory; the first of a team is its manager."""
    if session is team[0]:
        requirements = f"# Project requirements\n\n{wanted.goal.strip()}\n"
        files.write(directory / "project-requirements.md", requirements)
    files.write(directory / "instructions.md", _instructions(session, wanted.goal, team))
    if session.persona in ("software-engineer", "intern"):
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


def _instructions(session: Session, goal: str, team: Sequence[Session]) -> str:
    manager = team[0]
    others = "\n".join(
        f"- {s.persona} {s.name}: session {s.id}" for s in team if s.id != session.id
    )
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
    }[session.persona]
    return f"{text}\n## Your team\n{others}\n"

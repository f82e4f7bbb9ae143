"""Whom does a new team consist of, and what is each told?"""

from team_supervisor.adapters import clock, files
from team_supervisor.apply.requests import found_session
from team_supervisor.apply.starting import prepare
from team_supervisor.apply.tools import Tools
from team_supervisor.core.model import Session
from team_supervisor.core.world import Prepare
from team_supervisor.errors import TeamError, UsageError

UNTIL_TOLD = """# Tasks

## Task: Take up the work that the manager sends
- **Status**: waiting
"""


def found_members(tools: Tools, goal: str, engineers: int, interns: int) -> list[Session]:
    """A manager with the goal, an architect, and engineers and interns who wait for work."""
    wanted = [("engineering-manager", "manager"), ("solutions-architect", "architect")]
    wanted += [("software-engineer", f"engineer-{n}") for n in range(1, engineers + 1)]
    wanted += [("intern", f"intern-{n}") for n in range(1, interns + 1)]
    _check_limits(tools, [persona for persona, _ in wanted])
    known = tools.personas()
    missing = sorted({persona for persona, _ in wanted} - set(known))
    if missing:
        raise TeamError(
            f"the persona {missing[0]} is not usable: see `team-supervisor personas check`"
        )
    made: list[Session] = []
    for persona, name in wanted:
        session = found_session(tools, known[persona], name, clock.now())
        made.append(session)
    manager = made[0]
    for session in made:
        directory = tools.workspace.directory(session.id)
        if session is manager:
            requirements = f"# Project requirements\n\n{goal.strip()}\n"
            files.write(directory / "project-requirements.md", requirements)
        files.write(directory / "instructions.md", _instructions(session, goal, made))
        if session.persona in ("software-engineer", "intern"):
            files.write(directory / "tasks.md", UNTIL_TOLD)
        prepare(tools, Prepare(session), clock.now())
    return made


def _check_limits(tools: Tools, personas: list[str]) -> None:
    """A team that would not be let in by requests is not let in by its founding either."""
    limits = tools.settings.limits
    if len(personas) > limits.sessions:
        raise UsageError(
            f"the team would have {len(personas)} sessions, and limits.sessions is "
            f"{limits.sessions}: ask for fewer, or raise it in {tools.workspace.settings}"
        )
    for persona, most in limits.per_persona.items():
        if personas.count(persona) > most:
            raise UsageError(
                f"the team would have {personas.count(persona)} {persona} sessions, and "
                f"limits.per_persona allows {most}: see {tools.workspace.settings}"
            )


def _instructions(session: Session, goal: str, team: list[Session]) -> str:
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

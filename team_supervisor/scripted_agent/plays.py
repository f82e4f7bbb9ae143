"""What does an agent do when nobody wrote it a script?"""

from pathlib import Path

from team_supervisor.scripted_agent.files import Place, read_text
from team_supervisor.scripted_agent.script import Step, script_of

# The demonstration: a play for each persona that has a part in it.
PLAYS = {
    "engineering-manager": "engineering-manager.md",
    "software-engineer": "software-engineer.md",
    "solutions-architect": "solutions-architect.md",
    "intern": "intern.md",
    "qa": "qa.md",
    "qa-engineer": "qa.md",
}
OTHERS = "others.md"
LONGEST_TITLE = 80


def play_of(place: Place) -> tuple[Step, ...]:
    """The steps of this persona's play, about the project that is described beside it."""
    file = Path(__file__).parent / "plays" / PLAYS.get(place.persona, OTHERS)
    return script_of(file.read_text(encoding="utf-8").replace("{{project}}", _project(place)))


def _project(place: Place) -> str:
    for folder in (Path.cwd(), place.shared, place.workspace):
        if title := title_of(_described(folder / "project-requirements.md")):
            return title
    return "our project"


def _described(path: Path) -> str:
    try:
        return read_text(path)
    except OSError:
        return ""


def title_of(markdown: str) -> str:
    """The first heading of a document, in one short line."""
    for line in markdown.splitlines():
        if line.startswith("#") and (title := line.strip("# \t")):
            return " ".join(title.split())[:LONGEST_TITLE]
    return ""

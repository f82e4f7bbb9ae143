"""Do the documents name what is there, and all of it?"""

import dataclasses
import json
import re
import shlex
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
import yaml

from team_supervisor import cli, errors, settings
from team_supervisor.core import events, terms
from team_supervisor.core.persona import Persona

from .teams import Team

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "team_supervisor"
README, CHANGELOG = ROOT / "README.md", ROOT / "CHANGELOG.md"
PROTOCOL, ARCHITECTURE = ROOT / "docs" / "protocol.md", ROOT / "docs" / "architecture.md"
PERFORMANCE = ROOT / "docs" / "performance.md"
EXAMPLE = ROOT / ".database.example" / "README.md"
TASKS = ROOT / "docs" / "tasks.md"
NOTIFICATIONS = ROOT / "docs" / "notifications.md"
HEALTH = ROOT / "docs" / "health.md"
PROJECTS = ROOT / "docs" / "projects.md"
DOCUMENTS = (
    README,
    CHANGELOG,
    PROTOCOL,
    TASKS,
    NOTIFICATIONS,
    PROJECTS,
    HEALTH,
    ARCHITECTURE,
    PERFORMANCE,
    EXAMPLE,
)
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.parent.name + path.stem)
CODE = re.compile(r"`([^`]+)`")


def section(title: str, document: Path = PROTOCOL) -> str:
    """What stands below a heading, down to the next one of its level."""
    found = re.search(rf"^(#+) {re.escape(title)}\n", document.read_text(), re.MULTILINE)
    assert found, f"{document} has no section {title}"
    rest = document.read_text()[found.end() :]
    return re.split(rf"^#{{1,{len(found[1])}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the tables of a section, without their headings."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    rule = [number for number, line in enumerate(lines) if line.startswith("|---")]
    body = [line for n, line in enumerate(lines) if n not in rule and n + 1 not in rule]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body]


def named(cell: str) -> list[str]:
    return CODE.findall(cell)


def anchor(title: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@EACH
def test_every_link_leads_to_a_file_and_a_heading_that_are_there(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith("https://"):
            continue
        path, _, place = target.partition("#")
        found = document.parent / path if path else document
        assert found.exists(), f"{document.name} links to {target}"
        if place:
            titles = re.findall(r"^#+ (.+)", found.read_text(), re.MULTILINE)
            assert place in map(anchor, titles), f"{document.name} links to {target}"


@EACH
def test_every_command_that_is_named_has_its_verb_and_its_options(document: Path) -> None:
    text = re.sub(r"^```(?:json|text).*?^```", "", document.read_text(), flags=re.M | re.S)
    for line in re.findall(r"(?:^|`)(?:.*\| )?team-supervisor ([a-z][^`\n]*)", text, re.MULTILINE):
        words = line.split(" | ")[0].split("  ")[0]
        check_command(shlex.split(words.replace("'", "")), line)


def check_command(words: list[str], line: str) -> None:
    command: click.Command = cli.main
    context = click.Context(command)
    while isinstance(command, click.Group) and words:
        found = command.get_command(context, words.pop(0))
        assert found, f"there is no such verb: {line}"
        command = found
    known = {o for each in command.params for o in (*each.opts, *each.secondary_opts)}
    unknown = {w for w in words if w.startswith("-") and len(w) > 1} - known - {"--help"}
    assert not unknown, f"{line}: {unknown}"


def test_every_verb_is_in_a_document() -> None:
    text = (
        README.read_text()
        + PROTOCOL.read_text()
        + PROJECTS.read_text()
        + NOTIFICATIONS.read_text()
        + HEALTH.read_text()
    )
    assert [verb for verb in cli.VERBS if f"`{verb}" not in text and f"r {verb}" not in text] == []


def test_the_settings_are_those_of_the_code_with_their_defaults() -> None:
    told = {named(cells[0])[0]: yaml.safe_load(named(cells[1])[0]) for cells in rows("team.yaml")}
    assert told == dict(flat(settings.Settings()))


def flat(value: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """`limits.sessions` and the like, with what holds where nothing is set."""
    if dataclasses.is_dataclass(value):
        pairs = [(f.name, getattr(value, f.name)) for f in dataclasses.fields(value)]
    else:
        fields = msgspec.structs.fields(value)
        pairs = [(f.encode_name, getattr(value, f.name)) for f in fields]
    found: list[tuple[str, Any]] = []
    for name, inner in pairs:
        if dataclasses.is_dataclass(inner) or isinstance(inner, msgspec.Struct):
            found += flat(inner, f"{prefix}{name}.")
        else:
            found.append((prefix + name, list(inner) if isinstance(inner, tuple) else inner))
    return found


def test_the_settings_shown_as_an_example_load_without_a_warning(tmp_path: Path) -> None:
    found = re.search(r"^```yaml\n(.*?)^```", section("team.yaml"), re.MULTILINE | re.DOTALL)
    assert found is not None
    (tmp_path / "team.yaml").write_text(found[1])
    loaded, warnings = settings.load(tmp_path / "team.yaml", {})
    assert warnings == ()
    assert loaded.limits.per_persona == {"intern": 2}


def test_the_keys_of_personas_are_those_of_the_code() -> None:
    told = {named(cells[0])[0] for cells in rows("Personas")}
    plain = {f.name for f in dataclasses.fields(Persona)} - {"instructions", "source", "terms"}
    assert told == plain | {key for key in terms.KEYS if key != "depends_on"}


def test_the_exit_codes_are_those_of_the_code() -> None:
    told = {int(cells[0]) for cells in rows("Exit codes")}
    kinds: list[type[errors.TeamError]] = [errors.TeamError, *errors.TeamError.__subclasses__()]
    assert told == {0, 130, cli.INTERNAL, *(kind.exit_code for kind in kinds)}


def test_a_fault_that_a_check_found_ends_with_1(team: Team) -> None:
    (team.root / "personas").mkdir()
    (team.root / "personas" / "broken.md").write_text("---\nname: broken\n")
    assert team.call("personas", "check").returncode == 1
    assert team.call("doctor", "--claude", "/nonexistent").returncode == 1


def test_each_kind_of_error_ends_with_the_code_that_is_told(team: Team) -> None:
    assert team.call("team", "status").returncode == 1
    assert team.call("orchestrate", "--nonsense").returncode == 2
    team.workspace.settings.write_text("limits: {sessions: many}\n")
    assert team.call("orchestrate").returncode == 2
    team.write_settings()
    with team.supervised():
        assert team.call("orchestrate").returncode == 4


def test_the_events_are_those_of_the_code_with_their_details() -> None:
    table = [cells for cells in rows("JSON") if len(cells) == 3]
    told = {named(cells[0])[0]: named(cells[1]) for cells in table}
    code = {
        kind: [f.name for f in msgspec.structs.fields(cls) if f.name not in ("session", "request")]
        for kind, cls in events.KINDS.items()
        if cls is not events.Event
    }
    assert told == code


def test_the_variables_are_those_of_the_code() -> None:
    told = {named(cells[0])[0] for cells in rows("Environment variables")}
    source = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    used = set(re.findall(r"\b(?:TEAM_[A-Z_]*[A-Z]|NO_COLOR)\b", source))
    # The beginning of several, in a pattern.
    assert told == used - {"TEAM_SUPERVISOR"}


def test_the_json_of_files_and_views_has_the_keys_that_are_told(team: Team) -> None:
    team.request("notes", "work")
    team.run()
    examples = [
        json.loads(text) for text in re.findall(r"```json\n(.*?)```", section("JSON"), re.S)
    ]
    tasks, checked, session, tracker = examples
    directory = team.directory("notes")
    assert keys(session) == keys(json.loads((directory / "session.json").read_text()))
    assert keys(tracker) == keys(json.loads((directory / "tracker.json").read_text()))
    assert keys(tasks) == keys(printed(team, "tasks", "notes"))
    assert keys(checked) == keys(printed(team, "personas", "check"))
    shown = printed(team, "track", "--once")
    table = [cells for cells in rows("JSON") if len(cells) == 2]
    assert {key for cells in table for key in named(cells[0])} == set(shown["sessions"][0])
    for key in (*shown, *shown["totals"]):
        assert f"`{key}`" in section("JSON")


def printed(team: Team, *words: str) -> Any:
    return json.loads(team.call(*words, "--json").stdout)


def keys(value: Any) -> Any:
    """Of the object, of those in it, and of the first of each list of them."""
    if isinstance(value, list):
        return [keys(inner) for inner in value[:1] if isinstance(inner, dict)]
    return {k: keys(v) for k, v in value.items()} if isinstance(value, dict) else None


def test_every_module_has_its_place_in_the_tree() -> None:
    table = [line for line in section("The tree", ARCHITECTURE).splitlines() if line[:1] == "|"]
    tree = set(re.findall(r"[\w/]+", " ".join(CODE.findall("\n".join(table)))))
    modules = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]
    names = {p.stem for p in modules if p.parts[0] != "scripted_agent" and "__" not in p.name}
    leaves = {word.rpartition("/")[2] for word in tree}
    assert names - leaves == set()
    gone = {w for w in leaves if w} - names - {"cli", "core", "adapters", "apply", "runners"}
    assert gone - {"__init__", "schema", "queries", "sql", "scripted_agent"} == set()


def test_nothing_is_said_of_the_machine_on_which_it_was_written() -> None:
    for document in DOCUMENTS:
        found = re.findall(r"(?:/tmp|/root|/work)\b[/\w.-]*", document.read_text())
        assert not found, f"{document}: {found}"

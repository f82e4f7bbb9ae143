"""Can any line of the program delete or overwrite what a person or an agent wrote?

Every call that could is listed here with what it is used for; a new one has to be thought about.
What they do to the files of a whole team is seen in tests/faults/test_lost.py.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "team_supervisor"
# What ends a file, a directory, or what is in it, as the last part of whatever is called.
ENDING = {
    "rmtree", "unlink", "remove", "rmdir", "removedirs", "truncate", "ftruncate", "TemporaryFile",
    "TemporaryDirectory", "NamedTemporaryFile", "move", "rename", "renames", "write_text",
    "write_bytes", "copyfile", "copy", "copy2", "copytree", "symlink_to", "touch",
}  # fmt: skip
# The last part alone says too little: a text has a `replace`, too, and a stream a `write`.
WHOLE = re.compile(r"os\.replace|Path\(.*\)\.replace|files\.write|write_program")
ALLOWED = {
    # What is deleted.
    ("adapters/bundle.py", "_or_nothing", "unlink"): "its own unfinished file, of a new name",
    ("adapters/bundle.py", "_put", "unlink"): "the second name of the file just made",
    ("adapters/database.py", "make", "unlink"): "its own file's second name, or an unused one",
    ("adapters/files.py", "write", "unlink"): "its own unfinished file, of a new name",
    ("adapters/git.py", "diff", "TemporaryDirectory"): "its own copy of a repository's index",
    ("adapters/logs.py", "drop_oldest", "unlink"): "of stderr.log alone, by `log_keep`",
    ("adapters/machine.py", "has_room", "unlink"): "its own empty file, made with O_EXCL",
    ("adapters/control.py", "tell_launch", "files.write"): "in the control directory",
    ("adapters/processes.py", "start_host", "unlink"): "launch.json in the control directory",
    ("adapters/service.py", "remove", "unlink"): "our unit; a changed one is kept aside before",
    ("cli/service.py", "_uninstall", "remove"): "calls the one above",
    ("cli/timing.py", "turn_off", "remove"): "calls it, too",
    ("records.py", "take_reserve", "unlink"): "its reserve in the control directory",
    ("records.py", "take_reserve", "rename"): "its reserve in the control directory",
    # What is emptied or replaced.
    ("cli/schedule.py", "_log", "os.replace"): "the older half of its own log",
    ("adapters/bundle.py", "_put", "os.replace"): "only when the person says --force",
    ("adapters/files.py", "_take_the_place", "os.replace"): "all of `files.write`, see below",
    ("adapters/git.py", "prepare", "copy2"): "into that copy",
    ("adapters/locks.py", "hold", "ftruncate"): "who holds the lock, in the lock",
    ("adapters/logs.py", "move", "files.write"): "a segment under the next free number",
    ("apply/logs.py", "_move", "move"): "calls the one above",
    ("adapters/processes.py", "_write_json", "files.write"): "in the control directory",
    ("adapters/recall.py", "close", "files.write"): "its own cache, which can be made again",
    ("adapters/service.py", "write", "files.write"): "our unit; a changed one is kept before",
    ("adapters/workspace.py", "refuse", "files.write"): "a reason.md, where there is none",
    ("apply/launching.py", "write_briefing", "files.write"): "a copy; see `OURS` in workspace.py",
    ("apply/starting.py", "seed", "files.write"): "tasks.md, where there is none yet",
    ("apply/tools.py", "_keep", "files.write"): "a copy, too",
    ("apply/tools.py", "program_directory", "write_program"): "in the control directory",
    ("apply/tools.py", "write_program", "files.write"): "in the control directory",
    ("cli/founding.py", "write_files", "files.write"): "into a directory just made",
    ("cli/founding.py", "draft", "files.write"): "into a directory just made",
    ("adapters/asking.py", "make", "files.write"): "into a directory just made",
    ("cli/planning.py", "_draw", "write_text"): "a picture of its own, or a new file",
    ("host.py", "_start", "O_TRUNC"): "its reserve in the control directory",
    ("records.py", "write", "O_TRUNC"): "its own files in the control directory",
    ("records.py", "write", "rename"): "the same",
    ("adapters/verification.py", "start", "files.write"): "in the control directory",
    ("verifier.py", "main", "rename"): "its result, in the control directory",
    # What is renamed, to names that nobody has, or that only an empty directory can have.
    ("adapters/bundle.py", "_put", "rename"): "the file just made; an existing one is refused",
    ("adapters/files.py", "move_into", "rename"): "into a directory just made",
    ("adapters/files.py", "put_aside", "rename"): "to a free name",
    ("adapters/files.py", "rename", "rename"): "to what its caller found to be free",
    ("adapters/service.py", "keep_aside", "rename"): "to a free name",
    ("adapters/workspace.py", "bring_back", "rename"): "an archive, back to its name, if free",
    ("adapters/workspace.py", "claim", "rename"): "a request, to a reserved id",
    ("adapters/workspace.py", "put_away", "rename"): "to a free name",
    ("adapters/workspace.py", "put_back", "rename"): "to its former name, if free",
    ("cli/founding.py", "show", "rename"): "a directory just made, to a reserved id",
    ("adapters/asking.py", "make", "rename"): "a directory just made",
    ("supervisor.py", "_open", "rename"): "a broken database, kept under the time",
    # What is the user's own, changed by the user's own command, all else in it kept.
    ("adapters/userfiles.py", "change", "files.write"): "settings, with the comments",
    ("cli/registering.py", "take_out", "remove"): "an entry of the registry, by its name",
    ("adapters/detached.py", "turn", "os.replace"): "the supervisor's own log, by its size",
    # What has no name, or a new one.
    ("cli/__init__.py", "_internal", "NamedTemporaryFile"): "a log of a name of its own",
    ("adapters/machine.py", "leases_work", "NamedTemporaryFile"): "has a name of its own",
    ("adapters/parsing.py", "_begin", "TemporaryFile"): "has no name",
    ("cli/bundling.py", "_spool", "TemporaryFile"): "has no name",
}  # fmt: skip


def calls() -> Iterator[tuple[str, str, str]]:
    """(module, function, what), once for each place; the scripted agent is one, and may."""
    for path in sorted(PACKAGE.rglob("*.py")):
        where = str(path.relative_to(PACKAGE))
        if not where.startswith("scripted_agent/"):
            yield from _in(ast.parse(path.read_text()), where, "module")


def _in(node: ast.AST, where: str, function: str) -> Iterator[tuple[str, str, str]]:
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef) else function
        if what := _ending(child):
            yield where, inside, what
        yield from _in(child, where, inside)


def _ending(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute) and node.attr == "O_TRUNC":
        return "O_TRUNC"
    if not isinstance(node, ast.Call):
        return ""
    called = ast.unparse(node.func)
    last = called.rpartition(".")[2]
    # Of our own functions, what they call counts.
    own = called.startswith("files.") and last != "write"
    if WHOLE.fullmatch(called):
        return "os.replace" if last == "replace" else called
    return last if last in ENDING and not own else ""


def test_every_call_that_could_end_a_file_is_known_and_thought_about() -> None:
    found = set(calls())
    assert found - set(ALLOWED) == set()
    assert set(ALLOWED) - found == set(), "no longer there"


def test_files_are_opened_anew_to_be_written_only_where_nothing_stands() -> None:
    """`open(…, "w")` would empty what is there."""
    emptying = re.compile(r"""open\([^)]*["']w[bt]?["']""")
    found = {
        (str(path.relative_to(PACKAGE)), line.strip())
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text().splitlines()
        if emptying.search(line) and "scripted_agent" not in path.parts
    }
    descriptors = {line for _, line in found if "fdopen(" in line or "open(descriptor" in line}
    assert {line for _, line in found} - descriptors == {
        'with open(score, "w") as file:',  # /proc/self/oom_score_adj
        # Its result, in the control directory.
        'with open(f"{spec[\'result\']}.new", "w", encoding="utf-8") as file:',
    }


def test_the_only_rows_that_are_deleted_are_of_requests_that_were_taken_back() -> None:
    rows = [
        line
        for path in PACKAGE.rglob("queries.sql")
        for line in path.read_text().splitlines()
        if re.search(r"\bDELETE\b|\bREPLACE\b", line)
    ]
    assert rows == ["DELETE FROM requests WHERE id = :id AND status IN ('waiting', 'queued');"]

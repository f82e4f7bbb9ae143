"""Does the code keep to the sizes of the house?"""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

import team_supervisor

PACKAGE = Path(team_supervisor.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS = 300, 40, 6


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Without `self`, which is none to whoever calls."""
    of = function.args
    named = [a.arg for a in (*of.posonlyargs, *of.args, *of.kwonlyargs)]
    return len([name for name in named if name not in ("self", "cls")])


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_and_its_functions_can_be_read_at_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE
    for function in functions(path):
        assert lines(function) <= LONGEST_FUNCTION, function.name
        # A verb has its options as parameters, which click gives by name.
        if path.parent.name != "cli":
            assert parameters(function) <= MOST_PARAMETERS, function.name


def test_most_functions_are_short() -> None:
    found = sorted(lines(function) for path in FILES for function in functions(path))
    assert statistics.median(found) <= 8
    assert found[len(found) * 9 // 10] <= 25


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_every_module_says_in_one_line_what_it_answers(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text()))
    assert told, "it says nothing"
    assert len(told.splitlines()[0]) <= 120

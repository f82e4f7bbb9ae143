"""Does every fault of the table have its test, and is every test that it names there?"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "faults.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)
NAMED = re.findall(r"`([\w/]+\.py)::(\w+)`", TEXT)


def defined(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_case_has_a_row_with_a_test_or_a_manual_check() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 59))
    assert all("::test_" in tests or "[manual: " in tests for _, _, tests in ROWS)


def test_every_test_that_is_named_exists() -> None:
    for file, name in NAMED:
        path = ROOT / file if "/" in file else ROOT / "tests" / "faults" / file
        assert name in defined(path), f"{file} has no {name}"


def test_every_manual_check_is_described() -> None:
    headings = {
        line[4:].lower().replace(" ", "-") for line in TEXT.splitlines() if line[:4] == "### "
    }
    assert set(re.findall(r"\[manual: [^]]+\]\(#([\w-]+)\)", TEXT)) == headings

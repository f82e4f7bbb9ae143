"""Can a session's record be read, and can nothing in it pass for what it is not?"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from team_supervisor.core.conversation import Entry
from team_supervisor.core.progress import TurnEnded
from team_supervisor.core.record import Turn, cost, passage, summary, turns

from .worlds import session

KINDS = ("user", "assistant", "tool", "result", "output", "turn", "system")
entries = st.builds(Entry, st.sampled_from(KINDS), st.text(min_size=1))
markdown = st.text(alphabet="`~>#*_-=|[]()<>!\\ \n\tab1.", min_size=1)


def told(cost_usd: float, failed: bool = False) -> TurnEnded:
    return TurnEnded(
        is_error=failed,
        cost_usd=cost_usd,
        input_tokens=10,
        output_tokens=1,
        permission_denials=(),
        error=None,
        api_error_status=None,
        text="",
    )


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("user", "Do it.\n\nSoon.", "**To the agent**\n\n> Do it.\n>\n> Soon.\n\n"),
        ("assistant", "# Done", "**Agent**\n\n> # Done\n\n"),
        ("output", "3 passed", "**Output of the program**\n\n```text\n3 passed\n```\n\n"),
        ("tool", "Bash: ls", "**Tool**\n\n```text\nBash: ls\n```\n\n"),
        ("result", "a ``` b", "**Result**\n\n````text\na ``` b\n````\n\n"),
        ("turn", "turn ended ($0.1 so far)", "*turn ended ($0.1 so far)*\n\n"),
        ("system", "a *b* <c>", "*a \\*b\\* \\<c\\>*\n\n"),
    ],
)
def test_each_kind_of_entry_reads_as_what_it_is(kind: str, text: str, shown: str) -> None:
    assert passage(Entry(kind, text)) == shown  # type: ignore[arg-type]


@given(st.sampled_from(KINDS[:5]), markdown | st.text(min_size=1))
def test_no_text_gets_out_of_its_quotation(kind: str, text: str) -> None:
    after = "**Agent**"
    shown = passage(Entry(kind, text.replace("\r", "")))  # type: ignore[arg-type]
    tokens = MarkdownIt().parse(f"{shown}{after}\n")
    top = [t for t in tokens if t.level == 0 and t.nesting >= 0]
    assert top[0].type == top[-1].type == "paragraph_open"
    assert {t.type for t in top[1:-1]} <= {"blockquote_open", "fence"}
    assert [t.content for t in tokens if t.type == "inline"][-1] == after


def test_what_a_process_has_cost_so_far_is_told_by_turn() -> None:
    found = turns([told(0.1), told(0.25), told(0.25), told(0.05, failed=True)])
    assert found == [
        Turn(0.1, 10, 1, False),
        Turn(0.15, 10, 1, False),
        Turn(0.0, 10, 1, False),
        Turn(0.05, 10, 1, True),
    ]


@given(st.lists(st.lists(st.integers(0, 1000), max_size=5), max_size=4))
def test_the_turns_add_up_to_what_all_processes_cost(processes: list[list[int]]) -> None:
    """Each process tells a growing sum; one that begins where the last ended cannot be told."""
    ended, total = [], 0
    for costs in processes:
        so_far = 0
        for spent in costs:
            so_far += spent
            ended.append(told(float(so_far)))
        total += so_far
    found = sum(turn.cost_usd for turn in turns(ended))
    assert found <= total
    if len([p for p in processes if p]) == 1:
        assert found == total


def test_a_process_that_still_runs_is_told_with_what_it_has_cost_so_far() -> None:
    row = {"number": 2, "ended_at": None, "cost_usd": 0.0, "reason": None}
    text = cost(session(cost_before=1.0, cost_attempt=0.5), [row], [])
    assert "$1.50 over all processes" in text
    assert "| 2 | it runs | $0.50 |" in text


def test_the_summary_names_only_what_is_there() -> None:
    whole = summary(session(start_commit="a" * 40), "2026-01-31T09:30:00Z", [])
    assert "- `changes.diff`: " in whole and "- `files/`: " in whole
    assert whole.endswith("## Notes\n\nNothing was left out.\n")
    missing = ("files/", "changes.diff")
    less = summary(session(start_commit=None), "2026-01-31T09:30:00Z", [], missing)
    assert "- `changes.diff`" not in less and "- `files/`" not in less
    assert "Nothing was left out" not in less
    assert "- There is no changes.diff: no commit was recorded" in less


@given(st.text(), st.lists(st.text(), max_size=3))
def test_the_summary_stays_a_table_whatever_a_session_is_called(
    name: str, notes: list[str]
) -> None:
    text = summary(session(name=name, reason=name), "2026-01-31T09:30:00Z", notes)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 13
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)

"""Is there a text on which reading a list of tasks takes forever?"""

import time

from hypothesis import example, given, settings
from hypothesis import strategies as st

from team_supervisor.core.tasklist import parse

SIZE = 100_000
# A reader that is quadratic takes a hundred times as long for ten times as much, and more than
# this in all; what one is given by a busy machine does not count (seconds of processor time).
MOST = 5.0
PIECES = st.sampled_from(
    ["[", "]", "(", "*", "_", "`", "<", "<!--", "-->", "&", "\\", "!", "#", "**a", "[a](", "~~"]
)
BEGINNINGS = st.sampled_from(
    ["- ", "> ", "1. ", "\t", "\n", "    ", "- [ ] ", "- [x] ", "# Task: "]
)
UNITS = st.lists(PIECES | BEGINNINGS | st.text(max_size=2), min_size=1, max_size=4).map("".join)


def taken(text: str) -> float:
    began = time.process_time()
    parse(text)
    return time.process_time() - began


@settings(max_examples=40, deadline=None)
@given(UNITS, UNITS, UNITS)
@example("", "\n", "")
@example("- [ ] ", "[a](", "")
@example("", "*a **a ", "")
@example("", "<!--", "-->")
@example("| a |\n| - |\n", "| ", "\n")
def test_whatever_is_repeated_a_list_is_read_in_linear_time(
    before: str, unit: str, after: str
) -> None:
    """Case 45: the corpora of slow regular expressions and of Markdown readers, made anew."""
    text = before + (unit or "a") * (SIZE // max(1, len(unit))) + after
    assert taken(text) < MOST

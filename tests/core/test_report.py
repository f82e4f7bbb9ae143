"""What was done in some time, what did it cost, and what needs a person?"""

from team_supervisor.core import events
from team_supervisor.core.report import lines, sum_up

HAPPENED = (
    events.SessionArchived(session="a", persona="p", name="api", archive="x", cost_usd=1.0),
    events.SessionRestarting(session="b", name="qa", words="code 1", delay=1, failures=2, limit=5),
    events.SessionFailed(session="b", name="qa", reason="5 failures in a row"),
)


def test_what_was_done_is_said_with_reasons_and_its_cost() -> None:
    said = "\n".join(lines(sum_up(HAPPENED, 1.25, []), 3600))
    for words in (
        "In the last 1 h, for $1.25:",
        "Completed sessions: 1\n  api",
        "Restarts: 1\n  qa: code 1 (2 of 5)",
        "Failures: 1\n  qa: 5 failures in a row",
        "Needs a person: none",
    ):
        assert words in said

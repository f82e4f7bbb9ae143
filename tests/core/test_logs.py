import pytest

from team_supervisor.core.logs import LogRules, Logs, complaint, grown

RULES = LogRules(limit=100, total=1000 << 20)


@pytest.mark.parametrize(
    ("logs", "rules", "expected"),
    [
        (None, RULES, False),
        (Logs(100, 100), RULES, False),
        (Logs(101, 101), RULES, True),
        (Logs(10, 101), RULES, False),
        (Logs(101, 101), LogRules(limit=0), False),
    ],
)
def test_logs_are_compressed_once_the_largest_passes_its_limit(
    logs: Logs | None, rules: LogRules, expected: bool
) -> None:
    assert grown(logs, rules) is expected


@pytest.mark.parametrize(
    ("logs", "rules", "expected"),
    [
        (None, RULES, ""),
        (Logs(0, 1000 << 20), RULES, ""),
        (Logs(0, 1001 << 20), RULES, "its logs have passed 1,000 MiB: see what it writes"),
        (Logs(0, 1001 << 20), LogRules(total=0), ""),
    ],
)
def test_a_person_hears_of_logs_that_pass_the_total(
    logs: Logs | None, rules: LogRules, expected: str
) -> None:
    assert complaint(logs, rules) == expected

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor.core import schedule
from team_supervisor.errors import TeamError, UsageError

MARKS = (schedule.BEGIN, schedule.END)


@pytest.mark.parametrize(
    ("seconds", "fields"),
    [
        (60, "* * * * *"),
        (300, "*/5 * * * *"),
        (3600, "0 * * * *"),
        (7200, "0 */2 * * *"),
        (86400, "0 0 * * *"),
    ],
)
def test_an_interval_that_divides_an_hour_or_a_day_has_its_fields(
    seconds: float, fields: str
) -> None:
    assert schedule.expression(seconds) == fields


@pytest.mark.parametrize(
    ("seconds", "near"), [(90, "1m or 2m"), (420, "6m or 10m"), (10, "use 1m"), (1e6, "use 24h")]
)
def test_any_other_is_refused_with_the_nearest_ones(seconds: float, near: str) -> None:
    with pytest.raises(UsageError, match=near):
        schedule.expression(seconds)


@given(st.binary().filter(lambda text: not any(mark in text for mark in MARKS)))
def test_on_and_off_leave_everything_else_byte_for_byte(crontab: bytes) -> None:
    whole = crontab if crontab.endswith(b"\n") or not crontab else crontab + b"\n"
    once = schedule.placed(whole, b"* * * * * x\n")
    assert schedule.placed(once, b"* * * * * y\n") == schedule.placed(whole, b"* * * * * y\n")
    assert schedule.without(once) == whole
    assert schedule.ours(once) == b"* * * * * x\n"


def test_damaged_marks_are_left_to_the_person() -> None:
    for damaged in (schedule.BEGIN + b"* * * * * x\n", schedule.END + schedule.BEGIN):
        with pytest.raises(TeamError, match="crontab -e"):
            schedule.without(damaged)


@given(st.text(st.characters(min_codepoint=32, blacklist_characters="\x7f"), max_size=60))
def test_the_shell_sees_each_word_as_it_was(word: str) -> None:
    try:
        word.encode()
    except UnicodeEncodeError:
        return
    entry = schedule.line("* * * * *", {"PATH": "/bin"}, ["/usr/bin/printf", "%s", word])
    # What cron does with a line before it gives it to the shell (crontab(5)).
    command = entry.removeprefix(b"* * * * * ").rstrip(b"\n").replace(b"\\%", b"%")
    said = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True).stdout
    assert said == word.encode()

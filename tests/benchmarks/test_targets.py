"""Is a target judged by what was measured?"""

import math

import pytest

from benchmarks.figures import Figures
from benchmarks.plan import FULL
from benchmarks.tables import TABLES
from benchmarks.targets import Target, targets


@pytest.mark.parametrize(
    ("measured", "limit", "verdict"),
    [
        (10.0, 10.0, "reached"),
        (20.0, 10.0, "missed, by 2.00 ×"),
        (1.0, 0.0, "missed"),
        (math.nan, 10.0, "not measured"),
        (10.0, math.nan, "not measured"),
    ],
)
def test_a_target_is_reached_missed_or_not_measured(
    measured: float, limit: float, verdict: str
) -> None:
    assert Target("quick enough", "", measured, limit).verdict == verdict


def test_the_limit_of_a_burst_is_that_of_bare_hosts_and_of_each_peer() -> None:
    figures = Figures()
    measured = {"bare hosts": 100.0, "team-supervisor": 129.0, "supervisord": 90.0}
    for who, value in measured.items():
        figures.add("start", who, 500, value)
    found = [t.verdict for t in targets(figures, FULL) if t.words.startswith("500 requests")]
    assert found == ["reached", "missed, by 1.43 ×", "not measured", "not measured"]


@pytest.mark.parametrize("title", TABLES)
def test_a_table_of_nothing_is_a_table_all_the_same(title: str) -> None:
    lines = TABLES[title](Figures(), FULL).splitlines()
    assert len({line.count("|") for line in lines}) == 1

"""How are samples summed up?"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import Figures, ratio, spread

NUMBERS = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=50)


@given(NUMBERS)
def test_a_spread_lies_within_the_samples_in_order(samples: list[float]) -> None:
    found = spread(samples)
    assert min(samples) <= found.low <= found.median <= found.high <= max(samples)


def test_the_median_of_an_even_number_lies_in_the_middle() -> None:
    assert spread([1, 2, 3, 10]).median == 2.5


def test_eight_of_ten_lie_between_low_and_high() -> None:
    found = spread([float(n) for n in range(11)])
    assert (found.low, found.high) == (1.0, 9.0)


@given(NUMBERS, st.floats(0.1, 10))
def test_a_ratio_is_taken_round_by_round(samples: list[float], factor: float) -> None:
    """A slow moment of the machine meets both, and is not seen in the ratio."""
    found = ratio([value * factor for value in samples], samples)
    assert found.low == pytest.approx(factor)
    assert found.high == pytest.approx(factor)


def test_saved_figures_are_the_same_when_loaded(tmp_path: Path) -> None:
    figures = Figures()
    figures.machine, figures.skipped = {"memory": "1 GiB"}, {"pm2": "pm2 is not installed"}
    figures.add("start", "somebody", 10, 1.0, 2.5)
    figures.save(tmp_path / "samples")
    loaded = Figures.load(tmp_path / "samples")
    assert loaded.get("start", "somebody", 10) == [1.0, 2.5]
    assert (loaded.machine, loaded.skipped) == (figures.machine, figures.skipped)

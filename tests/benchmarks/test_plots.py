"""Does a plot show what was measured?"""

import itertools
import re
import xml.etree.ElementTree as ElementTree

from benchmarks.figures import Figures
from benchmarks.plots import BOTTOM, TOP, plot


def drawn(**programs: float) -> str:
    figures = Figures()
    for who, slope in programs.items():
        for count in (0, 1, 10, 100):
            figures.add("start", who, count, count * slope, count * slope * 1.2)
    return plot(figures, "start", "Start <N>", "agents")


def test_a_plot_is_well_formed_and_names_every_program() -> None:
    words = [element.text for element in ElementTree.fromstring(drawn(one=1.0, two=1.001)).iter()]
    assert {"one", "two", "Start <N>, ms by agents"} <= set(words)


def test_names_do_not_cover_each_other() -> None:
    text = drawn(one=1.0, two=1.001, three=1.002)
    places = sorted(float(y) for y in re.findall(r'y="(\d+)" style', text))
    assert all(below - above >= 12 for above, below in itertools.pairwise(places))


def test_a_slower_program_stands_higher_and_all_stay_within_the_axes() -> None:
    text = drawn(fast=1.0, slow=50.0)
    fast, slow = (
        [float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", path)]
        for path in re.findall(r'<path fill="none".* d="([^V]*)M', text)
    )
    assert all(below > above for below, above in zip(fast, slow))
    assert all(TOP <= y <= BOTTOM for y in fast + slow)


def test_nothing_measured_is_an_empty_plot() -> None:
    assert "<path fill" not in plot(Figures(), "start", "Start", "agents")

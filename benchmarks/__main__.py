"""`python -m benchmarks`: measure everything, print the tables, write the documents."""

import argparse
import resource
import sys
import time
from pathlib import Path

from benchmarks import documents, report
from benchmarks.figures import Figures
from benchmarks.plan import FULL, QUICK, Plan
from benchmarks.scenarios import SCENARIOS
from benchmarks.scenarios.base import Run
from benchmarks.stage import ground

_begun = time.monotonic()


def say(words: str) -> None:
    """Progress, with the seconds since the beginning."""
    print(f"{time.monotonic() - _begun:7.1f} s  {words}", file=sys.stderr, flush=True)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a little of everything, in a minute")
    parser.add_argument("--only", choices=SCENARIOS, action="append", help="not all of it")
    parser.add_argument("--save", type=Path, metavar="FILE", help="keep the samples as JSON")
    parser.add_argument("--saved", type=Path, metavar="FILE", help="measure nothing, take those")
    parser.add_argument("--write", type=Path, metavar="DOCS", help="into DOCS/performance.md")
    return parser.parse_args()


def main() -> None:
    given = options()
    plan = QUICK if given.quick else FULL
    figures = Figures.load(given.saved) if given.saved else measure(plan, given)
    print(documents.section(figures, plan))
    if given.write:
        documents.write(figures, plan, given.write)


def measure(plan: Plan, given: argparse.Namespace) -> Figures:
    """What was measured is printed and kept, whatever comes of the rest."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures = Figures()
    figures.machine = documents.machine()
    try:
        with ground() as where:
            for name in given.only or SCENARIOS:
                SCENARIOS[name](Run(figures, where, plan, say))
                keep(figures, given.save)
    finally:
        keep(figures, given.save)
        say("\n".join(["done", *report.plain(figures)]))
    return figures


def keep(figures: Figures, path: Path | None) -> None:
    """After each part: the next may be interrupted."""
    if path is not None:
        figures.save(path)


if __name__ == "__main__":
    main()

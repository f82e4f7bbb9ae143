"""`python -m benchmarks`: measure everything, print the tables, write the documents."""

import argparse
import resource
import sys
import time
from pathlib import Path

from benchmarks import report
from benchmarks.figures import Figures
from benchmarks.plan import FULL, QUICK
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
    return parser.parse_args()


def main() -> None:
    given = options()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    figures = Figures()
    try:
        measure(figures, given)
    finally:
        if given.save:
            figures.save(given.save)
        print("\n".join(report.plain(figures)))


def measure(figures: Figures, given: argparse.Namespace) -> None:
    with ground() as where:
        run = Run(figures, where, QUICK if given.quick else FULL, say)
        for name in given.only or SCENARIOS:
            SCENARIOS[name](run)


if __name__ == "__main__":
    main()

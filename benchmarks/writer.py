"""Which agent writes a 1 MiB tasks.md anew ten times a second?"""

import sys
import threading
from pathlib import Path

EVERY = 0.1
BLOCK = "## Task: {n}\n- **Status**: pending\n- **Description**: one of very many\n\n"
SIZE = 1_000_000


def main(path: Path, once: bool) -> None:
    body = "".join(BLOCK.format(n=n) for n in range(SIZE // len(BLOCK)))[: SIZE - 64]
    clock, beside, number = threading.Event(), path.with_name(".tasks.new"), 0
    while True:
        beside.write_text(f"# Version {number}\n\n{body}")
        beside.rename(path)
        if number == 0:
            print("began", flush=True)
        number += 1
        clock.wait(None if once else EVERY)


if __name__ == "__main__":
    main(Path(sys.argv[1]), "once" in sys.argv)

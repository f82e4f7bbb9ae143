"""An agent that rewrites its whole task list again and again, as some do. Standard library."""

import os
import sys
import time

TASK = "## Task: Number {}\n- **Status**: in progress\n- [ ] with a step\n\n"


def tasks(size: int) -> str:
    """A list of about `size` bytes, no more."""
    found, length, number = [], 0, 0
    while length + len(task := TASK.format(number)) <= size:
        found.append(task)
        length += len(task)
        number += 1
    return "".join(found)


def main(path: str, size: int, pause: float) -> None:
    text = tasks(size)
    number = 0
    while True:
        number += 1
        with open(f"{path}.new", "w") as file:
            file.write(text)
            file.write(f"<!-- {number} -->\n")
        os.rename(f"{path}.new", path)
        time.sleep(pause)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))

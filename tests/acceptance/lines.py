"""What did a program say, as JSON, one object a line?"""

import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from typing import Any

Line = dict[str, Any]


class JsonLines:
    """Reads a program's output line by line; `seen` has every line so far."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self.process = process
        self.stream = process.stdout
        self.pending = b""
        self.seen: list[Line] = []

    def wait_for(self, wanted: Callable[[Line], bool], seconds: float = 60.0) -> Line:
        """The first line of all that is wanted; blocks on the pipe until it comes."""
        deadline = time.monotonic() + seconds
        at = 0
        while True:
            for line in self.seen[at:]:
                if wanted(line):
                    return line
            at = len(self.seen)
            self.read(deadline)

    def rest(self, seconds: float = 60.0) -> list[Line]:
        """Every line, up to the end of the program."""
        deadline = time.monotonic() + seconds
        while chunk := self.chunk(deadline):
            self.take(chunk)
        self.process.wait(max(1.0, deadline - time.monotonic()))
        return self.seen

    def read(self, deadline: float) -> None:
        chunk = self.chunk(deadline)
        if not chunk:
            code = self.process.wait(60)
            raise AssertionError(f"It ended with {code} before that line came. {self.told()}")
        self.take(chunk)

    def chunk(self, deadline: float) -> bytes:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([self.stream], [], [], left)[0]:
            raise AssertionError(f"That line did not come in time. {self.told()}")
        return os.read(self.stream.fileno(), 65536)

    def take(self, chunk: bytes) -> None:
        *lines, self.pending = (self.pending + chunk).split(b"\n")
        self.seen.extend(json.loads(line) for line in lines if line.strip())

    def told(self) -> str:
        last = "\n".join(json.dumps(line)[:300] for line in self.seen[-25:])
        return f"The last of {len(self.seen)} lines:\n{last}\n{self.pending.decode()}"

"""What do peers have in common that are spoken to by a command?"""

import subprocess

from benchmarks import programs

# Seconds after which a command is given up; pm2 takes half a minute to stop five hundred.
LONGEST = 300.0


class Commands:
    """Starts the commands of one peer, one after the other."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ
        self._last: subprocess.Popen[bytes] | None = None

    def begin(self, *argv: str) -> None:
        """Returns at once; `settle` waits."""
        self.settle()
        self._last = programs.start(argv, self.environ)

    def run(self, *argv: str) -> None:
        self.begin(*argv)
        self.settle()

    def settle(self) -> None:
        """TimeoutError when it does not end."""
        if self._last is not None:
            try:
                self._last.wait(LONGEST)
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(str(error)) from None

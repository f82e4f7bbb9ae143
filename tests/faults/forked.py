"""How does a supervisor begin at once, without the second that Python takes to load it?

The program's own entry, in a fork of this process, which has loaded it and nothing else of the
team's. For who kills it a thousand times; whoever has threads must start it as everybody does.
"""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn, TextIO

# All that `orchestrate` needs, loaded here, once.
import team_supervisor.apply
import team_supervisor.cli.announce
import team_supervisor.cli.orchestrate
import team_supervisor.runners

UNKNOWN = 255


class Forked:
    """As much of a Popen as is needed here."""

    def __init__(self, words: Sequence[str], environ: Mapping[str, str], files: Sequence[int]):
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _become(words, environ, files)

    def poll(self) -> int | None:
        return self._wait(os.WNOHANG)

    def wait(self) -> int | None:
        return self._wait(0)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _wait(self, how: int) -> int | None:
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, how)
            except ChildProcessError:  # it had ended when the orphans were waited for
                pid, status = self.pid, UNKNOWN << 8
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode


def _become(words: Sequence[str], environ: Mapping[str, str], files: Sequence[int]) -> NoReturn:
    """`team-supervisor WORDS` with these as its standard input, output and error."""
    code: object = 70
    try:
        for number, file in enumerate(files):
            os.dup2(file, number)
        # Else it holds open what its maker writes, and waits for itself to come to an end.
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        os.environ.clear()
        os.environ.update(environ)
        sys.argv = ["team-supervisor", *words]
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), _text(1), _text(2)
        code = team_supervisor.cli.run()
    except SystemExit as end:
        code = end.code
    except BaseException as error:
        os.write(2, f"{error!r}\n".encode())
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 0)


def _text(descriptor: int) -> TextIO:
    return os.fdopen(descriptor, "w", buffering=1, closefd=False)

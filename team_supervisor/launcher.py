"""How do many hosts come to be from one process that has loaded their code once?

Stands alone, as the host does. It is told of one session a line, on standard input (a socket),
makes a host out of a copy of itself for each, answers with the host's pid, and ends with its input.
"""

import ctypes
import gc
import os
import sys
import warnings  # what os.execvp imports: once here, not in every agent's first moment

from team_supervisor import host
from team_supervisor.lean import loads, suppress
from team_supervisor.tree import identity, take_name

TYPE_CHECKING = False  # importing typing would cost each host memory
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

__all__ = ["main", "warnings"]

NAME = b"team-launcher"
CHANNEL = 0
CHUNK = 65536
CLONE_PARENT, SIGCHLD = 0x8000, 17


def main(sessions: str, clone: int) -> "NoReturn":
    """`sessions` is the directory of all control directories, and an order names one in it;
    `clone` is the number of that system call on this machine."""
    take_name(ctypes.CDLL(None), NAME, sessions)
    identity(os.getpid())  # what it imports, it imports before there are copies
    system_call = ctypes.PyDLL(None).syscall
    system_call.argtypes, system_call.restype = [ctypes.c_long] * 6, ctypes.c_long
    gc.collect()
    gc.freeze()  # or each copy's first collection would write to, and so copy, every page
    for order in _orders():
        pid = _fork(system_call, clone)
        if pid == 0:
            _become_host(os.path.join(sessions, order["session"]), order["environ"])
        with suppress(OSError):  # who asked may be gone: what it asked for is begun all the same
            os.write(CHANNEL, b"%d\n" % pid)
    os._exit(0)


def _orders() -> "Iterator[dict[str, Any]]":
    rest = b""
    while chunk := os.read(CHANNEL, CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield loads(line)


def _fork(system_call: "Any", clone: int) -> int:
    """A sibling, not a child (as runc makes its containers): our parent can wait for it.

    The bare system call is enough where there is one thread and nobody registered what is to
    happen around a fork.
    """
    sys.audit("os.fork")
    pid: int = system_call(clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)
    if pid < 0:
        raise OSError("no process can be made")
    return pid


def _become_host(control: str, environ: "dict[str, str]") -> "NoReturn":
    """All that a host finds when it is started by itself."""
    code = 1
    try:
        os.setsid()
        null, log = os.open(os.devnull, os.O_RDONLY), host.open_output(f"{control}/host.log")
        for number, descriptor in enumerate((null, log, log)):
            os.dup2(descriptor, number)
        os.close(null)
        os.close(log)
        os.environ.update(environ)
        code = host.main(control)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)

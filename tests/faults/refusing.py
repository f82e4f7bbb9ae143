"""How is a process made whose system calls fail, for real, in the kernel?

By a seccomp filter, which no process can take back: so it is a child's. x86-64 and AArch64 Linux.
"""

import ctypes
import os
import platform
import struct
import traceback
from collections.abc import Callable
from pathlib import Path

NUMBERS = {
    "x86_64": {"fork": 57, "vfork": 58, "clone": 56, "clone3": 435, "fsync": 74, "fdatasync": 75},
    "aarch64": {"clone": 220, "clone3": 435, "fsync": 82, "fdatasync": 83},
}
SET_NO_NEW_PRIVS, SET_SECCOMP, FILTER = 38, 22, 2
ALLOW, FAIL = 0x7FFF0000, 0x00050000
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def refuse(error: int, *calls: str) -> None:
    """From now on these calls fail in this process and all that it starts."""
    known = NUMBERS.get(platform.machine())
    if known is None:
        raise NotImplementedError("the numbers of the system calls are not known here")
    numbers = [known[call] for call in calls if call in known]
    lines = [struct.pack("HBBI", LOAD, 0, 0, 0)]  # the call's number
    for n, number in enumerate(numbers):
        lines.append(struct.pack("HBBI", EQUAL, len(numbers) - n, 0, number))
    lines.append(struct.pack("HBBI", RETURN, 0, 0, ALLOW))
    lines.append(struct.pack("HBBI", RETURN, 0, 0, FAIL | error))
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(lines), b"".join(lines))
    if libc.prctl(SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.prctl(SET_SECCOMP, FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def without(error: int, calls: tuple[str, ...], work: Callable[[Callable[[], None]], None]) -> str:
    """Does `work` in a child, which it hands what makes these calls fail from then on; the
    traceback if it came to one."""
    said = Path(os.environ.get("TMPDIR", "/tmp"), f"refused-{os.getpid()}")
    child = os.fork()
    if child == 0:
        try:
            work(lambda: refuse(error, *calls))
            os._exit(0)
        except BaseException:
            said.write_text(traceback.format_exc())
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if status == 0:
        return ""
    text = said.read_text() if said.exists() else f"status {status}"
    said.unlink(missing_ok=True)
    return text

"""Do the commands pass that a session's work has to pass?

Runs beside no agent: under a host of its own, which ends what it leaves. Standard library only.
"""

import json
import os
import signal
import subprocess
import sys

TYPE_CHECKING = False  # importing typing would cost memory
if TYPE_CHECKING:
    from typing import Any


def run(spec: "dict[str, Any]") -> "dict[str, Any]":
    """One after the other, up to the first that fails."""
    for command in spec["commands"]:
        print(f"$ {command['words']}", flush=True)
        if how := _fails(command, spec["cwd"]):
            print(f"# {how}", flush=True)
            return {"passed": False, "what": f"`{command['words']}` {how}"}
    return {"passed": True, "what": ""}


def _fails(command: "dict[str, Any]", cwd: str) -> str:
    """How, in words; empty when it passes."""
    try:
        # Our descriptors go along: the lock is held as long as anything of this lives.
        process = subprocess.Popen(
            command["argv"], cwd=cwd, stdin=subprocess.DEVNULL, close_fds=False, process_group=0
        )
    except (OSError, ValueError) as error:
        return f"could not be started: {error}"
    try:
        code = process.wait(command["timeout"])
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"took longer than {command['timeout']:g} s"
    if code < 0:
        return f"was ended by signal {-code}"
    return f"failed with code {code}" if code else ""


def main(path: str) -> int:
    """The result appears whole, or not at all."""
    with open(path, encoding="utf-8") as file:
        spec = json.load(file)
    found = run(spec) | {"number": spec["number"]}
    with open(f"{spec['result']}.new", "w", encoding="utf-8") as file:
        json.dump(found, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(f"{spec['result']}.new", spec["result"])
    return 0 if found["passed"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

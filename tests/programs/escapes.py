"""An agent whose tools get away in every way there is: says `ready PID PID ...`, then waits."""

import os
import signal
import sys

SLEEP = ["sleep", "300"]


def grandchild(environ: dict[str, str], daemon: bool) -> int:
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if not daemon or os.fork() == 0:
            os.write(writer, str(os.getpid()).encode())
            os.execvpe(SLEEP[0], SLEEP, environ)
        os._exit(0)
    os.close(writer)
    # To its end, which comes with the exec: until then the child looks like its parent.
    with os.fdopen(reader) as text:
        return int(text.read())


if __name__ == "__main__":
    pids = [
        grandchild(dict(os.environ), daemon=False),
        grandchild(dict(os.environ), daemon=True),
        grandchild({"PATH": os.environ["PATH"]}, daemon=True),
    ]
    print("ready", *pids, flush=True)
    if "leave" not in sys.argv:
        signal.pause()

"""How fast does posix_spawn start N agents, and a signal end them? Standard library, no site."""

import os
import signal
import sys


def main(count: int, argv: "list[str]") -> None:
    null = os.open(os.devnull, os.O_RDWR)
    files = [(os.POSIX_SPAWN_DUP2, null, number) for number in range(3)]
    pids: list[int] = []
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "start\n":
            pids = [
                os.posix_spawn(argv[0], argv, os.environ, file_actions=files, setsid=True)
                for _ in range(count)
            ]
        else:
            for pid in pids:
                os.kill(pid, signal.SIGTERM)
            for pid in pids:
                os.waitpid(pid, 0)
        print("done", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[3:])

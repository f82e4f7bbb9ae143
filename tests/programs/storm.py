"""An agent that forks daemons faster than one can count; stops by itself after 20 s."""

import os
import signal

ENOUGH = 150


def storm(generation: int) -> None:
    signal.alarm(20)
    while True:
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            if generation == 0:
                storm(1)
            signal.alarm(20)
            signal.pause()
        os.wait()
        if generation == 1 and len(os.listdir("/proc")) > limit:
            signal.pause()


if __name__ == "__main__":
    limit = len(os.listdir("/proc")) + ENOUGH
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready", flush=True)
    storm(0)

"""What time is it for the scripted agent, which may import no adapter?"""

import time

monotonic = time.monotonic  # noqa: TID251
wall = time.time  # noqa: TID251


def stamp() -> str:
    """The time in UTC, to the second: 2024-01-23T10:32:25Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall()))

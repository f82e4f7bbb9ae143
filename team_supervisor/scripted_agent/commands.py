"""What does a shell command print?"""

import os
import subprocess
from typing import IO

from team_supervisor.scripted_agent.stage import ToolFailed

MOST = 30_000


def output_of(command: str, variables: dict[str, str]) -> str:
    """The output of `bash -c`; raises ToolFailed with it when the command fails.

    As with Claude Code, the command has a session of its own and outlives an agent that is
    ended. The output goes to a file: a pipe would stay open for as long as any background
    process of the command holds it.
    """
    import tempfile  # here, because it is slow to import and many scripts run no command

    with tempfile.TemporaryFile() as file:
        process = subprocess.Popen(
            ["bash", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **variables},
        )
        code = process.wait()
        printed = _printed(file)
    if code:
        raise ToolFailed(f"Exit code {code}\n{printed}")
    return printed


def _printed(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read(MOST).decode("utf-8", errors="replace").rstrip("\n")

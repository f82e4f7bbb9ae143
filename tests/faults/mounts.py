"""How does a test get a file system of its own?"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def mount(*words: object) -> None:
    """`mount WORDS`; skips where this is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    ran = subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)
    if ran.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {ran.stderr.strip()}")


def unmount(path: Path, *words: str) -> None:
    subprocess.run(["umount", *words, path], check=True, capture_output=True)


@contextlib.contextmanager
def tmpfs(path: Path, size: str) -> Iterator[None]:
    """A small disk at `path`, empty at first."""
    mount("-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", path)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", path], capture_output=True)


def fill(directory: Path) -> Path:
    """A file that takes all the room there is."""
    filler = directory / ".filler"
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler

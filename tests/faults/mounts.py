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


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[int]:
    """Whatever is opened by its path from now on cannot be written; a descriptor of the directory
    by which it still can.

    What is open already stays so: the kernel makes no disk read-only that is being written.
    """
    beneath = os.open(path, os.O_DIRECTORY)
    try:
        mount("--bind", path, path)
        try:
            mount("-o", "remount,bind,ro", path)
            yield beneath
        finally:
            subprocess.run(["umount", "-l", path], capture_output=True)
    finally:
        os.close(beneath)


def fill(directory: Path) -> Path:
    """A file that takes all the room there is."""
    filler = directory / ".filler"
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return filler

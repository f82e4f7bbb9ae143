"""Does everything come out again as it was, whatever is put before it?"""

import os
import socket
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
import zstandard

from team_supervisor.adapters import bundle, sparse
from team_supervisor.errors import TeamError, UsageError

GIBIBYTE = 1 << 30


def pack(folder: Path, target: Path, force: bool = False) -> list[str]:
    with bundle.create(target, "top", force, lambda _: None) as made:
        made.tree(folder, "files")
    return made.notes


def unpack(target: Path, where: Path) -> Path:
    """With GNU tar, as a person would."""
    where.mkdir()
    if target.name.endswith(".zst"):
        with target.open("rb") as packed, (where / "plain.tar").open("wb") as plain:
            zstandard.ZstdDecompressor().copy_stream(packed, plain)
        target = where / "plain.tar"
    subprocess.run(["tar", "-xf", target, "-C", where], check=True)
    return where / "top" / "files"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    (made / "below").mkdir(parents=True)
    (made / "tasks.md").write_text("- [x] done\n")
    (made / "below" / "tool.sh").write_text("#!/bin/sh\n")
    (made / "below" / "tool.sh").chmod(0o4755)
    (made / "empty").touch()
    (made / os.fsdecode(b"b\xff\n.txt")).write_bytes(bytes(range(256)))
    (made / ("long" * 60)).write_text("a long name")
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("kind", bundle.KINDS)
def test_files_come_out_as_they_went_in(folder: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"out{kind}"
    assert pack(folder, target) == []
    out = unpack(target, tmp_path / "out")
    assert contents(out) == contents(folder)
    assert (out / "tasks.md").stat().st_mtime == int((folder / "tasks.md").stat().st_mtime)
    assert stat.S_IMODE((out / "below" / "tool.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_same_files_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for kind in bundle.KINDS:
        first, second = tmp_path / f"one{kind}", tmp_path / f"two{kind}"
        pack(folder, first)
        pack(folder, second)
        assert first.read_bytes() == second.read_bytes()
    with tarfile.open(tmp_path / "one.tar.gz") as tar:
        names = [os.fsencode(m.name) for m in tar if m.name.count("/") == 2]
    assert names == sorted(names)


def test_a_link_is_stored_as_a_link_and_never_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("do not carry this away")
    (folder / "key").symlink_to(secret / "key")
    (folder / "all").symlink_to(secret)
    pack(folder, tmp_path / "out.tar.gz")
    with tarfile.open(tmp_path / "out.tar.gz") as tar:
        found = {m.name: (m.issym(), m.linkname) for m in tar}
        assert found["top/files/key"] == (True, str(secret / "key"))
        assert found["top/files/all"] == (True, str(secret))
        assert not any(name.startswith("top/files/all/") for name in found)
    unpacked = unpack(tmp_path / "out.tar.gz", tmp_path / "out")
    assert os.readlink(unpacked / "all") == str(secret)


def test_what_is_no_file_is_left_out_with_a_note(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "inbox")
    with socket.socket(socket.AF_UNIX) as listener:
        os.chdir(folder)
        listener.bind("door")
    assert pack(folder, tmp_path / "out.tar.gz") == [
        "files/door is left out: it is a socket",
        "files/inbox is left out: it is a FIFO",
    ]
    assert contents(unpack(tmp_path / "out.tar.gz", tmp_path / "out")) == contents(folder)


def test_a_folder_that_is_a_link_or_not_there_is_a_note(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    for name in ("link", "nowhere"):
        [note] = pack(tmp_path / name, tmp_path / f"{name}.tar.gz")
        assert note.startswith(f"files: {tmp_path / name} cannot be read")


def test_the_deepest_directories_are_left_out_with_a_note(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    deep = folder.joinpath(*["d"] * (bundle.DEEPEST + 20))
    deep.mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    [note] = pack(folder, tmp_path / "out.tar.gz")
    assert note.endswith("it is more than 100 directories deep")
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("kind", bundle.KINDS)
def test_a_huge_file_of_holes_costs_neither_memory_nor_time(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "huge").open("wb") as huge:
        huge.truncate(50 * GIBIBYTE)
        huge.seek(10 * GIBIBYTE)
        huge.write(b"in the middle")
    with (folder / "nothing").open("wb") as nothing:
        nothing.truncate(GIBIBYTE)
    target = tmp_path / f"out{kind}"
    assert pack(folder, target) == []
    assert target.stat().st_size < 1 << 20
    out = unpack(target, tmp_path / "out")
    assert (out / "huge").stat().st_size == 50 * GIBIBYTE
    assert (out / "nothing").stat().st_size == GIBIBYTE
    assert (out / "huge").stat().st_blocks < 1000
    with (out / "huge").open("rb") as huge:
        huge.seek(10 * GIBIBYTE - 1)
        assert huge.read(14) == b"\0in the middle"


def test_python_reads_files_with_holes_too(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "holes").open("wb") as holes:
        holes.seek(1 << 20)
        holes.write(b"end")
    pack(folder, tmp_path / "out.tar.gz")
    with tarfile.open(tmp_path / "out.tar.gz") as tar:
        file = tar.extractfile("top/files/holes")
        assert file is not None
        assert file.read() == (folder / "holes").read_bytes()


def test_a_file_that_becomes_shorter_while_it_is_read_is_filled_up_and_noted(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "log"
    path.write_bytes(os.urandom(1 << 20))

    def shorten(count: int) -> None:
        os.truncate(path, 100_000)

    with bundle.create(tmp_path / "out.tar.gz", "top", False, shorten) as made:
        made.tree(folder, "files")
    assert made.notes == ["files/log changed while it was read: what was missing is zeros"]
    out = unpack(tmp_path / "out.tar.gz", tmp_path / "out")
    assert (out / "log").stat().st_size == 1 << 20


def test_a_bundle_in_the_folder_itself_does_not_hold_itself(folder: Path) -> None:
    assert pack(folder, folder / "out.tar.gz") == []
    with tarfile.open(folder / "out.tar.gz") as tar:
        assert not [m.name for m in tar if "out.tar.gz" in m.name]


def test_nothing_is_overwritten_unless_it_is_said(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.tar.gz"
    target.write_text("mine")
    with pytest.raises(TeamError, match=r"is there already: name another file, or add --force"):
        pack(folder, target)
    assert target.read_text() == "mine"
    pack(folder, target, force=True)
    assert tarfile.is_tarfile(target)


def test_what_comes_there_meanwhile_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.tar.gz"
    with (
        pytest.raises(TeamError, match="has come there meanwhile"),
        bundle.create(target, "top", False, lambda _: None),
    ):
        target.write_text("another's")
    assert target.read_text() == "another's"
    assert sorted(os.listdir(tmp_path)) == ["folder", "out.tar.gz"]


def test_a_bundle_cut_short_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        bundle.create(tmp_path / "out.tar.zst", "top", False, lambda _: None) as made,
    ):
        made.tree(folder, "files")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == ["folder"]


def test_another_ending_is_a_usage_error(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must end in .tar.zst or .tar.gz"):
        pack(folder, tmp_path / "out.zip")


def test_a_file_in_very_many_pieces_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "pieces"
    with path.open("wb") as file:
        for number in range(sparse.MOST + 10):
            os.pwrite(file.fileno(), b"x", number * 8192)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = os.fstat(descriptor)
        assert sparse.extents(descriptor, found) == [(0, found.st_size)]
    finally:
        os.close(descriptor)

import os
import stat
from pathlib import Path

import pytest

from team_supervisor.adapters import workspace
from team_supervisor.adapters.workspace import Workspace, create, locate, require, scan
from team_supervisor.errors import TeamError

SESSION = "intern-1706012345680"


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    found = locate(tmp_path / "team")
    create(found)
    return found


def make(place: Workspace, name: str, text: str = "Do it.\n") -> Path:
    path = place.root / name
    path.mkdir()
    (path / "instructions.md").write_text(text)
    return path


def identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def test_a_workspace_is_made_for_its_user_alone(place: Workspace) -> None:
    assert stat.S_IMODE(place.root.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.control.stat().st_mode) == 0o700
    assert place.shared.is_dir()
    assert place.project == place.root.parent


def test_making_it_again_changes_nothing(place: Workspace) -> None:
    make(place, SESSION)
    create(place)
    assert (place.root / SESSION / "instructions.md").read_text() == "Do it.\n"


def test_a_relative_path_is_meant_from_where_one_stands(tmp_path: Path) -> None:
    assert locate("team").root == tmp_path / "team"


@pytest.mark.parametrize("name", ["team", "team/.supervisor", "team/shared"])
def test_a_file_in_the_way_of_a_workspace_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with pytest.raises(TeamError, match="is in the way") as error:
        create(locate(tmp_path / "team"))
    assert str(path) in str(error.value)


def test_a_workspace_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TeamError, match=r"cannot be written \(Not a directory\)"):
        create(locate(tmp_path / "file" / "team"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_directory_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(TeamError, match=r"cannot be written \(Permission denied\)"):
        create(locate(tmp_path / "closed" / "team"))


def test_a_workspace_that_is_not_there_is_missed(tmp_path: Path) -> None:
    with pytest.raises(TeamError, match="there is no workspace at"):
        require(locate(tmp_path / "nothing"))


def test_a_scan_finds_requests_and_sessions_and_nothing_else(place: Workspace) -> None:
    for name in (
        "intern-request-api",
        "intern-request-old-rejected",
        "intern-request-old-rejected-2",
        ".intern-request-draft",
        SESSION,
        f"{SESSION}-completed",
        "notes",
    ):
        make(place, name)
    (place.root / "qa-1706012345681").touch()
    (place.root / "qa-request-file").touch()
    (place.root / "qa-request-link").symlink_to("/etc")
    found = scan(place)
    assert {(e.name, e.directory) for e in found.requests} == {
        ("intern-request-api", True),
        ("qa-request-file", False),
        ("qa-request-link", False),
    }
    assert found.sessions == {SESSION}
    assert found.root == identity(place.root)


def test_a_workspace_that_is_gone_cannot_be_scanned(place: Workspace) -> None:
    place.root.rename(place.root.with_name("away"))
    with pytest.raises(FileNotFoundError):
        scan(place)


def test_an_id_that_is_taken_means_the_next_millisecond(place: Workspace) -> None:
    first = workspace.reserve(place, "intern", 1706012345680)
    second = workspace.reserve(place, "intern", 1706012345680)
    make(place, "intern-1706012345682")
    make(place, "intern-1706012345683-completed")
    third = workspace.reserve(place, "intern", 1706012345680)
    assert [first, second, third] == [
        "intern-1706012345680",
        "intern-1706012345681",
        "intern-1706012345684",
    ]


def test_a_claim_is_one_rename_that_keeps_everything(place: Workspace) -> None:
    path = make(place, "intern-request-api")
    (path / "data").write_bytes(b"\0\1")
    assert workspace.claim(place, "intern-request-api", identity(path), SESSION)
    assert not path.exists()
    assert (place.root / SESSION / "data").read_bytes() == b"\0\1"


def test_a_claim_that_was_made_before_a_crash_is_made(place: Workspace) -> None:
    make(place, SESSION)
    assert workspace.claim(place, "intern-request-api", (0, 0), SESSION)


def test_another_directory_of_the_same_name_is_not_claimed(place: Workspace) -> None:
    path = make(place, "intern-request-api")
    device, inode = identity(path)
    assert not workspace.claim(place, "intern-request-api", (device, inode + 1), SESSION)
    assert path.exists()


def test_a_request_that_was_taken_back_is_not_claimed(place: Workspace) -> None:
    assert not workspace.claim(place, "intern-request-api", (1, 2), SESSION)
    assert not (place.root / SESSION).exists()


def test_what_is_put_away_is_numbered_when_the_name_is_taken(place: Workspace) -> None:
    names = []
    for text in ("one", "two", "three"):
        make(place, SESSION, text)
        names.append(workspace.put_away(place, SESSION, "completed"))
    assert names == [f"{SESSION}-completed{n}" for n in ("", "-2", "-3")]
    assert [(place.root / n / "instructions.md").read_text() for n in names] == [
        "one",
        "two",
        "three",
    ]


def test_an_archive_made_before_a_crash_is_found(place: Workspace) -> None:
    assert workspace.put_away_as(place, SESSION) is None
    make(place, f"{SESSION}-completed-2")
    assert workspace.put_away_as(place, SESSION) == f"{SESSION}-completed-2"


def test_what_is_refused_is_kept_and_says_why(place: Workspace) -> None:
    make(place, "intern-request-api")
    name = workspace.refuse(place, "intern-request-api", "there is no persona 'intern'")
    assert name == "intern-request-api-rejected"
    assert "there is no persona 'intern'" in (place.root / name / "reason.md").read_text()
    assert (place.root / name / "instructions.md").read_text() == "Do it.\n"


def test_a_reason_that_the_requester_wrote_itself_is_kept(place: Workspace) -> None:
    path = make(place, "intern-request-api")
    (path / "reason.md").write_text("mine")
    name = workspace.refuse(place, "intern-request-api", "no")
    assert (place.root / name / "reason.md").read_text() == "mine"


def test_a_refused_link_or_file_is_put_into_a_directory_as_it_is(place: Workspace) -> None:
    (place.root / "intern-request-link").symlink_to("/etc")
    (place.root / "intern-request-file").write_text("text")
    link = workspace.refuse(place, "intern-request-link", "it is a symbolic link")
    file = workspace.refuse(place, "intern-request-file", "it is not a directory")
    assert os.readlink(place.root / link / "intern-request-link") == "/etc"
    assert (place.root / file / "intern-request-file").read_text() == "text"
    assert "symbolic link" in (place.root / link / "reason.md").read_text()
    assert not (Path("/etc") / "reason.md").exists()
    assert scan(place).requests == ()


@pytest.mark.parametrize("name", [b"a" * 238, b"\xff" * 30, b"\xc3\xbc" * 118])
def test_no_name_is_too_long_or_too_strange_to_be_refused(place: Workspace, name: bytes) -> None:
    entry = os.fsdecode(b"intern-request-" + name)
    make(place, entry)
    refused = workspace.refuse(place, entry, "its name")
    assert refused.endswith("-rejected")
    assert (place.root / refused / "instructions.md").exists()
    assert scan(place).requests == ()


def test_refused_requests_are_listed(place: Workspace) -> None:
    make(place, "qa-request-b-rejected")
    make(place, "qa-request-a-rejected-2")
    make(place, "qa-request-c")
    assert workspace.rejected(place) == ["qa-request-a-rejected-2", "qa-request-b-rejected"]

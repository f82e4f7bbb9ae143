import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from team_supervisor.adapters.files import MEBIBYTE
from team_supervisor.core import events
from team_supervisor.core.admission import Limits
from team_supervisor.core.model import Request, State
from team_supervisor.core.world import World
from team_supervisor.supervisor import nothing_left

from .teams import Team, heading, run_until, script


def open_requests(team: Team) -> list[Request]:
    with team.store() as store:
        return store.open_requests()


def seen_often(times: int = 20) -> Callable[[World], bool]:
    """So many looks in which nothing changed."""
    looks: list[World] = []

    def fact(world: World) -> bool:
        looks.append(world)
        return len(looks) >= times

    return fact


def test_a_request_that_is_written_slowly_is_claimed_when_it_is_whole(team: Team) -> None:
    path = team.root / "intern-request-api"
    whole = script("done all") + "".join(f"line {number}\n" for number in range(100))
    with team.supervised() as supervisor:
        path.mkdir()
        run_until(supervisor, seen_often())
        assert open_requests(team)[0].reason == "has no instructions.md yet"
        with (path / "instructions.md").open("w") as writer:
            run_until(supervisor, seen_often())
            assert open_requests(team)[0].reason == "has an empty instructions.md"
            for part in (whole[:40], whole[40:90]):
                writer.write(part)
                writer.flush()
                # Far longer than it takes to settle.
                run_until(supervisor, seen_often())
                [row] = open_requests(team)
                assert row.reason == "has an instructions.md that is being written"
                assert team.sessions() == []
            writer.write(whole[90:])
        run_until(supervisor, nothing_left)
    assert (team.directory("api") / "instructions.md").read_text() == whole
    assert "line 99" in team.told("api")[0]


def test_a_writer_that_comes_back_again_and_again_is_waited_for(team: Team) -> None:
    team.set(settle=0.5)
    path = team.root / "intern-request-api"
    path.mkdir()
    with team.supervised() as supervisor:
        for number in range(5):
            with (path / "instructions.md").open("a") as writer:
                writer.write(f"line {number}\n")
            run_until(supervisor, seen_often(3))
            assert team.sessions() == []
        with (path / "instructions.md").open("a") as writer:
            writer.write(script("done all"))
        run_until(supervisor, nothing_left)
    assert (team.directory("api") / "instructions.md").read_text().startswith("line 0\nline 1\n")


def test_a_directory_that_is_renamed_into_place_is_claimed_without_waiting(team: Team) -> None:
    team.set(settle=1000.0)
    hidden = team.root / ".draft"
    hidden.mkdir()
    (hidden / "instructions.md").write_text(script("done all"))
    # As one that took longer to fill than a tick of the kernel.s clock.
    os.utime(hidden, (1e9, 1e9))
    with team.supervised() as supervisor:
        run_until(supervisor, seen_often(5))
        assert open_requests(team) == []
        hidden.rename(team.root / "intern-request-api")
        run_until(supervisor, nothing_left)
    assert team.session("api").state == State.COMPLETED


def test_attachments_travel_along_as_they_are(team: Team) -> None:
    hidden = team.root / ".draft"
    (hidden / "data" / "deep").mkdir(parents=True)
    (hidden / "instructions.md").write_text(script("done all"))
    (hidden / "data" / "deep" / "image.png").write_bytes(bytes(range(256)))
    (hidden / "data" / "run.sh").write_text("#!/bin/sh\n")
    (hidden / "data" / "run.sh").chmod(0o750)
    hidden.rename(team.root / "intern-request-api")
    team.run()
    kept = team.directory("api") / "data"
    assert (kept / "deep" / "image.png").read_bytes() == bytes(range(256))
    assert stat.S_IMODE((kept / "run.sh").stat().st_mode) == 0o750


def test_a_request_without_instructions_is_rejected_after_a_while(team: Team) -> None:
    team.set(request_timeout=0.3)
    (team.root / "intern-request-api").mkdir()
    (team.root / "intern-request-api" / "data.csv").write_text("1,2")
    team.run()
    [rejected] = team.heard(events.RequestRejected)
    assert rejected.reason.startswith("it has no instructions.md yet after ")
    assert (team.root / "intern-request-api-rejected" / "data.csv").read_text() == "1,2"
    assert (team.root / "intern-request-api-rejected" / "reason.md").exists()


def test_a_request_that_is_taken_back_is_forgotten(team: Team) -> None:
    path = team.root / "intern-request-api"
    path.mkdir()
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: open_requests(team))
        path.rmdir()
        run_until(supervisor, nothing_left)
        assert open_requests(team) == []
    assert team.heard(events.RequestRejected) == []


def with_link(path: Path) -> None:
    (path / "link").symlink_to("/etc/passwd")


def with_too_much(path: Path) -> None:
    with (path / "instructions.md").open("a") as file:
        file.write("x" * MEBIBYTE)


def with_latin_1(path: Path) -> None:
    with (path / "instructions.md").open("ab") as file:
        file.write(b"caf\xe9")


def untouched(path: Path) -> None:
    """What is wrong with it is its name, or who asks for it."""


def files_of(path: Path) -> dict[str, bytes]:
    return {
        str(found.relative_to(path)): os.fsencode(os.readlink(found))
        if found.is_symlink()
        else found.read_bytes()
        for found in path.rglob("*")
    }


@pytest.mark.parametrize(
    ("name", "spoil", "reason"),
    [
        ("wizard-request-x", untouched, "there is no persona 'wizard'; known are: engineering-"),
        ("intern-request-two words", untouched, "the name 'two words' may have only letters"),
        ("intern-request-", untouched, "the name '' may have only letters"),
        ("intern-request-" + "a" * 65, untouched, "be at most 64 characters long"),
        ("intern-request-" + "a" * 235, untouched, "be at most 64 characters long"),
        (os.fsdecode(b"intern-request-\xff"), untouched, r"the name '\xff' may have only"),
        ("intern-request-\x1b[31m\nx", untouched, r"the name '\x1b[31m\nx' may have only"),
        ("intern-request-x", with_link, "it holds a symbolic link, 'link'"),
        ("intern-request-x", with_too_much, "its instructions.md is larger than 1,024 KiB"),
        ("intern-request-x", with_latin_1, "its instructions.md is not UTF-8 text"),
        ("qa-request-x", untouched, "a software-engineer may not request a qa; it may request: i"),
    ],
)
def test_a_refused_request_is_kept_with_the_reason_and_its_requester_is_told(
    team: Team, name: str, spoil: Callable[[Path], None], reason: str
) -> None:
    gate = team.gate()
    team.request("lead", gate.step, persona="software-engineer")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted))
        hidden = team.root / ".draft"
        hidden.mkdir()
        text = heading(team.session("lead").id) + script("done all")
        (hidden / "instructions.md").write_text(text)
        spoil(hidden)
        before = files_of(hidden)
        hidden.rename(team.root / name)
        run_until(supervisor, lambda _: team.heard(events.RequestRejected))
        gate.open()
        run_until(supervisor, lambda _: len(team.told("lead")) > 1)
    [rejected] = team.heard(events.RequestRejected)
    assert reason in rejected.reason
    assert rejected.directory.startswith(name[:50]) and rejected.directory.endswith("-rejected")
    after = files_of(team.root / rejected.directory)
    assert rejected.reason in after.pop("reason.md").decode()
    assert after == before
    notice = team.told("lead")[1]
    assert notice.startswith("Your request ") and "was rejected" in notice
    assert [s.name for s in team.sessions()] == ["lead"]


def test_a_link_or_a_file_in_place_of_a_request_is_rejected_as_it_is(team: Team) -> None:
    (team.root / "intern-request-link").symlink_to("/etc")
    (team.root / "intern-request-file").write_text("text")
    team.run()
    assert {(e.request, e.reason) for e in team.heard(events.RequestRejected)} == {
        ("intern-request-link", "it is a symbolic link"),
        ("intern-request-file", "it is not a directory"),
    }
    for name, what in (("link", "a symbolic link"), ("file", "not a directory")):
        kept = team.root / f"intern-request-{name}-rejected"
        assert what in (kept / "reason.md").read_text()
        assert os.path.lexists(kept / f"intern-request-{name}")


def test_requests_may_not_be_deeper_than_the_limit(team: Team) -> None:
    team.set(limits=Limits(depth=1))
    innermost = script("done all").splitlines()
    inner = script(
        "request-block intern c",
        *(f"    {line}" for line in innermost),
        "await c",
        "done all",
    ).splitlines()
    team.request(
        "a",
        "request-block software-engineer b",
        *(f"    {line}" for line in inner),
        "await b",
        "done all",
        persona="engineering-manager",
    )
    team.run()
    [rejected] = team.heard(events.RequestRejected)
    assert rejected.request == "intern-request-c"
    assert "requests may be 1 deep" in rejected.reason
    assert {s.name: s.state for s in team.sessions()} == dict.fromkeys("ab", State.COMPLETED)


def test_there_is_only_one_manager_at_a_time(team: Team) -> None:
    gate = team.gate()
    team.request("a", gate.step, "done all", persona="engineering-manager")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted))
        team.request("b", "done all", persona="engineering-manager")
        run_until(supervisor, lambda _: team.heard(events.RequestRejected))
        gate.open()
        run_until(supervisor, nothing_left)
    reason = team.heard(events.RequestRejected)[0].reason
    assert (
        reason
        == f"there may be only one engineering-manager, and {team.session('a').id} is at work"
    )


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(sessions=1), "1 of 1 sessions are at work"),
        (Limits(per_persona={"intern": 1}), "1 of 1 intern sessions are at work"),
    ],
)
def test_what_is_too_much_now_is_queued_and_started_later(
    team: Team, limits: Limits, reason: str
) -> None:
    gate = team.gate()
    team.set(limits=limits)
    team.request("first", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted))
        team.request("second", "done all")
        run_until(supervisor, lambda _: team.heard(events.RequestQueued))
        run_until(supervisor, seen_often(5))
        [row] = open_requests(team)
        assert (row.name, row.status, row.reason) == ("intern-request-second", "queued", reason)
        assert [s.name for s in team.sessions()] == ["first"]
        gate.open()
        run_until(supervisor, nothing_left)
    assert len(team.heard(events.RequestQueued)) == 1
    assert [e.name for e in team.heard(events.SessionArchived)] == ["first", "second"]


def test_queued_requests_start_in_the_order_in_which_they_came(team: Team) -> None:
    gate = team.gate()
    team.set(limits=Limits(sessions=1))
    team.request("first", gate.step, "done all")
    with team.supervised() as supervisor:
        run_until(supervisor, lambda _: team.heard(events.SessionStarted))
        for number, name in enumerate(("z", "m", "a"), start=1):
            team.request(name, "done all")
            run_until(supervisor, lambda _, n=number: len(team.heard(events.RequestQueued)) == n)
        gate.open()
        run_until(supervisor, nothing_left)
    assert [e.name for e in team.heard(events.SessionArchived)] == ["first", "z", "m", "a"]


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(spawned_per_hour=0), "0 sessions were started in the last hour, the limit"),
        (Limits(disk_free_mb=1 << 40), "MiB are free on the disk, "),
    ],
)
def test_a_limit_of_rate_or_disk_queues_what_it_holds_back(
    team: Team, limits: Limits, reason: str
) -> None:
    team.set(limits=limits)
    path = team.request("api", "done all")
    team.run(lambda _: team.heard(events.RequestQueued))
    assert reason in (open_requests(team)[0].reason or "")
    assert (path / "instructions.md").exists()


def test_many_requests_at_once_are_each_started_once(team: Team) -> None:
    team.set(limits=Limits(sessions=6))
    for number in range(12):
        team.request(f"n{number}", "done all")
    team.run()
    assert sorted(s.name for s in team.sessions()) == sorted(f"n{n}" for n in range(12))
    assert {s.state for s in team.sessions()} == {State.COMPLETED}
    assert len({s.id for s in team.sessions()}) == 12
    assert all(team.starts(f"n{number}") == 1 for number in range(12))

"""What is this machine able to do?"""

import os
import select
import sys
from pathlib import Path

import pytest

from team_supervisor.adapters import machine
from team_supervisor.adapters.machine import Mount

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MOUNTINFO = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 21 0:25 / /home rw - ext4 /dev/sdb1 rw
31 30 0:26 / /home/me/on\040the\040net rw shared:2 master:1 - nfs4 server:/x rw
32 21 0:27 / /mnt rw - ext4 /dev/sdc1 rw
33 32 0:28 / /mnt rw - fuse.sshfs me@host: rw
a line that is torn - ext4
34 21
"""


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/homestead", "ext4"),
        ("/home/me/on the net", "nfs4"),
        ("/home/me/on the net/project", "nfs4"),
        ("/home/me/on the network", "ext4"),
        ("/mnt/x", "fuse.sshfs"),
    ],
)
def test_the_longest_and_latest_mount_decides(path, kind):
    assert machine.mounted_at(path, machine.mounts(MOUNTINFO)) == kind


def test_no_mount_is_unknown():
    assert machine.mounted_at("/x", []) == "unknown"
    assert machine.mounted_at("/x", [Mount("/y", "ext4")]) == "unknown"


@on_linux
def test_the_file_system_of_a_real_path_is_found():
    assert machine.filesystem_type(Path("/proc/self")) == "proc"


@on_linux
def test_a_link_is_judged_by_where_it_leads(tmp_path):
    (tmp_path / "link").symlink_to("/proc")
    assert machine.filesystem_type(tmp_path / "link") == "proc"


@pytest.mark.parametrize("kind", ["nfs4", "nfs", "CIFS", "9p", "fuse.sshfs", "ceph"])
def test_these_are_network_file_systems(kind):
    assert machine.is_network_filesystem(kind)


@pytest.mark.parametrize("kind", ["ext4", "btrfs", "overlay", "tmpfs", "fuse.ext4", "nfsd", "apfs"])
def test_these_are_local_file_systems(kind):
    assert not machine.is_network_filesystem(kind)


def test_a_path_to_come_is_judged_by_what_exists_of_it(tmp_path):
    assert machine.existing(tmp_path / "a" / "b") == tmp_path
    assert machine.existing(tmp_path) == tmp_path
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert machine.existing(tmp_path / "dangling" / "b") == tmp_path


def test_free_room_is_that_of_the_disk(tmp_path):
    found = os.statvfs(tmp_path)
    assert 0 < machine.free_bytes(tmp_path / "to" / "come") <= found.f_blocks * found.f_frsize
    inodes = machine.free_inodes(tmp_path)
    assert inodes is None or 0 < inodes <= found.f_files


@on_linux
def test_a_file_system_that_counts_no_inodes_has_no_number():
    assert machine.free_inodes(Path("/proc")) is None


@on_linux
def test_inotify_limits_are_those_of_the_kernel():
    limits = machine.inotify_limits()
    assert limits is not None
    kernels = Path("/proc/sys/fs/inotify/max_user_watches").read_text()
    assert limits["max_user_watches"] == int(kernels)


@on_linux
def test_leases_work_where_files_can_be_made(tmp_path):
    assert machine.leases_work(tmp_path / "to" / "come")
    assert list(tmp_path.iterdir()) == []


@on_linux
def test_no_file_can_be_made_so_no_lease_works():
    assert not machine.leases_work(Path("/proc"))


def test_the_version_is_read_from_what_claude_code_prints(tmp_path):
    real = program(tmp_path / "claude", "echo '2.1.197 (Claude Code)'")
    assert machine.claude_version(real) == "2.1.197"


@pytest.mark.parametrize("text", ["echo v20.1.0", "exit 1", "echo 'Claude'", "printf '\\377'"])
def test_another_program_has_no_version(tmp_path, text):
    assert machine.claude_version(program(tmp_path / "other", text)) is None


def test_a_program_that_cannot_be_started_has_no_version(tmp_path):
    assert machine.claude_version(str(tmp_path / "missing")) is None


def test_a_program_that_never_answers_is_ended_with_all_it_started(tmp_path):
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    slow = program(tmp_path / "slow", f"exec 3>{alive}; sleep 600 & sleep 600")
    try:
        assert machine.claude_version(slow, timeout=2.0) is None
        ready, _, _ = select.select([reader], [], [], 60)
        assert ready and os.read(reader, 1) == b""
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ('{"loggedIn": false, "authMethod": "none"}', "not signed in"),
        ('{"loggedIn": true, "authMethod": "api_key"}', "api key"),
        ('{"loggedIn": true, "authMethod": "api_key_helper"}', "api key"),
        ('{"loggedIn": true, "authMethod": "oauth_token"}', "signed in with a token"),
        (
            '{"loggedIn": true, "authMethod": "third_party", "apiProvider": "bedrock"}',
            "signed in through bedrock",
        ),
        (
            '{"loggedIn": true, "authMethod": "claude.ai", "email": "me@example.org"}',
            "signed in as me@example.org",
        ),
        ('{"loggedIn": true, "authMethod": "claude.ai", "email": null}', "signed in"),
        ('{"loggedIn": "yes"}', "unknown"),
        ("error: unknown command", "unknown"),
        ("", "unknown"),
    ],
)
def test_how_claude_code_is_signed_in_is_said_in_words(tmp_path, answer, state):
    binary = program(tmp_path / "claude", f"""[ "$*" = "auth status --json" ] && echo '{answer}'""")
    assert machine.claude_sign_in(binary, os.environ) == state


def test_the_environment_that_is_given_is_the_one_that_is_asked(tmp_path):
    text = """echo "{\\"loggedIn\\": $SIGNED, \\"authMethod\\": \\"api_key\\"}" """
    binary = program(tmp_path / "claude", text)
    assert machine.claude_sign_in(binary, {"SIGNED": "true"}) == "api key"
    assert machine.claude_sign_in(binary, {"SIGNED": "false"}) == "not signed in"

"""What sits beside each agent, so that it outlives the supervisor?"""

import errno
import fcntl
import os
import select
import stat
import time

from team_supervisor.lean import suppress
from team_supervisor.records import WRITE, log, opened, read, take_reserve, write
from team_supervisor.tree import Tree, become_expendable, become_root, identity, send

TYPE_CHECKING = False  # importing typing would cost each host memory
if TYPE_CHECKING:
    import signal
    from typing import Any, NoReturn
else:
    import _signal as signal  # what `signal` makes enums of

HELD = 100  # exit code: another host, or its agent, has the lock (as s6-supervise)
PATIENCE = 0.5  # seconds; who only asks whether the lock is held has it for microseconds
LOOK_AGAIN = 5.0  # seconds between looks at stop.json, should its signal never have been sent
KILL_AGAIN = 0.1
ALARM = 5.0  # seconds until host.log names what does not die (uninterruptible, or another user's)
RESERVE = 4096  # bytes kept back, so that exit.json can be written on a full disk


class Host:
    """One attempt of one session: starts the agent, ends its whole tree, records how it ended."""

    def __init__(self, directory: int, lock: int, wake: int, launch: "dict[str, Any]") -> None:
        self.directory, self.lock, self.wake, self.launch = directory, lock, wake, launch
        self.attempt: int = launch["attempt"]
        self.tree = Tree()
        self.agent: dict[str, Any] | None = None
        self.started_at: float | None = None
        self.announced = False
        self.deadline: float | None = None  # monotonic; set once a stop was asked
        self.status: int | None = None  # as waitpid gave it; None while the agent lives
        self.error: str | None = None

    def run(self) -> None:
        if self._asked_grace() is not None:
            self.deadline = 0.0
        else:
            self._start()
        if self.agent:
            self._watch()
        self._end_everything()
        self._record()

    def _start(self) -> None:
        try:
            with os.fdopen(opened("reserve", WRITE | os.O_TRUNC, self.directory), "wb") as reserve:
                reserve.write(bytes(RESERVE))
            self._announce()
            self.inbox = _open_inbox(self.directory)
            pid = self._spawn()
        except (OSError, ValueError) as error:
            self.error = str(error)
        else:
            self.agent, self.started_at = identity(pid), time.time()

    def _spawn(self) -> int:
        """The pid of the agent once its program runs; OSError with the kernel's words if not."""
        outputs = [open_output(self.launch[name]) for name in ("transcript", "stderr")]
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become_agent([self.inbox, *outputs], writer)
        for descriptor in (writer, *outputs):
            os.close(descriptor)
        with os.fdopen(reader, "rb") as report:
            failure = report.read()
        if failure:
            os.waitpid(pid, 0)
            raise OSError(failure.decode(errors="replace"))
        return pid

    def _become_agent(self, files: list[int], report: int) -> "NoReturn":
        program: list[str] = self.launch["argv"]
        try:
            os.setsid()
            become_expendable()
            os.chdir(self.launch["cwd"])
            for number, descriptor in enumerate(files):
                os.dup2(descriptor, number)
            os.set_inheritable(self.lock, True)
            for each in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(each, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execvp(program[0], program)
        except BaseException as error:
            if isinstance(error, OSError) and error.filename is None:
                error.filename = program[0]
            os.write(report, str(error).encode(errors="backslashreplace") or b"failed")
        finally:
            os._exit(127)

    def _announce(self) -> bool:
        """host.json, without an agent while that starts; unsynced, as it ends with the power."""
        record = {"attempt": self.attempt, "host": identity(os.getpid()), "agent": self.agent}
        record["started_at"] = self.started_at
        return write(self.directory, "host.json", record, durable=False)

    def _watch(self) -> None:
        """Wait until the agent is gone or its time to stop has passed."""
        signalled = False
        while not self._reap() and self.status is None:
            if not self.announced and self._announce():
                self.announced = True
                _ring(self.directory)
            self._heed(signalled)
            left = LOOK_AGAIN if self.deadline is None else self.deadline - time.monotonic()
            if left <= 0:
                return
            signalled = self._wait(min(left, LOOK_AGAIN))

    def _asked_grace(self) -> float | None:
        request = read(self.directory, "stop.json")
        grace = request.get("grace")
        if request.get("attempt") != self.attempt or not isinstance(grace, int | float):
            return None
        return max(0.0, grace)

    def _heed(self, signalled: bool) -> None:
        """Pass a wish to stop on to the agent, once; a later wish can only shorten the wait."""
        grace = self._asked_grace()
        if grace is None and signalled:
            grace = self.launch["stop_grace"]
        if grace is None or self.agent is None:
            return
        until = time.monotonic() + grace
        if self.deadline is None:
            self.tree.remember()
            send({self.agent["pid"]}, signal.SIGTERM)
            send({self.agent["pid"]}, signal.SIGCONT)  # a stopped process acts on nothing
            self.deadline = until
        self.deadline = min(self.deadline, until)

    def _wait(self, seconds: float) -> bool:
        """Whether SIGTERM came. Ends early on any signal."""
        ready, _, _ = select.select([self.wake], [], [], seconds)
        return bool(ready) and signal.SIGTERM in os.read(self.wake, 65536)

    def _reap(self) -> bool:
        """Whether no child is left at all; as a subreaper, that means no descendant."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return False
            if self.agent and pid == self.agent["pid"]:
                self.status = status
                os.close(self.inbox)  # from now on a writer hears that nobody reads

    def _end_everything(self) -> None:
        alarm = time.monotonic() + ALARM
        while not self._reap() or self.tree.strays():
            left = self.tree.strike()
            if time.monotonic() > alarm:
                log(f"cannot be killed so far: {sorted(left)}")
                alarm = float("inf")
            self._wait(KILL_AGAIN)

    def _record(self) -> None:
        code = None if self.status is None else os.waitstatus_to_exitcode(self.status)
        killed_by = -code if code is not None and code < 0 else None
        reason = "stopped" if self.deadline is not None else "signalled" if killed_by else "exited"
        record = {
            "attempt": self.attempt,
            "code": None if killed_by else code,
            "signal": killed_by,
            "reason": "spawn-error" if self.error else reason,
            "error": self.error,
            "started_at": self.started_at,
            "ended_at": time.time(),
            "left_behind": len(self.tree.killed - {self.agent and self.agent["pid"]}),
        }
        take_reserve(self.directory)
        write(self.directory, "exit.json", record, durable=True)


def open_output(path: str) -> int:
    """A session directory is the agent's: a link or a FIFO there must not lead or hold us."""
    directory, name = os.path.split(path)
    within = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        descriptor = opened(name, WRITE | os.O_APPEND, within)
    finally:
        os.close(within)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "Not a regular file", path)
    os.set_blocking(descriptor, True)
    return descriptor


def _open_inbox(directory: int) -> int:
    """Opened for reading and writing, so that the agent never sees end-of-file."""
    with suppress(FileExistsError):
        os.mkfifo("inbox", 0o600, dir_fd=directory)
    inbox = opened("inbox", os.O_RDWR, directory)
    if not stat.S_ISFIFO(os.fstat(inbox).st_mode):
        raise OSError(errno.EINVAL, "Not a FIFO", "inbox")
    os.set_blocking(inbox, True)
    return inbox


def _listen() -> int:
    """From here on a signal only makes the returned descriptor readable."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # whatever who started us had blocked
    return reader


def _take_lock(directory: int) -> int | None:
    """Never unlinked and never truncated: a second file would be a second lock."""
    lock = opened("lock", os.O_RDWR | os.O_CREAT, directory)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        time.sleep(0.01)
    return None


def _ring(directory: int) -> None:
    """Wake the supervisor, if one is listening."""
    with suppress(OSError):
        bell = opened("../../doorbell", os.O_WRONLY, directory)
        if stat.S_ISFIFO(os.fstat(bell).st_mode):
            os.write(bell, b"!")


def main(control: str) -> int:
    """Starting it twice is safe: the second finds the lock held, or the attempt over."""
    wake = _listen()
    directory = os.open(control, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    lock = _take_lock(directory)
    if lock is None:
        return HELD
    launch = read(directory, "launch.json")
    if read(directory, "exit.json").get("attempt") == launch["attempt"]:
        return 0
    become_root(control)
    Host(directory, lock, wake, launch).run()
    os.close(lock)
    _ring(directory)
    return 0

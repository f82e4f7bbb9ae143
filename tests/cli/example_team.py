"""What does a workspace look like in the middle of a run, made by hand?"""

import fcntl
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from team_supervisor.adapters import workspace as places
from team_supervisor.adapters.process_table import identify
from team_supervisor.adapters.store import Store, open_store
from team_supervisor.core.model import ENDED, Doing, Request, RequestStatus, Session, State

FIRST = 1_706_012_345_678


class ExampleTeam:
    """Sessions are rows and directories; those that run are locks which we hold ourselves."""

    def __init__(self, root: Path) -> None:
        self.place = places.locate(root)
        places.create(self.place)
        self.store: Store = open_store(self.place.database)
        self.now = time.time()
        self.held: dict[str, int] = {}
        self.number = 0
        self.made: dict[str, Session] = {}

    def close(self) -> None:
        for session in list(self.held):
            self.free(session)
        self.store.close()

    def add(self, persona: str, name: str, *, runs: bool = False, **values: Any) -> Session:
        """A session that began two minutes ago."""
        session_id = f"{persona}-{FIRST + self.number:013d}"
        self.number += 1
        facts = {
            "created_at": self.now - 120 + self.number,
            "started_at": self.now - 118,
            "state": State.ACTIVE,
            "attempt": 1,
            "attempt_at": self.now - 118,
            "agent_pid": os.getpid() if runs else None,
            "directory": session_id,
            **values,
        }
        if facts["state"] in ENDED:
            facts = {"ended_at": self.now - 10, **facts}
        session = Session(id=session_id, persona=persona, name=name, **facts)
        self.store.insert(session)
        self.place.session_control(session_id).mkdir()
        (self.place.root / session.directory).mkdir()
        for file in ("instructions.md", "tasks.md", "persona-instructions.md"):
            (self.place.root / session.directory / file).write_text("# A file\n")
        if runs:
            self._run(session)
        return session

    def _run(self, session: Session) -> None:
        """We are its host: what `track` says of processor and memory is then ours."""
        control = self.place.session_control(session.id)
        self.hold(session.id, control / "lock")
        us = identify(os.getpid())
        assert us is not None
        record = {"attempt": session.attempt, "host": asdict(us), "agent": asdict(us)}
        (control / "host.json").write_text(json.dumps(record))

    def hold(self, name: str, lock: Path) -> None:
        self.held[name] = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.held[name], fcntl.LOCK_EX | fcntl.LOCK_NB)

    def free(self, name: str) -> None:
        os.close(self.held.pop(name))

    def supervise(self) -> None:
        self.hold("supervisor", self.place.lock)
        holder = {
            "pid": os.getpid(),
            "host": "laptop",
            "since": "2026-11-21T10:30:00Z",
            "command": "orchestrate",
        }
        os.pwrite(self.held["supervisor"], json.dumps(holder).encode(), 0)

    def request(self, persona: str, name: str, status: RequestStatus, reason: str) -> None:
        self.store.insert_request(
            name=f"{persona}-request-{name}",
            device=1,
            inode=1000 + self.number,
            persona=persona,
            wanted_name=name,
            first_seen_at=self.now - 12,
            reason=reason,
        )
        self.number += 1
        row: Request = self.store.open_requests()[-1]
        values = {**{f: getattr(row, f) for f in Request.__slots__}, "status": status}
        self.store.update_request(Request(**{**values, "reason": reason}))

    def say(self, session: Session, *lines: Any) -> Path:
        """Append to its transcript; a dict becomes a JSON line."""
        path = self.place.root / session.directory / "transcript.jsonl"
        with path.open("ab") as file:
            for line in lines:
                file.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        return path


def spoken(text: str) -> dict[str, Any]:
    """One thing that an agent said, as a line of its transcript."""
    content: Sequence[dict[str, str]] = [{"type": "text", "text": text}]
    return {"type": "assistant", "message": {"role": "assistant", "content": content}}


def used(tool: str, **arguments: str) -> dict[str, Any]:
    content = [{"type": "tool_use", "id": "t1", "name": tool, "input": arguments}]
    return {"type": "assistant", "message": {"role": "assistant", "content": content}}


def everything(team: ExampleTeam) -> dict[str, Session]:
    """A session in each state there is, and requests that wait or were refused."""
    now = team.now
    team.supervise()
    made = [
        team.add(
            "engineering-manager", "build-rest-api", runs=True,
            created_at=now - 7400, started_at=now - 7390, doing=Doing.WAITING,
            doing_detail="2 sessions", tasks_done=3, tasks_total=5, cost_before=0.42,
            input_tokens=81_200, output_tokens=12_400,
            last_words="I have asked for an engineer and a tester; waiting for both to report back",
            last_activity_at=now - 200,
        ),
        team.add(
            "software-engineer", "api-developer", runs=True,
            created_at=now - 3100, started_at=now - 3090, tasks_done=7, tasks_total=12,
            last_words="Bash: pytest -q tests/api --maxfail=1", last_activity_at=now - 3,
            cost_before=1.87, input_tokens=912_000, output_tokens=88_300, attempt=3,
        ),
        team.add(
            "software-engineer", "database-layer", runs=True,
            created_at=now - 1500, started_at=now - 1490, doing=Doing.ATTENTION,
            doing_detail="denied: Bash (git push), 3 nudges without a change in tasks.md",
            tasks_done=1, tasks_total=4, cost_before=0.31, input_tokens=120_000,
            last_words="I am not allowed to push. Please tell me how to go on.",
            last_activity_at=now - 620,
        ),
        team.add(
            "qa", "api-tests", runs=True, doing=Doing.RATE_LIMITED,
            created_at=now - 900, started_at=now - 890, rate_limited_until=now + 1500,
            tasks_done=0, tasks_total=6, cost_before=0.08, input_tokens=22_000,
            last_words="Read: openapi.yaml", last_activity_at=now - 300,
        ),
        team.add(
            "intern", "readme", runs=True, created_at=now - 2000, started_at=now - 1990,
            tasks_done=2, tasks_total=3, cost_before=0.05, last_activity_at=now - 1200,
            last_words="Edit: README.md", input_tokens=9_000,
        ),
        team.add(
            "intern", "changelog", state=State.FAILED, reason="5 failures in a row: code 1",
            created_at=now - 4000, started_at=now - 3990, ended_at=now - 3600, attempt=6,
            tasks_total=2, cost_before=0.02, last_words="API Error: 401 invalid x-api-key",
        ),
        team.add(
            "solutions-architect", "design", state=State.COMPLETED,
            created_at=now - 7000, started_at=now - 6990, ended_at=now - 3200,
            tasks_done=9, tasks_total=9, cost_before=0.94, input_tokens=230_000,
            output_tokens=41_000, last_words="The design is in shared/design.md.",
            directory=f"solutions-architect-{FIRST + 6}-completed",
        ),
    ]  # fmt: skip
    team.request(
        "qa", "load-test", RequestStatus.QUEUED, "8 sessions are at work, the most allowed"
    )
    team.request("devops", "deploy", RequestStatus.REJECTED, "there is no persona devops")
    return {session.name: session for session in made}

"""What does an agent need to know about where it is?"""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from team_supervisor.core.persona import Persona

MAX_INLINE = 2_000
# A message is one JSON line of under PIPE_BUF (4,096) bytes; the rest is for its envelope.
MAX_MESSAGE = 3_900
MAX_NAMED_TASKS = 10


@dataclass(frozen=True, kw_only=True)
class Briefing:
    """All that one session is told.

    Paths are absolute, a requester of None is a person, and `may_request` is
    (persona, description) of those that exist.
    """

    session_id: str
    name: str
    persona: Persona
    requester: str | None
    workspace: str
    session_directory: str
    working_directory: str
    may_request: tuple[tuple[str, str], ...]


def persona_instructions(briefing: Briefing) -> str:
    """The system prompt of one session: who it is, where it is, and how this team works."""
    sections = (
        briefing.persona.instructions.strip(),
        _where_you_are(briefing),
        _task_list(briefing),
        _waiting(briefing),
        _teammates(briefing),
        _other_sessions(briefing),
    )
    return "\n\n".join(sections) + "\n"


def first_message(session_id: str, instructions_path: str, instructions: str) -> str:
    """What starts a session: its instructions, or where to read them when they are long."""
    text = instructions.strip()
    whole = (
        f"You are session {session_id}. These are your instructions, "
        f"also in {instructions_path}:\n\n{text}"
    )
    if len(text) < MAX_INLINE and _size(whole) <= MAX_MESSAGE:
        return whole
    return (
        f"You are session {session_id}. Your instructions are in {instructions_path} "
        f"({len(text)} characters). Read that whole file, then begin."
    )


def new_instructions(text: str, instructions_path: str) -> str:
    """What a running session hears when something was appended to its instructions.md."""
    added = text.strip()
    whole = (
        f"New instructions, appended to {instructions_path}:\n\n{added}\n\n"
        "Add what they ask to tasks.md before you go on."
    )
    if len(added) < MAX_INLINE and _size(whole) <= MAX_MESSAGE:
        return whole
    return (
        f"New instructions of {len(added)} characters were appended to {instructions_path}. "
        "Read them at its end, and add what they ask to tasks.md before you go on."
    )


def nudge(open_tasks: Sequence[str], tasks_path: str) -> str:
    """What a session hears whose turn ended with tasks open and nobody to wait for."""
    named = [f"- {_short(task, 200)}" for task in open_tasks[:MAX_NAMED_TASKS]]
    more = len(open_tasks) - len(named)
    tasks = "\n".join([*named, f"- and {more} more"] if more > 0 else named)
    return (
        f"Your turn ended, and {tasks_path} has open tasks:\n{tasks}\n"
        "Go on with them. Mark as completed what is done, as cancelled what need not be done. "
        "If you cannot go on, mark the task blocked with the reason and ask your requester."
    )


def disputed(what: str, tail: str, number: int, limit: int) -> str:
    """What a session hears whose work does not pass."""
    shown = f"\n\nThe end of its output:\n\n{tail[-1_200:]}" if tail else ""
    return (
        f"Your task list says that all is done, but your work does not pass ({number} of {limit}): "
        f"{_short(what, 400)}. Mend it, then end your turn: it is looked into again.{shown}"
    )


def request_queued(request: str, place: int, reason: str) -> str:
    """For a requester: nothing is refused because the team is busy."""
    return (
        f"Your request {request} is queued at place {place}: {reason}. It starts by itself as soon "
        "as it can; you need do nothing. Go on with what does not depend on it."
    )


def resumed(tasks_path: str, restored: bool = False) -> str:
    """What a session hears first after it was started again, or taken back from its archive."""
    look = f"files, at `git status` if this is a repository, and at {tasks_path}."
    if restored:
        return (
            "You had completed your tasks and were put away. Now you were taken back to work. What "
            f"you left running is gone, files may have changed: look at the {look} Add there what "
            "new instructions ask. If there is nothing to do, end your turn: then it is over again."
        )
    return (
        "You were interrupted and have been started again. Your last step may be done, half done "
        f"or not done, and what you left running is gone: before you go on, look at the {look}"
    )


def teammate_ended(session_id: str, name: str, how: str, directory: str) -> str:
    """What a requester hears when a session that it asked for has ended."""
    return (
        f"Your teammate {session_id} ({_short(name, 200)}) has ended: {_sentence(how, 600)} "
        f"Its directory, with its tasks.md and what it wrote there, is {directory}. "
        "Check the result, then go on with your own tasks."
    )


def request_rejected(request: str, reason: str, directory: str) -> str:
    """What a requester hears whose request will not become a session."""
    return (
        f"Your request {_short(request, 300)} was rejected: {_sentence(reason, 1_200)} "
        f"Everything is kept in {directory}. Correct it and request again under a new name, "
        "or go on without it."
    )


def _where_you_are(briefing: Briefing) -> str:
    persona = briefing.persona
    return f"""# Where you are

You are session `{briefing.session_id}` ({persona.name}, "{briefing.name}") in a team of coding \
agents. {_requested_by(briefing)} Nobody watches you work and nobody can answer a prompt: start \
nothing that waits for input (an editor, a pager, a login), and decide small questions yourself.

- Working directory: `{briefing.working_directory}`. {_sharing(briefing)}
- Workspace: `{briefing.workspace}`
  - `shared/`: what the whole team reads and writes. Put there what others need.
  - `<persona>-<number>/`: one directory for each session, `…-completed/` once it has ended. Read \
all of them, write only in yours.
  - `.supervisor/`: leave it alone.
- Your session directory: `{briefing.session_directory}`
  - `instructions.md`: what you were asked. What is added later is also sent to you.
  - `tasks.md`: your task list, which only you write. Your notes may stand beside it.
  - Files there that you did not write belong to the supervisor: do not change them."""


def _requested_by(briefing: Briefing) -> str:
    if briefing.requester is None:
        return "A person requested you."
    return f"Session `{briefing.requester}` requested you."


def _sharing(briefing: Briefing) -> str:
    if briefing.persona.works_in == "session":
        project = PurePosixPath(briefing.workspace).parent
        return f"The project is `{project}`: use absolute paths there."
    return (
        "Others may be working here now: change only what is yours to change, commit it by name "
        "(`git add PATH && git commit -m MESSAGE -- PATH`), and never stash, reset, clean or "
        "check out over what is not yours."
    )


def _task_list(briefing: Briefing) -> str:
    return f"""# Your task list

`{briefing.session_directory}/tasks.md` is how the team sees what you do; nobody sees Claude \
Code's own task list. Write your plan there before you begin, and change each status when it \
changes. Both of these forms count:

```
## Task: Write the parser
- **Status**: in_progress

- [x] Read the instructions
- [ ] Verify and commit
```

A status is pending, in_progress, blocked, completed or cancelled. Cancel tasks, never delete them.

**As soon as every task is completed your session ends, and everything you started ends with it.** \
So keep the last task open until nothing is left to do: verified, committed, result written down."""


def _waiting(briefing: Briefing) -> str:
    return f"""# Waiting and asking for help

To wait, keep a task open and end your turn. A message wakes you when a teammate that you \
requested ends and when someone sends you instructions: never sleep, poll or set a timer for that. \
If you cannot go on, set the task's status to blocked with the reason, {_ask(briefing)}, and end \
your turn."""


def _ask(briefing: Briefing) -> str:
    if briefing.requester is None:
        return "write your question below it for the person who requested you"
    if not briefing.persona.has_shell:
        return f"ask `{briefing.requester}` (see the last section)"
    return f'ask (`team-supervisor say {briefing.requester} "your question"`)'


def _teammates(briefing: Briefing) -> str:
    if not briefing.may_request:
        return "# Teammates\n\nYou cannot request teammates: do the work yourself."
    who = "\n".join(f"- `{name}`: {_gist(text)}" for name, text in briefing.may_request)
    how = _by_shell if briefing.persona.has_shell else _by_writing
    return f"""# Teammates

You may request these, each under a short name of letters, digits and hyphens:

{who}

A teammate knows nothing but its instructions. {how(briefing)}"""


def _by_shell(briefing: Briefing) -> str:
    persona = briefing.may_request[0][0]
    draft = shlex.quote(f"{briefing.workspace}/.draft-login-form")
    request = shlex.quote(f"{briefing.workspace}/{persona}-request-login-form")
    return f"""To request one (the time is UTC, as `date -u +%FT%TZ` prints it):

```bash
team-supervisor request {persona} login-form -i - <<'EOF'
{_heading(briefing)}

What to do.
EOF
```

Or by hand, when files go along: fill a directory whose name begins with a dot, then rename it.

```bash
mkdir {draft} &&
cat > {draft}/instructions.md <<'EOF' &&
{_heading(briefing)}

What to do.
EOF
mv -T {draft} {request}
```"""


def _by_writing(briefing: Briefing) -> str:
    request = f"{briefing.workspace}/{briefing.may_request[0][0]}-request-login-form"
    return f"""To request one, write its instructions in one go to a new file such as \
`{request}/instructions.md`, beginning with this heading and the UTC time:

```
{_heading(briefing)}
```"""


def _heading(briefing: Briefing) -> str:
    return f"## Instructions from {briefing.session_id} (2026-01-31T09:30:00Z)"


def _other_sessions(briefing: Briefing) -> str:
    how = f"append a section to its `instructions.md`, headed `{_heading(briefing)}`"
    if briefing.persona.has_shell:
        how = f'`team-supervisor say SESSION "text"`, or {how}'
    return f"""# Writing to another session

To send a running session instructions or an answer: {how}. It hears them at its next step. \
Claude Code's SendMessage reaches nobody here."""


def _gist(description: str) -> str:
    """Descriptions of agent files can run to pages of examples; a requester needs the start."""
    return _short(description.split("<example>", 1)[0], 200)


def _sentence(text: str, limit: int) -> str:
    line = _short(text, limit)
    return line if line.endswith((".", "…")) else f"{line}."


def _short(text: str, limit: int) -> str:
    """One line whose JSON is at most `limit` bytes."""
    line = " ".join(text.split())
    if _size(line) <= limit:
        return line
    while _size(line) > limit - len("\\u2026"):
        line = line[: min(len(line) - 1, len(line) * limit // _size(line))]
    return f"{line.rstrip()}…"


def _size(text: str) -> int:
    """Bytes as a JSON string, where one character can take twelve."""
    return len(json.dumps(text))

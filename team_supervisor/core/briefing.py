"""What does an agent need to know about where it is?"""

import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

from team_supervisor.core.messages import short
from team_supervisor.core.persona import Persona


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
    return short(description.split("<example>", 1)[0], 200)

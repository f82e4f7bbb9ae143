"""What would the model say next, if it followed a script?"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

INPUT_TOKENS = 1000
OUTPUT_TOKENS = 100
PRICES = {"opus": (5.0, 25.0), "sonnet": (3.0, 15.0), "haiku": (1.0, 5.0)}
"""US dollars for a million tokens in and out, as the CLI reckons them."""

SESSION_ID = r"([a-z][a-z-]*-\d{13})"
OWN_ID = re.compile(rf"You are session\W+{SESSION_ID}")
GATE_SECONDS = 90.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """Once a message matching `hears` came and `gate` is open: run `commands`, then say `says`."""

    hears: str = ""
    commands: tuple[str, ...] = ()
    says: str = "That is all for now."
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the model: a command for the Bash tool, or else words that end the turn."""

    words: str = ""
    command: str = ""
    tool_id: str = ""
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that the model answered for a session of ours."""

    session: str
    body: Json
    reply: Reply

    @property
    def price(self) -> float:
        """US dollars."""
        price_in, price_out = next(p for name, p in PRICES.items() if name in self.body["model"])
        return (INPUT_TOKENS * price_in + OUTPUT_TOKENS * price_out) / 1_000_000

    @property
    def heard(self) -> list[str]:
        return heard(self.body["messages"])


Script = Sequence[Turn]


def blocks(message: Json) -> list[Json]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def heard(messages: Sequence[Json]) -> list[str]:
    """What people and the supervisor said so far, those messages included that came mid-turn."""
    said = [b for m in messages if m["role"] != "assistant" for b in blocks(m)]
    texts = [b["text"] for b in said if b["type"] == "text"]
    return [t for t in texts if not t.lstrip().startswith("<system-reminder>")]


def tool_ids(messages: Sequence[Json], kind: str, key: str) -> list[str]:
    return [b[key] for m in messages for b in blocks(m) if b["type"] == kind]


def next_reply(script: Script, messages: Sequence[Json]) -> Reply:
    """Decided from the conversation alone: a retried or resumed one gets the same answer."""
    texts = heard(messages)
    results = tool_ids(messages, "tool_result", "tool_use_id")
    uses = tool_ids(messages, "tool_use", "id")
    words = "Nothing to do."
    for number, turn in enumerate(script):
        if not any(re.search(turn.hears, text) for text in texts):
            break
        for place, command in enumerate(turn.commands):
            name = f"toolu_{number}_{place}_"
            if not any(r.startswith(name) for r in results):
                again = sum(u.startswith(name) for u in uses)
                return Reply(command=command, tool_id=f"{name}{again}", gate=turn.gate)
        words = turn.says
    return Reply(words=words)


def session_of(body: Json) -> str:
    """The id of the session that asks, as its system prompt names it; empty when it does not."""
    system = body.get("system") or ""
    text = system if isinstance(system, str) else "\n".join(b["text"] for b in system)
    found = OWN_ID.search(text)
    return found.group(1) if found else ""


def persona_of(session: str) -> str:
    return session.rpartition("-")[0]


def stream(reply: Reply, model: str, number: int) -> Iterator[Json]:
    """The server-sent events of one answer."""
    message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model}
    usage = {"input_tokens": INPUT_TOKENS, "output_tokens": 1}
    start: Json = {**message, "content": [], "stop_reason": None, "usage": usage}
    block: Json = {"type": "text", "text": ""}
    delta: Json = {"type": "text_delta", "text": reply.words}
    if reply.command:
        tool_input = json.dumps({"command": reply.command, "description": "A step of the script"})
        block = {"type": "tool_use", "id": reply.tool_id, "name": "Bash", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": tool_input}
    stop = {"stop_reason": "tool_use" if reply.command else "end_turn"}
    yield {"type": "message_start", "message": start}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": stop, "usage": {"output_tokens": OUTPUT_TOKENS}}
    yield {"type": "message_stop"}


class Model:
    """A stand-in for the model on loopback: `url` is what ANTHROPIC_BASE_URL has to be."""

    def __init__(self, scripts: Mapping[str, Script] | None = None) -> None:
        self.scripts = dict(scripts or {})
        self.asked: list[Asked] = []
        self.gates: set[str] = set()
        self.changed = threading.Condition()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> "Model":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self.changed:
            self.gates.add("")
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()

    def open(self, *gates: str) -> None:
        """Let the turns behind these gates go on."""
        with self.changed:
            self.gates.update(gates)
            self.changed.notify_all()

    def of(self, session: str) -> list[Asked]:
        """Every request of the sessions whose id or persona this is, oldest first."""
        with self.changed:
            return [a for a in self.asked if session in (a.session, persona_of(a.session))]

    def heard_by(self, session: str) -> str:
        """Everything said to this session, as it stood when it last asked."""
        mine = self.of(session)
        return "\n".join(mine[-1].heard) if mine else ""

    def wait_for(self, reached: Callable[["Model"], bool], seconds: float = 30.0) -> None:
        """Block until a request makes this true."""
        with self.changed:
            if not self.changed.wait_for(lambda: reached(self), seconds):
                counts = [(a.session, a.reply) for a in self.asked]
                raise AssertionError(f"The model waited {seconds} s in vain; it said: {counts}")

    def answer(self, body: Json) -> tuple[int, Reply]:
        """The number of this answer, and the answer; blocks while its gate is closed."""
        session = session_of(body)
        if not body.get("tools"):
            return 0, Reply(words="A side question.")
        script = self.scripts.get(session) or self.scripts.get(persona_of(session), ())
        reply = next_reply(script, body["messages"])
        with self.changed:
            self.asked.append(Asked(session, body, reply))
            number = len(self.asked)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.is_open(reply.gate), GATE_SECONDS)
        return number, reply

    def is_open(self, gate: str) -> bool:
        """The empty name opens every gate, as it does at the end of a test."""
        return not gate or bool({gate, ""} & self.gates)


def handler_for(model: Model) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """The CLI shows its own errors; the test prints what the model was asked."""

        def do_GET(self) -> None:
            self.send_json({})

        def do_HEAD(self) -> None:
            self.send_json({})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.partition("?")[0]
            if path == "/v1/messages/count_tokens":
                self.send_json({"input_tokens": INPUT_TOKENS})
            elif path == "/v1/messages":
                self.send_answer(json.loads(text))
            else:
                self.send_json({})

        def send_answer(self, body: Json) -> None:
            number, reply = model.answer(body)
            events = stream(reply, body["model"], number)
            lines = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]
            self.send("text/event-stream", "".join(lines).encode())

        def send_json(self, value: Json) -> None:
            self.send("application/json", json.dumps(value).encode())

        def send(self, kind: str, content: bytes) -> None:
            self.close_connection = True
            try:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.send_header("connection", "close")
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                """The CLI was ended while the gate was closed."""

    return Handler

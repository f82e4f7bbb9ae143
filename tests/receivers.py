"""What does a test need where messages arrive?"""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """A real HTTP server on loopback: `answer` is a status, None to hang until it is closed."""

    def __init__(self, port: int = 0) -> None:
        receiver = self
        self.answer: int | None = 200
        self.messages: list[str] = []
        self.asked = 0
        self.closing = threading.Event()
        self._arrived = threading.Semaphore(0)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.asked += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.answer is None:
                    receiver.closing.wait(30)
                    return
                if receiver.answer == 200:
                    receiver.messages.append(json.loads(body)["message"])
                    receiver._arrived.release()
                self.send_response(receiver.answer)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def url(self, secret: str = "") -> str:
        return f"json://127.0.0.1:{self.port}/{secret}"

    def wait(self, seconds: float = 30.0) -> None:
        """For one more message."""
        assert self._arrived.acquire(timeout=seconds), "no message arrived"

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    made = Receiver(port)
    try:
        yield made
    finally:
        made.close()

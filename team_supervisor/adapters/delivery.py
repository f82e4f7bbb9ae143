"""How is one message delivered, so that no word of its address gets anywhere else?

The only module that knows apprise. It is imported by the thread that sends: logging alone would
cost each supervisor half a mebibyte.
"""

import logging
import re

_STATUS = re.compile(r"error=(\d{3})\b")
# apprise and what it uses write addresses, which are secrets, into their logs.
_TALKATIVE = ("apprise", "urllib3", "requests")


def send(url: str, text: str) -> str | None:
    """Deliver once, and wait for it; what went wrong, in words that hold no part of the URL."""
    try:
        return _send(url, text)
    except Exception as error:  # its words may hold the URL
        return f"it could not be sent ({type(error).__name__})"


def _send(url: str, text: str) -> str | None:
    heard = _silence()
    import apprise

    asset = apprise.AppriseAsset(async_mode=False, storage_mode="memory")
    to = apprise.Apprise(asset=asset)
    if not to.add(url):
        return "its channel is no URL that apprise understands"
    heard.lines.clear()
    if to.notify(body=text, body_format=apprise.NotifyFormat.TEXT):
        return None
    for line in heard.lines:
        if status := _STATUS.search(line):
            return f"it answered {status[1]}"
    return "it could not be reached"


class _Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines = [*self.lines[-20:], record.getMessage()]


def _silence() -> _Heard:
    """What they say goes nowhere but into this value."""
    heard = _Heard()
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [heard], False
    return heard

"""How does a host read and write JSON and pass over errors without costly imports?

Stands alone, as the host does. `json` and `contextlib` import `re`, `enum` and `functools`: more
than half of what a host's start takes beside the interpreter's own.
"""

TYPE_CHECKING = False  # importing typing would cost each host memory
if TYPE_CHECKING:
    from typing import Any

try:
    from _json import encode_basestring_ascii as _quoted
    from _json import make_scanner as _make_scanner
except ImportError:  # not CPython
    from json.encoder import encode_basestring_ascii as _quoted
    from json.scanner import make_scanner as _make_scanner


class suppress:
    """As contextlib.suppress."""

    def __init__(self, *kinds: type[BaseException]) -> None:
        self._kinds = kinds

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, self._kinds)


class _Rules:
    """What json.JSONDecoder tells its scanner."""

    strict = True
    object_hook = object_pairs_hook = None
    parse_float, parse_int, parse_constant = float, int, float


_scan = _make_scanner(_Rules)  # type: ignore[arg-type]


def loads(data: bytes) -> "Any":
    """ValueError (or RecursionError) for what is no JSON."""
    text = data.decode().strip()
    try:
        value, end = _scan(text, 0)
    except (StopIteration, SystemError):
        # The second: _json finds no json.decoder.JSONDecodeError when `json` is not imported.
        raise ValueError("no JSON") from None
    if end != len(text):
        raise ValueError("more than JSON")
    return value


def dumps(value: object) -> str:
    """Of dicts, strings, numbers, booleans and None."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(k)}: {dumps(v)}" for k, v in value.items()) + "}"
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)

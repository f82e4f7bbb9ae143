"""Is what the host reads and writes JSON?"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from team_supervisor import lean

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.dictionaries(st.text(), SCALARS | st.dictionaries(st.text(), SCALARS))


@given(VALUES.filter(lambda value: "Infinity" not in json.dumps(value)))
def test_what_is_written_and_read_is_what_json_writes_and_reads(value: dict[str, Any]) -> None:
    assert lean.dumps(value) == json.dumps(value)
    assert lean.loads(f" {json.dumps(value)}\n".encode()) == value


@pytest.mark.parametrize("data", [b"", b"{", b"{}}", b"[1,", b"nul", b'{"a" 1}', b"\xff", b'"\n"'])
def test_garbage_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        lean.loads(data)


def test_what_is_named_is_suppressed_and_nothing_else() -> None:
    with lean.suppress(OSError, ValueError):
        raise FileNotFoundError
    with pytest.raises(KeyError), lean.suppress(OSError):
        raise KeyError


def test_a_host_imports_neither_json_nor_enum() -> None:
    root = Path(lean.__file__).parents[1]
    code = (
        "import sys; sys.path.append(sys.argv[1]); import team_supervisor.host; "
        "print(sorted({'json', 're', 'enum', 'functools', 'contextlib'} & set(sys.modules)))"
    )
    said = subprocess.check_output([sys.executable, "-I", "-S", "-c", code, str(root)], text=True)
    assert said == "[]\n"

"""Running asadm inside the test, with a home of its own."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asadm import cli
from asinfo.terminal import interrupt


class Result:
    """What one run of asadm left behind."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.raw = out
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode()

    @property
    def document(self) -> dict[str, Any]:
        """The only JSON document of standard output."""
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def nodes(self) -> list[tuple[str, str, object]]:
        """Name, status and answer of every node in the document."""
        return [(each["node"], each["status"], each["answer"]) for each in self.document["nodes"]]


Asadm = Callable[..., Result]


@pytest.fixture
def asadm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Asadm:
    """``asadm("-h", "127.0.0.1:3000", "-e", "show udfs", stdin=b"")``: runs in an empty directory and home."""
    for name in [name for name in os.environ if name.startswith(("XDG_", "ASADM_", "NO_COLOR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("asadm.cli.os.isatty", lambda _: False)

    def run(*argv: str, stdin: bytes = b"") -> Result:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsysbinary.readouterr()
        interrupt.forget()
        with monkeypatch.context() as started:
            # as asadm.start does: a signal is raised where the program waits, and not between any two lines of it
            started.setattr(interrupt._state, "deferring", True)
            code = cli.run(argv)
        interrupt.forget()
        out, err = capsysbinary.readouterr()
        return Result(code, out, err)

    return run

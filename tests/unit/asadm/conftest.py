"""Running asadm inside the test, with a home of its own."""

import io
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from asadm import cli, statement
from asadm.target.aerospike import cluster
from asinfo.exchange import Endpoint, Reply, exchange
from asinfo.terminal import interrupt
from docs import json_documents


class Result:
    """What one run of asadm left behind."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.raw = out
        self.out = out.decode("utf-8", "replace")
        self.err = err.decode()
        for line in out.splitlines():
            if line.startswith(b'{"command": '):
                check_members(line)

    @property
    def document(self) -> dict[str, Any]:
        """The only JSON document of standard output."""
        found: dict[str, Any] = json.loads(self.raw)
        return found

    @property
    def nodes(self) -> list[tuple[str, str, object]]:
        """Name, status and answer of every node in the document."""
        return [(each["node"], each["status"], each["answer"]) for each in self.document["nodes"]]


def check_members(line: bytes) -> None:
    """Every member of a JSON document is in docs/json.md, and those that are always there are."""
    document = json.loads(line)
    name = statement.find(document["command"].split())[0].name
    unknown = document.keys() - json_documents.known(name)
    assert not unknown, f"{name}: {unknown} are not in docs/json_documents.py"
    assert {row.name for row in json_documents.COMMON if row.always} <= document.keys()
    for table in document.get("tables", ()):
        assert not json_documents.unknown_of_table(table), f"{name}: not in docs/json_documents.py"


Asadm = Callable[..., Result]

USUAL: dict[int, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
"""What Python does with the signals that end a program."""


@pytest.fixture(scope="package", autouse=True)
def state_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Surveys leave what they saw there, and not in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def asadm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Iterator[Asadm]:
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
        with monkeypatch.context() as started, _signals_are_for_the_run():
            # as asadm.start does: a signal is raised where the program waits, and not between any two lines of it
            started.setattr(interrupt._state, "deferring", True)
            code = cli.run(argv)
        interrupt.forget()
        out, err = capsysbinary.readouterr()
        return Result(code, out, err)

    yield run
    for number, usual in USUAL.items():
        signal.signal(number, usual)


@contextmanager
def _signals_are_for_the_run() -> Iterator[None]:
    """A test may send a signal to itself while asadm runs; one that comes too late is lost, and does not end pytest.

    As `interrupt.listen` has it, but for the end of the process when a second one comes, or when the report takes long.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    for number in USUAL:
        signal.signal(number, lambda number, _: interrupt.hear(number))
    try:
        yield
    finally:
        for number in USUAL:
            signal.signal(number, signal.SIG_IGN)


class Missed(NamedTuple):
    """A request that failed, and the seconds of its time limit that were waited for: all of them or none."""

    address: str
    seconds: float


class Waited:
    """What runs have waited for: pauses, and time limits of requests. No busy machine makes them longer."""

    def __init__(self) -> None:
        self.exchanges: list[list[Missed]] = []
        self.pauses = 0.0

    def note(self, replies: Sequence[Reply], limits: Sequence[float]) -> None:
        """Requests that were sent at the same time."""
        self.exchanges.append(
            [
                Missed(reply.node.address, limit if reply.failure.kind.startswith("timeout") else 0.0)
                for reply, limit in zip(replies, limits, strict=True)
                if reply.failure is not None
            ]
        )

    def missed(self, address: str) -> list[float]:
        """The seconds of the requests to one node that failed."""
        return [missed.seconds for found in self.exchanges for missed in found if missed.address == address]

    @property
    def seconds(self) -> float:
        """Of all runs; the requests of one exchange are waited for at the same time."""
        return self.pauses + sum(
            max((missed.seconds for missed in found), default=0.0) for found in self.exchanges
        )


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> Waited:
    """Notes the requests and the pauses of all runs of asadm."""
    found = Waited()
    pause = time.sleep

    def noting(
        asks: Sequence[tuple[Endpoint, bytes]], *, timeout: Sequence[float], **words: Any
    ) -> list[Reply]:
        replies = exchange(asks, timeout=timeout, **words)
        found.note(replies, timeout)
        return replies

    def sleep(seconds: float) -> None:
        found.pauses += seconds
        pause(seconds)

    monkeypatch.setattr(cluster, "exchange", noting)
    monkeypatch.setattr(time, "sleep", sleep)
    return found


@pytest.fixture
def _stuck_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that does not list what it has confirmed counts as stuck after a moment: it stays so for ever in the tests."""
    for module in ("rollout", "stuck"):
        monkeypatch.setattr(f"asadm.fleet.change.{module}.CONFIRM_SECONDS", 0.3)


@pytest.fixture
def _restored_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time for putting back what a put with a marker left on a node that takes nothing any more, however long it has."""
    monkeypatch.setattr("asadm.target.aerospike.marker_put.RESTORE_SECONDS", 1.0)

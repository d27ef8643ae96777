"""A node dies, its journal is damaged: the next start says so and touches nothing, `--recover` saves what is whole."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache, partial
from io import StringIO
from pathlib import Path

import pytest

from asinfo.wire import request
from asudfd.cli import run
from asudfd.record.entries import ENTRIES, ENTRY, parse_head
from tests.conftest import StartDaemon
from tests.processes import READY_SECONDS, ROOT, Daemon, frame, log_path, receive_exactly, spawn

CONFIG = """\
namespace test {
    storage-engine device {
        file test.dat
        filesize 128M
        commit-to-device %s
    }
    nsup-period 120
}
"""
RECORDS = {"false": 300, "true": 20}
"""Records of a node, by its `commit-to-device`: a slow disk may take a second for more flushes than that."""


def key(number: int) -> request.Key:
    return request.Key("test", f"set{number % 2}", f"key{number}")


def ask(daemon: Daemon, bodies: list[bytes]) -> list[request.RecordReply]:
    """The replies to requests that are sent together."""
    replies = []
    with daemon.connect() as connection:
        connection.sendall(b"".join(frame(body, 3) for body in bodies))
        for _ in bodies:
            head = receive_exactly(connection, 8)
            replies.append(request.reply(receive_exactly(connection, int.from_bytes(head[2:], "big"))))
    return replies


def bins(number: int) -> dict[str, int | bytes]:
    return {"count": number, "data": b"x" * (number % 50)}


def found(daemon: Daemon, records: int) -> int:
    """How many records are there, each as it was written."""
    replies = ask(daemon, [request.get(key(number)) for number in range(records)])
    for number, reply in enumerate(replies):
        assert reply.result == 2 or reply.bins == bins(number)
    return sum(reply.result == 0 for reply in replies)


class Node:
    """A node with its configuration, which may be killed, started again, and recovered."""

    def __init__(self, tmp_path: Path, start_daemon: StartDaemon, commit: str) -> None:
        self.records = RECORDS[commit]
        self.work_directory = tmp_path / "work"
        self.config = tmp_path / "asudfd.conf"
        self.config.write_text(CONFIG % commit)
        self._start = start_daemon

    def start(self) -> Daemon:
        return self._start("--config-file", str(self.config))

    def fill_and_kill(self) -> None:
        """Let a node die with all records in its journal, and none in its file: before a second is over, that is."""
        while True:
            daemon = self.start()
            replies = ask(daemon, [request.put(key(number), bins(number)) for number in range(self.records)])
            daemon.kill()
            assert all(reply.result == 0 for reply in replies)
            head, note = parse_head(self.journal().read_bytes())
            if head.epoch == 1 and note.entries == self.records and not note.closed:
                break
            shutil.rmtree(self.work_directory)

    def journal(self) -> Path:
        """The one that a new node writes first."""
        return self.work_directory / "test.dat.journal0"

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "asudfd.cli", *self._arguments(), *arguments],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=2 * READY_SECONDS,
        )

    def recover(self) -> "subprocess.CompletedProcess[str]":
        """As `run("--recover")`, in this process."""
        out, error = StringIO(), StringIO()
        arguments = [*self._arguments(), "--recover"]
        with redirect_stdout(out), redirect_stderr(error):
            code = run(arguments)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), error.getvalue())

    def _arguments(self) -> list[str]:
        return [
            *("--port", "0", "--config-file", str(self.config), "--work-directory", str(self.work_directory))
        ]


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The work directory of a node that died, with all records in its journal, by its `commit-to-device`."""

    @cache
    def of(commit: str) -> Path:
        directory = tmp_path_factory.mktemp("died")
        node = Node(directory, partial(started, directory / "work"), commit)
        node.fill_and_kill()
        return node.work_directory

    return of


def started(work_directory: Path, *arguments: str) -> Daemon:
    return Daemon(spawn(work_directory, arguments), work_directory, log_path(work_directory))


@pytest.fixture(params=["false", "true"])
def node(
    request: pytest.FixtureRequest, died: Callable[[str], Path], tmp_path: Path, start_daemon: StartDaemon
) -> Node:
    """A node that died, whose files are the test's own."""
    node = Node(tmp_path, start_daemon, request.param)
    shutil.copytree(died(request.param), node.work_directory)
    return node


def flip(content: bytes) -> bytes:
    """A bit in the value of the third entry."""
    place = ENTRIES
    for _ in range(2):
        place += ENTRY.size + ENTRY.unpack_from(content, place)[3]
    place += ENTRY.size + 5
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    ("node", "damage", "what"),
    [
        ("false", flip, "a wrong checksum"),
        ("false", lambda content: bytes(len(content)), "zeros where the head should be"),
        ("false", lambda content: b"garbage" * 1000, "the head is not that of a journal"),
        ("false", lambda content: content[: ENTRIES + 500], "behind the end of the file"),
        ("true", flip, "a wrong checksum"),  # a journal is one, however often it is flushed
    ],
    ids=["flipped", "zeroed", "garbage", "truncated", "flipped, flushed at once"],
    indirect=["node"],
)
def test_damage_is_told_and_what_is_whole_is_saved(
    node: Node, damage: Callable[[bytes], bytes], what: str
) -> None:
    journal = node.journal()
    journal.write_bytes(damage(journal.read_bytes()))
    damaged = {path: path.read_bytes() for path in node.work_directory.glob("test.dat*")}

    refused = node.run()
    assert refused.returncode == 1
    assert refused.stdout == ""
    for word in (str(journal), "at offset", what, "asudfd --recover"):
        assert word in refused.stderr
    assert "Traceback" not in refused.stderr
    lock_less = {path: path.read_bytes() for path in damaged if not path.name.endswith("-lock")}
    assert lock_less.items() <= damaged.items()

    recovered = node.recover()
    assert recovered.returncode == 1, recovered.stderr
    assert "lost: " in recovered.stdout
    assert str(journal) in recovered.stdout
    (kept,) = node.work_directory.glob(f"{journal.name}.damaged-*")
    assert kept.read_bytes() == damaged[journal]
    assert node.recover().returncode == 0

    daemon = node.start()
    there = found(daemon, node.records)
    assert there < node.records
    assert what != "a wrong checksum" or there == node.records - 1
    assert daemon.stop() == 0


def test_a_journal_that_is_gone_is_told(node: Node) -> None:
    journal = node.journal()
    journal.unlink()
    refused = node.run()
    assert refused.returncode == 1
    assert f"{journal}, at offset 0: the file is gone" in refused.stderr
    assert not journal.exists()
    assert node.recover().returncode == 1
    assert node.start().stop() == 0


def test_without_damage_nothing_is_changed_and_nothing_refused(node: Node) -> None:
    before = {path: path.read_bytes() for path in node.work_directory.glob("test.dat*")}
    recovered = node.run("--recover")
    assert (recovered.returncode, recovered.stderr) == (0, "")
    assert "whole" in recovered.stdout
    assert {path: path.read_bytes() for path in node.work_directory.glob("test.dat*")} == before
    daemon = node.start()
    assert found(daemon, node.records) == node.records
    while_it_runs = node.run("--recover")
    assert while_it_runs.returncode == 1
    assert "belongs to another daemon" in while_it_runs.stderr
    assert found(daemon, node.records) == node.records
    assert daemon.stop() == 0


def test_a_truncated_file_is_told_and_rebuilt(node: Node) -> None:
    assert node.start().stop() == 0  # all is in the file now
    path = node.work_directory / "test.dat"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    refused = node.run()
    assert refused.returncode == 1
    assert f"{path} cannot be used" in refused.stderr
    assert "a part of it is missing" in refused.stderr
    assert "asudfd --recover" in refused.stderr
    assert path.read_bytes() == content[: len(content) // 2]
    recovered = node.run("--recover")
    assert recovered.stderr == ""
    (kept,) = node.work_directory.glob("test.dat.damaged-*")
    assert kept.read_bytes() == content[: len(content) // 2]
    daemon = node.start()
    assert recovered.returncode == (0 if found(daemon, node.records) == node.records else 1)
    assert daemon.stop() == 0


def test_recover_wants_a_work_directory(tmp_path: Path, start_daemon: StartDaemon) -> None:
    refused = Node(tmp_path, start_daemon, "false").run("--recover")
    assert refused.returncode == 1
    assert "no work directory" in refused.stderr
    assert not (tmp_path / "work").exists()

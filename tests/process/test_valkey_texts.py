"""Texts that take long to compile, and bodies that hold on, are checked in processes: others are served meanwhile."""

from __future__ import annotations

import os
import resource
import signal
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.functions import dump
from asinfo.wire.resp_frame import command
from asinfo.wire.resp_reply import ReplyParser
from tests.processes import READY_SECONDS, Daemon, running
from tests.waiting import wait_for
from tests.worker_processes import children, processor_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

MANY_LOCALS = b"local function f() %s " % b" ".join(b"local a%d" % n for n in range(190))
SLOW_TO_COMPILE = MANY_LOCALS * 170 + b"x=1 " * 100_000 + b" end" * 170
"""The compiler looks for `x` among 32,000 local variables each time: for seconds, and nothing can interrupt it."""

PAUSE_SECONDS = 0.002
"""Between two commands of a client that is to be served."""

HEAD = b"#!lua name=%s\n"
REGISTERS = b"server.register_function('f_%s', function() return 'text' end) "
LONG = b"local x " + b"x = 'text' " * 2000
"""Longer than what is compiled at once; quick all the same."""

GROWS_FOR_SECONDS = b"""
local t = {}
for pair = 0, 3 do
    for i = 1, 32768 do
        local high = (i % 1024) * 64 + pair
        local low = (i * 131071 - 0x3ff00000 - high) % 4294967296
        t[1 + (high * 4294967296 + low) / 4503599627370496] = true
    end
end
t[0.5] = true
"""
"""131,072 keys that collide in a table of twice the size, and in none that is smaller: the last assignment grows it, and takes half a minute."""

TOO_SLOW = b"text takes more than 1 s to compile"
LIBRARY_SLOW = b"ERR Error compiling function: " + TOO_SLOW
SCRIPT_SLOW = b"ERR Error compiling script (new function): " + TOO_SLOW
GIVEN_UP = b"ERR Error compiling script (new function): the check of the text was given up"
BODY_SLOW = b"ERR Error registering functions: ERR FUNCTION LOAD timeout"


def library(name: bytes, body: bytes = b"") -> bytes:
    return HEAD % name + body + REGISTERS % name


class Client:
    """A client of the node's Valkey port."""

    def __init__(self, node: Daemon) -> None:
        self._socket = socket.create_connection(node.resp_addresses[0], READY_SECONDS)
        self._socket.settimeout(120)
        self._parser = ReplyParser()

    def ask(self, *words: bytes | int) -> object:
        """The reply to a command; the text of an error."""
        self._socket.sendall(command(*words))
        while not (found := list(self._parser.feed(self._socket.recv(65536)))):
            pass
        return getattr(found[0], "text", found[0])

    def close(self) -> None:
        """Leave."""
        self._socket.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Daemon]:
    with running(tmp_path / "state", ["--resp-port", "0"]) as daemon:
        yield daemon


@pytest.fixture
def client(node: Daemon) -> Iterator[Client]:
    with closing(Client(node)) as connected:
        yield connected


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A node for all tests that neither end it nor look at its processes."""
    with running(tmp_path_factory.mktemp("node") / "state", ["--resp-port", "0"]) as daemon:
        yield daemon


@pytest.fixture
def other(lasting: Daemon) -> Iterator[Client]:
    """A client of that node, which has no library."""
    with closing(Client(lasting)) as connected:
        assert connected.ask(b"FUNCTION", b"FLUSH") == b"OK"
        yield connected


class Asking(threading.Thread):
    """A client that asks in a thread of its own: the replies to its commands are in ``replies``."""

    def __init__(self, node: Daemon, *commands: tuple[bytes | int, ...]) -> None:
        super().__init__()
        self._client = Client(node)
        self._commands = commands
        self.replies: list[object] = []
        self.start()

    def others_are_served(self, client: Client, *words: bytes) -> set[object]:
        """What another client is answered meanwhile; it asks often, but leaves the processor to those who need it."""
        answers: list[object] = []
        while self.is_alive():
            answers.append(client.ask(*words))
            self.join(PAUSE_SECONDS)
        assert len(answers) > 100
        return set(answers)

    def run(self) -> None:
        """Ask."""
        for words in self._commands:
            self.replies.append(self._client.ask(*words))
        self._client.close()


HELD: dict[str, tuple[tuple[bytes | int, ...], bytes]] = {
    "FUNCTION LOAD": ((b"FUNCTION", b"LOAD", library(b"slow", SLOW_TO_COMPILE)), LIBRARY_SLOW),
    "FUNCTION RESTORE": (
        (b"FUNCTION", b"RESTORE", dump([library(b"slow", SLOW_TO_COMPILE)])),
        LIBRARY_SLOW,
    ),
    "EVAL": ((b"EVAL", SLOW_TO_COMPILE, 0), SCRIPT_SLOW),
    "EVAL with a first line": ((b"EVAL", b"#!lua flags=no-writes\n" + SLOW_TO_COMPILE, 0), SCRIPT_SLOW),
    "SCRIPT LOAD": ((b"SCRIPT", b"LOAD", SLOW_TO_COMPILE), SCRIPT_SLOW),
    "a body": ((b"FUNCTION", b"LOAD", library(b"slow", GROWS_FOR_SECONDS)), BODY_SLOW),
    "a body of many": (
        (b"FUNCTION", b"RESTORE", dump([library(b"good"), library(b"slow", GROWS_FOR_SECONDS)])),
        BODY_SLOW,
    ),
}


@pytest.mark.parametrize("name", HELD)
def test_what_takes_too_long_is_killed_and_nobody_waits_for_it(
    lasting: Daemon, other: Client, name: str
) -> None:
    words, answer = HELD[name]
    asking = Asking(lasting, words)
    assert asking.others_are_served(other, b"PING") == {b"PONG"}
    assert asking.replies == [answer]
    assert other.ask(b"FUNCTION", b"LIST") == []
    assert other.ask(b"FUNCTION", b"LOAD", library(b"good")) == b"good"
    assert other.ask(b"FCALL", b"f_good", 0) == b"text"


def test_a_text_that_a_script_compiles_can_be_killed(node: Daemon, client: Client) -> None:
    client.ask(b"CONFIG", b"SET", b"busy-reply-threshold", 20)
    asking = Asking(node, (b"EVAL", b"return loadstring(ARGV[1]) and 1", 0, SLOW_TO_COMPILE))
    while not str(client.ask(b"PING")).startswith("b'BUSY "):
        assert asking.is_alive(), asking.replies
    assert client.ask(b"SCRIPT", b"KILL") == b"OK"
    asking.join()
    [answer] = asking.replies
    assert b"killed by user" in answer  # type: ignore[operator] # a text, or the test fails


def test_texts_of_a_transaction_are_checked_before_it_begins(lasting: Daemon, other: Client) -> None:
    asking = Asking(
        lasting,
        (b"MULTI",),
        (b"SET", b"key", b"of the transaction"),
        (b"EVAL", SLOW_TO_COMPILE, 0),
        (b"FUNCTION", b"LOAD", library(b"slow", GROWS_FOR_SECONDS)),
        (b"FUNCTION", b"LOAD", library(b"good", LONG)),
        (b"EVAL", LONG + b"return x", 0),
        (b"GET", b"key"),
        (b"EXEC",),
    )
    assert asking.others_are_served(other, b"GET", b"key") <= {None, b"of the transaction"}
    results = asking.replies[-1]
    assert isinstance(results, list)
    assert [getattr(each, "text", each) for each in results] == [
        b"OK",
        SCRIPT_SLOW,
        BODY_SLOW,
        b"good",
        b"text",
        b"of the transaction",
    ]


def test_long_texts_that_are_quick_work_as_short_ones_do(other: Client) -> None:
    assert other.ask(b"EVAL", LONG + b"return x .. ARGV[1]", 0, b"!") == b"text!"
    assert other.ask(b"EVAL", LONG + b"return x .. ARGV[1]", 0, b"?") == b"text?"
    digest = other.ask(b"SCRIPT", b"LOAD", b"#!lua\n" + LONG + b"return x")
    assert isinstance(digest, bytes)
    assert other.ask(b"EVALSHA", digest, 0) == b"text"
    assert other.ask(b"FUNCTION", b"LOAD", library(b"long", LONG)) == b"long"
    assert other.ask(b"FCALL", b"f_long", 0) == b"text"
    assert other.ask(b"FUNCTION", b"LOAD", library(b"loops", b"for i = 1, 100000 do end ")) == b"loops"
    assert other.ask(b"FCALL", b"f_loops", 0) == b"text"
    assert other.ask(b"EVAL", LONG + b"\nfunction(", 0) == (
        b"ERR Error compiling script (new function): user_script:2: '<name>' expected near '('"
    )
    assert other.ask(b"EVAL", LONG + b"\nreturn redis.call('nothing')", 0) == (
        b"ERR Unknown command called from script script: on @user_script:2."
    )
    assert other.ask(b"FUNCTION", b"LOAD", library(b"bad", LONG + b"\nlocal y = 1 + nil ")) == (
        b"ERR Error registering functions: ERR user_function:3: attempt to perform arithmetic on a nil value"
    )


@pytest.mark.usefixtures("other")
def test_requests_behind_one_that_is_checked_are_answered_in_their_order(lasting: Daemon) -> None:
    with socket.create_connection(lasting.resp_addresses[0], READY_SECONDS) as client:
        client.settimeout(READY_SECONDS)
        client.sendall(
            command("ECHO", "first")
            + command("EVAL", LONG + b"return x", 0)
            + command("ECHO", "second")
            + command("FUNCTION", "LOAD", library(b"loops", b"for i = 1, 100000 do end "))
            + command("ECHO", "third")
        )
        wanted = b"$5\r\nfirst\r\n$4\r\ntext\r\n$6\r\nsecond\r\n$5\r\nloops\r\n$5\r\nthird\r\n"
        got = b""
        while len(got) < len(wanted):
            got += client.recv(1000)
        assert got == wanted


def test_a_client_that_has_gone_ends_its_check(node: Daemon, client: Client) -> None:
    assert client.ask(b"EVAL", LONG + b"return x", 0) == b"text"
    [zygote] = children(node.process.pid)
    [worker] = children(zygote)
    gone_soon = socket.create_connection(node.resp_addresses[0], READY_SECONDS)
    gone_soon.sendall(command("EVAL", SLOW_TO_COMPILE, 0))
    gone_soon.close()
    wait_for(lambda: worker not in children(zygote))
    assert client.ask(b"EVAL", LONG + b"return 1", 0) == 1


def test_a_stop_ends_a_check_and_its_text_is_not_compiled_then(node: Daemon, client: Client) -> None:
    assert client.ask(b"EVAL", LONG + b"return x", 0) == b"text"
    [zygote] = children(node.process.pid)
    [worker] = children(zygote)
    before = processor_seconds(worker)
    with socket.create_connection(node.resp_addresses[0], READY_SECONDS) as waiting:
        waiting.settimeout(120)
        waiting.sendall(command("EVAL", SLOW_TO_COMPILE, 0))
        wait_for(lambda: processor_seconds(worker) > before + 0.2)
        node.process.terminate()
        got = b"".join(iter(lambda: waiting.recv(1000), b""))
    assert got in {b"", b"-%s\r\n" % GIVEN_UP}
    assert node.process.wait(READY_SECONDS) == 0


def test_without_workers_the_error_says_so_and_short_texts_are_served(node: Daemon, client: Client) -> None:
    assert client.ask(b"PING") == b"PONG"
    open_now = len(tuple(Path(f"/proc/{node.process.pid}/fd").iterdir()))
    resource.prlimit(node.process.pid, resource.RLIMIT_NOFILE, (open_now, open_now))
    answer = client.ask(b"EVAL", LONG + b"return x", 0)
    assert isinstance(answer, bytes)
    assert answer.startswith(
        b"ERR Error compiling script (new function): text cannot be checked: no process can be made: "
    )
    assert client.ask(b"EVAL", b"return 1", 0) == 1


def test_a_worker_that_dies_fails_its_text_alone(node: Daemon, client: Client) -> None:
    assert client.ask(b"EVAL", LONG + b"return x", 0) == b"text"
    [zygote] = children(node.process.pid)
    [worker] = children(zygote)
    asking = Asking(node, (b"EVAL", SLOW_TO_COMPILE, 0))
    wait_for(lambda: processor_seconds(worker) > 0.5)
    os.kill(worker, signal.SIGKILL)
    asking.join()
    assert asking.replies == [
        b"ERR Error compiling script (new function): the process that checked the text has ended"
    ]
    assert client.ask(b"EVAL", LONG + b"return 1", 0) == 1

"""While a change of libraries is stored, its client waits, and the others are served."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from asudfd.valkey.reply import CommandFailed
from tests.recorded.valkey import ReplyStream, command
from tests.service.test_valkey_sessions import Served, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from asudfd.valkey.libraries import Ended, Texts

LONG = 60.0
"""Seconds that only a hang takes."""

FAILURE = CommandFailed("ERR the change could not be stored: disk full")


class SlowStore:
    """A store whose changes take until the test ends each of them."""

    def __init__(self, served: Served) -> None:
        self._reactor = served.server.reactor
        self._libraries = served.server.state.libraries
        self._begun = threading.Semaphore(0)
        self._changes: list[tuple[Texts, Ended]] = []

    def change(self, texts: Texts, ended: Ended) -> None:
        self._changes.append((texts, ended))
        self._begun.release()

    def wait(self, done: Callable[[], bool]) -> None:
        self._reactor.wait(done)

    def end(self, failure: CommandFailed | None = None) -> None:
        """End the change that has begun, or begins now."""
        assert self._begun.acquire(timeout=LONG)
        texts, ended = self._changes.pop(0)
        if failure is None:
            self._reactor.call_soon_threadsafe(partial(self._libraries.accept, texts))
        self._reactor.call_soon_threadsafe(partial(ended, failure))

    def begun(self) -> None:
        """Return when a change has begun."""
        assert self._begun.acquire(timeout=LONG)
        self._begun.release()


@pytest.fixture
def served() -> Iterator[Served]:
    yield from serve()


@pytest.fixture
def store(served: Served) -> SlowStore:
    made = SlowStore(served)
    served.server.state.libraries.store = made
    return made


def load(result: int, *, replace: bool = False, name: str = "a") -> bytes:
    code = f"#!lua name={name}\nserver.register_function('{name}', function() return {result} end)"
    return command(["FUNCTION", "LOAD", *(["REPLACE"] if replace else []), code])


def fcall(name: str = "a") -> bytes:
    return command(["FCALL", name, "0"])


def ask(stream: ReplyStream, request: bytes) -> bytes:
    stream.send(request)
    reply: bytes = stream.read()
    return reply


def test_others_are_served_while_a_library_is_stored_and_its_client_waits(
    served: Served, store: SlowStore
) -> None:
    loader, other = served.connect(), served.connect()
    loader.send(command(["SET", "k", "1"]) + load(1) + fcall() + command(["GET", "k"]))
    assert loader.read() == b"+OK\r\n"
    assert ask(other, fcall()) == b"-ERR Function not found\r\n"
    assert ask(other, command(["INCR", "k"])) == b":2\r\n"
    store.end()
    assert [loader.read() for _ in range(3)] == [b"$1\r\na\r\n", b":1\r\n", b"$1\r\n2\r\n"]
    assert ask(other, fcall()) == b":1\r\n"


def test_a_change_that_fails_is_an_error_of_its_client_alone(served: Served, store: SlowStore) -> None:
    loader = served.connect()
    loader.send(load(1) + fcall())
    store.end(FAILURE)
    assert loader.read() == b"-ERR the change could not be stored: disk full\r\n"
    assert loader.read() == b"-ERR Function not found\r\n"
    assert b"failed_calls=1" in ask(loader, command(["INFO", "commandstats"])).split(b"function|load")[1]


def test_changes_of_several_clients_follow_each_other(served: Served, store: SlowStore) -> None:
    first, second, third, other = (served.connect() for _ in range(4))
    first.send(load(1))
    store.begun()
    for client, request in ((second, load(2)), (third, command(["FUNCTION", "FLUSH"]))):
        client.send(request + fcall())
        assert ask(other, command(["PING"])) == b"+PONG\r\n"  # now the request has been seen
    store.end()
    assert first.read() == b"$1\r\na\r\n"
    assert second.read() == b"-ERR Library 'a' already exists\r\n"
    assert second.read() == b":1\r\n"
    store.end()
    assert third.read() == b"+OK\r\n"
    assert third.read() == b"-ERR Function not found\r\n"


def test_a_transaction_waits_for_a_change_and_holds_the_others_during_its_own(
    served: Served, store: SlowStore
) -> None:
    loader, client, other = (served.connect() for _ in range(3))
    loader.send(load(1))
    store.begun()
    client.send(command(["MULTI"]) + load(2, replace=True) + fcall() + command(["EXEC"]) + fcall())
    assert [client.read() for _ in range(3)] == [b"+OK\r\n", b"+QUEUED\r\n", b"+QUEUED\r\n"]
    assert ask(other, command(["PING"])) == b"+PONG\r\n"
    store.end()
    assert loader.read() == b"$1\r\na\r\n"
    store.end()
    assert client.read() == b"*2\r\n$1\r\na\r\n:2\r\n"
    assert client.read() == b":2\r\n"


def test_a_client_that_leaves_has_its_library_loaded_all_the_same(served: Served, store: SlowStore) -> None:
    loader, other = served.connect(), served.connect()
    loader.send(load(1))
    store.begun()
    assert ask(other, command(["CLIENT", "KILL", "SKIPME", "yes"])) == b":1\r\n"
    assert loader.ends()
    store.end()
    while ask(other, fcall()) != b":1\r\n":
        pass


def test_the_reply_of_a_silent_client_is_left_out(served: Served, store: SlowStore) -> None:
    loader = served.connect()
    loader.send(command(["CLIENT", "REPLY", "SKIP"]) + load(1) + fcall())
    store.end()
    assert loader.read() == b":1\r\n"


def test_a_change_that_ends_while_a_function_runs_is_taken_at_its_end(
    served: Served, store: SlowStore
) -> None:
    loader, runner, other = (served.connect() for _ in range(3))
    assert ask(other, command(["CONFIG", "SET", "busy-reply-threshold", "1"])) == b"+OK\r\n"
    loader.send(load(1))
    store.begun()
    runner.send(command(["EVAL", "while true do end", "0"]))
    while not ask(other, fcall()).startswith(b"-BUSY"):
        pass
    store.end()
    endless = served.connect()
    endless.send(load(1))
    assert endless.read().startswith(b"-BUSY")
    assert ask(other, command(["SCRIPT", "KILL"])) == b"+OK\r\n"
    assert runner.read().startswith(b"-ERR Script killed")
    assert loader.read() == b"$1\r\na\r\n"
    assert ask(other, fcall()) == b":1\r\n"


def test_a_client_that_sends_no_more_gets_all_replies(served: Served, store: SlowStore) -> None:
    loader, other = served.connect(), served.connect()
    loader.send(load(1) + fcall() + load(2, replace=True) + fcall())
    store.begun()
    loader.send(command(["ECHO", "behind"]))
    loader.sends_no_more()
    assert ask(other, command(["PING"])) == b"+PONG\r\n"
    store.end()
    assert [loader.read() for _ in range(2)] == [b"$1\r\na\r\n", b":1\r\n"]
    store.end()
    assert [loader.read() for _ in range(3)] == [b"$1\r\na\r\n", b":2\r\n", b"$6\r\nbehind\r\n"]
    assert loader.ends()


def test_a_client_that_sends_no_more_while_another_one_changes_libraries(
    served: Served, store: SlowStore
) -> None:
    first, second, other = (served.connect() for _ in range(3))
    first.send(load(1))
    store.begun()
    second.send(command(["MULTI"]) + load(2, replace=True) + command(["EXEC"]) + fcall())
    second.sends_no_more()
    assert ask(other, command(["PING"])) == b"+PONG\r\n"
    store.end()
    store.end()
    replies = [second.read() for _ in range(4)]
    assert replies == [b"+OK\r\n", b"+QUEUED\r\n", b"*1\r\n$1\r\na\r\n", b":2\r\n"]
    assert second.ends()

"""A command that brings a long text, or a body that holds on, waits for its check; the verdict is for those texts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from asudfd.lua.valkey.chunk_compiler import compile_chunk
from asudfd.valkey.lua_text import LIBRARY, LONG, SCRIPT, CheckedText, CommandHeldError, LuaText
from asudfd.valkey.text_check import UNCHECKED
from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

FIRST, SECOND = (b"return '%s' " % word + b" " * LONG for word in (b"first", b"second"))
LOOPS = b"#!lua name=loops\nfor i = 1, 100000 do end server.register_function('f', function() return 1 end)"


class Connection:
    """What a check wants of a connection."""

    closed = is_secure = False
    bytes_received = bytes_sent = 0

    def __init__(self) -> None:
        self.resumed = 0

    def resume(self, reply: bytes) -> None:
        assert reply == b""
        self.resumed += 1


class Checker:
    """Holds what it is to check until the test ends it."""

    def __init__(self) -> None:
        self.asked: list[LuaText] = []
        self.given_up = 0
        self._ended: Callable[[Mapping[LuaText, CheckedText]], None]

    def check(
        self, texts: Sequence[LuaText], ended: Callable[[Mapping[LuaText, CheckedText]], None]
    ) -> Callable[[], None]:
        """Hold them."""
        self.asked, self._ended = list(texts), ended
        return self._give_up

    def _give_up(self) -> None:
        self.given_up += 1

    def fail(self) -> None:
        """Nothing has come of it."""
        self._ended(dict.fromkeys(self.asked, UNCHECKED))

    def end(self) -> None:
        """All of them are good."""
        found = {text: CheckedText(*compile_chunk(text.compiled, text.chunk)) for text in self.asked}
        self._ended(found)


@pytest.fixture
def checker() -> Checker:
    return Checker()


@pytest.fixture
def client(checker: Checker) -> ServedClient:
    keyspace = ServedKeyspace()
    keyspace.state.texts.use(checker)
    return connected(keyspace.client())


def connected(client: ServedClient) -> ServedClient:
    client.client.connection = cast("Any", Connection())
    return client


def held(client: ServedClient, *words: object) -> None:
    with pytest.raises(CommandHeldError):
        client.run(*words)


def test_a_long_script_waits_and_runs_when_it_is_checked(client: ServedClient, checker: Checker) -> None:
    held(client, "EVAL", FIRST, 0)
    assert checker.asked == [LuaText(SCRIPT, FIRST)]
    held(client, "EVAL", FIRST, 0)
    checker.end()
    assert client.run("EVAL", FIRST, 0) == b"first"
    assert client.run("EVAL", FIRST, 0) == b"first"


def test_the_verdict_on_one_text_is_none_on_another(client: ServedClient, checker: Checker) -> None:
    held(client, "EVAL", FIRST, 0)
    checker.end()
    held(client, "EVAL", SECOND, 0)
    assert checker.asked == [LuaText(SCRIPT, SECOND)]
    checker.end()
    held(client, "FUNCTION", "LOAD", LOOPS)
    checker.end()
    assert client.run("FUNCTION", "LOAD", LOOPS) == b"loops"


def test_a_body_that_does_not_end_soon_is_checked(client: ServedClient, checker: Checker) -> None:
    held(client, "FUNCTION", "LOAD", LOOPS)
    assert checker.asked == [LuaText(LIBRARY, LOOPS)]
    checker.end()
    assert client.run("FUNCTION", "LOAD", LOOPS) == b"loops"
    assert client.run("FCALL", "f", 0) == 1


def test_what_could_not_be_checked_is_not_compiled(client: ServedClient, checker: Checker) -> None:
    for words in (("EVAL", FIRST, 0), ("SCRIPT", "LOAD", FIRST), ("FUNCTION", "LOAD", LOOPS)):
        held(client, *words)
        checker.fail()
        assert client.run(*words).text.endswith(b": the check of the text was given up")


def test_a_client_that_goes_gives_its_check_up(client: ServedClient, checker: Checker) -> None:
    held(client, "EVAL", FIRST, 0)
    client._keyspace.state.left(client.client)
    assert checker.given_up == 1
    assert client._keyspace.state.pause.held == 0
    checker.end()
    assert cast("Any", client.client.connection).resumed == 0


def test_who_has_gone_on_is_not_resumed_by_the_check(client: ServedClient, checker: Checker) -> None:
    """It may wait for something else by then."""
    held(client, "EVAL", FIRST, 0)
    client._keyspace.state.pause.release()
    checker.end()
    assert cast("Any", client.client.connection).resumed == 1
    held(client, "EVAL", FIRST, 0)


def test_without_a_connection_nothing_waits(checker: Checker) -> None:
    keyspace = ServedKeyspace()
    keyspace.state.texts.use(checker)
    assert keyspace.client().run("FUNCTION", "LOAD", LOOPS) == b"loops"

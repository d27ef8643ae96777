"""A keyspace that is full: what needs memory is refused, what frees it is not, and the process goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from asudfd.valkey.settings import ValkeySettings
from tests.recorded.valkey import ReplyStream, command
from tests.service.test_valkey_sessions import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = 32 << 20
PAUSE = 0.002
"""Seconds between two looks at a server that is busy, in whose process the test runs."""

OOM = b"-OOM "
LIBRARY = """#!lua name=memory
server.register_function{function_name='grow', flags={'allow-oom'}, callback=function(keys, args)
    for i = 1, 100 do server.call('SET', keys[1] .. i, keys[1] .. i .. string.rep('x', args[1])) end
end}
server.register_function('keep', function(keys, args)
    local kept = {}
    while true do kept[#kept + 1] = #kept .. string.rep('x', 1000) end
end)"""


@pytest.fixture
def full(request: pytest.FixtureRequest) -> Iterator[tuple[Served, ReplyStream, int]]:
    """A server whose keys `k0` to `kN` of so many bytes have filled its memory, a client, and N."""
    for served in serve(ValkeySettings(MEMORY, {"busy-reply-threshold": "100"})):
        stream = served.connect()
        assert stream.call(["FUNCTION", "LOAD", LIBRARY]) == b"$6\r\nmemory\r\n"
        yield served, stream, fill(stream, request.param)


def fill(stream: ReplyStream, size: int) -> int:
    """Set keys until one is refused; says how many were set."""
    pipelined = max(1, 100_000 // (size + 100))
    for first in range(0, 2 * MEMORY // size, pipelined):
        numbers = range(first, first + pipelined)
        stream.send(
            b"".join(command(["SET", f"k{number}", f"{number:09d}x" * (size // 10)]) for number in numbers)
        )
        replies = [stream.read() for _ in numbers]
        refused = [reply for reply in replies if reply != b"+OK\r\n"]
        if refused:
            assert all(reply.startswith(OOM) for reply in refused)
            return first + len(replies) - len(refused)
    raise AssertionError


def every_second_key(count: int) -> list[str]:
    return [f"k{number}" for number in range(0, count, 2)]


@pytest.mark.parametrize("full", [2_000_000, 100_000, 3_000, 100], indirect=True)
def test_a_full_keyspace_refuses_what_needs_memory_and_serves_the_rest(
    full: tuple[Served, ReplyStream, int],
) -> None:
    _, stream, count = full
    assert stream.call(["GET", "k0"]).endswith(b"000000000x\r\n")
    assert stream.call(["STRLEN", "nothing"]) == b":0\r\n"
    assert stream.call(["SET", "large", "y" * 5_000_000]).startswith(OOM)
    assert stream.call(["EVAL", "return redis.call('SET', 'k', 1)", "0"]).startswith(OOM)
    assert stream.call(["DEL", *every_second_key(count)]) == b":%d\r\n" % ((count + 1) // 2)
    assert stream.call(["SET", "again", "z" * 100_000]) == b"+OK\r\n"


@pytest.mark.parametrize("full", [100_000], indirect=True)
def test_what_the_host_gives_to_lua_has_room(full: tuple[Served, ReplyStream, int]) -> None:
    """Replies of the host's commands in scripts, payloads that are dumped, and such that are restored."""
    _, stream, _ = full
    payload = stream.call(["DUMP", "k0"]).partition(b"\r\n")[2][:-2].decode("latin-1")
    assert stream.call(["RESTORE", "restored", "0", payload]).startswith(OOM)
    flags = "#!lua flags=allow-oom\n"
    assert stream.call(["EVAL", flags + "return #redis.call('DUMP', 'k1')", "0"]).startswith((b":", OOM))
    assert stream.call(["EVAL", flags + "return #redis.call('COMMAND', 'DOCS')", "0"]).startswith((b":", OOM))
    # how near to its limit the last key has brought it depends on when garbage was collected
    assert stream.call(["CONFIG", "SET", "maxmemory", str(MEMORY - (1 << 20))]) == b"+OK\r\n"
    transaction = [["MULTI"], ["SET", "large", "y" * 3_000_000], ["GET", "k1"], ["EXEC"]]
    assert stream.call(transaction[0]) == b"+OK\r\n"
    assert stream.call(transaction[1]).startswith(OOM)
    assert stream.call(["DISCARD"]) == b"+OK\r\n"


@pytest.mark.parametrize("full", [3_000], indirect=True)
def test_functions_that_may_ignore_the_limit_end_at_one_of_their_own(
    full: tuple[Served, ReplyStream, int],
) -> None:
    served, stream, _ = full
    for number in range(MEMORY // 100_000):
        if stream.call(["FCALL", "grow", "1", f"g{number}:", "2000"]).startswith(OOM):
            break
    else:
        raise AssertionError
    assert served.server.state.engine.memory_used() < MEMORY // 2 * 3
    assert stream.call(["FLUSHALL"]) == b"+OK\r\n"
    assert stream.call(["FCALL", "grow", "1", "g:", "10"]) == b"$-1\r\n"


@pytest.mark.parametrize("full", [3_000], indirect=True)
def test_a_function_that_takes_all_memory_while_others_are_served_ends(
    full: tuple[Served, ReplyStream, int],
) -> None:
    served, stream, count = full
    stream.call(["DEL", *every_second_key(count)])
    other = served.connect()
    stream.send(command(["FCALL", "keep", "0"]))
    while other.call(["SET", "asked", "1"]).startswith(b"-BUSY"):
        assert other.call(["FUNCTION", "STATS"]).startswith(b"*")
        time.sleep(PAUSE)
    assert stream.read().startswith((b"-ERR not enough memory", OOM))
    assert served.server.state.engine.memory_used() < 2 * MEMORY


def test_a_long_text_of_an_error_is_cut_and_the_call_ends() -> None:
    for served in serve(ValkeySettings(MEMORY, {"busy-reply-threshold": "20"})):
        stream = served.connect()
        body = "local t = {} for i = 1, 1e6 do t[i %% 10] = i end error({err = string.rep('x', %d)})"
        for size in (100_000, 12_000_000, 20_000_000):
            reply = stream.call(["EVAL", body % size, "0"])
            assert reply.startswith((b"-xxx", b"-ERR not enough memory", OOM))
            assert len(reply) < 100_000
            assert stream.call(["SET", "k", "v"]) == b"+OK\r\n"
            assert stream.call(["SCRIPT", "KILL"]).startswith(b"-NOTBUSY")


def test_a_script_of_nested_protected_calls_is_killed() -> None:
    body = "while true do pcall(function() pcall(function() while true do end end) end) end"
    for served in serve(ValkeySettings(MEMORY, {"busy-reply-threshold": "20"})):
        stream, other = served.connect(), served.connect()
        stream.send(command(["EVAL", body, "0"]))
        while other.call(["SCRIPT", "KILL"]) != b"+OK\r\n":
            time.sleep(PAUSE)
        assert stream.read().startswith(b"-ERR Script killed")
        assert other.call(["GET", "k"]) == b"$-1\r\n"


@pytest.mark.parametrize(
    "body",
    [
        "local function f() pcall(f) f() end f()",
        "local function g() pcall(g) pcall(g) pcall(g) end while true do g() end",
        "local function g() pcall(pcall, pcall, g) end while true do g() end",
    ],
)
def test_a_script_that_is_always_too_deep_to_serve_others_ends(body: str) -> None:
    for served in serve(ValkeySettings(MEMORY, {"busy-reply-threshold": "20"})):
        stream, other = served.connect(), served.connect()
        stream.send(command(["EVAL", body, "0"]))
        while (reply := other.call(["GET", "k"])).startswith(b"-BUSY"):
            assert other.call(["SCRIPT", "KILL"]).startswith((b"+OK", b"-NOTBUSY"))
            time.sleep(PAUSE)
        assert reply == b"$-1\r\n"
        assert stream.read().startswith((b"-ERR Script killed", b"-ERR stack overflow"))


def test_nothing_of_a_payload_that_was_not_restored_is_left() -> None:
    for served in serve(ValkeySettings(MEMORY)):
        stream = served.connect()
        small = dump_of(stream, ["XADD", "s", "1-1", "field", "value"])
        fields = [word for number in range(100_000) for word in (f"f{number}", "v")]
        large = dump_of(stream, ["XADD", "s", "1-1", *fields])
        count = fill(stream, 100_000)
        stream.call(["DEL", *(f"k{number}" for number in range(count // 10))])
        assert stream.call(["RESTORE", "large", "0", large]).startswith(b"-OOM not enough")
        stream.call(["FLUSHALL"])
        assert stream.call(["RESTORE", "s", "0", small]) == b"+OK\r\n"
        assert stream.call(["DUMP", "s"]).partition(b"\r\n")[2][:-2].decode("latin-1") == small


def dump_of(stream: ReplyStream, words: list[str]) -> str:
    """The payload of the key that a command makes, each character a byte."""
    assert stream.call(words).startswith(b"$")
    payload = stream.call(["DUMP", words[1]]).partition(b"\r\n")[2][:-2].decode("latin-1")
    assert stream.call(["DEL", words[1]]) == b":1\r\n"
    return payload

"""Hostile clients of the Valkey face: each gets an error or the end of its connection, and a bystander is answered."""

from __future__ import annotations

import contextlib
import random
import resource
import socket
from typing import TYPE_CHECKING

import pytest

from asinfo.wire.functions import dump as dump_libraries
from asudfd.valkey.settings import ValkeySettings
from tests.recorded.valkey import ConnectionOver, ReplyStream, command
from tests.service.test_valkey_sessions import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = 128 << 20
"""Bytes of the Lua state of the server under test."""

GROWTH_MAX = 3 * MEMORY
"""Bytes by which one attack may make the process larger at its height: the Lua state, and its replies on the way out."""

LIBRARY = """#!lua name=lib
server.register_function('f', function(keys, args) return server.call('SET', keys[1], args[1]) end)"""


@pytest.fixture(scope="module")
def hostile() -> Iterator[Served]:
    yield from serve(ValkeySettings(MEMORY, {"busy-reply-threshold": "100"}))


@pytest.fixture
def served(hostile: Served) -> Iterator[Served]:
    """A server that must answer a bystander afterwards, and has not grown beyond a limit."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    bystander = hostile.connect()
    yield hostile
    assert bystander.call(["PING"]) == b"+PONG\r\n"
    assert bystander.call(["FLUSHALL"]) == b"+OK\r\n"
    assert bystander.call(["FUNCTION", "FLUSH"]) == b"+OK\r\n"
    bystander.close()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < GROWTH_MAX


def told(stream: ReplyStream) -> bytes:
    """Replies up to the end of the connection, or up to a reply that is an error."""
    try:
        while not (reply := stream.read()).startswith(b"-"):
            continue
    except (ConnectionOver, ConnectionError):
        return b""
    return reply


GARBAGE = {
    "zeros": b"\0" * 100,
    "a line without end": b"x" * 70_000,
    "a web request": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": bytes.fromhex("16030100a5010000a10303") + bytes(range(64)) + b"\r\n" * 3 + b"\n",
    "a count that is no number": b"*x\r\n",
    "too many arguments": b"*1048577\r\n",
    "a negative size": b"*1\r\n$-5\r\nPING\r\n",
    "a size too large": b"*1\r\n$536870913\r\n",
    "a size that overflows": b"*1\r\n$99999999999999999999\r\n",
    "a count that overflows": b"*99999999999999999999\r\n",
    "no bulk": b"*1\r\n:1\r\n",
    "a wrong end": b"*1\r\n$4\r\nPINGxx",
    "unbalanced quotes": b'SET a "b\r\n',
    "arrays in an array": b"*1\r\n" * 1000,
    "an endless header": b"*" + b"1" * 70_000,
    "a message of another protocol": bytes([2, 3]) + bytes(6) + b"\n" * 2 + b'"',
}


@pytest.mark.parametrize("data", GARBAGE.values(), ids=GARBAGE)
def test_garbage(served: Served, data: bytes) -> None:
    stream = served.connect()
    with contextlib.suppress(ConnectionError):
        stream.send(data)
    assert told(stream).startswith((b"-ERR ", b""))
    assert stream.ends()


HALF = (
    b"*",
    b"*2\r\n$3\r\nGET",
    b"*1\r\n$536870912\r\nx",
    b"*1048576\r\n$1\r\nx\r\n",
    b"PIN",
    b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n",
)


def test_half_requests_and_lying_lengths_take_no_memory(served: Served) -> None:
    """200 connections promise half a gigabyte each."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    streams = [served.connect() for _ in range(200)]
    for number, stream in enumerate(streams):
        stream.send(HALF[number % len(HALF)])
    assert streams[0] is not None
    other = served.connect()
    assert other.call(["PING"]) == b"+PONG\r\n"
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 20 << 10
    for stream in streams:
        stream.close()


def test_random_bytes(served: Served) -> None:
    source = random.Random(1)
    alphabet = [
        b"*",
        b"$",
        b"1",
        b"2",
        b"-",
        b"\r\n",
        b"\r\n",
        b"\n",
        b"PING",
        b"GET",
        b"a",
        b"\0",
        b'"',
        b"'",
        b"\\x",
    ]
    for _ in range(150):
        stream = served.connect()
        with contextlib.suppress(ConnectionError):
            stream.send(b"".join(source.choices(alphabet, k=60)))
        stream.close()


def test_two_thousand_connections(served: Served) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 6000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    count = min(2000, (max(soft, wanted) - 500) // 2)
    streams: list[socket.socket] = []
    try:
        streams.extend(socket.create_connection(served.address, timeout=60) for _ in range(count))
        for stream in streams:
            stream.sendall(b"PING\r\n")
        for stream in streams:
            assert stream.recv(100) == b"+PONG\r\n"
    finally:
        for stream in streams:
            stream.close()


def test_clients_that_do_not_read(served: Served) -> None:
    writer = served.connect()
    writer.call(["SET", "large", "x" * 1_000_000])
    idle = [served.connect() for _ in range(20)]
    for stream in idle:
        stream.send(b"GET large\r\n" * 500)
    subscriber = served.connect()
    subscriber.call(["SUBSCRIBE", "news"])
    writer.call(["CONFIG", "SET", "client-output-buffer-limit", "pubsub 5000000 0 0"])
    for _ in range(30):
        writer.call(["PUBLISH", "news", "x" * 1_000_000])
    assert writer.call(["PUBLISH", "news", "x"]) == b":0\r\n"


def test_clients_that_do_not_read_have_a_limit_together(served: Served) -> None:
    """Each takes 20 MB; the one that has asked to stay does."""
    writer = served.connect()
    writer.call(["SET", "large", "x" * 20_000_000])
    kept = served.connect()
    kept.call(["CLIENT", "NO-EVICT", "ON"])
    writer.call(["CONFIG", "SET", "maxmemory-clients", "50mb"])
    idle = [kept, *(served.connect() for _ in range(8))]
    for stream in idle:
        stream.send(b"GET large\r\n")
    evicted = 0
    while evicted < 5:
        info = writer.call(["INFO", "stats"])
        evicted = int(info.partition(b"evicted_clients:")[2].split()[0])
    assert kept.read() == b"$20000000\r\n" + b"x" * 20_000_000 + b"\r\n"
    assert writer.call(["CONFIG", "SET", "maxmemory-clients", "0"]) == b"+OK\r\n"


DEEP = {
    "json": "return cjson.decode(string.rep('[', 200000))",
    "json of tables": "local t = {} for i = 1, 100000 do t = {t} end return cjson.encode(t)",
    "a table in itself": "local t = {} t[1] = t return cjson.encode(t)",
    "a reply in itself": "local t = {} t[1] = t return t",
    "a deep reply": "local t = {} for i = 1, 100000 do t = {t} end return t",
    "a pack in itself": "local t = {} t[1] = t return #cmsgpack.pack(t)",
    "a deep pack": "return cmsgpack.unpack(string.rep('\\145', 200000))",
    "recursion": "local function f() return 1 + f() end return f()",
    "a recursive pcall": "local function f() return pcall(f) end return tostring(f())",
    "an error in itself": "local t = {} t.err = t error(t)",
    "a metatable of strings": "return getmetatable('').__index",
    "a deep pattern": "return string.find(string.rep('a', 100000), string.rep('(a', 40))",
    "a slow pattern": "return string.find(string.rep('a', 100000), string.rep('a*', 40) .. 'b')",
    "text too large": "return #string.rep('x', 2^31)",
    "doubling text": "local s = 'x' while true do s = s .. s end",
    "growing table": "local t = {} while true do t[#t + 1] = string.rep('x', 10000) end",
    "a caught bomb": "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine end",
    "a large concat": "local t = {} for i = 1, 1000 do t[i] = string.rep('x', 1000000) end return #table.concat(t)",
    "unpack": "return unpack({}, 1, 1e8)",
    "format": "return string.format('%999999d', 1)",
    "struct of a lying length": "return struct.unpack('c2147483647', 'x')",
    "struct of a large pad": "return #struct.pack('i' .. string.rep('x', 1000000), 1)",
    "struct of a large size": "return struct.pack('i99999999999', 1)",
    "struct of a negative place": "return struct.unpack('I4', 'abcdefgh', -5)",
    "pack of a lying length": "return cmsgpack.unpack('\\221\\255\\255\\255\\255')",
    "pack of a lying text": "return cmsgpack.unpack('\\219\\255\\255\\255\\255x')",
    "pack of a lying map": "return cmsgpack.unpack('\\223\\127\\255\\255\\255')",
    "a million packs": "return cmsgpack.unpack(string.rep('\\192', 1000000))",
    "json of numbers": "return cjson.decode('[' .. string.rep('1e999,', 1000) .. '1]')",
    "broken json": "return cjson.decode('{\"a\":' .. string.rep('{\"a\":', 999))",
    "json of surrogates": "return cjson.decode('\"\\\\ud800\\\\ud800\"')",
    "sparse json": "return cjson.encode({[1e9] = 1, [1] = 2})",
    "many keys": "for i = 1, 1e9 do server.call('SET', i, i .. string.rep('x', 20000)) end",
    "one large value": "for i = 1, 1e9 do server.call('APPEND', 'k', string.rep('x', 1000000)) end",
    "a far bit": "return server.call('SETBIT', 'k', 4294967295, 1)",
    "a far range": "return server.call('SETRANGE', 'k', 536870911, 'x')",
    "bytecode": "return loadstring(string.dump(function() end))()",
    "many globals": "for i = 1, 1e7 do _G['x' .. i] = 1 end",
    "gsub": "return #string.gsub(string.rep('x', 1000000), 'x', string.rep('y', 1000000))",
    "sort": "local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() return true end) return 1",
    "sort with errors": "table.sort({1, {}, 'x'})",
}


@pytest.mark.parametrize("code", DEEP.values(), ids=DEEP)
def test_hostile_scripts(served: Served, code: str) -> None:
    """Each ends, or is killed; what it took is given back."""
    stream, killer = served.connect(), served.connect()
    stream.send(command(["EVAL", code, "0"]))
    await_answer(stream, killer)
    assert killer.call(["EVAL", "return #string.rep('x', 1000000)", "0"]).startswith(
        (b":1000000\r\n", b"-ERR not enough memory", b"-OOM ")
    )


def await_answer(stream: ReplyStream, killer: ReplyStream) -> bytes:
    """The reply to a request; if it is busy, it is killed, or the keys are too many and it may have to be ended."""
    while killer.call(["GET", "k"]).startswith(b"-BUSY"):
        if killer.call(["SCRIPT", "KILL"]).startswith(b"-UNKILLABLE"):
            break
    return stream.read()


LOADS = {
    "endless": "while true do end",
    "endless and caught": "while true do pcall(function() while true do end end) end",
    "a bomb": "local t = {} while true do t[#t + 1] = string.rep('x', 10000) end",
    "doubling": "local s = 'x' while true do s = s .. s end",
    "many functions": "for i = 1, 1e9 do server.register_function('f' .. i, function() end) end",
    "recursion": "local function f() return 1 + f() end f()",
    "deep text": "return " + "(" * 5000 + "1" + ")" * 5000,
    "deep tables": "return " + "{" * 5000 + "}" * 5000,
    "many locals": "".join(f"local a{each} = 1\n" for each in range(300)),
    "a command": "server.call('SET', 'a', 1)",
    "its own name": "server.register_function('f', 1)",
    "a pattern": "string.find(string.rep('a', 100000), string.rep('a*', 40) .. 'b')",
    "bytecode": "\x1bLua",
    "zeros": "\0\0\0",
}


@pytest.mark.parametrize("code", LOADS.values(), ids=LOADS)
def test_hostile_loads(served: Served, code: str) -> None:
    stream = served.connect()
    stream.call(["FUNCTION", "LOAD", LIBRARY])
    reply = stream.call(["FUNCTION", "LOAD", "#!lua name=bad\n" + code])
    assert reply.startswith((b"-ERR ", b"-OOM"))
    assert stream.call(["FCALL", "f", "1", "k", "v"]) == b"+OK\r\n"
    assert b"bad" not in stream.call(["FUNCTION", "LIST"])


def payloads() -> Iterator[bytes]:
    """A good payload of two libraries with a byte changed, cut, and with lengths that lie; the sums fit."""
    good = dump_libraries(
        [LIBRARY.encode(), b"#!lua name=b\nserver.register_function('g', print)"], compressed=True
    )
    yield from (good[:end] for end in range(0, len(good), 11))
    source = random.Random(2)
    for _ in range(60):
        changed = bytearray(good)
        changed[source.randrange(len(good))] ^= 1 << source.randrange(8)
        yield bytes(changed)


def test_broken_payloads_of_functions(served: Served) -> None:
    stream = served.connect()
    for payload in payloads():
        reply = stream.call(["FUNCTION", "RESTORE", payload.decode("latin-1"), "REPLACE"])
        assert reply.startswith(b"-ERR ")
    for bomb in (b"\xf5\xc3\x40\x10\xff\xff\xff\xff", b"\xf5\x81" + b"\xff" * 8, b"\xf5\x80\x7f\xff\xff\xff"):
        body = bomb + b"x" * 16 + (80).to_bytes(2, "little")
        reply = stream.call(["FUNCTION", "RESTORE", (body + bytes(8)).decode("latin-1")])
        assert reply.startswith(b"-ERR ")
    assert stream.call(["FUNCTION", "LIST"]) == b"*0\r\n"


def test_broken_payloads_of_keys(served: Served) -> None:
    stream = served.connect()
    source = random.Random(3)
    for line in (
        "RPUSH v a b c",
        "SADD v 1 2 3",
        "HSET v a 1 b 2",
        "ZADD v 1 a 2 b",
        "XADD v 1-1 a b",
        "SET v text",
    ):
        stream.call(["DEL", "v"])
        stream.call(line.split())
        reply = stream.call(["DUMP", "v"])
        good = reply[reply.index(b"\r\n") + 2 : -2]
        for _ in range(60):
            changed = bytearray(good)
            changed[source.randrange(len(good) - 10)] ^= 1 << source.randrange(8)
            changed[-8:] = bytes(8)  # a sum of zeros is not checked
            answered = stream.call(["RESTORE", "w", "0", changed.decode("latin-1"), "REPLACE"])
            assert answered.startswith((b"-ERR ", b"+OK"))
            for read in (["TYPE", "w"], ["OBJECT", "ENCODING", "w"], ["DUMP", "w"]):
                assert not stream.call(read).startswith(b"-ERR internal")


def test_a_transaction_of_very_many_commands(served: Served) -> None:
    stream = served.connect()
    stream.call(["MULTI"])
    stream.send(b"INCR a\r\n" * 20_000 + b"EXEC\r\n")
    for _ in range(20_000):
        assert stream.read() == b"+QUEUED\r\n"
    assert stream.read().endswith(b":20000\r\n")
    stream.call(["CONFIG", "SET", "client-query-buffer-limit", "1048576"])
    stream.call(["MULTI"])
    refused = b""
    while not refused.startswith(b"-"):
        refused = stream.call(["SET", "a", "x" * 10_000])
    assert stream.call(["EXEC"]).startswith(b"-EXECABORT")
    stream.call(["CONFIG", "SET", "client-query-buffer-limit", "1073741824"])


def test_a_request_of_very_many_arguments(served: Served) -> None:
    stream = served.connect()
    count = 100_000
    stream.send(b"*%d\r\n$3\r\nDEL\r\n" % (count + 1) + b"$1\r\na\r\n" * count)
    assert stream.read() == b":0\r\n"
    stream.send(b"*%d\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n" % (count + 3) + b"$1\r\na\r\n" * count)
    assert stream.read() == b":1\r\n"
    assert stream.call(["MGET", *["a"] * 5000]).count(b"$-1") == 5000


def test_a_request_that_never_ends_is_cut(served: Served) -> None:
    admin, stream = served.connect(), served.connect()
    admin.call(["CONFIG", "SET", "client-query-buffer-limit", "1048576"])
    with contextlib.suppress(ConnectionError):
        stream.send(b"*1000\r\n" + b"$10000\r\n%s\r\n" % (b"x" * 10_000) * 900)
    assert stream.ends()
    admin.call(["CONFIG", "SET", "client-query-buffer-limit", "1073741824"])


def test_one_large_value_many_times_in_one_reply(served: Served) -> None:
    stream = served.connect()
    stream.call(["SET", "large", "x" * 1_000_000])
    stream.send(command(["MGET", *["large"] * 1000]))
    assert told(stream).startswith((b"-OOM", b""))

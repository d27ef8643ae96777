"""A keyspace without a node: all commands, what functions log, and calls that take too long."""

from __future__ import annotations

import pytest

from asinfo.wire.resp_reply import ErrorReply
from asudfd.valkey.load_check import LoadFailed
from asudfd.valkey.offline_keyspace import OfflineKeyspace

LIBRARY = b"""#!lua name=lib
server.register_function('set', function(keys, args) return server.call('SET', keys[1], args[1]) end)
server.register_function('log', function() server.log(server.LOG_WARNING, 'a', 'b') end)
server.register_function('time', function() return #server.call('TIME') end)
server.register_function('loop', function() server.call('SET', 'k', 'v') while true do pcall(error) end end)
server.register_function('wait', function() return server.call('BLPOP', 'none', 0) end)
"""


def test_functions_and_commands() -> None:
    logged: list[tuple[int, bytes]] = []
    keyspace = OfflineKeyspace(5, lambda level, line: logged.append((level, line)))
    assert keyspace.load(LIBRARY) == b"lib"
    assert keyspace.run([b"FCALL", b"set", b"1", b"k", b"v"]) == b"OK"
    assert keyspace.run([b"GET", b"k"]) == b"v"
    assert keyspace.run([b"FCALL", b"time", b"0"]) == 2
    assert keyspace.run([b"FCALL", b"wait", b"0"]) is None
    assert keyspace.run([b"BLPOP", b"none", b"0"]) is None
    assert keyspace.run([b"FCALL", b"log", b"0"]) is None
    assert logged == [(3, b"a b")]


def test_a_library_that_cannot_be_loaded() -> None:
    with pytest.raises(LoadFailed):
        OfflineKeyspace(5, lambda *_: None).load(b"#!lua name=a\nx = = 1")


def test_a_call_ends_when_its_time_is_over_also_after_a_write() -> None:
    keyspace = OfflineKeyspace(0.05, lambda *_: None)
    keyspace.load(LIBRARY)
    for _ in range(2):
        reply = keyspace.run([b"FCALL", b"loop", b"0"])
        assert isinstance(reply, ErrorReply)
        assert reply.text.startswith(b"ERR the function ran for more than 0.05 s")
    assert keyspace.run([b"FCALL", b"set", b"1", b"k", b"v"]) == b"OK"


def test_the_time_of_a_call_is_not_that_of_a_load() -> None:
    keyspace = OfflineKeyspace(0, lambda *_: None)
    assert (
        keyspace.load(b"#!lua name=busy\nfor i = 1, 300000 do end\n" + LIBRARY.partition(b"\n")[2]) == b"busy"
    )
    reply = keyspace.run([b"FCALL", b"loop", b"0"])
    assert isinstance(reply, ErrorReply)
    assert reply.text.startswith(b"ERR the function ran for more than 0 s")


def test_a_call_ends_when_it_is_stopped() -> None:
    keyspace = OfflineKeyspace(600, lambda *_: None, lambda: True)
    keyspace.load(LIBRARY)
    reply = keyspace.run([b"FCALL", b"loop", b"0"])
    assert isinstance(reply, ErrorReply)
    assert reply.text.startswith(b"ERR the function was stopped")

"""MONITOR: what clients are shown of what others do."""

from __future__ import annotations

from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace


def shown(monitor: ServedClient) -> list[bytes]:
    """Database, where it comes from, and words, without the time."""
    return [line.partition(b" ")[2] for line in monitor.sent()]


def test_commands_of_scripts_and_functions_are_shown() -> None:
    keyspace = ServedKeyspace()
    client, monitor = keyspace.client(), keyspace.client()
    library = (
        "#!lua name=l\nserver.register_function('f', function() return server.call('SET', 'k', 'v') end)"
    )
    client.run("FUNCTION", "LOAD", library)
    client.line("SELECT 3")
    monitor.line("MONITOR")
    client.line("FCALL f 0")
    client.run("EVAL", "return redis.pcall('get', 'k')", 0)
    assert shown(monitor) == [
        b'[3 lua] "FCALL" "f" "0"',
        b'[3 lua] "SET" "k" "v"',
        b"""[3 lua] "EVAL" "return redis.pcall('get', 'k')" "0\"""",
        b'[3 lua] "get" "k"',
    ]


def test_who_has_stopped_is_shown_nothing() -> None:
    keyspace = ServedKeyspace()
    client, monitor = keyspace.client(), keyspace.client()
    monitor.line("MONITOR")
    monitor.line("RESET")
    monitor.sent()
    client.run("EVAL", "return redis.call('SET', 'k', 'v')", 0)
    assert monitor.sent() == []
    assert not keyspace.state.engine.lua[b"state"][b"monitored"]


def test_exec_is_shown_behind_what_it_runs() -> None:
    keyspace = ServedKeyspace()
    client, monitor = keyspace.client(), keyspace.client()
    monitor.line("MONITOR")
    for line in ("MULTI", "SET k v", "EXEC"):
        client.line(line)
    assert [line.partition(b"] ")[2] for line in shown(monitor)] == [b'"MULTI"', b'"SET" "k" "v"', b'"EXEC"']

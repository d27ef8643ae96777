"""COMMANDLOG: which commands are noted, and without what is secret."""

from __future__ import annotations

import pytest

from asudfd.valkey.command_log import redacted, request_size
from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace

ALL = {
    f"commandlog-{name}": "0"
    for name in ("execution-slower-than", "request-larger-than", "reply-larger-than")
}
NONE = dict.fromkeys(ALL, "-1")


def logged(client: ServedClient, kind: str = "slow") -> list[str]:
    return [b" ".join(entry[3]).decode() for entry in client.line(f"COMMANDLOG GET -1 {kind}")]


def note(served: ServedKeyspace, client: ServedClient, line: str, seconds: float = 0, reply: int = 0) -> None:
    served.state.command_log.note(client.client, line.encode().split(), seconds, reply)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("AUTH secret", "AUTH (redacted)"),
        ("AUTH user secret", "AUTH (redacted) (redacted)"),
        ("ACL SETUSER joe >secret on", "ACL SETUSER (redacted) (redacted) (redacted)"),
        ("ACL WHOAMI", "ACL WHOAMI"),
        ("CONFIG SET requirepass secret timeout 5", "CONFIG SET requirepass (redacted) timeout 5"),
        ("CONFIG SET timeout 5", "CONFIG SET timeout 5"),
        ("HELLO 3 AUTH user secret SETNAME me", "HELLO 3 AUTH (redacted) (redacted) SETNAME me"),
        ("HELLO 3 AUTH", "HELLO 3 AUTH"),
        ("MIGRATE h 1 k 0 9 AUTH secret KEYS k", "MIGRATE h 1 k 0 9 AUTH (redacted) KEYS k"),
        ("MIGRATE h 1 k 0 9 AUTH2 user secret", "MIGRATE h 1 k 0 9 AUTH2 (redacted) (redacted)"),
        ("SET auth secret", "SET auth secret"),
    ],
)
def test_what_is_secret_is_not_shown(line: str, shown: str) -> None:
    assert b" ".join(redacted(line.encode().split())) == shown.encode()


def test_the_size_of_a_request_is_that_of_its_bytes() -> None:
    assert request_size([b"GET", b"key"]) == len(b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n")


@pytest.mark.parametrize(
    ("kind", "parameter", "noted", "left"),
    [
        ("slow", "execution-slower-than", {"seconds": 0.001}, {"seconds": 0.0009}),
        ("large-reply", "reply-larger-than", {"reply": 1000}, {"reply": 999}),
    ],
)
def test_the_threshold_itself_is_noted(
    kind: str, parameter: str, noted: dict[str, float], left: dict[str, float]
) -> None:
    served = ServedKeyspace(NONE | {f"commandlog-{parameter}": "1000"})
    client = served.client()
    served.state.command_log.note(client.client, [b"A"], noted.get("seconds", 0), int(noted.get("reply", 0)))
    served.state.command_log.note(client.client, [b"B"], left.get("seconds", 0), int(left.get("reply", 0)))
    assert logged(client, kind) == ["A"]


def test_a_long_command_is_a_large_request() -> None:
    served = ServedKeyspace(NONE | {"commandlog-request-larger-than": "100"})
    client = served.client()
    note(served, client, "SET k v")
    note(served, client, f"SET k {'v' * 100}")
    assert logged(client, "large-request") == [f"SET k {'v' * 100}"]
    client.line("COMMANDLOG RESET large-request")
    assert client.line("COMMANDLOG LEN large-request") == 0


def test_the_newest_are_kept() -> None:
    served = ServedKeyspace(
        ALL | {"commandlog-slow-execution-max-len": "2", "commandlog-large-reply-max-len": "0"}
    )
    client = served.client()
    for word in "ABC":
        note(served, client, word)
    assert logged(client) == ["C", "B"]
    assert logged(client, "large-reply") == []


def test_of_a_transaction_its_commands_are_noted() -> None:
    served = ServedKeyspace(ALL)
    client = served.client()
    for line in ("MULTI", "SET a 1", "ACL SETUSER joe", "EXEC"):
        client.line(line)
    note(served, client, "EXEC")
    assert logged(client) == ["ACL SETUSER (redacted)", "SET a 1"]


def test_a_command_that_waits_is_noted_when_it_has_its_reply() -> None:
    served = ServedKeyspace(ALL)
    waits, client = served.client(), served.client()
    assert waits.raw([b"BLPOP", b"l", b"0"]) == b""
    assert logged(client) == []
    assert waits.client.commands == 0
    client.line("RPUSH l a")
    assert logged(client) == ["BLPOP l 0"]
    assert waits.client.commands == 1


def test_what_a_script_runs_is_noted_where_short_commands_are() -> None:
    served = ServedKeyspace(ALL)
    client = served.client()
    client.line("CLIENT SETNAME me")
    client.run("EVAL", "redis.call('SET', 'k', 'v') redis.pcall('CONFIG', 'GET', 'port')", 0)
    assert logged(client) == ["SET k v"]
    assert [entry[5] for entry in client.line("SLOWLOG GET")] == [b"me"]
    client.line("CONFIG SET commandlog-execution-slower-than 1000")
    client.line("SLOWLOG RESET")
    client.run("EVAL", "redis.call('SET', 'k', 'v')", 0)
    assert logged(client) == []

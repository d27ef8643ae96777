"""What scripts call again and again goes a quicker way, to the same end."""

from __future__ import annotations

from typing import Any

from tests.each import for_each, for_each_row
from tests.unit.asudfd.valkey.served import ServedClient, ServedKeyspace

KEYS = (
    "SET text v",
    "SET 5 five",
    "SET empty ''",
    "HSET hash f v",
    "SET temporary v PX 100000",
    "SET gone v PXAT 1",
)
"""Lines that make keys; `gone` goes at once."""

CALLS = (
    *("'GET', 'text'", "'GET', 5", "'GET', 'hash'", "'GET', 'none'", "'GET', 'temporary'", "'GET', 'gone'", "'get', 'text'"),
    *("'GET'", "'GET', nil", "'GET', true", "'GET', {}", "'GET', 'text', 'more'"),
    *("'SET', 'text', 'w'", "'SET', 'none', 'w'", "'SET', 'hash', 'w'", "'SET', 'temporary', 'w'", "'SET', 5, 6"),
    *("'SET', 'text', 7", "'SET', 'text', 7.5", "'SET', 'text', true", "'SET', 'text'", "'set', 'text', string.rep('x', 100000)"),
    "'SET', 'text', 'w', 'NX'",
)  # fmt: skip
"""Arguments of calls; each is made the quick way, and with an observer, for which no call is quick."""

SHOW = b"""
local found = redis.pcall(%s)
return {type(found), type(found) == 'table' and (found.ok or found.err) or tostring(found)}
"""


def keyspace(*, observed: bool) -> ServedClient:
    """A client of a keyspace with those keys; ``observed``: each command of a script is looked at."""
    client = ServedKeyspace({"commandlog-execution-slower-than": "0"} if observed else None).client()
    for line in KEYS:
        client.line(line)
    return client


def outcome(client: ServedClient, call: str) -> list[Any]:
    """What a call gives, and what there is behind it."""
    reply = client.run("EVAL", SHOW % call.encode(), 0)
    changes = client._keyspace.state.engine.lua[b"state"][b"changes"]
    keys = [(key, client.line(f"TYPE {key}")) for key in ("text", "5", "hash", "none", "temporary")]
    values = [client.line(f"GET {key}") for key in ("text", "5", "none", "temporary")]
    expires = [client.line(f"PERSIST {key}") for key in ("text", "temporary")]
    stats = [
        line
        for line in client.line("INFO commandstats").split(b"\r\n")
        if b"_get:" in line or b"_set:" in line
    ]
    counts = [line.partition(b",")[0] for line in stats]
    return [reply, changes, repr(keys), repr(values), expires, counts]


@for_each(CALLS)
def test_a_quick_call_does_what_another_one_does(call: str) -> None:
    assert outcome(keyspace(observed=False), call) == outcome(keyspace(observed=True), call)


def test_the_time_stands_still_in_a_script() -> None:
    client = keyspace(observed=False)
    seconds, micros, same = client.run(
        "EVAL",
        b"local a, b = redis.call('TIME'), redis.call('TIME') return {a[1], a[2], a[2] == b[2] and a ~= b}",
        0,
    )
    assert same == 1
    assert 0 <= int(micros) < 1_000_000
    before, _ = client.line("TIME")
    assert 0 <= int(before) - int(seconds) < 60


@for_each_row(("call", "wrote"), [("'SET', 'text', 'w'", True), ("'GET', 'text'", False)])
def test_a_script_that_has_written_is_known_as_such(call: str, wrote: bool) -> None:
    """It cannot be killed."""
    client = ServedKeyspace({"busy-reply-threshold": "1"}).client()
    client.line("SET text v")
    seen: list[bool] = []
    state = client._keyspace.state.engine.lua[b"state"]
    client._keyspace.reactor.step = lambda _seconds: seen.append(bool(state[b"script"][b"wrote"]))  # type: ignore[assignment, method-assign]  # looks instead
    client.run("EVAL", f"redis.call({call}) for i = 1, 3000000 do end", 0)
    assert seen
    assert set(seen) == {wrote}

"""Keyspaces as JSON: what makes each type, what is refused, and that what is shown can be read again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asadm.target.valkey.keyspace_json import commands, snapshot
from asadm.target.valkey.sandbox import OfflineCall
from asinfo.errors import ConfigError
from tests.each import for_each_row

LIBRARY = b"#!lua name=a\nserver.register_function('f', function() return 1 end)"
ALL: dict[str, Any] = {
    "": "empty name",
    "board": {"zset": {"ann": 1.5, "bob": -2, "end": "inf"}},
    "h": {"set": "a field", "zset": "another"},
    "h2": {"set": "one field"},
    "list": ["a", "a", "é\n"],
    "n": "7",
    "tags": {"set": ["a", "b"]},
}


def keyspace(document: object) -> OfflineCall:
    call = OfflineCall(LIBRARY, 5, lambda _line: None)
    for words in commands(json.dumps(document).encode(), "k.json"):
        assert call.failure(words) == ""
    return call


def test_what_is_shown_can_be_read_again() -> None:
    written = {**ALL, "n": 7, "board": {"zset": {"ann": 1.5, "bob": -2}}}
    shown = snapshot(keyspace(written).command)
    assert shown == {**ALL, "board": {"zset": {"ann": 1.5, "bob": -2}}}
    assert snapshot(keyspace(shown).command) == shown


def test_bytes_streams_and_infinite_scores_are_shown() -> None:
    call = keyspace({})
    call.command([b"SET", b"\xff", b"\xfe"])
    call.command([b"XADD", b"s", b"1-1", b"f", b"v"])
    call.command([b"ZADD", b"z", b"inf", b"m", b"1e300", b"n"])
    assert snapshot(call.command) == {
        "s": {"stream": [["1-1", {"f": "v"}]]},
        "z": {"zset": {"n": 1e300, "m": "inf"}},
        "\\xff": "\\xfe",
    }


@for_each_row(
    ("content", "problem"),
    [
        (b"", "k.json: is no keyspace: "),
        (b"\xff", "k.json: is no keyspace: "),
        (b"[" * 100_000, "k.json: is no keyspace: "),
        (b'{"a": NaN}', "k.json: is no keyspace: "),
        (b"[]", "k.json: is no keyspace: write an object of keys"),
        (b'{"a": null}', "k.json: 'a': null cannot stand here: write a string"),
        (b'{"a": true}', "k.json: 'a': true cannot stand here"),
        (b'{"a": [[]]}', "k.json: 'a': an array cannot stand here"),
        (b'{"a": {"b": {}}}', "k.json: 'a': an object cannot stand here"),
        (b'{"a": []}', "k.json: 'a': it is empty"),
        (b'{"a": {}}', "k.json: 'a': it is empty"),
        (b'{"a": {"set": []}}', "k.json: 'a': it is empty"),
        (b'{"a": {"zset": {"m": "x"}}}', "k.json: 'a': a string is no score"),
        (b'{"a": {"zset": {"m": false}}}', "k.json: 'a': false is no score"),
    ],
)
def test_what_is_no_keyspace(content: bytes, problem: str) -> None:
    with pytest.raises(ConfigError) as raised:
        commands(content, "k.json")
    assert str(raised.value).startswith(problem)


def test_all_wrong_keys_are_told() -> None:
    with pytest.raises(ConfigError) as raised:
        commands(b'{"a": null, "b": [], "c": 1}', "k.json")
    assert [problem.message.split(":")[0] for problem in raised.value.problems] == ["'a'", "'b'"]

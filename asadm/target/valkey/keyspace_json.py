"""A keyspace as JSON: an object of keys, from which the commands that make them, and back from a keyspace.

    {"name": "a string",                      a number is the string of its digits
     "queue": ["first", "second"],            list
     "user:1": {"name": "Ann", "age": 3},     hash
     "tags": {"set": ["a", "b"]},             set
     "board": {"zset": {"ann": 1.5}}}         sorted set: scores by members

An object with just one member, called set with an array or zset with an object, is a set or a sorted set; any other is a hash. Texts
are UTF-8. Other types, times of expiry and other databases than 0 have no form here.
"""

from __future__ import annotations

from asinfo.errors import ConfigError, Problem
from asinfo.text import text as shown

TYPE_CHECKING = False  # typing would cost as much as the whole run
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Run = Callable[[list[bytes]], Any]
    """Runs a command and gives its reply as a plain value."""

SIZE_MAX = 64 << 20
"""Bytes of a file: it makes a keyspace of some times that size, of the 1 GiB that one may have."""


def commands(content: bytes, path: str) -> list[list[bytes]]:
    """The commands that make the keyspace of a file. Raises ConfigError with all that is wrong."""
    from asinfo.decode import decode_json

    try:
        document = decode_json(content, size_max=SIZE_MAX)
    except ValueError as error:
        raise ConfigError([Problem(path, 0, f"is no keyspace: {error}")]) from None
    if not isinstance(document, dict):
        raise ConfigError(
            [Problem(path, 0, 'is no keyspace: write an object of keys, as in {"name": "value"}')]
        )
    made: list[list[bytes]] = []
    problems: list[Problem] = []
    for key, value in document.items():
        try:
            made.append(_command(key.encode(), value))
        except ValueError as error:
            problems.append(Problem(path, 0, f"{key!r}: {error}"))
    if problems:
        raise ConfigError(problems)
    return made


def _command(key: bytes, value: Any) -> list[bytes]:
    """The command that makes one key. Raises ValueError."""
    if isinstance(value, list):
        return [b"RPUSH", key, *_filled([_text(each) for each in value])]
    if not isinstance(value, dict):
        return [b"SET", key, _text(value)]
    members, scores = value.get("set"), value.get("zset")
    if len(value) == 1 and isinstance(members, list):
        return [b"SADD", key, *_filled([_text(each) for each in members])]
    if len(value) == 1 and isinstance(scores, dict):
        pairs = [(_score(score), member.encode()) for member, score in scores.items()]
        return [b"ZADD", key, *_filled([each for pair in pairs for each in pair])]
    pairs = [(field.encode(), _text(each)) for field, each in value.items()]
    return [b"HSET", key, *_filled([each for pair in pairs for each in pair])]


def _text(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value).encode()
    raise ValueError(
        f"{_named(value)} cannot stand here: write a string, a number, an array of them (list), an object of them (hash), "
        '{"set": [...]} or {"zset": {MEMBER: SCORE}}'
    )


def _score(value: Any) -> bytes:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value).encode()
    raise ValueError(f"{_named(value)} is no score: scores of a zset are numbers")


def _named(value: Any) -> str:
    """A value as JSON calls it."""
    if isinstance(value, list):
        return "an array"
    if isinstance(value, dict):
        return "an object"
    return {True: "true", False: "false", None: "null"}.get(value, "a string")


def _filled(words: list[bytes]) -> list[bytes]:
    if not words:
        raise ValueError("it is empty, and there is no such key in a keyspace: leave it out")
    return words


def snapshot(run: Run) -> dict[str, object]:
    """The keys of a keyspace in the form that `commands` reads, in the order of their names."""
    return {shown(key): _value(run, key) for key in sorted(run([b"KEYS", b"*"]))}


def _value(run: Run, key: bytes) -> object:
    kind = shown(run([b"TYPE", key]))
    if kind == "string":
        return shown(run([b"GET", key]))
    if kind == "list":
        return [shown(each) for each in run([b"LRANGE", key, b"0", b"-1"])]
    if kind == "hash":
        return _pairs(run([b"HGETALL", key]))
    if kind == "set":
        return {"set": sorted(shown(each) for each in run([b"SMEMBERS", key]))}
    if kind == "zset":
        scores = _pairs(run([b"ZRANGE", key, b"0", b"-1", b"WITHSCORES"]))
        return {"zset": {member: _number(score) for member, score in scores.items()}}
    entries = run([b"XRANGE", key, b"-", b"+"])
    return {kind: [[shown(identity), _pairs(fields)] for identity, fields in entries]}


def _pairs(words: list[bytes]) -> dict[str, str]:
    return {shown(name): shown(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def _number(score: str) -> int | float | str:
    """A score as JSON has it; infinities, which it has not, stay texts."""
    number = float(score)
    if number - number != 0:
        return score
    return int(number) if number == int(number) and abs(number) < 2**53 else number

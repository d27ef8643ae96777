"""The patterns of KEYS and SCAN, against a matcher that tries everything."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.asudfd.valkey.conftest import TestedKeyspace


def _in_set(pattern: bytes, code: int) -> tuple[bool, bytes]:
    """Whether the set at the start of the pattern (behind its bracket) has the code; and what follows the set."""
    inverted = pattern[:1] == b"^"
    pattern = pattern[inverted:]
    found = False
    while pattern and pattern[:1] != b"]":
        if pattern[:1] == b"\\" and len(pattern) > 1:
            found |= pattern[1] == code
            pattern = pattern[2:]
        elif pattern[1:2] == b"-" and len(pattern) > 2:
            found |= min(pattern[0], pattern[2]) <= code <= max(pattern[0], pattern[2])
            pattern = pattern[3:]
        else:
            found |= pattern[0] == code
            pattern = pattern[1:]
    return found != inverted, pattern[1:]


def matches(pattern: bytes, text: bytes) -> bool:
    if not pattern:
        return not text
    if pattern[:1] == b"*":
        return any(matches(pattern[1:], text[at:]) for at in range(len(text) + 1))
    if not text:
        return False
    if pattern[:1] == b"[":
        fits, rest = _in_set(pattern[1:], text[0])
        return fits and matches(rest, text[1:])
    if pattern[:1] == b"\\" and len(pattern) > 1:
        pattern = pattern[1:]
    elif pattern[:1] == b"?":
        return matches(pattern[1:], text[1:])
    return pattern[0] == text[0] and matches(pattern[1:], text[1:])


WORDS = st.text(st.sampled_from("ab-^]x%.$\0\xff"), max_size=6).map(lambda text: text.encode("latin-1"))
PARTS = st.sampled_from(
    [b"*", b"?", b"[", b"]", b"^", b"-", b"\\", b"a", b"b", b"x", b"%", b".", b"$", b"\0", b"\xff", b"[a-b]"]
)
PATTERNS = st.lists(PARTS, max_size=8).map(b"".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(PATTERNS, st.sets(WORDS, max_size=8))
def test_as_a_plain_matcher(keyspace: TestedKeyspace, pattern: bytes, words: set[bytes]) -> None:
    keyspace.line("FLUSHALL")
    for word in words:
        keyspace.run("SET", word, "v")
    expected = {word for word in words if matches(pattern, word)}
    reply = keyspace.run("KEYS", pattern)
    assert reply.startswith(b"*%d\r\n" % len(expected))
    assert all(b"$%d\r\n%b\r\n" % (len(word), word) in reply for word in expected)


@pytest.mark.parametrize(
    "pattern", [b"a*" * 200 + b"b", b"*" * 10_000 + b"b", b"*a" * 5_000, b"[^b]*" * 300 + b"b"]
)
def test_no_pattern_takes_long(keyspace: TestedKeyspace, pattern: bytes) -> None:
    """A matcher that goes back to each star would not end."""
    keyspace.run("SET", b"a" * 20_000, "v")
    assert keyspace.run("KEYS", pattern).startswith(b"*0" if pattern.endswith(b"b") else b"*1")

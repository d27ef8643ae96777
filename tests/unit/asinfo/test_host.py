"""The grammar of -h."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.errors import UsageError
from asinfo.host import parse, parse_all, parse_list
from tests.each import for_each_row


@for_each_row(
    ("text", "expected"),
    [
        ("a", ("a", None, None)),
        ("127.0.0.1", ("127.0.0.1", None, None)),
        ("a:3100", ("a", None, 3100)),
        ("a:name", ("a", "name", None)),
        ("a:name:3100", ("a", "name", 3100)),
        ("[::1]", ("::1", None, None)),
        ("[::1]:3100", ("::1", None, 3100)),
        ("[::1]:name:3100", ("::1", "name", 3100)),
        ("::1", ("::1", None, None)),
        ("fe80::1", ("fe80::1", None, None)),
        ("2001:db8:0:0:0:0:0:1", ("2001:db8:0:0:0:0:0:1", None, None)),
    ],
)
def test_good(text: str, expected: tuple[str, str | None, int | None]) -> None:
    host = parse(text)
    assert (host.host, host.tls_name, host.port) == expected


@for_each_row(
    "text",
    ["", ":", "a:", ":3000", "a:0", "a:65536", "a:99999999", "a:b:c", "a:1:2", "[::1", "[a]", "[::1]x", "[::1]:", "a b",
     "[]:1", "a::", "a\0b", "\udcff", "a\x1b"],
)  # fmt: skip
def test_bad(text: str) -> None:
    if text == "a::":
        assert parse(text).host == "a::"  # as IPv6 it is one
        return
    with pytest.raises(UsageError):
        parse(text)


def test_lists() -> None:
    assert [host.host for host in parse_list("a, b:1,[::1]:2")] == ["a", "b", "::1"]
    assert [host.host for host in parse_all(["a,b", "c"])] == ["a", "b", "c"]
    with pytest.raises(UsageError):
        parse_list("a,,b")


@given(st.text(max_size=20))
def test_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    try:
        host = parse(text)
    except UsageError:
        return
    assert host.host
    assert host.port is None or 1 <= host.port <= 65535

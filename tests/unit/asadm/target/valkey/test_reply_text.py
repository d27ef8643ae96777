"""Replies as lines, as the server's own command-line tool shows them, and as JSON."""

from __future__ import annotations

from typing import Any

from asadm.target.valkey.reply_text import as_json, lines
from asinfo.wire.resp_reply import BigNumber, ErrorReply, Map, Set, Status, Verbatim
from tests.each import for_each_row


@for_each_row(
    ("value", "shown", "plain"),
    [
        (None, ["(nil)"], None),
        (Status(b"OK"), ["OK"], "OK"),
        (b'a"\\\n\x00\xff', ['"a\\"\\\\\\n\\x00\\xff"'], 'a"\\\n\x00\\xff'),
        (7, ["(integer) 7"], 7),
        (1.5, ["(double) 1.5"], 1.5),
        (float("inf"), ["(double) inf"], "inf"),
        (True, ["(true)"], True),
        (False, ["(false)"], False),
        (BigNumber(b"123"), ["123"], "123"),
        (Verbatim(b"txt", b"text"), ["text"], "text"),
        (ErrorReply(b"ERR x"), ["(error) ERR x"], {"error": "ERR x"}),
        ([], ["(empty array)"], []),
        (Set(), ["(empty set)"], []),
        (Map(), ["(empty hash)"], []),
        ([1, [2, b"x"], []], ["1) (integer) 1", "2) 1) (integer) 2", '   2) "x"', "3) (empty array)"], [1, [2, "x"], []]),
        (Set([1]), ["1~ (integer) 1"], [1]),
    ],
)  # fmt: skip
def test_a_reply(value: Any, shown: list[str], plain: object) -> None:
    assert lines(value) == shown
    assert as_json(value) == plain


def test_numbers_are_as_wide_as_the_last() -> None:
    found = lines(list(range(10)))
    assert (found[0], found[9]) == (" 1) (integer) 0", "10) (integer) 9")

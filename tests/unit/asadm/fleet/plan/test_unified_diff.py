"""Unified diffs of any bytes."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asadm.fleet.plan import myers
from asadm.fleet.plan.unified_diff import unified


def test_lines_that_differ() -> None:
    assert unified(b"a\nb\n", b"a\nc\n", "old", "new") == b"--- old\n+++ new\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"


def test_the_same_is_nothing() -> None:
    assert unified(b"\0", b"\0", "old", "new") == b""
    assert unified(None, None, "old", "new") == b""


def test_a_version_that_is_not_there() -> None:
    assert unified(None, b"a\n", "old", "new") == b"--- /dev/null\n+++ new\n@@ -0,0 +1 @@\n+a\n"
    assert unified(b"a\n", None, "old", "new") == b"--- old\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"


def test_a_last_line_without_an_end() -> None:
    assert unified(b"a", b"a\n", "old", "new").splitlines()[3:] == [
        b"-a",
        b"\\ No newline at end of file",
        b"+a",
    ]


def test_bytes_stay_bytes() -> None:
    diff = unified(b"\xff\r\n", b"\x1b[31m\r\n", "old", "new")
    assert diff.split(b"\n")[3:5] == [b"-\xff\r", b"+\x1b[31m\r"]


def test_what_has_no_lines_is_only_said_to_differ() -> None:
    assert unified(b"\x1bLua\0", b"b", "old", "new").endswith(
        b"\nBinary content: 5 and 1 bytes that differ\n"
    )


TEXTS = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"end"]), max_size=30).map(b"\n".join)


@given(TEXTS, TEXTS)
def test_the_blocks_are_common_lines_in_order(one: bytes, two: bytes) -> None:
    old, new = one.split(b"\n"), two.split(b"\n")
    x = y = 0
    for begin, begin_new, size in myers.blocks(old, new):
        assert begin >= x
        assert begin_new >= y
        assert old[begin : begin + size] == new[begin_new : begin_new + size]
        x, y = begin + size, begin_new + size
    assert (x, y) == (len(old), len(new))


@given(TEXTS, TEXTS)
def test_no_shorter_difference_exists(one: bytes, two: bytes) -> None:
    old, new = one.split(b"\n"), two.split(b"\n")
    common = sum(size for _, _, size in myers.blocks(old, new))
    longest = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for x, line in enumerate(old):
        for y, other in enumerate(new):
            longest[x + 1][y + 1] = (
                longest[x][y] + 1 if line == other else max(longest[x][y + 1], longest[x + 1][y])
            )
    assert common == longest[-1][-1]


def test_texts_with_very_many_differences_are_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(myers, "EDITS_MAX", 3)
    diff = unified(b"same\na\nb\nc\nend\n", b"same\nx\nb\ny\nend\n", "old", "new")
    assert diff.splitlines()[2:] == [b"@@ -1,5 +1,5 @@", *b" same|-a|-b|-c|+x|+b|+y| end".split(b"|")]


def test_ugly_texts_take_bounded_time() -> None:
    chance = random.Random(1)
    old, new = (b"".join(b"v%d\n" % chance.randrange(200) for _ in range(30_000)) for _ in range(2))
    began = time.process_time()
    unified(old, new, "old", "new")
    unified(b"\n" * 500_000, b"x\n" * 500_000, "old", "new")
    assert time.process_time() - began < 20

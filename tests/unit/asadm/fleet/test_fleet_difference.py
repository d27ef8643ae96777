"""Unified diffs of any bytes."""

from asadm.fleet.difference import LINES_MAX, unified


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
    assert b"More than" in unified(b"\n" * LINES_MAX, b"a\n", "old", "new")

"""The second request on a connection, which is made of what a node said to the first."""

from asadm.target.aerospike import follow_up
from tests.each import for_each_row


@for_each_row(
    ("named", "asked"),
    [
        ([b"namespace/test", b"namespace/bar"], b"namespace/test\nnamespace/bar\n"),
        ([b"namespace/a\0b", b"namespace/test"], b"namespace/test\n"),  # names that no command can have
        ([b"namespace/a\nb"], b""),
        ([], b""),
    ],
)
def test_only_what_a_command_can_have_is_asked_for(named: list[bytes], asked: bytes) -> None:
    make = follow_up.maker((b"namespaces",), lambda _: named)
    assert make(b"namespaces\ttest\n") == asked


def test_a_reply_that_cannot_be_read_calls_for_nothing() -> None:
    make = follow_up.maker((b"namespaces",), lambda _: [b"build"])
    assert make(b"something else\n") == b""

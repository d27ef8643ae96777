"""The compile error of a server with the line of the user's file that it means."""

import pytest

from asadm.compile_errors import describe
from asadm.target.results import SourceError


@pytest.mark.parametrize(
    ("error", "name", "expected"),
    [
        (SourceError("m.lua", 2, "boom"), b"m.lua", ["p:2: boom", "    two"]),
        (SourceError("", 0, "no place"), b"m.lua", ["p: no place"]),
        (SourceError("m.lua", 9, "past the end"), b"m.lua", ["p:9: past the end"]),
        (SourceError("x" * 45 + "...", 1, "cut"), b"x" * 60 + b".lua", ["p:1: cut", "    one"]),
        (
            SourceError("m.lua", 1, "not found:\n\tno file"),
            b"m.lua",
            ["p:1: not found:", "    one", "    no file"],
        ),
        (SourceError("other.lua", 7, "elsewhere"), b"m.lua", ["p: other.lua:7: elsewhere"]),
    ],
)
def test_describing_a_compile_error(error: SourceError, name: bytes, expected: list[str]) -> None:
    assert describe(error, name, "p", b"one\n  two\r\nthree") == expected

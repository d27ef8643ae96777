"""Compiled chunks that are read and written again."""

from pathlib import Path

import pytest

from asudfd.lua.dump import read_dump, write_dump
from asudfd.lua.state import compile_text, new_state
from tests.each import for_each

LUA = sorted((Path(__file__).parents[4] / "daemon" / "asudfd" / "lua").glob("*.lua"))

FAR_APART = b"\n" * 1000 + b"local x = 1\n" + b"\n" * 500 + b"return function() return x end\n"
LONG = b"local t = {" + b"1, 'x', 2.5, nil, true, " * 300 + b"}\nlocal u = '" + b"x" * 300 + b"'\nreturn #t\n"


def dump(text: bytes) -> bytes:
    code = compile_text(text, b"@m").code
    assert code is not None
    return code


@for_each(LUA)
def test_what_is_written_is_what_was_read(path: Path) -> None:
    code = dump(path.read_bytes())
    function = read_dump(code)
    assert read_dump(write_dump(function, code)) == function


@pytest.mark.parametrize("text", [FAR_APART, LONG, b"", b"goto done do local x <close> = nil end ::done::"])
def test_texts_of_all_kinds(text: bytes) -> None:
    code = dump(text)
    function = read_dump(code)
    written = write_dump(function, code)
    assert read_dump(written) == function
    loads = b"return load(..., '', 'b') ~= nil"
    assert new_state(1 << 24).execute(loads, written) is True


def test_lines_in_messages_are_those_of_the_text() -> None:
    """Lua finds a line by those in full, of which there has to be one among so many instructions."""
    lines = [b"local t, i = {}, 0", *([b"i = i + 1 t[i] = i"] * 400), b"local x = nil + i"]
    code = dump(b"\n".join(lines))
    written = write_dump(read_dump(code), code)
    message = new_state(1 << 24).execute(b"return select(2, pcall(load(..., '', 'b')))", written)
    assert message == b"m:402: attempt to perform arithmetic on a nil value"

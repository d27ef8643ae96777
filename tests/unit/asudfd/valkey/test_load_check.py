"""Libraries loaded without a node: what they register and name, and where a load fails."""

from __future__ import annotations

import itertools

import pytest

from asudfd.valkey.load_check import LibraryCheck, LoadFailed, RegisteredFunction

ONE = b"server.register_function('f', function() return 1 end)"


@pytest.fixture(scope="module")
def check() -> LibraryCheck:
    return LibraryCheck()


def failure(check: LibraryCheck, body: bytes) -> LoadFailed:
    with pytest.raises(LoadFailed) as raised:
        check.load(b"lib", b"#!lua name=lib\n" + body)
    return raised.value


def test_functions_flags_and_globals(check: LibraryCheck) -> None:
    body = b"""\
local server = redis
server.register_function{function_name='f', flags={'allow-oom', 'no-writes'}, description='d', callback=function(keys)
    return pcall(function() own = tonumber(keys[1]) end)
end}
server.register_function('g', function() return 1.5, nil, true, "x" end)
"""
    found = check.load(b"lib", b"#!lua name=lib\n" + body)
    assert found.functions == (
        RegisteredFunction(b"f", ("no-writes", "allow-oom"), b"d"),
        RegisteredFunction(b"g", (), None),
    )
    assert found.global_lines == {b"redis": 2, b"pcall": 4, b"own": 4, b"tonumber": 4}
    assert found.logged is None


def test_the_line_of_the_first_log(check: LibraryCheck) -> None:
    body = b"\nlocal function log() server.log(1, 'x') end\nlog() server.log(2, 'y')\n" + ONE
    assert check.load(b"lib", b"#!lua name=lib\n" + body).logged == 3
    assert check.load(b"lib", b"#!lua name=lib\n" + ONE).logged is None


def test_the_line_of_a_failure_and_the_name_it_is_about(check: LibraryCheck) -> None:
    wrong = failure(check, ONE + b"\n\n" + ONE.replace(b"'f'", b"'F'"))
    assert wrong.text == b"ERR Function already exists in the library"
    assert (wrong.line, wrong.name, wrong.earlier) == (4, b"F", b"f")
    wrong = failure(check, b"\n" + ONE.replace(b"'f'", b"''"))
    assert (wrong.line, wrong.name, wrong.earlier) == (3, b"", None)


def test_an_endless_load_ends_by_the_clock() -> None:
    times = itertools.count(0, 0.3)
    check = LibraryCheck(clock=lambda: next(times))
    assert (
        failure(check, b"while true do end").text
        == b"ERR Error registering functions: ERR FUNCTION LOAD timeout"
    )
    check.load(b"lib", b"#!lua name=lib\n" + ONE)


@pytest.mark.parametrize(
    "bomb",
    [
        b"local s = 'abcdefgh' while true do s = s .. s end",
        b"local t = {} for i = 1, 1e9 do t[i] = {{{}}} end",
        b"local s = [[" + b"x" * (1 << 20) + b"]] local t = {} for i = 1, 1e9 do t[i] = s .. i end",
    ],
)
def test_memory_at_load_is_bounded(bomb: bytes) -> None:
    check = LibraryCheck(clock=lambda: 0.0)
    assert failure(check, bomb).text.endswith(b"not enough memory")
    check.load(b"lib", b"#!lua name=lib\n" + ONE)


def test_a_text_that_does_not_fit(check: LibraryCheck) -> None:
    text = b"x = {" + b"{}," * (3 << 20) + b"}"
    assert failure(LibraryCheck(4 << 20), text).text.startswith(b"ERR ")


def test_many_functions_within_each_other(check: LibraryCheck) -> None:
    depth = 90  # Lua's parser takes 200 levels, of which each of these has two
    body = b"local f = " + b"function() return " * depth + b"name" + b" end" * depth + b"\n" + ONE
    assert check.load(b"lib", b"#!lua name=lib\n" + body).global_lines[b"name"] == 2

"""Texts of Lua 5.1 that are compiled for the sandbox outside of it."""

from asudfd.lua.state import LUA51, new_state
from asudfd.lua.valkey.chunk_compiler import compile_chunk
from asudfd.lua.valkey.chunks import LIBRARY_FUNCTIONS, rewriter

COUNTED = b"""
local rewriter, text = ...
local calls_kept = loadstring(rewriter)({})
local dump, thousands = string.dump(loadstring(text)), 0
debug.sethook(function() thousands = thousands + 1 end, "", 1000)
calls_kept(dump)
debug.sethook()
return thousands
"""
DUMPED = b"return string.dump(loadstring(...))"


def thousands(text: bytes) -> int:
    """How many thousand instructions `bytecode.lua` takes for a text."""
    return int(new_state(64 << 20, LUA51).execute(COUNTED, rewriter(), text))


def test_a_text_becomes_bytecode_under_its_name() -> None:
    code, message = compile_chunk(b"\nreturn 1 + nil", b"@user_script")
    assert code is not None
    assert message == b""
    call = new_state(1 << 20, LUA51).execute(b"return function(code) return pcall(loadstring(code)) end")
    assert call(code) == (False, b"user_script:2: attempt to perform arithmetic on a nil value")


def test_what_is_no_lua_has_a_message() -> None:
    assert compile_chunk(b"return (", b"@user_script") == (
        None,
        b"user_script:1: unexpected symbol near '<eof>'",
    )


def test_bytecode_is_no_text() -> None:
    code, _ = compile_chunk(b"return 1", b"@user_script")
    assert code is not None
    refused, message = compile_chunk(code, b"@user_script")
    assert refused is None
    assert b"unexpected symbol near" in message


def test_calls_of_library_functions_are_no_tail_calls() -> None:
    """Whatever register the function is in, which the first byte of the call says in part; the lines are as many, which are no code."""
    assert b"error" in LIBRARY_FUNCTIONS.split()
    returns = (b"local a%d do return error('x') end\n" % number for number in range(150))
    text = b"local function inner() return error('x') end\n" + b"".join(returns)
    code, _ = compile_chunk(text, b"@user_script")
    dump = new_state(1 << 20, LUA51).execute(DUMPED, text, b"@user_script")
    assert code is not None
    assert [(was & 63, code[at] & 63) for at, was in enumerate(dump) if code[at] != was] == [(29, 28)] * 151
    assert len({was for at, was in enumerate(dump) if code[at] != was}) == 4


def test_many_tail_calls_of_a_parameter_take_no_longer_than_their_number() -> None:
    """No instruction writes a parameter: what is called is looked for in all that is before."""
    calls = b"do return a() end "
    few, many = (thousands(b"local function f(a) " + calls * count + b"end") for count in (2_000, 20_000))
    assert many < few * 20

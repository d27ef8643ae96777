"""The parser of Lua: it takes what Lua's compiler takes, refuses what that refuses, and knows which variable a name is."""

from collections.abc import Iterator

import lupa.lua54
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asinfo.lint.expression_parser import LEVELS_MAX
from asinfo.lint.lua_parser import parse
from asinfo.lint.syntax import Syntax, path
from asinfo.lint.tokens import LuaSyntaxError, string_value, tokens
from tests.each import for_each
from tests.unit.asinfo.lint.random_lua import RandomLua

SEEDS = st.integers(0, 2**32)
TEXTS_OF_A_SEED = 20

_lua = lupa.lua54.LuaRuntime(encoding="latin-1", register_eval=False, register_builtins=False)
_load = _lua.eval("function(text) local f, message = load(text, '=t', 't') return message end")

_COMPILER_ALONE = (
    "no visible label",
    "break outside",
    "already defined",
    "to-be-closed",
    "jumps into",
    "too many",
)
"""What the parser leaves to the compiler: labels, break, limits of registers."""


def _refusal(text: str) -> str:
    try:
        parse(text)
    except LuaSyntaxError as error:
        return str(error)
    return ""


def _texts(seed: int) -> Iterator[RandomLua]:
    for number in range(TEXTS_OF_A_SEED):
        yield RandomLua(seed * TEXTS_OF_A_SEED + number)


@given(SEEDS)
def test_what_lua_compiles_is_parsed(seed: int) -> None:
    for lua in _texts(seed):
        text = lua.text()
        message = _load(text)
        if message is None:
            assert not _refusal(text), text
        elif not any(each in message for each in _COMPILER_ALONE):
            assert _refusal(text), (text, message)


@given(SEEDS)
def test_what_lua_does_not_compile_is_refused(seed: int) -> None:
    for lua in _texts(seed):
        text = lua.broken()
        message = _load(text)
        if message is None:
            assert not _refusal(text), text
        elif not any(each in message for each in _COMPILER_ALONE):
            assert _refusal(text), (text, message)


@given(st.text(st.characters(max_codepoint=255)))
def test_no_text_is_more_than_refused(text: str) -> None:
    assert bool(_load(text)) == bool(_refusal(text)) or _load(text)


@given(SEEDS)
def test_strings_have_the_bytes_that_lua_gives_them(seed: int) -> None:
    lua = RandomLua(seed)
    for _ in range(TEXTS_OF_A_SEED):
        text = lua.text()
        if _load(text) is not None:
            continue
        found = tokens(text)
        for kind, text in zip(found.kinds, found.texts, strict=True):
            if kind == "string" and "\\u{7" not in text:
                assert string_value(text) == _lua.eval(text), text


DEEP = {
    "parentheses": "return " + "(" * 10_000 + "1" + ")" * 10_000,
    "tables": "return " + "{" * 10_000 + "}" * 10_000,
    "blocks": "do " * 10_000 + "end " * 10_000,
    "functions": "return " + "function() return " * 10_000 + "end " * 10_000,
    "concatenations": "return " + "a .. " * 10_000 + "a",
    "signs": "return " + "- " * 10_000 + "1",
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_depth_is_bounded(text: str) -> None:
    assert _refusal(text) == "nested too deeply"
    assert _load(text)


def test_what_lua_nests_most_deeply_is_parsed() -> None:
    for begin, end in (("(", ")"), ("{", "}"), ("f{", "}"), ("f(", ")"), ("function() return ", " end")):
        depth = next(
            depth
            for depth in range(LEVELS_MAX, 0, -1)
            if _load("return " + begin * depth + "nil" + end * depth) is None
        )
        parse("return " + begin * depth + "nil" + end * depth)


def test_long_chains_are_no_depth() -> None:
    parse("return " + "1 + " * 50_000 + "1")
    parse("return f" + "()" * 50_000)
    parse("return a" + ".b" * 50_000)
    parse("if a then " + "elseif b then " * 20_000 + "end")


def _globals(syntax: Syntax) -> list[str]:
    return [name.text for name in syntax.names]


GLOBALS = {
    "local a = a": ["a"],
    "local a; return a": [],
    "local function f() return f end": [],
    "local f = function() return f end": ["f"],
    "for i = i, 2 do return i end return i": ["i", "i"],
    "for k, v in pairs(k) do return k, v end": ["pairs", "k"],
    "repeat local a = 1 until a return a": ["a"],
    "do local a end return a": ["a"],
    "function f(a, ...) return a, self end": ["self"],
    "function t:f() return self end": ["t"],
    "local t = {a = 1, [b] = c}": ["b", "c"],
    "a = 1": [],
    "a.b = 1": ["a"],
    "a, b.c = d": ["b", "d"],
    "goto a ::a::": [],
    "local a <const> = 1 return a": [],
}


@for_each(GLOBALS.items())
def test_which_names_are_globals(case: tuple[str, list[str]]) -> None:
    text, names = case
    assert _globals(parse(text)) == names


def test_what_is_assigned_is_not_read() -> None:
    syntax = parse("a.b.c, d, e[f] = 1; function g.h:i() end; function j() end")
    assert [index.key for index in syntax.indexes] == ["b", "h"]
    assert [path(each.target) or "?" for each in syntax.assignments] == ["?", "d", "?", "?", "j"]


def test_functions_know_their_names() -> None:
    syntax = parse(
        "function f() a() end function t.g:h() a() end local function i() a() end local j = function() a() end\n"
        "k = function() a() end local l = { m = function() a() end }"
    )
    functions = [call.block.function for call in syntax.calls]
    assert [function.name for function in functions] == ["f", "t.g:h", "i", "j", "k", ""]
    assert [function.is_global for function in functions] == [True, False, False, False, True, False]


def test_comments() -> None:
    syntax = parse("--first\nlocal a = 1 -- second\n  -- third\n--[[ long ]] --fourth\n")
    assert [(comment.text, comment.alone) for comment in syntax.comments] == [
        ("first", True),
        (" second", False),
        (" third", True),
        ("fourth", False),
    ]


def test_what_is_tested_is_known() -> None:
    syntax = parse(
        "local u = unpack or table.unpack if setfenv then end if not bit then end return jit ~= nil"
    )
    assert syntax.tested == {"unpack", "table.unpack", "setfenv", "bit", "jit"}

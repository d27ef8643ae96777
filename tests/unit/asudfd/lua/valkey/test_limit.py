"""A call that is to end ends soon, wherever it is, and nothing of it is left.

What is measured is the processor's time, which a busy machine does not stretch; the bound is generous, since what is tested
is that no call hangs: most end within a few milliseconds.
"""

from typing import Any

import pytest

from asudfd.lua.state import LUA51, new_state
from asudfd.lua.valkey.chunks import load_sandbox

BOUND = 1.5
"""Seconds. The longest single steps, such as to read ten million digits, take some 50 ms, and several may be in an interval."""

ENDED = b"ERR ended"

LOOPS = {
    "plain": "while true do end",
    "in pcall": "while true do pcall(function() while true do end end) end",
    "nested pcalls": "local function f() while true do pcall(f) end end f()",
    "in xpcall's handler": "xpcall(error, function() while true do end end)",
    "handlers that fail": "while true do xpcall(error, error) end",
    "in coroutines of coroutines": "local function f() while true do coroutine.resume(coroutine.create(f)) end end f()",
    "in a wrapped coroutine": "while true do pcall(coroutine.wrap(function() while true do end end)) end",
    "many resumes": """local c = coroutine.create(function() while true do coroutine.yield() end end)
        while true do coroutine.resume(c) end""",
    "in __index": """local t = setmetatable({}, {__index = function() while true do end end})
        while true do pcall(function() return t.x end) end""",
    "in __newindex": """local t = setmetatable({}, {__newindex = function() while true do end end})
        while true do pcall(function() t.x = 1 end) end""",
    "in __tostring": """local t = setmetatable({}, {__tostring = function() while true do end end})
        while true do pcall(tostring, t) end""",
    "in __concat": """local t = setmetatable({}, {__concat = function() while true do end end})
        while true do pcall(function() return t .. 'x' end) end""",
    "in __lt of a sort": """local m = {__lt = function() while true do end end}
        while true do pcall(table.sort, {setmetatable({}, m), setmetatable({}, m)}) end""",
    "in a sort's comparison": "while true do pcall(table.sort, {1, 2, 3}, function() while true do end end) end",
    "in a replacement": "while true do pcall(string.gsub, 'aaa', 'a', function() while true do end end) end",
    "in a reader": "while true do load(function() while true do end end) end",
    "a reader without an end": "while true do load(function() return 'x = 1 ' end) end",
    "in foreach": "table.foreach({1}, function() while true do end end)",
    "recursion": "local function f() return 1 + f() end while true do pcall(f) end",
    "a loop at the bottom of recursion": "local function f() pcall(f) while true do end end f()",
    "tail calls": "local function f() return f() end f()",
    "a pattern that backtracks": "while true do pcall(string.find, ('a'):rep(28), ('a?'):rep(28) .. ('a'):rep(28)) end",
    "a lazy pattern": "while true do pcall(string.match, ('a'):rep(300000), '.-b') end",
    "several lazy patterns": "while true do pcall(string.gsub, ('a'):rep(100000), '.-.-.-b', '') end",
    "a long pattern": "local p = ('a?'):rep(100000) while true do pcall(string.gsub, ('a'):rep(100000), p, '') end",
    "a plain search": """local s, p = ('a'):rep(5e6), ('a'):rep(2.5e6) .. 'b'
        while true do s:find(p, 1, true) end""",
    "repetitions": "while true do pcall(string.rep, '', 2^31 - 1) pcall(string.rep, 'xx', 1e7) end",
    "strings that double": "while true do pcall(function() local s = 'x' while true do s = s .. s end end) end",
    "tables that grow": "while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end",
    "insertion far below": "while true do local t = {1} table.insert(t, -2^31, 5) end",
    "insertion at the front": "local t = {} for i = 1, 1e6 do t[i] = i end while true do table.insert(t, 1, 5) end",
    "comparison of long texts": """local a, b = ('a'):rep(1e7) .. '1', ('a'):rep(1e7) .. '2'
        while true do local x = a < b end""",
    "the same in coroutines": """local a, b = ('a'):rep(1e7) .. '1', ('a'):rep(1e7) .. '2'
        while true do coroutine.wrap(function() for i = 1, 100 do local x = a < b end end)() end""",
    "copies of long texts": "local a = ('a'):rep(1e7) while true do local x = a:upper() end",
    "numerals of long texts": "local a = ('1'):rep(1e7) while true do local x = tonumber(a) end",
    "a sort of many": """local t = {} for i = 1, 3e5 do t[i] = i * 7919 % 300007 end
        while true do table.sort(t) table.sort(t, function(a, b) return a > b end) end""",
    "a sort of long texts": """local a, t = ('a'):rep(1e6), {} for i = 1, 9000 do t[i] = a end
        while true do table.sort(t) end""",
    "a sort by a dear function": """local a, t = ('a'):rep(1e6), {} for i = 1, 9000 do t[i] = a end
        while true do pcall(table.sort, t, string.reverse) end""",
    "collections": "local t = {} for i = 1, 3e5 do t[i] = {} end while true do collectgarbage() end",
    "long texts that are compiled": "local s = ('x = 1 '):rep(1e6) while true do pcall(loadstring, s) end",
    "concatenations": "local t = {} for i = 1, 1e6 do t[i] = 'abc' end while true do table.concat(t, ',') end",
    "the largest index": "local t = {} for i = 1, 1e6 do t[i] = 'abc' end while true do table.maxn(t) end",
    "removal from the front": "local t = {} for i = 1, 1e6 do t[i] = 'abc' end while true do table.remove(t, 1) end",
    "the next of an emptied table": """local t = {} for i = 1, 5e5 do t['k' .. i] = i end for k in pairs(t) do t[k] = nil end
        while true do next(t) end""",
    "long formats of struct": """local s = ('i0'):rep(1e6)
        while true do pcall(struct.pack, s) pcall(struct.size, s) pcall(struct.unpack, s, 'x') end""",
    "long JSON": """local s = '[' .. ('[1],'):rep(1e6) .. '1]'
        while true do pcall(cjson.decode, s) end""",
    "JSON of a large table": """local t = {} for i = 1, 3e5 do t[i] = {i} end
        while true do pcall(cjson.encode, t) pcall(cmsgpack.pack, t) end""",
    "calls of the server": "while true do pcall(server.call, 'x') end",
    "calls after which the memory is looked at": "while true do server.large() end",
    "long MessagePack": "local s = ('\\147\\1\\2\\3'):rep(7000) while true do pcall(cmsgpack.unpack, s) end",
}


@pytest.mark.parametrize("loop", LOOPS)
def test_ends(sandbox: Any, loop: str) -> None:
    seconds, result = sandbox.seconds_to_end(LOOPS[loop])
    assert result is not None
    assert result.startswith(ENDED)
    assert seconds < BOUND
    assert sandbox.call("local n = 0 for i = 1, 1e5 do n = n + i end return n") == 5000050000


def test_an_end_that_was_demanded_is_the_answer_though_it_was_caught(sandbox: Any) -> None:
    """The loop ends at once, whatever catches; the demand is answered once."""
    _, result = sandbox.seconds_to_end("pcall(function() while true do end end) return 'caught'")
    assert result.startswith(ENDED)


def test_the_place_is_the_user_s(sandbox: Any) -> None:
    _, result = sandbox.seconds_to_end("\n\nwhile true do end")
    assert result == ENDED + b" @@user_function:4"


def test_a_long_call_is_asked_often(sandbox: Any) -> None:
    """Ten thousand instructions are the longest interval, a tenth of a millisecond."""
    sandbox.end_after(3600)
    before, _ = sandbox.asked()
    assert sandbox.call("for i = 1, 1e6 do local x = i end") is None
    after, _ = sandbox.asked()
    assert after - before >= 90


def test_nobody_is_asked_between_calls(sandbox: Any) -> None:
    sandbox.end_after(-1)
    sandbox.state.execute(b"for i = 1, 1e6 do local x = i end")
    assert sandbox.asked() == (0, 0)


def test_what_used_up_the_memory_leaves_the_state_usable(sandbox: Any) -> None:
    body = "local ok, e = pcall(function() local t = {} while true do t[#t + 1] = {{}} end end) return e"
    for _ in range(3):
        assert b"not enough memory" in sandbox.call(body)
    assert sandbox.call("return #('x'):rep(1e7)") == 10**7


def test_memory_is_missing_outside_of_any_pcall(sandbox: Any) -> None:
    assert b"not enough memory" in sandbox.call("local s = 'x' while true do s = s .. s end")
    assert sandbox.call("return 1") == 1


def test_coroutines_give_their_hook_back(sandbox: Any) -> None:
    """Lua keeps the hooks of threads in a table that is not weak."""
    grown = """
        local function run() for i = 1, 20000 do coroutine.wrap(function() end)() end collectgarbage() end
        run() local before = collectgarbage('count') run() run() return collectgarbage('count') - before"""
    assert sandbox.call(grown) < 64


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("return select('#', pcall(error, {}))", 3),
        ("local _, e = pcall(error, {err = 'text'}) return e", b"text"),
        ("local _, e = pcall(server.call, 'NAME') return e", b"ERR NAME"),
        (
            "local _, e = xpcall(function() server.call('NAME') end, function(e) return e.err .. '!' end) return e",
            b"ERR NAME!",
        ),
        ("local _, e = xpcall(error, error) return e", b"error in error handling"),
        ("local _, e = xpcall(error, nil) return e", b"error in error handling"),
        ("local _, e = pcall() return e", b"attempt to call a boolean value"),
        ("return (select(2, coroutine.resume(coroutine.create(function() error('x', 0) end))))", b"x"),
    ],
)
def test_protected_calls(sandbox: Any, body: str, answer: object) -> None:
    assert sandbox.call(body) == answer


@pytest.mark.parametrize("count", [1, 2, 3, 21844, 65535, 65536, 65537, 1000003])
def test_long_repetitions(sandbox: Any, count: int) -> None:
    assert sandbox.call(f"return ('abc'):rep({count})") == b"abc" * count


def test_replacements_that_are_longer_than_any_memory(sandbox: Any) -> None:
    assert b"not enough memory" in sandbox.call("return (('x'):rep(1e6):gsub('x', ('y'):rep(1e6)))")
    assert (
        sandbox.call("local s, n = ('xz'):rep(20):gsub('x', ('y'):rep(1e6)) return #s + n") == 20000020 + 20
    )


def test_a_call_that_fills_the_memory_with_small_pieces_is_asked_hardly_more_often(sandbox: Any) -> None:
    """The interval depends on the largest step, not on all that the call has made: 40 MB in pieces of 200 bytes."""
    sandbox.end_after(3600)
    body = "local t = {} for i = 1, 16384 do t[i] = {} end for n = 1, 30 do for i = 1, 16384 do t[i][n] = {n} end end"
    assert sandbox.call(body) is None
    instructions = 30 * 16384 * 7
    assert sandbox.asked()[0] < instructions / 1000


def test_what_a_text_costs_is_learned_though_it_was_made_by_an_operator(sandbox: Any) -> None:
    """To make a number of two million digits takes some milliseconds; nothing tells of the text but the memory."""
    doubled = "local s = '1' for i = 1, 21 do s = s .. s end while true do local x = tonumber(s) end"
    seconds, result = sandbox.seconds_to_end(doubled)
    assert result.startswith(ENDED)
    assert seconds < BOUND


def test_a_thread_that_was_made_before_a_long_text_is_asked_as_often(sandbox: Any) -> None:
    waiting = """
        local a, b
        local c = coroutine.create(function() while true do coroutine.yield() for i = 1, 3000 do local x = a < b end end end)
        coroutine.resume(c) a, b = ('a'):rep(1e7) .. '1', ('a'):rep(1e7) .. '2' while true do coroutine.resume(c) end"""
    seconds, result = sandbox.seconds_to_end(waiting)
    assert result.startswith(ENDED)
    assert seconds < BOUND


def test_little_garbage_is_not_collected_again_and_again(sandbox: Any) -> None:
    """Ten megabytes beside a state of one: Lua itself would collect them five times."""
    sandbox.state.execute(b"collectgarbage()")
    before = sandbox.state.execute(b"return collectgarbage('count')")
    after = sandbox.state.execute(b"for _ = 1, 150000 do local _ = {} end return collectgarbage('count')")
    assert after - before > 8192


def test_what_grows_outside_of_calls_makes_the_hook_no_more_frequent() -> None:
    """The chunks themselves are loaded so, and large values come from clients."""
    state = new_state(64 << 20, LUA51)
    interval = state.execute(
        b"local gethook, select = debug.gethook, select return function() return (select(3, gethook())) end"
    )
    grow = state.execute(
        b"local rep = string.rep return function(n) local t = rep('x', n) for i = 1, n / 100 do end return #t end"
    )
    load_sandbox(state, {})
    grow(100)
    usual = interval()
    grow(4 << 20)
    assert interval() == usual

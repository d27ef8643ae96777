"""Messages: recorded cases of the real server, and what a module's library functions say when they refuse."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from asudfd.config.schema.lua import ModLua
from asudfd.lua.aerospike.host import UdfHost
from asudfd.lua.call import Scalar
from asudfd.lua.host import ModuleError
from tests.each import for_each_row
from tests.fakes.lua_call import call_function

Call = Callable[..., Scalar]

PREFIX = "/udf/m.lua:2: "
REFUSALS = {
    "local r = string.rep()": "bad argument #1 to 'rep' (string expected, got no value)",
    "local r = ('x'):rep({})": "bad argument #1 to 'rep' (number expected, got table)",
    "local r = ('x').rep({}, 1)": "bad argument #1 to 'rep' (string expected, got table)",
    "local rep = string.rep local r = rep('x')": "bad argument #2 to 'rep' (number expected, got no value)",
    "local twice = string.rep local r = twice('x')": "bad argument #2 to 'twice' (number expected, got no value)",
    "local r = ('x'):rep(1 << 62)": "resulting string too large",
    "local r = ('x'):find(nil)": "bad argument #1 to 'find' (string expected, got nil)",
    "local r = string.find('x')": "bad argument #2 to 'find' (string expected, got no value)",
    "local r = ('x'):find('[a')": "malformed pattern (missing ']')",
    "local r = ('x'):match('%')": "malformed pattern (ends with '%')",
    "local r = ('x'):gsub('x', true)": "bad argument #2 to 'gsub' (string/function/table expected, got boolean)",
    "local r = ('x'):gsub('x', '%2')": "invalid capture index %2",
    "local r = ('x'):gsub('x', function() return {} end)": "invalid replacement value (a table)",
    "for w in ('x'):gmatch('(') do end": "unfinished capture",
    "local r = ('a'):rep(300):match(('a?'):rep(250))": "pattern too complex",
    "local r = (('a'):rep(2000) .. 'b'):match('.-.-.-(b')": "unfinished capture",
    "table.insert({}, 1, 2, 3)": "wrong number of arguments to 'insert'",
    "table.insert({}, 5, 2)": "bad argument #2 to 'insert' (position out of bounds)",
    "table.insert(nil, 5)": "bad argument #1 to 'insert' (table expected, got nil)",
    "table.remove({}, 7)": "bad argument #2 to 'remove' (position out of bounds)",
    "local r = table.concat({ {} })": "invalid value (table) at index 1 in table for 'concat'",
    "local r = table.concat({ 1, list{} })": "invalid value (userdata) at index 2 in table for 'concat'",
    "local r = string.gsub('x', 'x', map{ x = 1 })": "bad argument #3 to 'gsub' (string/function/table expected, got Map)",
    "local r = ('x'):gsub('x', list())": "bad argument #2 to 'gsub' (string/function/table expected, got List)",
    "local r = string.gsub(list(), 'x', map())": "bad argument #1 to 'gsub' (string expected, got List)",
    "local r = table.concat(1)": "bad argument #1 to 'concat' (table expected, got number)",
    "table.sort({ 3, 2, 1 }, 1)": "bad argument #2 to 'sort' (function expected, got number)",
    "table.move({}, -1, math.maxinteger, 2)": "bad argument #3 to 'move' (too many elements to move)",
    "setmetatable(1, {})": "bad argument #1 to 'setmetatable' (table expected, got number)",
    "setmetatable({}, 1)": "bad argument #2 to 'setmetatable' (nil or table expected, got number)",
    "setmetatable(setmetatable({}, { __metatable = 1 }), {})": "cannot change a protected metatable",
    "local r = type()": "bad argument #1 to 'type' (value expected)",
    "local r = coroutine.create(1)": "bad argument #1 to 'create' (function expected, got number)",
    "local r = coroutine.wrap()": "bad argument #1 to 'wrap' (function expected, got no value)",
    "coroutine.resume(1)": "bad argument #1 to 'resume' (thread expected, got number)",
    "xpcall(print)": "bad argument #2 to 'xpcall' (function expected, got no value)",
    "pcall()": "bad argument #1 to 'pcall' (value expected)",
    "collectgarbage('x')": "bad argument #1 to 'collectgarbage' (invalid option 'x')",
    "require()": "bad argument #1 to 'require' (string expected, got no value)",
    "require('nope')": "module 'nope' not found:\n\tno field package.preload['nope']\n\tno file '/udf/nope.lua'",
    "require('a.b')": "module 'a.b' not found:\n\tno field package.preload['a.b']\n\tno file '/udf/a/b.lua'",
    "aerospike.log()": "bad argument #1 to 'log' (userdata expected, got no value)",
}


@for_each_row("body", REFUSALS)
def test_a_refusal_names_the_line_of_the_module(call: Call, body: str) -> None:
    assert call(body) == (PREFIX + REFUSALS[body]).encode()


RESULTS = {
    "return table.concat({ ('abc'):find('b') }, ' ')": b"2 2",
    "return select('#', ('abc'):find('x'))": 1,
    "return table.concat({ ('a1b2'):gsub('%d', '<%0>') }, ' ')": b"a<1>b<2> 2",
    "return table.concat({ ('a=1, b=2'):match('(%w)=(%w), (%w)=(%w)') })": b"a1b2",
    "local t = {} for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do t[#t + 1] = k .. v end return table.concat(t)": b"a1b2",
    "local t = { 3, 1, 2 } table.sort(t) return table.concat(t)": b"123",
    "local t = { 3, 1, 2 } table.sort(t, function(a, b) return a > b end) return table.concat(t)": b"321",
    "local t = {} for i = 1, 500 do t[i] = -i end table.sort(t) return t[1]": -500,
    "local t = { 1, 2 } table.insert(t, 1, 0) return table.concat(t)": b"012",
    "local t = { 1, 2 } table.insert(t, 3) return table.concat(t)": b"123",
    "local t = { 1, 2, 3 } return table.remove(t, 1) .. #t": b"12",
    "local t = { 1, 2, 3 } return table.remove(t) .. #t": b"32",
    "return tostring(table.remove({}))": b"nil",
    "local t = table.move({ 1, 2 }, 1, 2, 2) return t[3] .. select(-1, 7, 8)": b"28",
    "local t = {} for i = 1, 20000 do t[i] = i end table.insert(t, 1, 0) return t[1] + t[20001]": 20000,
    "local t = {} for i = 1, 20000 do t[i] = i end return table.remove(t, 1) + t[19999]": 20001,
    "local t = {} for i = 1, 20000 do t[i] = i end table.move(t, 1, 20000, 2) return t[20001] + t[1]": 20001,
    "local t = setmetatable({}, { __index = function(_, k) return k <= 3 and k end, __len = function() return 3 end })"
    " return table.concat(t, ',')": b"1,2,3",
    "local s = ('ab'):rep(200000) return s:find('ba', 399998, true)": 399998,
    "return select(2, ('x'):rep(20001):find(('x'):rep(20000) .. 'y', 1, true)) or 0": 0,
    "return #('a'):rep(1500):gsub('a-b', '')": 1500,
    "return ('a'):rep(3000):match('^(a-)$') == ('a'):rep(3000)": True,
    "return string.rep(12345, 2)": b"1234512345",
    "return math.sum(2, 3) * math.product(2, 5)": 50,
    "return math.type(collectgarbage('count'))": b"float",
    "return collectgarbage() + collectgarbage('stop') + collectgarbage('restart')": 0,
    "return tostring(collectgarbage('step')) .. tostring(collectgarbage('isrunning'))": b"truetrue",
    "local c = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) return c() * 10 + c()": 12,
    "local ok, e = pcall(error, 'x', 0) return tostring(ok) .. e": b"falsex",
    "return table.concat({ select(2, xpcall(function(...) return ... end, print, 7, 8)) }, ' ')": b"7 8",
    "return select(2, xpcall(error, function(e) return e .. '!' end, 'x', 0))": b"x!",
    "return select('#', pcall(coroutine.yield, 1))": 2,
    "return type(string) .. type(table) .. type(math) .. type(utf8) .. type(coroutine)": b"tabletabletabletabletable",
    "return type(aerospike)": b"userdata",
    "return select('#', info('x'))": 0,
    "return math.type(aerospike:get_current_time())": b"integer",
    "return 'ab\\0cd'": b"ab",
    "return 1, 2": 1,
    "return false": False,
    "return 4 / 2": 2.0,
    "return tostring(success) .. tostring(result)": b"nilnil",
}


@for_each_row("body", RESULTS)
def test_a_result(call: Call, body: str) -> None:
    value = call(body)
    assert (type(value), value) == (type(RESULTS[body]), RESULTS[body])


THROWN = {
    "error('boom')": b"/udf/m.lua:2: boom",
    "error('boom', 0)": b"boom",
    "error({ code = 1 })": b"result value type unexpected",
    "error(nil)": b"result value type unexpected",
    "error(42)": b"result value type unexpected",
    "error(false)": b"result value type unexpected",
    "error('l1\\nl2', 0)": b"l1\nl2",
    "undefined()": b"/udf/m.lua:2: attempt to call a nil value (global 'undefined')",
    "return 1 // 0": b"/udf/m.lua:2: attempt to divide by zero",
    "assert(false)": b"/udf/m.lua:2: assertion failed!",
    "assert(nil, 'why')": b"/udf/m.lua:2: why",
    "local r = string.format('%d', 3.5)": b"/udf/m.lua:2: bad argument #2 to 'format' (number has no integer representation)",
    "info('%d', 'x')": b"[string \"aerospike.lua\"]:8: bad argument #2 to 'format' (number expected, got string)",
    "trace('%d', 'x')": b"[string \"aerospike.lua\"]:2: bad argument #2 to 'format' (number expected, got string)",
    "debug('%d', 'x')": b"[string \"aerospike.lua\"]:5: bad argument #2 to 'format' (number expected, got string)",
    "warn('%d', 'x')": b"[string \"aerospike.lua\"]:11: bad argument #2 to 'format' (number expected, got string)",
    "info('%s')": b"[string \"aerospike.lua\"]:8: bad argument #2 to 'format' (no value)",
}


@pytest.mark.parametrize("body", THROWN)
def test_an_error(call: Call, body: str) -> None:
    assert call(body) == THROWN[body]


def test_log_lines_name_their_place(sandbox: Any, call: Call) -> None:
    call("info('a %d', 1)\nwarn('b') trace('c') debug('d')\nprint(1, nil)\naerospike:log(0, 'e')")
    assert sandbox.lines == [
        (2, "/udf/m.lua:2 m.f", "a 1"),
        (1, "/udf/m.lua:3 m.f", "b"),
        (4, "/udf/m.lua:3 m.f", "c"),
        (3, "/udf/m.lua:3 m.f", "d"),
        (2, "/udf/m.lua:4 m.f", "1\tnil"),
        (0, "/udf/m.lua:5 m.f", "e"),
    ]


def test_one_call_logs_so_much(sandbox: Any, call: Call) -> None:
    call("for i = 1, 5000 do info(('x'):rep(5000)) end")
    assert len(sandbox.lines) == 1000
    assert len(sandbox.lines[0][2]) == 2048
    assert "dropped" in sandbox.lines[-1][2]


def compiled(filename: str, content: bytes, **settings: Any) -> tuple[bytes, int, bytes] | None:
    """What `udf-put` would answer."""

    async def validated() -> tuple[bytes, int, bytes] | None:
        host = UdfHost(ModLua(user_path="/udf", **settings), lambda _: None, lambda *_: None)
        try:
            await host.validate(filename, content)
        except ModuleError as error:
            return error.file, error.line, error.message
        finally:
            await host.stop()
        return None

    return asyncio.run(validated())


COMPILE_ERRORS: dict[str, tuple[str, bytes, tuple[bytes, int, bytes]]] = {
    "syntax": ("b.lua", b"x = = 1", (b"b.lua", 1, b"unexpected symbol near '='")),
    "run time": ("b.lua", b"\n\nerror('at load')", (b"b.lua", 3, b"at load")),
    "no text": ("b.lua", b"error({})", (b"", 0, b"(Null error message returned by lua)")),
    "nil": ("b.lua", b"error()", (b"", 0, b"(Null error message returned by lua)")),
    "number": ("b.lua", b"error(42)", (b"", 0, b"42")),
    "no place": ("b.lua", b"error('one\\ntwo', 0)", (b"", 0, b"one")),
    "long and without a place": ("b.lua", b"error(('x'):rep(999), 0)", (b"", 0, b"x" * 256)),
    "long": ("b.lua", b"error(('x'):rep(5000))", (b"b.lua", 1, b"x" * 1023)),
    "info": (
        "b.lua",
        b"info('x')",
        (b"aerospike.lua", 8, b"attempt to index a nil value (global 'aerospike')"),
    ),
    "aerospike": (
        "b.lua",
        b"aerospike:log(1, 'x')",
        (b"b.lua", 1, b"attempt to index a nil value (global 'aerospike')"),
    ),
    "long name": ("n" * 60 + ".lua", b"x =", (b"n" * 45 + b"...", 1, b"unexpected symbol near <eof>")),
    "name of 44": ("n" * 40 + ".lua", b"x =", (b"n" * 40 + b".lua", 1, b"unexpected symbol near <eof>")),
    "quote in the name": ('a"b.lua', b"x =", (b"a", 1, b"unexpected symbol near <eof>")),
    "@name": ("@a.lua", b"x =", (b"", 0, b"a.lua:1: unexpected symbol near <eof>")),
    "=name": ("=a.lua", b"x =", (b"", 0, b"a.lua:1: unexpected symbol near <eof>")),
    "cut bytecode": ("b.lua", b"\x1bLua", (b"", 0, b"b.lua: bad binary format (truncated chunk)")),
    "bytecode": ("b.lua", b"\x1bLua" + bytes(60), (b"", 0, b"attempt to load a binary chunk (mode is 't')")),
    "nesting": ("b.lua", b"x = " + b"(" * 250 + b"1", (b"", 0, b"C stack overflow")),
    "mark": ("b.lua", b"\xef\xbb\xbfx = 1", (b"b.lua", 1, b"unexpected symbol near '<\\239>'")),
    "shebang": ("b.lua", b"#!/x", (b"b.lua", 1, b"unexpected symbol near '#'")),
    "missing module": (
        "b.lua",
        b"require('nope')",
        (
            b"b.lua",
            1,
            b"module 'nope' not found:\n\tno field package.preload['nope']\n\tno file '/udf/nope.lua'",
        ),
    ),
}


@pytest.mark.parametrize(("filename", "content", "expected"), COMPILE_ERRORS.values(), ids=COMPILE_ERRORS)
def test_a_module_is_refused(filename: str, content: bytes, expected: tuple[bytes, int, bytes]) -> None:
    assert compiled(filename, content) == expected


@pytest.mark.parametrize("content", [b"\n", b"x = 'a\x80b'\r\n", b"return 1", b"local x <const> = 1"])
def test_a_module_is_taken(content: bytes) -> None:
    assert compiled("a.lua", content) is None


@pytest.mark.parametrize(
    "body", ["while true do end", "while true do pcall(function() while true do end end) end"]
)
def test_a_body_without_end_is_refused(body: str) -> None:
    expected = (b"l.lua", 0, b"module body did not end within 50 ms")
    assert compiled("l.lua", body.encode(), body_max_ms=50) == expected


def test_a_body_that_takes_all_memory_is_refused() -> None:
    body = b"t = {} while true do t[#t + 1] = {} end"
    assert compiled("m.lua", body, context_memory=4 << 20, body_max_ms=60_000) == (
        b"",
        0,
        b"not enough memory",
    )


def test_call_errors_of_the_host() -> None:
    async def errors() -> list[bytes]:
        texts = {"m": b"x = {}\nfunction f() return 1 end\nlocal function hidden() end", "bad": b"error('x')"}
        host = UdfHost(ModLua(user_path="/udf"), texts.get, lambda *_: None)
        found = []
        for module, function in [
            ("none", "f"),
            ("m.lua", "f"),
            ("bad", "f"),
            ("../m", "f"),
            ("m", "missing"),
            ("m", ""),
            ("m", "hidden"),
            ("m", "x"),
            ("m", "x.y"),
        ]:
            found.append(await call_function(host, module, function))
        await host.stop()
        return found

    no_module, missing = b"UDF: Execution Error 1", b"function not found"
    assert asyncio.run(errors()) == [
        *[no_module] * 4,
        *[missing] * 3,
        b"attempt to call a table value",
        missing,
    ]

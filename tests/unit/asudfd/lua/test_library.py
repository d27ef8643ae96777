"""What the library's functions say in the sandbox and in a bare Lua 5.4: the same, letter for letter."""

from collections.abc import Callable

from lupa.lua54 import LuaRuntime

from asudfd.lua.call import Scalar
from tests.each import for_each_row

NATIVE = b"""
local text = ...
local body = load(text, "@/udf/m.lua")
body()
local ok, value = pcall(f)
return value
"""

BODIES = [
    "local x = string.format('%y', 1)",
    "return string.format('%0100d', 1)",
    "return string.format('%.100f', 1)",
    "return string.format('%d', 'x')",
    "return string.format('%s', setmetatable({}, { __tostring = function() return 1 end }))",
    "return string.pack('i17', 1)",
    "return string.pack('q', 1)",
    "return string.pack('c', 'x')",
    "return string.pack('i1', 300)",
    "return string.unpack('i4', 'abc')",
    "return ('%d'):format('x')",
    "return ('%5.2f'):format({})",
    "local s = '%d' return s:format({})",
    "return ('i1'):pack('x')",
    "return ('x'):rep({})",
    "return string.rep.x()",
    "return table.unpack({}, 1, 1e8)",
    "return table.unpack({}, math.mininteger, 5)",
    "return table.concat()",
    "return table.concat({ 1, {} })",
    "return table.concat(setmetatable({}, {}), {})",
    "return table.concat(setmetatable({}, { __len = function() return 'x' end }))",
    "return table.concat(setmetatable({}, { __len = function() error('length') end }))",
    "return table.sort({ 1, {}, 2 })",
    "return table.sort({ 3, 2, 1 }, function() error('level 1') end)",
    "return table.sort({ 3, 2, 1 }, function() error('level 3', 3) end)",
    "return table.insert({}, 1, 2, 3)",
    "return rawlen(5)",
    "return rawset()",
    "return setmetatable(1, {})",
    "return setmetatable(setmetatable({}, { __metatable = 1 }), {})",
    "return math.max('x', {})",
    "return math.max()",
    "return utf8.char('x')",
    "return utf8.char(-1)",
    "return coroutine.close(coroutine.running())",
    "return coroutine.create(1)",
    "return ('x'):gsub('x', function() local s = string.rep() end)",
    "return ('x'):gsub('x', string.rep)",
    "return ('x'):gsub('x', tonumber, {})",
    "return ('x'):gsub('x', function() return {} end)",
    "return select(2, pcall(error, 'm', 2))",
    "return select(2, pcall(error, 'm', '2'))",
    "return select(2, pcall(error, 'm'))",
    "return select(2, pcall(error, 'm', 1))",
    "return select(2, pcall(string.rep))",
    "return select(2, pcall(string.format, '%d', 'x'))",
    "return select(2, pcall(string.format, '%y', 'x'))",
    "return select(2, pcall(tonumber))",
    "return select(2, pcall(table.concat))",
    "return select(2, pcall(setmetatable, 1))",
    "return select(2, pcall(math.floor, {}))",
    "return select(2, pcall(5))",
    "return select(2, xpcall(error, function() error('again') end, 'x'))",
    "return select(2, xpcall(error, function(x) return x .. 'y' end, {}))",
    "local n = 0 return select(2, xpcall(error, function(x) n = n + 1 if n < 5 then error('q' .. n) end return x .. n end, 'x'))",
]


@for_each_row("body", BODIES)
def test_a_text_is_that_of_the_language(call: Callable[..., Scalar], body: str) -> None:
    wanted = LuaRuntime(encoding=None).execute(NATIVE, b"function f(...)\n" + body.encode() + b"\nend")
    assert isinstance(wanted, bytes)
    assert call(body) == wanted

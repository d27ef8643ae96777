"""The rows of Lua 5.4's own libraries in the sandbox of a hardened node, of what is not there, and of what to write instead."""

from __future__ import annotations

from asinfo.lint.api import ApiFunction, ApiLibrary

F = ApiFunction

FUNCTIONS = (
    F("assert(value: any, message?: any, ...: any)", "any ...", "Gives its arguments back, or raises the message where value is false or nil."),
    F("collectgarbage(option?: string, ...: any)", "any", "Tells the memory in use; what it sets has no effect.", "it changes the collector"),
    F("error(message?: any, level?: integer)", "", "Raises an error; a text gets the place of the caller."),
    F("getmetatable(value: any)", "any", "The metatable; for values of the server the table that stands for their type."),
    F("ipairs(t: any)", "function, any, integer", "For a loop over t[1], t[2] and so on, up to the first nil; lists, too."),
    F("next(t: table, key?: any)", "any, any", "The key after key, and its value; tables only."),
    F("pairs(t: any)", "function, any, any", "For a loop over all keys of a table; use map.pairs for a map."),
    F("pcall(f: function, ...: any)", "boolean, any ...", "Calls f; false and the error if there is one.", "it can catch the time-out"),
    F("print(...: any)", "", "Writes to the node's log.", "it writes to the standard output of the server"),
    F("rawequal(one: any, other: any)", "boolean", "Whether both are the same value, without metamethods."),
    F("rawget(t: table, key: any)", "any", "t[key] without metamethods; tables only."),
    F("rawlen(t: table|string)", "integer", "#t without metamethods."),
    F("rawset(t: table, key: any, value: any)", "table", "t[key] = value without metamethods; tables only."),
    F("require(name: string)", "any", "Loads another module once; its globals are those of this module, too.", "a module that is put anew does not reach those that require it until they are put, or the cache is cleared"),
    F("select(n: integer|string, ...: any)", "any ...", 'The arguments from n on, or with "#" their number.'),
    F("setmetatable(t: table, metatable: table|nil)", "table", "Sets a metatable; tables only."),
    F("tonumber(value: any, base?: integer)", "number?", "The number that a text stands for."),
    F("tostring(value: any)", "string", "The text of a value."),
    F("type(value: any)", "string", 'The type; values of the server are "userdata".'),
    F("xpcall(f: function, handler: function, ...: any)", "boolean, any ...", "As pcall, with a function that makes something of the error."),
)  # fmt: skip

_STRING = ApiLibrary(
    "string",
    "Strings. A string that leaves Lua is cut at its first zero byte.",
    (
        F("byte(s: string, i?: integer, j?: integer)", "integer ...", "The codes of bytes i to j."),
        F("char(...: integer)", "string", "The string of these bytes."),
        F("find(s: string, pattern: string, init?: integer, plain?: boolean)", "integer?, integer?, any ...", "Where a pattern is first found."),
        F("format(format: string, ...: any)", "string", "Makes a text of values, as in C."),
        F("gmatch(s: string, pattern: string, init?: integer)", "function", "For a loop over all matches."),
        F("gsub(s: string, pattern: string, replacement: any, n?: integer)", "string, integer", "Replaces matches; the new text, and how many there were."),
        F("len(s: string)", "integer", "Its length in bytes."),
        F("lower(s: string)", "string", "In lower case."),
        F("match(s: string, pattern: string, init?: integer)", "any ...", "What a pattern captures."),
        F("pack(format: string, ...: any)", "string", "The bytes of values."),
        F("packsize(format: string)", "integer", "How many bytes string.pack gives."),
        F("rep(s: string, n: integer, separator?: string)", "string", "The string n times."),
        F("reverse(s: string)", "string", "Its bytes in reverse order."),
        F("sub(s: string, i: integer, j?: integer)", "string", "Bytes i to j."),
        F("unpack(format: string, s: string, i?: integer)", "any ...", "The values of bytes."),
        F("upper(s: string)", "string", "In upper case."),
    ),
)  # fmt: skip

_TABLE = ApiLibrary(
    "table",
    "Tables of Lua. They cannot be in bins and results: list(t) and map(t) can.",
    (
        F("concat(t: any, separator?: string, i?: integer, j?: integer)", "string", "The texts of elements, one behind the other."),
        F("insert(t: any, i: any, value?: any)", "", "Puts a value at place i, or at the end: table.insert(t, value)."),
        F("move(from: table, i: integer, j: integer, at: integer, to?: table)", "table", "Copies elements."),
        F("pack(...: any)", "table", "A table of the arguments, with their number as n."),
        F("remove(t: any, i?: integer)", "any", "Removes the element at place i, or the last."),
        F("sort(t: any, before?: fun(one: any, other: any): boolean)", "", "Sorts in place."),
        F("unpack(t: any, i?: integer, j?: integer)", "any ...", "The elements as values."),
    ),
)  # fmt: skip


def _of_number(*names: str) -> tuple[ApiFunction, ...]:
    return tuple(F(f"{name}(x: number)", "number", f"The {name} of x.") for name in names)


_MATH = ApiLibrary(
    "math",
    "Numbers.",
    (
        *_of_number("abs", "acos", "asin", "ceil", "cos", "deg", "exp", "floor", "rad", "sin", "sqrt", "tan"),
        F("atan(y: number, x?: number)", "number", "The angle of y/x."),
        F("fmod(x: number, y: number)", "number", "The remainder of x/y, rounded towards zero."),
        F("log(x: number, base?: number)", "number", "The logarithm."),
        F("max(x: number, ...: number)", "number", "The largest."),
        F("min(x: number, ...: number)", "number", "The smallest."),
        F("modf(x: number)", "number, number", "The integral part and the rest."),
        F("product(a: number, b: number)", "number", "a * b; for reduce."),
        F("random(m?: integer, n?: integer)", "number", "A random number."),
        F("randomseed(x?: integer, y?: integer)", "integer, integer", "Begins the random numbers anew; the seed."),
        F("sum(a: number, b: number)", "number", "a + b; for reduce."),
        F("tointeger(x: any)", "integer?", "The integer of that value, if there is one."),
        F("type(x: any)", "string?", '"integer" or "float".'),
        F("ult(m: integer, n: integer)", "boolean", "Whether m is below n, both without a sign."),
    ),
    values={"huge": "number", "maxinteger": "integer", "mininteger": "integer", "pi": "number"},
)  # fmt: skip

LIBRARIES = (
    _STRING,
    _TABLE,
    _MATH,
    ApiLibrary(
        "utf8",
        "Texts in UTF-8.",
        (
            F("char(...: integer)", "string", "The text of these code points."),
            F("codepoint(s: string, i?: integer, j?: integer, lax?: boolean)", "integer ...", "The code points that begin at bytes i to j."),
            F("codes(s: string, lax?: boolean)", "function, string, integer", "For a loop over places and code points."),
            F("len(s: string, i?: integer, j?: integer, lax?: boolean)", "integer?, integer?", "How many code points there are."),
            F("offset(s: string, n: integer, i?: integer)", "integer?", "Where code point n begins."),
        ),
        values={"charpattern": "string"},
    ),
    ApiLibrary(
        "coroutine",
        "Coroutines.",
        (
            F("close(co: thread)", "boolean, any", "Ends one that is suspended."),
            F("create(f: function)", "thread", "A new one."),
            F("isyieldable(co?: thread)", "boolean", "Whether it can yield."),
            F("resume(co: thread, ...: any)", "boolean, any ...", "Goes on with one."),
            F("running()", "thread, boolean", "The one that runs."),
            F("status(co: thread)", "string", "What it does."),
            F("wrap(f: function)", "function", "A new one, as a function that goes on with it."),
            F("yield(...: any)", "any ...", "Suspends the one that runs."),
        ),
    ),
    ApiLibrary(
        "os",
        "The time. Nothing else of this library is there.",
        (
            F("clock()", "number", "Seconds of the processor's time."),
            F("date(format?: string, time?: integer)", "string|table", "A time as a text or a table."),
            F("difftime(to: integer, from: integer)", "number", "Seconds between two times."),
            F("time(fields?: table)", "integer", "The time in seconds since 1970."),
        ),
    ),
    ApiLibrary(
        "package",
        "What require looks at.",
        (),
        values={"config": "string", "loaded": "table", "path": "string", "preload": "table"},
    ),
)  # fmt: skip

VALUES = {"_G": "table", "_VERSION": "string"}
"""Globals that are no functions."""

REMOVED = {
    "unpack": "table.unpack",
    "loadstring": "a function, or pcall of one: load is refused in hardened mode",
    "setfenv": "an explicit table: functions have no environments of their own",
    "getfenv": "_G or _ENV",
    "module": "global functions, or a table that the module returns",
    "newproxy": "setmetatable({}, ...)",
    "bit": "the operators & | ~ << >>",
    "bit32": "the operators & | ~ << >>",
    "jit": "nothing: servers from 7.0 on have Lua 5.4, not LuaJIT",
    "ffi": "string.pack and string.unpack",
    "table.getn": "#t",
    "table.setn": "nothing: a table has no length of its own",
    "table.maxn": "#t",
    "table.foreach": "for k, v in pairs(t) do",
    "table.foreachi": "for i, v in ipairs(t) do",
    "math.pow": "x ^ y",
    "math.mod": "math.fmod, or %",
    "math.ldexp": "x * 2.0 ^ exponent",
    "math.frexp": "string.pack, or math.log",
    "math.cosh": "math.exp",
    "math.sinh": "math.exp",
    "math.tanh": "math.exp",
    "math.log10": "math.log(x, 10)",
    "string.gfind": "string.gmatch",
    "package.seeall": "nothing: globals are seen everywhere",
    "package.loaders": "package.preload",
}
"""What Lua 5.4 does not have, and what to write instead. Servers before 7.0 had Lua 5.1."""

REFUSED = {
    "io": "info() to tell something",
    "os.execute": "a program outside of the database",
    "os.exit": "error()",
    "os.getenv": "an argument of the function",
    "os.remove": "a program outside of the database",
    "os.rename": "a program outside of the database",
    "os.setlocale": "nothing: the locale is C",
    "os.tmpname": "nothing: there are no files",
    "dofile": "require",
    "loadfile": "require",
    "load": "a function",
    "string.dump": "nothing: bytecode is refused",
    "package.cpath": "nothing: .so modules are refused",
    "package.loadlib": "nothing: .so modules are refused",
    "package.searchpath": "require",
    "package.searchers": "package.preload",
}
"""What a hardened server and asudfd refuse, and what to write instead. An older server, or one with allow-unsafe-lua, has it."""

REFUSED_REQUIRES = {
    "io": "info() to tell something",
    "debug": "pcall and error",
    "ffi": "string.pack and string.unpack",
}
"""The same for what is required: require("debug")."""

"""Lua that means harm: functions that do not end, most of them in a single instruction, where no hook runs."""

REHASH = """
    local t = {}
    for i = 1, 1 << 17 do t[i * 262143] = true end
    t[0.5] = true
"""
"""The keys are spread in a table for 2^17 of them, and all collide in the next larger one: one assignment."""

COLLECTOR = """
    local keys, maps, order, seed = {}, {}, {}, 12345
    for i = 1, 100000 do keys[i], maps[i], order[i] = {}, setmetatable({}, {__mode = "k"}), i end
    for i = #order, 2, -1 do
        seed = seed * 1103515245 + 12345 & 0x7fffffff
        local j = seed % i + 1
        order[i], order[j] = order[j], order[i]
    end
    for i = 1, #order - 1 do maps[order[i]][keys[i]] = keys[i + 1] end
    local first = keys[1]
    keys = nil
    collectgarbage()
    return first
"""
"""Weak tables, each of which keeps the key of the next one: the collector visits all of them for each."""

MATCHER = "return ('a'):rep(5000):find('.-.-.-.-.-b')"

PROGRAMS = {
    "rehash": REHASH,
    "collector": COLLECTOR,
    "matcher": MATCHER,
    "table.move": "table.move({}, 1, 1 << 60, 1)",
    "nothing often": "return ('').rep('', 1 << 60)",
    "gsub": "return ('a'):rep(5000):gsub('.-.-.-.-.-b', '')",
    "a loop": "while true do end",
    "a loop that catches": "while true do pcall(function() while true do end end) end",
    "a loop in a handler": "while true do xpcall(error, function() while true do end end) end",
    "a loop in a coroutine": "coroutine.wrap(function() while true do end end)()",
    "a loop that is closed": "local c <close> = setmetatable({}, {__close = function() while true do end end}) error('x')",
    "coroutines": "while true do coroutine.wrap(function() end)() end",
    "recursion": "local function g() while true do pcall(g) end end g()",
    "requiring": "while true do pcall(require, 'nothing') end",
    "comparisons": "local s, t = ('\\0'):rep(2^22), {} for i = 1, 200 do t[i] = s .. '' end while true do table.sort(t) end",
}
"""Bodies of functions, by what they are about."""


def module(bodies: "list[str]") -> bytes:
    """A module with the functions f0, f1, ..."""
    return "".join(f"function f{number}(rec)\n{body}\nend\n" for number, body in enumerate(bodies)).encode()

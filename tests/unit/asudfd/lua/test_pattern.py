"""The interruptible matcher gives what the library's own gives: results, messages, and how often a callback is called."""

from importlib.resources import files

from hypothesis import example, given
from hypothesis import strategies as st
from lupa.lua54 import LuaRuntime

LUA = LuaRuntime(encoding=None)
FIND, MATCH, GMATCH, GSUB, COST = LUA.execute(
    b"""
local provided = { refuse = function(text) error(text, 0) end, join = function(parts) return table.concat(parts) end }
for _, chunk in next, { ... } do
    for name, value in next, load(chunk, "=pattern", "t")(provided) or {} do provided[name] = value end
end
local pattern = provided.pattern

local function outcome(...)
    local parts = { tostring(select("#", ...)) }
    for index = 1, select("#", ...) do
        local value = select(index, ...)
        parts[#parts + 1] = math.type(value) or type(value)
        parts[#parts + 1] = tostring(value)
    end
    return (table.concat(parts, "\\1"):gsub("^(2\\1boolean\\1false\\1string\\1)[^:]-:%d+: ", "%1"))
end

local function words(step, s)
    local found = {}
    for a, b in step do
        found[#found + 1] = tostring(a) .. "/" .. tostring(b)
    end
    return table.concat(found, "\\2")
end

local function start(s, init)
    return init > 0 and init or init == 0 and 1 or math.max(1, #s + init + 1)
end

local function beyond(s, init)
    return start(s, init) > #s + 1
end

local function is_text(p) -- what find looks for byte by byte, without the matcher
    return not p:find("[%^%$%*%+%?%.%(%[%%%-]")
end

local function replacement(form)
    if form == 1 then return "<%0>" end
    if form == 2 then return "[%1]" end
    if form == 3 then return "%2" end
    if form == 4 then return "%a" end
    if form == 5 then return { a = "T", b = false, [1] = "one" } end
    if form == 6 then return {a = {}} end
    return function(...) return select("#", ...) > 1 and ... or nil end
end

return function(s, p, init)
    if beyond(s, init) or is_text(p) then return "", "" end
    return outcome(pcall(string.find, s, p, init)), outcome(pcall(pattern.find, s, p, start(s, init), true))
end, function(s, p, init)
    if beyond(s, init) then return "", "" end
    return outcome(pcall(string.match, s, p, init)), outcome(pcall(pattern.find, s, p, start(s, init), false))
end, function(s, p, init)
    if beyond(s, init) then return "", "" end
    return outcome(pcall(function() return words(string.gmatch(s, p, init)) end)),
        outcome(pcall(function() return words(pattern.gmatch(s, p, start(s, init))) end))
end, function(s, p, most, form)
    local with = replacement(form)
    return outcome(pcall(string.gsub, s, p, with, most)), outcome(pcall(pattern.gsub, s, p, with, most))
end, pattern.cost
""",
    *((files("asudfd.lua") / name).read_bytes() for name in ("pattern.lua", "cost.lua")),
)

ITEMS = [
    *(
        b"a b . %a %d %s %w %% [ab] [^a] [a-c%d] [] [^ %b() %bxy %b %f[a] %f[%W] %f %1 %2 %0 () ( ) ^ $ - * + ? %"
    ).split(),
    b"[%]]",
    b"[]]",
    b"x",
    b"(a)",
    b"(%w)",
    b"(.-)",
]
PATTERNS = st.lists(st.sampled_from(ITEMS), max_size=7).map(b"".join)
SUBJECTS = st.text("abcxy()12 ]%", max_size=12).map(str.encode)
INITS = st.integers(-14, 14)


@given(SUBJECTS, PATTERNS, INITS)
@example(b"aaa", b"(a*)(a*)%1b", 1)
@example(b"THE (quick) fox", b"%((%a+)%)", 1)
def test_find_and_match(subject: bytes, pattern: bytes, init: int) -> None:
    for function in (FIND, MATCH):
        expected, got = function(subject, pattern, init)
        assert got == expected


@given(SUBJECTS, PATTERNS, INITS)
@example(b"key=value, a=b", b"(%w+)=(%w+)", 1)
def test_gmatch(subject: bytes, pattern: bytes, init: int) -> None:
    expected, got = GMATCH(subject, pattern, init)
    assert got == expected


@given(SUBJECTS, PATTERNS, st.integers(-1, 8), st.integers(1, 7))
@example(b"hello world", b"o", 8, 1)
@example(b"abc", b"", 8, 1)
def test_gsub(subject: bytes, pattern: bytes, most: int, form: int) -> None:
    expected, got = GSUB(subject, pattern, most, form)
    assert got == expected


def test_nesting_is_limited_as_in_the_library() -> None:
    deep = b"(a?" * 30 + b")" * 30
    expected, got = FIND(b"a" * 40, deep, 1)
    assert got == expected
    expected, got = FIND(b"a" * 300, b"a?" * 250, 1)
    assert got == expected
    assert b"pattern too complex" in got


def _steps(pattern: bytes, size: int) -> float:
    power, factor = COST(pattern)
    steps: float = factor * (size + 1.0) ** power
    return steps


def test_harmless_patterns_run_in_the_library_on_long_subjects() -> None:
    most = 1e7
    """Steps of 50 ms."""
    assert _steps(b"%s+", 1_000_000) < most
    assert _steps(b"^%s*", 1_000_000) < most
    assert _steps(b",", 1_000_000) < most
    assert _steps(b"(%w+)=", 500) < most < _steps(b"(%w+)=", 10_000)
    assert _steps(b".-.-.-b", 100) > most
    assert _steps(b"a?" * 40 + b"b", 1) > most

"""Everything that a module can get hold of is walked through; nothing of the host's is among it.

A probe, loaded as the last chunk of the sandbox, knows the host's side: every function that modules have a stand-in of,
every class, and what is inside of lists, maps, bytes, records and streams. The explorer is a module. It looks into every
table, asks for every metatable, calls every function with all sorts of values, and looks at what comes back, at what its
callbacks and metamethods are given, and at errors.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from asudfd.lua import context as context_module
from asudfd.lua.aerospike.crossing import CROSSING
from asudfd.lua.aerospike.record_batch import END, pack
from asudfd.lua.aerospike.record_view import RecordView, StreamView, record_call, stream_call
from asudfd.lua.context import ContextSettings, LuaContext
from asudfd.lua.sandbox import sandbox_chunks
from asudfd.lua.state import compile_text, new_state

PROBE = rb"""
local box = ... -- everything that chunks provide
local next, type, pairs, rawget, tostring = next, type, pairs, rawget, tostring
local debug, secrets, allowed = debug, {}, {}

-- What modules are meant to have: the environment, and what is in its tables.
local function allow(value)
    if value == nil or allowed[value] or type(value) ~= "table" and type(value) ~= "function" then return end
    allowed[value] = true
    if type(value) == "table" and not box.masked[debug.getmetatable(value)] then
        for _, inner in next, value do allow(inner) end
    end
end
allow(box.env)
allow(box.aerospike)
-- What `list.iterator` and its like give first: one function for all modules. It takes nothing but a state that they made.
allow((box.iterate()))
allow(debug.getmetatable("").__metatable)
for class in next, box.masked do
    allow(class.__metatable) -- what `getmetatable` gives
end
for _, method in next, debug.getmetatable(box.aerospike).__index do
    allow(method)
end

local function secret(value, name)
    local kind = type(value)
    if (kind == "table" or kind == "function" or kind == "userdata") and not allowed[value] and not secrets[value] then
        secrets[value] = name
        return true
    end
end

-- The libraries as the interpreter has them, Python's included, and the registry.
local function originals(t, name, depth)
    if not secret(t, name) then return end
    for key, value in next, t do
        local inner = name .. "." .. tostring(key)
        if type(value) == "table" and depth < 3 then originals(value, inner, depth + 1) else secret(value, inner) end
    end
end
originals(originals_of_the_state, "G", 0)
originals(debug.getregistry(), "registry", 2)

-- What the chunks of the sandbox keep: upvalues of functions, to any depth, and tables; classes and keys among it.
local seen = {}
local function private(value, name, depth)
    if seen[value] or depth > 12 then return end
    local kind = type(value)
    if kind == "function" then
        seen[value] = true
        for index = 1, 255 do
            local upvalue, held = debug.getupvalue(value, index)
            if not upvalue then break end
            if held ~= nil and held ~= box.env then
                secret(held, name .. "^" .. upvalue)
                private(held, name .. "^" .. upvalue, depth + 1)
            end
        end
    elseif kind == "table" and value ~= box.env then
        seen[value] = true
        local class = debug.getmetatable(value)
        if class and class.__metatable ~= class and class.__metatable ~= value then
            secret(class, name .. "#")
            private(class, name .. "#", depth + 1)
        end
        for key, inner in next, value do
            if value ~= secrets then
                local of = name .. "." .. tostring(key)
                if not allowed[value] then secret(key, of .. " (key)") secret(inner, of) end
                private(inner, of, depth + 1)
            end
        end
    end
end
secret(box, "box")
for name, value in next, box do
    if name ~= "env" then
        secret(value, "box." .. tostring(name))
        private(value, "box." .. tostring(name), 0)
    end
end
for name, value in next, box.env do private(value, name, 0) end

function box.env.secret_name(value)
    local name = secrets[value]
    if name then return name end
    if type(value) == "table" and not allowed[value] then
        if rawget(value, "class") and box.masked[rawget(value, "class")] then return "contents" end
        if box.masked[value] then return "a class" end
    end
end
function box.env.is_host_object(value)
    return type(value) == "userdata"
end
"""

EXPLORER = rb"""
local secret_name, is_host_object = secret_name, is_host_object
local next, type, pcall, tostring, select, rawequal = next, type, pcall, tostring, select, rawequal
local getmetatable, setmetatable, find, sub, concat = getmetatable, setmetatable, string.find, string.sub, table.concat
local resume, create, list, map, bytes, pairs = coroutine.resume, coroutine.create, list, map, bytes, pairs
local _G, aerospike, string, table = _G, aerospike, string, table

local seen, found, told, tasks, tried, calls = {}, {}, {}, {}, {}, 0

local function look(value, path, depth)
    local kind = type(value)
    if value == nil or value ~= value or kind == "boolean" or kind == "number" then return end
    local name = secret_name(value)
    if name or is_host_object(value) then
        name = path .. " gives " .. (name or "an object of the host")
        if not told[name] then told[name], found[#found + 1] = true, name end
        return
    end
    if kind == "string" or seen[value] then return end
    seen[value] = true
    local own = getmetatable(value)
    if own then look(own, path .. "#", depth) end
    if kind == "table" then
        local ok, key, inner = pcall(next, value)
        while ok and key ~= nil do
            look(key, path .. ".key", depth)
            look(inner, path .. "." .. sub(tostring(key), 1, 40), depth)
            ok, key, inner = pcall(next, value, key)
        end
        if not ok then look(key, path .. ".error", depth) end
    end
    local place = path .. kind
    if (kind == "function" or kind == "userdata" or own) and depth > 0 and (tried[place] or 0) < 3 then
        tried[place] = (tried[place] or 0) + 1
        tasks[#tasks + 1] = { value, path, depth - 1 }
    end
end

-- Everything that a callback or a metamethod is given.
local function callback(answer)
    return function(...)
        for index = 1, select("#", ...) do
            look((select(index, ...)), "argument of a callback", 0)
        end
        return answer, ...
    end
end

local observed = {}
for _, event in next, { "index", "newindex", "call", "len", "pairs", "close", "eq", "lt", "le", "concat", "add", "unm", "name" } do
    observed["__" .. event] = callback(event == "len" and 3 or event == "lt" or event == "le" or nil)
end
observed.__tostring, observed.__name = function(self) look(self, "tostring") return "observed" end, "Observed"

local function pool(rec, stream)
    local inner = list { 1, "x" }
    local m = map { a = 1 } m.l = inner
    local b = bytes(4) bytes.append_string(b, "abc")
    m[b] = 2
    return {
        nil, true, 0, 1, 2, -1, 1.5, "", "a", "%a", "count", "n", {}, { 1, 2, 3 }, { a = 1 }, setmetatable({}, observed), inner, m, b, geojson("{}"), rec, stream,
        aerospike, callback(1), callback(nil), callback(true), create(callback(1)), _G, string, List, StreamOps_mt, Record,
        (select(2, list.iterator(list { inner, m, b }))), (select(2, map.pairs(m))),
    }, 34
end

local function observe(path, depth, ...)
    for index = 1, select("#", ...) do
        look((select(index, ...)), path, depth)
    end
end

local skipped = { [secret_name] = true, [is_host_object] = true, [collectgarbage] = true }

-- Of several arguments, one is ``only`` where it is given: with all others together a function is called without it.
local function try(task, values, few, only)
    local value, path, depth = task[1], task[2], task[3]
    if skipped[value] then return end
    local function wanted(one, two)
        return only == nil or rawequal(one, only) or rawequal(two, only)
    end
    local function call(...)
        calls = calls + 1
        observe(path .. "()", depth, pcall(value, ...))
        if calls % 16 == 0 then observe(path .. "() in a thread", depth, resume(create(value), ...)) end
    end
    if type(value) == "function" then
        call()
        for one = 1, few do
            call(values[one])
            for two = 1, few do
                local want = wanted(values[one], values[two])
                if want then call(values[one], values[two]) end
                if want and (one * 7 + two) % 5 == 0 then
                    call(values[one], values[two], values[(one + two) % few + 1])
                    call(values[one], values[two], values[(one * two) % few + 1], values[(one + 5) % few + 1], values[two])
                end
            end
        end
        return
    end
    for one = 1, few do
        local key = values[one]
        observe(path .. "[]", depth, pcall(function() return value[key] end))
        observe(path .. "=", 0, pcall(function() value[key] = values[(one * 5) % few + 1] end))
        observe(path .. "operators", 0, pcall(function() return value .. key end))
        observe(path .. "operators", 0, pcall(function() return value + key end))
        observe(path .. "operators", 0, pcall(function() return value < key end))
        observe(path .. "operators", 0, pcall(function() for k, v in value, key do look(k, path, 0) look(v, path, 0) break end end))
        observe(path .. "for", 0, pcall(function() for k, v in pairs(value) do look(k, path .. " by pairs", 0) look(v, path .. " by pairs", 0) end end))
    end
    observe(path .. "#", 0, pcall(function() return #value end))
    observe(path .. "..", 0, pcall(function() return -value end))
    observe(path .. "()", depth, pcall(function() return value(1) end))
end

local function explore(rec, stream)
    local values, few = pool(rec, stream)
    local of_stream = "stream"
    if stream then look(stream, of_stream, 2) end
    look(_G, "_G", 2)
    for index = 1, few do
        look(values[index], type(values[index]) .. index, 2)
        observe("metatable", 1, getmetatable(values[index]))
    end
    local at = 1
    while tasks[at] do
        local about_stream = stream and sub(tasks[at][2], 1, #of_stream) == of_stream
        try(tasks[at], values, few, not about_stream and stream or nil)
        values = at % 8 == 0 and pool(rec, stream) or values
        at = at + 1
    end
    return concat(found, "\n"), calls, at
end

function explore_record(rec)
    local found, calls, tasks = explore(rec, nil)
    if found ~= "" or calls < 50000 or tasks < 150 then return found .. "\n" .. calls .. " calls of " .. tasks .. " values" end
    return "nothing"
end

skipped[explore_record] = true

function explore_stream(stream)
    local found, calls, tasks = explore(nil, stream : map(function(rec) return 1 end))
    if calls < 8000 or tasks < 150 then found = found .. "\n" .. calls .. " calls of " .. tasks .. " values" end
    error(found == "" and "nothing" or found, 0)
end

skipped[explore_stream] = true
"""


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., LuaContext]]:
    """Contexts with the probe in their sandbox."""
    chunks = sandbox_chunks(CROSSING)
    *others, last = chunks.others
    keep = compile_text(
        b"originals_of_the_state = {} local all = originals_of_the_state "
        b"local function copy(t, to) for k, v in next, t do to[k] = v end return to end "
        b"copy(_G, all) all.originals_of_the_state = nil "
        b"all.package = copy(package, {}) all.package.loaded = copy(package.loaded, {}) "
        b"for _, name in next, { 'string', 'table', 'math', 'utf8', 'coroutine', 'debug', 'io', 'os' } do "
        b"all[name] = copy(_G[name], {}) end",
        b"=keep",
    ).code
    probe = compile_text(PROBE, b"=probe").code
    assert probe is not None
    probed = chunks._replace(others=(*others, probe, last))
    monkeypatch.setattr(context_module, "sandbox_chunks", lambda _: probed)
    made = new_state

    def state(memory: int, version: str) -> Any:
        new = made(memory, version)
        new.execute(keep, mode="b")
        return new

    monkeypatch.setattr(context_module, "new_state", state)
    contexts = []

    def loaded(source: bytes, *, unsafe: bool = False) -> LuaContext:
        settings = ContextSettings(b"/udf", 64 << 20, unsafe, lambda _: None, lambda *_: None, CROSSING)
        context = LuaContext(settings, set())
        contexts.append(context)
        chunk = compile_text(source, b"@/udf/m.lua", CROSSING.no_tail_calls).code
        assert chunk is not None
        outcome = context.run(b"m", chunk, b"/udf/m.lua", time.monotonic() + 60)
        assert not outcome.failed, outcome
        return context

    yield loaded
    for context in contexts:
        context.close()


SUBJECT = RecordView(
    True,
    1,
    0,
    12345,
    b"s",
    b"\x03key",
    bytes(20),
    bytes.fromhex("0000000d0101000161") + bytes(8),
    True,
)


@pytest.mark.parametrize("unsafe", [False, True])
def test_nothing_of_the_host_is_reachable(load: Callable[..., LuaContext], unsafe: bool) -> None:
    context = load(EXPLORER, unsafe=unsafe)
    context.keep_time(time.process_time)  # what others do on the machine is no work of the call's
    applied = context.invoke(record_call("m", b"explore_record", b"\x90", SUBJECT), time.process_time() + 100)
    assert applied.value.decode() == "nothing"


def test_nothing_of_a_stream_is_reachable(load: Callable[..., LuaContext]) -> None:
    context = load(EXPLORER)
    context.open_stream(stream_call("m", b"explore_stream", b"\x90", StreamView(b"", True)))
    batch = pack(SUBJECT) + END
    assert context.pour(batch, time.monotonic() + 100).failure == b"nothing"


PLAIN = """
local plain = setmetatable({ 1, 2 }, {})
for _, t in ipairs { {}, plain, { a = 1 }, _G, string } do
    local f, s, v = pairs(t)
    if f ~= next or s ~= t or v ~= nil or select("#", pairs(t)) ~= 3 then return "other" end
end
local sum = 0
for _, value in pairs(plain) do for _, more in pairs { value, 10 } do sum = sum + more end end
local mine = setmetatable({}, { __pairs = function(t) return "mine", t, 3, 4 end })
return sum .. select("#", pairs(mine)) .. pairs(mine)
"""


def test_pairs_gives_the_next_of_the_environment(call: Callable[..., Any]) -> None:
    assert call(PLAIN) == b"233mine"


REFUSED = {
    "next(list{1})": "bad argument #1 to 'next' (table expected, got List)",
    "next(rec)": "bad argument #1 to 'next' (table expected, got Record)",
    "next()": "bad argument #1 to 'next' (table expected, got no value)",
    "pairs()": "bad argument #1 to 'pairs' (value expected)",
    "(function() for k in pairs(map{a=1}) do return k end end)()": "bad argument #1 to 'for iterator' (table expected, got Map)",
    "(function() for k in pairs({}), bytes(1) do return k end end)()": "bad argument #1 to 'for iterator' (table expected, got Bytes)",
    "(function() for k in pairs(nil) do return k end end)()": "bad argument #1 to 'for iterator' (table expected, got nil)",
    "setmetatable({}, list{})": "bad argument #2 to 'setmetatable' (nil or table expected, got List)",
}


@pytest.mark.parametrize("body", REFUSED)
def test_what_shows_the_inside_refuses_userdata(load: Callable[..., LuaContext], body: str) -> None:
    context = load(f"function f(rec) local r = {body} return r end".encode())
    applied = context.invoke(record_call("m", b"f", b"\x90", SUBJECT), time.monotonic() + 5)
    assert applied.value.decode() == "/udf/m.lua:1: " + REFUSED[body]

-- The environment of a module, and the verbs through which the host uses it.
--
-- The first chunk of a state. It is given the settings, the other chunks of the sandbox, and the host's functions, which
-- modules never see; it returns the verbs. `box` is what the chunks share. A module never sees the state's real globals:
-- `box.env` is its `_G`.
local box = {}
local limit, threads, pattern, cost, library, tables, times, modules
limit, threads, pattern, cost, library, tables, times, modules, box.logging, box.path, box.memory, box.unsafe, box.timeout, box.now, box.milliseconds, box.fetch, box.take, box.log = ...

local error, kind, select, next, rawget, rawset = error, type, select, next, rawget, rawset
local getinfo, sethook = debug.getinfo, debug.sethook
local find, sub, gsub, match = string.find, string.sub, string.gsub, string.match
local setmetatable, load, collect, tostring = setmetatable, load, collectgarbage, tostring
local tointeger, tonumber = math.tointeger, tonumber
local raw_pcall, raw_xpcall = pcall, xpcall -- for what they say of their arguments
collect("stop") -- nothing of what follows is garbage

local env = {}
box.env = env
env._G = env
env._VERSION = _VERSION
for _, name in next, { "assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "rawset", "select", "tonumber", "tostring" } do
    env[name] = _G[name]
end

local TEXT <const> = 2048 -- bytes of an error's text that leave Lua, and of a log line

-- The original functions are called from a chunk that keeps its lines, so what they say of the call that was made begins with
-- its place, and what a callback or the machine raised does not. What is written here in their stead says so by `refusal`.
local PLACE <const> = "\1:1: "
local called = load("local original = ... return function(original, ...) return original(...) end", "=\1", "t")()
box.called = called

-- An error's text for a call that a library function refuses; the function's name is 'original' there.
local function refusal(text)
    return PLACE .. text
end
box.refusal = refusal

local names = {} -- of library functions, for calls that name none: from pcall, or from a C function

-- The message for an argument error in the words of how the caller wrote the call.
local function reworded(message, name, how)
    local number, rest = match(message, "^bad argument #(%d+) to 'original'(.*)")
    if not number then
        return message
    end
    name = how.name or names[how.func] or name
    if how.namewhat == "method" then
        number = tointeger(number) - 1
        if number == 0 then
            return "calling '" .. name .. "' on bad self" .. rest
        end
    end
    return "bad argument #" .. number .. " to '" .. name .. "'" .. rest
end

-- A message that arose in the sandbox itself: without the place and the variable of a chunk without lines and names.
local function without_place(message)
    local own
    message, own = gsub(sub(message, 1, TEXT), "^%?:%-1: ", "", 1)
    return own == 1 and gsub(message, " %(%l+ '%?'%)$", "") or message
end
box.without_place = without_place

-- What a library function written here does with pcall's answer: results go on, an error becomes the one that the
-- original function would raise at the place of the call. To be called from the library function itself.
function box.settle(name, ok, ...)
    if ok then
        return ...
    end
    local message = ...
    if kind(message) ~= "string" then
        error(message, 0)
    end
    if sub(message, 1, #PLACE) == PLACE then
        error(reworded(sub(message, #PLACE + 1, TEXT), name, getinfo(2, "nf")), 3)
    end
    error(without_place(message), 0)
end

for _, part in next, { limit, threads } do
    load(part, "", "b")(box)
end
_G.pcall, _G.xpcall, _G.coroutine = nil, nil, nil -- those two chunks alone have the originals; see `limit.lua`
for _, part in next, { pattern, cost, library, tables, times } do
    load(part, "", "b")(box)
end
local check, original, attempt, outermost = box.check, box.original, box.attempt, box.outermost

-- Base functions that are not the original's

-- Tables that modules take for userdata, by metatable.
local masked = setmetatable({}, { __mode = "k" })
local metatable = debug.getmetatable
box.masked = masked

local function type_of(value)
    local name = kind(value)
    if name == "table" then
        local own = metatable(value)
        return own and masked[own] and "userdata" or name
    end
    return name
end

function env.type(...)
    local value = ...
    if value == nil and select("#", ...) == 0 then
        original("type", kind)
    end
    return type_of(value)
end

-- Finalisers would run where no hook counts: the field is there, but no object is marked for it.
local function without_finaliser(t, own)
    local finaliser = rawget(own, "__gc")
    rawset(own, "__gc", nil)
    local ok, message = box.pcall(called, setmetatable, t, own)
    rawset(own, "__gc", finaliser)
    if not ok then
        error(message, 0)
    end
    return t
end

-- What sets a metatable that a module made or may have changed.
function box.setter_of(own)
    return kind(own) == "table" and rawget(own, "__gc") ~= nil and without_finaliser or setmetatable
end

-- The levels of an `error` called here: between it and the module is one function that the module's count leaves out.
local function deeper(message, level, ...)
    local count = kind(message) == "string" and tointeger(tonumber(level))
    return message, count and count > 1 and count + 1 or level, ...
end

function env.pcall(...)
    local f = ...
    if f == error and select("#", ...) > 2 then
        return attempt(error, deeper(select(2, ...)))
    elseif f == nil and select("#", ...) == 0 then
        original("pcall", raw_pcall)
    end
    return attempt(...)
end

local attempt_with = box.attempt_with

function env.xpcall(...)
    local _, handler = ...
    if kind(handler) ~= "function" then
        original("xpcall", raw_xpcall, ...)
    end
    return attempt_with(...)
end

local collector_answers = {
    collect = 0, stop = 0, restart = 0, step = true, isrunning = true, setpause = 200, setstepmul = 100,
    incremental = "generational", generational = "generational",
}

function env.collectgarbage(...)
    local option = ...
    if option == nil then
        option = "collect"
    end
    if option == "count" then
        return collect("count")
    elseif kind(option) ~= "string" or collector_answers[option] == nil then
        original("collectgarbage", collect, ...)
    elseif option == "collect" or option == "step" then
        collect()
        box.watch()
        check()
    end
    return collector_answers[option]
end

-- Log lines. `aerospike.log` names the line two calls above it: that of the module when `info` and its like stand between.

local LINES <const> = 1000 -- of one call
local lines, holding, held = 0, false, nil

local function write(level, position, text)
    if holding then
        held = held or {}
        held[#held + 1] = { level, position, text }
    else
        box.pcall(box.log, level, position, text)
    end
end

local function log(level, position, text)
    lines = lines + 1
    if lines < LINES then
        write(level, position, sub(text, 1, TEXT))
    elseif lines == LINES then
        write(1, position, "more than " .. LINES .. " lines in one call, the rest is dropped")
    end
end

-- Begins the lines of a call. Those of a trial are kept back until `release_lines`: it may turn out not to have been.
function box.hold_lines(trial)
    lines, holding, held = 0, trial, nil
end

function box.release_lines(keep)
    local kept = held
    holding, held = false, nil
    for index = 1, keep and kept and #kept or 0 do
        box.pcall(box.log, kept[index][1], kept[index][2], kept[index][3])
    end
end

local function place(level)
    local where = getinfo(level + 1, "Sl")
    return where and where.short_src .. ":" .. where.currentline or ""
end

function env.print(...)
    local parts, count = { ... }, select("#", ...)
    for index = 1, count do
        parts[index] = tostring(parts[index])
    end
    log(2, place(2), box.join(parts, count, "\t"))
end

-- The values and functions of Aerospike

box.log_line, box.place = log, place

for _, part in next, { select(19, ...) } do
    load(part, "", "b")(box)
end
load(box.logging, "", "b", env)()
box.type_of = type_of
load(modules, "", "b")(box)

-- What the host calls

local loaded, preload, loading = box.loaded, box.preload, box.loading

local OK <const>, FAILED <const>, ENDED <const> = 0, 1, 2 -- ENDED: failed, and the state is not used again

local function status(ok, message)
    local late = box.finish()
    if message == "not enough memory" and not ok or late and not ok then
        return ENDED
    end
    return ok and OK or FAILED, late
end

-- Runs the body of module `name`, which is given its name and `place_of`, or nothing if that is nil: code and, unless it is OK, the message (nil when the error is no text).
function box.run(name, code, place_of, limit)
    box.hold_lines(false)
    box.begin(limit, false)
    if loaded[name] then
        return OK, nil, false
    end
    local body, message = load(code, "", "b", env)
    if not body then
        return FAILED, message, false
    end
    loading[name] = true
    local ok, value
    if place_of then
        ok, value = outermost(body, name, place_of)
    else
        ok, value = outermost(body)
    end
    loading[name] = nil
    local result, late = status(ok, value)
    if ok then
        loaded[name] = value == nil and (loaded[name] == nil or loaded[name]) or value
    elseif kind(value) == "string" or kind(value) == "number" then
        value = without_place(tostring(value))
    else
        value = nil
    end
    return result, not ok and value or nil, late
end

local function global(name)
    return env[name]
end

-- What of a result leaves Lua: the real server answers null for what it cannot store, and cuts a text at a zero byte.
local function told(value)
    local form = kind(value)
    if form == "string" then
        local zero = find(value, "\0", 1, true)
        return zero and sub(value, 1, zero - 1) or value
    elseif form == "boolean" or form == "number" then
        return value
    end
    return nil
end

local function invoke(name, ...)
    local f = global(name)
    if f == nil then
        error("function not found", 0)
    end
    return outermost(f, ...)
end

-- Calls a function of the module: code, value or message, and whether the state may not be used again.
function box.call(name, limit, ...)
    box.hold_lines(false)
    box.begin(limit, false)
    rawset(env, "aerospike", box.aerospike)
    local found, ok, value = outermost(invoke, name, ...)
    if not found then
        ok, value = false, ok
    end
    rawset(env, "success", ok)
    rawset(env, "result", value)
    if ok then
        value = told(value)
    else
        value = kind(value) == "string" and without_place(value) or "result value type unexpected"
    end
    local result, late = status(ok, value)
    return result, value, late
end

-- Lets go of everything that modules made.
function box.wipe()
    sethook()
    metatable("").__index = nil
    for _, t in next, { env.string, loaded, preload, env } do
        for key in next, t do
            rawset(t, key, nil)
        end
    end
    collect()
end

-- The real globals are out of a module's reach anyway; what could do harm goes from there too. `debug` is no table, so
-- the host's library never looks for a traceback in it.
for name in next, package.loaded do
    package.loaded[name] = nil
end
package.loaded._G = {} -- where C functions that are called from one another look for their names
for name, f in next, env do
    if kind(f) == "function" then
        names[f], package.loaded._G[name] = name, f
    end
end
for _, library in next, { "string", "table", "math", "utf8", "coroutine", "os" } do
    package.loaded[library] = {}
    for name, f in next, env[library] do
        if kind(f) == "function" then
            names[f], package.loaded[library][name] = library .. "." .. name, f
        end
    end
end
for _, name in next, { "python", "io", "os", "package", "require", "dofile", "loadfile", "load" } do
    _G[name] = nil
end
_G.debug = false
collect("restart")
collect("incremental", 200, 20, 10) -- in small steps, a collection over many calls: in one go it made short calls late

return box.run, box.call, box.apply, box.open_stream, box.pour, box.wipe, sethook, collect

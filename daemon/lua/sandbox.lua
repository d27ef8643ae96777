-- The environment of a module, and the verbs through which the host uses it.
--
-- The first chunk of a state. It is given the settings, the other chunks of the sandbox, and the host's functions, which
-- modules never see; it returns the verbs. `box` is what the chunks share. A module never sees the state's real globals:
-- `box.env` is its `_G`.
local box = {}
local limit, pattern, library, tables
limit, pattern, library, tables, box.logging, box.path, box.memory, box.unsafe, box.now, box.milliseconds, box.fetch, box.take, box.log = ...

local pcall, error, kind, select, next, rawget, rawset = pcall, error, type, select, next, rawget, rawset
local getinfo, sethook = debug.getinfo, debug.sethook
local find, sub, gsub, match = string.find, string.sub, string.gsub, string.match
local setmetatable, load, collect, tostring = setmetatable, load, collectgarbage, tostring
local concat, tointeger, xpcall = table.concat, math.tointeger, xpcall
collect("stop") -- nothing of what follows is garbage

local env = {}
box.env = env
env._G = env
env._VERSION = _VERSION
for _, name in next, { "assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "rawset", "select", "tonumber", "tostring" } do
    env[name] = _G[name]
end

local TEXT <const> = 2048 -- bytes of an error's text that leave Lua, and of a log line

-- Messages of the original functions that name the place of the call.
local placed = {
    "^bad argument #", "^malformed pattern", "^missing '%['", "^invalid capture", "^invalid pattern", "^invalid use of",
    "^invalid replacement", "^invalid value %(", "^invalid order", "^pattern too complex", "^too many captures",
    "^unfinished capture", "^resulting string", "^wrong number of", "^cannot change a protected", "^cannot close",
    "^object length is not", "^too many results",
}

local function has_place(message)
    for index = 1, #placed do
        if find(message, placed[index]) then
            return true
        end
    end
    return false
end

-- The message for an argument error in the words of how the caller wrote the call.
local function reworded(message, name, how)
    local number = how.namewhat == "method" and match(message, "^bad argument #(%d+)")
    name = how.name or name
    if number == "1" then
        message = gsub(message, "^bad argument #1 to '%?'", "calling '?' on bad self", 1)
    elseif number then
        message = gsub(message, "^bad argument #%d+", "bad argument #" .. tointeger(number) - 1, 1)
    end
    local first, last = find(message, "'?'", 1, true)
    return first and sub(message, 1, first) .. name .. sub(message, last) or message
end

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
    message = gsub(sub(message, 1, TEXT), "^%?:%-1: ", "", 1)
    if has_place(message) then
        error(reworded(message, name, getinfo(2, "n")), 3)
    end
    error(message, 0)
end

local settle = box.settle
for _, part in next, { limit, pattern, library, tables } do
    load(part, "", "b")(box)
end
local check = box.check

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
        settle("type", pcall(kind))
    end
    return type_of(value)
end

-- Finalisers would run where no hook counts: the field is there, but no object is marked for it.
local function without_finaliser(t, own)
    local finaliser = rawget(own, "__gc")
    rawset(own, "__gc", nil)
    local ok, message = pcall(setmetatable, t, own)
    rawset(own, "__gc", finaliser)
    if not ok then
        error(message, 0)
    end
    return t
end

function env.setmetatable(...)
    local frame <close> = nil
    local t, own = ...
    local finalised = kind(own) == "table" and rawget(own, "__gc") ~= nil
    return settle("setmetatable", pcall(finalised and without_finaliser or setmetatable, ...))
end

local caught = box.caught

function env.pcall(...)
    if select("#", ...) == 0 then
        settle("pcall", pcall(pcall))
    end
    return caught(pcall(...))
end

-- The original runs the message handler where hooks are off; this one runs it afterwards.
local function handled(handler, ok, ...)
    if ok then
        return true, ...
    end
    local _, answer = pcall(handler, (...))
    return false, answer
end

function env.xpcall(...)
    local f, handler = ...
    if kind(handler) ~= "function" then
        settle("xpcall", pcall(xpcall, ...))
    end
    return handled(handler, caught(pcall(f, select(3, ...))))
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
        settle("collectgarbage", pcall(collect, ...))
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
        pcall(box.log, level, position, text)
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
        pcall(box.log, kept[index][1], kept[index][2], kept[index][3])
    end
end

local function place(level)
    local where = getinfo(level + 1, "Sl")
    return where and where.short_src .. ":" .. where.currentline or ""
end

function env.print(...)
    local parts = {}
    for index = 1, select("#", ...) do
        parts[index] = tostring((select(index, ...)))
    end
    log(2, place(2), concat(parts, "\t"))
end

-- The values and functions of Aerospike

box.log_line, box.place = log, place

for _, part in next, { select(14, ...) } do
    load(part, "", "b")(box)
end
load(box.logging, "aerospike.lua", "t", env)()

-- require

local loaded = { _G = env, string = env.string, table = env.table, math = env.math, utf8 = env.utf8, coroutine = env.coroutine }
local preload, loading = {}, {}
local path = box.path
env.package = { loaded = loaded, preload = preload, path = path .. "/?.lua", config = "/\n;\n?\n!\n-\n" }

local NAME <const> = 127 -- bytes of a name that may be a module's

-- A module's chunk; nil and the reason.
local function fetched(name)
    if #name > NAME or not find(name, "^[^./\\\0]+$") then
        return nil
    end
    local ok, size, message = pcall(box.fetch, name)
    if not ok or not size then
        return nil, ok and message or nil
    end
    if collect("count") * 1024 + size * 4 + 1048576 > box.memory then
        error("not enough memory", 0) -- here, where it can be caught: not while the host hands over the text
    end
    return load(box.take(), "", "b", env)
end

local function absent(name)
    name = sub(name, 1, NAME)
    local file = path .. "/" .. gsub(name, "%.", "/") .. ".lua"
    return "module '" .. name .. "' not found:\n\tno field package.preload['" .. name .. "']\n\tno file '" .. file .. "'"
end

local function brought(name)
    local body, place_of = preload[name], ":preload:"
    if body == nil then
        local message
        place_of = path .. "/" .. name .. ".lua"
        body, message = fetched(name)
        if message then
            error("error loading module '" .. name .. "' from file '" .. place_of .. "':\n\t" .. message, 3)
        elseif not body then
            error(absent(name), 3)
        end
    end
    if loading[name] then
        error("loop or previous error loading module '" .. name .. "'", 3)
    end
    loading[name] = true
    local ok, value = pcall(body, name, place_of)
    loading[name] = nil
    if not ok then
        error(value, 0)
    end
    if value ~= nil then
        loaded[name] = value
    elseif loaded[name] == nil then
        loaded[name] = true
    end
    return loaded[name], place_of
end

function env.require(...)
    local frame <close> = nil
    local name = ...
    if kind(name) == "number" then
        name = tostring(name)
    elseif kind(name) ~= "string" then
        error("bad argument #1 to 'require' (string expected, got " .. (select("#", ...) == 0 and "no value" or type_of(name)) .. ")", 2)
    end
    if loaded[name] then
        return loaded[name]
    end
    return brought(name)
end

-- allow-unsafe-lua

local CHUNK <const> = 65536 -- bytes of text that `load` compiles: nothing interrupts the compiler

local function gathered(reader)
    local parts, size = {}, 0
    while true do
        local part = reader()
        if part == nil or part == "" then
            return concat(parts)
        elseif kind(part) ~= "string" then
            error("reader function must return a string", 0)
        end
        size = size + #part
        if size > CHUNK then
            error("chunk too large", 0)
        end
        parts[#parts + 1] = part
    end
end

if box.unsafe then
    env.os = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time }
    loaded.os = env.os
    function env.load(...)
        local frame <close> = nil
        local text, name, mode, scope = ...
        local reader = kind(text) == "function"
        if reader then
            local ok, whole = pcall(gathered, text)
            if not ok then
                return nil, whole
            end
            text = whole
        end
        if kind(text) == "string" and #text > CHUNK then
            return nil, "chunk too large"
        elseif mode ~= nil and not (kind(mode) == "string" and find(mode, "t", 1, true)) then
            return nil, "attempt to load a text chunk (mode is '" .. tostring(mode) .. "')"
        end
        if select("#", ...) < 4 then
            scope = env
        end
        return settle("load", pcall(load, text, name or reader and "=(load)" or text, "t", scope))
    end
end

-- What the host calls

local OK <const>, FAILED <const>, ENDED <const> = 0, 1, 2 -- ENDED: failed, and the state is not used again

-- Messages that arise in the sandbox itself carry the place of a chunk without lines.
local function without_place(message)
    return (gsub(sub(message, 1, TEXT), "^%?:%-1: ", "", 1))
end
box.without_place = without_place

local function status(ok, message)
    local late = box.finish()
    if message == "not enough memory" and not ok or late and not ok then
        return ENDED
    end
    return ok and OK or FAILED, late
end

-- Runs the body of module `name`: code and, unless it is OK, the message (nil when the error is no text).
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
    local ok, value = pcall(body, name, place_of)
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
    return pcall(f, ...)
end

-- Calls a function of the module: code, value or message, and whether the state may not be used again.
function box.call(name, limit, ...)
    box.hold_lines(false)
    box.begin(limit, false)
    rawset(env, "aerospike", box.aerospike)
    local found, ok, value = pcall(invoke, name, ...)
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
for _, name in next, { "python", "io", "os", "package", "require", "dofile", "loadfile", "load" } do
    _G[name] = nil
end
_G.debug = false
collect("restart")
collect("incremental", 200, 100) -- in small steps: a generation in one go made short calls late

return box.run, box.call, box.apply, box.open_stream, box.pour, box.wipe, sethook, collect

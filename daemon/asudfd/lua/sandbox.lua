-- Loads the sandbox: the first chunk of a state, and the only one that knows of the others.
--
-- It is given what the host provides, which modules never see, and the chunks: those of the sandbox in their order, those of
-- a crossing behind them, and last the one that runs in the modules' environment. It returns the functions that the
-- host calls. A module never sees the state's real globals: `env` is its `_G`.
--
-- A chunk declares at its head what it needs of earlier chunks: it is called with `needs`, a table of all that they have
-- provided. It returns a table of what it provides itself. To need a name that nobody has provided, or to provide one twice,
-- ends the load with an error that says so.
local path, memory, unsafe, guarded, timeout, now, milliseconds, fetch, take, write_line = ...
local FIRST <const> = 11 -- place of the first chunk among the arguments

local error, kind, select, next, load, rawget, setmetatable, tostring = error, type, select, next, load, rawget, setmetatable, tostring
local getinfo, sethook = debug.getinfo, debug.sethook
local sub, gsub, match = string.sub, string.gsub, string.match
local collect, tointeger = collectgarbage, math.tointeger
local load_module = rawget(_G, "load_module") or load -- `line_watch.lua` has one that knows which lines run
collect("stop") -- nothing of what follows is garbage

local env = {}
env._G = env
env._VERSION = _VERSION
local AS_THEY_ARE <const> = {
    "assert", "error", "getmetatable", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "rawset", "select", "tonumber", "tostring",
}
for _, name in next, AS_THEY_ARE do
    env[name] = _G[name]
end

-- What library functions that are written here say when they fail

local TEXT <const> = 2048 -- bytes of an error's text that leave Lua, and of a log line; `context.py` has the same limit

-- The original functions are called from a chunk that keeps its lines, so what they say of the call that was made begins with
-- its place, and what a callback or the machine raised does not.
local PLACE <const> = "\1:1: "
local called = load("local original = ... return function(original, ...) return original(...) end", "=\1", "t")()

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

-- What a library function written here does with pcall's answer: results go on, an error becomes the one that the
-- original function would raise at the place of the call. To be called from the library function itself.
local function results_of(name, ok, ...)
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

-- Loading

local provided = {
    env = env, path = path, memory = memory, unsafe = unsafe, guarded = guarded, timeout = timeout, now = now, milliseconds = milliseconds,
    fetch = fetch, take = take, write_line = write_line, TEXT = TEXT,
    load_module = load_module, called = called, without_place = without_place, results_of = results_of, names = names,
}

setmetatable(provided, {
    __index = function(_, name)
        error("a chunk needs '" .. tostring(name) .. "', which no chunk before it provides", 0)
    end,
})

local function add(chunk)
    for name, value in next, load(chunk, "", "b")(provided) or {} do
        if rawget(provided, name) ~= nil then
            error("two chunks provide '" .. name .. "'", 0)
        end
        provided[name] = value
    end
end

local chunks = { select(FIRST, ...) }
local last = #chunks

-- The first two chunks alone have the original pcall: what it catches may be the deadline's error, and code that took it
-- for an error of its own would go on without a bound. See `limit.lua`.
add(chunks[1])
add(chunks[2])
_G.pcall, _G.xpcall, _G.coroutine = nil, nil, nil
for index = 3, last - 1 do
    add(chunks[index])
end
load(chunks[last], "", "b", env)()

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
for _, name in next, { "python", "io", "os", "package", "require", "dofile", "loadfile", "load", "load_module" } do
    _G[name] = nil
end
_G.debug = false
collect("restart")
-- In small steps, a collection over many calls: in one go it made short calls late. 20 per cent of work for each allocation instead
-- of 100, in steps of a kilobyte instead of eight. The next begins when memory has doubled, as Lua's own does; a state for trials is small, and
-- begins when it has grown by a quarter: so it stays in the processor's caches, and a trial that takes memory is soon seen.
collect("incremental", guarded and 125 or 200, 20, 10)

local crossing = provided.crossing
return provided.run, crossing.invoke, crossing.open_stream, crossing.pour, provided.wipe, sethook, collect

-- The global tables that functions and scripts see. All are read-only: what they get is a proxy, an empty table whose
-- metatable has the real one as `__index`. Library functions that look at a table's own keys know the proxies.
--
-- Interface for the host's chunks:
--   new_libraries(extra)                  a fresh set of libraries: cjson's settings and so on are its own (FUNCTION FLUSH).
--   new_function_environment(libraries, call_api, load_api) -> functions
--       functions.compile(text, chunkname)  a chunk that sees these globals, or nil and the message
--       functions.begin_load()              its globals are from now `server` and `redis` alone, with the fields of `load_api`
--       functions.end_load()                its globals are from now those of a call, `server` having the fields of `call_api`
--   new_script_environment(libraries, api) -> scripts
--       scripts.compile(text, chunkname)    the same
--       scripts.set_arguments(keys, argv)   KEYS and ARGV of the next script; plain tables, which it may change
--   prepare(chunkname, text, code, message)  what the host has made of a text beforehand: bytecode, or nil and the message: `compile` takes it
--   drop_prepared()                       forget all of that
--   real_of(t)                            the table behind a proxy, or nil: for what looks at a table's own keys
--
-- The fields of an api are functions and constants as the user sees them, e.g. `call`, `log`, `LOG_DEBUG`.
local needs = ...
local fail, bad_argument, wrong_type, number_of, text_of = needs.fail, needs.bad_argument, needs.wrong_type, needs.number_of, needs.text_of
local hooked, resumed, check, hurry, place_in_front = needs.hooked, needs.resumed, needs.check, needs.hurry, needs.place_in_front
local calls_kept, place = needs.calls_kept, needs.place

local error, kind, next, select, tostring = error, type, next, select, tostring
local getmetatable, setmetatable, rawget, rawset, setfenv = debug.getmetatable, setmetatable, rawget, rawset, setfenv
local getinfo, dump, loadstring, load, sub, byte = debug.getinfo, string.dump, loadstring, load, string.sub, string.byte
local create, resume, wrap = coroutine.create, coroutine.resume, coroutine.wrap
local collect = collectgarbage

local READ_ONLY = "Attempt to modify a readonly table"

-- The table behind each proxy, and the metatable that the user sees of a proxy, itself a proxy. A proxy's real metatable holds
-- both: were they held here, nothing of a set of libraries would ever be collected, since they hold proxies themselves.
local real = setmetatable({}, { __mode = "kv" })
local shown = setmetatable({}, { __mode = "kv" })

local function refuse_write()
    error(READ_ONLY, 2)
end

-- A proxy for `t`. `missing` is called for a key that `t` has not; the user finds it in the metatable.
local function read_only(t, missing)
    local metatable = { __index = t, __newindex = refuse_write, real = t }
    local proxy = setmetatable({}, metatable)
    real[proxy] = t
    if missing then
        setmetatable(t, { __index = missing })
        metatable.shown = read_only({ __index = missing })
        shown[proxy] = metatable.shown
    end
    return proxy
end

-- What a global table says of a name that it has not.
local function no_such_global(_, name)
    if kind(name) ~= "string" and kind(name) ~= "number" then
        error("Second argument to luaProtectedTableError must be a string or number", 2)
    end
    error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2)
end

-- Functions of the base library that look at tables

local base = {}

local string_proxy = nil -- the string library as the user sees it
local string_metatable = nil

function base.getmetatable(...)
    local value = ...
    if value == nil then
        if select("#", ...) == 0 then
            bad_argument(1, "value expected")
        end
        return nil
    elseif kind(value) == "string" then
        return string_metatable
    elseif kind(value) ~= "table" or real[value] then
        return shown[value]
    end
    local metatable = getmetatable(value)
    local protected = metatable and rawget(metatable, "__metatable")
    if protected ~= nil then
        return protected
    end
    return metatable
end

function base.setmetatable(...)
    local t, metatable = ...
    if kind(t) ~= "table" then
        wrong_type(1, "table", ...)
    elseif kind(metatable) ~= "table" and (metatable ~= nil or select("#", ...) < 2) then
        bad_argument(2, "nil or table expected")
    elseif real[t] then
        error(READ_ONLY, 0)
    end
    local old = getmetatable(t)
    if old and rawget(old, "__metatable") ~= nil then
        fail("cannot change a protected metatable")
    end
    return setmetatable(t, metatable)
end

function base.rawget(...)
    local t, key = ...
    if kind(t) ~= "table" then
        wrong_type(1, "table", ...)
    elseif key == nil and select("#", ...) < 2 then
        bad_argument(2, "value expected")
    end
    return rawget(real[t] or t, key)
end

function base.rawset(...)
    local t, key, value = ...
    if kind(t) ~= "table" then
        wrong_type(1, "table", ...)
    elseif value == nil and select("#", ...) < 3 then
        bad_argument(select("#", ...) < 2 and 2 or 3, "value expected")
    elseif real[t] then
        error(READ_ONLY, 0)
    end
    return rawset(t, key, value)
end

function base.next(...)
    local t, key = ...
    if kind(t) ~= "table" then
        wrong_type(1, "table", ...)
    end
    return next(real[t] or t, key)
end

function base.pairs(...)
    local t = ...
    if kind(t) ~= "table" then
        wrong_type(1, "table", ...)
    end
    return real[t] and base.next or next, t, nil
end

-- The collector belongs to the whole node: it can be asked, and made to run, but not changed.
local PAUSE, STEP_MULTIPLIER = 200, 200 -- what the real server's has
local COLLECTOR = {
    collect = function()
        collect()
        hurry()
        return 0
    end,
    count = function()
        return collect("count")
    end,
    step = function(size)
        return size > 0
    end,
    stop = function()
        return 0
    end,
    restart = function()
        return 0
    end,
    setpause = function()
        return PAUSE
    end,
    setstepmul = function()
        return STEP_MULTIPLIER
    end,
}

function base.collectgarbage(...)
    local option = ...
    option = option == nil and "collect" or text_of(1, ...)
    local action = COLLECTOR[option]
    if not action then
        bad_argument(1, "invalid option '" .. option .. "'")
    end
    return action(select("#", ...) > 1 and select(2, ...) ~= nil and number_of(2, ...) or 0)
end

-- Loading

local SHORT = 32768 -- bytes of a text that is compiled at once
-- Bytes that are compiled between two looks at the time: 0.6 ms as a rule. Where names are looked for among 32,000 local variables it is 0.1 s.
local PIECE = 4096

-- A reader for `load` of what another reader gives, in pieces of at most PIECE bytes.
local function in_pieces(reader)
    local rest, at, is_first = "", 1, true
    return function()
        check()
        hurry()
        if at > #rest then
            rest, at = reader(), 1
            if rest == nil or rest == "" then
                rest = ""
                return nil
            elseif kind(rest) == "number" then
                rest = rest .. ""
            elseif kind(rest) ~= "string" then
                error(place_in_front() .. "reader function must return a string", 0)
            end
            if is_first and byte(rest) == 27 then
                rest = " " .. rest -- no bytecode: it could do anything
            end
            is_first = false
        end
        local piece = sub(rest, at, at + PIECE - 1)
        at = at + PIECE
        return piece
    end
end

-- The bytecode of a chunk, without tail calls of library functions.
local function code_of(f)
    return calls_kept(dump(f))
end

-- Compiles what a reader gives for the global table `globals`: the chunk, or nil and the message.
local function compile_from(globals, reader, name)
    local f, message = load(in_pieces(reader), name)
    check()
    if not f then
        return nil, message
    end
    return setfenv(loadstring(code_of(f), name), globals)
end

-- The bytecode of texts that were compiled lately, by chunk name and text: to make it takes four times as long as to load it.
-- 16 texts of at most 32 KiB are at most some 2 MiB.
local REMEMBERED = 16
local remembered, remembered_count = {}, 0

local function compile_short(text, name)
    local key = #name .. " " .. name .. text
    local code = remembered[key]
    if not code then
        local f, message = loadstring(text, name)
        if not f then
            return nil, message
        end
        code = code_of(f)
        if remembered_count >= REMEMBERED then
            remembered, remembered_count = {}, 0
        end
        remembered[key], remembered_count = code, remembered_count + 1
    end
    return loadstring(code, name)
end

-- What the host has prepared, by chunk name and text: { code = bytecode, message = why there is none }.
local prepared = {}

local function prepare(name, text, code, message)
    prepared[name] = prepared[name] or {}
    prepared[name][text] = { code = code, message = message }
end

local function drop_prepared()
    prepared = {}
end

-- Compiles a text for the global table `globals`: the chunk, or nil and the message.
local function compile(globals, text, name)
    local ready = prepared[name] and prepared[name][text]
    if ready then
        local f, message = nil, ready.message
        if ready.code then
            f, message = loadstring(ready.code, name)
        end
        return f and setfenv(f, globals), message
    end
    if #text > SHORT or byte(text) == 27 then
        local given = false
        return compile_from(globals, function()
            if not given then
                given = true
                return text
            end
            return nil
        end, name)
    end
    local f, message = compile_short(text, name)
    if not f then
        return nil, message
    end
    return setfenv(f, globals)
end

-- The functions `load` and `loadstring` for chunks with these globals.
local function new_loaders(globals)
    local function own_loadstring(...)
        local text = text_of(1, ...)
        local name = select("#", ...) > 1 and select(2, ...) ~= nil and text_of(2, ...) or text
        return compile(globals, text, name)
    end

    local function own_load(...)
        local reader = ...
        if kind(reader) ~= "function" then
            wrong_type(1, "function", ...)
        end
        local name = select("#", ...) > 1 and select(2, ...) ~= nil and text_of(2, ...) or "=(load)"
        return compile_from(globals, reader, name)
    end
    return own_load, own_loadstring
end

-- Threads

local threads = { running = coroutine.running, status = coroutine.status, yield = needs.yield }

-- Whether a function is the library's, which is all C on the real server.
local function is_own(f)
    local info = getinfo(f, "S")
    return info.what == "C" or info.source == "=?"
end

local function check_body(...)
    local body = ...
    if kind(body) ~= "function" or is_own(body) then
        bad_argument(1, "Lua function expected")
    end
    return hooked(body)
end

function threads.create(...)
    return create(check_body(...))
end

function threads.wrap(...)
    return wrap(check_body(...))
end

function threads.resume(...)
    local thread = ...
    if kind(thread) ~= "thread" then
        bad_argument(1, "coroutine expected")
    end
    return resumed(thread, resume(...))
end

-- Assembly

local AS_THEY_ARE = { "assert", "error", "gcinfo", "ipairs", "rawequal", "select", "tonumber", "tostring", "type" }
for _, name in next, AS_THEY_ARE do
    base[name] = _G[name]
end
base._VERSION, base.pcall, base.xpcall, base.unpack = _VERSION, needs.pcall, needs.xpcall, needs.unpack_checked

local function copy(t)
    local copied = {}
    for key, value in next, t do
        copied[key] = value
    end
    return copied
end

local function show_strings()
    if not string_proxy then
        string_proxy = read_only(needs.string_library)
        string_metatable = read_only({ __index = string_proxy })
        getmetatable("").__index = needs.string_library
    end
    return string_proxy
end

local function new_libraries()
    return {
        string = show_strings(),
        table = read_only(needs.new_table_library(real)),
        math = read_only(needs.new_math_library()),
        coroutine = read_only(copy(threads)),
        os = read_only({ clock = os.clock }),
        bit = read_only(needs.bit_library),
        struct = read_only(needs.struct_library),
        cjson = read_only(needs.new_cjson(real)),
        cmsgpack = read_only(needs.new_cmsgpack(real)),
    }
end

-- A global table with the base library, these libraries and `api`: the table, and the proxy as which it is seen.
local function new_globals(libraries, api, missing)
    local globals = copy(base)
    for name, library in next, libraries do
        globals[name] = library
    end
    local server = read_only(copy(api))
    globals.server, globals.redis = server, server
    local proxy = read_only(globals, missing)
    globals._G = proxy
    globals.load, globals.loadstring = new_loaders(proxy)
    return globals, proxy
end

local function new_function_environment(libraries, call_api, load_api)
    local globals, proxy = new_globals(libraries, call_api, no_such_global)
    local server = read_only(copy(load_api), no_such_global)
    local while_loading = setmetatable({ server = server, redis = server }, { __index = no_such_global })
    local metatable = getmetatable(proxy)
    local functions = {}

    function functions.compile(text, name)
        return compile(proxy, text, name)
    end

    function functions.begin_load()
        metatable.__index = while_loading
    end

    function functions.end_load()
        metatable.__index = globals
    end
    return functions
end

-- What scripts find under two names: the value of an error as a table, with its place.
local function error_handler(value)
    local source, line = place()
    local answer = kind(value) == "table" and value or { err = "ERR " .. tostring(value) }
    answer.source, answer.line = source, line
    return answer
end

local function new_script_environment(libraries, api)
    local globals, proxy = new_globals(libraries, api, no_such_global)
    globals.__redis__err__handler, globals.__server__err__handler = error_handler, error_handler
    local scripts = {}

    function scripts.compile(text, name)
        return compile(proxy, text, name)
    end

    function scripts.set_arguments(keys, argv)
        globals.KEYS, globals.ARGV = keys, argv
    end
    return scripts
end

return {
    new_libraries = new_libraries, new_function_environment = new_function_environment, new_script_environment = new_script_environment,
    prepare = prepare, drop_prepared = drop_prepared,
    real_of = function(t) return real[t] end, read_only = read_only,
}

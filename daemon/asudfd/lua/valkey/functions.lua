-- Libraries and their functions: loading, FCALL and FCALL_RO.

local needs = ...
local commands, reply, state = needs.commands, needs.reply, needs.state
local run_script, script_api, load_api = needs.run_script, needs.script_api, needs.load_api
local begin, run, place, real_of = needs.begin, needs.run, needs.place, needs.real_of
local is_over_memory, OOM = needs.is_over_memory, needs.OOM

local error, find, ipairs, lower, next, pairs, rawget, select, sub, tonumber, tostring, type, unpack =
    error, string.find, ipairs, string.lower, next, pairs, rawget, select, string.sub, tonumber, tostring, type, unpack

local FLAGS = { ["no-writes"] = "no_writes", ["allow-oom"] = "allow_oom", ["allow-stale"] = "allow_stale",
    ["no-cluster"] = "no_cluster", ["allow-cross-slot-keys"] = "allow_cross_slot" }

local libraries = {} -- name -> { name, code, functions = { function... }, their count, names = { lower-case name = name } }
local functions = {} -- lower-case name -> function
local loading = nil -- the library that is being loaded
local environment = nil

-- Errors of register_function

local function refuse(text)
    error({ err = "ERR " .. text }, 0)
end

local function must_be(kind, value, what)
    if type(value) ~= kind then
        refuse(what)
    end
    return value
end

local function text_of(value, what)
    if type(value) ~= "string" and type(value) ~= "number" then
        refuse(what)
    end
    return tostring(value)
end

local function flags_of(list, f)
    must_be("table", list, "flags argument to server.register_function must be a table representing function flags")
    list = real_of(list) or list
    local i = 1
    while rawget(list, i) ~= nil do
        local flag = rawget(list, i)
        local field = type(flag) == "string" and FLAGS[lower(flag)]
        if not field then
            refuse("unknown flag given")
        end
        f[field] = true
        i = i + 1
    end
end

-- A function to be registered, with room for all that is noted of it.
local function new_function(name, callback)
    return { name = name, callback = callback, key = false, owner = loading.name, kind = "function", readonly = false, ignores_oom = false }
end

local function from_table(options)
    if type(options) ~= "table" then
        refuse("calling server.register_function with a single argument is only applicable to Lua table (representing named arguments).")
    end
    local f = new_function()
    for key, value in next, real_of(options) or options do
        if type(key) ~= "string" and type(key) ~= "number" then
            refuse("named argument key given to server.register_function is not a string")
        end
        key = lower(tostring(key))
        if key == "function_name" then
            f.name = text_of(value, "function_name argument given to server.register_function must be a string")
        elseif key == "description" then
            f.description = text_of(value, "description argument given to server.register_function must be a string")
        elseif key == "callback" then
            f.callback = must_be("function", value, "callback argument given to server.register_function must be a function")
        elseif key == "flags" then
            flags_of(value, f)
        else
            refuse("unknown argument given to server.register_function")
        end
    end
    if not f.name then
        refuse("server.register_function must get a function name argument")
    elseif not f.callback then
        refuse("server.register_function must get a callback argument")
    end
    return f
end

-- The function that the arguments of register_function describe.
local function described(...)
    local count = select("#", ...)
    if count == 0 or count > 2 then
        refuse("wrong number of arguments to server.register_function")
    end
    if count == 1 then
        return from_table((...))
    end
    local name, callback = ...
    if type(name) == "string" and type(callback) == "function" then -- as it should be, without two calls
        return new_function(name, callback)
    end
    return new_function(
        text_of(name, "first argument to server.register_function must be a string"),
        must_be("function", callback, "second argument to server.register_function must be a function")
    )
end

local function register(f)
    -- these two are said of the library as a whole, without the prefix of what its text raises
    if not find(f.name, "^[%w_]+$") then
        error({ whole = "ERR Function names can only contain letters, numbers, or underscores(_) and must be at least one character long",
            name = f.name }, 0)
    end
    local key = lower(f.name)
    if loading.names[key] then
        error({ whole = "ERR Function already exists in the library", name = f.name, earlier = loading.names[key] }, 0)
    end
    f.key, f.readonly, f.ignores_oom = key, f.no_writes or false, f.allow_oom or f.no_writes
    loading.names[key] = f.name
    loading.count = loading.count + 1
    loading.functions[loading.count] = f
end

load_api.register_function = function(...)
    if not loading then
        refuse("server.register_function can only be called on FUNCTION LOAD command")
    end
    register(described(...))
end

-- Loading

-- What ended the text of a library, with its place: what the message handler returns.
local function with_line(what)
    local _, line = place()
    return { what = what, line = line }
end

local function load_failure(what)
    if type(what) == "table" then
        if what.whole then
            return what.whole
        end
        return "ERR Error registering functions: " .. tostring(rawget(real_of(what) or what, "err"))
    end
    return "ERR Error registering functions: ERR " .. tostring(what)
end

-- Runs the text of a library. Returns the library, which is not installed yet; or nil, the error's text, the line that was running,
-- and, where a name is wrong, that name and the earlier function that has it. False if the text has not ended when the clock is looked at
-- for the time number `looks`, which may be nil.
local function load_library(now, name, code, looks)
    local text = sub(code, (find(code, "\n", 1, true))) -- from the end of the first line, so that line numbers stay
    local chunk, message = environment.compile(text, "@user_function")
    if not chunk then
        return nil, "ERR Error compiling function: " .. message
    end
    local library = { name = name, code = code, functions = {}, names = {}, count = 0 }
    state.now = now
    local script = { name = "", kind = "load", looks = looks }
    state.script, loading = script, library
    environment.begin_load()
    begin()
    local ok, result = run(chunk, with_line)
    environment.end_load()
    loading, state.script = nil, nil
    if script.ticked then
        needs.host.script_ended()
    end
    if script.looks == 0 then
        return false
    elseif not ok then
        local what, line = result, nil
        if type(result) == "table" and result.what ~= nil then -- not so where memory was missing, or the time was over
            what, line = result.what, result.line
        end
        local about = type(what) == "table" and what.whole and what or {}
        return nil, load_failure(what), line, about.name, about.earlier
    end
    if #library.functions == 0 then
        return nil, "ERR No functions registered"
    end
    return library
end

-- The name of a function of the library that another one, which is not among `except` (a table of names), has; or nil.
local function clash(library, except)
    for _, f in ipairs(library.functions) do
        local other = functions[f.key]
        if other and other.owner ~= library.name and not except[other.owner] then
            return f.name
        end
    end
    return nil
end

local function remove_library(name)
    local library = libraries[name]
    if library then
        libraries[name] = nil
        for _, f in ipairs(library.functions) do
            if functions[f.key] == f then
                functions[f.key] = nil
            end
        end
    end
end

-- Makes the library's functions callable, in the place of an earlier version.
local function install_library(library)
    remove_library(library.name)
    libraries[library.name] = library
    for _, f in ipairs(library.functions) do
        functions[f.key] = f
    end
end

-- A new environment: settings that libraries have made in cjson and the like are forgotten.
local function flush_libraries()
    libraries, functions = {}, {}
    environment = needs.new_function_environment(needs.new_libraries(), script_api, load_api)
end
flush_libraries()

-- name -> { description, flags in their order } of each function of a library; for FUNCTION LIST.
local SHOWN_FLAGS = { "no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys" }

local function describe(f)
    local flags = {}
    for _, flag in ipairs(SHOWN_FLAGS) do
        if f[FLAGS[flag]] then
            flags[#flags + 1] = reply.status(flag)
        end
    end
    return reply.map({ "name", f.name, "description", f.description or reply.NULL, "flags", reply.set(flags) })
end

local function library_names()
    local names = {}
    for name in pairs(libraries) do
        names[#names + 1] = name
    end
    return names
end

-- The reply of FUNCTION LIST for the libraries named.
local function list_libraries(names, with_code)
    local out = {}
    for _, name in ipairs(names) do
        local library, shown = libraries[name], {}
        for i, f in ipairs(library.functions) do
            shown[i] = describe(f)
        end
        local about = { "library_name", name, "engine", "LUA", "functions", shown }
        if with_code then
            about[7], about[8] = "library_code", library.code
        end
        out[#out + 1] = reply.map(about)
    end
    return out
end

local function counts()
    local n = 0
    for _ in pairs(functions) do
        n = n + 1
    end
    return #library_names(), n
end

-- Calling

-- The number of keys that calls usually have.
local COUNTS = {}
for n = 0, 99 do
    COUNTS[tostring(n)] = n
end

local MANY = 1000 -- words that are not given from one function to the other at once: the C stack has room for 8,000

-- The number of keys, strictly read; nil for anything else than a whole number.
local function key_count(text)
    return (text == "0" or find(text, "^%-?[1-9]%d*$")) and #text < 16 and tonumber(text) or nil
end

-- Keys and arguments of FCALL or EVAL as two tables, or nil and the error; `bad` is what is said of no number.
local function split_arguments(argv, argc, bad)
    local count = COUNTS[argv[3]] or key_count(argv[3])
    if not count then
        return nil, bad
    elseif count > argc - 3 then
        return nil, "ERR Number of keys can't be greater than number of args"
    elseif count < 0 then
        return nil, "ERR Number of keys can't be negative"
    end
    if argc == 3 then -- the usual calls, without a loop
        return {}, {}
    elseif argc < 6 and count == 1 then
        return { argv[4] }, { argv[5] }
    end
    if argc < MANY then -- a table that grows by one and one takes longer
        return { unpack(argv, 4, 3 + count) }, { unpack(argv, 4 + count, argc) }
    end
    local keys, args = {}, {}
    for i = 1, count do
        keys[i] = argv[3 + i]
    end
    for i = 4 + count, argc do
        args[i - 3 - count] = argv[i]
    end
    return keys, args
end

local NOT_FOUND = reply.failure("ERR Function not found")
local NOT_READONLY = reply.failure("ERR Can not execute a script with write flag using *_ro command.")

local NOT_ON_CLUSTER = reply.failure("ERR Can not run script on cluster, 'no-cluster' flag is set.")

local function call(argv, argc, readonly)
    local f = functions[argv[2]] or functions[lower(argv[2])]
    if not f then
        return NOT_FOUND
    end
    local keys, args = split_arguments(argv, argc, "ERR Bad number of keys provided")
    if not keys then
        return reply.failure(args)
    end
    if readonly and not f.readonly then
        return NOT_READONLY
    end
    if state.cluster and f.no_cluster then
        return NOT_ON_CLUSTER
    end
    if state.refusal and not f.readonly then
        return state.refusal
    end
    local is_over = is_over_memory()
    if state.full or (is_over and not f.ignores_oom) then
        return OOM
    end
    f.command = argv
    return run_script(f, is_over, f.callback, keys, args)
end

function commands.FCALL(argv, argc)
    return call(argv, argc, false)
end

function commands.FCALL_RO(argv, argc)
    return call(argv, argc, true)
end

local function find_function(name)
    return functions[lower(name)]
end

return {
    find_function = find_function,
    load_library = load_library,
    install_library = install_library,
    remove_library = remove_library,
    flush_libraries = flush_libraries,
    library_clash = clash,
    library_names = library_names,
    list_libraries = list_libraries,
    library_counts = counts,
    split_arguments = split_arguments,
    NOT_READONLY = NOT_READONLY,
    NOT_ON_CLUSTER = NOT_ON_CLUSTER,
}

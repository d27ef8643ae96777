-- Runs functions and scripts, and what they call of the server: `server.call` and its kin.
--
-- `state.script` is the running one: a table with `name` (for FUNCTION STATS), `kind` ("function" or "script"), `readonly`, `ignores_oom`,
-- `command` (as it was sent), and, where the host is called, `wrote` (whether it has changed data).

local needs = ...
local host, reply, number_text, state = needs.host, needs.reply, needs.number_text, needs.state
local rows, raised, parse_reply = needs.rows, needs.raised, needs.parse_reply
local has_room = needs.has_room
local to_lua, to_reply, real_of = needs.to_lua, needs.to_reply, needs.real_of
local BYTES = needs.BYTES
local begin, run, place, set_tick = needs.begin, needs.run, needs.place, needs.set_tick
local to_integer, note = needs.to_integer, needs.note

local clock, concat, getinfo = os.clock, table.concat, debug.getinfo
local find, format, gsub, sub, upper = string.find, string.format, string.gsub, string.sub, string.upper
local error, ipairs, next, pcall, rawget, select, tonumber, tostring, type, unpack =
    error, ipairs, next, pcall, rawget, select, tonumber, tostring, type, unpack

local OK = reply.OK
local LOG_LEVEL_MAX = 3
local ERROR_MAX = 65536 -- bytes of an error's text that are told
local SHORT = 3 -- words of a call whose table is used again
local LARGE = 65536 -- bytes of a text with which single instructions take long: the hook must know (`limit.lua`)
local EXACT = 2 ^ 53 -- integers below are exact in a double
local TICK_SECONDS = 0.002 -- between two calls of the host; each may have to wait for Python's lock

-- Nested calls of C that it takes to look at the time and to serve other clients, of the 200 that Lua has; and how often one after the
-- other a call may be too deep for that: some 1 s.
local DEPTH_NEEDED, DEEP_MAX = 40, 500
local TOO_DEEP = { err = "ERR stack overflow" } -- what ends a call in whose depth nobody can ever be served, nor end it

-- Calls of Lua, of the 20,000 that there may be, above which nothing is tried either: Lua that has caught an overflow behind the last of them
-- has no room left to report the next, which is an "error in error handling" then.
local CALLS_MAX = 19000

-- Whether so many calls of C can be made from here, one within the other.
local function has_calls(count)
    if count == 0 then
        return true
    end
    local ok, reached = pcall(has_calls, count - 1)
    return ok and reached
end

local function has_depth()
    return getinfo(CALLS_MAX, "l") == nil and has_calls(DEPTH_NEEDED)
end

-- Of the script at hand; not fields of it, which take three times as long to read and to set.
local resp = 2 -- what it has chosen by setresp
local wrote = false
local caller = 0 -- the number of who has called it
local over_memory = false -- whether there was too much in use when it began
local observed = false -- whether its commands are told to those who monitor, or logged
local restricted = false -- whether they need a look at each
local is_quick = false -- nobody needs the words of what it calls, nor its effects: the quick ways of commands may be taken (`quick`)

local CUT_SHORT = { err = "ERR the text of the library did not end soon" } -- which nobody is told
local NO_ROOM = { err = "ERR not enough memory" } -- what ends a call that leaves no room for the host

-- Looks at the clock: past the threshold the host serves other clients from here, and may end the call.
local ticked = 0
set_tick(function(now)
    local script = state.script
    if script and script.looks then
        script.looks = script.looks - 1
        if script.looks == 0 then
            return CUT_SHORT
        end
    end
    if not script or now - ticked < TICK_SECONDS then
        return nil
    end
    ticked, script.ticked, script.wrote = now, true, wrote
    if not has_room() then
        return NO_ROOM
    elseif not has_depth() then
        script.deep = (script.deep or 0) + 1
        return script.deep > DEEP_MAX and TOO_DEEP or nil
    end
    script.deep, is_quick = nil, false -- others may be served, and what they ask for is not known
    local db, moment, client, spoken = state.db, state.now, state.client, state.resp
    local moved, killed = host.tick(script.kind)
    state.db, state.now, state.client, state.resp = db, moment, client, spoken
    state.clock = moved or state.clock
    return killed and { err = killed } or nil
end)

local function raise(text)
    error({ err = text }, 0)
end

-- What scripts call

-- Commands that the real server replicates though they are no writes: a script that promises not to write may not run them.
local MAY_REPLICATE = { publish = true, spublish = true, pfcount = true }

-- Whether a script may run this command now; the error's text if not.
local function refused(script, row, argv, argc)
    if row.noscript and (row.run or not state.noscript_allowed) then
        return "ERR This " .. (state.old_wording and "Redis" or "Valkey") .. " command is not allowed from script"
    end
    if state.restricted then
        local denied = host.acl(argv)
        if denied then
            return denied
        end
    end
    if row.write and state.refusal then
        return state.refusal[1]
    end
    if row.denyoom and over_memory and not script.ignores_oom and not wrote then
        return "OOM command not allowed when used memory > 'maxmemory'."
    end
    if script.readonly and (row.write or MAY_REPLICATE[row.name]) then
        return "ERR Write commands are not allowed from read-only scripts."
    end
    return state.cluster and state.check_slots(script, row, argv, argc) or nil
end

-- The row of a command that a script calls, or nil and the error's text.
local function find_row(argv, argc)
    local row = rows[argv[1]] or rows[upper(argv[1])]
    if not row then
        return nil, "ERR Unknown command called from script"
    end
    if row.subcommands and argc > 1 then
        local found = row.subcommands[upper(argv[2])]
        if not found and state.old_wording then
            return nil, "ERR Unknown command called from script"
        elseif not found then
            return nil, format("ERR unknown subcommand '%s'. Try %s HELP.", sub(argv[2], 1, 128), upper(argv[1]))
        end
        row = found
    end
    local arity = row.arity
    if argc ~= arity and (arity > 0 or argc < -arity) then
        return nil, "ERR Wrong number of args calling command from script"
    end
    return row
end

-- The arguments of a call as strings, or nil and the error's text.
local function arguments_of(argv, argc)
    if argc == 0 then
        return "ERR Please specify at least one argument for this call"
    end
    for i = 1, argc do
        local argument = argv[i]
        local what = type(argument)
        if what == "number" then
            argv[i] = number_text(argument + 0) -- not -0
        elseif what ~= "string" then
            return "ERR Command arguments must be strings or integers"
        end
    end
    return nil
end

-- The host may run commands of the keyspace for it: the script goes on in its database, at its time.
local function from_host(argv)
    local db, now, client, spoken = state.db, state.now, state.client, state.resp
    local bytes = host.command(unpack(argv))
    state.db, state.now, state.client, state.resp = db, now, client, spoken
    return parse_reply(bytes)
end

local function count_changes()
    state.changes = state.changes + state.dirty
    state.dirty, state.effects, state.freed = 0, nil, true
end

-- A command of the script has changed something: the journal, if there is one, gets it at the end of the script.
local function note_effects(script, argv, argc)
    if state.journal then
        local list = script.effects or {}
        for _, effect in ipairs(state.effects or { argc <= SHORT and { unpack(argv) } or argv }) do
            list[#list + 1] = { state.db.number, effect }
        end
        script.effects = list
    end
    if state.announce then
        state.announce(argv, state.effects)
    end
    count_changes()
end

-- A command's error as scripts see it. It is counted here, and so not again when the script fails with it.
local function error_of(text)
    host.count_error(text, 1)
    return { err = text, ignore_error_stats_update = true }
end

-- The error of a command's reply as scripts see it; nil where the reply is none.
local function failure_in(row, result)
    if type(result) == "table" and result.kind == "error" then
        row.failed = row.failed + 1
        return error_of(result[1])
    end
    return nil
end

-- The reply of a command that has run, or nil and its error; what it has changed is noted.
local function finished(script, row, argv, argc, result)
    wrote = wrote or row.write
    if state.dirty ~= 0 then
        note_effects(script, argv, argc)
    end
    local failed = failure_in(row, result)
    if failed then
        return nil, failed
    end
    return result
end

-- Somebody monitors, or commands of a short time are logged, too: those of the script are told.
local function run_observed(row, argv, argc)
    if state.monitored and not row.skip_monitor and not row.admin then
        host.monitor(argv, state.db.number)
    end
    local began = clock()
    local ok, result = pcall(row.run, argv, argc)
    if state.logged then
        host.log_command(caller, argv, clock() - began)
    end
    return ok, result
end

local function run_command(script, row, argv, argc)
    row.calls = row.calls + 1
    local ok, result
    if observed then
        ok, result = run_observed(row, argv, argc)
    else
        ok, result = pcall(row.run, argv, argc)
    end
    if not ok then
        result = raised(result)
    end
    return finished(script, row, argv, argc, result)
end

local function run_on_host(script, row, argv, argc)
    local began = observed and clock()
    local result = from_host(argv)
    if began and state.logged then
        host.log_command(caller, argv, clock() - began)
    end
    return finished(script, row, argv, argc, result)
end

-- The reply of the command, or nil and the error as the table that scripts see.
local function command_reply(script, argv, argc)
    local failed = arguments_of(argv, argc)
    if failed then
        return nil, { err = failed } -- no command's error: it is in no statistics
    end
    local row = rows[argv[1]]
    local arity = row and row.arity
    if not row or row.subcommands or (argc ~= arity and (arity > 0 or argc < -arity)) then
        row, failed = find_row(argv, argc)
        if not row then
            return nil, error_of(failed)
        end
    end
    if row.noscript or restricted then
        failed = refused(script, row, argv, argc)
        if failed then
            row.rejected = row.rejected + 1
            return nil, error_of(failed)
        end
    end
    if state.compacting then
        state.before_write(row, argv, argc)
    end
    return (row.run and run_command or run_on_host)(script, row, argv, argc)
end

local api = {}

-- Calls of two and three words are the usual ones. Their words go into these tables, which no command keeps, nor do they when the script has ended:
-- to make a table takes longer than many a command.
local two, three = { "", "" }, { "", "", "" }

-- The words of a call as a table, if all are strings; nil otherwise.
local function words_of(argc, ...)
    local argv = { ... }
    for i = 2, argc do
        if type(argv[i]) ~= "string" then
            return nil
        end
    end
    return argv
end

-- What a call returns whose reply is a string.
local function string_of(result)
    if #result > LARGE then
        note(#result)
    end
    return result
end

-- What a call returns, or raises, whose reply is neither a string nor a number, nor OK.
local function answer(row, result)
    local failed = failure_in(row, result)
    if failed then
        error(failed, 0)
    end
    return to_lua(result, resp)
end

-- A call that needs a closer look.
local function answer_closely(argc, ...)
    local result, failed = command_reply(state.script, { ... }, argc)
    if failed then
        error(failed, 0)
    elseif type(result) == "string" then
        return string_of(result)
    end
    return to_lua(result, resp)
end

-- What a call returns whose command went its quick way.
local function answer_quickly(row, result)
    row.calls = row.calls + 1
    if state.dirty ~= 0 then
        wrote = true
        count_changes()
    end
    if result == OK then
        return { ok = "OK" }
    end
    return string_of(result)
end

-- The common path is written out here: each call of a function would cost a tenth of it.
function api.call(...)
    local argc = select("#", ...)
    local name, key, value = ...
    local row = rows[name]
    if row and argc == row.quick_argc and is_quick then
        local result = row.quick(key, value)
        if result then
            return answer_quickly(row, result)
        end
    end
    local command = row and row.plain
    local arity = command and row.arity
    if not command or restricted or (argc ~= arity and (arity > 0 or argc < -arity)) then
        return answer_closely(argc, ...)
    end
    local argv
    if argc == 2 and type(key) == "string" then
        two[1], two[2] = name, key
        argv = two
    elseif argc == 3 and type(key) == "string" and type(value) == "string" then
        three[1], three[2], three[3] = name, key, value
        argv = three
    else
        argv = words_of(argc, ...)
        if not argv then
            return answer_closely(argc, ...)
        end
    end
    row.calls = row.calls + 1
    local ok, result = pcall(command, argv, argc)
    if not ok then
        result = raised(result)
    end
    wrote = wrote or row.write
    if state.dirty ~= 0 then
        if is_quick then
            count_changes()
        else
            note_effects(state.script, argv, argc)
        end
    end
    if result == OK then
        return { ok = "OK" }
    end
    local what = type(result)
    if what == "number" then
        return result
    elseif what == "string" then
        return string_of(result)
    end
    return answer(row, result)
end

function api.pcall(...)
    local ok, result = pcall(api.call, ...)
    if not ok and type(result) ~= "table" then
        error(result, 0)
    end
    return result
end

local function one_string(...)
    local text = ...
    if select("#", ...) ~= 1 or type(text) ~= "string" then
        return nil
    end
    return text
end

function api.error_reply(...)
    local text = one_string(...)
    if not text then
        return { err = "ERR wrong number or type of arguments" }
    end
    if sub(text, 1, 1) == "-" then
        text = sub(text, 2)
    end
    return { err = find(text, " ", 1, true) and text or "ERR " .. text }
end

function api.status_reply(...)
    local text = one_string(...)
    if not text then
        return { err = "ERR wrong number or type of arguments" }
    end
    return { ok = text }
end

function api.sha1hex(...)
    if select("#", ...) ~= 1 then
        raise("ERR wrong number of arguments")
    end
    local text = ...
    local what = type(text)
    return host.sha1hex((what == "string" or what == "number") and tostring(text) or "")
end

function api.setresp(...)
    if select("#", ...) ~= 1 then
        raise("ERR server.setresp() requires one argument.")
    end
    local version = to_integer(tonumber((...)) or 0)
    if version ~= 2 and version ~= 3 then
        raise("ERR RESP version must be 2 or 3.")
    end
    resp, state.resp = version, version
end

function api.set_repl(...)
    if select("#", ...) ~= 1 then
        raise("ERR server.set_repl() requires one argument.")
    end
    local flags = to_integer(tonumber((...)) or 0)
    if flags ~= 0 and flags ~= 1 and flags ~= 2 and flags ~= 3 then
        raise("ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
    end
end

function api.acl_check_cmd(...)
    if select("#", ...) == 0 then
        raise("ERR Please specify at least one argument for this call")
    end
    local argv = { ... }
    local failed = arguments_of(argv, select("#", ...))
    if failed then
        raise(failed)
    end
    if not rows[upper(argv[1])] then
        raise("ERR Invalid command passed to server.acl_check_cmd()")
    end
    return not (state.restricted and host.acl(argv))
end

function api.log(...)
    local count = select("#", ...)
    if count < 2 then
        raise("ERR server.log() requires two arguments or more.")
    end
    local level = tonumber((...))
    if not level then
        raise("ERR First argument must be a number (log level).")
    end
    if level < 0 or level > LOG_LEVEL_MAX then
        raise("ERR Invalid log level.")
    end
    local words = {}
    for i = 2, count do
        local word = select(i, ...)
        local what = type(word)
        words[#words + 1] = (what == "string" or what == "number") and tostring(word) or nil
    end
    host.log(level, concat(words, " "))
end

local constants = {
    LOG_DEBUG = 0,
    LOG_VERBOSE = 1,
    LOG_NOTICE = 2,
    LOG_WARNING = 3,
    REDIS_VERSION = "7.2.4",
    REDIS_VERSION_NUM = 0x00070204,
    SERVER_NAME = "valkey",
    VALKEY_VERSION = "9.1.2",
    VALKEY_VERSION_NUM = 0x00090102,
}
local load_api = { log = api.log }
for name, value in next, constants do
    api[name], load_api[name] = value, value
end
api.REPL_NONE, api.REPL_AOF, api.REPL_SLAVE, api.REPL_REPLICA, api.REPL_ALL = 0, 1, 2, 2, 3

-- What scripts have beside it; functions have not.
local eval_api = {}
for name, value in next, api do
    eval_api[name] = value
end

function eval_api.replicate_commands()
    return true -- effects are what is kept in any case
end

function eval_api.breakpoint()
    return false -- no debugger is attached
end

function eval_api.debug() end

-- Running

-- The stack may be used up just where the hook is called, which has no lines: it is the script's line that went so deep.
local HOOK_OVERFLOW = "ERR ?:0: stack overflow"

-- The error value of a call with the place of the user's code: what the message handler returns.
local function with_place(what)
    local source, line = place()
    local text
    if type(what) == "table" then
        text = rawget(real_of(what) or what, "err")
    else
        text = "ERR " .. tostring(what)
        if source and sub(text, 1, #HOOK_OVERFLOW) == HOOK_OVERFLOW then
            text = "ERR " .. sub(source, 2) .. ":" .. line .. sub(text, #"ERR ?:0" + 1)
        end
    end
    local counted = type(what) == "table" and rawget(real_of(what) or what, "ignore_error_stats_update")
    return { err = text, source = source, line = line, ignore_error_stats_update = counted }
end

-- The error of a command that the script has handed on: whoever counts the script's own has had it already.
local function discount(failed, text)
    if type(text) == "string" and type(failed) == "table" and rawget(failed, "ignore_error_stats_update") then
        host.count_error(text, -1)
    end
end

local function failure_of(what, name)
    local text = type(what) == "table" and rawget(what, "err")
    if type(what) == "string" then -- no handler has seen it: memory was missing
        text = "ERR " .. what
    end
    text = (type(text) == "string" or type(text) == "number") and tostring(text) or "ERR unknown error"
    if #text > ERROR_MAX then
        text = sub(text, 1, ERROR_MAX)
    end
    text = gsub(text, "%z.*", "")
    discount(what, text)
    local source, line = what.source, what.line
    if source then
        local of = state.old_wording and name .. ", " or ""
        text = format("%s script: %son %s:%d.", text, of, source, line)
    end
    return reply.failure(text)
end

-- What a script returned as a reply, where that takes no memory; nil otherwise.
local function common_reply(result)
    local what = type(result)
    if what == "string" or (what == "number" and result % 1 == 0 and result < EXACT and result > -EXACT) then
        return result
    elseif what == "table" and rawget(result, "ok") == "OK" and rawget(result, "err") == nil then
        return OK
    end
    return nil
end

-- What else a script returned, as a reply.
local function reply_of(result)
    local what = type(result)
    if what == "nil" then
        return false
    elseif what == "table" then
        local real = real_of(result) or result
        discount(real, rawget(real, "err"))
    end
    local ok, converted = pcall(to_reply, result, resp, 0)
    return ok and converted or (not ok and raised(converted))
end

-- Calls `f(a, b)` as the function or script that `script` describes; returns its reply. `is_over` says whether more memory is in use
-- than commands that need it may use.
local function run_script(script, is_over, f, a, b)
    local db = state.db
    resp, wrote, over_memory, caller = 2, false, is_over, state.client
    observed = state.monitored or state.logged
    restricted = script.readonly or state.refusal or state.compacting or is_over or state.restricted or state.cluster or observed
    is_quick = not (restricted or state.journal or state.announce or state.observers > 0)
    state.script, state.client, state.resp = script, 0, 2
    begin()
    local command = script.command
    for i = 4, #command do
        if #command[i] > LARGE then
            note(#command[i])
        end
    end
    -- Memory may be missing at each step from here on; the script has ended all the same.
    local ok, result = run(f, with_place, a, b)
    local answered = ok and (BYTES[result] and result or common_reply(result))
    if ok and not result and (result == nil or resp == 2) then -- null, such as what GET found
        answered = false
    elseif not answered then
        local made
        made, answered = pcall(ok and reply_of or failure_of, result, script.name)
        answered = made and answered or (not made and raised(answered))
    end
    state.script, state.db, state.clock, is_quick = nil, db, nil, false
    two[2], three[2], three[3] = "", "", ""
    if script.effects then
        local kept, problem = pcall(state.journal, script.effects)
        script.effects = nil
        answered = kept and answered or (not kept and raised(problem))
    end
    if script.ticked then
        script.ticked, script.deep = false, nil
        host.script_ended()
    end
    return answered
end

return { script_api = api, eval_api = eval_api, load_api = load_api, run_script = run_script }

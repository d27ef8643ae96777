-- Finds the implementation of a command and runs it: for clients here, for scripts from `script.lua`.
--
-- `commands` is filled by the chunks under `commands/`: upper-case name -> function(argv, argc) -> reply. `argv` is the whole
-- command, an array of strings; argv[1] is its name (argv[2] its subcommand). The name of a subcommand is "OBJECT|ENCODING".
--
-- `quick` has the common case of a few commands that scripts call again and again: quick.NAME = { argc = number of words, run =
-- function(key, value) -> what the script gets, which is a string or a fresh table of strings, or reply.OK; nil where the case is
-- another one }. It is given what the script gave, of any type.
--
-- `rows` is filled by the host from its table of commands (`define`): what is known of a command beside its implementation.
-- A command without an implementation here is one of the host's: it gets it from `host.command` when a script calls it.

local needs = ...
local host, reply, encode, state, databases = needs.host, needs.reply, needs.encode, needs.state, needs.databases
local BYTES = needs.BYTES

local collectgarbage, error, gcinfo, ipairs, pcall, tostring, type, upper =
    collectgarbage, error, gcinfo, ipairs, pcall, tostring, type, string.upper

local commands = {}
local quick = {}
local rows = {}

-- A row for each command and subcommand; `row` has name (as in COMMAND INFO), arity, the flags as fields that are true
-- (write, denyoom, noscript, ...), and the positions of its keys (first, last, step).
local function define(row)
    local name = upper(row.name)
    row.run, row.calls, row.failed, row.rejected = commands[name], 0, 0, 0
    row.quick, row.quick_argc = quick[name] and quick[name].run, quick[name] and quick[name].argc
    row.plain = not row.noscript and row.run or nil -- what scripts may run without further questions, if they are not restricted
    local container, subcommand = name:match("^(.-)|(.*)$")
    if container then
        local holder = rows[container]
        holder.subcommands = holder.subcommands or {}
        holder.plain = nil
        holder.subcommands[subcommand] = row
    else
        rows[name], rows[row.name] = row, row
    end
end

-- The row of the command, if it is known and has so many arguments; the host tells the client what is wrong otherwise.
local function find(argv, argc)
    local row = rows[argv[1]] or rows[upper(argv[1])]
    if row and row.subcommands and argc > 1 then
        row = row.subcommands[upper(argv[2])]
    end
    local arity = row and row.arity
    if not row or (argc ~= arity and (arity > 0 or argc < -arity)) then
        return nil
    end
    return row
end

-- The command is not known any more.
local function withdraw(name)
    local container, subcommand = name:match("^(.-)|(.*)$")
    if container then
        local holder = rows[container]
        if holder then
            holder.subcommands[upper(subcommand)] = nil
        end
    else
        rows[name], rows[upper(name)] = nil, nil
    end
end

-- The host answers clients that run this command, whatever it does in scripts.
local function keep_for_host(name)
    local container, subcommand = name:match("^(.-)|(.*)$")
    local holder = container and rows[container]
    local row = holder and holder.subcommands[upper(subcommand)] or rows[name]
    if row then -- else it was withdrawn
        row.of_host = true
    end
end

local OOM = reply.failure("OOM command not allowed when used memory > 'maxmemory'.")

-- What the last collection for this has found: KiB in use after it, and whether they were too many. Another one is worth its
-- time, a second for a full gigabyte, when the memory has grown by a part of the limit (1/WORTH) since; or, where too many were in
-- use, when something was removed.
local settled, judged, was_over, WORTH = 0, 0, false, 32

-- Whether more is in use than commands that need memory may use. Garbage does not count.
local function is_over_memory()
    local max = state.maxmemory / 1024
    if gcinfo() < max - 1 then -- whole KiB, in a third of the time
        return false
    end
    local used = collectgarbage("count")
    if used <= max then
        return false
    end
    local is_settled = max == judged and used >= settled and used < settled + max / WORTH
    if is_settled and not (was_over and state.freed) then
        return was_over
    end
    collectgarbage()
    settled = collectgarbage("count")
    was_over, judged, state.freed = settled > max, max, false
    return was_over
end

local ROOM = 512 -- KiB that a call of the host may need for what it gives to Lua

-- Whether there is room for a call of the host: what it is given and what it returns takes memory where no error may be raised,
-- between Lua and Python (`KeyspaceEngine`).
local function has_room()
    if not state.cap or collectgarbage("count") + ROOM <= state.cap then
        return true
    end
    collectgarbage()
    return collectgarbage("count") + ROOM <= state.cap
end

-- The host's function for Lua, which raises an error where there is no room for the call.
local function with_room(f)
    return function(...)
        if not has_room() then
            error("not enough memory", 0)
        end
        return f(...)
    end
end

-- What was raised, as a reply. A Lua error is a fault of ours, which the log tells; only its text leaves.
local function raised(what)
    if type(what) == "table" and what.kind then
        return what
    end
    if what == "not enough memory" then
        collectgarbage()
        return reply.failure("OOM not enough memory for this command")
    end
    host.fault(tostring(what))
    return reply.failure("ERR internal error")
end

-- Memory did not suffice outside of a command, as its reply was made for instance: nothing of the command at hand is left.
local function recover()
    state.dirty, state.effects, state.script = 0, nil, nil
    collectgarbage()
end

-- Runs the command of the row; never raises.
local function run(row, argv, argc)
    local ok, result = pcall(row.run, argv, argc)
    if ok then
        return result
    end
    return raised(result)
end

-- The command has changed something: that goes into the journal.
local function finish(argv)
    if state.announce and state.dirty ~= 0 then
        state.announce(argv, state.effects)
    end
    state.changes = state.changes + state.dirty
    if state.dirty ~= 0 and state.journal then
        local effects = {}
        for i, effect in ipairs(state.effects or { argv }) do
            effects[i] = { state.db.number, effect }
        end
        state.journal(effects)
    end
    state.dirty, state.effects, state.freed = 0, nil, true
end

-- Runs a command of a client, and returns the bytes of its reply; "" when the client has to wait (`host.block` was told);
-- nil for a command of the host's, for what is no command, and where a text is to be compiled first. `client` is its number, 0 when it cannot be made to wait.
local function execute_list(now, number, resp, client, argv, argc)
    local row = rows[argv[1]]
    local arity = row and row.arity
    if not row or row.subcommands or (argc ~= arity and (arity > 0 or argc < -arity)) then
        row = find(argv, argc)
    end
    local command = row and row.run
    if not command or row.of_host then
        return nil
    end
    state.now, state.db, state.resp, state.client = now, databases[number], resp, client
    if state.cluster and row.specs then
        local failed = state.refused_slot(row, argv, argc)
        if failed then
            return encode(failed, resp)
        end
    end
    if state.refusal and row.write then
        row.rejected = row.rejected + 1
        return encode(state.refusal, resp)
    elseif state.compacting then
        state.before_write(row, argv, argc)
    end
    if row.denyoom and is_over_memory() then
        row.rejected = row.rejected + 1
        return encode(OOM, resp)
    end
    row.calls = row.calls + 1
    local ok, result = pcall(command, argv, argc)
    if not ok then
        result = raised(result)
    end
    if state.dirty ~= 0 then
        finish(argv)
    end
    local bytes = BYTES[result]
    if bytes then
        return bytes
    elseif type(result) == "table" then
        local kind = result.kind
        if kind == "block" then
            result.argv = result.argv or argv
            host.block(client, result.timeout, result)
            return ""
        elseif kind == "error" then
            row.failed = row.failed + 1
        elseif kind == "uncompiled" then
            row.calls = row.calls - 1
            return nil
        end
    end
    return encode(result, resp)
end

local refusals = {}

-- The text of the error that commands which write are answered from now on; nil: they run, as far as `cause` ("journal" or
-- "replicas") goes.
local function refuse_writes(text, cause)
    refusals[cause] = text and reply.failure(text) or nil
    state.refusal = refusals.journal or refusals.replicas
end

-- The same for a command of few arguments.
local function execute(now, number, resp, client, ...)
    local argv = { ... }
    return execute_list(now, number, resp, client, argv, #argv)
end

return {
    commands = commands,
    quick = quick,
    rows = rows,
    define = define,
    keep_for_host = keep_for_host,
    withdraw = withdraw,
    find = find,
    run_command = run,
    finish = finish,
    is_over_memory = is_over_memory,
    has_room = has_room,
    with_room = with_room,
    execute = execute,
    execute_list = execute_list,
    refuse_writes = refuse_writes,
    OOM = OOM,
    raised = raised,
    recover = recover,
}

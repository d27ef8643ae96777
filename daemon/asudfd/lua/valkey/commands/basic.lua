-- Commands that scripts and clients use for the connection, without a key.

local needs = ...
local commands, quick, reply, state, databases = needs.commands, needs.quick, needs.reply, needs.state, needs.databases

local floor, format = math.floor, string.format

function commands.PING(argv, argc)
    if argc > 2 then
        reply.fail("ERR wrong number of arguments for 'ping' command")
    end
    return argc == 1 and reply.PONG or argv[2]
end

function commands.ECHO(argv)
    return argv[2]
end

local told, text = nil, nil -- the last second, and its text

local function time()
    local now = state.clock or state.now
    local seconds = floor(now / 1000)
    if seconds ~= told then
        told, text = seconds, format("%.0f", seconds)
    end
    return { text, floor((now - seconds * 1000) * 1000) .. "" }
end
commands.TIME = time
quick.TIME = { argc = 1, run = time }

-- For scripts; the selection of a client is kept by the host.
function commands.SELECT(argv)
    local number = needs.integer.argument(argv[2], reply.NOT_INTEGER)
    local db = databases[number]
    if state.cluster and number ~= 0 and state.old_wording then
        reply.fail("ERR SELECT is not allowed in cluster mode")
    elseif not db or (state.cluster and number ~= 0) then
        reply.fail("ERR DB index is out of range")
    end
    state.db = db
    return reply.OK
end

function commands.DBSIZE()
    return state.db.count
end

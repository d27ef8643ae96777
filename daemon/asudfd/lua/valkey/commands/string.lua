-- Commands of strings.

local needs = ...
local commands, reply, state, keyspace = needs.commands, needs.reply, needs.state, needs.keyspace
local typed, replace = keyspace.typed, keyspace.replace

function commands.GET(argv)
    return typed(state.db, argv[2], "string") or reply.NULL
end

function commands.SET(argv)
    replace(state.db, argv[2], argv[3])
    return reply.OK
end

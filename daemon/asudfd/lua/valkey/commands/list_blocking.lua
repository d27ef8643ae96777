-- Commands of lists that wait for an element.

local needs = ...
local commands, keyspace, lists, operand, reply, state, waiting =
    needs.commands, needs.keyspace, needs.lists, needs.operand, needs.reply, needs.state, needs.waiting

local format = string.format
local NULL, NULL_ARRAY = reply.NULL, reply.NULL_ARRAY
local between, wait = operand.between, waiting.wait

local function pop_command(is_left)
    return function(argv, argc)
        local seconds = operand.timeout(argv[argc])
        local db = state.db
        for i = 2, argc - 1 do
            local key = argv[i]
            local value = waiting.value(db, key, "list")
            if value then
                local text = lists.take(db, key, value, is_left, 1)[1]
                keyspace.effect({ is_left and "LPOP" or "RPOP", key })
                return { key, text }
            end
        end
        return wait(between(argv, 2, argc - 1), seconds, NULL_ARRAY)
    end
end

commands.BLPOP = pop_command(true)
commands.BRPOP = pop_command(false)

local function move(source, target, from_left, to_left, seconds)
    local db = state.db
    local value = waiting.value(db, source, "list")
    if not value then
        if state.client == 0 then
            return NULL
        end
        return wait({ source }, seconds, NULL_ARRAY)
    end
    local text = lists.move(db, source, value, target, from_left, to_left)
    keyspace.effect({ "LMOVE", source, target, from_left and "LEFT" or "RIGHT", to_left and "LEFT" or "RIGHT" })
    return text
end

function commands.BLMOVE(argv)
    local from_left, to_left = operand.is_left(argv[4]), operand.is_left(argv[5])
    return move(argv[2], argv[3], from_left, to_left, operand.timeout(argv[6]))
end

function commands.BRPOPLPUSH(argv)
    return move(argv[2], argv[3], false, true, operand.timeout(argv[4]))
end

function commands.BLMPOP(argv, argc)
    local seconds = operand.timeout(argv[2])
    local where, count = lists.pop_arguments(argv, argc, 3)
    local is_left = operand.is_left(argv[where])
    for i = 4, where - 1 do
        local key = argv[i]
        local value = waiting.value(state.db, key, "list")
        if value then
            local out = lists.take(state.db, key, value, is_left, count)
            keyspace.effect({ is_left and "LPOP" or "RPOP", key, format("%.0f", #out) })
            return { key, out }
        end
    end
    return wait(between(argv, 4, where - 1), seconds, NULL_ARRAY)
end

-- Commands that take the members with the least or greatest scores, also those that wait for some.

local needs = ...
local commands, keyspace, lists, operand, reply, sorted, state, waiting, zset =
    needs.commands, needs.keyspace, needs.lists, needs.operand, needs.reply, needs.sorted, needs.state, needs.waiting, needs.zset

local error, format, upper = error, string.format, string.upper
local double, NULL_ARRAY = reply.double, reply.NULL_ARRAY
local between, typed, wait = operand.between, keyspace.typed, waiting.wait

-- Takes up to `count` members: an array of pairs of member and score.
local function take(db, key, value, is_max, count)
    local n, out = value.order.n, {}
    if count > n then
        count = n
    end
    if count == 0 then
        return out
    end
    local from, to = 0, count - 1
    if is_max then
        from, to = n - count, n - 1
    end
    local members, scores = sorted.slice(value.order, from, to, is_max), value.scores
    for i = 1, count do
        out[i] = { members[i], double(scores[members[i]]) }
    end
    zset.remove_range(value, from, to)
    keyspace.changed_or_gone(db, key, value.order.n)
    return out
end

local function flat(pairs_taken)
    local out = {}
    for i = 1, #pairs_taken do
        out[2 * i - 1], out[2 * i] = pairs_taken[i][1], pairs_taken[i][2]
    end
    return out
end

local function pop_command(is_max)
    return function(argv, argc)
        local db, key = state.db, argv[2]
        if argc > 3 then
            return reply.SYNTAX
        end
        local count = argc == 3 and operand.positive(argv[3])
        local value = typed(db, key, "zset")
        if not value then
            return {}
        end
        local out = take(db, key, value, is_max, count or 1)
        return count and state.resp == 3 and out or flat(out)
    end
end

commands.ZPOPMIN = pop_command(false)
commands.ZPOPMAX = pop_command(true)

local function is_max(text)
    local side = upper(text)
    if side ~= "MIN" and side ~= "MAX" then
        error(reply.SYNTAX, 0)
    end
    return side == "MAX"
end

-- What the journal learns of a pop from one of several keys.
local function effect(key, side, count)
    keyspace.effect({ side and "ZPOPMAX" or "ZPOPMIN", key, format("%.0f", count) })
end

function commands.ZMPOP(argv, argc)
    local where, count = lists.pop_arguments(argv, argc, 2)
    local side = is_max(argv[where])
    for i = 3, where - 1 do
        local value = typed(state.db, argv[i], "zset")
        if value then
            local taken = take(state.db, argv[i], value, side, count)
            effect(argv[i], side, #taken)
            return { argv[i], taken }
        end
    end
    return NULL_ARRAY
end

local function blocking_pop(side)
    return function(argv, argc)
        local seconds = operand.timeout(argv[argc])
        for i = 2, argc - 1 do
            local key = argv[i]
            local value = waiting.value(state.db, key, "zset")
            if value then
                local taken = take(state.db, key, value, side, 1)[1]
                effect(key, side, 1)
                return { key, taken[1], taken[2] }
            end
        end
        return wait(between(argv, 2, argc - 1), seconds, NULL_ARRAY)
    end
end

commands.BZPOPMIN = blocking_pop(false)
commands.BZPOPMAX = blocking_pop(true)

function commands.BZMPOP(argv, argc)
    local seconds = operand.timeout(argv[2])
    local where, count = lists.pop_arguments(argv, argc, 3)
    local side = is_max(argv[where])
    for i = 4, where - 1 do
        local key = argv[i]
        local value = waiting.value(state.db, key, "zset")
        if value then
            local taken = take(state.db, key, value, side, count)
            effect(key, side, #taken)
            return { key, taken }
        end
    end
    return wait(between(argv, 4, where - 1), seconds, NULL_ARRAY)
end

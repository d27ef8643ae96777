-- Intersections, unions and differences of sets.

local needs = ...
local commands, keyspace, operand, reply, set, state =
    needs.commands, needs.keyspace, needs.operand, needs.reply, needs.set, needs.state

local error, sort, upper = error, table.sort, string.upper
local typed = keyspace.typed

-- The sets of keys argv[first] to argv[last]; false for a key that is not there.
local function read_all(argv, first, last)
    local sets = {}
    for i = first, last do
        sets[i - first + 1] = typed(state.db, argv[i], "set") or false
    end
    return sets, last - first + 1
end

local function is_smaller(a, b)
    return a.n < b.n
end

-- Members that are in all sets, up to `limit` (0: all): an array and their number.
local function intersection(sets, n, limit)
    local out, count = {}, 0
    for i = 1, n do
        if not sets[i] then
            return out, 0
        end
    end
    sort(sets, is_smaller)
    local members = set.in_order(sets[1])
    for i = 1, sets[1].n do
        local member, is_in_all = members[i], true
        for k = 2, n do
            if not sets[k].places[member] then
                is_in_all = false
                break
            end
        end
        if is_in_all then
            count = count + 1
            out[count] = member
            if count == limit then
                break
            end
        end
    end
    return out, count
end

local function union(sets, n)
    local out, count, seen = {}, 0, {}
    for k = 1, n do
        local value = sets[k]
        if value then
            local members = set.in_order(value)
            for i = 1, value.n do
                local member = members[i]
                if not seen[member] then
                    seen[member] = true
                    count = count + 1
                    out[count] = member
                end
            end
        end
    end
    return out, count
end

local function difference(sets, n)
    local out, count, first = {}, 0, sets[1]
    local members = first and set.in_order(first)
    for i = 1, first and first.n or 0 do
        local member, is_in_none = members[i], true
        for k = 2, n do
            if sets[k] and sets[k].places[member] then
                is_in_none = false
                break
            end
        end
        if is_in_none then
            count = count + 1
            out[count] = member
        end
    end
    return out, count
end

local function answer_command(how)
    return function(argv, argc)
        local sets, n = read_all(argv, 2, argc)
        local out = how(sets, n, 0)
        return reply.set(out)
    end
end

local function store_command(how)
    return function(argv, argc)
        local sets, n = read_all(argv, 3, argc)
        local db, key = state.db, argv[2]
        local out, count = how(sets, n, 0)
        if count == 0 then
            keyspace.get(db, key)
            keyspace.remove(db, key)
            return 0
        end
        keyspace.replace(db, key, set.of(out, count))
        return count
    end
end

commands.SINTER, commands.SINTERSTORE = answer_command(intersection), store_command(intersection)
commands.SUNION, commands.SUNIONSTORE = answer_command(union), store_command(union)
commands.SDIFF, commands.SDIFFSTORE = answer_command(difference), store_command(difference)

local NO_KEYS = reply.failure("ERR numkeys should be greater than 0")
local TOO_MANY_KEYS = reply.failure("ERR Number of keys can't be greater than number of args")
local NEGATIVE_LIMIT = reply.failure("ERR LIMIT can't be negative")

function commands.SINTERCARD(argv, argc)
    local keys = operand.at_least(1, argv[2], NO_KEYS)
    if keys > argc - 2 then
        return TOO_MANY_KEYS
    end
    local limit = 0
    for at = keys + 3, argc, 2 do
        if upper(argv[at]) ~= "LIMIT" or at == argc then
            error(reply.SYNTAX, 0)
        end
        limit = operand.at_least(0, argv[at + 1], NEGATIVE_LIMIT)
    end
    local sets, n = read_all(argv, 3, keys + 2)
    local _, count = intersection(sets, n, limit)
    return count
end

-- Unions, intersections and differences of sorted sets; sets take part too, with a score of 1 for each member.

local needs = ...
local commands, integer, keyspace, operand, reply, sorted, state, zsets =
    needs.commands, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.sorted, needs.state, needs.zsets

local error, ipairs, lower, next, sort, type, upper = error, ipairs, string.lower, next, table.sort, type, string.upper
local SYNTAX = reply.SYNTAX
local NO_WEIGHT = reply.failure("ERR weight value is not a float")

-- What a key adds: { n, scores (member -> score) or members (of a set), weight }.
local function read_input(key)
    local value = keyspace.get(state.db, key)
    if value == nil then
        return { n = 0, scores = {}, weight = 1 }
    elseif type(value) == "table" and value.type == "zset" then
        return { n = value.order.n, scores = value.scores, weight = 1 }
    elseif type(value) == "table" and value.type == "set" then
        return { n = value.n, members = value.places, weight = 1 }
    end
    error(reply.WRONGTYPE, 0)
end

-- The weighted score of a member, or nil. What is no number counts as zero.
local function score_of(input, member)
    local score
    if input.scores then
        score = input.scores[member]
    elseif input.members[member] then
        score = 1
    end
    if score then
        score = score * input.weight
        return score == score and score or 0
    end
end

local AGGREGATES = {
    SUM = function(a, b)
        local total = a + b
        return total == total and total or 0
    end,
    MIN = function(a, b)
        return b < a and b or a
    end,
    MAX = function(a, b)
        return b > a and b or a
    end,
}

-- The inputs and options, with the number of keys at argv[at]. `o`: what the command allows.
local function read(argv, argc, at, o)
    local count = operand.at_least(-1 / 0, argv[at], reply.NOT_INTEGER)
    if count < 1 then
        reply.fail("ERR at least 1 input key is needed for '" .. lower(argv[1]) .. "' command")
    elseif count > argc - at then
        error(SYNTAX, 0)
    end
    o.inputs, o.aggregate = {}, AGGREGATES.SUM
    for i = 1, count do
        o.inputs[i] = read_input(argv[at + i])
    end
    local i = at + count + 1
    while i <= argc do
        local word = upper(argv[i])
        if word == "WEIGHTS" and o.has_weights and i + count <= argc then
            for k = 1, count do
                o.inputs[k].weight = operand.double(argv[i + k]) or error(NO_WEIGHT, 0)
            end
            i = i + count + 1
        elseif word == "AGGREGATE" and o.has_weights and i < argc then
            o.aggregate = AGGREGATES[upper(argv[i + 1])] or error(SYNTAX, 0)
            i = i + 2
        elseif word == "WITHSCORES" and not o.stores then
            o.with_scores = true
            i = i + 1
        else
            error(SYNTAX, 0)
        end
    end
    return o
end

local function is_smaller(a, b)
    return a.n < b.n
end

local how = {}

function how.union(o)
    local scores, n, aggregate = {}, 0, o.aggregate
    sort(o.inputs, is_smaller)
    for _, input in ipairs(o.inputs) do
        for member in next, input.scores or input.members do
            local score, before = score_of(input, member), scores[member]
            if before then
                scores[member] = aggregate(before, score)
            else
                scores[member] = score
                n = n + 1
            end
        end
    end
    return scores, n
end

function how.intersection(o, limit)
    local scores, n, inputs, aggregate = {}, 0, o.inputs, o.aggregate
    sort(inputs, is_smaller)
    local first = inputs[1]
    for member in next, first.scores or first.members do
        local total = score_of(first, member)
        for k = 2, #inputs do
            local score = score_of(inputs[k], member)
            if not score then
                total = nil
                break
            end
            total = aggregate(total, score)
        end
        if total then
            scores[member] = total
            n = n + 1
            if n == limit then
                break
            end
        end
    end
    return scores, n
end

function how.difference(o)
    local scores, n, inputs = {}, 0, o.inputs
    for member in next, inputs[1].scores or inputs[1].members do
        local is_in_none = true
        for k = 2, #inputs do
            if score_of(inputs[k], member) then
                is_in_none = false
                break
            end
        end
        if is_in_none then
            scores[member] = score_of(inputs[1], member)
            n = n + 1
        end
    end
    return scores, n
end

local function answer_command(name)
    return function(argv, argc)
        local o = read(argv, argc, 2, { has_weights = name ~= "difference" })
        local scores, n = how[name](o)
        local members = sorted.slice(sorted.build(scores), 0, n - 1)
        return zsets.listed(members, n, scores, o.with_scores)
    end
end

local function store_command(name)
    return function(argv, argc)
        local o = read(argv, argc, 3, { has_weights = name ~= "difference", stores = true })
        local scores, n = how[name](o)
        return zsets.store(state.db, argv[2], scores, n)
    end
end

commands.ZUNION, commands.ZUNIONSTORE = answer_command("union"), store_command("union")
commands.ZINTER, commands.ZINTERSTORE = answer_command("intersection"), store_command("intersection")
commands.ZDIFF, commands.ZDIFFSTORE = answer_command("difference"), store_command("difference")

local NEGATIVE_LIMIT = reply.failure("ERR LIMIT can't be negative")

function commands.ZINTERCARD(argv, argc)
    local last, limit = argc, 0
    local keys = integer.parse(argv[2])
    if keys and keys > 0 and keys + 2 < argc then
        last = keys + 2
        for at = last + 1, argc, 2 do
            if upper(argv[at]) ~= "LIMIT" or at == argc then
                return SYNTAX
            end
            limit = operand.at_least(0, argv[at + 1], NEGATIVE_LIMIT)
        end
    end
    local o = read(argv, last, 2, { stores = true })
    local _, n = how.intersection(o, limit)
    return n
end

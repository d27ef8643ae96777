-- Ranges of sorted sets: by rank, by score, by bytes of the members. All become ranges of ranks.

local needs = ...
local commands, integer, keyspace, operand, reply, sorted, state, zset, zsets =
    needs.commands, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.sorted, needs.state, needs.zset, needs.zsets

local byte, error, sub, upper = string.byte, error, string.sub, string.upper
local first_rank, typed = sorted.first_rank, keyspace.typed
local SYNTAX = reply.SYNTAX

local NOT_A_FLOAT = reply.failure("ERR min or max is not a float")
local NOT_A_STRING = reply.failure("ERR min or max not valid string range item")

-- A bound of scores: { score, exclusive }.
local function score_bound(text)
    local exclusive = byte(text) == 40 -- (
    local score = operand.double(exclusive and sub(text, 2) or text)
    if not score then
        if text ~= "" and text ~= "(" then
            error(NOT_A_FLOAT, 0)
        end
        score = 0 -- as the real server reads it
    end
    return { value = score, exclusive = exclusive }
end

-- A bound of members: { member, exclusive }, or one that has no member but `low` or `high`.
local function lex_bound(text)
    local mark = byte(text)
    if text == "-" then
        return { low = true }
    elseif text == "+" then
        return { high = true }
    elseif mark == 40 or mark == 91 then -- ( [
        return { value = sub(text, 2), exclusive = mark == 40 }
    end
    error(NOT_A_STRING, 0)
end

local function is_score_above(member, bound)
    return bound.scores[member] > bound.value
end

local function is_score_not_below(member, bound)
    return bound.scores[member] >= bound.value
end

local function is_member_above(member, bound)
    return bound.value < member
end

local function is_member_not_below(member, bound)
    return bound.value <= member
end

local ranges = {}

function ranges.score(value, min, max)
    min.scores, max.scores = value.scores, value.scores
    local from = first_rank(value.order, min.exclusive and is_score_above or is_score_not_below, min)
    return from, first_rank(value.order, max.exclusive and is_score_not_below or is_score_above, max) - 1
end

-- The rank at which members begin that are behind the bound.
local function lex_rank(order, bound, includes)
    if bound.low then
        return 0
    elseif bound.high then
        return order.n
    end
    return first_rank(order, includes and is_member_not_below or is_member_above, bound)
end

function ranges.lex(value, min, max)
    if min.high or max.low then
        return 0, -1
    end
    return lex_rank(value.order, min, not min.exclusive), lex_rank(value.order, max, max.exclusive) - 1
end

function ranges.rank(value, min, max, is_reverse)
    local n = value.order.n
    local from, to = operand.range(min, max, n)
    if not from then
        return 0, -1
    elseif is_reverse then
        return n - 1 - to, n - 1 - from
    end
    return from, to
end

local function rank_bound(text)
    return integer.argument(text, reply.NOT_INTEGER)
end

local BOUNDS = { rank = rank_bound, score = score_bound, lex = lex_bound }

local LIMIT_ALONE = reply.failure("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX")
local LEX_SCORES = reply.failure("ERR syntax error, WITHSCORES not supported in combination with BYLEX")

-- The options behind the bounds at argv[at] and argv[at + 1]. `o` says what the command itself decides.
local function options(o, argv, argc, at)
    local i = at + 2
    while i <= argc do
        local word = upper(argv[i])
        if word == "WITHSCORES" and not o.stores then
            o.with_scores = true
        elseif word == "LIMIT" and i + 2 <= argc then
            o.offset = integer.argument(argv[i + 1], reply.NOT_INTEGER)
            o.count = integer.argument(argv[i + 2], reply.NOT_INTEGER)
            i = i + 2
        elseif word == "REV" and o.is_general and not o.is_reverse then
            o.is_reverse = true
        elseif word == "BYSCORE" and o.is_general and o.by == "rank" then
            o.by = "score"
        elseif word == "BYLEX" and o.is_general and o.by == "rank" then
            o.by = "lex"
        else
            error(SYNTAX, 0)
        end
        i = i + 1
    end
    if o.offset and o.by == "rank" and (o.count ~= -1 or o.offset ~= 0) then
        error(LIMIT_ALONE, 0)
    elseif o.with_scores and o.by == "lex" then
        error(LEX_SCORES, 0)
    end
    local min, max = argv[at], argv[at + 1]
    if o.is_reverse and o.by ~= "rank" then
        min, max = max, min
    end
    o.min, o.max = BOUNDS[o.by](min), BOUNDS[o.by](max)
    return o
end

-- The range of ranks behind the offset of LIMIT. One that is negative finds nothing in a compact set; in a large one it counts
-- from the other end. The real server has it so.
local function offset_range(value, o, from, to)
    local offset = o.offset
    if offset < 0 then
        if value.is_compact then
            return 0, -1
        end
        offset = to - from + 1 + offset
        if offset < 0 then
            return 0, -1
        end
    end
    if o.is_reverse then
        return from, to - offset
    end
    return from + offset, to
end

-- The members that the options select, and their number.
local function select_members(value, o)
    local from, to = ranges[o.by](value, o.min, o.max, o.is_reverse)
    if o.offset and o.by ~= "rank" then
        from, to = offset_range(value, o, from, to)
        if o.count >= 0 then
            return sorted.slice(value.order, from, to, o.is_reverse, o.count)
        end
    end
    return sorted.slice(value.order, from, to, o.is_reverse)
end

local function range_command(by, is_reverse, is_general)
    return function(argv, argc)
        local o = options({ by = by, is_reverse = is_reverse, is_general = is_general }, argv, argc, 3)
        local value = typed(state.db, argv[2], "zset")
        if not value then
            return {}
        end
        local members, n = select_members(value, o)
        return zsets.listed(members, n, value.scores, o.with_scores)
    end
end

commands.ZRANGE = range_command("rank", false, true)
commands.ZREVRANGE = range_command("rank", true)
commands.ZRANGEBYSCORE = range_command("score", false)
commands.ZREVRANGEBYSCORE = range_command("score", true)
commands.ZRANGEBYLEX = range_command("lex", false)
commands.ZREVRANGEBYLEX = range_command("lex", true)

-- Gives a key a sorted set of these scores, or removes it if there are none.
function zsets.store(db, key, scores, n)
    if n == 0 then
        keyspace.get(db, key)
        keyspace.remove(db, key)
    else
        keyspace.replace(db, key, zset.build(scores))
    end
    return n
end

function commands.ZRANGESTORE(argv, argc)
    local o = options({ by = "rank", is_general = true, stores = true }, argv, argc, 4)
    local value, scores = typed(state.db, argv[3], "zset"), {}
    if not value then
        return zsets.store(state.db, argv[2], scores, 0)
    end
    local members, n = select_members(value, o)
    for i = 1, n do
        scores[members[i]] = value.scores[members[i]]
    end
    return zsets.store(state.db, argv[2], scores, n)
end

local function count_command(by)
    return function(argv)
        local min, max = BOUNDS[by](argv[3]), BOUNDS[by](argv[4])
        local value = typed(state.db, argv[2], "zset")
        if not value then
            return 0
        end
        local from, to = ranges[by](value, min, max)
        return to < from and 0 or to - from + 1
    end
end

commands.ZCOUNT = count_command("score")
commands.ZLEXCOUNT = count_command("lex")

local function remove_command(by)
    return function(argv)
        local min, max = BOUNDS[by](argv[3]), BOUNDS[by](argv[4])
        local db, key = state.db, argv[2]
        local value = typed(db, key, "zset")
        if not value then
            return 0
        end
        local from, to = ranges[by](value, min, max)
        if to < from then
            return 0
        end
        zset.remove_range(value, from, to)
        keyspace.changed_or_gone(db, key, value.order.n)
        return to - from + 1
    end
end

commands.ZREMRANGEBYRANK = remove_command("rank")
commands.ZREMRANGEBYSCORE = remove_command("score")
commands.ZREMRANGEBYLEX = remove_command("lex")

return { zset_ranges = ranges }

-- Commands of sorted sets: members and their scores. Ranges are in `zset_range.lua`, unions in `zset_algebra.lua`.

local needs = ...
local choice, commands, integer, keyspace, number_text, operand, reply, scan, sorted, state, zset =
    needs.choice, needs.commands, needs.integer, needs.keyspace, needs.number_text, needs.operand,
    needs.reply, needs.scan, needs.sorted, needs.state, needs.zset

local error, format, lower, upper = error, string.format, string.lower, string.upper
local changed, put, typed = keyspace.changed, keyspace.put, keyspace.typed
local NULL, NULL_ARRAY, SYNTAX = reply.NULL, reply.NULL_ARRAY, reply.SYNTAX
local double = reply.double

local zsets = {}

-- Members with their scores as a reply: pairs in RESP3, one after the other in RESP2; members only without `with_scores`.
function zsets.listed(members, n, scores, with_scores)
    if not with_scores then
        return members
    end
    local out, nested = {}, state.resp == 3
    for i = 1, n do
        local member = members[i]
        if nested then
            out[i] = { member, double(scores[member]) }
        else
            out[2 * i - 1], out[2 * i] = member, double(scores[member])
        end
    end
    return out
end

local FLAGS = { NX = true, XX = true, GT = true, LT = true, CH = true, INCR = true }
local NX_XX = reply.failure("ERR XX and NX options at the same time are not compatible")
local GT_LT_NX = reply.failure("ERR GT, LT, and/or NX options at the same time are not compatible")
local INCR_ONE = reply.failure("ERR INCR option supports a single increment-element pair")
local NOT_A_NUMBER = reply.failure("ERR resulting score is not a number (NaN)")

-- The flags of ZADD, and where its scores begin.
local function add_flags(argv, argc)
    local o, at = {}, 3
    while at <= argc and FLAGS[upper(argv[at])] do
        o[upper(argv[at])] = true
        at = at + 1
    end
    local count = argc - at + 1
    if count == 0 or count % 2 == 1 then
        error(SYNTAX, 0)
    elseif o.NX and o.XX then
        error(NX_XX, 0)
    elseif (o.GT and o.LT) or (o.NX and (o.GT or o.LT)) then
        error(GT_LT_NX, 0)
    elseif o.INCR and count > 2 then
        error(INCR_ONE, 0)
    end
    return o, at
end

-- The scores and the members, which are in turns from argument `at` on.
local function read_pairs(argv, argc, at)
    local scores, members, n = {}, {}, 0
    for i = at, argc, 2 do
        n = n + 1
        scores[n] = operand.double(argv[i]) or error(reply.NOT_FLOAT, 0)
        members[n] = argv[i + 1]
    end
    return scores, members
end

-- The score that the flags allow the member to get, or nil.
local function new_score(o, before, score)
    if not before then
        return not o.XX and score or nil
    elseif o.NX then
        return nil
    end
    if o.INCR then
        score = before + score
        if score ~= score then
            error(NOT_A_NUMBER, 0)
        end
    end
    if (o.GT and score <= before) or (o.LT and score >= before) then
        return nil
    end
    return score
end

-- Bytes of the longest.
local function longest(members)
    local size = 0
    for i = 1, #members do
        if #members[i] > size then
            size = #members[i]
        end
    end
    return size
end

-- Gives members their scores, as the flags `o` allow: how many are new, how many have another score, and the last score.
local function add(db, key, o, scores, members)
    local value = typed(db, key, "zset")
    local is_new = not value
    if is_new then
        if o.XX then
            return 0, 0, nil
        end
        value = zset.new()
    end
    zset.expect(value, #members, longest(members))
    local added, updated, last = 0, 0, nil
    for i = 1, #scores do
        local member = members[i]
        local before = value.scores[member]
        local score = new_score(o, before, scores[i])
        if score then
            zset.put(value, member, score)
            if not before then
                added = added + 1
            elseif score ~= before then
                updated = updated + 1
            end
        end
        last = score
    end
    if added + updated > 0 then
        if is_new then
            put(db, key, value)
        else
            changed(db, key)
        end
    end
    return added, updated, last
end
zsets.add = add

function commands.ZADD(argv, argc)
    local o, at = add_flags(argv, argc)
    local added, updated, last = add(state.db, argv[2], o, read_pairs(argv, argc, at))
    if o.INCR then
        return last and double(last) or NULL
    end
    return o.CH and added + updated or added
end

local INCREMENT = { INCR = true }

function commands.ZINCRBY(argv)
    local _, _, score = add(state.db, argv[2], INCREMENT, read_pairs(argv, 4, 3))
    return double(score)
end

function commands.ZREM(argv, argc)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "zset")
    if not value then
        return 0
    end
    local removed = 0
    for i = 3, argc do
        if zset.remove(value, argv[i]) then
            removed = removed + 1
        end
    end
    if removed > 0 then
        keyspace.changed_or_gone(db, key, value.order.n)
    end
    return removed
end

function commands.ZCARD(argv)
    local value = typed(state.db, argv[2], "zset")
    return value and value.order.n or 0
end

function commands.ZSCORE(argv)
    local value = typed(state.db, argv[2], "zset")
    local score = value and value.scores[argv[3]]
    return score and double(score) or NULL
end

function commands.ZMSCORE(argv, argc)
    local value, out = typed(state.db, argv[2], "zset"), {}
    for i = 3, argc do
        local score = value and value.scores[argv[i]]
        out[i - 2] = score and double(score) or NULL
    end
    return out
end

local function rank_command(is_reverse)
    return function(argv, argc)
        local with_score = argc == 4 and upper(argv[4]) == "WITHSCORE"
        if argc > 4 then
            reply.fail("ERR wrong number of arguments for '" .. lower(argv[1]) .. "' command")
        elseif argc == 4 and not with_score then
            return SYNTAX
        end
        local value = typed(state.db, argv[2], "zset")
        local score = value and value.scores[argv[3]]
        if not score then
            return with_score and NULL_ARRAY or NULL
        end
        local rank = zset.rank(value, argv[3])
        if is_reverse then
            rank = value.order.n - 1 - rank
        end
        return with_score and { rank, double(score) } or rank
    end
end

commands.ZRANK = rank_command(false)
commands.ZREVRANK = rank_command(true)

function commands.ZRANDMEMBER(argv, argc)
    if argc == 2 then
        local value = typed(state.db, argv[2], "zset")
        return value and sorted.at(value.order, choice.below(value.order.n) - 1) or NULL
    end
    local with_scores = argc == 4 and upper(argv[4]) == "WITHSCORES"
    integer.argument(argv[3], reply.NOT_INTEGER)
    if argc > 4 or (argc == 4 and not with_scores) then
        return SYNTAX
    end
    local count = operand.random_count(argv[3], with_scores)
    local value = typed(state.db, argv[2], "zset")
    if not value or count == 0 then
        return {}
    end
    local n = value.order.n
    local out = choice.places(n, count)
    for i = 1, #out do
        out[i] = sorted.at(value.order, n - out[i]) -- all of them come from the last to the first, as the real server has it
    end
    return zsets.listed(out, #out, value.scores, with_scores)
end

function commands.ZSCAN(argv, argc)
    local cursor = scan.cursor(argv[3])
    local value = typed(state.db, argv[2], "zset")
    if not value then
        return { "0", {} }
    end
    local o = scan.options(argv, argc, 4, false, "NOSCORES")
    local members, first, last, step, following
    if value.is_compact then
        members, last = sorted.slice(value.order, 0, value.order.n - 1)
        first, step, following = 1, 1, "0"
    else
        members = zset.places(value).members
        first, last, following = operand.page(value.order.n, cursor, o.count)
        step = -1
    end
    local out, n, matches = {}, 0, o.matches
    for i = first, last, step do
        local member = members[i]
        if not matches or matches(member) then
            n = n + 1
            out[n] = member
            if not o.is_bare then
                n = n + 1
                out[n] = value.is_compact and number_text(value.scores[member]) or format("%.17g", value.scores[member])
            end
        end
    end
    return { following, out }
end

return { zsets = zsets }

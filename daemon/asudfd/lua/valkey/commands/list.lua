-- Commands of lists; those that wait are in `list_blocking.lua`.

local needs = ...
local commands, integer, keyspace, list, operand, reply, state =
    needs.commands, needs.integer, needs.keyspace, needs.list, needs.operand, needs.reply, needs.state

local error, format, lower, upper = error, string.format, string.lower, string.upper
local changed, put, typed = keyspace.changed, keyspace.put, keyspace.typed
local push, pop, length = list.push, list.pop, list.length
local NULL, NULL_ARRAY, OK, SYNTAX = reply.NULL, reply.NULL_ARRAY, reply.OK, reply.SYNTAX

local lists = {}

-- Elements have been removed from a list: it goes if it is empty.
local function shrunk(db, key, value)
    if value.last < value.first then
        keyspace.remove(db, key)
    else
        list.has_shrunk(value)
        changed(db, key)
    end
end

local function push_command(is_left, must_be_there)
    return function(argv, argc)
        local db, key = state.db, argv[2]
        local value = typed(db, key, "list")
        if not value and must_be_there then
            return 0
        end
        local is_new = not value
        value = value or list.new()
        list.will_grow(value, argv, 3, argc)
        for i = 3, argc do
            push(value, argv[i], is_left)
        end
        if is_new then
            put(db, key, value)
        else
            changed(db, key)
        end
        return value.last - value.first + 1
    end
end

commands.LPUSH = push_command(true, false)
commands.RPUSH = push_command(false, false)
commands.LPUSHX = push_command(true, true)
commands.RPUSHX = push_command(false, true)

-- Takes up to `count` elements from one end.
local function take(db, key, value, is_left, count)
    local n, out = length(value), {}
    if count > n then
        count = n
    end
    for i = 1, count do
        out[i] = pop(value, is_left)
    end
    if count > 0 then
        shrunk(db, key, value)
    end
    return out
end
lists.take = take

local function pop_command(is_left)
    return function(argv, argc)
        local db, key = state.db, argv[2]
        if argc > 3 then
            reply.fail("ERR wrong number of arguments for '" .. lower(argv[1]) .. "' command")
        end
        local count = argc == 3 and operand.positive(argv[3])
        local value = typed(db, key, "list")
        if not value then
            return count and NULL_ARRAY or NULL
        elseif count then
            return take(db, key, value, is_left, count)
        end
        local text = pop(value, is_left)
        shrunk(db, key, value)
        return text
    end
end

commands.LPOP = pop_command(true)
commands.RPOP = pop_command(false)

function commands.LLEN(argv)
    local value = typed(state.db, argv[2], "list")
    return value and length(value) or 0
end

function commands.LINDEX(argv)
    local value = typed(state.db, argv[2], "list")
    if not value then
        return NULL
    end
    local place = integer.argument(argv[3], reply.NOT_INTEGER)
    if place < 0 then
        place = place + length(value)
    end
    return list.at(value, place) or NULL
end

local NO_INDEX = reply.failure("ERR index out of range")

function commands.LSET(argv)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "list")
    if not value then
        return reply.NO_KEY
    end
    local place = integer.argument(argv[3], reply.NOT_INTEGER)
    if place < 0 then
        place = place + length(value)
    end
    list.will_grow(value, argv, 4, 4) -- also if the place is none, as the real server has it; the same for LINSERT
    if not list.at(value, place) then
        return NO_INDEX
    end
    list.set(value, place, argv[4])
    list.has_shrunk(value)
    changed(db, key)
    return OK
end

function commands.LINSERT(argv)
    local db, key, pivot = state.db, argv[2], argv[4]
    local where = upper(argv[3])
    if where ~= "AFTER" and where ~= "BEFORE" then
        return SYNTAX
    end
    local value = typed(db, key, "list")
    if not value then
        return 0
    end
    list.will_grow(value, argv, 5, 5)
    local items = value.items
    for at = value.first, value.last do
        if items[at] == pivot then
            list.insert(value, at - value.first + (where == "AFTER" and 1 or 0), argv[5])
            changed(db, key)
            return length(value)
        end
    end
    return -1
end

function commands.LRANGE(argv)
    local first = integer.argument(argv[3], reply.NOT_INTEGER)
    local last = integer.argument(argv[4], reply.NOT_INTEGER)
    local value, out = typed(state.db, argv[2], "list"), {}
    if not value then
        return out
    end
    first, last = operand.range(first, last, length(value))
    if first then
        local items, before = value.items, value.first + first - 1
        for i = 1, last - first + 1 do
            out[i] = items[before + i]
        end
    end
    return out
end

function commands.LTRIM(argv)
    local first = integer.argument(argv[3], reply.NOT_INTEGER)
    local last = integer.argument(argv[4], reply.NOT_INTEGER)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "list")
    if value then
        first, last = operand.range(first, last, length(value))
        if not first then
            keyspace.remove(db, key)
        elseif last - first + 1 < length(value) then
            list.keep(value, first, last)
            shrunk(db, key, value)
        end
    end
    return OK
end

function commands.LREM(argv)
    local db, key = state.db, argv[2]
    local count = integer.argument(argv[3], reply.NOT_INTEGER)
    local value = typed(db, key, "list")
    if not value then
        return 0
    end
    local removed = list.remove(value, argv[4], count)
    if removed > 0 then
        shrunk(db, key, value)
    end
    return removed
end

local RANK_ZERO = reply.failure(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the "
        .. "end of the list"
)
local OUT_OF_RANGE = reply.failure("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
local NEGATIVE_COUNT = reply.failure("ERR COUNT can't be negative")
local NEGATIVE_LENGTH = reply.failure("ERR MAXLEN can't be negative")

local function position_options(argv, argc)
    local o = { rank = 1, length = 0 }
    for at = 4, argc, 2 do
        local word, following = upper(argv[at]), argv[at + 1]
        if not following then
            error(SYNTAX, 0)
        elseif word == "RANK" then
            o.rank = integer.argument(following, reply.NOT_INTEGER)
            if following == integer.MIN then
                error(OUT_OF_RANGE, 0)
            elseif o.rank == 0 then
                error(RANK_ZERO, 0)
            end
        elseif word == "COUNT" then
            o.count = operand.at_least(0, following, NEGATIVE_COUNT)
        elseif word == "MAXLEN" then
            o.length = operand.at_least(0, following, NEGATIVE_LENGTH)
        else
            error(SYNTAX, 0)
        end
    end
    return o
end

-- Places of elements that are `text`: up to `count` (0: all), of the `length` (0: all) nearest to the end where the search begins.
local function positions(value, text, o, count)
    local n, items, out = length(value), value.items, {}
    local looked = (o.length == 0 or o.length > n) and n or o.length
    local from, to, step = value.first, value.first + looked - 1, 1
    if o.rank < 0 then
        from, to, step = value.last, value.last - looked + 1, -1
    end
    local skipped = (o.rank < 0 and -o.rank or o.rank) - 1
    for at = from, to, step do
        if items[at] == text then
            if skipped > 0 then
                skipped = skipped - 1
            else
                out[#out + 1] = at - value.first
                if #out == count then
                    break
                end
            end
        end
    end
    return out
end

function commands.LPOS(argv, argc)
    local o = position_options(argv, argc)
    local value = typed(state.db, argv[2], "list")
    if not value then
        return o.count and {} or NULL
    elseif o.count then
        return positions(value, argv[3], o, o.count)
    end
    return positions(value, argv[3], o, 1)[1] or NULL
end

-- Moves an element from one list (its value is given) to another one, and returns it.
local function move(db, source, value, target, from_left, to_left)
    local other = typed(db, target, "list")
    local text = pop(value, from_left)
    local is_new = not other
    other = other or list.new()
    list.will_grow(other, { text }, 1, 1)
    push(other, text, to_left)
    if source == target then
        changed(db, source)
        return text
    end
    shrunk(db, source, value)
    if is_new then
        put(db, target, other)
    else
        changed(db, target)
    end
    return text
end
lists.move = move

function commands.LMOVE(argv)
    local from_left, to_left = operand.is_left(argv[4]), operand.is_left(argv[5])
    local value = typed(state.db, argv[2], "list")
    return value and move(state.db, argv[2], value, argv[3], from_left, to_left) or NULL
end

function commands.RPOPLPUSH(argv)
    local value = typed(state.db, argv[2], "list")
    return value and move(state.db, argv[2], value, argv[3], false, true) or NULL
end

local NO_KEYS = reply.failure("ERR numkeys should be greater than 0")
local NO_COUNT = reply.failure("ERR count should be greater than 0")

-- LMPOP and ZMPOP: where the word behind them stands, and the count at the end. `at` is where their number stands.
function lists.pop_arguments(argv, argc, at)
    local keys = operand.at_least(1, argv[at], NO_KEYS)
    local where = at + keys + 1
    if where > argc then
        error(SYNTAX, 0)
    end
    local count
    local next_at = where + 1
    while next_at <= argc do
        if upper(argv[next_at]) ~= "COUNT" or count or next_at == argc then
            error(SYNTAX, 0)
        end
        count = operand.at_least(1, argv[next_at + 1], NO_COUNT)
        next_at = next_at + 2
    end
    return where, count or 1
end

function commands.LMPOP(argv, argc)
    local where, count = lists.pop_arguments(argv, argc, 2)
    local is_left = operand.is_left(argv[where])
    for i = 3, where - 1 do
        local value = typed(state.db, argv[i], "list")
        if value then
            local out = take(state.db, argv[i], value, is_left, count)
            keyspace.effect({ is_left and "LPOP" or "RPOP", argv[i], format("%.0f", #out) })
            return { argv[i], out }
        end
    end
    return NULL_ARRAY
end

return { lists = lists }

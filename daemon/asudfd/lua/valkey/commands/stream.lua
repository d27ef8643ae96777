-- Commands of streams: entries. Reading with blocking is in `stream_read.lua`, groups are in `stream_group.lua`.

local needs = ...
local commands, compact, integer, keyspace, operand, reply, state, stream, stream_id =
    needs.commands, needs.compact, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.state, needs.stream, needs.stream_id

local error, format, lower, sub, upper = error, string.format, string.lower, string.sub, string.upper
local typed = keyspace.typed
local NULL, OK, SYNTAX = reply.NULL, reply.OK, reply.SYNTAX

local streams = {}

-- Entries as a reply.
function streams.listed(value, ids, n)
    local out = {}
    for i = 1, n do
        out[i] = { stream_id.text(ids[i]), value.entries[ids[i]] }
    end
    return out
end

local NEGATIVE_LENGTH = reply.failure("ERR The MAXLEN argument must be >= 0.")
local NEGATIVE_LIMIT = reply.failure("ERR The LIMIT argument must be >= 0.")
local TWO_TRIMS =
    reply.failure("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
local LIMIT_ALONE = reply.failure("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
local LIMIT_EXACT = reply.failure("ERR syntax error, LIMIT cannot be used without the special ~ option")

-- MAXLEN or MINID at `at`: notes them in `o`, and returns the place of their last argument.
local function read_trim(o, word, argv, argc, at)
    if o.length or o.id then
        error(TWO_TRIMS, 0)
    end
    local mark = argv[at + 1]
    if at + 2 <= argc and (mark == "~" or mark == "=") then
        o.approximate = mark == "~"
        at = at + 1
    end
    if word == "MAXLEN" then
        o.length = integer.argument(argv[at + 1], reply.NOT_INTEGER)
        if o.length < 0 then
            error(NEGATIVE_LENGTH, 0)
        end
    else
        o.id = stream_id.read(argv[at + 1])
    end
    return at + 1
end

-- The options of XADD and XTRIM from argument 3 on, and the place of the first argument that is none.
local function options(argv, argc, is_add)
    local o, at, limit = { approximate = false }, 3, nil
    while at <= argc do
        local word, has_more = upper(argv[at]), at < argc
        if is_add and word == "*" then
            break
        elseif (word == "MAXLEN" or word == "MINID") and has_more then
            at = read_trim(o, word, argv, argc, at)
        elseif word == "LIMIT" and has_more then
            limit = integer.argument(argv[at + 1], reply.NOT_INTEGER)
            if limit < 0 then
                error(NEGATIVE_LIMIT, 0)
            end
            at = at + 1
        elseif is_add and word == "NOMKSTREAM" then
            o.must_be_there = true
        elseif is_add then
            o.first, o.second = stream_id.read_new(argv[at])
            break
        else
            error(SYNTAX, 0)
        end
        at = at + 1
    end
    o.trims = (o.length or o.id) ~= nil
    if limit and not o.trims then
        error(LIMIT_ALONE, 0)
    elseif limit and not o.approximate then
        error(LIMIT_EXACT, 0)
    end
    o.limit = limit or (o.approximate and 100 * compact["stream-node-max-entries"] or 0)
    return o, at
end

local ZERO_ID = reply.failure("ERR The ID specified in XADD must be greater than 0-0")
local NO_MORE = reply.failure("ERR The stream has exhausted the last possible ID, unable to add more items")
local NOT_GREATER = reply.failure("ERR The ID specified in XADD is equal or smaller than the target stream top item")

-- The identifier of a new entry.
local function new_id(o, last)
    if last == stream_id.MAX then
        error(NO_MORE, 0)
    end
    local first, second = o.first, o.second
    if not first then
        first = stream_id.half_of(state.now)
        if first <= sub(last, 1, 20) then
            return stream_id.next(last)
        end
        return first .. stream_id.HALF_MIN
    elseif not second then
        local last_first = sub(last, 1, 20)
        second = first > last_first and stream_id.HALF_MIN
            or first == last_first and stream_id.half_next(sub(last, 21))
        if not second then
            error(NOT_GREATER, 0)
        end
    end
    local id = first .. second
    if id <= last then
        error(NOT_GREATER, 0)
    end
    return id
end

-- What the journal learns of a trim, exactly.
local function trim_effect(key, value)
    keyspace.effect({ "XTRIM", key, "MAXLEN", "=", format("%.0f", value.n) })
end

function commands.XADD(argv, argc)
    local o, at = options(argv, argc, true)
    local count = argc - at
    if count < 2 or count % 2 == 1 then
        reply.fail("ERR wrong number of arguments for '" .. lower(argv[1]) .. "' command")
    elseif o.first == stream_id.HALF_MIN and o.second == o.first then
        return ZERO_ID
    end
    local db, key = state.db, argv[2]
    local value = typed(db, key, "stream")
    if not value and o.must_be_there then
        return NULL
    end
    local is_new = not value
    value = value or stream.new()
    local id = new_id(o, value.last_id)
    stream.append(value, id, operand.between(argv, at + 1, argc))
    if is_new then
        keyspace.put(db, key, value)
    else
        keyspace.changed(db, key)
    end
    local text = stream_id.text(id)
    keyspace.effect(operand.joined({ "XADD", key, text }, argv, at + 1, argc))
    if o.trims and stream.trim(value, o) > 0 then
        trim_effect(key, value)
    end
    return text
end

function commands.XTRIM(argv, argc)
    local o = options(argv, argc, false)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "stream")
    if not value then
        return 0
    end
    local count = stream.trim(value, o)
    if count > 0 then
        keyspace.changed(db, key)
        trim_effect(key, value)
    end
    return count
end

function commands.XLEN(argv)
    local value = typed(state.db, argv[2], "stream")
    return value and value.n or 0
end

local function range_command(is_back)
    return function(argv, argc)
        local low, high = argv[3], argv[4]
        if is_back then
            low, high = high, low
        end
        local from, to, count = stream_id.bound(low, false), stream_id.bound(high, true), 0
        local is_empty = false
        for at = 5, argc, 2 do
            if upper(argv[at]) ~= "COUNT" or at == argc then
                error(SYNTAX, 0)
            end
            count = integer.argument(argv[at + 1], reply.NOT_INTEGER)
            is_empty = count <= 0
        end
        local value = typed(state.db, argv[2], "stream")
        if not value then
            return {}
        elseif is_empty then
            return reply.NULL_ARRAY
        elseif is_back then
            return streams.listed(value, stream.range_back(value, to, from, count))
        end
        return streams.listed(value, stream.range(value, from, to, count))
    end
end

commands.XRANGE = range_command(false)
commands.XREVRANGE = range_command(true)

function commands.XDEL(argv, argc)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "stream")
    if not value then
        return 0
    end
    local ids, count = {}, 0
    for i = 3, argc do
        ids[i - 2] = stream_id.read(argv[i])
    end
    for i = 1, #ids do
        if stream.delete(value, ids[i]) then
            count = count + 1
            if ids[i] > value.max_deleted then
                value.max_deleted = ids[i]
            end
        end
    end
    if count > 0 then
        keyspace.changed(db, key)
    end
    return count
end

local NEGATIVE_ADDED = reply.failure("ERR entries_added must be positive")
local SMALLER_THAN_DELETED = reply.failure("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
local SMALLER_THAN_CURRENT = reply.failure("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
local SMALLER_THAN_TOP = reply.failure("ERR The ID specified in XSETID is smaller than the target stream top item")
local TOO_FEW_ADDED = reply.failure("ERR The entries_added specified in XSETID is smaller than the target stream length")

-- ENTRIESADDED and MAXDELETEDID of XSETID.
local function id_options(id, argv, argc)
    local added, deleted
    for at = 4, argc, 2 do
        local word = upper(argv[at])
        if at == argc then
            error(SYNTAX, 0)
        elseif word == "ENTRIESADDED" then
            added = integer.argument(argv[at + 1], reply.NOT_INTEGER)
            if added < 0 then
                error(NEGATIVE_ADDED, 0)
            end
        elseif word == "MAXDELETEDID" then
            deleted = stream_id.read(argv[at + 1])
            if id < deleted then
                error(SMALLER_THAN_DELETED, 0)
            end
        else
            error(SYNTAX, 0)
        end
    end
    return added, deleted
end

function commands.XSETID(argv, argc)
    local id = stream_id.read(argv[3])
    local added, deleted = id_options(id, argv, argc)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "stream")
    if not value then
        return reply.NO_KEY
    elseif id < value.max_deleted then
        return SMALLER_THAN_CURRENT
    elseif value.n > 0 and id < stream.final_id(value) then
        return SMALLER_THAN_TOP
    elseif value.n > 0 and added and added < value.n then
        return TOO_FEW_ADDED
    end
    value.last_id, value.added = id, added or value.added
    if deleted and deleted ~= stream_id.MIN then
        value.max_deleted = deleted
    end
    keyspace.changed(db, key)
    return OK
end

return { streams = streams }

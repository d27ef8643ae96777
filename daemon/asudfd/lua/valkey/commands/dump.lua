-- DUMP and RESTORE. The payloads are Python's (`key_payload.py`): here values are taken to parts, and made of parts.

local needs = ...
local commands, expiry, host, integer, keyspace, reply, state =
    needs.commands, needs.expiry, needs.host, needs.integer, needs.keyspace, needs.reply, needs.state
local hash, list, set, stream, stream_group, stream_id, zset =
    needs.hash, needs.list, needs.set, needs.stream, needs.stream_group, needs.stream_id, needs.zset

local error, floor, ipairs, select, sub, tonumber, type, upper =
    error, math.floor, ipairs, select, string.sub, tonumber, type, string.upper
local get = keyspace.get

-- The parts of a group of consumers of a stream.
local function group_parts(group)
    local pending, consumers = {}, {}
    local ids, n = stream_group.from(group.order, stream_id.MIN, nil)
    for i = 1, n do
        local entry = group.pending[ids[i]]
        local at = 4 * i
        pending[at - 3], pending[at - 2], pending[at - 1], pending[at] = ids[i], entry.consumer.name, entry.time, entry.count
    end
    for i, name in ipairs(stream_group.names(group.consumers)) do
        local consumer, at = group.consumers[name], 3 * i
        consumers[at - 2], consumers[at - 1], consumers[at] = name, consumer.seen, consumer.active or -1
    end
    return { group.name, group.last_id, group.read or -1, pending, consumers }
end

local PARTS = {
    list = function(_, key)
        return commands.LRANGE({ "LRANGE", key, "0", "-1" }, 4)
    end,
    set = function(_, key)
        return commands.SMEMBERS({ "SMEMBERS", key }, 2)[1]
    end,
    zset = function(value, key)
        return commands.ZRANGE({ "ZRANGE", key, "0", "-1" }, 4), value.scores
    end,
    hash = function(value, key)
        return commands.HGETALL({ "HGETALL", key }, 2)[1], value.expiry and value.expiry.times or {}
    end,
    stream = function(value)
        local groups = {}
        for i, name in ipairs(stream_group.names(value.groups)) do
            groups[i] = group_parts(value.groups[name])
        end
        local ids = stream.range(value, stream_id.MIN, stream_id.MAX, 0)
        return { value.last_id, value.max_deleted, value.added }, ids, value.entries, groups
    end,
}

function commands.DUMP(argv)
    local key = argv[2]
    local value = get(state.db, key)
    if value == nil then
        return reply.NULL
    end
    if type(value) == "string" then
        return host.dump_key("string", value)
    end
    local resp = state.resp
    state.resp = 2 -- the commands that read the parts answer in one form
    local function dumped(...)
        state.resp = resp
        return host.dump_key(value.type, ...)
    end
    return dumped(PARTS[value.type](value, key))
end

-- Each takes the value that has been made so far and the next part, and returns the value.
local MAKE = {}

function MAKE.string(_, text)
    return text
end

function MAKE.list(value, ...)
    value = value or list.new()
    local items, count = { ... }, select("#", ...)
    list.will_grow(value, items, 1, count)
    for i = 1, count do
        list.push(value, items[i], false)
    end
    return value
end

function MAKE.set(value, ...)
    local members, count = { ... }, select("#", ...)
    value = value or set.new_for(members[1], count)
    set.expect(value, value.n + count)
    for i = 1, count do
        set.add(value, members[i])
    end
    return value
end

function MAKE.zset(value, ...)
    local parts = { ... }
    value = value or zset.new()
    for i = 1, select("#", ...), 2 do
        zset.put(value, parts[i], tonumber(parts[i + 1]))
    end
    return value
end

function MAKE.hash(value, ...)
    value = value or hash.new()
    local parts = { ... }
    for i = 1, select("#", ...), 2 do
        hash.set(value, parts[i], parts[i + 1])
    end
    return value
end

function MAKE.time(value, field, at)
    hash.set_time(value, field, at)
    return value
end

local fields = {} -- of the entry of a stream that comes next

function MAKE.stream()
    return stream.new()
end

function MAKE.fields(value, ...)
    local n, parts = #fields, { ... }
    for i = 1, #parts do
        fields[n + i] = parts[i]
    end
    return value
end

function MAKE.entry(value, id)
    local its = fields
    fields = {}
    stream.append(value, id, its)
    return value
end

function MAKE.state(value, last_id, max_deleted, added)
    value.last_id, value.max_deleted, value.added = last_id, max_deleted, added
    return value
end

function MAKE.group(value, name, last_id, read)
    value.groups[name] = stream_group.new(name, last_id, read >= 0 and read)
    return value
end

function MAKE.consumer(value, name, consumer, seen, active)
    local made = stream_group.consumer(value.groups[name], consumer, seen)
    made.active = active >= 0 and active
    return value
end

function MAKE.pending(value, name, consumer, id, time, count)
    local group = value.groups[name]
    stream_group.deliver(group, group.consumers[consumer], id, time, count)
    return value
end

-- The value of a payload; fails if it has none.
local function made_of(payload)
    local value
    fields = {} -- nothing of a payload that could not be restored
    local failure = host.restore_key(payload, function(kind, ...)
        value = MAKE[kind](value, ...)
    end)
    fields = {}
    if failure then
        reply.fail(sub(failure, 1, 4) == "OOM " and failure or "ERR " .. failure)
    end
    return value
end

local IDLETIME = reply.failure("ERR Invalid IDLETIME value, must be >= 0")
local FREQ = reply.failure("ERR Invalid FREQ value, must be >= 0 and <= 255")
local TTL = reply.failure("ERR Invalid TTL value, must be >= 0")
local BUSYKEY = reply.failure("BUSYKEY Target key name already exists.")

local function read_options(argv, argc)
    local o, at = {}, 5
    while at <= argc do
        local word, following = upper(argv[at]), argv[at + 1]
        if word == "REPLACE" then
            o.replace = true
        elseif word == "ABSTTL" then
            o.absolute = true
        elseif word == "IDLETIME" and following and not o.frequency then
            o.idle = integer.argument(following, reply.NOT_INTEGER)
            at = at + 1
            if o.idle < 0 then
                error(IDLETIME, 0)
            end
        elseif word == "FREQ" and following and not o.idle then
            o.frequency = integer.argument(following, reply.NOT_INTEGER)
            at = at + 1
            if o.frequency < 0 or o.frequency > 255 then
                error(FREQ, 0)
            end
        else
            error(reply.SYNTAX, 0)
        end
        at = at + 1
    end
    return o
end

-- The time of expiry that the argument tells, and its text; nil for 0, which is never. A time past all times is over.
local function time_of(text, is_absolute)
    local n = integer.argument(text, reply.NOT_INTEGER)
    if n < 0 then
        error(TTL, 0)
    elseif n == 0 then
        return nil
    elseif is_absolute then
        return n, text
    end
    local sum = integer.add(text, expiry.text(floor(state.now)))
    return sum and tonumber(sum) or 0, sum
end

-- A hash whose fields are all over is none any more.
local function without_due_fields(value)
    if type(value) == "table" and value.type == "hash" and value.expiry then
        hash.drop_due(value, state.now)
        return value.n > 0 and value or nil
    end
    return value
end

function commands.RESTORE(argv, argc)
    local db, key, payload = state.db, argv[2], argv[4]
    local o = read_options(argv, argc)
    local is_there = get(db, key) ~= nil
    if is_there and not o.replace then
        return BUSYKEY
    end
    local at, text = time_of(argv[3], o.absolute)
    local value = without_due_fields(made_of(payload))
    if value == nil or (at and expiry.is_over(at)) then
        if is_there then
            keyspace.remove(db, key)
            keyspace.effect({ "UNLINK", key })
        end
        return reply.OK
    end
    keyspace.replace(db, key, value)
    if type(value) == "table" and value.type == "hash" and value.expiry then
        hash.note(db, key)
    end
    if at then
        keyspace.set_expiry(db, key, at, text)
    end
    if at and not o.absolute then
        keyspace.effect({ "RESTORE", key, expiry.text(at, text), payload, "ABSTTL", o.replace and "REPLACE" })
    end
    return reply.OK
end

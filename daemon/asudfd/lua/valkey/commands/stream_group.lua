-- Commands of the groups of consumers of a stream.

local needs = ...
local commands, integer, keyspace, reply, state, stream, stream_group, stream_id, streams =
    needs.commands, needs.integer, needs.keyspace, needs.reply, needs.state, needs.stream, needs.stream_group, needs.stream_id,
    needs.streams

local error, floor, format, upper = error, math.floor, string.format, string.upper
local typed = keyspace.typed
local NULL, NULL_ARRAY, OK, SYNTAX = reply.NULL, reply.NULL_ARRAY, reply.OK, reply.SYNTAX

local NO_STREAM = reply.failure(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to "
        .. "create an empty stream automatically."
)
local GROUP_EXISTS = reply.failure("BUSYGROUP Consumer Group name already exists")
local ENTRIES_READ = reply.failure("ERR value for ENTRIESREAD must be positive or -1")

local function wrong_use(subcommand)
    reply.fail("ERR unknown subcommand or wrong number of arguments for '" .. subcommand .. "'. Try XGROUP HELP.")
end

-- Options of XGROUP CREATE and SETID from argument 6 on: whether to make the stream, and how many entries have been read.
local function group_options(argv, argc, may_create)
    local makes, read, at = false, -1, 6
    while at <= argc do
        local word = upper(argv[at])
        if word == "MKSTREAM" and may_create then
            makes = true
        elseif word == "ENTRIESREAD" and at < argc then
            read = integer.argument(argv[at + 1], reply.NOT_INTEGER)
            if read < -1 then
                error(ENTRIES_READ, 0)
            end
            at = at + 1
        else
            wrong_use(argv[2])
        end
        at = at + 1
    end
    return makes, read >= 0 and read or false
end

local function position(value, text)
    if text == "$" then
        return value and value.last_id or stream_id.MIN
    end
    return stream_id.read(text)
end

-- The same where SETID has it: also - and +.
local function any_position(value, text)
    if text == "-" then
        return stream_id.MIN
    elseif text == "+" then
        return stream_id.MAX
    end
    return position(value, text)
end

commands["XGROUP|CREATE"] = function(argv, argc)
    local makes, read = group_options(argv, argc, true)
    local db, key, name = state.db, argv[3], argv[4]
    local value = typed(db, key, "stream")
    if not value and not makes then
        return NO_STREAM
    end
    local at = position(value, argv[5])
    if value and value.groups[name] then
        return GROUP_EXISTS
    end
    local is_new = not value
    value = value or stream.new()
    value.groups[name] = stream_group.new(name, at, read)
    if is_new then
        keyspace.put(db, key, value)
    else
        keyspace.changed(db, key)
    end
    return OK
end

-- The stream and the group of XGROUP; fails if there is none.
local function group_of(argv)
    local value = typed(state.db, argv[3], "stream")
    if not value then
        error(NO_STREAM, 0)
    end
    return value, value.groups[argv[4]] or reply.fail("NOGROUP No such consumer group '" .. argv[4] .. "' for key name '" .. argv[3] .. "'")
end
streams.group_of = group_of

commands["XGROUP|SETID"] = function(argv, argc)
    local _, read = group_options(argv, argc, false)
    local value, group = group_of(argv)
    group.last_id = any_position(value, argv[5])
    group.read = read
    keyspace.changed(state.db, argv[3])
    return OK
end

commands["XGROUP|DESTROY"] = function(argv)
    local value = typed(state.db, argv[3], "stream")
    if not value then
        return NO_STREAM
    elseif not value.groups[argv[4]] then
        return 0
    end
    value.groups[argv[4]] = nil
    keyspace.changed(state.db, argv[3])
    return 1
end

commands["XGROUP|CREATECONSUMER"] = function(argv)
    local _, group = group_of(argv)
    local _, is_new = stream_group.consumer(group, argv[5], floor(state.now))
    if is_new then
        keyspace.changed(state.db, argv[3])
    end
    return is_new and 1 or 0
end

commands["XGROUP|DELCONSUMER"] = function(argv)
    local _, group = group_of(argv)
    local pending = stream_group.remove_consumer(group, argv[5])
    if pending then
        keyspace.changed(state.db, argv[3])
    end
    return pending or 0
end

function commands.XACK(argv, argc)
    local db, key = state.db, argv[2]
    local value = typed(db, key, "stream")
    local group = value and value.groups[argv[3]]
    if not group then
        return 0
    end
    local ids, count = {}, 0
    for i = 4, argc do
        ids[i - 3] = stream_id.read(argv[i])
    end
    for i = 1, #ids do
        if stream_group.acknowledge(group, ids[i]) then
            count = count + 1
        end
    end
    if count > 0 then
        keyspace.changed(db, key)
    end
    return count
end

-- The stream and the group of another command; fails if there is none.
local function stream_and_group(argv)
    local value = typed(state.db, argv[2], "stream")
    local group = value and value.groups[argv[3]]
    if not group then
        reply.fail("NOGROUP No such key '" .. argv[2] .. "' or consumer group '" .. argv[3] .. "'")
    end
    return value, group
end

local function pending_summary(group)
    local order = group.order
    if order.n == 0 then
        return { 0, NULL, NULL, NULL_ARRAY }
    end
    local names, out = stream_group.names(group.consumers), {}
    for i = 1, #names do
        local n = group.consumers[names[i]].order.n
        if n > 0 then
            out[#out + 1] = { names[i], format("%.0f", n) }
        end
    end
    local first, last = stream_group.edge(order, false), stream_group.edge(order, true)
    return { order.n, stream_id.text(first), stream_id.text(last), out }
end

-- Pending entries from one identifier to another one, up to `count`, that have been idle for `idle` milliseconds at least.
local function pending_entries(group, order, from, to, count, idle)
    local out, now = {}, floor(state.now)
    local ids, n = stream_group.from(order, from)
    for i = 1, n do
        local id = ids[i]
        if id > to or #out == count then
            break
        end
        local entry = group.pending[id]
        local age = now - entry.time
        if age >= idle then
            out[#out + 1] = { stream_id.text(id), entry.consumer.name, age < 0 and 0 or age, entry.count }
        end
    end
    return out
end

function commands.XPENDING(argv, argc)
    if argc == 3 then
        local _, group = stream_and_group(argv)
        return pending_summary(group)
    elseif argc < 6 or argc > 9 then
        return SYNTAX
    end
    local idle, at = 0, 4
    if upper(argv[4]) == "IDLE" then
        idle, at = integer.argument(argv[5], reply.NOT_INTEGER), 6
        if argc < 8 then
            return SYNTAX
        end
    end
    local count = integer.argument(argv[at + 2], reply.NOT_INTEGER)
    local from, to = stream_id.bound(argv[at], false), stream_id.bound(argv[at + 1], true)
    local _, group = stream_and_group(argv)
    local order = group.order
    if argv[at + 3] then
        local consumer = group.consumers[argv[at + 3]]
        order = consumer and consumer.order
    end
    return order and count > 0 and pending_entries(group, order, from, to, count, idle) or {}
end

local CLAIM_NUMBERS = {
    IDLE = reply.failure("ERR Invalid IDLE option argument for XCLAIM"),
    TIME = reply.failure("ERR Invalid TIME option argument for XCLAIM"),
    RETRYCOUNT = reply.failure("ERR Invalid RETRYCOUNT option argument for XCLAIM"),
}

-- The identifiers of XCLAIM, and its options: { IDLE, TIME, RETRYCOUNT (numbers), FORCE, JUSTID, last_id }.
local function claim_options(argv, argc)
    local ids, o, at = {}, {}, 6
    while at <= argc and stream_id.try(argv[at]) do
        ids[#ids + 1] = stream_id.read(argv[at])
        at = at + 1
    end
    while at <= argc do
        local word = upper(argv[at])
        if word == "FORCE" or word == "JUSTID" then
            o[word] = true
        elseif CLAIM_NUMBERS[word] and at < argc then
            o[word] = integer.argument(argv[at + 1], CLAIM_NUMBERS[word])
            at = at + 1
        elseif word == "LASTID" and at < argc then
            o.last_id = stream_id.read(argv[at + 1])
            at = at + 1
        else
            reply.fail("ERR Unrecognized XCLAIM option '" .. argv[at] .. "'")
        end
        at = at + 1
    end
    return ids, o
end

-- When the claimed entries count as delivered.
local function claim_time(o)
    local now = floor(state.now)
    local time = o.TIME or o.IDLE and now - o.IDLE or now
    return (time < 0 or time > now) and now or time
end

-- The entry becomes the consumer's.
local function claim(key, group, consumer, id, time, count)
    stream_group.deliver(group, consumer, id, time, count)
    consumer.active = floor(state.now)
    streams.claim_effect(key, group, consumer, id, group.pending[id])
end

-- What was pending has gone from the stream: nobody can acknowledge it.
local function forget(key, group, id)
    stream_group.acknowledge(group, id)
    keyspace.effect({ "XACK", key, group.name, stream_id.text(id) })
end

local function claimed(value, id, just_id)
    local text = stream_id.text(id)
    return just_id and text or { text, value.entries[id] }
end

function commands.XCLAIM(argv, argc)
    local db, key = state.db, argv[2]
    local value, group = stream_and_group(argv)
    local idle = integer.argument(argv[5], reply.failure("ERR Invalid min-idle-time argument for XCLAIM"))
    local ids, o = claim_options(argv, argc)
    if o.last_id and o.last_id > group.last_id then
        group.last_id = o.last_id
        streams.group_effect(key, group)
    end
    local consumer = streams.consumer(key, group, argv[4])
    local time, now, out = claim_time(o), floor(state.now), {}
    for i = 1, #ids do
        local id = ids[i]
        local entry = group.pending[id]
        if not value.entries[id] then
            if entry then
                forget(key, group, id)
                keyspace.changed(db, key)
            end
        elseif (entry or o.FORCE) and not (entry and now - entry.time < idle) then
            local count = entry and entry.count or 0
            if o.RETRYCOUNT and o.RETRYCOUNT >= 0 then
                count = o.RETRYCOUNT
            elseif not o.JUSTID then
                count = count + 1
            end
            claim(key, group, consumer, id, time, count)
            out[#out + 1] = claimed(value, id, o.JUSTID)
            keyspace.changed(db, key)
        end
    end
    if o.last_id then
        keyspace.changed(db, key)
    end
    return out
end

local COUNT_MAX = 2 ^ 59 -- of XAUTOCLAIM; source: the real server's, whose limit is one less
local BAD_COUNT = reply.failure("ERR COUNT must be > 0")
local ATTEMPTS = 10 -- entries that are looked at for each that is wanted, as the real server has it

local function autoclaim_options(argv, argc)
    local count, just_id, at = 100, false, 7
    while at <= argc do
        local word = upper(argv[at])
        if word == "COUNT" and at < argc then
            count = integer.argument(argv[at + 1], BAD_COUNT)
            count = count <= COUNT_MAX and count or 0
            if count < 1 then
                error(BAD_COUNT, 0)
            end
            at = at + 1
        elseif word == "JUSTID" then
            just_id = true
        else
            error(SYNTAX, 0)
        end
        at = at + 1
    end
    return count, just_id
end

function commands.XAUTOCLAIM(argv, argc)
    local db, key = state.db, argv[2]
    local idle = integer.argument(argv[5], reply.failure("ERR Invalid min-idle-time argument for XAUTOCLAIM"))
    local from = stream_id.bound(argv[6], false)
    local count, just_id = autoclaim_options(argv, argc)
    local value, group = stream_and_group(argv)
    local consumer = streams.consumer(key, group, argv[4])
    local ids, n = stream_group.from(group.order, from, count * ATTEMPTS + 1)
    local now, out, gone, looked = floor(state.now), {}, {}, 0
    while looked < n and looked < count * ATTEMPTS and #out + #gone < count do
        looked = looked + 1
        local id = ids[looked]
        local entry = group.pending[id]
        if not value.entries[id] then
            forget(key, group, id)
            gone[#gone + 1] = stream_id.text(id)
        elseif now - entry.time >= idle then
            claim(key, group, consumer, id, now, just_id and entry.count or entry.count + 1)
            out[#out + 1] = claimed(value, id, just_id)
        end
    end
    if #out + #gone > 0 then
        keyspace.changed(db, key)
    end
    local following = ids[looked + 1]
    return { following and stream_id.text(following) or "0-0", out, gone }
end

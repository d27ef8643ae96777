-- XREAD and XREADGROUP, which may wait for entries.

local needs = ...
local commands, integer, keyspace, operand, reply, state, stream, stream_group, stream_id, streams, waiting =
    needs.commands, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.state, needs.stream, needs.stream_group,
    needs.stream_id, needs.streams, needs.waiting

local error, floor, format, lower, upper = error, math.floor, string.format, string.lower, string.upper
local typed = keyspace.typed

local NOT_TIMEOUT = reply.failure("ERR timeout is not an integer or out of range")
local NEGATIVE_TIMEOUT = reply.failure("ERR timeout is negative")
local LATE_TIMEOUT = reply.failure("ERR timeout is out of range")
local NO_GROUP_OPTION = reply.failure("ERR Missing GROUP option for XREADGROUP")
local NEW_ONLY =
    reply.failure("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
local LARGEST = 2 ^ 63

local function timeout(text)
    local n = integer.argument(text, NOT_TIMEOUT)
    if n < 0 then
        error(NEGATIVE_TIMEOUT, 0)
    elseif n > LARGEST - state.now - 1024 then
        error(LATE_TIMEOUT, 0)
    end
    return n / 1000
end

local function only_for_groups(word)
    reply.fail("ERR The " .. word .. " option is only supported by XREADGROUP. You called XREAD instead.")
end

-- The options: { seconds (nil: does not wait), count, group, consumer, no_ack, first (place of the first key), streams }.
local function options(argv, argc, with_group)
    local o, at = { count = 0 }, 2
    while at <= argc do
        local word, more = upper(argv[at]), argc - at
        if word == "BLOCK" and more > 0 then
            o.seconds = timeout(argv[at + 1])
            at = at + 1
        elseif word == "COUNT" and more > 0 then
            local count = integer.argument(argv[at + 1], reply.NOT_INTEGER)
            o.count = count > 0 and count or 0
            at = at + 1
        elseif word == "STREAMS" and more > 0 then
            if more % 2 == 1 then
                reply.fail(format(
                    "ERR Unbalanced '%s' list of streams: for each stream key an ID or '%s' must be specified.",
                    lower(argv[1]),
                    with_group and ">" or "$"
                ))
            end
            o.first, o.streams = at + 1, more / 2
            break
        elseif word == "GROUP" and more > 1 then
            if not with_group then
                only_for_groups("GROUP")
            end
            o.group, o.consumer = argv[at + 1], argv[at + 2]
            at = at + 2
        elseif word == "NOACK" then
            if not with_group then
                only_for_groups("NOACK")
            end
            o.no_ack = true
        else
            error(reply.SYNTAX, 0)
        end
        at = at + 1
    end
    if not o.first then
        error(reply.SYNTAX, 0)
    elseif with_group and not o.group then
        error(NO_GROUP_OPTION, 0)
    end
    return o
end

-- The identifier behind which XREAD begins.
local function read_after(value, text)
    if text == "$" then
        return value and value.last_id or stream_id.MIN
    elseif text == "+" then
        local last = value and value.n > 0 and stream.final_id(value)
        return last and stream_id.before(last) or value and value.last_id or stream_id.MIN
    elseif text == ">" then
        error(NEW_ONLY, 0)
    end
    return stream_id.read(text)
end

-- What is in streams for the client: a map from keys to entries; RESP2 has it as an array of pairs.
local function result(keys, lists)
    local out = {}
    for i = 1, #keys do
        if state.resp == 3 then
            out[2 * i - 1], out[2 * i] = keys[i], lists[i]
        else
            out[i] = { keys[i], lists[i] }
        end
    end
    return state.resp == 3 and reply.map(out) or out
end

-- The entries behind `after`, up to `count`.
local function entries_after(value, after, count)
    local from = stream_id.next(after)
    if not from then
        return {}, 0
    end
    return stream.range(value, from, stream_id.MAX, count)
end

local function keys_of(argv, o)
    return operand.between(argv, o.first, o.first + o.streams - 1)
end

function commands.XREAD(argv, argc)
    local o = options(argv, argc, false)
    local afters, keys, lists = {}, {}, {}
    for i = 1, o.streams do
        local key, at = argv[o.first + i - 1], o.first + o.streams + i - 1
        local value = waiting.value(state.db, key, "stream")
        afters[i] = read_after(value, argv[at])
        if value and value.n > 0 and stream.final_id(value) > afters[i] then
            keys[#keys + 1] = key
            lists[#lists + 1] = streams.listed(value, entries_after(value, afters[i], o.count))
        end
    end
    if #keys > 0 then
        return result(keys, lists)
    elseif not o.seconds then
        return reply.NULL_ARRAY
    end
    local again = operand.between(argv, 1, argc)
    for i = 1, o.streams do
        again[o.first + o.streams + i - 1] = stream_id.text(afters[i])
    end
    return waiting.wait(keys_of(argv, o), o.seconds, reply.NULL_ARRAY, again)
end

local function meaningless(mark)
    reply.fail(format(
        "ERR The %s ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying "
            .. "a proper ID, or use the > ID to get new messages. The %s ID would just return an empty result set.",
        mark,
        mark
    ))
end

-- The streams of XREADGROUP: { key, value, group, after (nil: new entries) }.
local function group_sources(argv, o)
    local out = {}
    for i = 1, o.streams do
        local key, text = argv[o.first + i - 1], argv[o.first + o.streams + i - 1]
        local value = typed(state.db, key, "stream")
        local group = value and value.groups[o.group]
        if not group then
            reply.fail("NOGROUP No such key '" .. key .. "' or consumer group '" .. o.group .. "' in XREADGROUP with GROUP option")
        elseif text == "$" or text == "+" then
            meaningless(text)
        end
        out[i] = { key = key, value = value, group = group, after = text ~= ">" and stream_id.read(text) or nil }
    end
    return out
end

-- What the journal learns: which consumer has got the entry, and when.
function streams.claim_effect(key, group, consumer, id, entry)
    keyspace.effect({
        "XCLAIM",
        key,
        group.name,
        consumer.name,
        "0",
        stream_id.text(id),
        "TIME",
        format("%.0f", entry.time),
        "RETRYCOUNT",
        format("%.0f", entry.count),
        "FORCE",
        "JUSTID",
        "LASTID",
        stream_id.text(group.last_id),
    })
end

function streams.group_effect(key, group)
    local read = group.read and format("%.0f", group.read) or "-1"
    keyspace.effect({ "XGROUP", "SETID", key, group.name, stream_id.text(group.last_id), "ENTRIESREAD", read })
end

-- The group has come to an entry.
local function advance(value, group, id)
    if group.read and group.last_id >= stream.first_id(value) and not stream.has_gap(value, group.last_id) then
        group.read = group.read + 1
    elseif value.added > 0 then
        group.read = stream.count_to(value, id) or false
    end
    group.last_id = id
end

-- New entries for the consumer.
local function deliver_new(source, consumer, o)
    local value, group, key = source.value, source.group, source.key
    local now = floor(state.now)
    local ids, n = entries_after(value, group.last_id, o.count)
    for i = 1, n do
        advance(value, group, ids[i])
        if not o.no_ack then
            stream_group.deliver(group, consumer, ids[i], now, 1)
        end
    end
    if not o.no_ack then
        for i = 1, n do
            streams.claim_effect(key, group, consumer, ids[i], group.pending[ids[i]])
        end
    end
    streams.group_effect(key, group)
    consumer.active = now
    keyspace.changed(state.db, key)
    return streams.listed(value, ids, n)
end

-- What the consumer has got and not acknowledged.
local function deliver_again(source, consumer, o)
    local value, group, out = source.value, source.group, {}
    local from = stream_id.next(source.after)
    if not from then
        return out
    end
    local ids, n = stream_group.from(consumer.order, from, o.count > 0 and o.count or nil)
    for i = 1, n do
        local id = ids[i]
        local fields = value.entries[id]
        out[i] = { stream_id.text(id), fields or reply.NULL_ARRAY }
        if fields then
            local entry = group.pending[id]
            entry.time, entry.count = floor(state.now), entry.count + 1
        end
    end
    return out
end

-- The consumer of that name; a new one is noted.
function streams.consumer(key, group, name)
    local now = floor(state.now)
    local consumer, is_new = stream_group.consumer(group, name, now)
    consumer.seen = now
    if is_new then
        keyspace.effect({ "XGROUP", "CREATECONSUMER", key, group.name, name })
        keyspace.changed(state.db, key)
    end
    return consumer
end

function commands.XREADGROUP(argv, argc)
    local o = options(argv, argc, true)
    local sources, keys, lists = group_sources(argv, o), {}, {}
    for i = 1, #sources do
        local source = sources[i]
        local consumer = streams.consumer(source.key, source.group, o.consumer)
        local list
        if source.after then
            list = deliver_again(source, consumer, o)
        elseif stream.final_id(source.value) > source.group.last_id then
            list = deliver_new(source, consumer, o)
        end
        if list then
            keys[#keys + 1], lists[#lists + 1] = source.key, list
        end
    end
    if #keys > 0 then
        return result(keys, lists)
    elseif not o.seconds then
        return reply.NULL_ARRAY
    end
    return waiting.wait(keys_of(argv, o), o.seconds, reply.NULL_ARRAY, nil, true)
end

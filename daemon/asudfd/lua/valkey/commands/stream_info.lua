-- XINFO and the HELP of the stream commands.

local needs = ...
local commands, integer, keyspace, reply, sorted, state, stream, stream_group, stream_id, streams =
    needs.commands, needs.integer, needs.keyspace, needs.reply, needs.sorted, needs.state, needs.stream, needs.stream_group,
    needs.stream_id, needs.streams

local floor, upper = math.floor, string.upper
local map, typed = reply.map, keyspace.typed
local NULL = reply.NULL

local function stream_of(argv)
    return typed(state.db, argv[3], "stream") or reply.fail(reply.NO_KEY[1])
end

-- Entries that the group has not read, or null if that cannot be told.
local function lag(value, group)
    if value.added == 0 then
        return 0
    elseif group.read and not stream.has_gap(value, group.last_id) then
        return value.added - group.read
    end
    local read = stream.count_to(value, group.last_id)
    return read and value.added - read or NULL
end

commands["XINFO|GROUPS"] = function(argv)
    local value, out = stream_of(argv), {}
    local names = stream_group.names(value.groups)
    for i = 1, #names do
        local group = value.groups[names[i]]
        out[i] = map({
            "name",
            group.name,
            "consumers",
            #stream_group.names(group.consumers),
            "pending",
            group.order.n,
            "last-delivered-id",
            stream_id.text(group.last_id),
            "entries-read",
            group.read or NULL,
            "lag",
            lag(value, group),
        })
    end
    return out
end

-- Milliseconds since that time, which may be in the future for other clocks.
local function since(time)
    local age = floor(state.now) - time
    return age < 0 and 0 or age
end

commands["XINFO|CONSUMERS"] = function(argv)
    local value, out = stream_of(argv), {}
    local group = value.groups[argv[4]]
        or reply.fail("NOGROUP No such consumer group '" .. argv[4] .. "' for key name '" .. argv[3] .. "'")
    local names = stream_group.names(group.consumers)
    for i = 1, #names do
        local consumer = group.consumers[names[i]]
        out[i] = map({
            "name",
            consumer.name,
            "pending",
            consumer.order.n,
            "idle",
            since(consumer.seen),
            "inactive",
            consumer.active and since(consumer.active) or -1,
        })
    end
    return out
end

-- The fields that the short and the full form have in common. The number of nodes of the real server's tree is an estimate.
local function head(value)
    local nodes = value.last - value.first + 1
    return {
        "length",
        value.n,
        "radix-tree-keys",
        nodes,
        "radix-tree-nodes",
        nodes < 2 and nodes + 1 or 2 * nodes + 2,
        "last-generated-id",
        stream_id.text(value.last_id),
        "max-deleted-entry-id",
        stream_id.text(value.max_deleted),
        "entries-added",
        value.added,
        "recorded-first-entry-id",
        stream_id.text(stream.first_id(value)),
    }
end

local function entry(value, id)
    return value.n > 0 and { stream_id.text(id), value.entries[id] } or NULL
end

local function append(out, ...)
    local more = { ... }
    for i = 1, #more do
        out[#out + 1] = more[i]
    end
    return out
end

-- Pending entries of an order, up to `count` (nil: all).
local function pending_list(group, order, count, with_consumer)
    local ids, n = sorted.slice(order, 0, order.n - 1, false, count)
    local out = {}
    for i = 1, n do
        local pending = group.pending[ids[i]]
        local text = stream_id.text(ids[i])
        out[i] = with_consumer and { text, pending.consumer.name, pending.time, pending.count }
            or { text, pending.time, pending.count }
    end
    return out
end

local function full_consumer(group, consumer, count)
    return map({
        "name",
        consumer.name,
        "seen-time",
        consumer.seen,
        "active-time",
        consumer.active or -1,
        "pel-count",
        consumer.order.n,
        "pending",
        pending_list(group, consumer.order, count, false),
    })
end

local function full_group(value, group, count)
    local consumers, names = {}, stream_group.names(group.consumers)
    for i = 1, #names do
        consumers[i] = full_consumer(group, group.consumers[names[i]], count)
    end
    return map({
        "name",
        group.name,
        "last-delivered-id",
        stream_id.text(group.last_id),
        "entries-read",
        group.read or NULL,
        "lag",
        lag(value, group),
        "pel-count",
        group.order.n,
        "pending",
        pending_list(group, group.order, count, true),
        "consumers",
        consumers,
    })
end

local FULL_COUNT = 10 -- entries that FULL shows if no COUNT is given; source: the real server's

local function full(value, count)
    local groups, names = {}, stream_group.names(value.groups)
    for i = 1, #names do
        groups[i] = full_group(value, value.groups[names[i]], count > 0 and count or nil)
    end
    local ids, n = stream.range(value, stream_id.MIN, stream_id.MAX, count)
    return map(append(head(value), "entries", streams.listed(value, ids, n), "groups", groups))
end

local function wrong_use(argv)
    reply.fail("ERR unknown subcommand or wrong number of arguments for '" .. argv[2] .. "'. Try XINFO HELP.")
end

commands["XINFO|STREAM"] = function(argv, argc)
    local is_full, count = argc > 3, FULL_COUNT
    if is_full then
        if upper(argv[4]) ~= "FULL" or (argc ~= 4 and (argc ~= 6 or upper(argv[5]) ~= "COUNT")) then
            wrong_use(argv)
        end
        if argc == 6 then
            count = integer.argument(argv[6], reply.NOT_INTEGER)
            if count < 0 then
                count = FULL_COUNT
            end
        end
    end
    local value = stream_of(argv)
    if is_full then
        return full(value, count)
    end
    return map(append(
        head(value),
        "groups",
        #stream_group.names(value.groups),
        "first-entry",
        entry(value, stream.first_id(value)),
        "last-entry",
        entry(value, stream.final_id(value))
    ))
end

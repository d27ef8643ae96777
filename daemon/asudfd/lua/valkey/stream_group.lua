-- Groups of consumers of a stream: { name, last_id, read, pending, order, consumers }.
--
-- `pending` maps the identifier of an entry that was delivered and is not acknowledged to { consumer, time, count }; `order` has
-- those identifiers in their order, and each consumer { name, seen, active, order } its own. `read` counts the entries
-- that the group has read, or is false if that is not known. `active` is false until the consumer has been given something.

local needs = ...
local sorted = needs.sorted

local next, setmetatable, sort = next, setmetatable, table.sort
local insert, remove, new_order = sorted.insert, sorted.remove, sorted.new

local stream_group = {}

-- The order of identifiers is that of their texts: all scores are the same.
local ZEROS = setmetatable({}, {
    __index = function()
        return 0
    end,
})

function stream_group.new(name, last_id, read)
    return { name = name, last_id = last_id, read = read, pending = {}, order = new_order(), consumers = {} }
end

-- The consumer of that name, and whether it is new.
function stream_group.consumer(group, name, now)
    local consumer = group.consumers[name]
    if consumer then
        return consumer, false
    end
    consumer = { name = name, seen = now, active = false, order = new_order() }
    group.consumers[name] = consumer
    return consumer, true
end

-- Notes that the consumer has got the entry, in place of the one that had it.
function stream_group.deliver(group, consumer, id, time, count)
    local entry = group.pending[id]
    if entry then
        if entry.consumer ~= consumer then
            remove(entry.consumer.order, ZEROS, 0, id)
            insert(consumer.order, ZEROS, 0, id)
        end
        entry.consumer, entry.time, entry.count = consumer, time, count
        return
    end
    group.pending[id] = { consumer = consumer, time = time, count = count }
    insert(group.order, ZEROS, 0, id)
    insert(consumer.order, ZEROS, 0, id)
end

-- The entry needs no acknowledgement any more; says whether it did.
function stream_group.acknowledge(group, id)
    local entry = group.pending[id]
    if not entry then
        return false
    end
    remove(entry.consumer.order, ZEROS, 0, id)
    remove(group.order, ZEROS, 0, id)
    group.pending[id] = nil
    return true
end

-- Removes a consumer; how many entries had been pending for it, or nil if there is none.
function stream_group.remove_consumer(group, name)
    local consumer = group.consumers[name]
    if not consumer then
        return nil
    end
    local ids, n = sorted.slice(consumer.order, 0, consumer.order.n - 1)
    for i = 1, n do
        stream_group.acknowledge(group, ids[i])
    end
    group.consumers[name] = nil
    return n
end

-- Pending identifiers of an order from `from` on, up to `count`.
function stream_group.from(order, from, count)
    local rank = sorted.rank(order, ZEROS, 0, from)
    return sorted.slice(order, rank, order.n - 1, false, count)
end

-- The first or the last pending identifier.
function stream_group.edge(order, is_last)
    return sorted.at(order, is_last and order.n - 1 or 0)
end

-- The keys of a table in the order of their bytes: groups and consumers are shown so.
function stream_group.names(named)
    local out = {}
    for name in next, named do
        out[#out + 1] = name
    end
    sort(out)
    return out
end

function stream_group.copy(group)
    local copied = stream_group.new(group.name, group.last_id, group.read)
    for name, consumer in next, group.consumers do
        local other = stream_group.consumer(copied, name, consumer.seen)
        other.active = consumer.active
    end
    for id, entry in next, group.pending do
        stream_group.deliver(copied, copied.consumers[entry.consumer.name], id, entry.time, entry.count)
    end
    return copied
end

return { stream_group = stream_group }

-- Streams: { type = "stream", nodes, first, last, entries, n, last_id, max_deleted, added, groups }.
--
-- The identifiers are in nodes, nodes[first] to nodes[last], of some hundred each: { ids (an array), total, bytes, id and names
-- of the first entry }. The real server has the same nodes, and removes whole ones where a limit need not be exact. No node is
-- empty. `entries` maps an identifier (stream_id.lua) to its fields and values, an array. `added` counts all that were ever added.

local needs = ...
local compact, listpack, stream_group, stream_id, value_types =
    needs.compact, needs.listpack, needs.stream_group, needs.stream_id, needs.value_types

local ipairs, next, remove, sub, tonumber = ipairs, next, table.remove, string.sub, tonumber
local integer_size, text_size = listpack.integer_size, listpack.text_size
local MIN, MAX = stream_id.MIN, stream_id.MAX

local stream = {}

function stream.new()
    return {
        type = "stream",
        nodes = {},
        first = 1,
        last = 0,
        entries = {},
        n = 0,
        last_id = MIN,
        max_deleted = MIN,
        added = 0,
        groups = {},
    }
end

-- The identifiers of the first and of the last entry; the least one if there are none.
function stream.first_id(value)
    return value.n > 0 and value.nodes[value.first].ids[1] or MIN
end

function stream.final_id(value)
    if value.n == 0 then
        return MIN
    end
    local ids = value.nodes[value.last].ids
    return ids[#ids]
end

-- Bytes of the texts of an entry: what the real server adds to those of a node to see whether it becomes too large.
local function plain_size(fields)
    local size = 0
    for i = 1, #fields do
        size = size + #fields[i]
    end
    return size
end

-- Whether two entries have the same names of fields in the same order.
local function has_same_names(a, b)
    if #a ~= #b then
        return false
    end
    for i = 1, #a, 2 do
        if a[i] ~= b[i] then
            return false
        end
    end
    return true
end

-- Bytes of every second text, from the first or the second on.
local function texts_size(fields, from)
    local size = 0
    for i = from, #fields, 2 do
        size = size + text_size(fields[i])
    end
    return size
end

-- Bytes of the head of a node, which has the names of the fields of its first entry.
local function head_size(fields)
    return 7 + 2 + 2 + integer_size(#fields / 2) + texts_size(fields, 1) + 2
end

-- Bytes of an entry in its node; names that are those of the first entry take none.
local function entry_size(node, id, fields)
    local size = 2 + texts_size(fields, 2) + 2
    for from = 1, 21, 20 do
        size = size + integer_size(tonumber(sub(id, from, from + 19)) - tonumber(sub(node.id, from, from + 19)))
    end
    if not has_same_names(node.names, fields) then
        size = size + integer_size(#fields / 2) + texts_size(fields, 1)
    end
    return size
end

-- The last node, or a new one, which does not count yet.
local function node_for(value, id, fields)
    local node = value.nodes[value.last]
    if node then
        local bytes, entries = compact["stream-node-max-bytes"], compact["stream-node-max-entries"]
        if (entries == 0 or node.total < entries) and (bytes == 0 or node.bytes + plain_size(fields) < bytes) then
            return node
        end
    end
    node = { ids = {}, total = 0, bytes = head_size(fields), id = id, names = fields }
    value.nodes[value.last + 1] = node
    return node
end

-- Adds an entry; its identifier must be greater than all before. What may fail for want of memory comes first.
function stream.append(value, id, fields)
    local node = node_for(value, id, fields)
    value.entries[id] = fields
    node.ids[#node.ids + 1] = id
    if node.total == 0 then
        value.last = value.last + 1
    end
    node.total, node.bytes = node.total + 1, node.bytes + entry_size(node, id, fields)
    value.n, value.added, value.last_id = value.n + 1, value.added + 1, id
end

-- The last node that begins with `id` or before; the first one if there is none.
local function node_of(value, id)
    local nodes, low, high = value.nodes, value.first, value.last
    while low < high do
        local middle = high - (high - low - (high - low) % 2) / 2
        if nodes[middle].ids[1] <= id then
            low = middle
        else
            high = middle - 1
        end
    end
    return low
end

-- The place of the first identifier of the array that is not less.
local function place_of(ids, id)
    local low, high = 1, #ids + 1
    while low < high do
        local middle = (low + high - (low + high) % 2) / 2
        if ids[middle] < id then
            low = middle + 1
        else
            high = middle
        end
    end
    return low
end

-- The identifiers from one to another one, both included, up to `count` (0: all).
function stream.range(value, from, to, count)
    local out, n = {}, 0
    if value.n == 0 then
        return out, 0
    end
    local at = node_of(value, from)
    local place = place_of(value.nodes[at].ids, from)
    for i = at, value.last do
        local ids = value.nodes[i].ids
        for j = place, #ids do
            if ids[j] > to then
                return out, n
            end
            n = n + 1
            out[n] = ids[j]
            if n == count then
                return out, n
            end
        end
        place = 1
    end
    return out, n
end

-- The same backwards: `from` is the greater one.
function stream.range_back(value, from, to, count)
    local out, n = {}, 0
    if value.n == 0 then
        return out, 0
    end
    for i = node_of(value, from), value.first, -1 do
        local ids = value.nodes[i].ids
        for j = #ids, 1, -1 do
            local id = ids[j]
            if id < to then
                return out, n
            elseif id <= from then
                n = n + 1
                out[n] = id
                if n == count then
                    return out, n
                end
            end
        end
    end
    return out, n
end

-- Takes the node at a place out of the nodes.
local function drop_node(value, at)
    local nodes = value.nodes
    if at == value.first then
        nodes[at] = nil
        value.first = at + 1
        return
    end
    for i = at, value.last do
        nodes[i] = nodes[i + 1]
    end
    value.last = value.last - 1
end

-- Removes an entry; says whether it was there.
function stream.delete(value, id)
    if not value.entries[id] then
        return false
    end
    local at = node_of(value, id)
    local ids = value.nodes[at].ids
    remove(ids, place_of(ids, id))
    value.entries[id] = nil
    value.n = value.n - 1
    if #ids == 0 then
        drop_node(value, at)
    end
    return true
end

local function drop_first_node(value)
    local ids = value.nodes[value.first].ids
    for i = 1, #ids do
        value.entries[ids[i]] = nil
    end
    value.n = value.n - #ids
    drop_node(value, value.first)
    return #ids
end

-- Removes the first `count` entries of the first node, of which some stay.
local function drop_from_first_node(value, count)
    local node, rest = value.nodes[value.first], {}
    for i = 1, #node.ids do
        if i <= count then
            value.entries[node.ids[i]] = nil
        else
            rest[i - count] = node.ids[i]
        end
    end
    node.ids = rest
    value.n = value.n - count
end

-- How many entries of the first node have to go for `trim`: { length, or id; approximate, limit }.
local function surplus(value, ids, trim)
    if trim.length then
        return value.n - trim.length
    end
    return place_of(ids, trim.id) - 1
end

-- Removes the oldest entries until there are at most `trim.length`, or none before `trim.id`. Where it need not be exact, only
-- whole nodes go, and not more than `trim.limit` entries (0: any number). Returns how many went.
function stream.trim(value, trim)
    local gone = 0
    while value.n > 0 do
        local ids = value.nodes[value.first].ids
        local count = surplus(value, ids, trim)
        if count <= 0 or (trim.limit > 0 and gone + #ids > trim.limit) then
            break
        elseif count >= #ids then
            gone = gone + drop_first_node(value)
        elseif trim.approximate then
            break
        else
            drop_from_first_node(value, count)
            return gone + count
        end
    end
    return gone
end

-- Whether an entry has been removed from the midst, behind `from`.
function stream.has_gap(value, from)
    if value.n == 0 or value.max_deleted == MIN or stream.first_id(value) > value.max_deleted then
        return false
    end
    return from <= value.max_deleted
end

-- How many entries have been added up to `id`, if that can be told; else nil.
function stream.count_to(value, id)
    if value.added == 0 then
        return 0
    elseif value.n == 0 and id <= value.last_id then
        return value.added
    elseif id == value.last_id then
        return value.added
    elseif id > value.last_id then
        return nil
    end
    local first = stream.first_id(value)
    if value.max_deleted == MIN or value.max_deleted < first then
        if id < first then
            return value.added - value.n
        elseif id == first then
            return value.added - value.n + 1
        end
    end
    return nil
end

value_types.stream = {
    length = function(value)
        return value.n
    end,
    encoding = function()
        return "stream"
    end,
    copy = function(value)
        local copied = stream.new()
        for _, id in ipairs((stream.range(value, MIN, MAX, 0))) do
            stream.append(copied, id, value.entries[id])
        end
        copied.last_id, copied.max_deleted, copied.added = value.last_id, value.max_deleted, value.added
        for name, group in next, value.groups do
            copied.groups[name] = stream_group.copy(group)
        end
        return copied
    end,
}

return { stream = stream }

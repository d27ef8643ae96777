-- Sorted sets: { type = "zset", scores = member -> score, order (sorted.lua), is_compact, scan }.
--
-- `scan` is made by the first ZSCAN of a large set: the members in places that stay where they are when scores change.

local needs = ...
local compact, sorted, value_types = needs.compact, needs.sorted, needs.value_types

local next = next
local insert, remove, rank = sorted.insert, sorted.remove, sorted.rank

local zset = {}

function zset.new()
    return { type = "zset", scores = {}, order = sorted.new(), is_compact = true, scan = false }
end

-- So many members, of which the longest has so many bytes, may be added: a set that could become large takes its large form
-- at once, as the real server has it.
function zset.expect(value, count, longest)
    if count > compact["zset-max-listpack-entries"] or longest > compact["zset-max-listpack-value"] then
        value.is_compact = false
    end
end

function zset.length(value)
    return value.order.n
end

local function scan_add(scan, member)
    local n = scan.n + 1
    scan.members[n], scan.places[member] = member, n
    scan.n = n
end

local function scan_remove(scan, member)
    local place, last = scan.places[member], scan.members[scan.n]
    scan.members[place], scan.places[last] = last, place
    scan.members[scan.n], scan.places[member] = nil, nil
    scan.n = scan.n - 1
end

-- Gives a member its score, whether it is there or not. Compact sets know no negative zero.
function zset.put(value, member, score)
    local scores, order = value.scores, value.order
    if value.is_compact then
        score = score + 0
    end
    local before = scores[member]
    if before ~= nil then
        if before == score then
            return
        end
        remove(order, scores, before, member)
        scores[member] = score
        insert(order, scores, score, member)
        return
    end
    scores[member] = score
    insert(order, scores, score, member)
    if value.scan then
        scan_add(value.scan, member)
    end
    if
        value.is_compact
        and (order.n > compact["zset-max-listpack-entries"] or #member > compact["zset-max-listpack-value"])
    then
        value.is_compact = false
    end
end

function zset.remove(value, member)
    local score = value.scores[member]
    if score == nil then
        return false
    end
    remove(value.order, value.scores, score, member)
    value.scores[member] = nil
    if value.scan then
        scan_remove(value.scan, member)
    end
    return true
end

-- Removes the members of a range of ranks, and returns them.
function zset.remove_range(value, from, to)
    local gone, n = sorted.slice(value.order, from, to)
    sorted.remove_range(value.order, from, to)
    for i = 1, n do
        value.scores[gone[i]] = nil
        if value.scan then
            scan_remove(value.scan, gone[i])
        end
    end
    return gone, n
end

function zset.rank(value, member)
    return rank(value.order, value.scores, value.scores[member], member)
end

-- A set of these scores (member -> score), which it takes over.
function zset.build(scores)
    local value = zset.new()
    local longest = 0
    value.scores, value.order = scores, sorted.build(scores)
    for member in next, scores do
        if #member > longest then
            longest = #member
        end
    end
    zset.expect(value, value.order.n, longest)
    if value.is_compact then
        for member, score in next, scores do
            scores[member] = score + 0
        end
    end
    return value
end

-- The members in places for a scan.
function zset.places(value)
    local scan = value.scan
    if not scan then
        scan = { members = {}, places = {}, n = 0 }
        for member in next, value.scores do
            scan_add(scan, member)
        end
        value.scan = scan
    end
    return scan
end

value_types.zset = {
    length = zset.length,
    encoding = function(value)
        return value.is_compact and "listpack" or "skiplist"
    end,
    copy = function(value)
        local scores = {}
        for member, score in next, value.scores do
            scores[member] = score
        end
        local copied = zset.build(scores)
        copied.is_compact = value.is_compact
        return copied
    end,
}

return { zset = zset }

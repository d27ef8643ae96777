-- Hashes: { type = "hash", fields, values, n, places, expiry }.
--
-- `fields` is an array of the names, `values` maps each name to its value. A compact hash has `places` = false and keeps its
-- fields in the order in which they came; else `places` maps a name to its place, and a field that goes leaves it to the last one.
-- `expiry` is false, or { times = name -> ms since 1970, order = the names in the order of their times }.

local needs = ...
local compact, sorted, value_types = needs.compact, needs.sorted, needs.value_types

local next, remove = next, table.remove

local hash = {}

-- Keys of hashes of which some field has a time of expiry: database -> key -> true. A key may have gone since.
hash.expiring = {}

function hash.new()
    return { type = "hash", fields = {}, values = {}, n = 0, places = false, expiry = false }
end

-- Gives up the compact form.
local function spread(value)
    local places, fields = {}, value.fields
    for i = 1, value.n do
        places[fields[i]] = i
    end
    value.places = places
end

-- Sets a field; says whether it is new. `n` counts it when all else is done, since memory may run out in between.
function hash.set(value, field, text)
    local values, places = value.values, value.places
    local is_new = values[field] == nil
    if is_new then
        local n = value.n + 1
        value.fields[n] = field
        if places then
            places[field] = n
        end
        values[field] = text
        value.n = n
    else
        values[field] = text
    end
    if not places then
        local size_max = compact["hash-max-listpack-value"]
        if value.n > compact["hash-max-listpack-entries"] or #field > size_max or #text > size_max then
            spread(value)
        end
    end
    return is_new
end

local function place_of(value, field)
    local fields = value.fields
    for i = 1, value.n do
        if fields[i] == field then
            return i
        end
    end
end

-- The field expires at that time; nil: never.
function hash.set_time(value, field, at)
    local expiry = value.expiry
    if not expiry then
        if at == nil then
            return
        end
        expiry = { times = {}, order = sorted.new() }
        value.expiry = expiry
        if not value.places then
            spread(value) -- as the real server does
        end
    end
    local times = expiry.times
    local before = times[field]
    if before ~= nil then
        sorted.remove(expiry.order, times, before, field)
        times[field] = nil
    end
    if at ~= nil then
        times[field] = at
        sorted.insert(expiry.order, times, at, field)
    elseif expiry.order.n == 0 then
        value.expiry = false
    end
end

function hash.time(value, field)
    local expiry = value.expiry
    return expiry and expiry.times[field]
end

function hash.delete(value, field)
    local values = value.values
    if values[field] == nil then
        return false
    end
    if value.expiry then
        hash.set_time(value, field, nil)
    end
    values[field] = nil
    local fields, places, n = value.fields, value.places, value.n
    if places then
        local place, last = places[field], fields[n]
        fields[place], places[last] = last, place
        fields[n], places[field] = nil, nil
    else
        remove(fields, place_of(value, field))
    end
    value.n = n - 1
    return true
end

-- Whether the time of some field is over.
function hash.is_due(value, now)
    local expiry = value.expiry
    return expiry and expiry.times[sorted.at(expiry.order, 0)] <= now
end

-- Removes the fields whose time is over, up to `limit` if given; returns their names.
function hash.drop_due(value, now, limit)
    local gone = {}
    while hash.is_due(value, now) and #gone ~= limit do
        local field = sorted.at(value.expiry.order, 0)
        gone[#gone + 1] = field
        hash.delete(value, field)
    end
    return gone
end

local function copy(value)
    local copied = hash.new()
    for i = 1, value.n do
        local field = value.fields[i]
        hash.set(copied, field, value.values[field])
    end
    if value.places and not copied.places then
        spread(copied)
    end
    if value.expiry then
        for field, at in next, value.expiry.times do
            hash.set_time(copied, field, at)
        end
    end
    return copied
end

-- Notes that a field of the key's hash expires.
function hash.note(db, key)
    local keys = hash.expiring[db]
    if not keys then
        keys = {}
        hash.expiring[db] = keys
    end
    keys[key] = true
end

value_types.hash = {
    length = function(value)
        return value.n
    end,
    encoding = function(value)
        return value.places and "hashtable" or "listpack"
    end,
    copy = copy,
    arrived = function(db, key, value)
        if value.expiry then
            hash.note(db, key)
        end
    end,
    swapped = function(a, b)
        local expiring = hash.expiring
        expiring[a], expiring[b] = expiring[b], expiring[a]
    end,
}

return { hash = hash }

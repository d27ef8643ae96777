-- The order of values, for ordered lists: by type (nil, boolean, integer, string, list, map, bytes, float, geojson), then
-- by value.
local needs = ...
local NIL, List, Map, Bytes, bytes_contents, map_keys = needs.NIL, needs.List, needs.Map, needs.Bytes, needs.bytes_contents, needs.map_keys
local blob_type, bytes_text = needs.blob_type, needs.bytes_text

local kind, number_type, sort, char = type, math.type, table.sort, string.char

local function rank(value)
    local form = kind(value)
    if form == "nil" then
        return 1
    elseif form == "boolean" then
        return 2
    elseif form == "number" then
        return number_type(value) == "integer" and 3 or 8
    elseif form == "string" then
        return 4
    end
    local class = value.class
    return class == List and 5 or class == Map and 6 or class == Bytes and 7 or 9
end

local compare

local function compare_lists(left, right)
    for index = 1, left.n < right.n and left.n or right.n do
        local order = compare(left.items[index], right.items[index])
        if order ~= 0 then
            return order
        end
    end
    return left.n - right.n
end

local function plain(value)
    if value == NIL then
        return nil
    end
    return value
end

local function compare_maps(left, right)
    if left.n ~= right.n then
        return left.n - right.n
    end
    local keys, others = map_keys(left), map_keys(right)
    for index = 1, #keys do
        local key, other = keys[index], others[index]
        local order = compare(kind(key) == "table" and bytes_contents(key.blob) or key, kind(other) == "table" and bytes_contents(other.blob) or other)
        if order ~= 0 then
            return order
        end
    end
    for index = 1, #keys do
        local order = compare(plain(left.values[keys[index]]), plain(right.values[others[index]]))
        if order ~= 0 then
            return order
        end
    end
    return 0
end

local function scalar(value, class)
    if class == 7 then
        return char(blob_type(value)) .. bytes_text(value)
    elseif class == 9 then
        return value.text_of
    elseif class == 2 then
        return value and 1 or 0
    end
    return value
end

-- Negative, 0 or positive.
function compare(left, right)
    local class, other = rank(left), rank(right)
    if class ~= other then
        return class - other
    elseif class == 1 then
        return 0
    elseif class == 5 then
        return compare_lists(left, right)
    elseif class == 6 then
        return compare_maps(left, right)
    end
    left, right = scalar(left, class), scalar(right, class)
    return left == right and 0 or left < right and -1 or 1
end

-- The elements in order, NILs first: sorting knows no holes.
local function in_order(list)
    local items, n = {}, 0
    for index = 1, list.n do
        local value = list.items[index]
        if value ~= nil then
            n = n + 1
            items[n] = value
        end
    end
    sort(items, function(left, right)
        return compare(left, right) < 0
    end)
    return items, list.n - n
end

return { in_order = in_order }

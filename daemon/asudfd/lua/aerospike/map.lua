-- Maps. Contents: values by key, n, flags (nil: made here), keys (in order, nil until asked for), blobs. A key is an
-- integer, a string, or, for bytes, the object that `blobs` has for that text, so that equal bytes are the same key.
local needs = ...
local join, DATA, UNSUPPORTED, RECORD, inner, outer = needs.join, needs.DATA, needs.UNSUPPORTED, needs.RECORD, needs.inner, needs.outer
local text_of, wrong_class, refuse_inside, integer = needs.text_of, needs.wrong_class, needs.refuse_inside, needs.integer_argument
local iterate, class, Bytes, bytes_text, bytes_contents = needs.iterate, needs.class, needs.Bytes, needs.bytes_text, needs.bytes_contents
local callable_library, masked, env, index_of, hex = needs.callable_library, needs.masked, needs.env, needs.index_of, needs.hex
local spend = needs.spend

local kind, select, metatable, next = type, select, debug.getmetatable, next
local number_type, sort, find, sub = math.type, table.sort, string.find, string.sub

-- Nanoseconds that sorting takes a key, and a byte of the longest one, of which a comparison may read all.
local SORTED <const>, READ <const> = 300, 60
local NIL <const> = {} -- the value of a key that has none
local Map, facade = class("Map", true)

local function contents()
    return { class = Map, values = {}, n = 0, blobs = {} }
end

local function taken(self, count, number)
    if metatable(self) ~= Map then
        wrong_class(2, number or 1, "Map", count, self)
    end
    return self[DATA]
end

local map_blob
-- The key under which `key` is found, nil if it cannot be one; `add` makes a new blob known.
local function key_of(data, key, add)
    local form = kind(key)
    if form == "string" then
        local zero = find(key, "\0", 1, true)
        return zero and sub(key, 1, zero - 1) or key
    elseif form == "number" then
        return number_type(key) == "integer" and key or nil
    elseif form == "table" and metatable(key) == Bytes then
        return map_blob(data, bytes_text(key[DATA]), add)
    end
    return nil
end

function map_blob(data, text, add)
    local blob = data.blobs[text]
    if not blob and add then
        blob = { blob = text }
        data.blobs[text] = blob
    end
    return blob
end

local function remove(data, key)
    if key ~= nil and data.values[key] ~= nil then
        data.values[key] = nil
        data.n, data.keys = data.n - 1, nil
    end
end

-- `value` is contents, a scalar or NIL.
local function put(data, key, value)
    if data.values[key] == nil then
        data.n, data.keys = data.n + 1, nil
    end
    data.values[key] = value
end

local function before(left, right)
    return left.blob < right.blob
end

local function append(keys, more, order)
    sort(more, order)
    for index = 1, #more do
        keys[#keys + 1] = more[index]
    end
end

-- The keys in order: integers, strings, bytes.
local function sorted(data)
    if data.keys then
        return data.keys
    end
    local keys, integers, strings, blobs, longest = {}, {}, {}, {}, 0
    for key in next, data.values do
        local form = kind(key)
        if form == "string" then
            strings[#strings + 1] = key
            longest = #key > longest and #key or longest
        else
            local group = form == "number" and integers or blobs
            group[#group + 1] = key
        end
    end
    spend(#integers * SORTED + #strings * (SORTED + longest * READ))
    append(keys, integers)
    append(keys, strings)
    append(keys, blobs, before)
    data.keys = keys
    return keys
end

local function outer_key(key)
    return kind(key) == "table" and outer(bytes_contents(key.blob)) or key
end

local function outer_value(value)
    if value == NIL then
        return nil
    end
    return outer(value)
end

-- A module's assignment: nil is kept as NIL, what no map can hold removes the key, a record changes nothing.
local function assign(data, key, value)
    key = key_of(data, key, true)
    if key == nil then
        return
    end
    value = inner(value)
    if value == UNSUPPORTED then
        remove(data, key)
    elseif value ~= RECORD then
        if value == nil then
            value = NIL
        end
        put(data, key, value)
    end
end

local map
map = callable_library(function(...)
    local count, data, _, from, room = select("#", ...), contents(), ...
    if count > 2 then
        integer(1, 3, count, room, 0)
    elseif kind(from) == "table" and not masked[metatable(from)] then
        for key, value in next, from do
            key, value = key_of(data, key, true), inner(value)
            if key ~= nil and value ~= UNSUPPORTED then
                put(data, key, value)
            end
        end
    end
    return outer(data)
end)
env.map, env.Map = map, facade

function map.new(...)
    local count, room = select("#", ...), ...
    if count == 1 and integer(1, 1, count, room, 0) > 0 then
        return outer(contents())
    end
end
map.create = map.new

function map.size(...)
    local self = ...
    return taken(self, select("#", ...)).n
end

function map.remove(...)
    local count, self, key = select("#", ...), ...
    local data = taken(self, count)
    remove(data, key_of(data, key))
end

local function next_pair(state)
    local keys, values, at = state.keys, state.data.values, state.at
    local key
    repeat
        at = at + 1
        key = keys[at]
    until key == nil or values[key] ~= nil
    state.at = at
    if key ~= nil then
        return outer_key(key), outer_value(values[key])
    end
end

local function next_key(state)
    local at = state.at + 1
    state.at = at
    return outer_key(state.keys[at])
end

local function next_value(state)
    local at = state.at + 1
    state.at = at
    return outer_value(state.data.values[state.keys[at]])
end

function map.pairs(...)
    local self = ...
    local data = taken(self, select("#", ...))
    return iterate(next_pair, data, sorted(data))
end
map.iterator = map.pairs

function map.keys(...)
    local self = ...
    local data = taken(self, select("#", ...))
    return iterate(next_key, data, sorted(data))
end

function map.values(...)
    local self = ...
    local data = taken(self, select("#", ...))
    return iterate(next_value, data, sorted(data))
end

-- The key of another map's key in `data`.
local function same_key(data, key, add)
    return kind(key) == "table" and map_blob(data, key.blob, add) or kind(key) ~= "table" and key or nil
end

local function copy(to, from)
    for key, value in next, from.values do
        if value ~= NIL then
            put(to, same_key(to, key, true), value)
        end
    end
end

-- Refuses what is no map, as line `line` of the real server's library in Lua does.
local function check(self, line)
    if metatable(self) ~= Map then
        refuse_inside(line, "pairs", "Map", self)
    end
end

function map.clone(...)
    local self = ...
    check(self, 47)
    local data = contents()
    copy(data, self[DATA])
    return outer(data)
end

local function is_true(value)
    return value ~= nil and value ~= NIL and value ~= false
end

local function value_in(data, key)
    key = same_key(data, key)
    if key ~= nil then
        return data.values[key]
    end
end

function map.merge(...)
    local self, other, choose = ...
    check(self, 23)
    check(other, 26)
    local one, two, data = self[DATA], other[DATA], contents()
    copy(data, one)
    copy(data, two)
    if kind(choose) == "function" then
        local keys = sorted(two)
        for index = 1, #keys do
            local mine, theirs = value_in(one, keys[index]), two.values[keys[index]]
            local chosen = is_true(mine) and inner(choose(outer(mine), outer_value(theirs)))
            if chosen and chosen ~= UNSUPPORTED and chosen ~= RECORD then
                put(data, same_key(data, keys[index], true), chosen)
            end
        end
    end
    return outer(data)
end

local function missing(data, from, other)
    for key, value in next, from.values do
        if value ~= NIL and not is_true(value_in(other, key)) then
            put(data, same_key(data, key, true), value)
        end
    end
end

-- Asks what is no map for the keys of one: the real server does so before it finds out.
local function look_up(data, other)
    local keys = sorted(data)
    for each = 1, #keys do
        if data.values[keys[each]] ~= NIL then
            index_of(other, outer_key(keys[each]))
        end
    end
end

function map.diff(...)
    local self, other = ...
    check(self, 33)
    if metatable(other) ~= Map then
        look_up(self[DATA], other)
        check(other, 38)
    end
    local one, two, data = self[DATA], other[DATA], contents()
    missing(data, one, two)
    missing(data, two, one)
    return outer(data)
end

function Map.text(data, depth)
    local keys, parts = sorted(data), {}
    for index = 1, #keys do
        local key, value = keys[index], data.values[keys[index]]
        key = kind(key) == "table" and hex(key.blob) or text_of(key)
        parts[index] = key .. ":" .. (value == NIL and "NIL" or text_of(value, depth))
    end
    return "{" .. join(parts, #keys, ", ", 0) .. "}"
end

function map.tostring(...)
    local self = ...
    return Map.text(taken(self, select("#", ...)), 1)
end

function map.nbytes(...)
    local self = ...
    return #Map.packed(taken(self, select("#", ...)), true)
end

function Map.__index(self, key)
    local data = self[DATA]
    if kind(key) ~= "string" or data.values[key] == nil then
        key = key_of(data, key)
        if key == nil then
            return nil
        end
    end
    return outer_value(data.values[key])
end

function Map.__newindex(self, key, value)
    assign(self[DATA], key, value)
end

function Map.__len(self)
    return self[DATA].n
end

function Map.__tostring(self)
    return Map.text(self[DATA], 1)
end

return { map_blob = map_blob, Map = Map, NIL = NIL, map_contents = contents, map_put = put, map_keys = sorted }

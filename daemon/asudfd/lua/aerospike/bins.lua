-- Bins as a record keeps them: read operations one after the other, each u32 size, 01, particle type, 00, size of the name,
-- name, value. See `asudfd.record.record`.
local needs = ...
local to_particle = needs.to_particle

local number_type, pack, unpack = math.type, string.pack, string.unpack

local READ <const>, INTEGER <const>, FLOAT <const>, BOOL <const> = 1, 1, 2, 17

-- Bytes that the real server stores of a record beside what varies, and of an expiry. A record takes whole blocks.
local HEAD <const>, EXPIRY <const>, BLOCK <const> = 39, 4, 16
local SHORT <const> = 128 -- numbers below it take one byte there

-- Where the op of each bin begins, by name, and how many there are.
local function places(bins)
    local at, last, where, count = 1, #bins, { room = nil }, 0 -- room for one: most records have one
    while at <= last do
        local length, name = unpack(">I4xxxs1", bins, at)
        where[name] = at
        count = count + 1
        at = at + 4 + length
    end
    return where, count
end

-- For-in over `bins` from 1 on: the place behind the op, the name, the place of the op.
local function next_op(bins, at)
    if at <= #bins then
        local length, name = unpack(">I4xxxs1", bins, at)
        return at + 4 + length, name, at
    end
end

-- Bytes of an integer there: its type, its length, and as many as it needs of 1, 2, 4 and 8.
local function integer_size(value)
    local length = 1
    while length < 8 and value >> 8 * length ~= 0 do
        length = length * 2
    end
    return 2 + length
end

-- Bytes that the real server stores for a bin, whose op begins at `at`, and where the next begins.
local function bin_size(bins, at)
    local length, form, name = unpack(">I4xBxB", bins, at)
    local size = length - 4 - name
    if form == INTEGER and size == 8 then
        size = integer_size((unpack(">i8", bins, at + 8 + name)))
    else
        size = size + (form ~= FLOAT and form ~= BOOL and 5 or 1) -- the type, and of what has any length how long it is
    end
    return 1 + name + size, at + 4 + length
end

-- Bytes that the real server stores for a record.
local function stored_size(bins, set_name, key, ttl)
    local size, count, at = HEAD + (ttl > 0 and EXPIRY or 0), 0, 1
    if set_name ~= "" then
        size = size + 1 + #set_name
    end
    if key ~= "" then
        size = size + (#key < SHORT and 1 or 2) + #key
    end
    while at <= #bins do
        local of_bin
        of_bin, at = bin_size(bins, at)
        size, count = size + of_bin, count + 1
    end
    if count > 0 then
        size = size + (count < SHORT and 1 or 2)
    end
    return (size + BLOCK - 1) // BLOCK * BLOCK
end

-- The op of a bin; nil if no bin can hold the value.
local function op(name, value)
    if number_type(value) == "integer" then
        return pack(">I4BBBs1i8", 12 + #name, READ, INTEGER, 0, name, value)
    end
    local form, bytes = to_particle(value, true)
    if form == 0 then
        return nil
    end
    return pack(">I4BBBs1", 4 + #name + #bytes, READ, form, 0, name) .. bytes
end

return { places = places, next_op = next_op, stored_size = stored_size, op = op }

-- Bins as a record keeps them: read operations one after the other, each u32 size, 01, particle type, 00, size of the name,
-- name, value. See `daemon.record.record`.
local box = ...

local next, number_type, pack, unpack = next, math.type, string.pack, string.unpack
local to_particle = box.to_particle

local READ <const>, INTEGER <const>, FLOAT <const>, BOOL <const> = 1, 1, 2, 17

-- Bytes on the real server: of a record beside its bins, chosen so that the recorded sizes come out; of a bin beside its name
-- and its value, by type; of any other type. A record takes whole blocks.
local HEAD <const>, EXPIRY <const>, BLOCK <const> = 38, 4, 16
local around <const>, AROUND <const> = { [INTEGER] = 2, [FLOAT] = 2, [BOOL] = 2 }, 6

-- Where the op of each bin begins, by name, and how many there are.
function box.places(bins)
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
function box.next_op(bins, at)
    if at <= #bins then
        local length, name = unpack(">I4xxxs1", bins, at)
        return at + 4 + length, name, at
    end
end

-- Bytes that the real server stores for a record.
function box.stored_size(bins, set_name, key, ttl)
    local size, count = HEAD + (ttl > 0 and EXPIRY or 0), 0
    for _, each in next, { set_name, key } do
        size = size + (each ~= "" and #each + 1 or 0)
    end
    local at = 1
    while at <= #bins do
        local length, form = unpack(">I4xB", bins, at)
        size, count = size + length - 4 + (around[form] or AROUND), count + 1
        at = at + 4 + length
    end
    size = size + (count < 128 and 1 or 2)
    return (size + BLOCK - 1) // BLOCK * BLOCK
end

-- The op of a bin; nil if no bin can hold the value.
function box.op(name, value)
    if number_type(value) == "integer" then
        return pack(">I4BBBs1i8", 12 + #name, READ, INTEGER, 0, name, value)
    end
    local form, bytes = to_particle(value, true)
    if form == 0 then
        return nil
    end
    return pack(">I4BBBs1", 4 + #name + #bytes, READ, form, 0, name) .. bytes
end

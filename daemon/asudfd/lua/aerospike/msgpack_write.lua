-- Writing the msgpack dialect that `msgpack_read.lua` reads.
local needs = ...
local DEPTH, RECORD, NIL, List, Map, Bytes = needs.DEPTH, needs.RECORD, needs.NIL, needs.List, needs.Map, needs.Bytes
local in_order, map_keys, blob_type, bytes_text, join = needs.in_order, needs.map_keys, needs.blob_type, needs.bytes_text, needs.join

local kind, number_type, error = type, math.type, error
local char, rep, pack, spread = string.char, string.rep, string.pack, table.unpack

local RUN <const> = 200 -- elements that one instruction takes: a microsecond or two, and so many places of the stack
local KEPT <const> = 100
local STRING <const>, GEOJSON <const>, MARKER <const> = 3, 23, 0xC7

-- `put` appends the bytes of a value to `parts`, of which there are `n`; answers how many there are then.

local put
local sorting = false -- are ordered lists sorted?
local heavy = 0 -- bytes of texts that are not short: the same one may be there many times

local function put_head(parts, n, count, short_lead, lead)
    if count < 16 then
        parts[n] = char(short_lead + count)
    elseif count < 65536 then
        parts[n] = pack(">BI2", lead, count)
    else
        parts[n] = pack(">BI4", lead + 1, count)
    end
end

-- The text `mark` (a byte) and `text`.
local function put_text(parts, n, mark, text)
    local size = #text + 1
    if size < 32 then
        parts[n + 1] = char(0xA0 + size, mark)
    elseif size < 256 then
        parts[n + 1] = char(0xD9, size, mark)
    elseif size < 65536 then
        heavy = heavy + size
        parts[n + 1] = pack(">BI2B", 0xDA, size, mark)
    else
        heavy = heavy + size
        parts[n + 1] = pack(">BI4B", 0xDB, size, mark)
    end
    parts[n + 2] = text
    return n + 2
end

local SMALL <const>, HEADS <const> = {}, {} -- the bytes of integers that are one byte, and of the heads of short strings
for value = -32, 127 do
    SMALL[value] = char(value & 0xFF)
end
for size = 0, 30 do
    HEADS[size] = char(0xA1 + size, STRING)
end

-- Integers that are longer, from `least` to `most`: how one of them is written, and four in one step.
local function written_as(least, most, lead, form)
    return { least = least, most = most, lead = lead, one = ">B" .. form, four = ">" .. rep("B" .. form, 4) }
end
local BYTE <const>, SHORT_INTEGER <const> = written_as(0x80, 0xFF, 0xCC, "B"), written_as(0x100, 0xFFFF, 0xCD, "I2")
local LONG <const>, LONGEST <const> = written_as(0x10000, 0xFFFFFFFF, 0xCE, "I4"), written_as(0x100000000, math.maxinteger, 0xCF, "i8")
local BELOW <const>, BELOW_BYTE <const> = written_as(-0x80, -33, 0xD0, "b"), written_as(-0x8000, -0x81, 0xD1, "i2")
local BELOW_SHORT <const>, BELOW_LONG <const> = written_as(-0x80000000, -0x8001, 0xD2, "i4"), written_as(math.mininteger, -0x80000001, 0xD3, "i8")

local function form_of(value)
    if value >= 0 then
        return value <= 0xFF and BYTE or value <= 0xFFFF and SHORT_INTEGER or value <= 0xFFFFFFFF and LONG or LONGEST
    end
    return value >= -0x80 and BELOW or value >= -0x8000 and BELOW_BYTE or value >= -0x80000000 and BELOW_SHORT or BELOW_LONG
end

local function put_integer(value)
    if value < 0x80 and value >= -32 then
        return SMALL[value]
    end
    local form = form_of(value)
    return pack(form.one, form.lead, value)
end

local function put_number(value)
    return number_type(value) == "integer" and put_integer(value) or pack(">Bd", 0xCB, value)
end

-- Is it an integer that `form` is for?
local function fits(value, form)
    return number_type(value) == "integer" and value >= form.least and value <= form.most
end

-- The bytes of the element `index` of `count`, a number, and the next index; or of four in one step, if they are integers of the same size,
-- as those of a list mostly are.
local function put_numbers(items, index, count)
    local one = items[index]
    if index + 3 <= count and number_type(one) == "integer" and not SMALL[one] then
        local form, two, three, four = form_of(one), items[index + 1], items[index + 2], items[index + 3]
        if fits(two, form) and fits(three, form) and fits(four, form) then
            local lead = form.lead
            return pack(form.four, lead, one, lead, two, lead, three, lead, four), index + 4
        end
    end
    return put_number(one), index + 1
end

-- Puts the first of `count` elements, as far as they are small integers, and answers how many.
local function put_leading(parts, n, items, count)
    local sum, put_so_far = 0, 0
    for index = 1, count do
        local value = items[index]
        local bytes = SMALL[value]
        if not bytes then
            break
        end
        parts[n + index] = bytes
        sum, put_so_far = sum + value, index
    end
    return number_type(sum) == "integer" and put_so_far or 0 -- 1.0 finds the bytes of 1, and makes the sum a float
end

-- The bytes of a list that is small, with its head, in one step; none if it has more than RUN elements.
local function small_list(list)
    local count = list.n
    if count < 16 then
        return char(0x90 + count, spread(list.items, 1, count))
    elseif count <= RUN then
        return char(0xDC, 0, count, spread(list.items, 1, count))
    end
end

local function put_list(parts, n, list, depth)
    local whole = list.small and small_list(list)
    if whole then
        parts[n + 1] = whole
        return n + 1
    end
    local items, count, flags, skipped = list.items, list.n, list.flags or 0, 0
    if not sorting then
        flags = 0 -- what is not stored has its elements where they are, and does not say that it is a bin in order
    end
    n = n + 1
    put_head(parts, n, flags > 0 and count + 1 or count, 0x90, 0xDC)
    if flags > 0 then
        n = n + 1
        parts[n] = char(MARKER, 0, flags)
        if flags & 1 == 1 then
            items, skipped = in_order(list)
            for _ = 1, skipped do
                n = n + 1
                parts[n] = "\xC0"
            end
        end
    end
    count = count - skipped
    local leading = put_leading(parts, n, items, count)
    n = n + leading
    local index = leading + 1
    while index <= count do
        local value = items[index]
        local form = kind(value)
        if form == "string" and #value < 31 then
            parts[n + 1], parts[n + 2] = HEADS[#value], value
            n, index = n + 2, index + 1
        elseif form == "number" then
            n = n + 1
            parts[n], index = put_numbers(items, index, count)
        else
            n, index = put(parts, n, value, depth), index + 1
        end
    end
    return n
end

local function put_map(parts, n, map, depth, flags)
    local keys, values = map_keys(map), map.values
    n = n + 1
    put_head(parts, n, flags > 0 and #keys + 1 or #keys, 0x80, 0xDE)
    if flags > 0 then
        n = n + 1
        parts[n] = char(MARKER, 0, flags, 0xC0)
    end
    for index = 1, #keys do
        local key = keys[index]
        if kind(key) == "table" then
            n = put_text(parts, n, 4, key.blob)
        else
            n = put(parts, n, key, depth)
        end
        local value = values[key]
        if value == NIL then
            value = nil
        end
        n = put(parts, n, value, depth)
    end
    return n
end

local function put_contents(parts, n, value, depth)
    local class = value.class
    if value == RECORD then
        error("a record cannot be an element of a list or map", 0)
    elseif (class == List or class == Map) and depth >= DEPTH then
        error("lists and maps are nested too deeply", 0)
    elseif class == List then
        return put_list(parts, n, value, depth + 1)
    elseif class == Map then
        return put_map(parts, n, value, depth + 1, value.flags or 0)
    elseif class == Bytes then
        return put_text(parts, n, blob_type(value), bytes_text(value))
    end
    return put_text(parts, n, GEOJSON, value.text_of)
end

function put(parts, n, value, depth)
    local form = kind(value)
    if form == "string" then
        return put_text(parts, n, STRING, value)
    elseif form == "table" then
        return put_contents(parts, n, value, depth)
    elseif form == "number" then
        parts[n + 1] = put_number(value)
    elseif value == nil then
        parts[n + 1] = "\xC0"
    else
        parts[n + 1] = value and "\xC3" or "\xC2"
    end
    return n + 1
end

local kept = {} -- parts of what was written last: their table is used again, if it has no more than KEPT, and all of them are short

-- The bytes of a list or map. `stored`: for a bin, where ordered lists are in order, whatever the call did to them.
local function packed(value, stored)
    local whole = value.small and small_list(value)
    if whole then
        return whole
    end
    local parts = kept
    sorting, heavy = stored, 0
    local n = put_contents(parts, 0, value, 0)
    if n > KEPT or heavy > 0 then
        kept = {}
    end
    return join(parts, n, "", heavy)
end
List.packed, Map.packed = packed, packed

return { packed = packed }

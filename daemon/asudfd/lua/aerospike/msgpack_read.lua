-- Reading the msgpack dialect of lists, maps, arguments and results: strings begin with a byte 03, bytes with their particle type,
-- GeoJSON with 17 (hexadecimal); an ordered list or map has an ext C7 00 FLAGS in front of its elements, counted as one.
-- Source: the wire specification, section 3.5.
local needs = ...
local pcall, DEPTH, NIL, list_contents = needs.pcall, needs.DEPTH, needs.NIL, needs.list_contents
local map_contents, bytes_contents, List, Bytes = needs.map_contents, needs.bytes_contents, needs.List, needs.Bytes
local geojson_contents, map_blob, map_put, outer = needs.geojson_contents, needs.map_blob, needs.map_put, needs.outer

local kind, select, number_type, error, next = type, select, math.type, error, next
local byte, sub, find, rep = string.byte, string.sub, string.find, string.rep
local unpack, spread, move, characters = string.unpack, table.unpack, table.move, utf8.len

local RUN <const> = 200 -- elements that one instruction takes: a microsecond or two, and so many places of the stack
local LOOKED <const> = 4096 -- bytes that each list in them may look through for a zero: a tenth of a microsecond
local SHORT <const> = 256 -- bytes of arguments that are kept
local ARGUMENTS <const> = 950000 -- of a call: Lua's stack has a million places
local MALFORMED <const> = {} -- the error of a value that cannot be read
local SHORT_TEXTS <const> = {} -- by first byte: the size of strings that have their size in it
for size = 1, 31 do
    SHORT_TEXTS[0xA0 + size] = size
end
local STRING <const>, GEOJSON <const>, MARKER <const> = 3, 23, 0xC7

local read
local numbers = {} -- by first byte: the size of a number, and the forms of string.unpack for one and for four

local function text_at(data, at, size)
    local last = at + size - 1
    if last > #data then
        error(MALFORMED, 0)
    end
    local mark = byte(data, at)
    if size == 0 then
        return "", at
    elseif mark == STRING then
        local text = sub(data, at + 1, last)
        local zero = find(text, "\0", 1, true)
        return zero and sub(text, 1, zero - 1) or text, last + 1
    elseif mark == GEOJSON then
        return geojson_contents(sub(data, at + 1, last)), last + 1
    elseif mark < 32 then
        return bytes_contents(sub(data, at + 1, last), mark), last + 1
    end
    return sub(data, at, last), last + 1
end

-- The list of which `count` elements are at `at`, in one step, if each is one byte from 0 to 127; and the place behind it. Bytes of
-- 128 and more are parts of longer characters, and the last of one may be behind the elements.
local function small_list_at(data, at, count)
    local last = at + count - 1
    if count <= RUN and last <= #data and characters(data, at, last) == count and (count == 0 or byte(data, last) < 0x80) then
        return list_contents({ byte(data, at, last) }, count, true), last + 1
    end
end

-- The flags at `at`, and the place behind them; 0 and `at` if there are none.
local function flags_at(data, at, count)
    if count > 0 and byte(data, at) == MARKER and byte(data, at + 1) == 0 then
        return byte(data, at + 2) or 0, at + 3
    end
    return 0, at
end

-- A table for `count` elements: one that grows from nothing is copied again and again.
local function room_for(count)
    if count <= 4 then
        return {}
    elseif count <= 8 then
        return { nil, nil, nil, nil, nil, nil, nil, nil }
    end
    return { nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil, nil }
end

-- The first elements of a list, as far as they are integers of one byte each, which most lists have: RUN of them in one step. How
-- many, and the place behind them.
local function leading_bytes(data, at, count)
    local items, n = room_for(count), 0
    while n < count do
        local piece = sub(data, at, at + (count - n < RUN and count - n or RUN) - 1)
        local size = (find(piece, "[\x80-\xFF]") or #piece + 1) - 1
        if size > 0 then
            move({ byte(piece, 1, size) }, 1, size, n + 1, items)
        end
        n, at = n + size, at + size
        if size < RUN then
            break
        end
    end
    return items, n, at
end

-- Reads the number at `at`, the element `index` of `count`, or four in one step, if they are of the same size, as those of a list
-- mostly are: the next index, and the place behind what was read.
local function numbers_at(items, index, count, data, at, number)
    if index + 3 <= count and at + 4 * number.size <= #data + 1 then
        local lead, one, second, two, third, three, fourth, four, after = unpack(number.four, data, at)
        if second == lead and third == lead and fourth == lead then
            items[index], items[index + 1], items[index + 2], items[index + 3] = one, two, three, four
            return index + 4, after
        end
    elseif at + number.size > #data + 1 then
        error(MALFORMED, 0)
    end
    local _, value, after = unpack(number.one, data, at)
    items[index] = value
    return index + 1, after
end

local function list_at(data, at, count, depth)
    local flags
    if byte(data, at) == MARKER and count > 0 then
        local start = at
        flags, at = flags_at(data, at, count)
        count = at > start and count - 1 or count
    end
    if count > 0 and depth > DEPTH then
        error(MALFORMED, 0)
    end
    local list, after
    if not flags then
        list, after = small_list_at(data, at, count)
    end
    if list then
        return list, after
    end
    local items, n
    items, n, at = leading_bytes(data, at, count)
    local size, index = #data, n + 1
    local zeros = n < count and (size > LOOKED or find(data, "\0", at, true)) -- may a string have any?
    while index <= count do
        local first, mark = byte(data, at, at + 1)
        local last = mark == STRING and SHORT_TEXTS[first] and at + SHORT_TEXTS[first]
        if last and last <= size then -- as in `text_at`
            local text = sub(data, at + 2, last)
            local zero = zeros and find(text, "\0", 1, true)
            items[index], at = zero and sub(text, 1, zero - 1) or text, last + 1
            index = index + 1
        elseif numbers[first] then
            index, at = numbers_at(items, index, count, data, at, numbers[first])
        else
            items[index], at = read(data, at, depth)
            index = index + 1
        end
    end
    list = list_contents(items, count)
    list.flags = flags ~= 0 and flags or nil
    return list, at
end

local function key_at(data, at, depth, map)
    local key
    key, at = read(data, at, depth)
    if kind(key) == "table" and key.class == Bytes then
        return map_blob(map, key.text, true), at
    elseif kind(key) ~= "string" and number_type(key) ~= "integer" then
        error(MALFORMED, 0)
    end
    return key, at
end

local function map_at(data, at, count, depth)
    local map, start = map_contents(), at
    map.flags, at = flags_at(data, at, count)
    if at > start then
        count, at = count - 1, at + 1
    end
    for _ = 1, count do
        local key, value
        key, at = key_at(data, at, depth, map)
        value, at = read(data, at, depth)
        if value == nil then
            value = NIL
        end
        map_put(map, key, value)
    end
    return map, at
end

-- By first byte: a form of string.unpack and what to do with the number.
local sized = {
    [0xC4] = { ">B", 1, text_at }, [0xC5] = { ">I2", 2, text_at }, [0xC6] = { ">I4", 4, text_at },
    [0xD9] = { ">B", 1, text_at }, [0xDA] = { ">I2", 2, text_at }, [0xDB] = { ">I4", 4, text_at },
    [0xDC] = { ">I2", 2, list_at }, [0xDD] = { ">I4", 4, list_at },
    [0xDE] = { ">I2", 2, map_at }, [0xDF] = { ">I4", 4, map_at },
    [0xCC] = { ">B", 1 }, [0xCD] = { ">I2", 2 }, [0xCE] = { ">I4", 4 }, [0xCF] = { ">i8", 8 },
    [0xD0] = { ">b", 1 }, [0xD1] = { ">i2", 2 }, [0xD2] = { ">i4", 4 }, [0xD3] = { ">i8", 8 },
    [0xCA] = { ">f", 4 }, [0xCB] = { ">d", 8 },
}
for first, row in next, sized do
    if not row[3] then
        local form = "B" .. sub(row[1], 2)
        numbers[first] = { size = 1 + row[2], one = ">" .. form, four = ">" .. rep(form, 4) }
    end
end

function read(data, at, depth)
    local first = byte(data, at)
    if not first or depth > DEPTH then
        error(MALFORMED, 0)
    elseif first < 0x80 then
        return first, at + 1
    elseif first >= 0xE0 then
        return first - 256, at + 1
    elseif first < 0x90 then
        return map_at(data, at + 1, first - 0x80, depth + 1)
    elseif first < 0xA0 then
        return list_at(data, at + 1, first - 0x90, depth + 1)
    elseif first < 0xC0 then
        return text_at(data, at + 1, first - 0xA0)
    elseif first == 0xC0 then
        return nil, at + 1
    elseif first == 0xC2 or first == 0xC3 then
        return first == 0xC3, at + 1
    end
    local row = sized[first]
    if not row or at + row[2] > #data then
        error(MALFORMED, 0)
    end
    local number, continue = unpack(row[1], data, at + 1)
    if row[3] then
        return row[3](data, continue, number, depth + 1)
    end
    return number, continue
end

-- Contents or a scalar of the bytes of `data` from `first` to `last`; false as the second result if they cannot be read.
local function unpacked(data, first, last)
    local rest = last - first
    local list = rest >= 0 and rest < 16 and byte(data, first) == 0x90 + rest and small_list_at(data, first + 1, rest)
    if list then
        return list, true
    end
    local ok, value = pcall(read, sub(data, first, last), 1, 0)
    if ok then
        return value, true
    elseif value ~= MALFORMED then
        error(value, 0)
    end
    return nil, false
end

-- The first of `left` elements and the rest; small integers and strings are read here, they are what most calls have.
local function few(data, at, left)
    if left == 0 then
        return
    end
    local value
    local first, mark = byte(data, at, at + 1)
    if first and first < 0x80 then
        return first, few(data, at + 1, left - 1)
    end
    local last = mark == STRING and SHORT_TEXTS[first] and at + SHORT_TEXTS[first]
    if last and last <= #data then
        value = sub(data, at + 2, last)
        if not find(value, "\0", 1, true) then
            return value, few(data, last + 1, left - 1)
        end
    end
    value, at = read(data, at, 1)
    if kind(value) == "table" then
        value = outer(value)
    end
    return value, few(data, at, left - 1)
end

-- The last arguments, and the last that came twice in a row, if they were scalars: the next call often has the same.
local last, latest, latest_values = "", "\x90", {}

local function keep(data, ...)
    for index = 1, select("#", ...) do
        if kind((select(index, ...))) == "table" then
            return ...
        end
    end
    latest, latest_values = data, { ... }
    return ...
end

-- The elements of a list as so many values. Raises MALFORMED.
local function arguments_of(data)
    local first = byte(data, 1)
    if data == latest then
        return spread(latest_values, 1, first - 0x90)
    elseif first and first >= 0x90 and first < 0xA0 and byte(data, 2) ~= MARKER then
        if data == last and #data <= SHORT then
            return keep(data, few(data, 2, first - 0x90))
        end
        last = data
        return few(data, 2, first - 0x90)
    end
    local list = read(data, 1, 0)
    if kind(list) ~= "table" or list.class ~= List then
        return
    end
    local items = list.items
    if list.n > ARGUMENTS then
        error("too many arguments", 0)
    end
    for index = 1, list.n do
        items[index] = outer(items[index])
    end
    return spread(items, 1, list.n)
end

return { unpacked = unpacked, arguments_of = arguments_of, MALFORMED = MALFORMED }

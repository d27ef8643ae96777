-- Bytes. Contents: type (of the particle), n (size), room (capacity), and either `text` or `cells`, a table of byte
-- values: changing a byte opens the text, asking for the text closes the cells again. Bytes beyond the size exist up to
-- the capacity (`set_var_int` writes there and does not change the size): contents that have any stay open.
local needs = ...
local DATA, outer, wrong_class, integer = needs.DATA, needs.outer, needs.wrong_class, needs.integer_argument
local text_argument, spend, class, callable_library, env = needs.text_argument, needs.spend, needs.class, needs.callable_library, needs.env

local select, metatable, next = select, debug.getmetatable, next
local byte, char, sub, gsub, format = string.byte, string.char, string.sub, string.gsub, string.format
local pack, unpack, concat, spread = string.pack, string.unpack, table.concat, table.unpack

local PIECE <const> = 4000 -- bytes that one call of `char` or `byte` handles
local CELL <const> = 15 -- nanoseconds that a byte takes there
local SIZE <const> = 16777216 -- of bytes: twice what a record has room for
local BLOB <const> = 4

local Bytes, facade = class("Bytes", true)

local function contents(text, form)
    return { class = Bytes, type = form or BLOB, n = #text, room = #text, text = text }
end

-- The particle type for contents: a module may set any number, of which few are types of bytes.
local blob_types = { [4] = 4, [7] = 7, [8] = 8, [9] = 9, [10] = 10, [11] = 11, [12] = 12, [18] = 18 }
local function blob_type(data)
    return blob_types[data.type] or BLOB
end

local function opened(data)
    local text = data.text
    if text then
        local cells = {}
        for at = 1, #text, PIECE do
            for offset, value in next, { byte(text, at, at + PIECE - 1) } do
                cells[at + offset - 1] = value
            end
        end
        data.cells, data.text = cells, nil
    end
    return data.cells
end

local function piece(cells, first, last)
    if last - first < PIECE then
        return char(spread(cells, first, last))
    end
    local parts = {}
    spend((last - first) * CELL)
    for at = first, last, PIECE do
        parts[#parts + 1] = char(spread(cells, at, at + PIECE - 1 < last and at + PIECE - 1 or last))
    end
    return concat(parts)
end

local function text(data)
    local whole = data.text
    if not whole then
        spend(data.n * CELL)
        whole = piece(data.cells, 1, data.n)
        if not data.beyond then
            data.text, data.cells = whole, nil
        end
    end
    return whole
end

-- `count` bytes from `at` on, of which all must be there.
local function slice(data, at, count)
    return data.text and sub(data.text, at, at + count - 1) or piece(data.cells, at, at + count - 1)
end

local function taken(self, count)
    if metatable(self) ~= Bytes then
        wrong_class(2, 1, "Bytes", count, self)
    end
    return self[DATA]
end

-- Writes `new` at `at`, growing; false if there is no such place.
local function write(data, at, new)
    local last = at + #new - 1
    if at < 1 or last > SIZE then
        return false
    end
    local cells, n = opened(data), data.n
    for index = n + 1, at - 1 do
        cells[index] = cells[index] or 0
    end
    for from = 1, #new, PIECE do
        for offset, value in next, { byte(new, from, from + PIECE - 1) } do
            cells[at + from + offset - 2] = value
        end
    end
    if last > n then
        data.n = last
        data.room = data.room > last and data.room or last
    end
    return true
end

local bytes
bytes = callable_library(function(...)
    local count, _, room = select("#", ...), ...
    if count > 2 then
        return
    end
    local data = contents("")
    room = integer(1, 2, count, room, 0)
    data.room = room > 0 and room or 0
    return outer(data)
end)
env.bytes, env.Bytes = bytes, facade

function bytes.size(...)
    local count, self = select("#", ...), ...
    return count == 1 and taken(self, count).n or 0
end

function bytes.set_size(...)
    local count, self, n = select("#", ...), ...
    if count ~= 2 then
        return false
    end
    local data = taken(self, count)
    n = integer(1, 2, count, n, 0)
    return n >= 0 and n <= data.room
end

function bytes.get_type(...)
    local self = ...
    return taken(self, select("#", ...)).type
end

function bytes.set_type(...)
    local count, self, form = select("#", ...), ...
    if count ~= 2 then
        return false
    end
    local data = taken(self, count)
    form = integer(1, 2, count, form, 0)
    if form == 0 then
        return false
    end
    data.type = form
    return true
end

-- Numbers: get_NAME(b, i), set_NAME(b, i, v), append_NAME(b, v), each of `size` bytes. One byte has no sign.

local function numbers(name, form, size, low, high)
    bytes["get_" .. name] = function(...)
        local count, self, at = select("#", ...), ...
        if count ~= 2 then
            return
        end
        local data = taken(self, count)
        at = integer(1, 2, count, at, 0)
        if at >= 1 and at <= data.n - size + 1 then
            return (unpack(form, slice(data, at, size)))
        end
    end
    bytes["set_" .. name] = function(...)
        local count, self, at, value = select("#", ...), ...
        if count ~= 3 then
            return false
        end
        local data = taken(self, count)
        at, value = integer(1, 2, count, at, 0), integer(1, 3, count, value, 0)
        return value >= low and value <= high and write(data, at, pack(form, value))
    end
    bytes["append_" .. name] = function(...)
        local count, self, value = select("#", ...), ...
        if count ~= 2 then
            return false
        end
        local data = taken(self, count)
        value = integer(1, 2, count, value, 0)
        return value >= low and value <= high and write(data, data.n + 1, pack(form, value))
    end
end

numbers("byte", "B", 1, 0, 255)
for _, bits in next, { 16, 32, 64 } do
    local size, high = bits // 8, (1 << bits - 1) - 1
    numbers("int" .. bits, ">i" .. size, size, -high - 1, high)
    numbers("int" .. bits .. "_be", ">i" .. size, size, -high - 1, high)
    numbers("int" .. bits .. "_le", "<i" .. size, size, -high - 1, high)
end

-- Texts and bytes

-- The part from `at` on, at most `size` bytes, as far as there are any; nil if there is no such place.
local function excerpt(data, at, size)
    if at < 1 or at > data.n or size < 0 then
        return nil
    end
    return slice(data, at, size < data.n - at + 1 and size or data.n - at + 1)
end

function bytes.get_string(...)
    local count, self, at, size = select("#", ...), ...
    if count == 3 then
        local data = taken(self, count)
        local found = excerpt(data, integer(1, 2, count, at, 0), integer(1, 3, count, size, 0))
        if found then
            return found
        end
    end
end

function bytes.get_bytes(...)
    local count, self, at, size = select("#", ...), ...
    if count == 3 then
        local data = taken(self, count)
        local found = excerpt(data, integer(1, 2, count, at, 0), integer(1, 3, count, size, 0))
        if found then
            return outer(contents(found))
        end
    end
end

function bytes.set_string(...)
    local count, self, at, value = select("#", ...), ...
    if count ~= 3 then
        return false
    end
    local data = taken(self, count)
    at, value = integer(1, 2, count, at, 0), text_argument(1, 3, count, value, "")
    return value ~= "" and write(data, at, value)
end

function bytes.append_string(...)
    local count, self, value = select("#", ...), ...
    if count ~= 2 then
        return false
    end
    local data = taken(self, count)
    value = text_argument(1, 2, count, value, "")
    return value ~= "" and write(data, data.n + 1, value)
end

-- The first `size` of other bytes; these are argument `number`, and `size` is the next.
local function beginning(other, number, count, size)
    if metatable(other) ~= Bytes then
        wrong_class(2, number, "Bytes", count, other)
    end
    size = integer(2, number + 1, count, size, 0)
    return sub(text(other[DATA]), 1, size > 0 and size or 0)
end

function bytes.set_bytes(...)
    local count, self, at, other, size = select("#", ...), ...
    if count ~= 4 then
        return false
    end
    local data = taken(self, count)
    at = integer(1, 2, count, at, 0)
    local value = beginning(other, 3, count, size)
    return value ~= "" and write(data, at, value)
end

function bytes.append_bytes(...)
    local count, self, other, size = select("#", ...), ...
    if count ~= 3 then
        return false
    end
    local data = taken(self, count)
    return write(data, data.n + 1, beginning(other, 2, count, size))
end

-- Integers in groups of 7 bits, lowest first; the high bit says that another follows.

local function write_groups(data, at, value)
    local cells, width = opened(data), 0
    if at < 1 or at > data.room then
        return 0
    end
    data.beyond, value = true, value & 0xFFFFFFFF
    repeat
        local group = value & 0x7F
        value = value >> 7
        cells[at + width] = value > 0 and group | 0x80 or group
        width = width + 1
    until value == 0
    return width
end

function bytes.set_var_int(...)
    local count, self, at, value = select("#", ...), ...
    if count ~= 3 then
        return 0
    end
    local data = taken(self, count)
    return write_groups(data, integer(1, 2, count, at, 0), integer(1, 3, count, value, 0))
end

function bytes.append_var_int(...)
    local count, self, value = select("#", ...), ...
    if count ~= 2 then
        return 0
    end
    local data = taken(self, count)
    data.room = data.room > data.n + 5 and data.room or data.n + 5
    return write_groups(data, data.n + 1, integer(1, 2, count, value, 0))
end

function bytes.get_var_int(...)
    local count, self, at = select("#", ...), ...
    if count ~= 2 then
        return
    end
    local data = taken(self, count)
    at = integer(1, 2, count, at, 0)
    if at < 1 or at > data.room then
        return
    end
    local cells, value, width = opened(data), 0, 0
    repeat
        local group = cells[at + width] or 0
        value = value | (group & 0x7F) << 7 * width
        width = width + 1
    until group < 128 or width > 9
    return value, width
end

-- Texts for people

local function hex(whole)
    return sub(gsub(whole, ".", function(one)
        return format("%02X ", byte(one))
    end), 1, -2)
end

function Bytes.text(data)
    return data.n == 0 and "Bytes()" or hex(text(data))
end

-- Operators. The length is that of the real server: always 0.

function Bytes.__index(self, at)
    local data = self[DATA]
    at = integer(1, 2, 2, at, 0)
    if at < 1 or at > data.n then
        return nil
    end
    return byte(slice(data, at, 1))
end

function Bytes.__newindex(self, at, value)
    local data = self[DATA]
    at, value = integer(1, 2, 3, at, 0), integer(1, 3, 3, value, 0)
    if value >= 0 and value <= 255 then
        write(data, at, char(value))
    end
end

function Bytes.__len()
    return 0
end

function Bytes.__tostring(self)
    return Bytes.text(self[DATA])
end

return { blob_type = blob_type, hex = hex, Bytes = Bytes, bytes_contents = contents, bytes_text = text }

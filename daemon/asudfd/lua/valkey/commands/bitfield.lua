-- BITFIELD: integers of 1 to 64 bits at any bit of a string.
--
-- An integer is two halves here: value = high * 2^32 + low, with 0 <= low < 2^32; `high` is below zero for negative ones. What
-- is written goes into `bytes` (place -> code), beside the string, which is made once at the end.

local needs = ...
local bits, commands, integer, keyspace, reply, state, string_value =
    needs.bits, needs.commands, needs.integer, needs.keyspace, needs.reply, needs.state, needs.string_value

local byte, char, concat, error, floor, next, sort, sub, upper =
    string.byte, string.char, table.concat, error, math.floor, next, table.sort, string.sub, string.upper

local WORD = 2 ^ 32

local NOT_TYPE = reply.failure(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
)
local NOT_OVERFLOW = reply.failure("ERR Invalid OVERFLOW type specified")
local READ_ONLY = reply.failure("ERR BITFIELD_RO only supports the GET subcommand")
local OVERFLOWS = { WRAP = true, SAT = true, FAIL = true }

-- Whether the type is signed, and its bits.
local function read_type(text)
    local digits = sub(text, 2)
    local signed = byte(text) == 105 -- i
    local width = integer.parse(digits)
    if not (signed or byte(text) == 117) or not width or width < 1 or width > (signed and 64 or 63) then
        error(NOT_TYPE, 0)
    end
    return signed, width
end

-- The operations of the command: a list of { name, signed, width, at, high, low, overflow }; and whether some write.
local function read_operations(argv, argc)
    local operations, overflow, writes, i = {}, "WRAP", false, 3
    while i <= argc do
        local word, left = upper(argv[i]), argc - i
        if word == "OVERFLOW" and left >= 1 then
            overflow = upper(argv[i + 1])
            if not OVERFLOWS[overflow] then
                error(NOT_OVERFLOW, 0)
            end
            i = i + 2
        elseif word == "GET" and left >= 2 or (word == "SET" or word == "INCRBY") and left >= 3 then
            local o = { name = word, overflow = overflow }
            o.signed, o.width = read_type(argv[i + 1])
            o.at = bits.offset(argv[i + 2], o.width)
            i = i + 3
            if word ~= "GET" then
                writes = true
                integer.argument(argv[i], reply.NOT_INTEGER)
                o.high, o.low = integer.halves(argv[i])
                i = i + 1
            end
            operations[#operations + 1] = o
        else
            error(reply.SYNTAX, 0)
        end
    end
    return operations, writes
end

-- A window on a few bytes: up to 32 bits from bit `at` on, and where they end in it.
local function window(field, at, width)
    local first, last = floor(at / 8) + 1, floor((at + width - 1) / 8) + 1
    local number, bytes, text = 0, field.bytes, field.text
    for place = first, last do
        number = number * 256 + (bytes[place] or string_value.byte(text, place) or 0)
    end
    return number, first, last, 2 ^ (last * 8 - at - width)
end

local function read_bits(field, at, width)
    local number, _, _, unit = window(field, at, width)
    return floor(number / unit) % 2 ^ width
end

local function write_bits(field, at, width, value)
    local number, first, last, unit = window(field, at, width)
    number = number + (value - floor(number / unit) % 2 ^ width) * unit
    for place = last, first, -1 do
        local rest = floor(number / 256)
        field.bytes[place] = number - rest * 256
        number = rest
    end
end

-- The halves of the unsigned integer of `width` bits, with its sign taken from its highest bit.
local function with_sign(high, low, signed, width)
    if not signed then
        return high, low
    end
    if width > 32 then
        local top = 2 ^ (width - 33)
        return high >= top and high - 2 * top or high, low
    end
    if low >= 2 ^ (width - 1) then
        low = low - 2 ^ width
    end
    if low < 0 then
        return -1, low + WORD
    end
    return 0, low
end

local function read(field, o)
    local at, width = o.at, o.width
    if width <= 32 then
        return with_sign(0, read_bits(field, at, width), o.signed, width)
    end
    return with_sign(read_bits(field, at, width - 32), read_bits(field, at + width - 32, 32), o.signed, width)
end

local function write(field, o, high, low)
    local at, width = o.at, o.width
    if width <= 32 then
        write_bits(field, at, width, low % 2 ^ width)
    else
        write_bits(field, at, width - 32, high % 2 ^ (width - 32))
        write_bits(field, at + width - 32, 32, low)
    end
end

-- The halves of 2^bits - 1, and of -2^bits.
local function largest(bit_count)
    if bit_count <= 32 then
        return 0, 2 ^ bit_count - 1
    end
    return 2 ^ (bit_count - 32) - 1, WORD - 1
end

local function smallest(bit_count)
    if bit_count < 32 then
        return -1, WORD - 2 ^ bit_count
    end
    return -2 ^ (bit_count - 32), 0
end

local function is_less(high_a, low_a, high_b, low_b)
    return high_a < high_b or (high_a == high_b and low_a < low_b)
end

-- The value as the type can have it: the halves, or nil if it does not fit and the operation is to fail.
local function fitted(o, high, low)
    local value_bits = o.signed and o.width - 1 or o.width
    local max_high, max_low = largest(value_bits)
    local min_high, min_low = 0, 0
    if o.signed then
        min_high, min_low = smallest(value_bits)
    end
    local above = is_less(max_high, max_low, high, low)
    if not above and not is_less(high, low, min_high, min_low) then
        return high, low
    end
    if o.overflow == "FAIL" then
        return nil
    end
    if o.overflow == "SAT" then
        if above then
            return max_high, max_low
        end
        return min_high, min_low
    end
    if o.width <= 32 then
        return with_sign(0, low % 2 ^ o.width, o.signed, o.width)
    end
    return with_sign(high % 2 ^ (o.width - 32), low, o.signed, o.width)
end

local function number_of(high, low)
    local n = high * WORD + low
    return integer.is_exact(n) and n or { kind = "integer", integer.text_of(high, low) }
end

-- Runs one operation: its reply, and whether it changed something; to add 0 counts.
local function apply(field, o)
    local high, low = read(field, o)
    if o.name == "GET" then
        return number_of(high, low)
    end
    local new_high, new_low = o.high, o.low
    if o.name == "INCRBY" then
        new_low = low + new_low
        new_high = high + new_high + (new_low >= WORD and 1 or 0)
        new_low = new_low % WORD
    elseif not o.signed and new_high < 0 then
        new_high = new_high + WORD -- an unsigned value is what its 64 bits are
    end
    new_high, new_low = fitted(o, new_high, new_low)
    if not new_high then
        return reply.NULL
    end
    write(field, o, new_high, new_low)
    if o.name == "SET" then
        return number_of(high, low), high ~= new_high or low ~= new_low
    end
    return number_of(new_high, new_low), true
end

-- The long string with the bytes that were written.
local function changed_in_place(field, size)
    local value = field.text
    if string_value.length(value) < size and not field.bytes[size] then
        field.bytes[size] = 0
    end
    for place, code in next, field.bytes do
        value = string_value.with(value, place - 1, char(code))
    end
    return value
end

-- The string with the bytes that were written.
local function assembled(field, size)
    if size >= string_value.LARGE then
        return changed_in_place(field, size)
    end
    local text = field.text .. string_value.zeros(size - #field.text)
    local places, n = {}, 0
    for place in next, field.bytes do
        n = n + 1
        places[n] = place
    end
    sort(places)
    local out, at, count = {}, 1, 0
    for i = 1, n do
        local place = places[i]
        out[count + 1], out[count + 2] = sub(text, at, place - 1), char(field.bytes[place])
        at, count = place + 1, count + 2
    end
    out[count + 1] = sub(text, at)
    return concat(out)
end

-- The size that the string must have for what is written.
local function size_for(operations, size)
    for i = 1, #operations do
        local o = operations[i]
        if o.name ~= "GET" then
            local needed = floor((o.at + o.width - 1) / 8) + 1
            size = needed > size and needed or size
        end
    end
    return size
end

function commands.BITFIELD(argv, argc)
    local operations, writes = read_operations(argv, argc)
    local db, key = state.db, argv[2]
    local value = keyspace.typed(db, key, "string", true)
    local field, out, changed = { text = value or "", bytes = {} }, {}, false
    for i = 1, #operations do
        local result, wrote = apply(field, operations[i])
        out[i], changed = result, changed or wrote
    end
    local before = string_value.length(field.text)
    local size = writes and size_for(operations, before) or before
    if changed or size > before then
        keyspace.put_raw(db, key, assembled(field, size))
    elseif writes then
        db.encodings[key] = "raw" -- as if it had been opened for writing
    end
    return out
end

function commands.BITFIELD_RO(argv, argc)
    local _, writes = read_operations(argv, argc)
    if writes then
        return READ_ONLY
    end
    return commands.BITFIELD(argv, argc)
end

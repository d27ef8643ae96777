-- The library `cmsgpack`: MessagePack from Lua values, and back.
local needs = ...
local fail, bad_argument, number_of, text_of, to_integer = needs.fail, needs.bad_argument, needs.number_of, needs.text_of, needs.to_integer
local words_of_double, double_of_words, bits_of_float, float_of_bits =
    needs.words_of_double, needs.double_of_words, needs.bits_of_float, needs.float_of_bits
local check, note = needs.check, needs.note

local byte, char, sub, concat = string.byte, string.char, string.sub, table.concat
local kind, next, select, unpack, floor, error = type, next, select, unpack, math.floor, error

local WORD, SIGN, INTEGERS = 2 ^ 32, 2 ^ 31, 2 ^ 63
local NESTED = 16 -- tables in tables that are packed; deeper ones are nil
local DEEPEST = 3999 -- tables in tables that are unpacked
local RESULTS = 7990 -- what fits on the stack of a call
local VALUES = 256 -- between two looks at the time
local LARGEST_INT = 2147483647
local TOO_MANY = "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)"

local function bytes_of_word(word)
    local low = word % 65536
    local high = (word - low) / 65536
    return char(floor(high / 256), high % 256, floor(low / 256), low % 256)
end

-- A size or number in the shortest of the forms whose first bytes are given: 8, 16 and 32 bits.
local function sized(size, first8, first16, first32)
    if size <= 255 and first8 then
        return char(first8, size)
    elseif size <= 65535 then
        return char(first16, floor(size / 256), size % 256)
    end
    return char(first32) .. bytes_of_word(size)
end

local function pack_integer(number)
    if number >= 0 then
        if number <= 127 then
            return char(number + 0)
        elseif number < WORD then
            return sized(number, 0xcc, 0xcd, 0xce)
        end
        return "\207" .. bytes_of_word(floor(number / WORD)) .. bytes_of_word(number % WORD)
    elseif number >= -32 then
        return char(256 + number)
    elseif number >= -128 then
        return char(0xd0, 256 + number)
    elseif number >= -32768 then
        number = number + 65536
        return char(0xd1, floor(number / 256), number % 256)
    elseif number >= -SIGN then
        return "\210" .. bytes_of_word(number + WORD)
    end
    local low = number % WORD
    return "\211" .. bytes_of_word((number - low) / WORD % WORD) .. bytes_of_word(low)
end

local function pack_number(number)
    if number >= -INTEGERS and number < INTEGERS and number % 1 == 0 then
        return pack_integer(number)
    end
    local bits = bits_of_float(number)
    if number == float_of_bits(bits) then
        return "\202" .. bytes_of_word(bits)
    end
    local high, low = words_of_double(number)
    return "\203" .. bytes_of_word(high) .. bytes_of_word(low)
end

local function pack_text(text)
    if #text < 32 then
        return char(0xa0 + #text) .. text
    end
    return sized(#text, 0xd9, 0xda, 0xdb) .. text
end

-- The length of a table that is an array without holes, or nil and the number of its keys.
local function array_length(t)
    local most, count, is_array = 0, 0, true
    for key in next, t do
        count = count + 1
        if kind(key) ~= "number" or key < 1 or key % 1 ~= 0 or key > LARGEST_INT then
            is_array = false
        elseif key > most then
            most = key
        end
        if count % VALUES == 0 then
            check()
        end
    end
    if is_array and most == count then
        return count
    end
    return nil, count
end

-- The functions of the library; `real` has the table behind each proxy.
local function new_cmsgpack(real)
    local parts, count
    local pack_value

    local function pack_table(t, level)
        t = real[t] or t
        local length, keys = array_length(t)
        count = count + 1
        if length then
            parts[count] = length < 16 and char(0x90 + length) or sized(length, nil, 0xdc, 0xdd)
            for index = 1, length do
                pack_value(t[index], level)
            end
        else
            parts[count] = keys < 16 and char(0x80 + keys) or sized(keys, nil, 0xde, 0xdf)
            for key, value in next, t do
                pack_value(key, level)
                pack_value(value, level)
            end
        end
    end

    function pack_value(value, level)
        local form = kind(value)
        local part
        if form == "string" then
            part = pack_text(value)
        elseif form == "number" then
            part = pack_number(value)
        elseif form == "boolean" then
            part = value and "\195" or "\194"
        elseif form == "table" and level < NESTED then
            return pack_table(value, level + 1)
        else
            part = "\192"
        end
        count = count + 1
        parts[count] = part
        if count % VALUES == 0 then
            check()
        end
    end

    local library = {
        _NAME = "cmsgpack", _VERSION = "lua-cmsgpack 0.4.0", _COPYRIGHT = "Copyright (C) 2012, Redis Ltd.",
        _DESCRIPTION = "MessagePack C implementation for Lua",
    }

    function library.pack(...)
        local arguments = select("#", ...)
        if arguments == 0 then
            bad_argument(0, "MessagePack pack needs input.")
        end
        parts, count = {}, 0
        for index = 1, arguments do
            pack_value((select(index, ...)), 0)
        end
        local text = concat(parts, "", 1, count)
        parts = nil
        note(#text)
        return text
    end

    local text, at, values

    -- Goes on by `size` bytes: the place of the first of them.
    local function take(size)
        local first = at
        at = at + size
        if at > #text + 1 then
            fail("Missing bytes in input.")
        end
        return first
    end

    local function read_unsigned(size)
        local first = take(size)
        local result = 0
        for index = first, first + size - 1 do
            result = result * 256 + byte(text, index)
        end
        return result
    end

    local function read_signed(size)
        local value = read_unsigned(size)
        return value >= 2 ^ (size * 8 - 1) and value - 2 ^ (size * 8) or value
    end

    -- An integer of 64 bits; the original takes each as one with a sign.
    local function read_long()
        local high = read_unsigned(4)
        local low = read_unsigned(4)
        return (high >= SIGN and high - WORD or high) * WORD + low
    end

    local function read_text(size)
        local first = take(size)
        return sub(text, first, at - 1)
    end

    local read_value

    local function read_array(length, depth)
        if depth > DEEPEST then
            fail("stack overflow (in function mp_decode_to_lua_array)")
        end
        local array = {}
        for index = 1, length do
            array[index] = read_value(depth)
        end
        return array
    end

    local function read_map(length, depth)
        if depth > DEEPEST then
            fail(TOO_MANY)
        end
        local map = {}
        for _ = 1, length do
            local key = read_value(depth)
            local value = read_value(depth)
            if key == nil then
                error("table index is nil", 0)
            elseif key ~= key then
                error("table index is NaN", 0)
            end
            map[key] = value
        end
        return map
    end

    local function read_float()
        return float_of_bits(read_unsigned(4))
    end

    local function read_double()
        local high = read_unsigned(4)
        return double_of_words(high, read_unsigned(4))
    end

    local FORMS = {
        [0xc0] = function() return nil end,
        [0xc2] = function() return false end,
        [0xc3] = function() return true end,
        [0xca] = read_float,
        [0xcb] = read_double,
        [0xcc] = function() return read_unsigned(1) end,
        [0xcd] = function() return read_unsigned(2) end,
        [0xce] = function() return read_unsigned(4) end,
        [0xcf] = read_long,
        [0xd0] = function() return read_signed(1) end,
        [0xd1] = function() return read_signed(2) end,
        [0xd2] = function() return read_signed(4) end,
        [0xd3] = read_long,
        [0xd9] = function() return read_text(read_unsigned(1)) end,
        [0xda] = function() return read_text(read_unsigned(2)) end,
        [0xdb] = function() return read_text(read_unsigned(4)) end,
        [0xdc] = function(depth) return read_array(read_unsigned(2), depth + 1) end,
        [0xdd] = function(depth) return read_array(read_unsigned(4), depth + 1) end,
        [0xde] = function(depth) return read_map(read_unsigned(2), depth + 1) end,
        [0xdf] = function(depth) return read_map(read_unsigned(4), depth + 1) end,
    }

    function read_value(depth)
        local code = byte(text, take(1))
        values = values + 1
        if values % VALUES == 0 then
            check()
        end
        if code < 0x80 then
            return code
        elseif code >= 0xe0 then
            return code - 256
        elseif code < 0x90 then
            return read_map(code - 0x80, depth + 1)
        elseif code < 0xa0 then
            return read_array(code - 0x90, depth + 1)
        elseif code < 0xc0 then
            return read_text(code - 0xa0)
        end
        local read = FORMS[code]
        if not read then
            fail("Bad data format in input.")
        end
        return read(depth)
    end

    -- Reads values from `offset` on, at most `limit` of them; all, and without the place behind them, where both are 0.
    local function read_all(input, limit, offset)
        if offset < 0 or limit < 0 then
            fail("Invalid request to unpack with offset of " .. offset .. " and limit of " .. #input .. ".")
        elseif offset > #input then
            fail("Start offset " .. offset .. " greater than input length " .. #input .. ".")
        end
        text, at, values = input, offset + 1, 0
        local every = limit == 0 and offset == 0
        local results, results_count = {}, every and 0 or 1
        local left = every and LARGEST_INT or limit
        while at <= #text and left > 0 do
            results_count, left = results_count + 1, left - 1
            if results_count > RESULTS then
                fail(TOO_MANY)
            end
            results[results_count] = read_value(0)
        end
        if not every then
            results[1] = at > #text and -1 or at - 1
        end
        text = nil
        return unpack(results, 1, results_count)
    end

    -- As C's conversion to a 32-bit integer of argument `number`, 0 where it is not given.
    local function optional_int(number, ...)
        if select("#", ...) < number or select(number, ...) == nil then
            return 0
        end
        local value = to_integer(number_of(number, ...)) % WORD
        return value >= SIGN and value - WORD or value
    end

    function library.unpack(...)
        return read_all(text_of(1, ...), 0, 0)
    end

    function library.unpack_one(...)
        local offset = optional_int(2, ...)
        return read_all(text_of(1, ...), 1, offset)
    end

    function library.unpack_limit(...)
        number_of(2, ...)
        local limit, offset = optional_int(2, ...), optional_int(3, ...)
        return read_all(text_of(1, ...), limit, offset)
    end
    return library
end

return { new_cmsgpack = new_cmsgpack }

-- The library `struct`: numbers and texts as bytes, by a format.
local needs = ...
local fail, bad_argument, number_of, text_of, to_integer = needs.fail, needs.bad_argument, needs.number_of, needs.text_of, needs.to_integer
local words_of_double, double_of_words, bits_of_float, float_of_bits =
    needs.words_of_double, needs.double_of_words, needs.bits_of_float, needs.float_of_bits
local check = needs.check

local byte, char, sub, find, rep, reverse, concat = string.byte, string.char, string.sub, string.find, string.rep, string.reverse, table.concat
local select, kind, tonumber, unpack, floor, min = select, type, tonumber, unpack, math.floor, math.min

local WORD, LARGEST_INT = 2 ^ 32, 2147483647
local MOST_BYTES = 32 -- of an integer
local ALIGNED = 8 -- what `!` means without a number
local SIZES = { b = 1, B = 1, h = 2, H = 2, l = 8, L = 8, T = 8, f = 4, d = 8, x = 1 }
local INTEGERS = { b = true, B = true, h = true, H = true, l = true, L = true, T = true, i = true, I = true }
local SIGNED = { b = true, h = true, l = true, i = true }
local RESULTS = 7990 -- what fits on the stack of a call
local STEPS = 4096 -- options between two looks at the time

-- A decimal number in a format: it, and where it ends; `default` without digits.
local function number_in(format, at, default)
    local first, last = find(format, "^%d+", at)
    if not first then
        return default, at
    end
    local number = last - first < 20 and tonumber(sub(format, first, last)) or LARGEST_INT + 1
    if number > LARGEST_INT then
        fail("integral size overflow")
    end
    return number, last + 1
end

-- The size of option `option`, whose number may stand at `at`, and where it ends.
local function size_of(option, format, at)
    local size = SIZES[option]
    if size then
        return size, at
    elseif option == "c" then
        return number_in(format, at, 1)
    elseif option == "i" or option == "I" then
        size, at = number_in(format, at, 4)
        if size > MOST_BYTES then
            fail("integral size " .. size .. " is larger than limit of " .. MOST_BYTES)
        end
        return size, at
    end
    return 0, at
end

-- Bytes to add at `position`, so that `size` bytes are aligned. As the original, which is made for powers of two.
local function padding(position, alignment, option, size)
    if size <= 1 or alignment == 1 or option == "c" then
        return 0
    end
    size = min(size, alignment)
    local mask, behind, place = size - 1, 0, 1
    while place <= mask do -- position & mask
        if floor(mask / place) % 2 == 1 and floor(position / place) % 2 == 1 then
            behind = behind + place
        end
        place = place * 2
    end
    local wanted, result = size - behind, 0
    place = 1
    while place <= mask do -- wanted & mask
        if floor(mask / place) % 2 == 1 and floor(wanted / place) % 2 == 1 then
            result = result + place
        end
        place = place * 2
    end
    return result
end

-- An option that says how to read the others: the new byte order and alignment, and where it ends.
local function control(option, format, at, big, alignment)
    if option == " " then
        return at, big, alignment
    elseif option == ">" or option == "<" then
        return at, option == ">", alignment
    elseif option == "!" then
        alignment, at = number_in(format, at, ALIGNED)
        local power = 1
        while power < alignment do
            power = power * 2
        end
        if power ~= alignment then
            fail("alignment " .. alignment .. " is not a power of 2")
        end
        return at, big, alignment
    end
    return bad_argument(1, "invalid format option '" .. option .. "'")
end

-- A format ends at its first NUL.
local function format_of(...)
    local format = text_of(1, ...)
    local stop = find(format, "\0", 1, true)
    return stop and sub(format, 1, stop - 1) or format
end

-- The lowest 64 bits of a number, as two words. What C makes of numbers that have none is what the hardware does.
local function words_of(number)
    if number ~= number then
        return 2147483648, 0
    elseif number < 0 then
        number = to_integer(number)
        local low = number % WORD
        return (number - low) / WORD % WORD, low
    elseif number >= 18446744073709551616 then
        return 0, 0
    end
    number = floor(number)
    return floor(number / WORD), number % WORD
end

local function bytes_of_word(word)
    local a = word % 256
    word = (word - a) / 256
    local b = word % 256
    word = (word - b) / 256
    local c = word % 256
    return char(a, b, c, (word - c) / 256)
end

local function packed_integer(number, size, big)
    local high, low = words_of(number)
    local bytes = bytes_of_word(low) .. bytes_of_word(high)
    bytes = size <= 8 and sub(bytes, 1, size) or bytes .. rep("\0", size - 8)
    return big and reverse(bytes) or bytes
end

local function packed_float(number, big)
    local bytes = bytes_of_word(bits_of_float(number))
    return big and reverse(bytes) or bytes
end

local function packed_double(number, big)
    local high, low = words_of_double(number)
    local bytes = bytes_of_word(low) .. bytes_of_word(high)
    return big and reverse(bytes) or bytes
end

local function word_at(bytes, at)
    local a, b, c, d = byte(bytes, at, at + 3)
    return a + b * 256 + c * 65536 + d * 16777216
end

local function unpacked_integer(bytes, size, big, signed)
    bytes = big and reverse(bytes) or bytes
    bytes = size < 8 and bytes .. rep("\0", 8 - size) or bytes
    local low, high = word_at(bytes, 1), word_at(bytes, 5)
    if not signed then
        return high * WORD + low
    end
    local place = (size * 8 - 1) % 64 -- of the sign
    if place >= 32 then
        if high >= 2 ^ (place - 32) then
            return (high - 2 ^ (place - 31)) * WORD + low
        end
    elseif size > 8 then
        -- the original's mask reaches from that place to the top: its bits are all set if one is
        if high > 0 or low >= 2 ^ place then
            return low % 2 ^ place - 2 ^ place
        end
    elseif low >= 2 ^ place then
        return low - 2 ^ (place + 1)
    end
    return high * WORD + low
end

local struct = {}

function struct.pack(...)
    local format, count = format_of(...), select("#", ...)
    local big, alignment, total, argument, at, steps = false, 1, 0, 2, 1, 0
    local values = { ... }
    local parts, used = {}, 0
    -- Argument `argument`, which is nil, and not absent, behind the last one.
    local function argument_of(take)
        if argument > count then
            return take(argument, unpack(values, 1, argument))
        end
        return take(argument, unpack(values, 1, count))
    end
    while at <= #format do
        local option = sub(format, at, at)
        local size
        size, at = size_of(option, format, at + 1)
        local zeros = padding(total, alignment, option, size)
        if zeros > 0 then
            used, total = used + 1, total + zeros
            parts[used] = rep("\0", zeros)
        end
        local part
        if INTEGERS[option] then
            local value = values[argument]
            part = packed_integer(kind(value) == "number" and value or argument_of(number_of), size, big)
            argument = argument + 1
        elseif option == "x" then
            part = "\0"
        elseif option == "f" then
            part = packed_float(argument_of(number_of), big)
            argument = argument + 1
        elseif option == "d" then
            part = packed_double(argument_of(number_of), big)
            argument = argument + 1
        elseif option == "c" or option == "s" then
            part = argument_of(text_of)
            argument = argument + 1
            size = size == 0 and #part or size
            if #part < size then
                bad_argument(argument, "string too short")
            end
            part = sub(part, 1, size) .. (option == "s" and "\0" or "")
            size = #part
        else
            at, big, alignment = control(option, format, at, big, alignment)
        end
        if part then
            used = used + 1
            parts[used] = part
        end
        total, steps = total + size, steps + 1
        if steps % STEPS == 0 then
            check()
        end
    end
    return concat(parts)
end

local function optional_offset(...)
    if select("#", ...) < 3 or select(3, ...) == nil then
        return 1
    end
    local offset = to_integer(number_of(3, ...))
    if offset == 0 then
        bad_argument(3, "offset must be 1 or greater")
    end
    return offset
end

function struct.unpack(...)
    local format, data, position = format_of(...), text_of(2, ...), optional_offset(...)
    local big, alignment, at, steps = false, 1, 1, 0
    local results, count = {}, 0
    position = position - 1
    local function need(size)
        if size < 0 or position < 0 or size > #data or position > #data - size then
            bad_argument(2, "data string too short")
        end
    end
    while at <= #format do
        local option = sub(format, at, at)
        local size
        size, at = size_of(option, format, at + 1)
        position = position + padding(position, alignment, option, size)
        need(size)
        if count > RESULTS then
            fail("stack overflow (too many results)")
        end
        local result
        if INTEGERS[option] then
            result = unpacked_integer(sub(data, position + 1, position + size), size, big, SIGNED[option])
        elseif option == "f" then
            local bytes = sub(data, position + 1, position + 4)
            result = float_of_bits(word_at(big and reverse(bytes) or bytes, 1))
        elseif option == "d" then
            local bytes = sub(data, position + 1, position + 8)
            bytes = big and reverse(bytes) or bytes
            result = double_of_words(word_at(bytes, 5), word_at(bytes, 1))
        elseif option == "c" then
            if size == 0 then
                size = count > 0 and tonumber(results[count])
                if not size then
                    fail("format 'c0' needs a previous size")
                end
                count = count - 1
                size = to_integer(size)
                need(size)
            end
            result = sub(data, position + 1, position + size)
        elseif option == "s" then
            local stop = find(data, "\0", position + 1, true)
            if not stop then
                fail("unfinished string in data")
            end
            size = stop - position
            result = sub(data, position + 1, stop - 1)
        elseif option ~= "x" then
            at, big, alignment = control(option, format, at, big, alignment)
        end
        if result then
            count = count + 1
            results[count] = result
        end
        position, steps = position + size, steps + 1
        if steps % STEPS == 0 then
            check()
        end
    end
    count = count + 1
    results[count] = position + 1
    return unpack(results, 1, count)
end

function struct.size(...)
    local format = format_of(...)
    local alignment, position, at, steps = 1, 0, 1, 0
    while at <= #format do
        local option = sub(format, at, at)
        local size
        size, at = size_of(option, format, at + 1)
        position = position + padding(position, alignment, option, size)
        if option == "s" then
            bad_argument(1, "option 's' has no fixed size")
        elseif option == "c" and size == 0 then
            bad_argument(1, "option 'c0' has no fixed size")
        elseif not find(option, "^%w") then
            local _
            at, _, alignment = control(option, format, at, false, alignment)
        end
        position, steps = position + size, steps + 1
        if steps % STEPS == 0 then
            check()
        end
    end
    return position
end

return { struct_library = struct }

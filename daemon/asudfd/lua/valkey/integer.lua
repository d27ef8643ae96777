-- Integers of 64 bits: their text read strictly, and their arithmetic where a double is not exact.
--
-- Below 2^53 an integer is a Lua number. Beyond, it is its decimal text, or two halves: value = high * 2^32 + low, with
-- 0 <= low < 2^32 and -2^31 <= high < 2^31.

local error = error
local find, floor, format, rep, sub, tonumber = string.find, math.floor, string.format, string.rep, string.sub, tonumber

local EXACT = 2 ^ 53
local WORD, HALF = 2 ^ 32, 2 ^ 31
local PIECE = 10 ^ 6 -- six digits at a time: 10^6 * 2^32 is exact in a double
local LARGEST, SMALLEST = "9223372036854775807", "9223372036854775808"

local integer = { MAX = LARGEST, MIN = "-" .. SMALLEST }

-- Whether the text is an integer of 64 bits as the server writes it: no sign but "-", no leading zeros, no spaces.
local function is_integer(text)
    if text == "0" then
        return true
    end
    local size = #text
    if size > 20 or not find(text, "^%-?[1-9]%d*$") then
        return false
    end
    if size < 19 then
        return true
    end
    if sub(text, 1, 1) == "-" then
        return size < 20 or sub(text, 2) <= SMALLEST
    end
    return size < 19 or size == 19 and text <= LARGEST
end

-- The integer as a number, rounded from 2^53 on; nil if the text is none.
function integer.parse(text)
    return is_integer(text) and tonumber(text) or nil
end

-- Whether a number is exact as an integer.
local function is_exact(n)
    return n < EXACT and n > -EXACT -- 2^53 itself is also what 2^53 + 1 is rounded to
end
integer.is_exact = is_exact

function integer.halves(text)
    local negative = sub(text, 1, 1) == "-"
    local digits = negative and sub(text, 2) or text
    digits = rep("0", (6 - #digits % 6) % 6) .. digits
    local high, low = 0, 0
    for at = 1, #digits, 6 do
        low = low * PIECE + tonumber(sub(digits, at, at + 5))
        local carry = floor(low / WORD)
        high, low = high * PIECE + carry, low - carry * WORD
    end
    if negative then
        if low == 0 then
            return -high, 0
        end
        return -high - 1, WORD - low
    end
    return high, low
end

-- The decimal text of two halves; `high` may also be up to 2^32 (an unsigned integer).
local function text_of(high, low)
    local sign = ""
    if high < 0 then
        sign = "-"
        if low == 0 then
            high = -high
        else
            high, low = -high - 1, WORD - low
        end
    end
    local digits = ""
    while high > 0 or low >= PIECE do
        local rest = high % PIECE
        high = floor(high / PIECE)
        local whole = rest * WORD + low
        low = floor(whole / PIECE)
        digits = format("%06.0f", whole - low * PIECE) .. digits
    end
    return sign .. format("%.0f", low) .. digits
end
integer.text_of = text_of

-- a + b of integers given as texts: the text, or nil if it does not fit into 64 bits.
function integer.add(a, b)
    local high_a, low_a = integer.halves(a)
    local high_b, low_b = integer.halves(b)
    local low = low_a + low_b
    local carry = low >= WORD and 1 or 0
    local high = high_a + high_b + carry
    if high >= HALF or high < -HALF then
        return nil
    end
    return text_of(high, low - carry * WORD)
end

-- The text of -n; nil for the smallest, which has none.
function integer.negate(text)
    if text == integer.MIN then
        return nil
    end
    if text == "0" then
        return text
    end
    return sub(text, 1, 1) == "-" and sub(text, 2) or "-" .. text
end

-- The reply of an integer given as text.
function integer.reply(text)
    local n = tonumber(text)
    return is_exact(n) and n or { kind = "integer", text }
end

-- Reads an integer argument; fails with `failure` (an error reply) if it is none. Both its number and its text are exact if
-- `is_exact` is true of the number.
function integer.argument(text, failure)
    if not is_integer(text) then
        error(failure, 0)
    end
    return tonumber(text)
end

return { integer = integer }

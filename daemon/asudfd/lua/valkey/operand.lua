-- Arguments of commands that several families have: doubles, ranges of places, pages of a scan.

local needs = ...
local integer, reply = needs.integer, needs.reply

local error, find, format, gsub, lower, tonumber, upper =
    error, string.find, string.format, string.gsub, string.lower, tonumber, string.upper
local parse = integer.parse

local operand = {}

local INFINITE = 1 / 0
local INFINITIES = {
    inf = INFINITE,
    ["+inf"] = INFINITE,
    ["-inf"] = -INFINITE,
    infinity = INFINITE,
    ["+infinity"] = INFINITE,
    ["-infinity"] = -INFINITE,
}
local NUMBER_MAX = 256 -- bytes of a number; what is longer is none

-- A double, also an infinite one, or nil. Neither hexadecimal nor blanks, nor what a double cannot hold.
function operand.double(text)
    if parse(text) then
        return tonumber(text)
    elseif #text > NUMBER_MAX then
        return nil
    end
    local mantissa = gsub(text, "[eE][+-]?%d+$", "", 1)
    if not find(mantissa, "^[+-]?%d+%.?%d*$") and not find(mantissa, "^[+-]?%.%d+$") then
        return INFINITIES[lower(text)]
    end
    local n = tonumber(text)
    if n - n ~= 0 or (n == 0 and find(mantissa, "[1-9]")) then
        return nil
    end
    return n
end

-- First and last place (from 0) of a range in which negative places count from the end; nil if it is empty.
function operand.range(first, last, n)
    if first < 0 then
        first = first + n
        if first < 0 then
            first = 0
        end
    end
    if last < 0 then
        last = last + n
    end
    if last >= n then
        last = n - 1
    end
    if first > last or first >= n then
        return nil
    end
    return first, last
end

-- A whole number that is not less than `low`; else fails with `failure`.
function operand.at_least(low, text, failure)
    local n = parse(text)
    if not n or n < low then
        error(failure, 0)
    end
    return n
end

local NOT_POSITIVE = reply.failure("ERR value is out of range, must be positive")
local NOT_IN_RANGE = reply.failure("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807")
local OUT_OF_RANGE = reply.failure("ERR value is out of range")
local HALF = 2 ^ 62

-- The count of SPOP, LPOP and their kin.
function operand.positive(text)
    return operand.at_least(0, text, NOT_POSITIVE)
end

-- The count of HRANDFIELD and its kin: negative, so many that may be the same. `by_pairs`: each gives two elements.
function operand.random_count(text, by_pairs)
    local n = integer.argument(text, reply.NOT_INTEGER)
    if text == integer.MIN then
        error(NOT_IN_RANGE, 0)
    end
    if by_pairs and (n > HALF - 1 or n < -HALF) then
        error(OUT_OF_RANGE, 0)
    end
    return n
end

-- The places that a step of a scan looks at, from the last to the first, and the next cursor as text. Elements stay at their
-- place, or move to an earlier one: so each that stays is seen.
function operand.page(n, cursor, count)
    local from = (cursor == 0 or cursor > n) and n or cursor
    local to = from - count + 1
    if to < 1 then
        to = 1
    end
    return from, to, format("%.0f", to > 1 and to - 1 or 0)
end

local NOT_TIMEOUT = reply.failure("ERR timeout is not a float or out of range")
local NEGATIVE_TIMEOUT = reply.failure("ERR timeout is negative")
local TIMEOUT_MAX = 2 ^ 63 / 1000

-- How long a client may be made to wait, in seconds; 0: for ever.
function operand.timeout(text)
    local seconds = operand.double(text) or (find(text, "^0[xX]%x+$") and tonumber(text))
    if not seconds or seconds * 1000 >= 2 ^ 63 then
        error(seconds and reply.failure("ERR timeout is out of range") or NOT_TIMEOUT, 0)
    end
    if seconds < 0 then
        error(NEGATIVE_TIMEOUT, 0)
    end
    return seconds <= TIMEOUT_MAX and seconds or TIMEOUT_MAX
end

-- The arguments from `first` to `last` as an array.
function operand.between(argv, first, last)
    local out = {}
    for i = first, last do
        out[i - first + 1] = argv[i]
    end
    return out
end

-- LEFT or RIGHT.
function operand.is_left(text)
    local side = upper(text)
    if side ~= "LEFT" and side ~= "RIGHT" then
        error(reply.SYNTAX, 0)
    end
    return side == "LEFT"
end

-- Appends the arguments from `first` to `last` to the array `out`, and returns it.
function operand.joined(out, argv, first, last)
    local n = #out
    for i = first, last do
        n = n + 1
        out[n] = argv[i]
    end
    return out
end

return { operand = operand }

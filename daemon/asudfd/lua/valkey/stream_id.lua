-- Identifiers of stream entries: two unsigned integers of 64 bits, as a text of 40 digits, so that texts compare as the numbers do.

local needs = ...
local reply = needs.reply

local byte, error, find, floor, format, match, rep, sub, tonumber =
    string.byte, error, string.find, math.floor, string.format, string.match, string.rep, string.sub, tonumber

local HALF_MAX = "18446744073709551615"
local HALF_MIN = rep("0", 20)
local EXACT = 2 ^ 53
local PIECE = 10 ^ 10 -- half of a half; its numbers are exact in a double

local stream_id = { MIN = HALF_MIN .. HALF_MIN, MAX = HALF_MAX .. HALF_MAX, HALF_MAX = HALF_MAX, HALF_MIN = HALF_MIN }

local INVALID = reply.failure("ERR Invalid stream ID specified as stream command argument")
local INVALID_START = reply.failure("ERR invalid start ID for the interval")
local INVALID_END = reply.failure("ERR invalid end ID for the interval")

-- A number of 64 bits as 20 digits, or nil.
local function half(text)
    local digits = match(text, "^0*(%d+)$")
    if not digits or #digits > 20 or (#digits == 20 and digits > HALF_MAX) then
        return nil
    end
    return rep("0", 20 - #digits) .. digits
end

-- The identifier that the text tells, or nil; `second` is its second half if there is none in the text.
local function parse(text, second)
    local first, rest = match(text, "^(%d+)%-?(.*)$")
    first = first and half(first)
    if not first then
        return nil
    elseif rest == "" and not find(text, "-", 1, true) then
        return first .. second
    end
    second = half(rest)
    return second and first .. second
end

-- An identifier that has no special form; the error if it is none.
function stream_id.read(text)
    return parse(text, HALF_MIN) or error(INVALID, 0)
end

function stream_id.try(text)
    return parse(text, HALF_MIN)
end

-- The halves of an argument of XADD: the second is nil in "5-*". All is nil if it is none.
function stream_id.read_new(text)
    local first = match(text, "^(%d+)%-%*$")
    if first then
        return half(first) or error(INVALID, 0), nil
    end
    local id = stream_id.read(text)
    return sub(id, 1, 20), sub(id, 21)
end

-- 20 digits and one more or less; nil beyond the ends.
local function half_next(digits)
    if digits == HALF_MAX then
        return nil
    end
    local high, low = tonumber(sub(digits, 1, 10)), tonumber(sub(digits, 11)) + 1
    if low == PIECE then
        high, low = high + 1, 0
    end
    return format("%010.0f%010.0f", high, low)
end
stream_id.half_next = half_next

local function half_before(digits)
    if digits == HALF_MIN then
        return nil
    end
    local high, low = tonumber(sub(digits, 1, 10)), tonumber(sub(digits, 11)) - 1
    if low < 0 then
        high, low = high - 1, PIECE - 1
    end
    return format("%010.0f%010.0f", high, low)
end

-- The next identifier, or nil behind the last.
function stream_id.next(id)
    local first, second = sub(id, 1, 20), half_next(sub(id, 21))
    if second then
        return first .. second
    end
    first = half_next(first)
    return first and first .. HALF_MIN
end

-- The identifier before, or nil before the first.
function stream_id.before(id)
    local first, second = sub(id, 1, 20), half_before(sub(id, 21))
    if second then
        return first .. second
    end
    first = half_before(first)
    return first and first .. HALF_MAX
end

-- A bound of a range. `is_end`: a first half alone stands for all that it begins.
function stream_id.bound(text, is_end)
    if text == "-" then
        return stream_id.MIN
    elseif text == "+" then
        return stream_id.MAX
    end
    local second = is_end and HALF_MAX or HALF_MIN
    if byte(text) ~= 40 then -- (
        return parse(text, second) or error(INVALID, 0)
    end
    local id = parse(sub(text, 2), second) or error(INVALID, 0)
    if is_end then
        return stream_id.before(id) or error(INVALID_END, 0)
    end
    return stream_id.next(id) or error(INVALID_START, 0)
end

local function half_text(digits)
    local n = tonumber(digits)
    return n < EXACT and format("%.0f", n) or match(digits, "^0*(%d+)$")
end

function stream_id.text(id)
    return half_text(sub(id, 1, 20)) .. "-" .. half_text(sub(id, 21))
end

-- The first half for a time in milliseconds.
function stream_id.half_of(milliseconds)
    return format("%020.0f", floor(milliseconds))
end

return { stream_id = stream_id }

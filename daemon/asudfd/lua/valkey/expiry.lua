-- Times of expiry, as commands are given them: in seconds or milliseconds, from now or since 1970.
--
-- A time is a number of milliseconds since 1970, and its text as a second value where the number is not exact.

local needs = ...
local integer, reply, state = needs.integer, needs.reply, needs.state

local error, floor, format, sub, tonumber = error, math.floor, string.format, string.sub, tonumber
local parse = integer.parse

local expiry = {}

local NEAR = 10 ^ 12 -- up to this nothing overflows nor loses digits, in seconds too
local SECONDS_MAX = "9223372036854775" -- more do not fit into 64 bits as milliseconds

local function invalid(command)
    error(reply.failure("ERR invalid expire time in '" .. command .. "' command"), 0)
end

local function far(text, in_seconds, from_now, command)
    if in_seconds and text ~= "0" then
        local digits = sub(text, 1, 1) == "-" and sub(text, 2) or text
        if #digits > #SECONDS_MAX or (#digits == #SECONDS_MAX and digits > SECONDS_MAX) then
            invalid(command)
        end
        text = text .. "000"
    end
    if from_now then
        text = integer.add(text, format("%.0f", floor(state.now))) or invalid(command)
    end
    return tonumber(text), text
end

-- The time that the argument tells; `command` is named in the error. EXPIRE and its kin take times that are over (`any`).
function expiry.read(text, in_seconds, from_now, command, any)
    local n = parse(text)
    if not n then
        error(reply.NOT_INTEGER, 0)
    end
    if n <= 0 and not any then
        invalid(command)
    end
    if n > NEAR or n < -NEAR then
        return far(text, in_seconds, from_now, command)
    end
    n = in_seconds and n * 1000 or n
    return from_now and n + floor(state.now) or n
end

-- The time as text, for the journal.
function expiry.text(at, text)
    return text or format("%.0f", at)
end

-- Whether that time is over.
function expiry.is_over(at)
    return at <= state.now and not state.importing
end

-- EX, PX, EXAT and PXAT: whether the time is in seconds, and whether it is from now on.
expiry.UNITS = { EX = { true, true }, PX = { false, true }, EXAT = { true, false }, PXAT = { false, false } }

-- The time of an option with that unit.
function expiry.read_option(unit, text, command)
    local how = expiry.UNITS[unit]
    return expiry.read(text, how[1], how[2], command)
end

return { expiry = expiry }

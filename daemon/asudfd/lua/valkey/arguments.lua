-- What a library function says of its arguments, in the words of Lua's own.
local getinfo, error, kind, select, tonumber = debug.getinfo, error, type, select, tonumber

-- The level of the library function at hand, seen from who calls this: the outermost frame of stripped code.
local function library_level()
    local level = 3
    while true do
        local info = getinfo(level + 1, "l")
        if info == nil or info.currentline ~= 0 then
            return level - 1
        end
        level = level + 1
    end
end

-- Raises an error with the place from which the library function at hand was called.
local function fail(text)
    error(text, library_level() + 1)
end

local function bad_argument(number, text)
    local level = library_level()
    local how = getinfo(level, "n")
    local name = how.name or "?"
    if how.namewhat == "method" then
        number = number - 1
        if number == 0 then
            error("calling '" .. name .. "' on bad self (" .. text .. ")", level + 1)
        end
    end
    error("bad argument #" .. number .. " to '" .. name .. "' (" .. text .. ")", level + 1)
end

-- Argument `number` of `...` has not the type that is expected.
local function wrong_type(number, expected, ...)
    local found = number > select("#", ...) and "no value" or kind((select(number, ...)))
    bad_argument(number, expected .. " expected, got " .. found)
end

-- Argument `number` of `...` as a number.
local function number_of(number, ...)
    local value = select(number, ...)
    if kind(value) == "number" then
        return value
    end
    local converted = kind(value) == "string" and tonumber(value)
    if not converted then
        wrong_type(number, "number", ...)
    end
    return converted
end

-- Argument `number` of `...` as a text.
local function text_of(number, ...)
    local value = select(number, ...)
    if kind(value) == "string" then
        return value
    elseif kind(value) ~= "number" then
        wrong_type(number, "string", ...)
    end
    return value .. ""
end

-- The place of the user's code that runs, as it stands in front of a message: for what an original
-- function calls, from which `fail` would not find the caller.
local function place_in_front()
    local level = 2
    while true do
        local info = getinfo(level, "Sl")
        if info == nil then
            return ""
        elseif info.currentline > 0 then
            return info.short_src .. ":" .. info.currentline .. ": "
        end
        level = level + 1
    end
end

-- A number as C's conversion to a long has it, towards zero; what has no such value is the least one.
local LEAST = -2 ^ 63
local function to_integer(value)
    if value >= LEAST and value < -LEAST then
        return value - value % (value < 0 and -1 or 1)
    end
    return LEAST
end

return {
    fail = fail, bad_argument = bad_argument, wrong_type = wrong_type, number_of = number_of, text_of = text_of, to_integer = to_integer,
    place_in_front = place_in_front,
}

-- JSON from Lua values.
local needs = ...
local fail, bad_argument, check, note = needs.fail, needs.bad_argument, needs.check, needs.note

local kind, next, select, format = type, next, select, string.format
local find, gsub, rawget, concat = string.find, string.gsub, rawget, table.concat

local SPECIAL = '[%c"\\/\127]'
local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["/"] = "\\/", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }
for code = 0, 127 do
    local character = string.char(code)
    if (code < 32 or code == 127) and not ESCAPES[character] then
        ESCAPES[character] = format("\\u%04x", code)
    end
end

local VALUES = 256 -- between two looks at the time
local LARGEST_INT = 2147483647
-- What the stack holds, whatever the setting says, and what an array and an object take of it.
local SLOTS, ARRAY, OBJECT = 7998, 1, 2
local NO_NUMBER = "Cannot serialise number: must not be NaN or Inf"

local function quoted(text)
    if find(text, SPECIAL) then
        text = gsub(text, SPECIAL, ESCAPES)
    end
    return '"' .. text .. '"'
end

-- The function `encode` of an instance with these settings; `real` has the table behind each proxy.
local function new_encoder(settings, null, real)
    local parts, count, numerals

    local function number_of_value(number)
        if number - number ~= 0 then -- no finite number
            local invalid = settings.encode_invalid
            if invalid == "null" then
                return "null"
            elseif not invalid then
                fail(NO_NUMBER)
            end
            return number ~= number and "nan" or number > 0 and "inf" or "-inf"
        end
        return format(numerals, number)
    end

    -- The length of a table that is an array; nil for an object.
    local function array_length(t)
        local most, items = 0, 0
        for key in next, t do
            if kind(key) ~= "number" or key < 1 or key % 1 ~= 0 or key > LARGEST_INT then
                return nil
            end
            items = items + 1
            most = key > most and key or most
            if items % VALUES == 0 then
                check()
            end
        end
        if items == 0 then
            return nil
        end
        local ratio = settings.sparse_ratio
        if ratio > 0 and most > items * ratio and most > settings.sparse_safe then
            if not settings.convert_sparse then
                fail("Cannot serialise table: excessively sparse array")
            end
            return nil
        end
        return most
    end

    local encode_value

    local function encode_array(t, length, depth, slots)
        for index = 1, length do
            count = count + 1
            parts[count] = index == 1 and "[" or ","
            encode_value(rawget(t, index), depth, slots)
        end
        count = count + 1
        parts[count] = "]"
    end

    local function encode_object(t, depth, slots)
        local before = "{"
        for key, value in next, t do
            local form = kind(key)
            count = count + 1
            if form == "string" then
                parts[count] = before .. quoted(key) .. ":"
            elseif form == "number" then
                parts[count] = before .. '"' .. number_of_value(key) .. '":'
            else
                fail("Cannot serialise " .. form .. ": table key must be a number or string")
            end
            before = ","
            encode_value(value, depth, slots)
        end
        count = count + 1
        parts[count] = before == "{" and "{}" or "}"
    end

    function encode_value(value, depth, slots)
        local form, part = kind(value), nil
        if form == "string" then
            part = quoted(value)
        elseif form == "number" then
            part = number_of_value(value)
        elseif form == "boolean" then
            part = value and "true" or "false"
        elseif value == nil or value == null then
            part = "null"
        elseif form == "table" then
            value = real[value] or value
            local length = array_length(value)
            depth, slots = depth + 1, slots + (length and ARRAY or OBJECT)
            if depth > settings.encode_depth or slots > SLOTS then
                fail("Cannot serialise, excessive nesting (" .. depth .. ")")
            elseif length then
                encode_array(value, length, depth, slots)
            else
                encode_object(value, depth, slots)
            end
            return
        else
            fail("Cannot serialise " .. form .. ": type not supported")
        end
        count = count + 1
        parts[count] = part
        if count % VALUES == 0 then
            check()
        end
    end

    return function(...)
        if select("#", ...) ~= 1 then
            bad_argument(1, "expected 1 argument")
        end
        parts, count, numerals = {}, 0, "%." .. settings.digits .. "g"
        encode_value((...), 0, 0)
        local text = concat(parts, "", 1, count)
        parts = nil
        note(#text)
        return text
    end
end

return { new_encoder = new_encoder }

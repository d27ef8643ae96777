-- Lua values from JSON. It takes what the real server's parser takes, and names the same place where it takes nothing more.
local needs = ...
local fail, bad_argument, text_of, check, note = needs.fail, needs.bad_argument, needs.text_of, needs.check, needs.note

local byte, sub, char, find, lower, concat, format = string.byte, string.sub, string.char, string.find, string.lower, table.concat, string.format
local select, tonumber, floor = select, tonumber, math.floor

local VALUES = 256 -- between two looks at the time
-- What the stack holds, whatever the setting says, and what an array and an object take of it.
local SLOTS, ARRAY, OBJECT = 7998, 1, 2
local ESCAPES = { [34] = '"', [47] = "/", [92] = "\\", [98] = "\b", [102] = "\f", [110] = "\n", [114] = "\r", [116] = "\t" }
local NAMES = {
    [123] = "T_OBJ_BEGIN", [125] = "T_OBJ_END", [91] = "T_ARR_BEGIN", [93] = "T_ARR_END", [58] = "T_COLON", [44] = "T_COMMA",
}
local SPACE = { [32] = true, [9] = true, [10] = true, [13] = true }

local function utf8(code)
    if code < 0x80 then
        return char(code)
    elseif code < 0x800 then
        return char(0xC0 + floor(code / 64), 0x80 + code % 64)
    elseif code < 0x10000 then
        return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
    end
    return char(0xF0 + floor(code / 262144), 0x80 + floor(code / 4096) % 64, 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

-- Whether the text at `at` begins with what C reads as a number and JSON does not know as one.
local function is_invalid_number(text, at)
    local first = byte(text, at)
    if first == 43 then
        return true
    elseif first == 45 then
        at = at + 1
    end
    if find(text, "^0[xX%d]", at) then
        return true
    end
    local word = lower(sub(text, at, at + 2))
    return word == "inf" or word == "nan"
end

-- The number at `at`, read as C reads it, and the place behind it; nil without one.
local function read_c_number(text, at)
    local _, sign = find(text, "^[-+]?", at)
    local digits = sign + 1
    local last
    if find(text, "^0[xX]%x", digits) or find(text, "^0[xX]%.%x", digits) then
        _, last = find(text, "^0[xX]%x*%.?%x*", digits)
        local _, exponent = find(text, "^[pP][-+]?%d+", last + 1)
        last = exponent or last
    elseif find(text, "^%.?%d", digits) then
        _, last = find(text, "^%d*%.?%d*", digits)
        local _, exponent = find(text, "^[eE][-+]?%d+", last + 1)
        last = exponent or last
    else
        local word = lower(sub(text, digits, digits + 7))
        if word == "infinity" then
            last = digits + 7
        elseif sub(word, 1, 3) == "inf" then
            last = digits + 2
        elseif sub(word, 1, 3) == "nan" then
            last = digits + 2
            local _, behind = find(text, "^%([%w_]*%)", last + 1)
            return tonumber(sub(text, at, last)), (behind or last) + 1
        else
            return nil
        end
    end
    return tonumber(sub(text, at, last)), last + 1
end

-- The function `decode` of an instance with these settings.
local function new_decoder(settings, null)
    local text, at, depth, slots, values

    local function refuse(expected, found, place)
        fail(format("Expected %s but found %s at character %d", expected, found, place))
    end

    local function skip_space()
        local code = byte(text, at)
        while SPACE[code] do
            at = at + 1
            code = byte(text, at)
        end
        return code
    end

    -- The character of the escape \uXXXX at `place`, and the place behind it.
    local function read_unicode(place, expected)
        local _, _, digits = find(text, "^(%x%x%x%x)", place + 2)
        local code, behind = digits and tonumber(digits, 16), place + 6
        if code and code >= 0xD800 and code < 0xE000 then
            local _, _, second = find(text, "^\\u(%x%x%x%x)", behind)
            local low = second and tonumber(second, 16)
            if code < 0xDC00 and low and low >= 0xDC00 and low < 0xE000 then
                code, behind = (code - 0xD800) * 1024 + low - 0xDC00 + 0x10000, behind + 6
            else
                code = nil
            end
        end
        if not code then
            refuse(expected, "invalid unicode escape code", place)
        end
        return utf8(code), behind
    end

    -- The rest of a string with escapes; `stop` is the first of them.
    local function read_escapes(stop, expected)
        local parts, count = {}, 0
        while true do
            count = count + 1
            parts[count] = sub(text, at, stop - 1)
            local code = byte(text, stop)
            if code == 34 then
                at = stop + 1
                return concat(parts)
            elseif code ~= 92 then
                refuse(expected, "unexpected end of string", stop)
            end
            code = byte(text, stop + 1)
            count = count + 1
            if code == 117 then
                parts[count], at = read_unicode(stop, expected)
            else
                parts[count], at = ESCAPES[code], stop + 2
                if not parts[count] then
                    refuse(expected, "invalid escape code", stop)
                end
            end
            if count % VALUES == 0 then
                check()
            end
            stop = find(text, '["\\%z]', at) or #text + 1
        end
    end

    -- The string whose opening quote is at `at`.
    local function read_string(expected)
        at = at + 1
        local stop = find(text, '["\\%z]', at) or #text + 1
        if byte(text, stop) == 34 then
            local value = sub(text, at, stop - 1)
            at = stop + 1
            return value
        end
        return read_escapes(stop, expected)
    end

    local function read_number(expected)
        local _, last = find(text, "^-?%d+%.?%d*[eE]?[-+]?%d*", at)
        if last and byte(text, at) ~= 48 and byte(text, at + 1) ~= 48 then
            local value = tonumber(sub(text, at, last))
            if value then
                at = last + 1
                return value
            end
        end
        local value, behind
        if settings.decode_invalid or not is_invalid_number(text, at) then
            value, behind = read_c_number(text, at)
        end
        if not value then
            refuse(expected, "invalid number", at)
        end
        at = behind
        return value
    end

    -- Refuses the token at `at`, whose first byte is `code`: where `expected` stands in JSON, it does not.
    local function refuse_token(expected, code)
        local place = at
        local name = NAMES[code]
        if name then
            refuse(expected, name, place)
        elseif code == nil or code == 0 then
            refuse(expected, "T_END", place)
        elseif code == 34 then
            read_string(expected)
            refuse(expected, "T_STRING", place)
        elseif code == 45 or code >= 48 and code <= 57 then
            read_number(expected)
            refuse(expected, "T_NUMBER", place)
        elseif find(text, "^true", at) or find(text, "^false", at) then
            refuse(expected, "T_BOOLEAN", place)
        elseif find(text, "^null", at) then
            refuse(expected, "T_NULL", place)
        elseif settings.decode_invalid and is_invalid_number(text, at) then
            read_number(expected)
            refuse(expected, "T_NUMBER", place)
        end
        refuse(expected, "invalid token", place)
    end

    local function descend(size)
        depth, slots = depth + 1, slots + size
        if depth > settings.decode_depth or slots > SLOTS then
            fail("Found too many nested data structures (" .. depth .. ") at character " .. at)
        end
        at = at + 1
    end

    local read_value

    local function read_array()
        descend(ARRAY)
        local array, length = {}, 0
        local code = skip_space()
        if code ~= 93 then
            while true do
                length = length + 1
                array[length] = read_value(code)
                code = skip_space()
                if code == 93 then
                    break
                elseif code ~= 44 then
                    refuse_token("comma or array end", code)
                end
                at = at + 1
                code = skip_space()
            end
        end
        at, depth, slots = at + 1, depth - 1, slots - ARRAY
        return array
    end

    local function read_object()
        descend(OBJECT)
        local object = {}
        local code = skip_space()
        if code ~= 125 then
            while true do
                if code ~= 34 then
                    refuse_token("object key string", code)
                end
                local key = read_string("object key string")
                code = skip_space()
                if code ~= 58 then
                    refuse_token("colon", code)
                end
                at = at + 1
                object[key] = read_value(skip_space())
                code = skip_space()
                if code == 125 then
                    break
                elseif code ~= 44 then
                    refuse_token("comma or object end", code)
                end
                at = at + 1
                code = skip_space()
            end
        end
        at, depth, slots = at + 1, depth - 1, slots - OBJECT
        return object
    end

    -- The value at `at`, whose first byte is `code`.
    function read_value(code)
        values = values + 1
        if values % VALUES == 0 then
            check()
        end
        if code == 34 then
            return read_string("value")
        elseif code == 123 then
            return read_object()
        elseif code == 91 then
            return read_array()
        elseif code and (code >= 48 and code <= 57 or code == 45) then
            return read_number("value")
        elseif code == 116 and find(text, "^true", at) then
            at = at + 4
            return true
        elseif code == 102 and find(text, "^false", at) then
            at = at + 5
            return false
        elseif code == 110 and find(text, "^null", at) then
            at = at + 4
            return null
        elseif code and settings.decode_invalid and is_invalid_number(text, at) then
            return read_number("value")
        end
        return refuse_token("value", code)
    end

    return function(...)
        if select("#", ...) ~= 1 then
            bad_argument(1, "expected 1 argument")
        end
        text, at, depth, slots, values = text_of(1, ...), 1, 0, 0, 0
        note(#text)
        if #text > 1 and find(sub(text, 1, 2), "%z") then
            fail("JSON parser does not support UTF-16 or UTF-32")
        end
        local value = read_value(skip_space())
        local code = skip_space()
        if code ~= nil and code ~= 0 then
            refuse_token("the end", code)
        end
        text = nil
        return value
    end
end

return { new_decoder = new_decoder }

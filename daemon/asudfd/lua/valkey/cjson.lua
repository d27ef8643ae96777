-- The library `cjson`: its settings, and instances of it that have settings of their own.
local needs = ...
local bad_argument, number_of, to_integer = needs.bad_argument, needs.number_of, needs.to_integer
local new_encoder, new_decoder = needs.new_encoder, needs.new_decoder

local kind, select, newproxy, getmetatable = type, select, newproxy, debug.getmetatable

local LARGEST_INT = 2147483647
local MOST_DIGITS = 14 -- of a number that is written

-- JSON's null: a value that is nothing else.
local null = newproxy(true)
getmetatable(null).__tostring = function()
    return "userdata: (nil)"
end

local function defaults()
    return {
        convert_sparse = false, sparse_ratio = 2, sparse_safe = 10, -- arrays with holes
        encode_depth = 1000, decode_depth = 1000,
        encode_invalid = false, decode_invalid = true, -- numbers that JSON has not: false, true, or "null" in place of them
        keep_buffer = true, digits = MOST_DIGITS,
    }
end

local function check_count(most, ...)
    if select("#", ...) > most then
        bad_argument(most + 1, "found too many arguments")
    end
end

-- Argument `number` as the new value of the setting `name`, an integer in a range, if it is given: the value in force.
local function set_integer(settings, name, number, least, most, ...)
    if select(number, ...) ~= nil then
        local value = to_integer(number_of(number, ...))
        value = value % 4294967296
        value = value >= 2147483648 and value - 4294967296 or value
        if value < least or value > most then
            bad_argument(1, "expected integer between " .. least .. " and " .. most)
        end
        settings[name] = value
    end
    return settings[name]
end

local WORDS = { on = true, off = false }

-- The same for a setting that is on or off, or null where `also_null` is true.
local function set_option(settings, name, also_null, ...)
    local value = ...
    if value ~= nil then
        if kind(value) == "string" or kind(value) == "number" then
            local word = value .. ""
            value = WORDS[word]
            if also_null and word == "null" then
                value = word
            elseif value == nil then
                bad_argument(1, "invalid option '" .. word .. "'")
            end
        else
            value = value and true
        end
        settings[name] = value
    end
    return settings[name]
end

local new_instance

-- What the user sees of one instance: functions with these settings.
function new_instance(real)
    local settings = defaults()
    local library = { _NAME = "cjson", _VERSION = "2.1.0", null = null }
    library.encode, library.decode = new_encoder(settings, null, real), new_decoder(settings, null)

    function library.encode_sparse_array(...)
        check_count(3, ...)
        local convert = set_option(settings, "convert_sparse", false, ...)
        local ratio = set_integer(settings, "sparse_ratio", 2, 0, LARGEST_INT, ...)
        return convert, ratio, (set_integer(settings, "sparse_safe", 3, 0, LARGEST_INT, ...))
    end

    function library.encode_max_depth(...)
        check_count(1, ...)
        return set_integer(settings, "encode_depth", 1, 1, LARGEST_INT, ...)
    end

    function library.decode_max_depth(...)
        check_count(1, ...)
        return set_integer(settings, "decode_depth", 1, 1, LARGEST_INT, ...)
    end

    function library.encode_number_precision(...)
        check_count(1, ...)
        return set_integer(settings, "digits", 1, 1, MOST_DIGITS, ...)
    end

    function library.encode_keep_buffer(...)
        check_count(1, ...)
        return set_option(settings, "keep_buffer", false, ...)
    end

    function library.encode_invalid_numbers(...)
        check_count(1, ...)
        return set_option(settings, "encode_invalid", true, ...)
    end

    function library.decode_invalid_numbers(...)
        check_count(1, ...)
        return set_option(settings, "decode_invalid", false, ...)
    end

    library.new = function()
        return new_instance(real)
    end
    return library
end

return { new_cjson = new_instance, json_null = null }

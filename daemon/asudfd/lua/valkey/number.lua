-- Numbers as the server writes and reads them.
--
--   number_text(number)     as the argument of a command, or as the text of a double: a plain integer where it is one of at most
--                           2^62, else the fewest digits that give the same double back
--   reply_integer(number)   as an integer reply: towards zero; what has no such value is the least integer
local needs = ...
local to_integer = needs.to_integer

local format, sub, rep, find, gsub, tonumber, huge = string.format, string.sub, string.rep, string.find, string.gsub, tonumber, math.huge

local LARGEST_PLAIN = 4611686018427387904 -- 2 ^ 62
local EXACT = 9007199254740992 -- 2 ^ 53: below it %.0f is not needed
local SMALLEST_NORMAL = 2.2250738585072014e-308 -- below it doubles have fewer than 15 digits
local LEAST = "-9223372036854775808"

-- The fewest digits that give the number back, and the exponent of the last of them.
local function shortest(number)
    for precision = number < SMALLEST_NORMAL and 0 or 14, 16 do
        local text = format("%." .. precision .. "e", number)
        if precision == 16 or tonumber(text) == number then
            local _, _, first, rest, exponent = find(text, "^(%d)%.?(%d*)e([-+]%d+)$")
            local digits = gsub(first .. rest, "0+$", "")
            return digits, tonumber(exponent) - #digits + 1
        end
    end
end

-- The layout of digits and the exponent of the last of them.
local function laid_out(digits, last)
    local count = #digits
    local exponent = last + count - 1
    local size = exponent < 0 and -exponent or exponent
    if last >= 0 and size < count + 7 then
        return digits .. rep("0", last)
    elseif last < 0 and (last > -7 or size < 4) then
        local point = count + last
        if point <= 0 then
            return "0." .. rep("0", -point) .. digits
        end
        return sub(digits, 1, point) .. "." .. sub(digits, point + 1)
    end
    local fraction = count > 1 and "." .. sub(digits, 2) or ""
    return sub(digits, 1, 1) .. fraction .. "e" .. (exponent < 0 and "-" or "+") .. size
end

local function number_text(number)
    if number % 1 == 0 and number <= LARGEST_PLAIN and number >= -LARGEST_PLAIN then
        if number == 0 then
            return 1 / number < 0 and "-0" or "0"
        end
        return format("%d", number)
    elseif number ~= number then
        return sub(format("%f", number), 1, 1) == "-" and "-nan" or "nan"
    elseif number == huge then
        return "inf"
    elseif number == -huge then
        return "-inf"
    end
    if number < 0 then
        return "-" .. laid_out(shortest(-number))
    end
    return laid_out(shortest(number))
end

local function reply_integer(number)
    if number % 1 == 0 and number < EXACT and number > -EXACT then
        return format("%d", number)
    end
    number = to_integer(number)
    return number == -9223372036854775808 and LEAST or format("%.0f", number)
end

return { number_text = number_text, reply_integer = reply_integer }

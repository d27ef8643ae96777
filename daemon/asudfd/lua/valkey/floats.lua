-- The bits of doubles and floats, as numbers; for `struct` and `cmsgpack`.
local floor, frexp, ldexp, abs, huge, tostring, sub = math.floor, math.frexp, math.ldexp, math.abs, math.huge, tostring, string.sub

local WORD, SIGN = 2 ^ 32, 2 ^ 31
local NEGATIVE_NAN = 0 / 0
if sub(tostring(NEGATIVE_NAN), 1, 1) ~= "-" then
    NEGATIVE_NAN = -NEGATIVE_NAN
end
local LARGEST_FLOAT = 3.4028235677973366e38 -- what is not below it is rounded to infinity

local function is_negative(number)
    if number == 0 then
        return 1 / number < 0
    elseif number ~= number then
        return sub(tostring(number), 1, 1) == "-"
    end
    return number < 0
end

-- Rounds half to even.
local function rounded(number)
    local down = floor(number)
    local rest = number - down
    if rest > 0.5 or rest == 0.5 and down % 2 == 1 then
        return down + 1
    end
    return down
end

-- The upper and the lower 32 bits of a double.
local function words_of_double(number)
    local sign = is_negative(number) and SIGN or 0
    if number ~= number then
        return sign + 0x7ff80000, 0
    elseif number == 0 then
        return sign, 0
    end
    number = abs(number)
    if number == huge then
        return sign + 0x7ff00000, 0
    end
    local mantissa, exponent = frexp(number)
    local biased = exponent + 1022
    if biased > 0 then
        mantissa = (mantissa * 2 - 1) * 4503599627370496
    else
        mantissa, biased = ldexp(mantissa, exponent + 1074), 0
    end
    return sign + biased * 1048576 + floor(mantissa / WORD), mantissa % WORD
end

local function double_of_words(high, low)
    local negative = high >= SIGN
    high = negative and high - SIGN or high
    local biased, mantissa = floor(high / 1048576), high % 1048576 * WORD + low
    local number
    if biased == 2047 then
        number = mantissa == 0 and huge or -NEGATIVE_NAN
        return negative and -number or number
    elseif biased == 0 then
        number = ldexp(mantissa, -1074)
    else
        number = ldexp(mantissa + 4503599627370496, biased - 1075)
    end
    return negative and -number or number
end

-- The 32 bits of the float next to a number.
local function bits_of_float(number)
    local sign = is_negative(number) and SIGN or 0
    if number ~= number then
        return sign + 0x7fc00000
    elseif number == 0 then
        return sign
    end
    number = abs(number)
    if number >= LARGEST_FLOAT then
        return sign + 0x7f800000
    end
    local mantissa, exponent = frexp(number)
    local biased = exponent + 126
    if biased >= 1 then
        return sign + (biased - 1) * 8388608 + rounded(mantissa * 16777216)
    end
    return sign + rounded(ldexp(mantissa, exponent + 149))
end

local function float_of_bits(bits)
    local negative = bits >= SIGN
    bits = negative and bits - SIGN or bits
    local biased, mantissa = floor(bits / 8388608), bits % 8388608
    local number
    if biased == 255 then
        number = mantissa == 0 and huge or -NEGATIVE_NAN
    elseif biased == 0 then
        number = ldexp(mantissa, -149)
    else
        number = ldexp(mantissa + 8388608, biased - 150)
    end
    return negative and -number or number
end

return {
    words_of_double = words_of_double, double_of_words = double_of_words, bits_of_float = bits_of_float, float_of_bits = float_of_bits,
}

-- The library `bit`: operations on 32 bits, in doubles. A number stands for its lowest 32 bits, rounded as the hardware does.
local needs = ...
local number_of = needs.number_of

local kind, select, floor, frexp, abs, format, lower, sub = type, select, math.floor, math.frexp, math.abs, string.format, string.lower, string.sub

local WORD, SIGN, HALF = 2 ^ 32, 2 ^ 31, 2 ^ 16
local SHIFTER = 6755399441055744 -- 2 ^ 52 + 2 ^ 51: added to a double, its mantissa ends with the bits of the integer

-- The conjunction of two numbers of six bits: 64 rows. Disjunction and difference follow from it.
local ROW = 64
local AND = { [0] = 0 }
for one = 0, ROW - 1 do
    for other = one == 0 and 1 or 0, ROW - 1 do -- each follows from the one without the lowest bits
        AND[one * ROW + other] = 2 * AND[floor(one / 2) * ROW + floor(other / 2)] + (one % 2) * (other % 2)
    end
end

-- The lowest 32 bits of a number, as an unsigned one.
local function bits(number)
    if number >= 0 and number < WORD and number % 1 == 0 then
        return number + 0 -- not -0
    end
    local sum = number + SHIFTER
    if sum >= 4503599627370496 and sum < 9007199254740992 then
        return sum % WORD
    elseif sum ~= sum or sum - sum ~= 0 then
        return 0
    end
    return frexp(abs(sum)) * 9007199254740992 % WORD
end

local function signed(word)
    return word >= SIGN and word - WORD or word
end

local function bits_of(number, ...)
    local value = ...
    if number > 1 then
        value = select(number, ...)
    end
    return bits(kind(value) == "number" and value or number_of(number, ...))
end

local function both(a, b)
    local result, place = 0, 1
    while a > 0 and b > 0 do
        local a6, b6 = a % ROW, b % ROW
        result = result + AND[a6 * ROW + b6] * place
        a, b, place = (a - a6) / ROW, (b - b6) / ROW, place * ROW
    end
    return result
end

local bit = {}

function bit.tobit(...)
    return signed(bits_of(1, ...))
end

function bit.bnot(...)
    return signed(WORD - 1 - bits_of(1, ...))
end

-- Combines the arguments from the first on, those behind it from the last.
local function combined(combine, ...)
    local result, count = bits_of(1, ...), select("#", ...)
    if count == 2 then
        return signed(combine(result, bits_of(2, ...)))
    end
    local values = { ... }
    for index = count, 2, -1 do
        local value = values[index]
        result = combine(result, bits(kind(value) == "number" and value or number_of(index, ...)))
    end
    return signed(result)
end

local function either(a, b)
    return a + b - both(a, b)
end

local function one_of(a, b)
    return a + b - 2 * both(a, b)
end

function bit.band(...)
    return combined(both, ...)
end

function bit.bor(...)
    return combined(either, ...)
end

function bit.bxor(...)
    return combined(one_of, ...)
end

local function left(word, count)
    return word * 2 ^ count % WORD
end

local function right(word, count)
    return floor(word / 2 ^ count)
end

function bit.lshift(...)
    local word = bits_of(1, ...)
    return signed(left(word, bits_of(2, ...) % 32))
end

function bit.rshift(...)
    local word = bits_of(1, ...)
    return signed(right(word, bits_of(2, ...) % 32))
end

function bit.arshift(...)
    local word = bits_of(1, ...)
    return floor(signed(word) / 2 ^ (bits_of(2, ...) % 32))
end

function bit.rol(...)
    local word = bits_of(1, ...)
    local count = bits_of(2, ...) % 32
    return signed(left(word, count) + right(word, 32 - count))
end

function bit.ror(...)
    local word = bits_of(1, ...)
    local count = bits_of(2, ...) % 32
    return signed(right(word, count) + left(word, 32 - count) % WORD)
end

function bit.bswap(...)
    local word = bits_of(1, ...)
    local low, high = word % HALF, floor(word / HALF)
    return signed(low % 256 * 16777216 + floor(low / 256) * HALF + high % 256 * 256 + floor(high / 256))
end

function bit.tohex(...)
    local word = bits_of(1, ...)
    local digits = select("#", ...) < 2 and 8 or signed(bits_of(2, ...))
    local hex = format("%08X", word)
    if digits < 0 then
        digits = -digits
    else
        hex = lower(hex)
    end
    return digits >= 8 and hex or digits == 0 and "" or sub(hex, -digits)
end

return { bit_library = bit }

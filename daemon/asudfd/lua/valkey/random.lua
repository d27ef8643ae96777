-- math.random and math.randomseed: the generator drand48, so the same seed gives the same numbers on every machine.
local needs = ...
local fail, bad_argument, number_of, to_integer = needs.fail, needs.bad_argument, needs.number_of, needs.to_integer

local select, floor, next = select, math.floor, next
local original = math

-- A state of 48 bits in two halves of 24, which is multiplied by 0x5DEECE66D: products of halves are exact in doubles.
local HALF, WORD, SIGN = 2 ^ 24, 2 ^ 32, 2 ^ 31
local FACTOR_HIGH, FACTOR_LOW, INCREMENT = 0x5DE, 0xECE66D, 11
local MOST = 2147483647

-- A number as C's conversion to a 32-bit integer has it.
local function to_int(number)
    number = to_integer(number) % WORD
    return number >= SIGN and number - WORD or number
end

local function new_random()
    local high, low = 0x1234AB, 0xCD330E

    local function step()
        local product = low * FACTOR_LOW + INCREMENT
        local carry = floor(product / HALF)
        high = (high * FACTOR_LOW + low * FACTOR_HIGH + carry) % HALF
        low = product % HALF
        return floor((high * HALF + low) / 131072) % MOST / MOST
    end

    local function random(...)
        local count, part = select("#", ...), step()
        if count == 0 then
            return part
        elseif count > 2 then
            fail("wrong number of arguments")
        end
        local first, last = 1, to_int(number_of(1, ...))
        if count == 2 then
            first, last = last, to_int(number_of(2, ...))
        end
        if first > last then
            bad_argument(count, "interval is empty")
        end
        return floor(part * to_int(last - first + 1)) + first
    end

    local function randomseed(...)
        local seed = to_int(number_of(1, ...)) % WORD
        high, low = floor(seed / 256), seed % 256 * 65536 + 0x330E
    end
    return random, randomseed
end

-- A table of the library `math` with a generator of its own.
local function new_math_library()
    local library = {}
    for name, value in next, original do
        library[name] = value
    end
    library.random, library.randomseed = new_random()
    return library
end

return { new_math_library = new_math_library }

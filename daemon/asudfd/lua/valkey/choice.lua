-- Random choices of elements. The generator of scripts is another one.

local needs = ...
local fail = needs.reply.fail

local floor, random = math.floor, math.random

math.randomseed(needs.host.seed)

-- A whole number from 1 to n; one call of `random` has 31 bits, which is enough for the size of any value.
local function below(n)
    return floor(random() * n) + 1
end

-- `count` different whole numbers from 1 to n, in random order, in steps as many as `count`: a shuffle that is broken off,
-- of which only the places that differ from their number are kept.
local function sample(n, count)
    local moved, out = {}, {}
    for i = 1, count do
        local j = i + floor(random() * (n - i + 1))
        out[i] = moved[j] or j
        moved[j] = moved[i] or i
    end
    return out
end

-- Puts the elements of an array in random order.
local function shuffle(array, n)
    for i = n, 2, -1 do
        local j = floor(random() * i) + 1
        array[i], array[j] = array[j], array[i]
    end
end

local REPEATED_MAX = 2 ^ 23 -- elements of an answer with repetitions: about a second of work, and some hundred MB

-- Places (from 1) of `count` elements out of n: different ones; if it is negative, so many that may be the same. All that there
-- are come in their order.
local function places(n, count)
    local out = {}
    if count < 0 then
        if -count > REPEATED_MAX then
            fail("ERR value is out of range")
        end
        for i = 1, -count do
            out[i] = below(n)
        end
    elseif count >= n then
        for i = 1, n do
            out[i] = i
        end
    else
        return sample(n, count)
    end
    return out
end

return { choice = { places = places, below = below, sample = sample, shuffle = shuffle } }

-- An upper bound for what Lua's own pattern matcher does: it decides whether that runs in a trial.
local byte, find = string.byte, string.find

-- The position after the single-character class that starts at `at`; what is malformed ends where it does.
local function class_end(p, at)
    local first = byte(p, at)
    at = at + 1
    if first == 37 then -- %
        return at + 1
    elseif first == 91 then -- [
        at = byte(p, at) == 94 and at + 1 or at
        repeat
            at = at + (byte(p, at) == 37 and 2 or 1)
        until at > #p or byte(p, at) == 93
        return at + 1
    end
    return at
end

-- How the worst case of a pattern grows: steps <= factor * subject ^ power.
local function growth(p)
    local power, factor, at = byte(p) == 94 and 0 or 1, 1, byte(p) == 94 and 2 or 1
    while at <= #p do
        local code, following = byte(p, at, at + 1)
        if code == 40 or code == 41 then
            at = at + 1
        elseif code == 37 and following == 98 then
            power, at = power + 1, at + 4
        elseif code == 37 and following and following >= 48 and following <= 57 then
            power, at = power + 1, at + 2
        elseif code == 37 and following == 102 then
            at = at + 2
        else
            local to = class_end(p, at)
            local suffix = byte(p, to)
            factor = factor + (to - at)
            -- what ends a pattern takes what it finds and is never tried again
            local ends = suffix and not find(p, "[^()]", to + 1)
            if suffix == 42 or suffix == 43 or suffix == 45 then
                power, to = power + (ends and 0 or 1), to + 1
            elseif suffix == 63 then
                factor, to = factor * 2, to + 1
            end
            at = to
        end
    end
    return power < 1 and 1 or power, factor
end

local KNOWN <const>, SHORT <const> = 256, 256 -- patterns that are remembered, and bytes of one: together 100 KiB at most
local STEP <const> = 5 -- nanoseconds that a step takes
local known, entries = {}, 0

-- Nanoseconds that a match of pattern `p` on `size` bytes takes, at most.
local function match_cost(p, size)
    local found = known[p]
    if not found then
        local power, factor = growth(p)
        found = { power = power, factor = factor }
        if entries >= KNOWN then
            known, entries = {}, 0
        end
        if #p <= SHORT then
            known[p], entries = found, entries + 1
        end
    end
    return found.factor * (size + 1.0) ^ found.power * STEP
end

return { match_cost = match_cost }

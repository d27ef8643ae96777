-- An upper bound for what Lua's own pattern matcher does: it decides whether that runs, or the one of `pattern.lua`.
local needs = ...
local pattern = needs.pattern

local class_end, byte, find = pattern.class_end, string.byte, string.find

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
local entries = 0
pattern.known = {}

-- How the steps of a pattern grow, as `growth` says; `known` remembers. A step takes about 5 ns.
function pattern.cost(p)
    local power, factor = growth(p)
    if entries >= KNOWN then
        pattern.known, entries = {}, 0
    end
    if #p <= SHORT then
        pattern.known[p], entries = { power, factor }, entries + 1
    end
    return power, factor
end

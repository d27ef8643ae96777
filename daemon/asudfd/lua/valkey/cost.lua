-- An upper bound for what Lua's own pattern matcher does: it decides whether that runs, at once or place by place, or the one of
-- `pattern.lua`.
local needs = ...
local class_end, check, hurry = needs.class_end, needs.check, needs.hurry

local byte, find, sub, max = string.byte, string.find, string.sub, math.max

local STEPS = 20000000 -- that the original may take in one call: up to 100 ms, in which nobody can end it
local DEAR = 200000 -- steps after which the time is looked at: 1 ms at worst, and most take far fewer than the bound says
local DEEPEST = 200 -- items of one pattern that use the C stack, as deep as the original's nested calls may go
local CAPTURES = 32

local function is_digit(code)
    return code and code >= 48 and code <= 57
end

-- What a pattern may cost at one place where it does not match: steps <= factor * subject ^ power. Whether it ends with a repetition:
-- that takes what it finds, which no other match takes then. And whether the pattern could fail with a message.
local function growth(p, at)
    local power, factor, deep, opened, closed, doubtful, repeats = 0, 1, 0, 0, 0, false, false
    while at <= #p do
        check()
        local code, following = byte(p, at, at + 1)
        if code == 40 or code == 41 then
            deep, at = deep + 1, at + 1
            opened, closed = opened + (code == 40 and 1 or 0), closed + (code == 41 and 1 or 0)
            doubtful = doubtful or closed > opened
        elseif code == 37 and following == 98 then
            power, at, doubtful = power + 1, at + 4, doubtful or at + 3 > #p
        elseif code == 37 and is_digit(following) then
            power, at, doubtful = power + 1, at + 2, true
        elseif code == 37 and following == 102 then
            at, doubtful = at + 2, doubtful or byte(p, at + 2) ~= 91
        else
            local to = class_end(p, at)
            if not to then
                return { power = power, factor = factor, deep = deep, doubtful = true }
            end
            local suffix = byte(p, to)
            factor = factor + (to - at)
            if suffix == 42 or suffix == 43 or suffix == 45 then
                repeats = suffix ~= 45 and not find(p, "[^()]", to + 1)
                power, to, deep = power + (repeats and 0 or 1), to + 1, deep + 2
            elseif suffix == 63 then
                factor, to, deep = factor * 2, to + 1, deep + 1
            end
            at = to
        end
    end
    doubtful = doubtful or opened ~= closed or opened > CAPTURES
    return { power = power, factor = factor, deep = deep, doubtful = doubtful, repeats = repeats }
end

local KNOWN, SHORT = 256, 256 -- patterns that are remembered, and bytes of one: together 100 KiB at most
local known, entries = {}, 0

local function look(p)
    local stop = find(p, "\0", 1, true)
    local anchored = byte(p) == 94
    local cost = growth(stop and sub(p, 1, stop - 1) or p, anchored and 2 or 1)
    cost.deep, cost.anchored = cost.deep > DEEPEST, anchored
    cost.all = anchored and 0 or cost.power + 1 -- of the places where it does not match
    cost.power = max(cost.power, cost.repeats and 1 or 0)
    cost.all = max(cost.all, cost.power)
    if #p <= SHORT then
        if entries >= KNOWN then
            known, entries = {}, 0
        end
        known[p], entries = cost, entries + 1
    end
    return cost
end

-- What is known of a pattern.
local function cost_of(p)
    return known[p] or look(p)
end

-- May the original do what takes `factor` * `length` ^ `power` steps at most?
local function is_bounded(cost, length, power)
    local steps = cost.factor * length ^ power
    if steps > DEAR then
        hurry()
    end
    return not cost.deep and steps <= STEPS
end

-- May the original do the whole search in a subject of `length` bytes?
local function is_cheap(cost, length)
    return is_bounded(cost, length, cost.all)
end

-- May it do one place of it?
local function is_cheap_at_a_place(cost, length)
    return is_bounded(cost, length, cost.power)
end

return { cost_of = cost_of, is_cheap = is_cheap, is_cheap_at_a_place = is_cheap_at_a_place }

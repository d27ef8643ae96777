-- Library functions in a context that is tried: what may take long is not begun, and what fails is not told. Either way the trial is given up, and
-- the host runs the call anew where modules have Lua's own functions.
--
-- A state that may be tried has 2 MiB, but a string or table of that size may be named many times in one call: what counts is the
-- work, not the memory. What is not here is linear in one string or table, or runs Lua code, which is hooked.
local needs = ...
local guarded, env, with_guard, match_cost, masked = needs.guarded, needs.env, needs.with_guard, needs.match_cost, needs.masked
if not guarded then
    return
end

local kind, select, rawget, rawlen = type, select, rawget, rawlen
local metatable, getinfo = debug.getmetatable, debug.getinfo
local tointeger, tonumber, huge = math.tointeger, tonumber, math.huge
local find, collect = string.find, collectgarbage

-- Puts guards before functions of `library`; `costs` has by name what answers how many nanoseconds a call takes, at most.
local function guard(library, costs)
    for name, cost in next, costs do
        library[name] = with_guard(library[name], cost)
    end
end

-- Sizes

-- The bytes that a library function may have to read of a value.
local function size_of(value)
    local form = kind(value)
    if form == "string" then
        return #value
    elseif form == "number" then
        return 25
    elseif form == "table" then
        local class = metatable(value)
        local name = class and rawget(class, "__name")
        return kind(name) == "string" and #name or 0
    end
    return 0
end

-- The same of all arguments.
local function total(one, two, three, ...)
    local size = size_of(one) + size_of(two) + size_of(three)
    local count = select("#", ...)
    if count > 0 then
        local values = { ... }
        for index = 1, count do
            size = size + size_of(values[index])
        end
    end
    return size
end

local BYTE <const>, ARGUMENT <const> = 3, 500 -- nanoseconds of a byte that is copied, and of an argument, which may be a float

-- Is so little memory in use that `count` arguments cannot be worth a look?
local function slight(count)
    return collect("count") * count < 2000
end

local function numbers_cost(...)
    return slight(select("#", ...)) and 0 or total(...) * 0.5 -- a numeral may be long: 0.4 ns a byte
end

local function format_cost(...)
    local count = select("#", ...)
    return slight(count) and 0 or total(...) * BYTE + count * ARGUMENT
end

-- Strings

local PADDING <const> = "%d%d%d%d%d" -- in a format: makes much of nothing

local function times_of(count)
    return tointeger(tonumber(count)) or 0
end

local function rep_cost(s, count, separator)
    local times = times_of(count)
    return times > 0 and times * (1 + 2.0 * (size_of(s) + size_of(separator))) or 0
end

local function pack_cost(form, ...)
    if kind(form) == "string" and find(form, PADDING) then
        return huge
    end
    return size_of(form) * ARGUMENT + total(...) * BYTE
end

-- What a match may take, and `more`. Arguments that are refused take nothing.
local function matching(s, p, more)
    local size = size_of(s)
    if kind(p) ~= "string" or size <= 20 and #p <= 5 then -- two repetitions at most: some ten thousand steps
        return more
    end
    return match_cost(p, size) + more
end

local function match_in(s, p)
    return matching(s, p, 0)
end

local function find_cost(s, p, _, plain)
    if kind(p) == "string" and (plain or not find(p, "[%^%$%*%+%?%.%(%[%%%-]")) then
        return size_of(s) * #p / 10
    end
    return matching(s, p, 0)
end

-- What the replacements of `matches` matches take, at most.
local function replacing(matches, replacement)
    local form = kind(replacement)
    if form == "string" then
        local each = find(replacement, "%", 1, true) and BYTE or 0.3
        return matches * (50 + #replacement * each)
    elseif form == "table" and metatable(replacement) then
        return matches * 20000.0 -- a chain of 2000 tables
    end
    return matches * 50
end

local function gsub_cost(s, p, replacement, most)
    if kind(replacement) == "table" and masked[metatable(replacement)] then
        return huge -- refused
    end
    local matches, count = size_of(s) + 1.0, tointeger(tonumber(most))
    return matching(s, p, replacing(count and count < matches and count or matches, replacement))
end

guard(env.string, {
    rep = rep_cost, format = format_cost, pack = pack_cost, char = numbers_cost, find = find_cost, match = match_in, gsub = gsub_cost,
})
guard(env.utf8, { char = numbers_cost })
guard(env.math, { max = numbers_cost, min = numbers_cost })
for _, name in next, { "max", "min" } do
    local f, guarded_one = math[name], env.math[name]
    env.math[name] = function(...)
        local one, two = ...
        if kind(one) == "number" and kind(two) == "number" and select("#", ...) == 2 then
            return f(one, two) -- which cannot go wrong
        end
        return guarded_one(...)
    end
end
guard(env.os, {
    date = function(form)
        return size_of(form) * ARGUMENT -- the dearest conversion, of two bytes, took 900
    end,
})

local CHEAP <const> = 5000 -- nanoseconds of a step of `gmatch` that needs no guard
local gmatch = with_guard(env.string.gmatch, function()
    return 0
end)

-- The iterator may be kept for a later call.
function env.string.gmatch(...)
    local s, p = ...
    local step, work = gmatch(...), matching(s, p, 0)
    return work <= CHEAP and step or with_guard(step, function()
        return work
    end)
end

-- Tables

-- Elements that one call may visit: 10 to 20 ns each.
local MOVED <const>, JOINED <const>, COMPARED <const> = 20, 50, 300
local LIGHT <const> = 20000 -- bytes of the texts to be sorted, if all were as long as the longest

-- A table without a metatable has as many elements as it says; of another, as of what is no table, nothing is known.
local function length(t)
    return kind(t) == "table" and metatable(t) == nil and rawlen(t) or huge
end

local function insert_cost(...)
    local t, at = ...
    if select("#", ...) < 3 then
        return 0
    end
    return (length(t) - times_of(at)) * MOVED
end

local function remove_cost(t, at)
    local count = length(t)
    return (count - (at == nil and count < huge and count or times_of(at))) * MOVED
end

local function move_cost(from, first, last, _, to)
    local many = times_of(last) - times_of(first)
    if length(from) == huge or to ~= nil and length(to) == huge or many < 0 and times_of(last) > times_of(first) then
        return huge
    end
    return many * MOVED
end

local function content(t)
    local size = 0
    for index = 1, rawlen(t) do
        size = size + size_of(t[index])
    end
    return size
end

local function concat_cost(t, separator, first, last)
    local count = length(t)
    if count == huge or first ~= nil and times_of(first) < 1 or times_of(last) > count then
        return huge
    end
    return count * (JOINED + size_of(separator)) + content(t)
end

local function unpack_cost(t, first, last)
    local count = length(t)
    if count == huge then
        return huge
    end
    local many = (last == nil and count or times_of(last)) - (first == nil and 1 or times_of(first))
    return many < 0 and 0 or many * MOVED
end

-- Elements that the library compares by itself: numbers, and texts that are few or short.
local function compared(t, count)
    local longest = 0
    for index = 1, count do
        local form, size = kind(t[index]), size_of(t[index])
        if form ~= "number" and form ~= "string" then
            return huge
        end
        longest = form == "string" and size > longest and size or longest
    end
    return longest * count > LIGHT and huge or count * COMPARED
end

local function sort_cost(t, before)
    local count = length(t)
    if count == huge or before ~= nil and (kind(before) ~= "function" or getinfo(before, "S").what == "C") then
        return huge
    elseif before then
        return count * MOVED
    end
    return count > LIGHT and huge or compared(t, count)
end

guard(env.table, {
    insert = insert_cost, remove = remove_cost, move = move_cost, concat = concat_cost, unpack = unpack_cost, sort = sort_cost,
})

local insert = env.table.insert

function env.table.insert(...)
    local t, value = ...
    if select("#", ...) == 2 and kind(t) == "table" and metatable(t) == nil then
        t[rawlen(t) + 1] = value
        return
    end
    return insert(...)
end

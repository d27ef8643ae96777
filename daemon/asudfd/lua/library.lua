-- The string library and parts of others without their unbounded corners. A function of the original library is used wherever
-- one call of it is bounded; the rest first looks at what it is asked to do.
--
-- Why each C function a module can reach ends soon. A state has 96 MiB by default, and a string or table of that size may be
-- named thousands of times in one call: what counts is the work, not the memory. Single calls take at most some 50 ms,
-- those that fill the memory 100 ms. A trial on the event loop does not begin what may take more than half of one.
--   string  byte, len, lower, reverse, sub, unpack, packsize, upper   linear in one string that fits in memory
--           char, format, pack   arguments together no longer than half the memory, numerals no longer than NUMERAL
--           rep                  what it makes is allocated; the form that makes nothing ("" many times) is answered here
--           find match gmatch gsub   measured by `cost.lua`, with the replacements, or run there
--   table   pack                 at most one Lua stack of values
--           concat               what it makes is allocated; elements of tables with metatables are visited here
--           insert move remove sort unpack   in tables.lua
--   utf8    char                 as string.char; the rest is linear in a string that fits in memory
--   math    max, min             as string.char; the rest is constant, but for a numeral (0.4 ns a byte)
--   base    next                 linear in a table that fits in memory
--           collectgarbage       linear in the memory
--           the others are constant, or run Lua code, which is hooked
--   load    (allow-unsafe-lua)   in a text of at most 64 KiB
-- Metamethods and other callbacks are Lua functions, hooked, or functions of this list.
--
-- `local frame <close> = nil` keeps the call after `return` from being a tail call: `original` and `own` ask how the frame of the
-- wrapper was called, so that a message names the function as the module wrote it.
local needs = ...
local env, spend, results_of, pattern, on_trial = needs.env, needs.spend, needs.results_of, needs.pattern, needs.on_trial
local original, own, pcall, called, refusal, memory = needs.original, needs.own, needs.pcall, needs.called, needs.refusal, needs.memory
local masked, type_name, type_of = needs.masked, needs.type_name, needs.type_of

local kind, select, rawget, error = type, select, rawget, error
local metatable = debug.getmetatable
local tointeger, tonumber, tostring = math.tointeger, tonumber, tostring

local function copy(from)
    local to = {}
    for name, value in next, from do
        to[name] = value
    end
    return to
end

-- Strings

local text = copy(string)
env.string = text
text.dump = nil

local rep, sub, find, gmatch, gsub = string.rep, string.sub, string.find, string.gmatch, string.gsub
local format, pack, cost = string.format, string.pack, pattern.cost

local NUMERAL <const> = 200 -- bytes of a string that is taken for a number: Lua's own limit for those with a point
local FORMATS <const> = 5000 -- arguments of one string.format: a float may take 9 microseconds
local WHOLE <const> = memory // 2 -- bytes of arguments: what is made of more would not fit in memory

-- The bytes that a library function may have to read of a value.
local function size_of(value)
    local form = kind(value)
    if form == "string" then
        return #value
    elseif form == "table" then
        local class = metatable(value)
        local name = class and rawget(class, "__name")
        return kind(name) == "string" and #name or 0
    end
    return 0
end

local collect = collectgarbage

-- Is so little memory in use that `count` arguments cannot be worth a look?
local function slight(count)
    return count < 100 and collect("count") * count < (on_trial() and 2000 or 20000)
end


local function total(count, ...)
    local values, size = { ... }, 0
    for index = 1, count do
        size = size + size_of(values[index])
    end
    return size
end

-- The same, for a number as well.
local function text_size(value)
    return kind(value) == "number" and 25 or size_of(value)
end

function text.rep(...)
    local frame <close> = nil
    local s, count, separator = ...
    local times = tointeger(tonumber(count)) or 0
    if s == "" and (separator == nil or separator == "") and times ~= 0 then
        return ""
    end
    spend(times * 2.0 * (text_size(s) + text_size(separator)) + times)
    return original("rep", rep, ...)
end

function text.format(...)
    local frame <close> = nil
    local count = select("#", ...)
    if slight(count) then
        return original("format", format, ...)
    elseif count > FORMATS then
        results_of("format", false, refusal("bad argument #" .. FORMATS + 1 .. " to 'original' (too many arguments)"))
    end
    local size = total(count, ...)
    if size > WHOLE then
        results_of("format", false, refusal("resulting string too large"))
    end
    spend(size * 3 + count * 500)
    return original("format", format, ...)
end

function text.pack(...)
    local frame <close> = nil
    local form = ...
    local count = select("#", ...)
    local size = slight(count) and 0 or total(count, ...)
    if size > WHOLE then
        results_of("pack", false, refusal("bad argument #1 to 'original' (format result too large)"))
    elseif kind(form) == "string" and #form > 4 then
        -- padding is made of nothing
        spend(size * 3 + #form * 500 + (find(form, "%d%d%d%d%d") and 1e6 or 0))
    end
    return original("pack", pack, ...)
end

-- The place of the first argument that is a numeral longer than NUMERAL; nil when there is none.
local function long_numeral(...)
    local values = { ... }
    for index = 1, select("#", ...) do
        if size_of(values[index]) > NUMERAL then
            return index
        end
    end
    return nil
end

local function no_number(index)
    return refusal("bad argument #" .. index .. " to 'original' (number expected, got string)")
end

-- A function of any number of numbers.
local function of_numbers(name, f)
    return function(...)
        local frame <close> = nil
        local long = not slight(select("#", ...)) and long_numeral(...)
        if long then
            results_of(name, false, no_number(long))
        end
        return original(name, f, ...)
    end
end

text.char = of_numbers("char", string.char)

local PRODUCT <const>, PRODUCT_TRIAL <const> = 2e8, 1e6 -- bytes of subject times needle: about 20 ms of a plain search

-- Where `needle` is in `s` from `at` on, looked for in slices short enough to be interrupted between them.
local function find_plain(s, needle, at, product)
    local step = tointeger(product // #needle)
    step = step < 1 and 1 or step
    for from = at, #s - #needle + 1, step do
        spend(product // 10)
        local first, last = find(sub(s, from, from + step + #needle - 2), needle, 1, true)
        if first then
            return from + first - 1, from + last - 1
        end
    end
    return nil
end

-- Nanoseconds that the library's own matcher may take in one call: 50 ms, as the head of this file promises; in a trial less
-- than half of it.
local MOST <const>, MOST_TRIAL <const> = 5e7, 4e5

-- May the library's own matcher run, if its matches cost `more`? Also true for arguments that it refuses.
local function quick(s, p, more)
    if kind(s) == "number" then
        s = tostring(s)
    end
    if kind(s) ~= "string" or kind(p) ~= "string" then
        return true, 0
    end
    local size = #s
    if size <= 20 and #p <= 5 then -- two repetitions at most: some ten thousand steps
        return true, 0
    end
    local found = pattern.known[p]
    local ok, power, factor
    if found then
        ok, power, factor = true, found[1], found[2]
    else
        ok, power, factor = pcall(cost, p)
    end
    local work = ok and factor * (size + 1.0) ^ power * 5 + more or size + #p
    if work > (on_trial() and MOST_TRIAL or MOST) then
        return false, 0
    end
    spend(work)
    return true, work
end

-- `init` as a position of `s`, or nil when the library refuses it.
local function position(s, init)
    local at = init == nil and 1 or tointeger(tonumber(init))
    if at and at <= 0 then
        at = (at == 0 or at < -#s) and 1 or #s + at + 1
    end
    return at
end

local function search(s, p, init, positions)
    s = tostring(s)
    local at = position(s, init)
    if at > #s + 1 then
        return nil
    end
    return pattern.find(s, p, at, positions)
end

local function only_text(p)
    return kind(p) == "string" and not find(p, "[%^%$%*%+%?%.%(%[%%%-]")
end

function text.find(...)
    local frame <close> = nil
    local s, p, init, plain = ...
    if (plain or only_text(p)) and kind(s) == "string" and kind(p) == "string" then
        local product = on_trial() and PRODUCT_TRIAL or PRODUCT
        local at = #s * #p > product and position(s, init)
        if at then
            return own("find", find_plain, s, p, at, product)
        end
        spend(#s * #p // 10)
    elseif not quick(s, p, 0) and position(s, init) then
        return own("find", search, s, p, init, true)
    end
    return original("find", find, ...)
end

local match = string.match
function text.match(...)
    local frame <close> = nil
    local s, p, init = ...
    if not quick(s, p, 0) and position(s, init) then
        return own("match", search, s, p, init, false)
    end
    return original("match", match, ...)
end

-- An iterator each step of which may be as dear as `work`: it may outlive the call that made it.
local function stepping(step, work)
    return function()
        spend(work)
        local frame <close> = nil
        return original("for iterator", step)
    end
end

function text.gmatch(...)
    local frame <close> = nil
    local s, p, init = ...
    local safe, work = quick(s, p, 0)
    if not safe and position(s, init) then
        s = tostring(s)
        return stepping(pattern.gmatch(s, p, position(s, init)), 0)
    elseif work > 5000 then
        return stepping(original("gmatch", gmatch, ...), work)
    end
    return original("gmatch", gmatch, ...)
end

-- Nanoseconds that the replacements of `matches` matches take, at most.
local function replacing(matches, replacement, form)
    if form == "string" then
        local each = find(replacement, "%", 1, true) and 3 or 0.3
        return matches * (50 + #replacement * each)
    elseif form == "table" and metatable(replacement) then
        return matches * 20000.0 -- a chain of 2000 tables
    end
    return matches * 50
end

function text.gsub(...)
    local frame <close> = nil
    local s, p, replacement, most = ...
    local form, count = kind(replacement), tointeger(tonumber(most))
    if form == "table" and masked[metatable(replacement)] then
        local _, message = pcall(called, gsub, s, p, nil, most) -- refuses this, or an argument before it
        return results_of("gsub", false, gsub(message, "got nil%)$", "got " .. type_name(replacement) .. ")"))
    end
    local matches = kind(s) == "string" and #s + 1.0 or 30
    matches = count and count < matches and count or matches
    if
        not quick(s, p, replacing(matches, replacement, form))
        and (form == "string" or form == "number" or form == "table" or form == "function")
        and (most == nil or count)
    then
        s = tostring(s)
        return own("gsub", pattern.gsub, s, p, replacement, count or #s + 1)
    end
    return original("gsub", gsub, ...)
end

-- Strings share one metatable: its methods are the module's own library, and it cannot be reached to change it.
local shared = metatable("")
shared.__index = text
shared.__metatable = { __index = text }

-- The rest

env.utf8 = copy(utf8)
env.utf8.char = of_numbers("char", utf8.char)

local maths = copy(math)
env.math = maths

-- Two numbers cannot go wrong; all else is of any number of arguments.
local function extreme(name, f)
    return function(...)
        local one, two = ...
        local count = select("#", ...)
        if count == 2 and kind(one) == "number" and kind(two) == "number" then
            return f(one, two)
        end
        local frame <close> = nil
        local long = not slight(count) and long_numeral(...)
        if long then
            results_of(name, false, no_number(long))
        end
        return original(name, f, ...)
    end
end

maths.max, maths.min = extreme("max", math.max), extreme("min", math.min)

-- Arithmetic with strings

-- What a string or number is as a number.
local function number_of(value)
    local form = kind(value)
    return (form == "number" or form == "string") and tonumber(value) or nil
end

-- A metamethod of strings: as the original, but it knows what modules take for userdata.
local function arithmetic(name, operate)
    local event = "__" .. name
    return function(one, two)
        local left, right = number_of(one), number_of(two)
        if left and right then
            return operate(left, right)
        end
        local class = kind(two) ~= "string" and metatable(two)
        local operation = class and rawget(class, event)
        if operation then
            return operation(one, two)
        end
        error("attempt to " .. name .. " a '" .. type_of(one) .. "' with a '" .. type_of(two) .. "'", 2)
    end
end

local operations = {
    add = function(a, b) return a + b end, sub = function(a, b) return a - b end, mul = function(a, b) return a * b end,
    mod = function(a, b) return a % b end, pow = function(a, b) return a ^ b end, div = function(a, b) return a / b end,
    idiv = function(a, b) return a // b end, unm = function(a) return -a end,
}
for name, operate in next, operations do
    shared["__" .. name] = arithmetic(name, operate)
end

return { size_of = size_of }

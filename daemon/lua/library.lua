-- The string and table libraries without their unbounded corners. A function of the original library is used wherever
-- one call of it is bounded; the rest first looks at what it is asked to do.
--
-- Why each C function a module can reach ends soon, given the memory limit of the state (some 64 MiB):
--   string  byte, char            at most one Lua stack of values (a million)
--           format, lower, upper, reverse, sub, pack, unpack, packsize   linear in a string that fits in memory, and what
--                                 they make is allocated, so the collector's watcher shortens the hook's interval
--           rep                   the one form that makes nothing ("" many times) is answered here; else as above
--           find match gmatch gsub   measured by `growth` in pattern.lua, or run there
--   table   pack, unpack          at most one Lua stack of values
--           concat insert move remove sort   below
--   utf8    linear in a string that fits in memory
--   math    constant
--   base    next                  linear in a table that fits in memory; the others are constant, or run Lua code,
--                                 which is hooked
--   load    (allow-unsafe-lua)    linear in a text of at most 1 MiB
-- Metamethods are Lua functions, hooked, or functions of this list.
--
-- `local frame <close> = nil` keeps the call after `return` from being a tail call: `settle` asks how the frame of the
-- wrapper was called, so that a message names the function as the module wrote it.
local box = ...

local env, spend, settle, pattern = box.env, box.spend, box.settle, box.pattern
local pcall, kind, select, error, rawlen = pcall, type, select, error, rawlen
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

function text.rep(...)
    local frame <close> = nil
    local s, count, separator = ...
    if s == "" and (separator == nil or separator == "") and tointeger(tonumber(count)) then
        return ""
    end
    return settle("rep", pcall(rep, ...))
end

local PRODUCT <const> = 2e8 -- length of subject times length of needle: about 20 ms of a plain search

-- Where `needle` is in `s` from `at` on, looked for in slices short enough to be interrupted between them.
local function find_plain(s, needle, at)
    local step = tointeger(PRODUCT // #needle)
    step = step < 1 and 1 or step
    for from = at, #s - #needle + 1, step do
        local first, last = find(sub(s, from, from + step + #needle - 2), needle, 1, true)
        if first then
            return from + first - 1, from + last - 1
        end
    end
    return nil
end

-- May the library's own matcher run? Also true for arguments that it refuses.
local function quick(s, p)
    if kind(s) == "number" then
        s = tostring(s)
    end
    if kind(s) ~= "string" or kind(p) ~= "string" then
        return true
    end
    local size = #s
    if size <= 40 and #p <= 8 then
        return true
    end
    local ok, safe = pcall(pattern.safe_length, p)
    if ok and size > safe then
        return false
    end
    spend(size * 100)
    return true
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
        local at = #s * #p > PRODUCT and position(s, init)
        if at then
            return settle("find", pcall(find_plain, s, p, at))
        end
        spend(#s + #p)
    elseif not quick(s, p) and position(s, init) then
        return settle("find", pcall(search, s, p, init, true))
    end
    return settle("find", pcall(find, ...))
end

local match = string.match
function text.match(...)
    local frame <close> = nil
    local s, p, init = ...
    if not quick(s, p) and position(s, init) then
        return settle("match", pcall(search, s, p, init, false))
    end
    return settle("match", pcall(match, ...))
end

function text.gmatch(...)
    local frame <close> = nil
    local s, p, init = ...
    if not quick(s, p) and position(s, init) then
        s = tostring(s)
        local step = pattern.gmatch(s, p, position(s, init))
        return function()
            local inner <close> = nil
            return settle("for iterator", pcall(step))
        end
    end
    return settle("gmatch", pcall(gmatch, ...))
end

function text.gsub(...)
    local frame <close> = nil
    local s, p, replacement, most = ...
    local form = kind(replacement)
    if
        not quick(s, p)
        and (form == "string" or form == "number" or form == "table" or form == "function")
        and (most == nil or tointeger(tonumber(most)))
    then
        s = tostring(s)
        return settle("gsub", pcall(pattern.gsub, s, p, replacement, most and tointeger(tonumber(most)) or #s + 1))
    end
    return settle("gsub", pcall(gsub, ...))
end

-- Strings share one metatable: its methods are the module's own library, and it cannot be reached to change it.
local shared = metatable("")
shared.__index = text
shared.__metatable = { __index = text }

-- Tables. A table without a metatable has as many elements as it says; one with may say anything, so its elements are
-- visited by Lua code, which is hooked.

local list = copy(table)
env.table = list

local MANY <const> = 10000 -- elements that one C call may visit unasked
local insert, remove, move, concat, sort = table.insert, table.remove, table.move, table.concat, table.sort

local function plain_table(t)
    return kind(t) == "table" and metatable(t) == nil
end

-- The length as the library asks for it; errors are the library's to raise.
local function length(t)
    return tointeger(#t) or error("object length is not an integer", 0)
end

local function insert_slowly(t, at, value)
    local last = length(t) + 1
    if at < 1 or at > last then
        error("bad argument #2 to '?' (position out of bounds)", 0)
    end
    for index = last, at + 1, -1 do
        t[index] = t[index - 1]
    end
    t[at] = value
end

function list.insert(...)
    local frame <close> = nil
    local t, at, value = ...
    if select("#", ...) == 3 and kind(t) == "table" and tointeger(tonumber(at)) then
        at = tointeger(tonumber(at))
        if not plain_table(t) or rawlen(t) - at > MANY then
            return settle("insert", pcall(insert_slowly, t, at, value))
        end
    end
    return settle("insert", pcall(insert, ...))
end

local function remove_slowly(t, at)
    local last = length(t)
    at = at or last
    if at ~= last and (at < 1 or at > last + 1) then
        error("bad argument #2 to '?' (position out of bounds)", 0)
    end
    local value = t[at]
    for index = at, last - 1 do
        t[index] = t[index + 1]
    end
    t[at > last and at or at < last and last or at] = nil
    return value
end

function list.remove(...)
    local frame <close> = nil
    local t, at = ...
    if kind(t) == "table" and (at == nil and select("#", ...) == 1 or tointeger(tonumber(at))) then
        at = tointeger(tonumber(at))
        if not plain_table(t) or at and rawlen(t) - at > MANY then
            return settle("remove", pcall(remove_slowly, t, at))
        end
    end
    return settle("remove", pcall(remove, ...))
end

local function move_slowly(from, first, last, at, to)
    if at > last or at <= first or to ~= from then
        for index = 0, last - first do
            to[at + index] = from[first + index]
        end
    else
        for index = last - first, 0, -1 do
            to[at + index] = from[first + index]
        end
    end
    return to
end

function list.move(...)
    local frame <close> = nil
    local from, first, last, at, to = ...
    first, last, at = tointeger(tonumber(first)), tointeger(tonumber(last)), tointeger(tonumber(at))
    to = to == nil and from or to
    -- the library refuses ranges that wrap around the largest integer
    local many = first and last and at and last >= first and (last - first > MANY or last - first < 0)
    if many and (first > 0 or last < math.maxinteger + first) and at <= math.maxinteger - (last - first) then
        if kind(from) == "table" and kind(to) == "table" then
            return settle("move", pcall(move_slowly, from, first, last, at, to))
        end
    end
    return settle("move", pcall(move, ...))
end

local function concat_slowly(t, separator, first, last)
    local parts = {}
    for index = first, last do
        local value = t[index]
        if kind(value) ~= "string" and kind(value) ~= "number" then
            error("invalid value (" .. kind(value) .. ") at index " .. index .. " in table for 'concat'", 0)
        end
        parts[index - first + 1] = value
    end
    return concat(parts, separator)
end

function list.concat(...)
    local frame <close> = nil
    local t, separator, first, last = ...
    local form = kind(separator)
    if kind(t) == "table" and (form == "nil" or form == "string" or form == "number") then
        if plain_table(t) then
            spend(rawlen(t) * 20)
        else
            first = first == nil and 1 or tointeger(tonumber(first))
            local ok, counted = pcall(length, t)
            last = last == nil and ok and counted or tointeger(tonumber(last))
            if first and last then
                return settle("concat", pcall(concat_slowly, t, separator, first, last))
            end
        end
    end
    return settle("concat", pcall(concat, ...))
end

local function ascending(left, right)
    return left < right
end

function list.sort(...)
    local frame <close> = nil
    local t, before = ...
    if not plain_table(t) or rawlen(t) > 200 then
        -- a comparison in Lua, so that the hook comes; `before` itself may be a C function
        if before == nil then
            return settle("sort", pcall(sort, t, ascending))
        elseif kind(before) == "function" then
            return settle("sort", pcall(sort, t, function(left, right)
                return before(left, right)
            end))
        end
    end
    return settle("sort", pcall(sort, ...))
end

-- The rest

env.utf8 = copy(utf8)
env.math = copy(math)

function env.math.sum(a, b)
    return a + b
end

function env.math.product(a, b)
    return a * b
end

-- The libraries of modules: Lua's own functions, but for what they would say of tables that modules take for userdata.
--
-- `local frame <close> = nil` keeps the call after `return` from being a tail call: `original` asks how the frame of the wrapper was
-- called, so that a message names the function as the module wrote it.
local needs = ...
local env, original, masked, results_of, pcall = needs.env, needs.original, needs.masked, needs.results_of, needs.pcall
local called, type_name, type_of, takes_tables, guarded = needs.called, needs.type_name, needs.type_of, needs.takes_tables, needs.guarded

local kind, rawget, error, next = type, rawget, error, next
local metatable = debug.getmetatable
local tonumber = tonumber

local function copy(from)
    local to = {}
    for name, value in next, from do
        to[name] = value
    end
    return to
end

env.string, env.table, env.math, env.utf8 = copy(string), copy(table), copy(math), copy(utf8)
local text, list = env.string, env.table
text.dump = nil

-- These ask a table for its length before all else.
for _, name in next, { "concat", "insert", "remove", "sort" } do
    takes_tables[table[name]] = true
end

local gsub, match, concat = string.gsub, string.match, table.concat

local function gsub_unless_masked(...)
    local frame <close> = nil
    local s, p, replacement, most = ...
    if kind(replacement) == "table" and masked[metatable(replacement)] then
        local _, message = pcall(called, gsub, s, p, nil, most) -- refuses this, or an argument before it
        return results_of("gsub", false, gsub(message, "got nil%)$", "got " .. type_name(replacement) .. ")"))
    end
    return original("gsub", gsub, ...)
end

-- The answer of the library's own concat; an element that modules take for userdata is called so.
local function joined(t, ok, message)
    local before, index = match(ok and "" or message, "^(.*invalid value %()table%) at index (%d+)")
    if before and type_of(t[tonumber(index)]) == "userdata" then
        message = before .. "userdata) at index " .. index .. " in table for 'concat'"
    end
    return ok, message
end

local function concat_with_types(...)
    local frame <close> = nil
    return results_of("concat", joined((...), pcall(called, concat, ...)))
end

if not guarded then -- else what fails is not told
    text.gsub, list.concat = gsub_unless_masked, concat_with_types
end

-- Strings share one metatable: its methods are the module's own library, and it cannot be reached to change it.
local shared = metatable("")
shared.__index = text
shared.__metatable = { __index = text }

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

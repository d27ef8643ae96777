-- The classes of Aerospike's values, which modules take for userdata: what lists, maps, bytes, geojson and records have in common.
--
-- Such a value is a proxy: a table with nothing in it but its contents under DATA, a key that no module can name, and a
-- metatable that no module can reach (`getmetatable` gives the class's facade). Contents know their class. They hold the
-- contents of other values, not proxies: each reading makes a new proxy, so two readings are never equal but share what
-- they show, as on the real server.
local needs = ...
local env, masked, bad_argument, type_name = needs.env, needs.masked, needs.bad_argument, needs.type_name
local refuse_table = needs.refuse_table

local kind, error, setmetatable, tostring, rawequal = type, error, setmetatable, tostring, rawequal
local metatable, getinfo, getlocal, getupvalue = debug.getmetatable, debug.getinfo, debug.getlocal, debug.getupvalue
local find, sub, format = string.find, string.sub, string.format
local tointeger, number_type, tonumber = math.tointeger, math.type, tonumber

local DATA <const> = {}
local UNSUPPORTED <const> = {} -- what no list, map or bin can hold
local current = {} -- `record`: the one of the call at hand
local RECORD <const> = {} -- the record of the call: it may stand in a bin or a list until that is written

local DEPTH <const> = 128 -- how deep lists and maps may be nested: `asinfo.wire.collection` has the same limit for what is stored

-- Classes

local containers = {} -- metatables of lists, maps, bytes and geojson

-- A new class: its metatable and what modules see of it.
local function class(name, holds_data)
    local facade = { __name = name }
    local new = { __name = name, __metatable = facade }
    masked[new] = true
    containers[new] = holds_data
    return new, facade
end

-- A library: a table that can be called to construct a value.
local function callable_library(construct)
    local library = {}
    return setmetatable(library, { __metatable = library, __call = construct })
end

local Record = class("Record", false)

-- Values in, values out

-- What is kept of a value: contents, scalars, strings up to a zero byte.
local function inner(value)
    local form = kind(value)
    if form == "string" then
        local zero = find(value, "\0", 1, true)
        return zero and sub(value, 1, zero - 1) or value
    elseif form == "table" then
        local own = metatable(value)
        return containers[own] and value[DATA] or own == Record and RECORD or UNSUPPORTED
    elseif form == "number" or form == "boolean" or form == "nil" then
        return value
    end
    return UNSUPPORTED
end

-- The value for contents or a scalar.
local function outer(contents)
    if kind(contents) ~= "table" then
        return contents
    elseif contents == RECORD then
        return current.record
    end
    return setmetatable({ [DATA] = contents }, contents.class)
end

local function text_of(contents, depth)
    local form = kind(contents)
    if form == "table" then
        if contents == RECORD then
            return "Record"
        elseif depth > DEPTH then
            error("too deeply nested", 0)
        end
        return contents.class.text(contents, depth + 1)
    elseif form == "string" then
        return '"' .. contents .. '"'
    elseif number_type(contents) == "float" then
        return format("%.16g", contents)
    end
    return contents == nil and "NIL" or tostring(contents)
end

-- Refuses a value where one of class `name` belongs; `count` is the number of arguments there are.
local function wrong_class(depth, number, name, count, value)
    local wanted = kind(value) == "table" and masked[metatable(value)] and name or "userdata"
    local given = count < number and "no value" or type_name(value)
    bad_argument(depth + 1, number, wanted .. " expected, got " .. given)
end

-- The real server has some functions in Lua, in a file that its messages name: `line` is the line of a call there, which
-- refuses `value` where one of class `name` belongs.
local function refuse_inside(line, called, name, value)
    local wanted = kind(value) == "table" and masked[metatable(value)] and name or "userdata"
    local text = "bad argument #1 to '" .. called .. "' (" .. wanted .. " expected, got " .. type_name(value) .. ")"
    error('[string "as.lua"]:' .. line .. ": " .. text, 0)
end

local function not_a_number(depth, number, count, value)
    if tonumber(value) and (kind(value) == "number" or kind(value) == "string") then
        bad_argument(depth + 1, number, "number has no integer representation")
    end
    bad_argument(depth + 1, number, "number expected, got " .. (count < number and "no value" or type_name(value)))
end

-- An argument as an integer: integral floats and numeric strings are taken too. `default` stands for nil, if given.
local function integer_argument(depth, number, count, value, default)
    if number_type(value) == "integer" then
        return value
    elseif value == nil and default then
        return default
    end
    local form = kind(value)
    local integer = (form == "number" or form == "string") and tointeger(tonumber(value))
    if not integer then
        not_a_number(depth + 1, number, count, value)
    end
    return integer
end

-- An argument as a string; numbers are taken too. `default` stands for nil, if given.
local function text_argument(depth, number, count, value, default)
    if value == nil and default then
        return default
    elseif kind(value) == "number" then
        return tostring(value)
    elseif kind(value) ~= "string" then
        bad_argument(depth + 1, number, "string expected, got " .. (count < number and "no value" or type_name(value)))
    end
    return value
end

-- How the virtual machine would name the variable that holds `value` in the function at `level`: it can see which
-- variable an instruction read; here the ones that hold the value are looked at.
local function variable(level, value)
    local found = ""
    for index = 1, 250 do
        local name, held = getlocal(level + 1, index)
        if not name then
            break
        elseif rawequal(held, value) and sub(name, 1, 1) ~= "(" then
            found = " (local '" .. name .. "')"
        end
    end
    if found ~= "" then
        return found
    end
    local body = getinfo(level + 1, "f").func
    for index = 1, 255 do
        local name, held = getupvalue(body, index)
        if not name then
            break
        elseif rawequal(held, value) then
            return " (upvalue '" .. name .. "')"
        end
    end
    for name, held in next, env do
        if rawequal(held, value) and kind(name) == "string" then
            return " (global '" .. name .. "')"
        end
    end
    return ""
end

-- Metamethods that fail as an operation on userdata without them would.
local function without(of_class, operation)
    return function(self)
        refuse_table(self)
        error("attempt to " .. operation .. " a " .. of_class.__name .. " value" .. variable(2, self), 2)
    end
end

return {
    DATA = DATA, UNSUPPORTED = UNSUPPORTED, RECORD = RECORD, DEPTH = DEPTH, Record = Record, current = current,
    class = class, callable_library = callable_library, inner = inner, outer = outer, text_of = text_of,
    wrong_class = wrong_class, refuse_inside = refuse_inside, integer_argument = integer_argument, text_argument = text_argument,
    without = without,
}

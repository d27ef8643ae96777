-- What the values that modules take for userdata have in common.
--
-- Such a value is a proxy: a table with nothing in it but its contents under DATA, a key that no module can name, and a
-- metatable that no module can reach (`getmetatable` gives the class's facade). Contents know their class. They hold the
-- contents of other values, not proxies: each reading makes a new proxy, so two readings are never equal but share what
-- they show, as on the real server.
local box = ...

local kind, error, setmetatable, rawget = type, error, setmetatable, rawget
local metatable, getinfo, getlocal, getupvalue = debug.getmetatable, debug.getinfo, debug.getlocal, debug.getupvalue
local find, sub, format = string.find, string.sub, string.format
local tointeger, number_type, tonumber = math.tointeger, math.type, tonumber
local env, masked = box.env, box.masked

local DATA <const> = {}
local UNSUPPORTED <const> = {} -- what no list, map or bin can hold
local RECORD <const> = {} -- the record of the call: it may stand in a bin or a list until that is written
box.DATA, box.UNSUPPORTED, box.RECORD = DATA, UNSUPPORTED, RECORD

local DEPTH <const> = 128 -- how deep lists and maps may be nested
box.DEPTH = DEPTH

-- Classes

local containers = {} -- metatables of lists, maps, bytes and geojson

-- A new class: its metatable and what modules see of it.
function box.class(name, holds_data)
    local facade = { __name = name }
    local class = { __name = name, __metatable = facade }
    masked[class] = true
    containers[class] = holds_data
    return class, facade
end

-- A library: a table that can be called to construct a value.
function box.callable_library(construct)
    local library = {}
    return setmetatable(library, { __metatable = library, __call = construct })
end

local Record, record_facade = box.class("Record", false)
box.Record, box.record_facade = Record, record_facade

-- Values in, values out

-- What is kept of a value: contents, scalars, strings up to a zero byte.
function box.inner(value)
    local form = kind(value)
    if form == "string" then
        local zero = find(value, "\0", 1, true)
        return zero and sub(value, 1, zero - 1) or value
    elseif form == "table" then
        local class = metatable(value)
        return containers[class] and value[DATA] or class == Record and RECORD or UNSUPPORTED
    elseif form == "number" or form == "boolean" or form == "nil" then
        return value
    end
    return UNSUPPORTED
end

-- The value for contents or a scalar.
function box.outer(inner)
    if kind(inner) ~= "table" then
        return inner
    elseif inner == RECORD then
        return box.record
    end
    return setmetatable({ [DATA] = inner }, inner.class)
end

local function text_of(inner, depth)
    local form = kind(inner)
    if form == "table" then
        if inner == RECORD then
            return "Record"
        elseif depth > DEPTH then
            error("too deeply nested", 0)
        end
        return inner.class.text(inner, depth + 1)
    elseif form == "string" then
        return '"' .. inner .. '"'
    elseif number_type(inner) == "float" then
        return format("%.16g", inner)
    end
    return inner == nil and "NIL" or tostring(inner)
end
box.text_of = text_of

-- Errors, in the words and at the place that a C function's would have. `depth` is how many functions of the library are
-- between `bad_argument` and the module: 1 when the function that the module called calls it itself.

local function bad_argument(depth, number, message)
    local how = getinfo(depth + 1, "n")
    local name = how.name or "?"
    if how.namewhat == "method" then
        number = number - 1
        if number == 0 then
            error("calling '" .. name .. "' on bad self (" .. message .. ")", depth + 2)
        end
    end
    error("bad argument #" .. number .. " to '" .. name .. "' (" .. message .. ")", depth + 2)
end
box.bad_argument = bad_argument

local function type_name(value)
    local own = metatable(value)
    local name = own and rawget(own, "__name")
    return kind(name) == "string" and name or kind(value)
end
box.type_name = type_name

-- Refuses a value where one of class `name` belongs; `count` is the number of arguments there are.
function box.refuse(depth, number, name, count, value)
    local wanted = kind(value) == "table" and masked[metatable(value)] and name or "userdata"
    local given = count < number and "no value" or type_name(value)
    bad_argument(depth + 1, number, wanted .. " expected, got " .. given)
end

-- The real server has some functions in Lua, in a file that its messages name: `line` is the line of a call there, which
-- refuses `value` where one of class `name` belongs.
function box.refuse_inside(line, called, name, value)
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
function box.integer(depth, number, count, value, default)
    if value == nil and default then
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
function box.string(depth, number, count, value, default)
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

box.missing = {}

-- Metamethods that fail as an operation on userdata without them would.
function box.without(class, operation)
    local function fail(self)
        error("attempt to " .. operation .. " a " .. class.__name .. " value" .. variable(2, self), 2)
    end
    box.missing[fail] = true
    return fail
end

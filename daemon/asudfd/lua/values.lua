-- What the sandbox knows of values: which tables modules take for userdata, and how errors name a value.
local needs = ...
local names = needs.names -- of library functions, for calls that name none

local kind, error, rawget, setmetatable = type, error, rawget, setmetatable
local metatable, getinfo = debug.getmetatable, debug.getinfo

-- Tables that modules take for userdata, by metatable.
local masked = setmetatable({}, { __mode = "k" })

-- Library functions that take tables for what they are, and then ask for their length first.
local takes_tables = {}

-- The type of a value as modules see it.
local function type_of(value)
    local name = kind(value)
    if name == "table" then
        local own = metatable(value)
        return own and masked[own] and "userdata" or name
    end
    return name
end

-- Errors, in the words and at the place that a C function's would have. `depth` is how many functions of the library are
-- between `bad_argument` and the module: 1 when the function that the module called calls it itself.

local function bad_argument(depth, number, message)
    local how = getinfo(depth + 1, "nf")
    local name = how.name or names[how.func] or "?"
    if how.namewhat == "method" then
        number = number - 1
        if number == 0 then
            error("calling '" .. name .. "' on bad self (" .. message .. ")", depth + 2)
        end
    end
    error("bad argument #" .. number .. " to '" .. name .. "' (" .. message .. ")", depth + 2)
end

local function type_name(value)
    local own = metatable(value)
    local name = own and rawget(own, "__name")
    return kind(name) == "string" and name or kind(value)
end

-- The operation that a metamethod is for is one that `value` does not have: refuses it for the library function that asked, if one did.
local function refuse_table(value)
    local asked = getinfo(3, "f")
    if asked and takes_tables[asked.func] then
        bad_argument(3, 1, "table expected, got " .. type_name(value))
    end
end

return {
    masked = masked, takes_tables = takes_tables, refuse_table = refuse_table, type_of = type_of, bad_argument = bad_argument, type_name = type_name,
}

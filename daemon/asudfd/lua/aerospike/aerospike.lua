-- The global `aerospike`: what a module asks of the node.
local needs = ...
local bad_argument, type_name, integer, exists = needs.bad_argument, needs.type_name, needs.integer_argument, needs.exists
local create, update, remove, class, env, masked = needs.create, needs.update, needs.remove, needs.class, needs.env, needs.masked
local current, place, text_argument, log_line = needs.current, needs.place, needs.text_argument, needs.log_line
local is_read_only, milliseconds, without = needs.is_read_only, needs.milliseconds, needs.without

local kind, select, metatable, setmetatable, find = type, select, debug.getmetatable, setmetatable, string.find

local Aerospike, facade = class("Aerospike", false)
local methods = {}
Aerospike.__index = methods
env.Aerospike = facade

local function is_userdata(value)
    return kind(value) == "table" and masked[metatable(value)] ~= nil
end

-- Says what is wrong with the arguments of a method that takes a record; `rec` is left out by one that takes none.
local function wrong_argument(arguments, self, rec)
    local number, name, value = 2, "Record", rec
    if metatable(self) ~= Aerospike then
        number, name, value = 1, "Aerospike", self
    end
    if number == 1 and not is_userdata(value) then
        name = "userdata"
    end
    bad_argument(2, number, name .. " expected, got " .. (arguments < number and "no value" or type_name(value)))
end

function methods.exists(...)
    local self, rec = ...
    if metatable(self) ~= Aerospike or rec ~= current.record then
        wrong_argument(select("#", ...), self, rec)
    end
    return exists()
end

function methods.create(...)
    local self, rec = ...
    if metatable(self) ~= Aerospike or rec ~= current.record then
        wrong_argument(select("#", ...), self, rec)
    end
    return create()
end

function methods.update(...)
    local self, rec = ...
    if metatable(self) ~= Aerospike or rec ~= current.record then
        wrong_argument(select("#", ...), self, rec)
    end
    return update()
end

function methods.remove(...)
    local self, rec = ...
    if metatable(self) ~= Aerospike or rec ~= current.record then
        wrong_argument(select("#", ...), self, rec)
    end
    return remove()
end

local CRITICAL <const>, DETAIL <const> = 0, 4
local NO_TEXT <const> = {} -- stands for a missing text: there is no line then

-- The line of the module: `info` and its like may stand between.
local function module_line()
    local line = place(3)
    return find(line, '[string "aerospike.lua"]', 1, true) and place(4) or line
end

function methods.log(...)
    local count, self, level, text = select("#", ...), ...
    if metatable(self) ~= Aerospike then
        wrong_argument(count, self)
    end
    level, text = integer(1, 2, count, level, 0), text_argument(1, 3, count, text, NO_TEXT)
    if text == NO_TEXT then
        return
    end
    log_line(level < CRITICAL and CRITICAL or level > DETAIL and DETAIL or level, module_line(), text)
end

function methods.get_current_time(...)
    local self = ...
    if metatable(self) ~= Aerospike then
        wrong_argument(select("#", ...), self)
    end
    return is_read_only() and 0 or milliseconds() -- in streams the real server has no time
end

-- Two methods of the real server that change nothing there either. They take any userdata for a record.

function methods.set_context(...)
    local count, self, rec, number = select("#", ...), ...
    if metatable(self) ~= Aerospike or not is_userdata(rec) then
        wrong_argument(count, self, rec)
    end
    integer(1, 3, count, number, 0)
    return 2
end

function methods.get_config(...)
    local count, self, rec, name = select("#", ...), ...
    if metatable(self) ~= Aerospike or not is_userdata(rec) then
        wrong_argument(count, self, rec)
    end
    text_argument(1, 3, count, name, "")
    return 0
end

Aerospike.__newindex = without(Aerospike, "index")
Aerospike.__len = without(Aerospike, "get length of")

return { aerospike = setmetatable({}, Aerospike) }

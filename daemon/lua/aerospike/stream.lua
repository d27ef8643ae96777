-- Names that belong to stream functions, which this node does not run: they are there, and say so when called.
local box = ...

local error, setmetatable, select, metatable = error, setmetatable, select, debug.getmetatable
local env = box.env

local function refused()
    error("stream functions are not supported", 2)
end

for _, name in next, { "filter", "transform", "reduce", "aggregate", "stream_iterator", "StreamOps_create", "StreamOps_apply", "StreamOps_select", "apply_stream" } do
    env[name] = refused
end

local function library(names)
    local functions = {}
    for index = 1, #names do
        functions[names[index]] = refused
    end
    return setmetatable(functions, { __metatable = functions })
end

env.stream = library({ "read", "write", "readable", "writable", "tostring" })

-- Iterators as the engine knows them; `list.iterator` and its like give plain functions.
local Iterator, facade = box.class("Iterator", false)
env.iterator, env.Iterator = library({}), facade

local function never(...)
    local value = ...
    if metatable(value) ~= Iterator then
        box.refuse(1, 1, "Iterator", select("#", ...), value)
    end
end
env.iterator.next, env.iterator.has_next = never, never

env.StreamOps, env.StreamOps_mt = {}, {}
env.StreamOps_mt.__index = env.StreamOps

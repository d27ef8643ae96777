-- The operations of a stream. The lines in which a module's functions are called are part of its messages: the real server
-- names 36, 50, 63, 76, 142, 146, 150, 154, 159 and 175 of a file of this name. Empty lines keep them where they are.
local needs = ...
local env, List, Map, Bytes, masked, type_name, setter_of = needs.env, needs.List, needs.Map, needs.Bytes, needs.masked, needs.type_name, needs.setter_of

local kind, metatable, next, insert, number_type, error, setmetatable = type, debug.getmetatable, next, table.insert, math.type, error, setmetatable
local list, append, clone_list, merge_lists = env.list, env.list.append, env.list.clone, env.list.merge
local map, clone_map, merge_maps = env.map, env.map.clone, env.map.merge
local FULL <const> = 1000 -- a number that is aggregated goes out from here on, as on the real server

-- The initial value of an aggregation: each begins with its own.
local function copy(value)
    local class, new = metatable(value), {}
    if kind(value) ~= "table" then
        return value
    elseif class == List or class == Map then
        return (class == List and clone_list or clone_map)(value)
    elseif masked[class] then
        return nil
    end
    for key, each in next, value do
        new[key] = each
    end
    return new
end
local function finish(onward, last)
    if last ~= nil then
        onward(last)
    end
    onward(nil)
end

local function filter(p)
    return function(onward)
        return function(value)
            if value == nil or p(value) then
                onward(value)
            end
        end
    end
end

local function transform(f)
    return function(onward)
        local ended = false
        return function(value)
            if ended then
                return
            elseif value ~= nil then
                value = f(value)
            end
            ended = value == nil
            onward(value)
        end
    end
end
local function reduce(f)
    return function(onward)
        local sum, begun = nil, false
        return function(value)
            if value == nil then finish(onward, sum)
            elseif begun then
                sum = f(sum, value)
            else
                sum, begun = value, true
            end
        end
    end
end

local function aggregate(init, f)
    return function(onward)
        local sum = copy(init)
        return function(value)
            if value ~= nil then
                sum = f(sum, value)
                if number_type(sum) and sum >= FULL then
                    onward(sum)
                    sum = copy(init)
                end
            else
                finish(onward, sum)
            end
        end
    end
end



-- What a module makes of a stream: of no fields of its, where a module could change it.

local operations_of = setmetatable({}, { __mode = "k" })
local StreamOps, StreamOps_mt = {}, {}
StreamOps_mt.__index = StreamOps
env.StreamOps, env.StreamOps_mt = StreamOps, StreamOps_mt

-- `client`: the stream is that of a client, which gets values from nodes and not records.
local function new_stream(client)
    local stream = {}
    operations_of[stream] = { client = client }
    return setter_of(StreamOps_mt)(stream, StreamOps_mt) -- modules see and may change the metatable
end

-- Up to the first reduce operations are the node's. That one, and all behind it, is the client's.
local function add(stream, operation, reduces)
    local operations = operations_of[stream]
    local reduced = operations.reduced
    operations.reduced = reduced or reduces
    if operations.client and operations.reduced or not operations.client and not reduced then
        operations[#operations + 1] = operation
    end
    return stream
end

local AT <const> = [=[[string "aerospike.lua"]:33: ]=] -- where the real server looks at what the function gave

-- The operations of what a module's function gave, which should be a stream.
local function operations(result)
    local class, form = metatable(result), kind(result)
    if operations_of[result] then
        return operations_of[result]
    elseif class == List or class == Bytes then
        error(AT .. "bad argument #2 to 'index' (number expected, got string)", 0)
    elseif form == "string" or form == "table" and (class == Map or not masked[class]) then
        error("attempt to index a nil value", 0)
    end
    error(AT .. "attempt to index a " .. type_name(result) .. " value (global 'result')", 0)
end












function StreamOps.aggregate(self, ...)
    return operations_of[self] and add(self, aggregate(...), false) or insert(self.ops)
end

function StreamOps.reduce(self, ...)
    return operations_of[self] and add(self, reduce(...), true) or insert(self.ops)
end

function StreamOps.map(self, ...)
    return operations_of[self] and add(self, transform(...), false) or insert(self.ops)
end

function StreamOps.filter(self, ...)
    return operations_of[self] and add(self, filter(...), false) or insert(self.ops)
end

function StreamOps.groupby(self, f)
    local function gather(groups, value)
        local key = f and f(value) or nil
        local group = groups[key] or list()
        append(group, value)
        groups[key] = group
        return groups
    end
    local function merge(one, other)
        return merge_maps(one, other, merge_lists)
    end







    return self : aggregate(map(), gather) : reduce(merge)
end

return { new_stream = new_stream, operations = operations }

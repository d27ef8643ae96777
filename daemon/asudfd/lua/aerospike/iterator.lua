-- Iterators over lists and maps. `list.iterator` and its like give two values: the function that a for-in calls, which is the
-- same for all, and a state. Contents of a state: data (of the list or map), keys (of a map, in order), at (how many are done),
-- and step, which answers what comes next.
local needs = ...
local DATA, class, env, without, wrong_class = needs.DATA, needs.class, needs.env, needs.without, needs.wrong_class

local select, metatable, format, setmetatable = select, debug.getmetatable, string.format, setmetatable

local Iterator, facade = class("Iterator", false)
env.Iterator = facade

-- What a for-in calls with the state. Without one there is nothing to come.
local function following(state)
    if metatable(state) == Iterator then
        state = state[DATA]
        return state.step(state)
    end
end

-- The two values for a for-in over `data`.
local function iterate(step, data, keys)
    return following, setmetatable({ [DATA] = { step = step, data = data, keys = keys, at = 0 } }, Iterator)
end

function Iterator.__tostring(self)
    return "Iterator: " .. format("%p", self)
end

Iterator.__index = without(Iterator, "index")
Iterator.__newindex = without(Iterator, "index")
Iterator.__len = without(Iterator, "get length of")

local iterator = {}
env.iterator = setmetatable(iterator, { __metatable = iterator })

local function taken(self, count)
    if metatable(self) ~= Iterator then
        wrong_class(2, 1, "Iterator", count, self)
    end
    return self[DATA]
end

function iterator.next(...)
    local self = ...
    local state = taken(self, select("#", ...))
    return state.step(state)
end

function iterator.has_next(...)
    local self = ...
    local state = taken(self, select("#", ...))
    return state.at < (state.keys and #state.keys or state.data.n)
end

return { iterate = iterate }

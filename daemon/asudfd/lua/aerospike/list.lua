-- Lists. Contents: items (a table with integer keys only), n (NILs count), flags (1: ordered; nil: none), most, if appending ends
-- somewhere, and small, if each element is known to be an integer from 0 to 127: it is then one byte where it is stored.
local needs = ...
local join, shift, DATA, UNSUPPORTED, RECORD, inner = needs.join, needs.shift, needs.DATA, needs.UNSUPPORTED, needs.RECORD, needs.inner
local outer, text_of, wrong_class, refuse_inside = needs.outer, needs.text_of, needs.wrong_class, needs.refuse_inside
local integer, iterate, class, callable_library = needs.integer_argument, needs.iterate, needs.class, needs.callable_library
local masked, env = needs.masked, needs.env

local kind, select, metatable, number_type = type, select, debug.getmetatable, math.type
local error, next = error, next

local LENGTH <const> = 8388608 -- elements: a record has no room for more

local List, facade = class("List", true)

local function contents(items, n, small)
    return { class = List, items = items, n = n, small = small }
end

local function taken(self, count, number)
    if metatable(self) ~= List then
        wrong_class(2, number or 1, "List", count, self)
    end
    return self[DATA]
end

-- Changing

-- Does a list that is small stay so with `value`?
local function stays_small(value)
    return number_type(value) == "integer" and value >= 0 and value < 128
end

-- Puts `value` at `at`, past the end with NILs between; what no list can hold is not put anywhere.
local function put(data, at, value)
    if value == UNSUPPORTED or value == RECORD or at == 0 or data.most and at > data.most then
        return
    elseif at < 0 or at > LENGTH then
        error("list index " .. at .. " is out of range", 3)
    end
    local n = data.n
    data.small = data.small and at <= n + 1 and stays_small(value)
    data.items[at] = value
    if at > n then
        data.n = at
    end
end

local function insert(data, at, value)
    local n = data.n
    if at > n then
        return put(data, at, value)
    elseif at > 0 and value ~= UNSUPPORTED and value ~= RECORD and not (data.most and n >= data.most) then
        shift(data.items, at, n, at + 1)
        data.small = data.small and stays_small(value)
        data.items[at] = value
        data.n = n + 1
    end
end

local list
list = callable_library(function(...)
    local items, n, _, from = {}, 0, ...
    if select("#", ...) == 2 and kind(from) == "table" and not masked[metatable(from)] then
        for key, value in next, from do
            if kind(key) == "number" then
                n = n + 1
                value = inner(value)
                if value ~= UNSUPPORTED then
                    items[n] = value
                end
            end
        end
    end
    return outer(contents(items, n))
end)
env.list, env.List = list, facade

function list.new(...)
    local count, room, step = select("#", ...), ...
    if count > 2 or room == nil then
        return
    end
    room, step = integer(1, 1, count, room), integer(1, 2, count, step, 1)
    if room < 0 then
        return
    end
    local data = contents({}, 0)
    data.most = step == 0 and room or nil
    return outer(data)
end
list.create = list.new

function list.append(...)
    local self, value = ...
    local data = taken(self, select("#", ...))
    if value ~= nil or select("#", ...) > 1 then
        put(data, data.n + 1, inner(value))
    end
end

function list.prepend(...)
    local self, value = ...
    local data = taken(self, select("#", ...))
    if select("#", ...) > 1 then
        insert(data, 1, inner(value))
    end
end

function list.insert(...)
    local count, self, at, value = select("#", ...), ...
    local data = taken(self, count)
    at = integer(1, 2, count, at, 0)
    if count > 2 and at > 0 then
        insert(data, at, inner(value))
    end
end

function list.remove(...)
    local count, self, at = select("#", ...), ...
    local data = taken(self, count)
    at = integer(1, 2, count, at, 0)
    local n = data.n
    if at >= 1 and at <= n then
        shift(data.items, at + 1, n + 1, at)
        data.n = n - 1
    end
end

function list.concat(...)
    local count, self, other = select("#", ...), ...
    local data, more = taken(self, count), taken(other, count, 2)
    if data == more then
        error("a list cannot be appended to itself", 2)
    end
    if data.n + more.n > LENGTH then
        error("list is too long", 2)
    end
    local n = data.most and data.most - data.n or more.n
    n = n < more.n and n or more.n
    if n > 0 then
        data.small = data.small and more.small
        shift(more.items, 1, n, data.n + 1, data.items)
        data.n = data.n + n
    end
end

function list.trim(...)
    local count, self, at = select("#", ...), ...
    local data = taken(self, count)
    at = integer(1, 2, count, at, 0)
    if at >= 1 and at <= data.n then
        data.items = shift(data.items, 1, at - 1, 1, {})
        data.n = at - 1
    end
end

-- Reading

function list.size(...)
    local self = ...
    return taken(self, select("#", ...)).n
end

local function part(data, first, last)
    return outer(contents(shift(data.items, first, last, 1, {}), last - first + 1))
end

function list.take(...)
    local count, self, n = select("#", ...), ...
    local data = taken(self, count)
    n = integer(1, 2, count, n, 0)
    if n > 0 then
        return part(data, 1, n < data.n and n or data.n)
    end
    return nil
end

function list.drop(...)
    local count, self, n = select("#", ...), ...
    local data = taken(self, count)
    n = integer(1, 2, count, n, 0)
    if n > 0 then
        return part(data, (n < data.n and n or data.n) + 1, data.n)
    end
    return nil
end

local function next_element(state)
    local at = state.at + 1
    state.at = at
    return outer(state.data.items[at])
end

function list.iterator(...)
    local self = ...
    return iterate(next_element, taken(self, select("#", ...)))
end

-- The elements up to the first NIL, added to `items`.
local function leading(data, items, n)
    for index = 1, data.n do
        local value = data.items[index]
        if value == nil then
            break
        end
        n = n + 1
        items[n] = value
    end
    return n
end

function list.clone(...)
    local self = ...
    if metatable(self) ~= List then
        refuse_inside(6, "iterator", "List", self)
    end
    local items = {}
    return outer(contents(items, leading(self[DATA], items, 0)))
end

function list.merge(...)
    local self, other = ...
    if metatable(self) ~= List then
        refuse_inside(13, "iterator", "List", self)
    elseif metatable(other) ~= List then
        refuse_inside(16, "iterator", "List", other)
    end
    local data, more, items = self[DATA], other[DATA], {}
    return outer(contents(items, leading(more, items, leading(data, items, 0))))
end

function List.text(data, depth)
    local parts = {}
    for index = 1, data.n do
        parts[index] = text_of(data.items[index], depth)
    end
    return "[" .. join(parts, data.n, ", ", 0) .. "]"
end

function list.tostring(...)
    local self = ...
    return List.text(taken(self, select("#", ...)), 1)
end

function list.nbytes(...)
    local self = ...
    return #List.packed(taken(self, select("#", ...)), true)
end

-- Operators

function List.__index(self, at)
    local data = self[DATA]
    local value = data.items[at]
    if value == nil then
        value = data.items[integer(1, 2, 2, at, 0)]
    end
    return outer(value)
end

function List.__newindex(self, at, value)
    local data = self[DATA]
    put(data, integer(1, 2, 3, at, 0), inner(value))
end

function List.__len(self)
    return self[DATA].n
end

function List.__tostring(self)
    return List.text(self[DATA], 1)
end

return { List = List, list_contents = contents }

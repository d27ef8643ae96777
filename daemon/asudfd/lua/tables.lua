-- The table library without its unbounded corners; `library.lua` says, function by function, what bounds a call.
--
-- A table without a metatable has as many elements as it says; one with may say anything, so its elements are
-- visited by Lua code, which is hooked.
local needs = ...
local env, spend, results_of, on_trial, size_of = needs.env, needs.spend, needs.results_of, needs.on_trial, needs.size_of
local original, own, refusal, pcall, called, masked = needs.original, needs.own, needs.refusal, needs.pcall, needs.called, needs.masked
local missing, type_name, type_of, refuse, content = needs.missing, needs.type_name, needs.type_of, needs.refuse, needs.content

local kind, select, rawget, rawlen, next = type, select, rawget, rawlen, next
local metatable, getinfo = debug.getmetatable, debug.getinfo
local tointeger, tonumber, match = math.tointeger, tonumber, string.match

local list = {}
for name, value in next, table do
    list[name] = value
end
env.table = list

-- Elements that one C call may visit: 10 to 20 ns each. SOME is for those with a metatable, where each may be a chain of 2000
-- tables.
local MANY <const>, SOME <const> = 10000, 100
local insert, remove, move, concat, sort, unpack = table.insert, table.remove, table.move, table.concat, table.sort, table.unpack

local function plain_table(t)
    return kind(t) == "table" and metatable(t) == nil
end

-- A value that modules take for userdata is a table to the library only when it has the metamethods that are `needed`.
local function lacks(t, needed)
    local class = kind(t) == "table" and metatable(t)
    if class and masked[class] then
        for index = 1, #needed do
            local method = rawget(class, needed[index])
            if method == nil or missing[method] then
                return true
            end
        end
    end
    return false
end

local READ <const>, CHANGE <const> = { "__index", "__len" }, { "__index", "__newindex", "__len" }

local function no_table(number, t)
    return refusal("bad argument #" .. number .. " to 'original' (table expected, got " .. type_name(t) .. ")")
end

-- The length as the library asks for it; errors are the library's to raise.
local function length(t)
    return tointeger(#t) or refuse("object length is not an integer")
end

local function insert_slowly(t, at, value)
    local last = length(t) + 1
    if at < 1 or at > last then
        refuse("bad argument #2 to 'original' (position out of bounds)")
    end
    for index = last, at + 1, -1 do
        t[index] = t[index - 1]
    end
    t[at] = value
end

local function append(t, value)
    t[length(t) + 1] = value
end

function list.insert(...)
    local frame <close> = nil
    local t, at, value = ...
    local count = select("#", ...)
    if count == 2 and plain_table(t) then
        t[rawlen(t) + 1] = at
        return
    elseif lacks(t, CHANGE) then
        results_of("insert", false, no_table(1, t))
    elseif count == 2 and kind(t) == "table" then
        return own("insert", append, t, at)
    elseif count == 3 and kind(t) == "table" and tointeger(tonumber(at)) then
        at = tointeger(tonumber(at))
        if not plain_table(t) or rawlen(t) - at > MANY then
            return own("insert", insert_slowly, t, at, value)
        end
        spend((rawlen(t) - at) * 10.0)
    end
    return original("insert", insert, ...)
end

local function remove_slowly(t, at)
    local last = length(t)
    at = at or last
    if at ~= last and (at < 1 or at > last + 1) then
        refuse("bad argument #2 to 'original' (position out of bounds)")
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
    if lacks(t, CHANGE) then
        results_of("remove", false, no_table(1, t))
    end
    if kind(t) == "table" and (at == nil and select("#", ...) == 1 or tointeger(tonumber(at))) then
        at = tointeger(tonumber(at))
        if not plain_table(t) or at and rawlen(t) - at > MANY then
            return own("remove", remove_slowly, t, at)
        end
        spend((rawlen(t) - (at or rawlen(t))) * 10.0)
    end
    return original("remove", remove, ...)
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
    local few = plain_table(from) and plain_table(to) and MANY or SOME
    local many = first and last and at and last >= first and (last - first > few or last - first < 0)
    if many and (first > 0 or last < math.maxinteger + first) and at <= math.maxinteger - (last - first) then
        if (kind(from) == "table" or kind(from) == "string") and kind(to) == "table" then
            return own("move", move_slowly, from, first, last, at, to)
        end
    end
    spend(many == false and (last - first) * 20.0 or 0)
    return original("move", move, ...)
end

local function concat_slowly(t, separator, first, last)
    local parts = {}
    for index = first or 1, last or length(t) do
        local value = t[index]
        if kind(value) ~= "string" and kind(value) ~= "number" then
            refuse("invalid value (" .. type_of(value) .. ") at index " .. index .. " in table for 'concat'")
        end
        parts[#parts + 1] = value
    end
    return concat(parts, separator)
end

-- The answer of the library's own concat; an element that modules take for userdata is called so.
local function concat_plain(t, ok, message)
    local before, index = match(ok and "" or message, "^(.*invalid value %()table%) at index (%d+)")
    if before and type_of(t[tonumber(index)]) == "userdata" then
        message = before .. "userdata) at index " .. index .. " in table for 'concat'"
    end
    return ok, message
end

local function is_place(value)
    return value == nil or tointeger(tonumber(value)) ~= nil
end

function list.concat(...)
    local frame <close> = nil
    local t, separator, first, last = ...
    if lacks(t, READ) then
        results_of("concat", false, no_table(1, t))
    end
    local form = kind(separator)
    if plain_table(t) then
        local count = rawlen(t)
        spend(count * (20.0 + size_of(separator)) + (on_trial() and content(t) or 0))
        return results_of("concat", concat_plain(t, pcall(called, concat, ...)))
    elseif kind(t) == "table" and (form == "nil" or form == "string" or form == "number") and is_place(first) and is_place(last) then
        return own("concat", concat_slowly, t, separator, tointeger(tonumber(first)), tointeger(tonumber(last)))
    elseif kind(t) == "table" then
        return original("concat", concat, {}, select(2, ...)) -- another argument is what the library will refuse
    end
    return original("concat", concat, ...)
end

local STACK <const> = 999000 -- values that Lua's stack may hold, but for those that are there

local function unpack_slowly(t, first, last)
    first = first or 1
    last = last or length(t)
    local count = last - first + 1
    if count > 1e6 or last >= first and count <= 0 then
        refuse("too many results to unpack")
    end
    local values = {}
    for offset = 1, count do
        values[offset] = t[first + offset - 1]
    end
    return unpack(values, 1, count)
end

function list.unpack(...)
    local t, first, last = ...
    if plain_table(t) then
        local count = rawlen(t)
        if first == nil and last == nil and count < 200 then
            return unpack(t)
        end
        local from, to = tointeger(first or 1), tointeger(last or count)
        if from and to then
            if to >= from and (to - from >= STACK or to - from < 0) then
                results_of("unpack", false, refusal("too many results to unpack"))
            end
            spend((to - from) * 20.0)
            return unpack(t, from, to)
        end
    elseif (kind(t) == "table" or kind(t) == "string") and is_place(first) and is_place(last) then
        local frame <close> = nil
        return own("unpack", unpack_slowly, t, tointeger(tonumber(first)), tointeger(tonumber(last)))
    end
    local frame <close> = nil
    return original("unpack", unpack, ...)
end

local function ascending(left, right)
    return left < right
end

-- May the library compare the elements by itself: numbers, or not many and short?
local function light(t)
    local count = rawlen(t)
    local longest = count <= 200 and 100 or -1
    if count > 20000 then
        return false
    end
    for index = 1, count do
        local value = t[index]
        local form = kind(value)
        if form ~= "number" and not (form == "string" and #value <= longest) then
            return false
        end
    end
    spend(count * 300)
    return true
end

function list.sort(...)
    local frame <close> = nil
    local t, before = ...
    if lacks(t, CHANGE) then
        results_of("sort", false, no_table(1, t))
    end
    if before == nil then
        if not plain_table(t) or not light(t) then
            return original("sort", sort, t, ascending) -- a comparison in Lua, so that the hook comes
        end
    elseif kind(before) == "function" and getinfo(before, "S").what == "C" then
        return original("sort", sort, t, function(left, right)
            local first = before(left, right)
            return first
        end)
    end
    return original("sort", sort, ...)
end

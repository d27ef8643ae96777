-- SORT and SORT_RO. Elements are read and stored by the commands of the values' types.

local needs = ...
local commands, host, integer, keyspace, operand, reply, state =
    needs.commands, needs.host, needs.integer, needs.keyspace, needs.operand, needs.reply, needs.state

local error, find, match, min, sub, type, upper =
    error, string.find, string.match, math.min, string.sub, type, string.upper
local get, double = keyspace.get, operand.double

local NOT_NUMBERS = reply.failure("ERR One or more scores can't be converted into double")

-- In a cluster a pattern may only name keys of the slot of the list itself: by a part in braces.
local function refuse_foreign(option, pattern, key)
    if state.cluster and find(pattern, "*", 1, true) then
        local tagged = find(pattern, "{[^*}]+}")
        if not tagged or host.key_slot(pattern) ~= host.key_slot(key) then
            reply.fail(
                "ERR "
                    .. option
                    .. " option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots."
            )
        end
    end
end

-- Reads what follows the key.
local function read_options(argv, argc, may_store)
    local o, at = { gets = {}, from = 0, count = -1 }, 3
    while at <= argc do
        local word, following = upper(argv[at]), argv[at + 1]
        if word == "ASC" then
            o.descending = false
        elseif word == "DESC" then
            o.descending = true
        elseif word == "ALPHA" then
            o.alpha = true
        elseif word == "LIMIT" and at + 2 <= argc then
            o.from = integer.argument(following, reply.NOT_INTEGER)
            o.count = integer.argument(argv[at + 2], reply.NOT_INTEGER)
            at = at + 2
        elseif word == "STORE" and following and may_store then
            o.store = following
            at = at + 1
        elseif word == "BY" and following then
            refuse_foreign("BY", following, argv[2])
            o.by = following
            o.unsorted = o.unsorted or not find(following, "*", 1, true)
            at = at + 1
        elseif word == "GET" and following then
            refuse_foreign("GET", following, argv[2])
            o.gets[#o.gets + 1] = following
            at = at + 1
        else
            error(reply.SYNTAX, 0)
        end
        at = at + 1
    end
    return o
end

local READ = {
    list = function(key)
        return commands.LRANGE({ "LRANGE", key, "0", "-1" }, 4)
    end,
    set = function(key)
        return commands.SMEMBERS({ "SMEMBERS", key }, 2)[1]
    end,
    zset = function(key)
        return commands.ZRANGE({ "ZRANGE", key, "0", "-1" }, 4)
    end,
}

-- The elements of the value, and its type.
local function elements_of(key)
    local value = get(state.db, key)
    if value == nil then
        return {}, "list"
    end
    local read = type(value) == "table" and READ[value.type]
    if not read then
        error(reply.WRONGTYPE, 0)
    end
    return read(key), value.type
end

-- A pattern of BY and GET: function(element) -> a string, or nil where there is none.
local function lookup(pattern)
    if pattern == "#" then
        return function(element)
            return element
        end
    end
    local star = find(pattern, "*", 1, true)
    if not star then
        return function() end
    end
    local arrow = find(pattern, "->", star + 1, true)
    local field = arrow and arrow + 1 < #pattern and sub(pattern, arrow + 2)
    local before, after = sub(pattern, 1, star - 1), sub(pattern, star + 1, field and arrow - 1 or -1)
    local db = state.db
    return function(element)
        local key = before .. element .. after
        local value = get(db, key)
        if field then
            return type(value) == "table" and value.type == "hash" and commands.HGET({ "HGET", key, field }, 3) or nil
        end
        return type(value) == "string" and value or nil
    end
end

-- The number that a text is up to its first zero byte; fails for others.
local function score(text)
    local n = double(match(text, "^[^%z]*"))
    if not n then
        error(NOT_NUMBERS, 0)
    end
    return n
end

-- What the elements are sorted by; false for a missing one.
local function weights(elements, n, o)
    local by, out = o.by and lookup(o.by), {}
    for i = 1, n do
        local text = elements[i]
        if by then
            text = by(text)
        end
        if o.alpha then
            out[i] = text or false
        else
            out[i] = text and score(text) or 0
        end
    end
    return out
end

-- function(i, j): whether element i comes before element j.
local function order(elements, keys, is_alpha)
    if is_alpha then
        return function(i, j)
            local a, b = keys[i], keys[j]
            if a and b then
                return a < b
            end
            return b and not a
        end
    end
    return function(i, j)
        local a, b = keys[i], keys[j]
        return a < b or (a == b and elements[i] < elements[j])
    end
end

-- Merges two sorted runs, from..middle-1 and middle..to, of `source` into `target`.
local function merge(source, target, from, middle, to, before)
    local i, j = from, middle
    for k = from, to do
        if j > to or (i < middle and not before(source[j], source[i])) then
            target[k] = source[i]
            i = i + 1
        else
            target[k] = source[j]
            j = j + 1
        end
    end
end

-- The numbers 1..n, sorted; those of which none is before the other stay in order. `table.sort` takes n * n steps for some inputs.
local function merge_sort(n, before)
    local places, other, width = {}, {}, 1
    for i = 1, n do
        places[i] = i
    end
    while width < n do
        for from = 1, n, 2 * width do
            merge(places, other, from, min(from + width, n + 1), min(from + 2 * width - 1, n), before)
        end
        places, other, width = other, places, 2 * width
    end
    return places
end

local function sorted(elements, n, o)
    local before = order(elements, weights(elements, n, o), o.alpha)
    if o.descending then
        local ascending = before
        before = function(i, j)
            return ascending(j, i)
        end
    end
    local places, out = merge_sort(n, before), {}
    for i = 1, n do
        out[i] = elements[places[i]]
    end
    return out
end

local function reversed(elements, n)
    local out = {}
    for i = 1, n do
        out[i] = elements[n + 1 - i]
    end
    return out
end

-- The first and the last place that LIMIT leaves.
local function limits(o, n)
    local from = o.from < 0 and 0 or o.from
    if o.count < 0 then
        return from + 1, n
    end
    return from + 1, min(from + o.count, n)
end

-- The elements, or what the patterns of GET find for each.
local function results(elements, n, o)
    local gets, out, size = {}, {}, 0
    for i = 1, #o.gets do
        gets[i] = lookup(o.gets[i])
    end
    local from, to = limits(o, n)
    for i = from, to do
        if not gets[1] then
            size = size + 1
            out[size] = elements[i]
        end
        for g = 1, #gets do
            size = size + 1
            out[size] = gets[g](elements[i]) or reply.NULL
        end
    end
    return out, size
end

local PUSHED_AT_ONCE = 1000 -- elements of one RPUSH in the journal

-- The results become a list.
local function store(key, results_, n)
    local db = state.db
    if get(db, key) ~= nil then
        keyspace.remove(db, key)
        keyspace.effect({ "UNLINK", key })
    end
    for from = 1, n, PUSHED_AT_ONCE do
        local argv, argc = { "RPUSH", key }, 2
        for i = from, min(from + PUSHED_AT_ONCE - 1, n) do
            argc = argc + 1
            argv[argc] = results_[i] or ""
        end
        commands.RPUSH(argv, argc)
        keyspace.effect(argv)
    end
    return n
end

local function sort(argv, argc, may_store)
    local o = read_options(argv, argc, may_store)
    local elements, kind = elements_of(argv[2])
    local n = #elements
    if o.unsorted and kind == "set" and (o.store or state.script) then
        o.unsorted, o.alpha, o.by = false, true, nil -- so that the result is the same everywhere
    end
    if not o.unsorted then
        elements = sorted(elements, n, o)
    elseif kind == "zset" and o.descending then
        elements = reversed(elements, n)
    end
    local out, size = results(elements, n, o)
    if o.store then
        return store(o.store, out, size)
    end
    return out
end

function commands.SORT(argv, argc)
    return sort(argv, argc, true)
end

function commands.SORT_RO(argv, argc)
    return sort(argv, argc, false)
end

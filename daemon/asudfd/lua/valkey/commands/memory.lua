-- MEMORY USAGE: an estimate of what a key takes in this Lua state.

local needs = ...
local commands, integer, keyspace, reply, state = needs.commands, needs.integer, needs.keyspace, needs.reply, needs.state
local floor, next, type, upper = math.floor, next, type, string.upper

-- Bytes of Lua 5.1 on 64 bits: the heads of a string and of a table, and a slot in the hash part of a table.
local STRING, TABLE, SLOT = 25, 64, 40
local ENTRIES_MAX = 100000 -- that are looked at: some 10 ms; the rest counts as much as these

local left

local function size_of(value)
    local what = type(value)
    if what == "string" then
        return STRING + #value
    elseif what ~= "table" then
        return 0
    end
    local size, seen, more = TABLE, 0, 0
    for key, each in next, value do
        if left > 0 then
            left, seen = left - 1, seen + 1
            size = size + SLOT + size_of(key) + size_of(each)
        else
            more = more + 1
            if more > ENTRIES_MAX then
                break
            end
        end
    end
    return seen > 0 and size * (seen + more) / seen or size
end

commands["MEMORY|USAGE"] = function(argv, argc)
    if argc > 3 then
        if argc ~= 5 or upper(argv[4]) ~= "SAMPLES" then
            return reply.SYNTAX
        end
        if integer.argument(argv[5], reply.NOT_INTEGER) < 0 then
            return reply.SYNTAX
        end
    end
    local value = keyspace.get(state.db, argv[3])
    if value == nil then
        return reply.NULL
    end
    left = ENTRIES_MAX
    return floor(size_of(argv[3]) + 2 * SLOT + size_of(value))
end

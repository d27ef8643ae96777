-- What the host asks of the Lua state for INFO: sizes of databases, calls of commands, memory.

local needs = ...
local databases, rows, keyspace = needs.databases, needs.rows, needs.keyspace
local collectgarbage, next = collectgarbage, next

-- { number, keys, keys that expire, number, keys... } of the databases that have keys.
local function database_sizes()
    local sizes = {}
    for number = 0, keyspace.COUNT - 1 do
        local db, at = databases[number], #sizes
        if db.count > 0 then
            sizes[at + 1], sizes[at + 2], sizes[at + 3] = number, db.count, db.expiring
        end
    end
    return sizes
end

local function for_each_row(f)
    for name, row in next, rows do
        if row.name == name then -- each is there under two spellings
            f(row)
            for _, subcommand in next, row.subcommands or {} do
                f(subcommand)
            end
        end
    end
end

-- { name, calls, rejected, failed, name, calls... }: how often each command was run, was rejected before it ran, and failed.
local function call_counts()
    local counts = {}
    for_each_row(function(row)
        if row.calls > 0 or row.rejected > 0 then
            local at = #counts
            counts[at + 1], counts[at + 2], counts[at + 3], counts[at + 4] = row.name, row.calls, row.rejected, row.failed
        end
    end)
    return counts
end

local function reset_calls()
    for_each_row(function(row)
        row.calls, row.rejected, row.failed = 0, 0, 0
    end)
end

local function memory_used()
    return collectgarbage("count") * 1024
end

return { database_sizes = database_sizes, call_counts = call_counts, reset_calls = reset_calls, memory_used = memory_used }
